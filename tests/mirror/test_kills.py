"""A build or a publish that is killed at any moment: what was served is, and the next one finishes the work."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from mirror import faults
from tests.support.portal import (
    SHOP,
    Portal,
    Process,
    ended,
    family,
    give_work_to_children,
    hanging_at,
    new_portal,
    release,
)
from tests.support.repositories import add_tags, make_repository, package

SECONDS_TO_END = 60  # for the children of a killed build
MOMENTS = range(5)
MANY = 40  # versions; enough that a build starts children
AMENDMENT = """
[[amend]]
package = "acme/extension"
version = "1.0.0"
section = "require"
old = { "php" = "^8.1" }
new = { "php" = "^8.2" }
reason = "as upstream says"
"""


@dataclass(frozen=True, slots=True)
class Before:
    """A portal before a build, what that build gives when nothing disturbs it, and how long it takes."""

    portal: Portal
    manifest: Mapping[str, str]
    seconds: float


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    """One release is served; the next one, many versions and an amendment wait to be built."""
    portal = new_portal(tmp_path_factory.mktemp("kills") / "portal", SHOP)
    extension = {"composer.json": package("acme/extension", require={"php": "^8.1"}), "text": "x" * 40_000}
    make_repository(portal.sources / "core", {"1.0.0": release("1.0.0")})
    make_repository(portal.sources / "extension", {"1.0.0": extension})
    portal.build("--approve")
    add_tags(portal.sources / "core", {"1.0.1": release("1.0.1")})
    add_tags(portal.sources / "extension", {f"1.0.{n}": {**extension, "n": str(n)} for n in range(1, MANY)})
    portal.use_recipe(SHOP + AMENDMENT)
    undisturbed = portal.copy_to(tmp_path_factory.mktemp("kills") / "undisturbed")
    started = time.monotonic()
    report = undisturbed.build("--approve")
    seconds = time.monotonic() - started
    assert (report["built"], report["errors"]) == (MANY + 4, [])
    assert undisturbed.versions("acme/extension")["1.0.0"]["require"] == {"php": "^8.2"}
    undisturbed.assert_whole()
    return Before(portal, undisturbed.manifest(), seconds)


@pytest.fixture
def portal(before: Before, tmp_path: Path) -> Portal:
    return before.portal.copy_to(tmp_path / "portal")


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # between two looks; the loop ends by itself


def killed_after(process: Process, seconds: float) -> bool:
    """Kill a process at a moment, and tell whether it lived until then."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


def assert_served(portal: Portal, *possible: Mapping[str, str]) -> None:
    assert portal.manifest() in possible
    portal.assert_whole()


def assert_finished(portal: Portal, manifest: Mapping[str, str]) -> None:
    """Build again, and check that the result is whole, remembered, and that nothing is left lying about."""
    report = portal.build("--approve")
    assert report["errors"] == []
    assert portal.manifest() == manifest
    portal.assert_whole()
    served = portal.query("SELECT number FROM mirror_publication ORDER BY number DESC LIMIT 1")
    assert served == [(portal.publication,)]
    assert portal.query("SELECT version FROM mirror_release WHERE published_at IS NULL") == []
    assert portal.query("SELECT COUNT(*) FROM mirror_build WHERE state = 'running'") == [(0,)]
    assert portal.dists().keys() == {path for path in manifest if path.endswith(".zip")}
    assert leftovers(portal) == []


def leftovers(portal: Portal) -> list[str]:
    """Give files and directories that only a process at work may have, and publications that nobody knows."""
    hidden = [path for path in portal.files.rglob(".*") if path.name not in {".tmp", ".listing.json"}]
    known = {str(number) for (number,) in portal.query("SELECT number FROM mirror_publication")}
    unknown = [path for path in (portal.files / "publications").iterdir() if path.name not in known]
    temporary = list((portal.files / "dists/.tmp").iterdir())
    return [str(path) for path in hidden + unknown + temporary]


@pytest.mark.parametrize("boundary", faults.BOUNDARIES)
def test_a_build_killed_at_a_boundary_loses_nothing(before: Before, portal: Portal, boundary: str) -> None:
    process = portal.start(*portal.build_arguments("--approve"), PORTAL_KILL_AT=boundary)
    ended(process, -signal.SIGKILL)
    old = before.portal.manifest()
    assert_served(portal, before.manifest if boundary == "pointer-switched" else old)
    assert portal.query("SELECT state FROM mirror_build ORDER BY id DESC LIMIT 1") == [("running",)]
    assert_finished(portal, before.manifest)
    sentence = "its process died; the next build went on"
    assert ("failed", sentence) in portal.query("SELECT state, failure FROM mirror_build")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_build_killed_at_any_moment_loses_nothing(before: Before, portal: Portal, moment: int) -> None:
    share = random.Random(moment).uniform(0.3, 1.0)  # noqa: S311 - it takes a while to start
    killed_after(portal.start(*portal.build_arguments("--approve")), share * before.seconds)
    assert_served(portal, before.portal.manifest(), before.manifest)
    assert_finished(portal, before.manifest)


def test_the_children_of_a_killed_build_end(portal: Portal) -> None:
    give_work_to_children(portal, SHOP)
    with hanging_at("first-dists-made", portal, *portal.build_arguments("--approve", "--jobs", "2")) as process:
        children = family(process.pid)
        assert children
        process.kill()
        process.wait()
        wait_until(lambda: not children & family(0), SECONDS_TO_END)
    portal.assert_whole()


def test_what_a_killed_process_left_is_cleared_away(before: Before, portal: Portal) -> None:
    stored = next((portal.files / "metadata").glob("*/*.gz")).with_suffix("")
    left = [
        portal.files / "dists/.tmp/1-1",
        portal.files / "publications/.new-abcdefgh/p2/half.json",
        portal.files / ".current-1",
        stored.with_name(f".{stored.name}.1"),
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    assert_finished(portal, before.manifest)


@pytest.fixture(scope="module")
def built(before: Before, tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Two publications, the second one is served."""
    portal = before.portal.copy_to(tmp_path_factory.mktemp("kills") / "built")
    portal.build("--approve")
    return portal


@pytest.fixture(scope="module")
def rolled_back(built: Portal, tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, str], float]:
    """What rolling back to the first publication gives when nothing disturbs it, and how long it takes."""
    portal = built.copy_to(tmp_path_factory.mktemp("kills") / "rolled-back")
    started = time.monotonic()
    portal.publish("--to", "1")
    return portal.manifest(), time.monotonic() - started


PUBLISHING = [b for b in faults.BOUNDARIES if b.startswith(("metadata", "publication", "pointer"))]


@pytest.mark.parametrize("boundary", PUBLISHING)
def test_a_publish_killed_at_a_boundary_loses_nothing(
    before: Before, built: Portal, rolled_back: tuple[Mapping[str, str], float], tmp_path: Path, boundary: str
) -> None:
    portal = built.copy_to(tmp_path / "portal")
    process = portal.start("publish_distribution", "mirror", "--to", "1", PORTAL_KILL_AT=boundary)
    ended(process, -signal.SIGKILL)
    target, _ = rolled_back
    assert_served(portal, target if boundary == "pointer-switched" else before.manifest)
    portal.publish("--to", "1")
    assert_served(portal, target)
    portal.publish()
    assert_served(portal, before.manifest)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_publish_killed_at_any_moment_loses_nothing(
    before: Before, built: Portal, rolled_back: tuple[Mapping[str, str], float], tmp_path: Path, moment: int
) -> None:
    portal = built.copy_to(tmp_path / "portal")
    target, seconds = rolled_back
    share = random.Random(moment).uniform(0.5, 1.0)  # noqa: S311 - it takes a while to start
    killed_after(portal.start("publish_distribution", "mirror", "--to", "1"), share * seconds)
    assert_served(portal, before.manifest, target)
    portal.publish("--to", "1")
    assert_served(portal, target)


@pytest.mark.parametrize("boundary", PUBLISHING)
@pytest.mark.parametrize("verb", ["withdraw", "purge"])
def test_taking_a_version_out_is_finished_by_the_next_build(
    built: Portal, tmp_path: Path, verb: str, boundary: str
) -> None:
    portal = built.copy_to(tmp_path / "portal")
    taking = f"""
from mirror import publishing
from mirror.models import PackageVersion
rows = PackageVersion.objects.filter(package__name="acme/extension", version="1.0.7")
publishing.{verb}(rows, reason="licence", actor="Ada")
"""
    process = portal.start("shell", "--verbosity", "0", "--command", taking, PORTAL_KILL_AT=boundary)
    ended(process, -signal.SIGKILL)
    portal.assert_whole()
    portal.build("--approve")
    portal.assert_whole()
    assert "1.0.7" not in portal.versions("acme/extension")
    path = "packages/acme/extension-1.0.7.zip"
    assert (path in portal.dists()) == (verb == "withdraw")
    listing = json.loads((portal.current / ".listing.json").read_bytes())
    assert listing["gone"] == ([path] if verb == "purge" else [])
