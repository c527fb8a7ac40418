"""Publications: immutable, whole, later than what was there before; rolling back, withdrawing, purging, amending."""

import json
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.portal import ADDRESS, Answer, Portal, hanging_at, new_portal, recipe, snapshot
from tests.support.repositories import add_tags, make_repository, package
from tests.support.server import Site, free_port, serving

LIBRARY, TOOL = "p2/acme/library.json", "p2/acme/tool.json"
OLD, NEW = "packages/acme/library-1.0.0.zip", "packages/acme/library-1.1.0.zip"
AMENDMENT = """
[[amend]]
package = "acme/library"
version = "1.0.0"
section = "require"
old = { "php" = "^7.4" }
new = { "php" = "^7.4 || ^8.0" }
reason = "it runs with PHP 8, too"
"""

Listing = dict[str, tuple[str, int]]  # sha256 and Last-Modified by path


@pytest.fixture(scope="module")
def two_publications(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Publication 1 has a library and a tool; 2 has a newer library and another package."""
    portal = new_portal(tmp_path_factory.mktemp("publishing") / "portal", recipe("library", "tool", "other"))
    tree = {"composer.json": package("acme/library", require={"php": "^7.4"})}
    make_repository(portal.sources / "library", {"1.0.0": tree})
    make_repository(portal.sources / "tool", {"1.0.0": {"composer.json": package("acme/tool")}})
    portal.build("--only", "library", "tool")
    add_tags(portal.sources / "library", {"1.1.0": tree})
    make_repository(portal.sources / "other", {"1.0.0": {"composer.json": package("acme/other")}})
    portal.build()
    return portal


@pytest.fixture
def portal(two_publications: Portal, tmp_path: Path) -> Portal:
    return two_publications.copy_to(tmp_path / "portal")


def listing(portal: Portal, number: int | None = None) -> Listing:
    place = portal.files / "publications" / str(number or portal.publication)
    body = json.loads((place / ".listing.json").read_bytes())
    return {path: (digest, last_modified) for path, (digest, _, last_modified) in body["files"].items()}


def assert_later(before: Listing, after: Listing) -> None:
    """Check that what changed has a later time than all before, and that nothing else has another one."""
    latest = max(last_modified for _, last_modified in before.values())
    for path, (digest, last_modified) in after.items():
        if path in before and before[path][0] == digest:
            assert before[path][1] == last_modified, path
        else:
            assert last_modified > latest, path


def take_out(portal: Portal, verb: str, name: str, *versions: str) -> str:
    wanted = f"PackageVersion.objects.of(distribution).filter(package__name={name!r}, version__in={versions!r})"
    return portal.python(
        f"from mirror import publishing\n"
        f"try: print(publishing.{verb}({wanted}, reason='licence', actor='Ada'))\n"
        f"except publishing.PublishingError as error: print(type(error).__name__, error)"
    )


def publish_in_turn(portal: Portal, *numbers: str) -> list[Answer]:
    """Set publications again, one after the other; the empty number is that of the newest build."""
    answers = portal.in_turn(*(("publish_distribution", "mirror", *(["--to", n] if n else [])) for n in numbers))
    assert {answer.status for answer in answers} == {0}, answers
    return answers


def test_a_publication_never_changes(portal: Portal) -> None:
    before = {number: snapshot(portal.files / "publications" / str(number)) for number in (1, 2)}
    publish_in_turn(portal, "1", "")
    assert portal.publication == 4
    assert {number: snapshot(portal.files / "publications" / str(number)) for number in (1, 2)} == before


def test_the_manifest_lists_and_hashes_everything(two_publications: Portal) -> None:
    served = {path for path in listing(two_publications) if path != "manifest.sha256"}
    assert two_publications.manifest().keys() == served | two_publications.dists().keys()
    two_publications.assert_whole()
    (row,) = two_publications.query("SELECT manifest_sha256 FROM mirror_publication WHERE number = 2")
    assert listing(two_publications)["manifest.sha256"][0] == row[0]


def test_unchanged_files_keep_their_time_and_changed_ones_get_a_later_one(two_publications: Portal) -> None:
    before, after = listing(two_publications, 1), listing(two_publications, 2)
    assert_later(before, after)
    assert {path for path in after if before.get(path) != after[path]} == {
        LIBRARY,
        "p2/acme/other.json",
        "packages.json",
        "manifest.sha256",
    }


def test_rolling_back_publishes_the_old_set_anew_with_later_times(portal: Portal) -> None:
    first, second = listing(portal, 1), listing(portal, 2)
    assert portal.publish("--to", "1", "--actor", "Ada") == 3
    third = listing(portal)
    portal.assert_whole()
    assert {path: digest for path, (digest, _) in third.items()} == {
        path: digest for path, (digest, _) in first.items()
    }
    assert_later(second, third)
    assert portal.dists().keys() > {path for path in portal.manifest() if path.endswith(".zip")}
    found = portal.query("SELECT action, subject, reason, actor FROM mirror_change")
    assert found == [("rolled back", "mirror #3", "publication 1 was set again as 3", "Ada")]
    assert portal.query("SELECT cause, restores_id FROM mirror_publication WHERE number = 3") == [("rollback", 1)]


def test_after_a_rollback_the_newest_build_can_be_published_again(portal: Portal) -> None:
    before = portal.manifest()
    portal.publish("--to", "1")
    rolled_back = listing(portal)
    assert portal.publish() == 4
    assert portal.manifest() == before
    assert_later(rolled_back, listing(portal))


def test_a_build_keeps_a_rollback_and_adds_what_is_new(portal: Portal) -> None:
    portal.publish("--to", "1")
    assert portal.build()["publication"] is None
    assert portal.publication == 3
    add_tags(portal.sources / "tool", {"1.1.0": {"composer.json": package("acme/tool")}})
    assert portal.build()["publication"] == 4
    assert list(portal.versions("acme/tool")) == ["1.1.0", "1.0.0"]
    assert list(portal.versions("acme/library")) == ["1.0.0"]


def test_publishing_what_is_served_already_changes_nothing(portal: Portal) -> None:
    before = snapshot(portal.files)
    said = {answer.out for answer in publish_in_turn(portal, "", "2")}
    assert said == {"Nothing to change: exactly this is served already.\n"}
    assert snapshot(portal.files) == before


def test_a_rollback_says_what_is_served(portal: Portal) -> None:
    assert portal.command("publish_distribution", "mirror", "--to", "1").out == "Publication 3 is served.\n"


def test_a_publication_that_is_not_there_is_refused_with_those_that_are(two_publications: Portal) -> None:
    answer = two_publications.command("publish_distribution", "mirror", "--to", "9", status=1)
    assert answer.err == "CommandError: mirror has no publication 9; the newest are 2, 1\n"


def test_publishing_needs_a_build(tmp_path: Path) -> None:
    portal = new_portal(tmp_path / "portal")
    answer = portal.command("publish_distribution", "mirror", status=1)
    assert "mirror has no build that succeeded; run build_distribution first" in answer.err
    assert not portal.current.exists()


def test_publishing_gives_way_to_a_running_build(portal: Portal) -> None:
    with hanging_at("fetched", portal, *portal.build_arguments()) as process:
        answer = portal.command("publish_distribution", "mirror", "--to", "1", status=1)
    assert f"a build of mirror by process {process.pid} is running; try again when it has ended" in answer.err
    assert portal.publication == 2


def test_an_old_publication_can_be_set_again_when_its_directory_is_cleared_away(portal: Portal) -> None:
    first = listing(portal, 1)
    publish_in_turn(portal, "1", "2", "1", "2", "1", "2")
    assert not (portal.files / "publications/1").exists()
    portal.publish("--to", "1")
    assert {path: digest for path, (digest, _) in listing(portal).items()} == {
        path: digest for path, (digest, _) in first.items()
    }
    portal.assert_whole()


def test_a_withdrawn_version_leaves_the_metadata_and_its_bytes_stay(portal: Portal) -> None:
    before = portal.dists()
    assert "mirror #3" in take_out(portal, "withdraw", "acme/library", "1.1.0")
    assert list(portal.versions("acme/library")) == ["1.0.0"]
    assert NEW not in portal.manifest()
    assert portal.dists() == before
    assert_later(listing(portal, 2), listing(portal, 3))
    found = portal.query("SELECT action, subject, reason, actor FROM mirror_change")
    assert found == [("withdrawn", "acme/library 1.1.0", "licence", "Ada")]


def test_a_withdrawn_version_comes_back_by_no_build_and_no_rollback(portal: Portal) -> None:
    take_out(portal, "withdraw", "acme/library", "1.1.0")
    add_tags(portal.sources / "tool", {"1.1.0": {"composer.json": package("acme/tool")}})
    assert portal.build()["built"] == 1
    portal.publish("--to", "2")
    assert list(portal.versions("acme/library")) == ["1.0.0"]
    portal.publish()
    assert list(portal.versions("acme/library")) == ["1.0.0"]
    assert list(portal.versions("acme/tool")) == ["1.1.0", "1.0.0"]


def test_a_package_whose_versions_are_all_withdrawn_is_not_listed(portal: Portal) -> None:
    take_out(portal, "withdraw", "acme/library", "1.0.0", "1.1.0")
    root = json.loads((portal.current / "packages.json").read_bytes())
    assert root["available-packages"] == ["acme/other", "acme/tool"]
    assert LIBRARY not in listing(portal)
    portal.assert_whole()


def test_a_purged_version_loses_its_bytes_and_stays_purged(portal: Portal) -> None:
    take_out(portal, "purge", "acme/library", "1.1.0")
    assert list(portal.versions("acme/library")) == ["1.0.0"]
    assert NEW not in portal.dists()
    assert gone(portal) == [NEW]
    report = portal.build()
    assert (report["built"], report["errors"]) == (0, [])
    assert portal.publish("--to", "1") == 4
    assert gone(portal) == [NEW]
    assert NEW not in portal.dists()
    assert ("purged", "acme/library 1.1.0") in portal.query("SELECT action, subject FROM mirror_change")


def gone(portal: Portal) -> list[str]:
    found: list[str] = json.loads((portal.current / ".listing.json").read_bytes())["gone"]
    return found


def test_a_version_that_was_withdrawn_can_be_purged(portal: Portal) -> None:
    take_out(portal, "withdraw", "acme/library", "1.1.0")
    take_out(portal, "purge", "acme/library", "1.1.0")
    assert gone(portal) == [NEW]
    assert NEW not in portal.dists()


@pytest.mark.parametrize("verb", ["withdraw", "purge"])
def test_everything_cannot_be_taken_out(tmp_path: Path, verb: str) -> None:
    portal = new_portal(tmp_path / "portal")
    make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
    portal.build()
    before = portal.dists()
    assert "PublishingError" in take_out(portal, verb, "acme/library", "1.0.0").replace(
        "NothingToPublish", "Publishing"
    )
    assert portal.query("SELECT withdrawn_at, purged_at FROM mirror_packageversion") == [(None, None)]
    assert portal.query("SELECT * FROM mirror_change") == []
    assert portal.dists() == before
    portal.assert_whole()


def test_an_amendment_changes_links_and_no_archive(portal: Portal) -> None:
    before = portal.dists()
    portal.use_recipe(recipe("library", "tool", "other") + AMENDMENT)
    report = portal.build("--actor", "Ada")
    assert (report["built"], report["publication"], report["errors"]) == (0, 3, [])
    assert portal.versions("acme/library")["1.0.0"]["require"] == {"php": "^7.4 || ^8.0"}
    assert portal.versions("acme/library")["1.1.0"]["require"] == {"php": "^7.4"}
    assert portal.dists() == before
    assert_later(listing(portal, 2), listing(portal, 3))
    portal.assert_whole()
    (row,) = portal.query("SELECT action, subject, reason, actor, detail FROM mirror_change")
    assert row[:4] == ("amended", "acme/library 1.0.0", "it runs with PHP 8, too", "Ada")
    assert json.loads(row[4]) == {
        "section": "require",
        "old": {"php": "^7.4"},
        "new": {"php": "^7.4 || ^8.0"},
    }
    assert portal.build()["publication"] is None
    assert len(portal.query("SELECT * FROM mirror_change")) == 1


def test_an_amendment_that_does_not_fit_is_an_error(portal: Portal) -> None:
    before = portal.manifest()
    portal.use_recipe(recipe("library", "tool", "other") + AMENDMENT.replace('"^7.4" }', '"^5.6" }'))
    (found,) = portal.build()["errors"]
    assert (found["code"], found["subject"]) == ("amend-mismatch", "acme/library 1.0.0")
    assert "^7.4" in found["message"]
    assert portal.manifest() == before
    assert portal.query("SELECT * FROM mirror_change") == []


@pytest.fixture
def served(portal: Portal) -> Iterator[tuple[Portal, int]]:
    """The portal with its server, and the server's port."""
    port = free_port()
    environment = {**portal.environment, "PORTAL_ALLOWED_HOSTS": "127.0.0.1"}
    with serving(Site(f"http://127.0.0.1:{port}", portal.data, environment), port):
        yield portal, port


def get(port: int, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", f"/{path}", headers={"Host": urlsplit(ADDRESS).netloc, **named})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_clients_see_a_rollback_a_withdrawal_and_a_purge(served: tuple[Portal, int]) -> None:
    portal, port = served
    first, body = get(port, LIBRARY)
    assert b"1.1.0" in body
    date = first.headers["Last-Modified"]
    assert get(port, LIBRARY, If_Modified_Since=date)[0].status == 304
    portal.publish("--to", "1")
    changed, body = get(port, LIBRARY, If_Modified_Since=date)
    assert (changed.status, b"1.1.0" in body) == (200, False)
    assert parsedate_to_datetime(changed.headers["Last-Modified"]) > parsedate_to_datetime(date)
    assert get(port, TOOL, If_Modified_Since=get(port, TOOL)[0].headers["Last-Modified"])[0].status == 304
    portal.publish()
    take_out(portal, "withdraw", "acme/library", "1.1.0")
    assert (b"1.1.0" in get(port, LIBRARY)[1], get(port, NEW)[0].status) == (False, 200)
    take_out(portal, "purge", "acme/library", "1.1.0")
    assert (get(port, NEW)[0].status, get(port, OLD)[0].status) == (410, 200)
