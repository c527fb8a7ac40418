"""The checks of our own that `make check` runs."""

from pathlib import Path

import pytest

from tools.check_requirements import disagreements, faults
from tools.check_vendor_words import is_exempt, vendor_lines


@pytest.mark.parametrize(
    "line", ["if name == 'magento/framework':", "# as Mage-OS does", "ADOBE = 1", "class MagentoRule:"]
)
def test_a_line_that_names_a_vendor_is_found(line: str) -> None:
    assert vendor_lines(f"import re\n{line}\n") == [2]


def test_our_own_package_is_no_vendor() -> None:
    assert vendor_lines("from mageos_portal.registry import navigation\n") == []


@pytest.mark.parametrize(
    ("path", "exempt"),
    [
        ("mirror/sampling/core.py", True),
        ("mirror/management/commands/create_sample_sources.py", True),
        ("mirror/migrations/0001_initial.py", True),
        ("mirror/plan.py", False),
        ("mirror/management/commands/build_distribution.py", False),
    ],
)
def test_only_the_sample_maker_and_migrations_may_name_vendors(path: str, exempt: bool) -> None:
    assert is_exempt(Path(path)) is exempt


@pytest.mark.parametrize(
    ("asked", "pinned", "expected"),
    [
        ("Django~=5.2.0", "django==5.2.19", 0),
        ("psycopg[binary]>=3", "psycopg==3.3.9", 0),
        ("Django~=5.2.0", "django==6.0", 1),
        ("pydantic", "django==5.2.19", 1),
    ],
)
def test_pins_that_are_not_what_was_asked_for_are_found(tmp_path: Path, asked: str, pinned: str, expected: int) -> None:
    source = tmp_path / "requirements.in"
    source.write_text(f"# a comment\n{asked}\n")
    source.with_suffix(".txt").write_text(f"{pinned} \\\n    --hash=sha256:00\n")
    assert len(faults(source)) == expected


def test_a_version_that_is_tested_but_not_run_is_found(tmp_path: Path) -> None:
    runtime, development = tmp_path / "requirements.txt", tmp_path / "requirements-dev.txt"
    runtime.write_text("django==5.2.19 \\\n    --hash=sha256:00\n")
    development.write_text("django==5.2.18 \\\n    --hash=sha256:00\n")
    assert len(disagreements(runtime, development)) == 1
