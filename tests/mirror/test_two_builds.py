"""Several processes at once: one changes a distribution, the others wait or give way, and readers notice nothing."""

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.packages import package as packed
from tests.support.packages import put
from tests.support.portal import ADDRESS, Portal, ended, go_on, hanging_at, new_portal, recipe
from tests.support.repositories import add_tags, make_repository, package
from tests.support.server import Site, free_port, serving

MANY = 30  # versions; enough that a build starts children
FLIPS = 12

SHELL = ("shell", "--verbosity", "0", "--command")
PROLOGUE = "from mirror.models import Distribution\n"

# Sets the first and the second publication again and again.
FLIPPING = f"""
from mirror import publishing
from mirror.models import Distribution
for number in (1, 2) * {FLIPS}:
    distribution = Distribution.objects.get(slug="mirror")
    publishing.roll_back(distribution.publications.get(number=number), actor="")
"""


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A portal whose library has one published version and many new ones."""
    portal = new_portal(tmp_path_factory.mktemp("two") / "portal")
    library = make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
    make_repository(portal.sources / "tool", {"1.0.0": {"composer.json": package("acme/tool")}})
    portal.build()
    tree = {"composer.json": package("acme/library"), "text": "x" * 10_000}
    add_tags(library, {f"1.{n}.0": {**tree, "n": str(n)} for n in range(1, MANY)})
    return portal


@pytest.fixture
def portal(beginning: Portal, tmp_path: Path) -> Portal:
    return beginning.copy_to(tmp_path / "portal")


def test_a_second_build_gives_way_and_names_the_first(portal: Portal) -> None:
    before = portal.manifest()
    with hanging_at("planned", portal, *portal.build_arguments()) as first:
        answer = portal.command(*portal.build_arguments(), status=1)
        assert portal.manifest() == before
        report = go_on(first).report
    named = f"a build of mirror by process {first.pid} is running; wait for it with --wait, or try again later"
    assert answer.err == f"CommandError: {named}\n"
    assert (report["built"], report["publication"]) == (MANY - 1, 2)
    portal.assert_whole()
    assert portal.query("SELECT state FROM mirror_build ORDER BY id") == [("succeeded",)] * 2


def test_a_build_that_waits_succeeds_when_the_first_has_ended(portal: Portal) -> None:
    with hanging_at("dists-made", portal, *portal.build_arguments()) as first:
        second = portal.start(*portal.build_arguments("--wait"))
        go_on(first)
        report = ended(second).report
    assert (report["built"], report["reused"], report["publication"]) == (0, MANY, None)
    (one, two) = portal.query("SELECT started_at, ended_at FROM mirror_build ORDER BY id DESC LIMIT 2")
    assert one[0] >= two[1]
    portal.assert_whole()


def test_a_build_that_waits_goes_on_when_the_first_is_killed(portal: Portal) -> None:
    with hanging_at("dists-made", portal, *portal.build_arguments()) as first:
        second = portal.start(*portal.build_arguments("--wait"))
        first.kill()
        report = ended(second).report
    assert (report["built"] + report["reused"], report["publication"]) == (MANY, 2)
    portal.assert_whole()


def test_builds_that_begin_together_all_end_well_or_give_way(portal: Portal) -> None:
    answers = [ended(one, None) for one in [portal.start(*portal.build_arguments()) for _ in range(3)]]
    assert 0 in {answer.status for answer in answers}
    for answer in answers:
        assert answer.status == 0 or " is running; wait for it with --wait" in answer.err
    assert len(portal.manifest()) == 2 + MANY
    portal.assert_whole()


def test_a_plan_can_be_made_while_a_build_runs(portal: Portal) -> None:
    with hanging_at("planned", portal, *portal.build_arguments()) as first:
        assert len(portal.build("--plan")["plan"]["build"]) == MANY - 1
        assert go_on(first).report["built"] == MANY - 1


def test_an_import_gives_way_to_a_build(portal: Portal) -> None:
    archives = put(portal.directory / "archives", payments=packed("closed/payments"))
    with hanging_at("dists-made", portal, *portal.build_arguments()) as first:
        answer = portal.command("import_archives", "mirror", str(archives), status=1)
        go_on(first)
    assert f"a build of mirror by process {first.pid} is running" in answer.err
    portal.assert_whole()


@pytest.mark.parametrize("boundary", ["", "first-dists-made"])
def test_two_distributions_are_built_at_once(portal: Portal, boundary: str) -> None:
    other = Portal(portal.directory, portal.more, "packages")
    other.use_recipe(recipe("tool", "library"))
    if boundary:
        with hanging_at(boundary, portal, *portal.build_arguments()) as first:
            reports = [other.build(), go_on(first).report]
    else:
        processes = [one.start(*one.build_arguments()) for one in (portal, other)]
        reports = [ended(process).report for process in processes]
    assert [report["errors"] for report in reports] == [[], []]
    for one, versions in ((portal, MANY), (other, MANY + 1)):
        one.assert_whole()
        assert len([path for path in one.manifest() if path.endswith(".zip")]) == versions
    addresses = [one.versions("acme/library")["1.0.0"]["dist"]["url"] for one in (portal, other)]
    assert addresses[1] == addresses[0].replace("/packages/", "/d/packages/packages/", 1)


@contextmanager
def reading(port: int, paths: list[str], seen: list[tuple[str, int, str, str]]) -> Iterator[None]:
    """Ask for files again and again meanwhile, as a client does that keeps its connection."""
    stopped = threading.Event()

    def read() -> None:
        connection = HTTPConnection("127.0.0.1", port)
        while not stopped.is_set():
            for path in paths:
                connection.request("GET", f"/{path}", headers={"Host": urlsplit(ADDRESS).netloc})
                answer = connection.getresponse()
                digest = hashlib.sha256(answer.read()).hexdigest()
                seen.append((path, answer.status, digest, answer.headers["Last-Modified"]))
        connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def test_readers_never_see_a_mixture(portal: Portal) -> None:
    portal.build()
    listings = [
        json.loads((portal.files / f"publications/{number}/.listing.json").read_bytes())["files"] for number in (1, 2)
    ]
    port = free_port()
    environment = {**portal.environment, "PORTAL_ALLOWED_HOSTS": "127.0.0.1"}
    seen: list[tuple[str, int, str, str]] = []
    paths = ["manifest.sha256", "p2/acme/library.json", "packages.json"]
    with serving(Site(f"http://127.0.0.1:{port}", portal.data, environment), port), reading(port, paths, seen):
        flipping = portal.start("shell", "--verbosity", "0", "--command", FLIPPING)
        whole = 0
        while flipping.poll() is None:
            portal_as_it_is(portal)
            whole += 1
        ended(flipping)
    assert {status for _, status, _, _ in seen} == {200}
    for path in paths:
        digests = [digest for found, _, digest, _ in seen if found == path]
        assert set(digests) == {listing[path][0] for listing in listings}
        changes = sum(one != two for one, two in zip(digests, digests[1:], strict=False))
        dates = {date for found, _, _, date in seen if found == path}
        assert path == "packages.json" or 0 < changes < len(dates) + 1
    assert whole > 1


REQUESTS = 20_000
READERS = 4
# Publishes and rolls back ten times, and then goes on until it is told to stop.
SWITCHING = """
import os, sys
from mirror import publishing
switched = 0
while switched < 10 or not os.path.exists({stop!r}):
    for number in (1, 2):
        distribution = Distribution.objects.get(slug="mirror")
        publishing.roll_back(distribution.publications.get(number=number), actor="")
    publishing.publish_newest_build(Distribution.objects.get(slug="mirror"), actor="")
    switched += 3
print(switched)
"""


def read_as_composer(port: int, requests: int, seen: Counter[tuple[str, int]]) -> None:
    """Read the metadata, mostly conditionally, and see that each dist that it names is there."""
    connection = HTTPConnection("127.0.0.1", port)
    tag = ""

    def ask(kind: str, method: str, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
        connection.request(method, path, headers={"Host": urlsplit(ADDRESS).netloc, **headers})
        answer = connection.getresponse()
        seen[kind, answer.status] += 1
        return answer, answer.read()

    while sum(seen.values()) < requests:
        answer, body = ask("metadata", "GET", "/p2/acme/library.json", **{"If-None-Match": tag})
        tag = answer.headers["ETag"]
        for version in json.loads(body)["packages"]["acme/library"][:20] if body else ():
            if "dist" in version:
                ask("dist", "HEAD", urlsplit(version["dist"]["url"]).path)
        ask("nothing", "GET", "/p2/acme/nothing.json")
        ask("root", "GET", "/packages.json")
    connection.close()


def test_twenty_thousand_requests_meanwhile_are_all_answered(portal: Portal) -> None:
    portal.build()
    port, stop = free_port(), portal.directory / "stop"
    environment = {**portal.environment, "PORTAL_ALLOWED_HOSTS": "127.0.0.1"}
    seen: list[Counter[tuple[str, int]]] = [Counter() for _ in range(READERS)]
    with serving(Site(f"http://127.0.0.1:{port}", portal.data, environment), port):
        switching = portal.start(*SHELL, PROLOGUE + SWITCHING.format(stop=str(stop)))
        share = REQUESTS // READERS
        readers = [threading.Thread(target=read_as_composer, args=(port, share, count)) for count in seen]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        stop.touch()
        switched = int(ended(switching).out)
    total: Counter[tuple[str, int]] = sum(seen, Counter())
    assert switched >= 10
    assert total.total() >= REQUESTS
    assert total.keys() == {
        ("metadata", 200), ("metadata", 304), ("dist", 200), ("nothing", 404), ("root", 200),
    }  # fmt: skip


def portal_as_it_is(portal: Portal) -> None:
    """Read the publication that the link names now: all its files are of one set."""
    directory = portal.current.parent / portal.current.readlink()
    try:
        listing = json.loads((directory / ".listing.json").read_bytes())
        contents = {path: (directory / path).read_bytes() for path in listing["files"]}
    except FileNotFoundError:  # it is old by now and was cleared away
        assert os.fspath(directory) != os.fspath(portal.current.parent / portal.current.readlink())
        return
    for path, (digest, _, _) in listing["files"].items():
        assert hashlib.sha256(contents[path]).hexdigest() == digest
