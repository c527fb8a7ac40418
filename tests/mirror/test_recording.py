"""What a build says is kept, bounded and clean, and costs few writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mirror import recording
from mirror.findings import error, warning
from mirror.models import Build, BuildLine, BuildStep, Distribution
from mirror.progress import Progress
from mirror.recording import Record, clean

STEPS = (("fetch", "sources"), ("make", "dists"))


@pytest.fixture
def build(db: None) -> Build:
    return Build.objects.create(distribution=Distribution.objects.get(slug="mirror"))


@pytest.fixture
def record(build: Build) -> Record:
    record = Record(build.pk)
    record.expect(STEPS)
    return record


def steps(build: Build) -> list[tuple[str, str, int, int, str]]:
    return list(build.steps.values_list("name", "state", "done", "total", "item"))


def lines(build: Build) -> list[tuple[str, str, str]]:
    return list(build.lines.values_list("level", "step", "text"))


def test_the_steps_to_come_are_shown_before_they_begin(build: Build, record: Record) -> None:
    assert steps(build) == [("fetch", "waiting", 0, 0, ""), ("make", "waiting", 0, 0, "")]
    assert list(build.steps.values_list("unit", flat=True)) == ["sources", "dists"]


def test_a_step_ends_when_the_next_one_begins(build: Build, record: Record) -> None:
    record.begin("fetch", 2)
    record.advance(1, "library")
    record.begin("make", 9)
    assert steps(build) == [("fetch", "succeeded", 1, 2, ""), ("make", "running", 0, 9, "")]
    first, second = build.steps.all()
    assert first.started_at
    assert first.ended_at == second.started_at
    record.close(BuildStep.State.FAILED)
    assert steps(build)[1] == ("make", "failed", 0, 9, "")


def test_a_step_that_nobody_expected_is_shown_too(build: Build, record: Record) -> None:
    record.begin("count", 1)
    assert steps(build)[-1] == ("count", "running", 0, 1, "")


def test_another_attempt_begins_its_steps_anew_and_goes_on_with_the_log(build: Build, record: Record) -> None:
    record.begin("fetch", 2)
    record.say("one")
    record.write()
    again = Record(build.pk)
    again.expect(STEPS)
    again.say("two")
    again.write()
    assert steps(build) == [("fetch", "waiting", 0, 0, ""), ("make", "waiting", 0, 0, "")]
    assert list(build.lines.values_list("number", "text")) == [(1, "one"), (2, "two")]


def test_a_thousand_words_within_a_second_cost_few_writes(build: Build, record: Record) -> None:
    record.begin("make", 1000)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for n in range(1000):
            record.advance(1, f"item {n}")
            record.say(f"line {n}")
    assert len(queries) <= 12  # two writes, on a machine that stumbles
    record.write()
    assert steps(build)[1] == ("make", "running", 1000, 1000, "item 999")
    assert build.lines.count() == 1000


def test_what_a_keeper_writes_the_build_need_not(build: Build, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "INTERVAL", 0.0)
    record.begin("make", 3)
    record.is_kept = True
    with CaptureQueriesContext(connection) as queries:
        record.advance(1, "one")
        record.say("one")
    assert len(queries) == 0
    record.write()
    assert lines(build) == [("info", "make", "one")]


def test_a_log_is_bounded_and_says_so(build: Build, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_LINES", 5)
    for n in range(20):
        record.say(f"line {n}")
    record.write()
    assert [text for _, _, text in lines(build)] == [*(f"line {n}" for n in range(5)), recording.CUT]
    Record(build.pk).say("more")
    assert build.lines.count() == 6


def test_what_other_programs_say_is_raw_and_leaves_room_for_ours(
    build: Build, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_RAW_LINES", 2)
    record.quote("remote: a\nremote: b\nremote: c")
    record.say("ours")
    record.write()
    assert lines(build) == [("raw", "", "remote: a"), ("raw", "", "remote: b"), ("info", "", "ours")]


def test_what_could_not_be_written_is_written_later(
    build: Build, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("away")

    record.begin("make", 3)
    with monkeypatch.context() as patch:
        patch.setattr(record, "_store", fail)
        record.say("one")
        record.advance(2, "x")
        with pytest.raises(OSError, match="away"):
            record.write()
    record.say("two")
    record.write()
    assert lines(build) == [("info", "make", "one"), ("info", "make", "two")]
    assert steps(build)[1][2] == 2


CLEANED = {
    "colours": ("\x1b[31mred\x1b[0m \x1b]0;title\x07now", "red now"),
    "control characters": ("one\r\x07two\x00three\u202efour", "one  two three four"),
    "a half character": ("bad \udcff byte", "bad   byte"),
    "a login": ("from https://ada:secret@git.example/x.git", "from https://git.example/x.git"),
}


@pytest.mark.parametrize(("said", "kept"), CLEANED.values(), ids=CLEANED)
def test_lines_are_clean(said: str, kept: str) -> None:
    assert clean(said) == kept


def test_places_of_this_machine_are_not_told(settings: object, tmp_path: Path) -> None:
    settings.PORTAL_DATA_DIR = tmp_path / "data"  # type: ignore[attr-defined]
    settings.PORTAL_WORK_DIR = tmp_path / "data/work"  # type: ignore[attr-defined]
    assert (
        clean(f"cannot open {tmp_path}/data/work/x.git or {tmp_path}/data/y") == "cannot open <work>/x.git or <data>/y"
    )
    assert str(Path.home()) not in clean(f"{Path.home()}/.ssh")


@pytest.fixture
def progress(record: Record) -> Iterator[Progress]:
    progress = Progress()
    progress.record_in(record, STEPS)
    yield progress
    progress.finish()


def test_findings_are_lines_of_their_level(build: Build, progress: Progress) -> None:
    progress.step("fetch", 1)
    progress.tell([warning("tag-moved", "library tag 1.0.0", "was moved"), error("broken", "tool", "is broken")])
    progress.finish()
    assert lines(build) == [
        ("warning", "fetch", "library tag 1.0.0: was moved [tag-moved]"),
        ("error", "fetch", "tool: is broken [broken]"),
    ]


def test_what_git_said_is_quoted_for_staff_only(build: Build, progress: Progress) -> None:
    progress.tell([error("fetch-failed", "library", "fatal: no such host secret.internal")])
    progress.finish()
    public = build.lines.exclude(level=BuildLine.Level.RAW)
    assert [line.text for line in public] == ["library: could not be fetched; staff see what git said [fetch-failed]"]
    assert "secret.internal" in build.lines.get(level=BuildLine.Level.RAW).text
