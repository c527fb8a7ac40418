"""Hold that the engine knows no vendor: their names belong in recipes and in the sample maker only."""

import re
import sys
from pathlib import Path

VENDOR_WORDS = re.compile(r"magento|mage-os|mageos(?!_portal)|adobe", re.IGNORECASE)
ENGINE = Path("mirror")
EXEMPT = (
    ENGINE / "sampling",
    ENGINE / "sampling.py",
    ENGINE / "migrations",
    ENGINE / "management/commands/create_sample_sources.py",
    ENGINE / "management/commands/run_sample.py",
)


def vendor_lines(text: str) -> list[int]:
    """Return the numbers of the lines that name a vendor."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if VENDOR_WORDS.search(line)]


def is_exempt(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in EXEMPT)


def main() -> int:
    found = [
        f"{path}:{number}: names a vendor; move it to a recipe in mirror/recipes/"
        for path in sorted(ENGINE.rglob("*.py"))
        if not is_exempt(path)
        for number in vendor_lines(path.read_text(encoding="utf-8"))
    ]
    print("\n".join(found) or "No vendor is named in the engine.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
