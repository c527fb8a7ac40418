"""What Prometheus reads: who may, that it is well-formed, and that a source that fails is told from one that is 0."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from django.conf import settings as django_settings
from django.db import DatabaseError
from django.test import Client
from django_q.tasks import async_task
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from mageos_portal import metrics
from mageos_portal.configuration import ConfigurationError, read_configuration
from mageos_portal.registry import MetricSource, Registry
from mirror.tasks import look_after_builds

TOKEN = "a-token-of-the-tests-with-32-letters"
# Of a publication, or of a distribution that follows another one: there is neither in an empty database.
OF_ROWS_THAT_NEED_NOT_BE = {
    "portal_publication_age_seconds",
    "portal_publication_versions",
    "portal_follower_lag_seconds",
}
Figures = dict[str, dict[tuple[str, ...], float]]  # value by labels by name


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.PORTAL_METRICS_TOKEN = TOKEN


def read(client: Client) -> Figures:
    response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in response["Cache-Control"]
    found: Figures = {}
    for family in text_string_to_metric_families(response.content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


@pytest.mark.django_db
def test_without_a_token_there_is_no_such_page(client: Client, settings: Settings) -> None:
    settings.PORTAL_METRICS_TOKEN = None
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "said",
    ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer \xe4"],
)
def test_whoever_does_not_know_the_token_learns_nothing(client: Client, said: str) -> None:
    response = client.get("/metrics", headers={"Authorization": said})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert b"portal_" not in response.content


@pytest.mark.parametrize("token", ["short", "x" * 31, "with a space in it, and long enough", "\xe4" * 40])
def test_a_token_that_can_be_guessed_or_not_sent_is_refused_without_being_told(token: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_configuration({"PORTAL_METRICS_TOKEN": token}, tmp_path)
    (fault,) = refused.value.faults
    assert fault.startswith("PORTAL_METRICS_TOKEN: it is not at least 32 letters")
    assert token not in fault


def test_metrics_are_only_for_reading(client: Client) -> None:
    assert client.post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405


@pytest.mark.django_db
def test_every_source_answers_and_names_are_ours(client: Client) -> None:
    found = read(client)
    assert set(found["portal_source_up"].values()) == {1.0}
    assert {("queue",), ("mirror.builds",), ("mirror.requests",)} <= found["portal_source_up"].keys()
    assert all(name.startswith("portal_") for name in found)


@pytest.mark.django_db
def test_a_look_takes_few_queries(client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(12):
        read(client)


@pytest.mark.django_db
def test_the_manual_names_metrics_that_exist(client: Client) -> None:
    manual = (django_settings.BASE_DIR / "docs/operations.md").read_text()
    named = set(re.findall(r"\bportal_[a-z_]+", manual))
    exposed = read(client)
    families = {name.removesuffix("_count").removesuffix("_sum") for name in exposed}
    assert len(named) > 10
    assert named - families == OF_ROWS_THAT_NEED_NOT_BE


def test_alerts_are_written_as_prometheus_reads_them() -> None:
    manual = (django_settings.BASE_DIR / "docs/operations.md").read_text()
    written = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)]
    (rules,) = [group["rules"] for one in written for group in one.get("groups", [])]
    assert len({rule["alert"] for rule in rules}) == len(rules) == 10
    assert all(set(rule) <= {"alert", "expr", "for"} and "portal_" in rule["expr"] for rule in rules)


@pytest.mark.django_db
def test_clusters_are_there_even_if_nobody_works(client: Client) -> None:
    found = read(client)
    before = found["portal_queue_tasks"]["default",]
    assert found["portal_workers"] == {("builds",): 0, ("default",): 0}
    async_task(look_after_builds)
    assert read(client)["portal_queue_tasks"] == {("builds",): 0, ("default",): before + 1}


def test_a_source_that_fails_leaves_the_others(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Iterable[Metric]:
        raise DatabaseError("the password is wrong")

    sources: Registry[MetricSource] = Registry()
    sources.register(MetricSource("broken", fail, 1))
    sources.register(MetricSource("whole", lambda: [GaugeMetricFamily("portal_seven", "Seven.", 7)], 2))
    monkeypatch.setattr(metrics, "metric_sources", sources)
    assert read(client) == {"portal_seven": {(): 7}, "portal_source_up": {("broken",): 0, ("whole",): 1}}
