"""What staff can do with builds and distributions in the admin, and what nobody can do without permission."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule
from pytest_django import Settings

from mirror.admin import course
from mirror.models import Build, BuildLine, BuildStep, Distribution, Publication
from tests.support.publications import LIBRARY, SHOP, a_row_of_publication, publish, use_data_dir
from tests.support.staff import a_person, logged_in

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
TURNED = "abc\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe"
COLOURED = "\x1b[31mred\x1b[0m"
LONG = "x" * 10_000
PLANNED = {
    "plan": {
        "build": ["acme/new 1.0.0"] + [f"acme/more {number}" for number in range(300)],
        "corrected": ["acme/corrected 1.0.0"],
        "withheld": {"acme/withheld": "taken from elsewhere"},
        "reuse": ["acme/kept 1.0.0"],
    },
    "skipped": [{"code": "too-old", "subject": "acme 0.1", "message": "before the first tag"}],
    "releases": {"2.4.9": {"complete": False, "missing": ["acme/closed"]}, "2.4.8": {"complete": True, "missing": []}},
}


@pytest.fixture
def distribution(settings: Settings, tmp_path: Path) -> Distribution:
    use_data_dir(settings, tmp_path)
    return Distribution.objects.get(is_default=True)


@pytest.fixture
def builder(db: None) -> Client:
    return logged_in(a_person("jane", "builder"))


@pytest.fixture
def auditor(db: None) -> Client:
    return logged_in(a_person("joe", "auditor"))


@pytest.fixture
def publisher(db: None) -> Client:
    return logged_in(a_person("kim", "publisher"))


@pytest.fixture
def superuser(db: None) -> Client:
    return logged_in(a_person("root", superuser=True))


def a_build(distribution: Distribution, state: str = Build.State.SUCCEEDED, **fields: Any) -> Build:
    ended = NOW if state in {Build.State.SUCCEEDED, Build.State.FAILED, Build.State.CANCELED} else None
    begun = None if state == Build.State.QUEUED else NOW - timedelta(seconds=65)
    return Build.objects.create(
        distribution=distribution, state=state, **{"started_at": begun, "ended_at": ended, **fields}
    )


def say(build: Build, *texts: str, level: str = BuildLine.Level.INFO, step: str = "make") -> None:
    first = build.lines.count() + 1
    lines = [
        BuildLine(build=build, number=number, at=NOW, level=level, step=step, text=text)
        for number, text in enumerate(texts, first)
    ]
    BuildLine.objects.bulk_create(lines)


def page(build: Build, client: Client, query: str = "") -> str:
    reply = client.get(reverse("admin:mirror_build_change", args=[build.pk]) + query)
    assert reply.status_code == 200
    return reply.content.decode()


def log_of(build: Build, client: Client) -> str:
    reply: Any = client.get(reverse("admin:mirror_build_log", args=[build.pk]))
    assert reply.status_code == 200
    return b"".join(reply.streaming_content).decode()


def press(client: Client, action: str, build: Build) -> str:
    reply = client.post(reverse(f"admin:mirror_build_{action}", args=[build.pk]), follow=True)
    assert reply.status_code == 200
    return reply.content.decode()


def order(client: Client, distribution: Distribution, **wanted: Any) -> str:
    reply = client.post(f"{reverse('admin:mirror_build_add')}?distribution={distribution.pk}", wanted, follow=True)
    assert reply.status_code == 200
    return reply.content.decode()


def queries(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        ask()
    return len(captured)


def test_a_build_is_ordered_with_what_was_chosen(
    distribution: Distribution, publisher: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        said = order(publisher, distribution, only=["magento2", "inventory"], approve="on", note="for 2.4.9")
    build = Build.objects.get()
    assert (build.kind, build.state, build.actor) == (Build.Kind.BUILD, Build.State.QUEUED, "kim")
    assert build.trigger == Build.Trigger.PERSON
    assert build.options == {"only": ["magento2", "inventory"], "approve": True, "note": "for 2.4.9"}
    assert OrmQ.objects.get().key == "builds"
    assert f"Build {build.pk} of {distribution} was queued" in said
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user.get_username()) == (str(build.pk), "kim")


def test_a_plan_is_queued_as_a_plan(distribution: Distribution, builder: Client) -> None:
    order(builder, distribution, plan="yes", note="")
    assert Build.objects.get().kind == Build.Kind.PLAN
    assert Build.objects.get().options == {}


def test_only_who_may_approve_can_have_releases_approved(distribution: Distribution, builder: Client) -> None:
    address = reverse("admin:mirror_build_add")
    assert 'name="approve"' not in builder.get(address).content.decode()
    assert builder.post(address, {"approve": "on"}).status_code == 403
    assert not Build.objects.exists()


def test_a_source_that_the_recipe_does_not_know_is_refused(distribution: Distribution, builder: Client) -> None:
    assert "not one of the available choices" in order(builder, distribution, only=["<b>elsewhere"])
    assert not Build.objects.exists()


def test_a_second_build_is_not_queued_behind_one_that_waits(distribution: Distribution, builder: Client) -> None:
    first = a_build(distribution, Build.State.QUEUED)
    said = order(builder, distribution)
    assert f"Build {first.pk} of {distribution} waits already" in said
    assert "disabled" in said
    assert Build.objects.count() == 1


def test_a_build_is_queued_behind_one_that_runs(distribution: Distribution, builder: Client) -> None:
    a_build(distribution, Build.State.RUNNING)
    order(builder, distribution)
    assert Build.objects.waiting().count() == 1


def test_a_recipe_with_a_fault_is_told_before_anything_is_queued(
    distribution: Distribution, builder: Client, tmp_path: Path
) -> None:
    Distribution.objects.update(recipe=str(tmp_path / "absent.toml"))
    assert "cannot be read" in order(builder, distribution)
    assert not Build.objects.exists()


def test_a_distribution_that_follows_another_is_synced(distribution: Distribution, builder: Client) -> None:
    Distribution.objects.update(follows="https://origin.example/")
    said = builder.get(reverse("admin:mirror_build_add")).content.decode()
    assert "https://origin.example/" in said
    assert 'name="plan"' not in said
    order(builder, distribution)
    assert Build.objects.get().kind == Build.Kind.SYNC


def test_a_distribution_that_is_not_there_is_not_found(distribution: Distribution, builder: Client) -> None:
    assert builder.get(f"{reverse('admin:mirror_build_add')}?distribution=%3Cb").status_code == 404


def test_a_plan_shows_what_a_build_would_do(distribution: Distribution, builder: Client) -> None:
    said = page(a_build(distribution, kind=Build.Kind.PLAN, report=PLANNED), builder)
    for text in (
        "New: 301", "acme/new 1.0.0", "and 101 more", "Corrected: 1", "Withheld: 1",
        "acme/withheld: taken from elsewhere", "There already: 1", "Skipped: 1", "before the first tag",
        "Releases: 2", "2.4.9", "acme/closed", "Start this build",
    ):  # fmt: skip
        assert text in said, text


def test_a_plan_is_started_with_its_options(distribution: Distribution, builder: Client) -> None:
    plan = a_build(distribution, kind=Build.Kind.PLAN, options={"only": ["magento2"], "note": "why"})
    press(builder, "start", plan)
    build = Build.objects.get(kind=Build.Kind.BUILD)
    assert (build.options, build.actor) == (plan.options, "jane")


def test_a_plan_is_not_started_while_a_build_waits(distribution: Distribution, builder: Client) -> None:
    plan = a_build(distribution, kind=Build.Kind.PLAN)
    a_build(distribution, Build.State.QUEUED)
    said = page(plan, builder)
    assert "waits already" in said
    assert "Start this build" not in said
    assert "waits already" in press(builder, "start", plan)
    assert Build.objects.count() == 2


def test_a_build_that_is_no_plan_cannot_be_started(distribution: Distribution, builder: Client) -> None:
    build = a_build(distribution)
    assert builder.post(reverse("admin:mirror_build_start", args=[build.pk])).status_code == 404
    assert "Start this build" not in page(build, builder)


def test_a_waiting_build_is_canceled_at_once(distribution: Distribution, builder: Client) -> None:
    build = a_build(distribution, Build.State.QUEUED)
    assert "Cancel" in page(build, builder)
    press(builder, "cancel", build)
    build.refresh_from_db()
    assert (build.state, build.canceled_by) == (Build.State.CANCELED, "jane")
    assert LogEntry.objects.get().change_message == "Canceled."


def test_a_running_build_is_asked_to_stop(distribution: Distribution, builder: Client) -> None:
    build = a_build(distribution, Build.State.RUNNING)
    assert "is being canceled" in press(builder, "cancel", build)
    build.refresh_from_db()
    assert build.state == Build.State.CANCELING


def test_what_ended_meanwhile_is_not_canceled(distribution: Distribution, builder: Client) -> None:
    build = a_build(distribution)
    assert "is succeeded already; nothing was changed" in press(builder, "cancel", build)
    assert not LogEntry.objects.exists()


def test_a_retry_has_the_same_inputs_and_is_linked(
    distribution: Distribution, builder: Client, django_capture_on_commit_callbacks: Any
) -> None:
    build = a_build(distribution, Build.State.FAILED, options={"only": ["magento2"]})
    with django_capture_on_commit_callbacks(execute=True):
        said = press(builder, "retry", build)
    again = Build.objects.get(parent=build)
    assert (again.options, again.state, again.actor) == (build.options, Build.State.QUEUED, "jane")
    assert f">build {build.pk}</a>" in said
    assert f">build {again.pk}, queued</a>" in page(build, builder)
    assert OrmQ.objects.count() == 1
    assert {entry.object_id for entry in LogEntry.objects.all()} == {str(build.pk), str(again.pk)}


def test_a_retry_that_waits_is_not_made_twice(distribution: Distribution, builder: Client) -> None:
    build = a_build(distribution, Build.State.FAILED)
    press(builder, "retry", build)
    assert "a retry of it and waits already" in press(builder, "retry", build)
    assert build.retries.count() == 1


def test_a_running_build_is_not_retried(distribution: Distribution, builder: Client) -> None:
    build = a_build(distribution, Build.State.RUNNING)
    assert "wait for its end" in press(builder, "retry", build)
    assert Build.objects.count() == 1


@pytest.mark.parametrize(("kind", "options"), [(Build.Kind.BUILD, {"approve": True}), (Build.Kind.IMPORT, {})])
def test_what_a_builder_may_not_start_a_builder_may_not_retry(
    distribution: Distribution, builder: Client, publisher: Client, kind: str, options: dict[str, Any]
) -> None:
    build = a_build(distribution, Build.State.FAILED, kind=kind, options=options)
    assert "Retry" not in page(build, builder)
    assert builder.post(reverse("admin:mirror_build_retry", args=[build.pk])).status_code == 403
    press(publisher, "retry", build)
    assert build.retries.count() == 1


def test_an_auditor_sees_all_and_changes_nothing(distribution: Distribution, auditor: Client) -> None:
    build = a_build(distribution, Build.State.QUEUED, kind=Build.Kind.PLAN)
    said = page(build, auditor)
    for word in ("Cancel", "Retry", "Start this build"):
        assert word not in said
    for action in ("cancel", "retry", "start"):
        assert auditor.post(reverse(f"admin:mirror_build_{action}", args=[build.pk])).status_code == 403
    assert auditor.get(reverse("admin:mirror_build_add")).status_code == 403
    assert auditor.post(reverse("admin:mirror_build_add")).status_code == 403
    build.refresh_from_db()
    assert build.state == Build.State.QUEUED
    assert Build.objects.count() == 1


def test_who_has_no_role_sees_no_build(distribution: Distribution) -> None:
    build = a_build(distribution)
    client = logged_in(a_person("new"))
    for name in ("change", "progress", "log"):
        assert client.get(reverse(f"admin:mirror_build_{name}", args=[build.pk])).status_code == 403


@pytest.mark.parametrize("action", ["cancel", "retry", "start"])
def test_nothing_is_done_by_following_a_link(distribution: Distribution, builder: Client, action: str) -> None:
    build = a_build(distribution, kind=Build.Kind.PLAN)
    assert builder.get(reverse(f"admin:mirror_build_{action}", args=[build.pk])).status_code == 405


def test_nothing_is_done_without_a_token_of_the_form(distribution: Distribution) -> None:
    client = logged_in(a_person("jane", "builder"), Client(enforce_csrf_checks=True))
    build = a_build(distribution, Build.State.QUEUED)
    assert client.post(reverse("admin:mirror_build_cancel", args=[build.pk])).status_code == 403
    build.refresh_from_db()
    assert build.state == Build.State.QUEUED


@pytest.mark.parametrize("number", ["0", "999999999", "9" * 5000, "x"])
def test_a_build_that_is_not_there_is_not_found(distribution: Distribution, auditor: Client, number: str) -> None:
    assert auditor.get(f"/admin/mirror/build/{number}/change/").status_code == 404


def test_a_build_cannot_be_edited(distribution: Distribution, superuser: Client) -> None:
    build = a_build(distribution)
    for name in ("change", "delete"):
        assert superuser.post(reverse(f"admin:mirror_build_{name}", args=[build.pk])).status_code == 403


def test_a_running_build_shows_how_far_it_is_and_renews_itself(distribution: Distribution, auditor: Client) -> None:
    build = a_build(distribution, Build.State.RUNNING)
    BuildStep.objects.create(build=build, position=1, name="fetch", state="succeeded", done=3, total=3, unit="sources")
    BuildStep.objects.create(
        build=build, position=2, name="make", state="running", done=12, total=30, unit="dists", item="acme/library"
    )
    for said in (
        page(build, auditor),
        auditor.get(reverse("admin:mirror_build_progress", args=[build.pk])).content.decode(),
    ):
        assert "12 of 30 dists" in said
        assert "acme/library" in said
        assert '<progress max="30" value="12"' in said
        assert f'data-said="Build {build.pk} is running, at the step make."' in said
        assert 'hx-trigger="every 2s"' in said
        assert "<html" in said or 'role="status"' not in said  # the part that is renewed is not announced


def test_a_page_has_one_live_region(distribution: Distribution, auditor: Client) -> None:
    said = page(a_build(distribution, Build.State.RUNNING), auditor)
    assert said.count('role="status"') + said.count("aria-live") == 1
    assert said.count("htmx.js") == 1
    assert "<noscript>" in said


def test_a_build_that_has_ended_is_not_asked_about_again(distribution: Distribution, auditor: Client) -> None:
    build = a_build(distribution)
    assert "hx-trigger" not in auditor.get(reverse("admin:mirror_build_progress", args=[build.pk])).content.decode()


def test_a_failure_leads_to_its_line(distribution: Distribution, auditor: Client) -> None:
    build = a_build(distribution, Build.State.FAILED, failure="no space left on the disk")
    say(build, *["fine"] * 400)
    say(build, "no space left on the disk", level=BuildLine.Level.ERROR)
    say(build, *["more"] * 400)
    said = page(build, auditor)
    assert "no space left on the disk" in said
    assert "at the step make" in said
    assert "?line=401#line-401" in said
    assert 'id="line-401"' not in said
    assert 'id="line-401"' in page(build, auditor, "?line=401")


def test_the_end_of_a_log_is_shown(distribution: Distribution, auditor: Client) -> None:
    build = a_build(distribution)
    say(build, *(f"line {number}" for number in range(1, 501)))
    said = page(build, auditor)
    assert "300 earlier lines not shown" in said
    assert [f'id="line-{number}"' in said for number in (300, 301, 500)] == [False, True, True]


@pytest.mark.parametrize("around", ["1", "250", "500", "999999999", "", "-1", "x", "9" * 5000])
def test_the_log_is_shown_around_any_line(distribution: Distribution, auditor: Client, around: str) -> None:
    build = a_build(distribution)
    say(build, *["said"] * 500)
    assert page(build, auditor, f"?line={around}").count('id="line-') == course.LINES_SHOWN


def test_what_other_programs_said_is_for_those_who_may_read_it(distribution: Distribution) -> None:
    build = a_build(distribution)
    say(build, "ours")
    say(build, "fatal: from git", level=BuildLine.Level.RAW)
    member = a_person("new")
    member.user_permissions.add(*_permissions("view_build"))
    client = logged_in(member)
    assert "fatal: from git" not in page(build, client)
    assert "fatal: from git" not in log_of(build, client)
    assert "ours" in log_of(build, client)
    reader = logged_in(a_person("joe", "auditor"))
    assert "fatal: from git" in page(build, reader)
    assert "fatal: from git" in log_of(build, reader)


def _permissions(*codenames: str) -> Any:
    return Permission.objects.filter(codename__in=codenames)


def test_a_log_is_downloaded_whole(distribution: Distribution, auditor: Client) -> None:
    build = a_build(distribution)
    say(build, *(f"line {number}" for number in range(1, 1001)))
    lines = log_of(build, auditor).splitlines()
    assert len(lines) == 1000
    assert lines[0] == "2026-01-02T03:04:05Z info    make    line 1"
    reply = auditor.get(reverse("admin:mirror_build_log", args=[build.pk]))
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Content-Disposition"] == f'attachment; filename="build-{build.pk}.txt"'


def test_everybody_may_read_what_we_said_ourselves(distribution: Distribution, client: Client) -> None:
    build = a_build(distribution)
    say(build, f"ours {SCRIPT}")
    say(build, "fatal: from git", level=BuildLine.Level.RAW)
    reply: Any = client.get(f"/repository/builds/{build.pk}/log.txt")
    text = b"".join(reply.streaming_content).decode()
    assert SCRIPT in text
    assert "fatal" not in text
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "public, max-age=3600"


def test_the_log_of_a_running_build_is_not_kept(distribution: Distribution, client: Client) -> None:
    build = a_build(distribution, Build.State.RUNNING)
    assert client.get(f"/repository/builds/{build.pk}/log.txt").headers["Cache-Control"] == "no-store"
    assert client.get("/repository/builds/0/log.txt").status_code == 404
    assert client.post(f"/repository/builds/{build.pk}/log.txt").status_code == 405


@pytest.mark.parametrize("text", [SCRIPT, TURNED, COLOURED, LONG])
def test_what_others_wrote_does_no_harm(distribution: Distribution, auditor: Client, text: str) -> None:
    finding = {"code": text, "subject": text, "message": text}
    report: dict[str, Any] = {
        "errors": [finding], "warnings": [finding], "skipped": [finding],
        "plan": {"build": [text], "corrected": [text], "withheld": {text: text}, "reuse": [text]},
        "releases": {text: {"complete": False, "missing": [text]}},
    }  # fmt: skip
    build = a_build(
        distribution, kind=Build.Kind.PLAN, report=report, failure=text, actor=text[:150], canceled_by=text[:150],
        options={text: text, "note": text},
    )  # fmt: skip
    BuildStep.objects.create(build=build, position=1, name="make", item=text[:300])
    say(build, text[:1000])
    said = page(build, auditor)
    assert SCRIPT not in said
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in said.replace(TURNED[:1000], "")
    assert "\x1b" not in said.replace(COLOURED, "")
    assert len(said) < 200_000
    assert "x" * 2000 not in said
    listed = auditor.get(reverse("admin:mirror_build_changelist")).content.decode()
    assert SCRIPT not in listed


def test_the_facts_of_a_build_are_told(distribution: Distribution, auditor: Client) -> None:
    publication = publish(distribution, [SHOP, LIBRARY])
    build = a_build(
        distribution, built=12, reused=34, publication=publication, actor="jane", attempts=2, trigger="person",
        report={"errors": [{"code": "no-name", "subject": "acme 1.2.4", "message": "has no name"}]},
    )  # fmt: skip
    said = page(build, auditor)
    for text in ("jane (person)", "12 package versions", "34 package versions", "1:05", "Errors: 1", "has no name"):
        assert text in said, text
    assert reverse("admin:mirror_publication_change", args=[publication.pk]) in said


def test_a_pruned_log_is_said_to_be_pruned(distribution: Distribution, auditor: Client) -> None:
    assert "Its log was pruned" in page(a_build(distribution), auditor)
    assert "Nothing was said yet" in page(a_build(distribution, Build.State.QUEUED), auditor)


def test_the_list_is_searched_and_filtered(distribution: Distribution, auditor: Client) -> None:
    report: dict[str, Any] = {"errors": [{}], "warnings": [{}, {}]}
    a_build(distribution, Build.State.FAILED, actor="jane", failure="disk full", report=report)
    a_build(distribution, actor="kim")
    address = reverse("admin:mirror_build_changelist")
    assert "1, 2" in auditor.get(address).content.decode()
    for query, found in (("q=disk", "jane"), ("q=kim", "kim"), ("state__exact=failed", "jane")):
        said = auditor.get(f"{address}?{query}").content.decode()
        assert ("jane" in said, "kim" in said) == (found == "jane", found == "kim"), query


def test_the_page_says_what_a_build_waits_for(distribution: Distribution, auditor: Client) -> None:
    waiting = a_build(distribution, Build.State.QUEUED)
    assert "It waits for a worker." in page(waiting, auditor)
    first = a_build(distribution, Build.State.RUNNING, kind=Build.Kind.IMPORT)
    said = re.sub(r"<[^>]*>", "", page(waiting, auditor))
    assert f"It waits for import {first.pk}, which runs." in said
    after = a_build(distribution, Build.State.QUEUED, not_before=NOW)
    Build.objects.filter(pk=first.pk).update(state=Build.State.SUCCEEDED)
    said = re.sub(r"<[^>]*>", "", page(after, auditor))
    assert f"It waits for build {waiting.pk}, which comes first, and for more that may be pushed." in said


def test_a_longer_list_takes_no_more_queries(distribution: Distribution, auditor: Client) -> None:
    publication = publish(distribution, [SHOP])
    address = reverse("admin:mirror_build_changelist")
    parent = a_build(distribution)
    for _ in range(29):
        a_build(distribution, publication=publication, parent=parent)
    auditor.get(address)
    before = queries(lambda: auditor.get(address))
    for _ in range(15):
        a_build(distribution, publication=publication, parent=parent)
    assert queries(lambda: auditor.get(address)) == before


def test_a_longer_build_takes_no_more_queries(distribution: Distribution, auditor: Client) -> None:
    def filled(size: int) -> Build:
        build = a_build(distribution, kind=Build.Kind.PLAN, report=PLANNED, parent=a_build(distribution))
        for number in range(size):
            BuildStep.objects.create(build=build, position=number, name=f"step {number}")
            a_build(distribution, parent=build)
        say(build, *["said"] * size * 10)
        say(build, *["wrong"] * size, level=BuildLine.Level.ERROR)
        return build

    short, long = filled(3), filled(30)
    page(short, auditor)
    assert queries(lambda: page(short, auditor)) == queries(lambda: page(long, auditor))


def test_a_distribution_is_read_by_staff_and_changed_by_superusers(
    distribution: Distribution, publisher: Client, superuser: Client
) -> None:
    address = reverse("admin:mirror_distribution_change", args=[distribution.pk])
    assert 'name="notice"' not in publisher.get(address).content.decode()
    assert publisher.post(address, settings_of(distribution, notice="no")).status_code == 403
    said = superuser.get(address).content.decode()
    assert 'name="notice"' in said
    assert 'name="slug"' not in said
    assert "http://portal.example/" in said
    assert superuser.post(address, settings_of(distribution, notice="yes", interval=30)).status_code == 302
    distribution.refresh_from_db()
    assert (distribution.notice, distribution.interval) == ("yes", 30)
    assert Schedule.objects.filter(minutes=30).exists()
    assert superuser.post(reverse("admin:mirror_distribution_delete", args=[distribution.pk])).status_code == 403


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"interval": "3"}, "3 minutes cannot be kept"),
        ({"interval": "100000"}, "write 0 for never"),
        ({"recipe": "absent.toml"}, "cannot be read"),
        ({"follows": "http://portal.example/"}, "this distribution itself"),
        ({"follows": "not an address"}, "neither an http(s) address nor a directory"),
        ({"follows": "https://jane:secret@origin.example/"}, "holds a login"),
        ({"sources_dir": "/nowhere/at/all"}, "no such directory"),
    ],
)
def test_a_wrong_setting_is_told_at_its_field(
    distribution: Distribution, superuser: Client, fields: dict[str, str], fault: str
) -> None:
    reply = superuser.post(
        reverse("admin:mirror_distribution_change", args=[distribution.pk]), settings_of(distribution, **fields)
    )
    ((field, said),) = reply.context["adminform"].form.errors.items()
    assert field == next(iter(fields))
    assert fault in str(said)


def test_a_recipe_that_does_not_parse_is_refused(distribution: Distribution, superuser: Client, tmp_path: Path) -> None:
    recipe = tmp_path / "wrong.toml"
    recipe.write_text("schema = 1\nsurprise = true\n")
    address = reverse("admin:mirror_distribution_change", args=[distribution.pk])
    errors = superuser.post(address, settings_of(distribution, recipe=str(recipe))).context["adminform"].form.errors
    assert "surprise" in str(errors["recipe"])


def settings_of(distribution: Distribution, **changed: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: getattr(distribution, name)
        for name in ("title", "notice", "base_url", "recipe", "sources_dir", "interval", "follows")
    }
    return fields | {"is_default": "on", "approve_releases": "on"} | changed


def test_a_distribution_leads_to_what_it_has(distribution: Distribution, auditor: Client, publisher: Client) -> None:
    address = reverse("admin:mirror_distribution_change", args=[distribution.pk])
    said = auditor.get(address).content.decode()
    for model in ("build", "publication", "release", "source"):
        assert f"{reverse(f'admin:mirror_{model}_changelist')}?distribution__id__exact={distribution.pk}" in said
    assert "New build" not in said
    assert "Publish the newest" not in said
    said = publisher.get(address).content.decode()
    assert "New build" in said
    assert "Publish the newest" in said


def test_the_newest_build_is_published(distribution: Distribution, publisher: Client, builder: Client) -> None:
    publication = publish(distribution, [SHOP, LIBRARY])
    a_build(distribution, version_set=publication.version_set)
    Distribution.objects.update(publication=None)
    address = reverse("admin:mirror_distribution_publish", args=[distribution.pk])
    assert builder.post(address).status_code == 403
    assert publisher.get(address).status_code == 405
    said = publisher.post(address, follow=True).content.decode()
    assert "is served now" in said
    newest = Publication.objects.first()
    assert newest is not None
    assert (newest.actor, newest.cause) == ("kim", "publish")
    assert LogEntry.objects.filter(object_id=str(distribution.pk), user__username="kim").exists()


def test_without_a_build_nothing_is_published(distribution: Distribution, publisher: Client) -> None:
    address = reverse("admin:mirror_distribution_publish", args=[distribution.pk])
    assert "no build that succeeded" in publisher.post(address, follow=True).content.decode()
    assert publisher.post(reverse("admin:mirror_distribution_publish", args=[0])).status_code == 404


def test_build_now_queues_each_chosen_distribution_once(distribution: Distribution, builder: Client) -> None:
    address = reverse("admin:mirror_distribution_changelist")
    chosen = {"action": "build_now", "_selected_action": [distribution.pk]}
    assert "was queued" in builder.post(address, chosen, follow=True).content.decode()
    assert "waits already" in builder.post(address, chosen, follow=True).content.decode()
    assert Build.objects.get().actor == "jane"


def test_who_may_not_build_is_refused_the_action(distribution: Distribution, auditor: Client) -> None:
    chosen = {"action": "build_now", "_selected_action": [distribution.pk]}
    assert auditor.post(reverse("admin:mirror_distribution_changelist"), chosen).status_code == 403
    assert not Build.objects.exists()


def test_more_distributions_take_no_more_queries(distribution: Distribution, auditor: Client) -> None:
    def grow(first: int) -> None:
        for number in range(first, first + 30):
            one = Distribution.objects.create(slug=f"d{number}", title="one", recipe="mirror.toml")
            Distribution.objects.filter(pk=one.pk).update(publication=a_row_of_publication(one))

    address = reverse("admin:mirror_distribution_changelist")
    grow(0)
    auditor.get(address)
    before = queries(lambda: auditor.get(address))
    grow(30)
    assert queries(lambda: auditor.get(address)) == before


def test_a_queue_that_does_not_answer_keeps_the_build_waiting(
    distribution: Distribution,
    builder: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(Conf, "BROKER_CLASS", "mageos_portal.heartbeat.RedisBroker")
    build = a_build(distribution, Build.State.FAILED)
    with django_capture_on_commit_callbacks(execute=True):
        press(builder, "retry", build)
    again = build.retries.get()
    assert (again.state, again.handed_at) == (Build.State.QUEUED, None)
