"""Which packed package a distribution takes in, and under which path: a judgement on values alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mirror import composer_json
from mirror.composer.versions import InvalidVersionError, normalize
from mirror.metadata import body_of, compact
from mirror.recipe import Recipe

LONGEST_PATH, LONGEST_PART = 400, 250
SUFFIX = ".zip"
STANDARD_FOLDER = "packages"
FOLDERS_OF_CLIENTS = frozenset({"p2", "providers"})  # first parts that mean something else to composer
_VERSION_IN_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*", re.ASCII)
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~-]*", re.ASCII)
_STANDARD_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package version as it would be stored."""

    name: str
    version: str
    version_normalized: str
    path: str  # public, below the distribution's base
    body: str  # JSON, see `metadata.body_of`

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.version_normalized


@dataclass(frozen=True, slots=True)
class Judgement:
    """Without faults there is a candidate."""

    candidate: Candidate | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the judgement depends on besides the archive."""

    recipe: Recipe
    keep_paths: bool
    reserved: frozenset[str]  # first parts of paths that belong to the site


def judge(data: bytes, sha256: str, found_at: str, rules: Rules) -> Judgement:
    """Judge a composer.json from an archive that lies at ``found_at`` below the imported directory."""
    inspected = composer_json.inspect(data)
    name, version = inspected.name, inspected.version
    faults = [sentence for _, sentence in inspected.faults]
    if not inspected.faults:
        faults += _name_faults(name, rules.recipe)
        faults += _version_faults(version)
    if faults:
        return Judgement(None, tuple(faults))
    normalized = normalize(version)
    path = found_at if rules.keep_paths else standard_path(name, version)
    faults += _checksum_faults(rules.recipe, name, normalized, sha256)
    faults += _path_faults(path, name, normalized, rules.reserved)
    if faults:
        return Judgement(None, tuple(faults))
    body = compact(body_of(inspected.composer)).decode()
    return Judgement(Candidate(name, version, normalized, path, body), ())


def standard_path(name: str, version: str) -> str:
    return f"{STANDARD_FOLDER}/{name}-{version}{SUFFIX}"


def _name_faults(name: str, recipe: Recipe) -> Iterator[str]:
    if name in recipe.withheld_names:
        reason = next(entry.reason for entry in recipe.withhold if name in entry.names)
        yield f"{name} is withheld from this distribution: {reason}"
    elif not (recipe.is_own(name) or recipe.is_closed(name)):
        own = ", ".join(recipe.vendors)
        yield f"{name} is of none of the vendors of this distribution ({own}) and not in `closed` of its recipe"


def _version_faults(version: str) -> Iterator[str]:
    if not version:
        yield "composer.json has no version; add it and pack the archive anew"
    elif not _VERSION_IN_ADDRESS.fullmatch(version):
        yield f"the version {version!r} cannot be part of an address; use letters, digits and . _ + -"


def _checksum_faults(recipe: Recipe, name: str, normalized: str, sha256: str) -> Iterator[str]:
    for known in recipe.archive:
        if (known.package, normalize(known.version)) == (name, normalized) and known.sha256 != sha256:
            yield f"{name} {known.version} has the sha256 {sha256}, and the recipe says {known.sha256}"


def _path_faults(path: str, name: str, normalized: str, reserved: frozenset[str]) -> Iterator[str]:
    parts = path.split("/")
    if not path.endswith(SUFFIX) or any(part.endswith(SUFFIX) for part in parts[:-1]):
        yield f"{path!r} does not end, or does not only end, in {SUFFIX}"
    if not all(_PART.fullmatch(part) for part in parts):
        yield f"{path!r} cannot be an address; use letters, digits and . _ + ~ - in names that do not begin with a dot"
    if len(path) > LONGEST_PATH or max(map(len, parts)) > LONGEST_PART:
        yield f"{path[:LONGEST_PART]!r} is too long for an address ({LONGEST_PATH}, {LONGEST_PART} between slashes)"
    if parts[0] in reserved | FOLDERS_OF_CLIENTS:
        yield f"{path!r} is below {parts[0]}/, which the site keeps for itself; move the archive to another folder"
    if len(parts) == _STANDARD_DEPTH and parts[0] == STANDARD_FOLDER and not _is_place_of(path, name, normalized):
        yield f"{path!r} is the place of another package or version; keep only {name} and this version there"


def _is_place_of(path: str, name: str, normalized: str) -> bool:
    version = path.removeprefix(f"{STANDARD_FOLDER}/{name}-").removesuffix(SUFFIX)
    try:
        return version != path and normalize(version) == normalized
    except InvalidVersionError:
        return False
