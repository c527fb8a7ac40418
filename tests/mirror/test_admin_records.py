"""The staff's pages about sources, versions, releases, publications, uploads and the history."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mirror import inbox, publishing
from mirror.membership import releases_with
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
    SourceTag,
    Upload,
)
from mirror.storage import locked
from tests.support.packages import make_distribution, package
from tests.support.publications import LIBRARY, SHOP, Sample, publish, use_data_dir
from tests.support.staff import a_person, logged_in

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MODELS = (Change, InstallCount, Package, PackageVersion, Publication, Release, Source, SourceTag, Upload)
HOSTILE = "<script>alert(1)</script>\u202egpj.exe\x07"
CLOSED, OURS = package("closed/pay", "2.0.0"), package("acme/library", "1.0.0")


@pytest.fixture
def distribution(settings: Any, tmp_path: Path) -> Distribution:
    use_data_dir(settings, tmp_path / "data")
    return Distribution.objects.get(is_default=True)


@pytest.fixture
def published(distribution: Distribution) -> Distribution:
    publish(distribution, [SHOP, LIBRARY])
    return distribution


@pytest.fixture
def shop(settings: Any, tmp_path: Path) -> Distribution:
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    return make_distribution(tmp_path)


def as_(name: str, *roles: str, superuser: bool = False, **more: Any) -> Client:
    return logged_in(a_person(name, *roles, superuser=superuser), **more)


def address(model: type[models.Model], page: str = "changelist", *arguments: Any) -> str:
    label = "admin:admin_logentry" if model is LogEntry else f"admin:mirror_{model._meta.model_name}"
    return reverse(f"{label}_{page}", args=arguments)


def page_of(client: Client, row: models.Model) -> str:
    reply = client.get(address(type(row), "change", row.pk))
    assert reply.status_code == 200
    return reply.content.decode()


def own_page(row: models.Model, page: str) -> str:
    return address(type(row), page, row.pk)


def text_of(reply: Any) -> str:
    assert reply.status_code == 200
    content: bytes = reply.content
    return content.decode()


def act(client: Client, action: str, *rows: models.Model, **more: str) -> Any:
    chosen = {"action": action, ACTION_CHECKBOX_NAME: [str(row.pk) for row in rows], **more}
    return client.post(address(type(rows[0])), chosen, follow=True)


def a_release(distribution: Distribution, version: str = "1.0.0", **more: Any) -> Release:
    fields = {"product": "acme/product", "version_normalized": f"{version}.0", "time": 0, "commit": "0" * 40}
    return Release.objects.create(distribution=distribution, version=version, **{**fields, **more})


def a_version(name: str = "acme/library", version: str = "2.0.0") -> PackageVersion:
    return PackageVersion.objects.get(package__name=name, version=version)


def said(row: models.Model) -> list[tuple[str, str]]:
    """Give what the history of a row says: who and what."""
    found = LogEntry.objects.filter(object_id=str(row.pk), content_type__model=row._meta.model_name)
    return [(entry.user.get_username(), entry.get_change_message()) for entry in found.order_by("pk")]


def send(client: Client, distribution: Distribution, **files: bytes) -> Any:
    """Upload archives as a browser does."""
    archives = []
    for name, content in files.items():
        file = io.BytesIO(content)
        file.name = f"{name}.zip"
        archives.append(file)
    data = {"distribution": str(distribution.pk), "archives": archives}
    return client.post(address(Upload, "add"), data)


def everything(distribution: Distribution) -> None:
    """Make a row of every kind, as hostile as upstream and staff could make it."""
    source = Source.objects.create(
        distribution=distribution, key="core", url=f"https://x/{HOSTILE}", last_error=HOSTILE
    )
    SourceTag.objects.create(source=source, name=HOSTILE, commit="a" * 40, moved_to="b" * 40)
    missing = [{"name": HOSTILE, "constraint": HOSTILE, "required_by": HOSTILE, "origin": HOSTILE}]
    a_release(distribution, missing=missing, held_because=HOSTILE)
    Change.objects.create(
        distribution=distribution, action="amended", subject=HOSTILE, reason=HOSTILE, detail={HOSTILE: HOSTILE}
    )
    InstallCount.objects.create(distribution=distribution, day=NOW.date(), name=HOSTILE, version=HOSTILE)
    report = {
        "imported": [],
        "already_there": [],
        "refused": [{"archive": "a", "sent_as": HOSTILE, "faults": [HOSTILE]}],
    }
    Upload.objects.create(
        distribution=distribution, actor=HOSTILE, directory="0" * 32, report=report, own_names=[HOSTILE],
        state=Upload.State.WAITING,
    )  # fmt: skip
    PackageVersion.objects.update(tag=HOSTILE, source="core", withdrawn_because=HOSTILE)


@pytest.mark.parametrize("model", [*MODELS, LogEntry])
def test_hostile_text_is_shown_as_text(published: Distribution, model: type[models.Model]) -> None:
    everything(published)
    client = as_("amy", "auditor")
    person = client.get("/admin/").wsgi_request.user
    LogEntry.objects.create(
        user_id=int(str(person.pk)), action_flag=2, object_repr=HOSTILE, change_message=HOSTILE, object_id="1"
    )
    row = model._default_manager.first()
    assert row is not None
    for page in (text_of(client.get(address(model))), page_of(client, row)):
        assert "<script>alert" not in page
    searched = client.get(address(model) + ("?q=acme" if model is not Upload else "?q=jane"))
    assert searched.status_code == 200


@pytest.mark.parametrize("model", [Source, SourceTag, Release, PackageVersion, Upload, LogEntry])
def test_text_that_would_turn_the_reading_direction_is_spelt_out(
    published: Distribution, model: type[models.Model]
) -> None:
    everything(published)
    client = as_("amy", "auditor")
    person = client.get("/admin/").wsgi_request.user
    LogEntry.objects.create(user_id=int(str(person.pk)), action_flag=2, object_repr=HOSTILE, change_message=HOSTILE)
    row = model._default_manager.first()
    assert row is not None
    page = page_of(client, row)
    assert "x202egpj.exe" in page
    assert model is Upload or "\u202e" not in page


@pytest.mark.parametrize("model", [*MODELS, LogEntry])
def test_what_the_system_writes_cannot_be_edited(published: Distribution, model: type[models.Model]) -> None:
    everything(published)
    client = as_("root", superuser=True)
    LogEntry.objects.create(user_id=1, action_flag=2, object_repr="x") if model is LogEntry else None
    row = model._default_manager.first()
    assert row is not None
    if model is not Upload:
        assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "change", row.pk), {"version": "9"}).status_code == 403
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403


# Five or so are of the session, the person, the factor and the permissions.
QUERIES_OF_A_PAGE = {Package: 7, PackageVersion: 8, Publication: 8, Release: 5, Source: 5}
QUERIES = {
    Change: 10, InstallCount: 8, Package: 8, PackageVersion: 9, Publication: 10, Release: 9, Source: 9, SourceTag: 8,
    Upload: 11, LogEntry: 8,
}  # fmt: skip


def grow(distribution: Distribution, first: int, last: int) -> None:
    for number in range(first, last):
        publish(distribution, [Sample(f"acme/p{number}", ("1.0.0",))], number=number)
        a_release(distribution, f"1.0.{number}", missing=[{"name": "x"}])
        source = Source.objects.create(distribution=distribution, key=f"s{number}", url="https://github.com/a/b.git")
        SourceTag.objects.create(source=source, name="1.0.0", commit="a" * 40, gone=True)
        build = Build.objects.create(distribution=distribution, publication=distribution.publication)
        Upload.objects.create(distribution=distribution, actor="jane", directory=f"{number:032}", build=build)
        Change.objects.create(distribution=distribution, action="amended", subject="x", reason="y")
        InstallCount.objects.create(distribution=distribution, day=NOW.date(), name=f"a{number}", version="1")


@pytest.mark.parametrize("model", [*MODELS, LogEntry])
def test_a_list_takes_the_same_few_queries_however_long(distribution: Distribution, model: type[models.Model]) -> None:
    client = as_("amy", "auditor")

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address(model)).status_code == 200
        return [query["sql"] for query in captured]

    def log(first: int, last: int) -> None:
        for number in range(first, last):
            person = a_person(f"p{number}")
            release = Release.objects.get(version=f"1.0.{number}")
            LogEntry.objects.log_actions(person.pk, [release], 2, change_message="x")

    grow(distribution, 2, 4)
    log(2, 4)
    client.get(address(model))
    few = queries()
    grow(distribution, 4, 14)
    log(4, 14)
    many = queries()
    assert len(many) == len(few), "\n".join(many)
    assert len(few) == QUERIES[model], "\n".join(few)


@pytest.mark.parametrize("model", [Package, PackageVersion, Publication, Release, Source])
def test_a_page_takes_the_same_few_queries_however_much_there_is(
    distribution: Distribution, model: type[models.Model]
) -> None:
    client = as_("root", superuser=True)
    grow(distribution, 2, 4)
    row = model._default_manager.order_by("pk").first()
    assert row is not None

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(client, row)
        return len(captured)

    page_of(client, row)
    few = queries()
    grow(distribution, 4, 12)
    assert queries() == few
    assert few == QUERIES_OF_A_PAGE[model]


def test_a_source_says_what_upstream_did_to_its_tags(distribution: Distribution) -> None:
    source = Source.objects.create(distribution=distribution, key="core", url="https://github.com/acme/core.git")
    for number in range(5):
        SourceTag.objects.create(source=source, name=f"1.0.{number}", commit="a" * 40)
    SourceTag.objects.filter(name="1.0.1").update(moved_to="b" * 40)
    SourceTag.objects.filter(name="1.0.2").update(gone=True)
    client = as_("amy", "auditor")
    page = page_of(client, source)
    assert "5 tags" in page
    assert "1 moved, 1 gone" in page
    odd = text_of(client.get(f"{address(SourceTag)}?source__id__exact={source.pk}&state=odd"))
    assert "1.0.1" in odd
    assert "1.0.2" in odd
    assert "1.0.3" not in odd
    assert f"https://github.com/acme/core/commit/{'b' * 40}" in odd
    assert address(Source, "change", source.pk) in text_of(client.get(f"{address(Source)}?trouble=tags"))
    assert address(Source, "change", source.pk) not in text_of(client.get(f"{address(Source)}?trouble=failed"))


def test_a_version_tells_its_dist_and_whether_it_is_served(published: Distribution) -> None:
    version = a_version()
    client = as_("amy", "auditor")
    page = page_of(client, version)
    for text in (version.sha256, version.sha1, f"http://portal.example/{version.path}", "served"):
        assert text in page
    publish(published, [SHOP], number=2)
    Publication.objects.filter(number=2).update(version_set=publishing.version_set([a_version(SHOP.name, "1.0.0").pk]))
    assert "not served" in page_of(client, version)


def test_a_version_names_the_releases_that_contain_it(distribution: Distribution) -> None:
    products = {
        "1.0.0": {"acme/library": "2.0.0"},
        "1.1.0": {"acme/library": "^2.0"},
        "1.2.0": {"acme/library": "3.0.0"},
    }
    for version, require in products.items():
        publish(distribution, [Sample("acme/product", (version,), {"require": require})], number=int(version[2]) + 1)
        a_release(distribution, version, version_normalized=f"{version}.0")
    publish(distribution, [LIBRARY], number=9)
    found = {one.release.version: one.constraint for one in releases_with(a_version())}
    assert found == {"1.0.0": "2.0.0", "1.1.0": "^2.0"}
    own = releases_with(a_version("acme/product", "1.2.0"))
    assert [(one.release.version, one.constraint) for one in own] == [("1.2.0", "")]
    page = page_of(as_("amy", "auditor"), a_version())
    assert "^2.0" in page


@pytest.mark.parametrize("way", ["list", "page"])
def test_a_release_is_approved_by_name_and_a_build_publishes_it(distribution: Distribution, way: str) -> None:
    release = a_release(distribution)
    client = as_("jane", "publisher")
    if way == "list":
        page = text_of(act(client, "approve", release))
    else:
        assert "A build that publishes it is queued" in text_of(client.get(own_page(release, "approve_page")))
        release.refresh_from_db()
        assert release.approved_at is None
        page = text_of(client.post(own_page(release, "approve_page"), follow=True))
    release.refresh_from_db()
    assert release.approved_by == "jane"
    assert release.approved_at is not None
    build = Build.objects.get()
    assert f"Build {build.pk} of {distribution} was queued and will publish it" in page
    assert (build.kind, build.state, build.options, build.actor) == ("build", "queued", {}, "jane")
    assert build.handed_at is not None
    assert said(release) == [("jane", "Approved.")]


def test_an_approval_is_not_given_twice(distribution: Distribution) -> None:
    release = a_release(distribution, approved_at=NOW, approved_by="joe")
    assert "Nothing new" in text_of(act(as_("jane", "publisher"), "approve", release))
    release.refresh_from_db()
    assert release.approved_by == "joe"
    assert not Build.objects.exists()


def test_an_approval_is_revoked_as_long_as_nothing_came_of_it(distribution: Distribution) -> None:
    release = a_release(distribution, approved_at=NOW, approved_by="joe")
    client = as_("jane", "publisher")
    build = Build.objects.create(distribution=distribution, state=Build.State.RUNNING)
    assert "cancel it first" in text_of(client.post(own_page(release, "revoke_page"), follow=True))
    Build.objects.filter(pk=build.pk).update(state=Build.State.SUCCEEDED)
    client.post(own_page(release, "revoke_page"))
    release.refresh_from_db()
    assert (release.approved_at, release.approved_by, release.held_because) == (None, "", "waits for approval")
    assert said(release) == [("jane", "Approval revoked.")]
    Release.objects.update(approved_at=NOW, approved_by="joe", published_at=NOW)
    assert "is published or not approved" in text_of(client.post(own_page(release, "revoke_page"), follow=True))
    release.refresh_from_db()
    assert release.approved_by == "joe"


def test_a_release_lists_what_is_missing_and_why_it_is_held(distribution: Distribution) -> None:
    missing = [
        {"name": f"closed/p{n}", "constraint": "1.0", "required_by": "acme/product", "origin": "closed: import it"}
        for n in range(310)
    ]
    release = a_release(distribution, missing=missing, held_because="incomplete: 310 requirements are missing")
    page = page_of(as_("amy", "auditor"), release)
    for text in ("closed/p299", "closed: import it", "310 requirements are missing", "and 10 more"):
        assert text in page
    assert "closed/p305" not in page


def test_a_publication_shows_what_it_changed(published: Distribution) -> None:
    first = Publication.objects.get()
    third = Sample("acme/third", tuple(f"1.0.{n}" for n in range(400)))
    publish(published, [SHOP, LIBRARY, third], number=2)
    second = Publication.objects.get(number=2)
    Publication.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(hours=2))
    changes = {"distribution": published, "reason": "wrong", "action": Change.Action.AMENDED}
    Change.objects.create(subject="acme/library 2.0.0", at=timezone.now() - timedelta(hours=1), **changes)
    Change.objects.create(subject="acme/elsewhen 1.0.0", at=timezone.now() - timedelta(days=1), **changes)
    page = page_of(as_("amy", "auditor"), second)
    for text in ("Added: 400", "acme/third 1.0.0", "and 100 more", "Removed: none", "Links corrected: 1"):
        assert text in page
    assert "acme/library 2.0.0" in page
    assert "acme/elsewhen" not in page
    assert "The first publication" in page_of(as_("ann", "auditor"), first)


def test_an_older_publication_is_served_again(published: Distribution) -> None:
    first = Publication.objects.get()
    publish(published, [SHOP, LIBRARY, Sample("acme/third")], number=2)
    client = as_("jane", "publisher")
    question = text_of(client.get(own_page(first, "roll_back")))
    assert "Served no more: 1" in question
    assert "acme/third 1.0.0" in question
    assert Publication.objects.count() == 2
    page = text_of(client.post(own_page(first, "roll_back"), follow=True))
    published.refresh_from_db()
    assert published.publication is not None
    assert (published.publication.number, published.publication.restores) == (3, first)
    assert published.publication.actor == "jane"
    assert "#3 is served now" in page
    assert said(first) == said(published) == [("jane", "Rolled back to #1.")]


def test_a_rollback_does_not_promise_what_was_withdrawn(published: Distribution) -> None:
    first = Publication.objects.get()
    publishing.withdraw([a_version()], reason="broken", actor="joe")
    question = text_of(as_("jane", "publisher").get(own_page(first, "roll_back")))
    assert "Served again: none" in question
    assert "acme/library 2.0.0" not in question


def test_what_is_served_is_not_offered_again(published: Distribution) -> None:
    client = as_("jane", "publisher")
    publication = Publication.objects.get()
    assert own_page(publication, "roll_back") not in page_of(client, publication)
    assert "nothing to roll back" in text_of(client.get(own_page(publication, "roll_back")))


@pytest.mark.parametrize("page", ["roll_back", "withdraw_page"])
def test_a_build_that_runs_is_named_and_nothing_happens(published: Distribution, page: str) -> None:
    publish(published, [SHOP], number=2)
    row = Publication.objects.get(number=1) if page == "roll_back" else a_version()
    client = as_("jane", "publisher")
    with locked(Path(published.files.root.parent.parent / "locks" / "mirror.lock"), "a build of mirror", wait=False):
        reply = client.post(own_page(row, page), {"reason": "broken"}, follow=True)
    assert "a build of mirror is running; try again when it has ended" in text_of(reply)
    assert Publication.objects.count() == 2
    assert not PackageVersion.objects.exclude(withdrawn_at=None).exists()
    assert said(row) == []


@pytest.mark.parametrize("way", ["list", "page"])
def test_a_version_is_withdrawn_with_a_reason(published: Distribution, way: str) -> None:
    version = a_version()
    client = as_("jane", "publisher")

    def post(**fields: str) -> str:
        if way == "list":
            return text_of(act(client, "withdraw", version, confirmed="yes", **fields))
        return text_of(client.post(own_page(version, "withdraw_page"), fields, follow=True))

    asked = text_of(act(client, "withdraw", version)) if way == "list" else ""
    assert way == "page" or f'name="{ACTION_CHECKBOX_NAME}" value="{version.pk}"' in asked
    assert "This field is required" in post(reason=" ")
    assert "is served now" in post(reason="It eats <b>prices</b>")
    version.refresh_from_db()
    assert version.withdrawn_at is not None
    assert (Change.objects.get().reason, Change.objects.get().actor) == ("It eats <b>prices</b>", "jane")
    assert said(version) == [("jane", "Withdrawn: It eats <b>prices</b>")]
    assert published.files.dist(version.path).exists()
    assert "withdrawn already" in post(reason="again")
    assert "It eats &lt;b&gt;prices" in page_of(client, version)


def test_too_many_versions_are_not_withdrawn_at_once(published: Distribution) -> None:
    publish(published, [SHOP, Sample("acme/many", tuple(f"1.0.{n}" for n in range(201)))], number=2)
    rows = PackageVersion.objects.filter(package__name="acme/many")
    assert "at most 200 versions" in text_of(
        act(as_("jane", "publisher"), "withdraw", *rows, confirmed="yes", reason="x")
    )
    assert not Change.objects.exists()


def test_a_purge_asks_for_reason_name_and_who_it_is(published: Distribution) -> None:
    version = a_version()
    page = own_page(version, "purge_page")
    client = as_("root", superuser=True)
    assert "This is not acme/library 2.0.0" in text_of(client.post(page, {"reason": "malware", "name": "acme/library"}))
    assert "This field is required" in text_of(client.post(page, {"reason": "", "name": "acme/library 2.0.0"}))
    assert not PackageVersion.objects.exclude(purged_at=None).exists()
    client.post(page, {"reason": "malware", "name": "acme/library 2.0.0"})
    assert PackageVersion.objects.exclude(purged_at=None).get() == version
    assert not published.files.dist(version.path).exists()
    assert said(version) == [("root", "Purged: malware")]
    assert "purged already" in text_of(client.post(page, {"reason": "malware", "name": "acme/library 2.0.0"}))
    assert page not in page_of(client, version)


def test_a_purge_by_somebody_who_logged_in_long_ago_waits_for_the_password(published: Distribution) -> None:
    version = a_version()
    client = as_("root", superuser=True, seconds_ago=3600)
    reply = client.post(own_page(version, "purge_page"), {"reason": "malware", "name": "acme/library 2.0.0"})
    assert reply.status_code == 302
    assert "reauthenticate" in reply["Location"]
    version.refresh_from_db()
    assert version.purged_at is None


PAGES = [("approve_page", "release"), ("revoke_page", "release"), ("roll_back", "publication"),
         ("withdraw_page", "version"), ("purge_page", "version")]  # fmt: skip


@pytest.mark.parametrize(("page", "kind"), PAGES)
@pytest.mark.parametrize("role", ["auditor", "builder", "publisher"])
def test_what_a_person_may_not_do_is_not_shown_and_refused(
    published: Distribution, page: str, kind: str, role: str
) -> None:
    publish(published, [SHOP], number=2)
    approval: dict[str, Any] = {"approved_at": NOW} if page == "revoke_page" else {}
    rows = {
        "release": a_release(published, **approval),
        "publication": Publication.objects.get(number=1),
        "version": a_version(),
    }
    may = role == "publisher" and page != "purge_page"
    client = as_("jo", role)
    assert (own_page(rows[kind], page) in page_of(client, rows[kind])) == may
    assert client.get(own_page(rows[kind], page)).status_code == (200 if may else 403)
    if not may:
        fields = {"reason": "because", "name": "acme/library 2.0.0"}
        assert client.post(own_page(rows[kind], page), fields).status_code == 403
        assert Publication.objects.count() == 2
        assert not Release.objects.exclude(approved_by="").exists()
        assert not LogEntry.objects.exists()


@pytest.mark.parametrize("page", ["change", "roll_back", "approve_page", "purge_page", "import"])
@pytest.mark.parametrize("pk", ["0", "999999"])
def test_a_row_that_is_gone_is_no_fault_of_ours(distribution: Distribution, page: str, pk: str) -> None:
    models_by_page = {"roll_back": Publication, "approve_page": Release, "purge_page": PackageVersion, "import": Upload}
    reply = as_("root", superuser=True).post(address(models_by_page.get(page, Source), page, pk))
    assert reply.status_code in {302, 403, 404}


@pytest.mark.parametrize("model", [Package, PackageVersion, Publication, Release, Upload])
def test_an_address_that_is_no_row_leads_back(distribution: Distribution, model: type[models.Model]) -> None:
    reply = as_("amy", "auditor").get(address(model, "change", "no-number"))
    assert reply.status_code == 302


@pytest.mark.parametrize("action", ["approve", "withdraw"])
def test_an_action_of_a_list_that_is_not_offered_is_refused(published: Distribution, action: str) -> None:
    row: models.Model = a_release(published) if action == "approve" else a_version()
    client = as_("bo", "builder")
    assert f'value="{action}"' not in text_of(client.get(address(type(row))))
    assert act(client, action, row, confirmed="yes", reason="because").status_code == 403
    assert not Change.objects.exists()


def test_archives_are_uploaded_checked_and_imported(shop: Distribution) -> None:
    client = as_("jane", "publisher")
    assert "1.0\xa0GB together" in text_of(client.get(address(Upload, "add")))
    reply = send(client, shop, good=CLOSED, bad=b"no zip")
    upload = Upload.objects.get()
    assert reply["Location"] == address(Upload, "change", upload.pk)
    page = page_of(client, upload)
    for text in ("good.zip", "closed/pay 2.0.0", "packages/closed/pay-2.0.0.zip", "bad.zip", "is not a zip"):
        assert text in page
    shown = text_of(client.post(own_page(upload, "import"), follow=True))
    build = Build.objects.get()
    assert (build.kind, build.actor, build.options) == ("import", "jane", {"upload": upload.pk})
    assert "a build that publishes it follows" in shown
    assert build.handed_at is not None
    assert said(upload) == [("jane", "Uploaded 2 archives for shop."), ("jane", "Imported.")]
    assert "is accepted already" in text_of(client.post(own_page(upload, "import"), follow=True))
    assert Build.objects.count() == 1


@pytest.mark.parametrize("superuser", [False, True])
def test_nobody_confirms_their_own_upload(shop: Distribution, superuser: bool) -> None:
    roles = () if superuser else ("publisher",)
    uploader, second = as_("jane", *roles, superuser=superuser), as_("joe", "publisher")
    a_person("amy", "auditor")
    send(uploader, shop, ours=OURS)
    upload = Upload.objects.get()
    page = page_of(uploader, upload)
    assert "another publisher than jane" in page
    assert "These may: joe." in page
    assert own_page(upload, "import") not in page
    refused = text_of(uploader.post(own_page(upload, "import"), follow=True))
    assert "so another person than jane has to confirm it" in refused
    assert not Build.objects.exists()
    assert "Confirm and import" in page_of(second, upload)
    second.post(own_page(upload, "import"))
    upload.refresh_from_db()
    assert (upload.state, upload.confirmed_by) == (Upload.State.ACCEPTED, "joe")
    assert said(upload)[-1] == ("joe", "Confirmed and imported.")


def test_an_upload_that_is_withdrawn_leaves_the_disk(shop: Distribution) -> None:
    client = as_("jane", "publisher")
    send(client, shop, good=CLOSED)
    upload = Upload.objects.get()
    assert "its files are removed" in text_of(client.post(own_page(upload, "withdraw"), follow=True))
    assert list(inbox.kept()) == []


@pytest.mark.parametrize("role", ["auditor", "builder"])
def test_only_publishers_upload(shop: Distribution, role: str) -> None:
    send(as_("jane", "publisher"), shop, good=CLOSED)
    upload = Upload.objects.get()
    client = as_("bo", role)
    assert address(Upload, "add") not in text_of(client.get(address(Upload)))
    assert own_page(upload, "import") not in page_of(client, upload)
    assert client.get(address(Upload, "add")).status_code == 403
    assert send(client, shop, good=CLOSED).status_code == 403
    for page in ("import", "withdraw"):
        assert client.post(own_page(upload, page)).status_code == 403
    assert Upload.objects.get().state == Upload.State.CHECKED
    assert len(list(inbox.kept())) == 1


def test_an_upload_is_changed_by_a_post_only(shop: Distribution) -> None:
    client = as_("jane", "publisher")
    send(client, shop, good=CLOSED)
    upload = Upload.objects.get()
    assert client.get(own_page(upload, "import")).status_code == 405
    assert "There is no upload 0" in text_of(client.post(reverse("admin:mirror_upload_import", args=[0]), follow=True))


def test_an_upload_without_a_token_leaves_nothing(shop: Distribution) -> None:
    client = as_("jane", "publisher", client=Client(enforce_csrf_checks=True))
    assert send(client, shop, good=CLOSED).status_code == 403
    assert not Upload.objects.exists()
    assert list(inbox.kept()) == []


def test_an_upload_over_its_limits_says_so_and_leaves_nothing(settings: Any, shop: Distribution) -> None:
    client = as_("jane", "publisher")
    settings.PORTAL_UPLOAD_FILE, settings.PORTAL_UPLOAD_TOTAL = 1000, 1500
    reply = send(client, shop, one=b"x" * 900, two=b"x" * 900)
    assert reply.status_code == 400
    assert "nothing was kept" in reply.content.decode()
    reply = send(client, shop, large=b"x" * (3 << 20))
    assert reply.status_code == 400
    assert "allowed at once" in reply.content.decode()
    send(client, shop, good=CLOSED, large=b"x" * 1001)
    (upload,) = Upload.objects.all()
    assert "is larger than" in page_of(client, upload)
    assert len(list(inbox.kept())) == 1


def test_an_upload_of_nothing_is_asked_for_again(shop: Distribution) -> None:
    reply = send(as_("jane", "publisher"), shop)
    assert reply.status_code == 400
    assert "choose at least one" in reply.content.decode()
    assert not Upload.objects.exists()


def test_an_upload_goes_to_the_disk_and_not_to_memory(shop: Distribution) -> None:
    client = as_("jane", "publisher")
    reply = send(client, shop, good=CLOSED)
    assert reply.wsgi_request.FILES == {}
    assert [path.name for path in inbox.uploads_dir().rglob("*.zip")] == ["001-good.zip"]


def test_the_sample_takes_no_uploads(shop: Distribution) -> None:
    Distribution.objects.update(is_sample=True)
    page = text_of(as_("jane", "publisher").get(address(Upload, "add")))
    assert "No distribution here takes archives" in page


def test_the_history_tells_who_did_what_to_what(distribution: Distribution) -> None:
    release = a_release(distribution)
    act(as_("jane", "publisher"), "approve", release)
    page = text_of(as_("amy", "auditor").get(address(LogEntry) + "?q=Approved"))
    for text in ("jane", "Approved.", address(Release, "change", release.pk)):
        assert text in page
    assert logged_in(a_person("nobody")).get(address(LogEntry)).status_code == 403
