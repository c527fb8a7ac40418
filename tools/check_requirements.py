"""Hold that the pinned requirements are what their .in files ask for. Needs no network."""

import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Pins = dict[str, set[str]]  # name to versions; several where the Python version decides


def asked_for(path: Path) -> list[Requirement]:
    """Read an input file without its comments and options."""
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def pins(path: Path) -> Pins:
    """Read the names and versions of a compiled file."""
    found: Pins = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            requirement = Requirement(line.rstrip("\\ "))
            versions = {specifier.version for specifier in requirement.specifier}
            found.setdefault(canonicalize_name(requirement.name), set()).update(versions)
    return found


def faults(source: Path) -> list[str]:
    """Compare an input file with what was compiled from it."""
    compiled = source.with_suffix(".txt")
    found = pins(compiled)
    return [
        f"{compiled}: {requirement} of {source} is not what is pinned; run: make requirements"
        for requirement in asked_for(source)
        if not any(requirement.specifier.contains(v) for v in found.get(canonicalize_name(requirement.name), ()))
    ]


def disagreements(runtime: Path, development: Path) -> list[str]:
    """Name what is tested in another version than it runs in."""
    tested = pins(development)
    return [
        f"{development}: {name} is not pinned as in {runtime}; run: make requirements"
        for name, versions in pins(runtime).items()
        if tested.get(name) != versions
    ]


def main() -> int:
    found = faults(Path("requirements.in")) + faults(Path("requirements-dev.in"))
    found += disagreements(Path("requirements.txt"), Path("requirements-dev.txt"))
    print("\n".join(found) or "The pinned requirements are in step.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
