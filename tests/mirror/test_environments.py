"""What is published depends on the sources and the recipe, and on nothing else."""

from pathlib import Path

import pytest

from tests.support.portal import SHOP, Portal, ended, new_portal, release
from tests.support.repositories import EXECUTABLE, add_tags, make_repository, package

# Sets the mask of new files' permissions, then does what manage.py does.
WITH_UMASK = """
import os, sys
os.umask(int(sys.argv[1], 8))
sys.argv = ["manage.py", *sys.argv[2:]]
import manage
manage.main()
"""
MANY = 30  # versions; enough that a build starts children

ENVIRONMENTS = {
    "usual": ("022", "2", {}),
    "alone, in Nepal, in Turkish, private": ("077", "1", {"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8"}),
    "four, in Honolulu, plain, open": ("000", "4", {"TZ": "Pacific/Honolulu", "LC_ALL": "C", "PYTHONHASHSEED": "1"}),
    "no time zone, ASCII only": (
        "027",
        "2",
        {"TZ": "", "LC_ALL": "POSIX", "LANG": "", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "2"},
    ),
}


@pytest.fixture(scope="module")
def unbuilt(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    portal = new_portal(tmp_path_factory.mktemp("environments") / "portal", SHOP)
    extension = {
        "composer.json": package("acme/extension", description="Größe İı", keywords=["İ", "ı"]),
        "src/Größe.php": "<?php // é",
        "src/İ.php": "<?php",
        ("bin/run", EXECUTABLE): "#!/bin/sh\n",
    }
    make_repository(portal.sources / "core", {"1.0.0": release("1.0.0")})
    make_repository(portal.sources / "extension", {"1.0.0": extension})
    add_tags(portal.sources / "extension", {f"1.0.{n}": {**extension, "n": str(n)} for n in range(1, MANY)})
    return portal


def built(unbuilt: Portal, directory: Path, environment: str) -> dict[str, str]:
    umask, jobs, variables = ENVIRONMENTS[environment]
    portal = unbuilt.copy_to(directory)
    arguments = portal.build_arguments("--approve", "--jobs", jobs)
    report = ended(portal.run(("-c", WITH_UMASK, umask, *arguments), variables)).report
    assert (report["built"], report["errors"], report["warnings"]) == (MANY + 5, [], [])
    portal.assert_whole()
    return portal.manifest()


@pytest.fixture(scope="module")
def usual(unbuilt: Portal, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return built(unbuilt, tmp_path_factory.mktemp("environments") / "usual", "usual")


@pytest.mark.parametrize("environment", list(ENVIRONMENTS)[1:])
def test_manifests_are_equal_everywhere(
    unbuilt: Portal, usual: dict[str, str], tmp_path: Path, environment: str
) -> None:
    assert built(unbuilt, tmp_path / "portal", environment) == usual


def test_a_time_is_told_in_utc(unbuilt: Portal, tmp_path: Path) -> None:
    portal = unbuilt.copy_to(tmp_path / "portal")
    portal.build("--only", "core", TZ="Asia/Kathmandu")
    assert portal.versions("acme/module-one")["1.0.0"]["time"] == "2022-02-22T23:02:22+00:00"
