"""Texts that were there before the portal, and a sample to try it with."""

from io import StringIO
from pathlib import Path

import git as gitpython
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from community.models import PolicyVersion
from mageos_portal.word_diff import word_diff

pytestmark = pytest.mark.django_db

GIVEN = ("--number", "1", "--published", "2022-02-21", "--approved-by", "board")


def run(*arguments: str) -> str:
    said = StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "conduct.md"
    file.write_text("---\ntitle: Conduct\n---\n# Conduct\r\n\nBe kind.\n")
    return file


def test_a_file_becomes_a_version_with_its_own_dates(file: Path) -> None:
    said = run("import_conduct", str(file), *GIVEN, "--effective", "2022-03-01", "--title", "Conduct")
    version = PolicyVersion.objects.get()
    assert version.sha256 in said
    assert (version.number, version.day, version.approved_by) == (1, "2022-03-01", "board")
    assert (version.markdown, version.html) == ("# Conduct\n\nBe kind.\n", "<p>Be kind.</p>\n")
    assert "is there already" in run("import_conduct", str(file), *GIVEN, "--title", "Conduct")
    assert PolicyVersion.objects.count() == 1


def test_a_text_is_read_from_git_with_its_commit(tmp_path: Path) -> None:
    with gitpython.Repo.init(tmp_path / "site") as repository:
        text = tmp_path / "site" / "conduct.md"
        for words in ("Be kind.", "Be nice."):
            text.write_text(words)
            repository.index.add(["conduct.md"])
            repository.index.commit(words)
        first, second = repository.commit("HEAD~1").hexsha, repository.head.commit.hexsha
    where = ("import_conduct", "conduct.md", "--repository", str(tmp_path / "site"))
    run(*where, "--commit", "HEAD~1", *GIVEN)
    run(*where, "--number", "2", "--published", "2022-02-22", "--approved-by", "board", "--editorial")
    found = list(PolicyVersion.objects.order_by("number").values_list("markdown", "source_commit", "material"))
    assert found == [("Be kind.\n", first, True), ("Be nice.\n", second, False)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nowhere.md", *GIVEN), "nowhere.md cannot be read"),
        (("FILE", "--number", "1", "--published", "soon", "--approved-by", "board"), "is no day"),
        (("FILE", *GIVEN, "--effective", "2022-02-20"), "would count before it was published"),
        (("FILE", "--number", "2", "--published", "2022-02-21", "--approved-by", "board"), "the first one is 1"),
        (("FILE", "--number", "1", "--published", "2022-02-21", "--approved-by", ""), "approved by nobody"),
        (("FILE", *GIVEN, "--locale", "de"), "publish that one first"),
        (("FILE", *GIVEN, "--repository", "DIRECTORY"), "is no git repository"),
        (("DIRECTORY", *GIVEN), "cannot be read"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_words(
    file: Path, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    places = {"FILE": str(file), "DIRECTORY": str(tmp_path)}
    with pytest.raises(CommandError, match=reason):
        run("import_conduct", *(places.get(each, each) for each in arguments))
    assert not PolicyVersion.objects.exists()


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "x"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="is not UTF-8"):
        run("import_conduct", str(binary), *GIVEN)
    binary.write_bytes(b"a" * 300_000)
    with pytest.raises(CommandError, match="so it is no policy"):
        run("import_conduct", str(binary), *GIVEN)


def test_the_sample_has_two_versions_that_differ_and_is_made_once() -> None:
    assert "Published 2 versions" in run("create_sample_conduct")
    second, first = PolicyVersion.objects.order_by("-number")
    comparison = word_diff(first.markdown, second.markdown)
    assert not comparison.is_same
    assert "There is a code of conduct already." in run("create_sample_conduct")


def test_the_sample_is_not_for_production(settings: Settings) -> None:
    settings.PORTAL_PRODUCTION = True
    with pytest.raises(CommandError, match="production portal"):
        run("create_sample_conduct")
    assert not PolicyVersion.objects.exists()
