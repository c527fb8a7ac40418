"""Real clones give what upstream published: `make test-real SOURCES=DIR`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mirror.composer.minify import expand
from tests.real.comparison import compare, table

ROOT = Path(__file__).parents[2]
SOURCES = os.environ.get("PORTAL_TEST_SOURCES", "")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SOURCES, reason="needs real clones: make test-real SOURCES=DIR"),
]


def test_real_sources_give_what_upstream_published(tmp_path: Path) -> None:
    report = built_report(tmp_path)
    files = tmp_path / "distributions" / "mirror"
    absent = [w["subject"] for w in report["warnings"] if w["code"] == "source-absent"]
    rows = list(compare(files / "dists", built_paths(files / "current"), absent))
    print("\n" + table(rows))  # noqa: T201
    print_faults(report)
    unexplained = [row for row in rows if row.verdict in {"different", "missing"} and not row.known]
    assert any(row.verdict == "equal" for row in rows), "no package that upstream published was built"
    assert not unexplained


def built_report(data_dir: Path) -> dict[str, list[dict[str, str]]]:
    ours = {"PORTAL_DATA_DIR": str(data_dir), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
    environment = {**os.environ, **ours}
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "--verbosity=0"], env=environment, check=True)
    command = [*manage, "build_distribution", "mirror", f"--sources={Path(SOURCES).resolve()}", "--approve", "--json"]
    built = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    report: dict[str, list[dict[str, str]]] = json.loads(built.stdout)
    return report


def built_paths(current: Path) -> dict[tuple[str, str], str]:
    """Give the path of each published dist by name and version, as a client would find it."""
    found = {}
    for file in (current / "p2").rglob("*.json"):
        for name, minified in json.loads(file.read_bytes())["packages"].items():
            for version in expand(minified):
                path = "packages/" + version["dist"]["url"].partition("/packages/")[2]
                found[name, version["version"]] = path
    return found


def print_faults(report: dict[str, list[dict[str, str]]]) -> None:
    for level in ("warnings", "errors"):
        for fault in report[level]:
            print(f"{level[:-1]} [{fault['code']}] {fault['subject']}: {fault['message']}")  # noqa: T201
