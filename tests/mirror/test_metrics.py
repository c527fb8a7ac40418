"""What is measured of the mirror, and how requests are counted by several processes together."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from mirror import metrics, traffic
from mirror.models import Build, Distribution, Release
from tests.support.publications import publish, use_data_dir
from tests.support.server import Site, running_site

NOW = timezone.now()
TOKEN = "0123456789-0123456789-0123456789"
SECONDS = 120
Values = Mapping[tuple[str, ...], float]


@pytest.fixture
def distribution(db: None, settings: Settings, tmp_path: Path) -> Distribution:
    use_data_dir(settings, tmp_path)
    return Distribution.objects.get(is_default=True)


def values(source: Callable[[], Iterable[Metric]], name: str) -> Values:
    """Give the values of a metric by their labels."""
    samples = [sample for family in source() for sample in family.samples]
    return {tuple(sample.labels.values()): sample.value for sample in samples if sample.name == name}


def ended(distribution: Distribution, state: str, seconds: int, **fields: object) -> None:
    started = NOW - timedelta(hours=1)
    until = started + timedelta(seconds=seconds)
    Build.objects.create(distribution=distribution, state=state, started_at=started, ended_at=until, **fields)


def test_builds_are_added_up_by_how_they_ended(distribution: Distribution) -> None:
    ended(distribution, Build.State.SUCCEEDED, 10)
    ended(distribution, Build.State.SUCCEEDED, 30)
    ended(distribution, Build.State.FAILED, 5, kind=Build.Kind.SYNC)
    Build.objects.create(distribution=distribution, state=Build.State.CANCELED, ended_at=NOW)  # it never began
    ended(distribution, Build.State.SUCCEEDED, 7, kind=Build.Kind.PLAN)
    slug = distribution.slug
    number = values(metrics.builds, "portal_build_duration_seconds_count")
    lasted = values(metrics.builds, "portal_build_duration_seconds_sum")
    assert (number[slug, "build", "succeeded"], lasted[slug, "build", "succeeded"]) == (2, 40)
    assert (number[slug, "sync", "failed"], lasted[slug, "sync", "failed"]) == (1, 5)
    assert (number[slug, "build", "canceled"], lasted[slug, "build", "canceled"]) == (1, 0)
    assert number[slug, "build", "failed"] == 0  # there before the first one, or its increase is not seen
    assert not [labels for labels in number if "plan" in labels]


def test_what_waits_and_runs_is_measured(distribution: Distribution) -> None:
    def ago(**span: int) -> datetime:
        return timezone.now() - timedelta(**span)

    Build.objects.create(distribution=distribution, created_at=ago(minutes=10))
    Build.objects.create(distribution=distribution, created_at=ago(days=1), not_before=ago(minutes=-5))
    Build.objects.create(distribution=distribution, state=Build.State.RUNNING, started_at=ago(minutes=3))
    slug = (distribution.slug,)
    assert values(metrics.builds, "portal_builds_waiting")[slug] == 2
    assert values(metrics.builds, "portal_builds_running")[slug] == 1
    assert values(metrics.builds, "portal_build_oldest_waiting_seconds")[slug] == pytest.approx(600, abs=30)
    assert values(metrics.builds, "portal_build_running_seconds")[slug] == pytest.approx(180, abs=30)


def test_what_is_served_has_an_age(distribution: Distribution) -> None:
    publication = publish(distribution)
    publication.created_at = timezone.now() - timedelta(hours=2)
    publication.save(update_fields=["created_at"])
    age = values(metrics.publications, "portal_publication_age_seconds")
    assert age == {(distribution.slug,): pytest.approx(7200, abs=60)}
    assert values(metrics.publications, "portal_publication_versions") == {(distribution.slug,): publication.versions}


def test_what_keeps_a_person_busy_is_measured(distribution: Distribution) -> None:
    Release.objects.create(
        distribution=distribution, version="1.0.0", version_normalized="1.0.0.0", time=0, complete=True,
        held_because="a person has to approve it",
    )  # fmt: skip
    slug = (distribution.slug,)
    assert values(metrics.publications, "portal_releases_waiting")[slug] == 1
    assert values(metrics.publications, "portal_failing_seconds")[slug] == 0
    assert values(metrics.publications, "portal_follower_lag_seconds") == {}
    Distribution.objects.filter(pk=distribution.pk).update(
        failing_since=timezone.now() - timedelta(minutes=5), follows="https://repo.example.org/"
    )
    assert values(metrics.publications, "portal_failing_seconds")[slug] == pytest.approx(300, abs=30)
    assert values(metrics.publications, "portal_follower_lag_seconds")[slug] == float("inf")
    Distribution.objects.filter(pk=distribution.pk).update(followed_at=timezone.now() - timedelta(minutes=1))
    assert values(metrics.publications, "portal_follower_lag_seconds")[slug] == pytest.approx(60, abs=30)


def test_the_disk_is_measured_where_dists_are_kept(distribution: Distribution, tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    assert values(metrics.disk, "portal_disk_size_bytes")["data",] == found.f_blocks * found.f_frsize
    assert 0 < values(metrics.disk, "portal_disk_free_bytes")["work",] <= found.f_bfree * found.f_frsize


@pytest.mark.parametrize(("source", "queries"), [(metrics.builds, 3), (metrics.publications, 2), (metrics.disk, 0)])
def test_looking_takes_a_few_queries_whatever_there_is(
    distribution: Distribution,
    django_assert_num_queries: DjangoAssertNumQueries,
    source: Callable[[], Iterable[Metric]],
    queries: int,
) -> None:
    for number, state in product(range(3), Build.State):
        fields = {"state": state} if state not in {"running", "canceling"} else {}
        Build.objects.create(distribution=distribution, ended_at=NOW if state == "failed" else None, **fields)
        Distribution.objects.create(slug=f"more-{number}-{state}", title="More", recipe="mirror.toml")
    with django_assert_num_queries(queries):
        list(source())


def test_a_file_goes_on_where_a_dead_process_left_it(tmp_path: Path) -> None:
    first, second = tally_in(tmp_path), tally_in(tmp_path)
    first.count("p2", 200)
    second.count("p2", 200)
    second.count("p2", 404)
    first.write()
    second.write()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]
    first.begin_anew()
    third = tally_in(tmp_path)
    third.count("p2", 206)
    third.write()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]
    found = traffic.totals(tmp_path)
    assert (found["p2", "2xx"], found["p2", "404"], found["dist", "2xx"]) == (3, 1, 0)


def test_threads_lose_no_request(tmp_path: Path) -> None:
    tally = tally_in(tmp_path)

    def work() -> None:
        for _ in range(500):
            tally.count("dist", 200)
        tally.write()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert traffic.totals(tmp_path)["dist", "2xx"] == 4000


PARENT_AND_CHILD = """
import os, sys
from pathlib import Path
from mirror.traffic import tally
tally._directory = lambda: Path(sys.argv[1])
tally.count("site", 200)
tally.write()
tally.count("site", 200)
child = os.fork()
for _ in range(100):
    tally.count("site", 200)
tally.write()
if child:
    os.waitpid(child, 0)
"""


def test_a_child_neither_counts_for_its_parent_nor_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", PARENT_AND_CHILD, str(tmp_path)], cwd=django_settings.BASE_DIR, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]
    assert traffic.totals(tmp_path)["site", "2xx"] == 202


def test_what_cannot_be_written_now_is_written_later(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.touch()  # no directory can be made here
    tally = tally_in(place / "metrics")
    tally.count("p2", 200)
    tally.write()
    place.unlink()
    tally.write()
    assert traffic.totals(place / "metrics")["p2", "2xx"] == 1


def test_a_process_that_was_asked_nothing_leaves_no_file(tmp_path: Path) -> None:
    tally_in(tmp_path / "metrics").write()
    assert list(tmp_path.iterdir()) == []


def tally_in(directory: Path) -> traffic.Tally:
    """Give a tally that writes when it is told to."""
    return traffic.Tally(lambda: directory, seconds=3600)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/packages.json", "packages.json"),
        ("/d/packages/packages.json", "packages.json"),
        ("/p2/acme/library~dev.json", "p2"),
        ("/d/packages/p2/acme/library.json", "p2"),
        ("/packages/acme/library-1.0.0.zip", "dist"),
        ("/manifest.sha256", "manifest"),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    assert traffic.kind_of(path) == kind


def test_all_processes_of_a_server_count_together(site_directory: Path) -> None:
    with running_site(site_directory, PORTAL_METRICS_TOKEN=TOKEN, GRANIAN_WORKERS="2") as site:
        asked = {"/p2/nobody/nothing.json": 404, "/": 200, "/no-such-page": 404}
        for path, status in asked.items():
            assert {answered(site.base_url + path) for _ in range(10)} == {status}
        expected = {("p2", "404"): 10, ("site", "2xx"): 10, ("site", "404"): 10}
        deadline = time.monotonic() + SECONDS
        while not expected.items() <= (found := requests_of(site)).items():
            assert time.monotonic() < deadline, found
            time.sleep(0.1)  # between two looks; the loop ends by itself
    assert found["probe", "2xx"] >= 1


def requests_of(site: Site) -> Mapping[tuple[str, str], float]:
    question = Request(f"{site.base_url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urlopen(question) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    (requests,) = [family for family in families if family.name == "portal_requests"]
    return {(sample.labels["kind"], sample.labels["status"]): sample.value for sample in requests.samples}


def answered(url: str) -> int:
    try:
        with urlopen(url) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        return error.code
