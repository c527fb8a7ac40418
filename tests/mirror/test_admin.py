"""What staff can see and do in the admin, and what nobody can do without permission."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission, User
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import OrmQ
from pytest_django import Settings

from mirror.models import (
    Build,
    Change,
    Distribution,
    InstallCount,
    Package,
    PackageVersion,
    Publication,
    Release,
    Source,
)
from mirror.storage import locked
from tests.support.publications import LIBRARY, SHOP, publish, use_data_dir

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MODELS = (Build, Change, Distribution, InstallCount, Package, PackageVersion, Publication, Release, Source)


@pytest.fixture
def distribution(settings: Settings, tmp_path: Path) -> Distribution:
    use_data_dir(settings, tmp_path)
    return Distribution.objects.get(is_default=True)


@pytest.fixture
def published(distribution: Distribution) -> Distribution:
    publish(distribution, [SHOP, LIBRARY])
    return distribution


def staff(*permissions: str) -> Client:
    """Log in somebody who may view everything, and do what is named."""
    user = User.objects.create_user("jane", is_staff=True)
    codenames = [f"view_{model._meta.model_name}" for model in MODELS] + list(permissions)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def address(model: type[models.Model], page: str = "changelist", *arguments: Any) -> str:
    return reverse(f"admin:mirror_{model._meta.model_name}_{page}", args=arguments)


def act(client: Client, action: str, *rows: models.Model, **more: str) -> str:
    """Choose rows in a list and an action, and return the page that follows."""
    chosen = {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows], **more}
    reply = client.post(address(type(rows[0])), chosen, follow=True)
    assert reply.status_code == 200
    return reply.content.decode()


def a_release(distribution: Distribution, version: str = "1.0.0") -> Release:
    return Release.objects.create(
        distribution=distribution, version=version, version_normalized=version, time=0, commit="0" * 40
    )


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_and_can_be_searched(
    published: Distribution, admin_client: Client, model: type[models.Model]
) -> None:
    a_release(published)
    Build.objects.create(distribution=published)
    assert admin_client.get(address(model)).status_code == 200
    query = "" if model is Change else "?q=acme"
    assert admin_client.get(address(model) + query).status_code == 200


@pytest.mark.parametrize("model", [model for model in MODELS if model is not Distribution])
def test_what_the_system_writes_cannot_be_edited(
    admin_client: Client, distribution: Distribution, model: type[models.Model]
) -> None:
    assert admin_client.get(address(model, "add")).status_code == 403


def test_a_distribution_can_be_edited_but_for_its_slug(distribution: Distribution, admin_client: Client) -> None:
    page = admin_client.get(address(Distribution, "change", distribution.pk)).content.decode()
    assert 'name="notice"' in page
    assert 'name="slug"' not in page
    assert "http://portal.example/" in page
    assert admin_client.post(address(Distribution, "delete", distribution.pk)).status_code == 403
    assert 'name="slug"' in admin_client.get(address(Distribution, "add")).content.decode()


@pytest.mark.parametrize("model", [Build, Publication, PackageVersion, Release])
def test_a_longer_list_takes_no_more_queries(
    published: Distribution, admin_client: Client, model: type[models.Model]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(address(model)).status_code == 200
        return len(captured)

    def grow(number: int) -> None:
        a_release(published, f"1.0.{number}")
        publish(published, number=number)
        Build.objects.create(distribution=published, publication=published.publication)

    grow(2)
    before = queries()
    for number in range(3, 8):
        grow(number)
    assert queries() == before


def test_build_now_hands_a_build_to_the_workers(distribution: Distribution) -> None:
    page = act(staff("add_build"), "build_now", distribution)
    build = Build.objects.get()
    assert (build.state, build.actor, build.distribution) == (Build.State.QUEUED, "jane", distribution)
    assert OrmQ.objects.get().key == "builds"
    assert f"Build {build.pk} of {distribution} waits for a worker" in page


def test_a_release_is_approved_by_name(distribution: Distribution) -> None:
    release = a_release(distribution)
    page = act(staff("change_release"), "approve", release)
    release.refresh_from_db()
    assert release.approved_at is not None
    assert release.approved_by == "jane"
    assert "The next build publishes" in page


def test_an_approval_is_not_given_twice(distribution: Distribution) -> None:
    release = a_release(distribution)
    Release.objects.update(approved_at=NOW, approved_by="joe")
    assert "0 approved" in act(staff("change_release"), "approve", release)
    release.refresh_from_db()
    assert release.approved_by == "joe"


def test_an_older_publication_is_set_again(distribution: Distribution) -> None:
    first = publish(distribution, [SHOP])
    publish(distribution, [SHOP, LIBRARY], number=2)
    page = act(staff("add_publication"), "publish_again", first)
    distribution.refresh_from_db()
    assert distribution.publication is not None
    assert distribution.publication.restores == first
    assert (distribution.publication.number, distribution.publication.actor) == (3, "jane")
    assert distribution.files.current_number() == 3
    assert "#3 is served now" in page


def test_one_publication_at_a_time_is_set_again(distribution: Distribution) -> None:
    first, second = publish(distribution), publish(distribution, number=2)
    assert "Choose exactly one" in act(staff("add_publication"), "publish_again", first, second)
    assert Publication.objects.count() == 2


def test_nothing_is_published_while_a_build_runs(published: Distribution, tmp_path: Path) -> None:
    version = PackageVersion.objects.get(package__name="acme/library", version="2.0.0")
    with locked(tmp_path / "locks" / f"{published.slug}.lock", "a build of it", wait=False):
        page = act(staff("change_packageversion"), "withdraw", version, confirmed="yes", reason="broken")
    version.refresh_from_db()
    assert version.withdrawn_at is None
    assert "a build of it" in page.lower()
    assert 'class="error"' in page


def test_a_version_is_withdrawn_with_a_reason(published: Distribution) -> None:
    version = PackageVersion.objects.get(package__name="acme/library", version="2.0.0")
    page = act(staff("change_packageversion"), "withdraw", version, confirmed="yes", reason="It eats prices")
    version.refresh_from_db()
    assert version.withdrawn_at is not None
    change = Change.objects.get()
    assert (change.action, change.reason, change.actor) == ("withdrawn", "It eats prices", "jane")
    assert "is served now" in page
    assert published.files.dist(version.path).exists()


def test_a_withdrawal_asks_for_its_reason_first(published: Distribution) -> None:
    version = PackageVersion.objects.get(package__name="acme/library", version="2.0.0")
    client = staff("change_packageversion")
    assert "Withdraw package versions" in act(client, "withdraw", version)
    assert "This field is required" in act(client, "withdraw", version, confirmed="yes", reason=" ")
    version.refresh_from_db()
    assert version.withdrawn_at is None


def test_a_withdrawn_version_is_not_withdrawn_again(published: Distribution) -> None:
    PackageVersion.objects.update(withdrawn_at=NOW)
    page = act(staff("change_packageversion"), "withdraw", PackageVersion.objects.all()[0])
    assert "withdrawn already" in page


@pytest.mark.parametrize("action", ["build_now", "approve", "publish_again", "withdraw"])
def test_nothing_happens_without_permission(published: Distribution, action: str) -> None:
    rows: dict[str, models.Model] = {
        "build_now": published,
        "approve": a_release(published),
        "publish_again": Publication.objects.get(),
        "withdraw": PackageVersion.objects.all()[0],
    }
    page = act(staff(), action, rows[action], confirmed="yes", reason="because")
    assert f'value="{action}"' not in page
    assert not Build.objects.exists()
    assert not Release.objects.exclude(approved_at=None).exists()
    assert not PackageVersion.objects.exclude(withdrawn_at=None).exists()
    assert Publication.objects.count() == 1


def test_a_build_page_shows_course_and_findings(distribution: Distribution, admin_client: Client) -> None:
    finding = {"code": "no-name", "subject": "acme 1.2.4", "message": "<b>has no name</b>"}
    build = Build.objects.create(
        distribution=distribution, step="make", done=12, total=30, item="acme/library",
        report={"errors": [finding], "warnings": [finding] * 250}, failure="disk full",
    )  # fmt: skip
    page = admin_client.get(address(Build, "change", build.pk)).content.decode()
    for text in (
        "make 12 of 30: acme/library",
        "acme 1.2.4",
        "&lt;b&gt;has no name",
        "no-name",
        "and 50 more",
        "disk full",
    ):
        assert text in page


def test_the_lists_show_what_matters(published: Distribution, admin_client: Client) -> None:
    Build.objects.create(distribution=published, report={"errors": [{}], "warnings": [{}, {}]})
    assert "1, 2" in admin_client.get(address(Build)).content.decode()
    assert "icon-yes" in admin_client.get(address(Publication)).content.decode()
