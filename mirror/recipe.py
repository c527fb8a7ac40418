"""Recipes: the knowledge of how sources become packages, as validated data.

``RecipeError`` carries every fault of a file at once, each with the key that it is about.
"""

import fnmatch
import functools
import re
import tomllib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from mirror.composer.constraints import InvalidConstraintError
from mirror.composer.constraints import parse as parse_constraint
from mirror.composer.names import is_package_name, is_platform
from mirror.composer.versions import InvalidVersionError, normalize, sort_key
from mirror.releases import parse_range, within

LINK_SECTIONS = ("require", "require-dev", "suggest", "conflict", "replace", "provide")
GIT_ID = re.compile(r"[0-9a-f]{40}")
KEY = re.compile(r"[a-z0-9][a-z0-9._-]*")


class RecipeError(Exception):
    """A recipe that cannot be used; nothing was read from it."""

    def __init__(self, where: str, faults: list[str]) -> None:
        self.where = where
        self.faults = faults
        super().__init__("\n".join(f"{where}: {fault}" for fault in faults))


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return AfterValidator(check)


def _check_url(url: str) -> str:
    if not re.fullmatch(r"https://[^\s@?#]+", url):
        raise ValueError("is not an https URL without login")  # which is not shown: it may hold a secret
    return url


def _check_name(name: str) -> str:
    if not (is_package_name(name) or is_platform(name)):
        raise ValueError(f"{name!r} is not a package name (vendor/name in lower case)")
    return name


def _check_version(version: str) -> str:
    try:
        normalize(version)
    except InvalidVersionError as error:
        raise ValueError(f"{version!r} is not a version") from error
    return version


def _check_range(text: str) -> str:
    try:
        parse_range(text)
    except InvalidVersionError as error:
        raise ValueError(f"{text!r} is not a release or a range a..b") from error
    return text


def _check_constraint(text: str) -> str:
    try:
        parse_constraint(text)
    except InvalidConstraintError as error:
        raise ValueError(f"{text!r} is not a constraint") from error
    return text


def _check_directory(path: str) -> str:
    if path.startswith("/") or path.endswith("/") or ".." in path.split("/"):
        raise ValueError(f"{path!r} is not a directory relative to the repository root")
    return path


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Key = Annotated[str, _matching(KEY, "a key (lower-case letters, digits, . _ -)")]
GitId = Annotated[str, _matching(GIT_ID, "a full git id (40 hex digits)")]
Name = Annotated[str, AfterValidator(_check_name)]
Version = Annotated[str, AfterValidator(_check_version)]
Text = Annotated[str, Field(min_length=1)]
Directory = Annotated[str, AfterValidator(_check_directory)]
Ranges = Annotated[tuple[Annotated[str, AfterValidator(_check_range)], ...], BeforeValidator(_as_list)]
Links = dict[Name, Annotated[str, AfterValidator(_check_constraint)]]
Suggestions = dict[Name, str]
Section = Literal["require", "require-dev", "suggest", "conflict", "replace", "provide"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackageRule(_Table):
    """Where a source keeps packages.

    ``children`` are all directories below ``dir``, ``single`` is ``dir`` itself, ``metapackage``
    takes only the composer.json of ``dir``. ``exclude`` holds prefixes of paths in the repository.
    ``present`` says for which releases of the source the directory must exist.
    """

    kind: Literal["children", "single", "metapackage"]
    dir: Directory
    name: Name | None = None
    exclude: tuple[str, ...] = ()
    present: Ranges = ("0..",)
    note: str = ""


class SkippedTag(_Table):
    tag: Text
    reason: Text


class SkippedPackage(_Table):
    """A directory that is known to hold no package at some tags."""

    dir: Directory
    tags: Ranges
    reason: Text


class ExtraRef(_Table):
    """A commit that upstream never tagged, taken as if it had this tag."""

    tag: Version
    commit: GitId
    reason: Text
    issue: str = ""


class SourceRule(_Table):
    """One git repository: where it is, from which tag on, and which packages it holds."""

    key: Key
    url: Annotated[str, AfterValidator(_check_url)]
    from_tag: Version
    package: tuple[PackageRule, ...] = Field(min_length=1)
    skip: tuple[SkippedTag, ...] = ()
    skip_package: tuple[SkippedPackage, ...] = ()
    ref: tuple[ExtraRef, ...] = ()
    note: str = ""

    @property
    def directory_name(self) -> str:
        """Last part of the URL without ``.git``: the name of a clone below ``--sources``."""
        return self.url.rstrip("/").rpartition("/")[2].removesuffix(".git")


class Withhold(_Table):
    """Names that are never published here, because another repository has them."""

    names: tuple[Name, ...]
    reason: Text


class PublicToo(_Table):
    """Names that packagist.org has as well, with the newest version known to be there."""

    name: Name
    newest: Version
    reason: Text


class SuggestPrefix(_Table):
    """A text that every ``suggest`` entry of matching names must contain."""

    match: tuple[str, ...]
    prefix: Text


class VersionFix(_Table):
    """Own versions of packages at one tag, and which dependants at it get pinned to them."""

    source: Key
    tag: Version
    packages: dict[Name, Version]
    pin: Literal["all", "metapackage", "none"]
    dependencies_only: Links = {}
    reason: Text


class LinkFix(_Table):
    """Published constraints that differ from what the tag says."""

    source: Key
    package: Name
    version: Version
    section: Section
    set: Suggestions
    seen_in: str = ""


class PackageSource(_Table):
    """A published version that no tag gives, taken from another ref of the same source."""

    source: Key
    package: Name
    version: Version
    ref: Text
    dir: Directory
    metapackage: bool = False
    require: Links
    suggest: Suggestions = {}
    reason: str = ""
    issue: str = ""


class FileReplacement(_Table):
    """One file of one version that was published with the content of another tag."""

    source: Key
    package: Name
    version: Version
    path: Text
    blob: GitId
    reason: Text


class Amendment(_Table):
    """A correction of links that are published already; the dist keeps its bytes."""

    package: Name
    version: Version
    section: Section
    old: Suggestions
    new: Suggestions
    reason: Text


class KnownArchive(_Table):
    """An archive that must be exactly this when it is imported."""

    package: Name
    version: Version
    sha256: Annotated[str, _matching(re.compile(r"[0-9a-f]{64}"), "a sha256 (64 hex digits)")]


class Constants(_Table):
    """What is equal in all versions of a derived package; ``keys`` is their order."""

    name: Name
    description: Text
    type: Text
    license: tuple[str, ...]
    keys: tuple[str, ...]
    extra: dict[str, Any] = {}


class BaseRule(Constants):
    """How the base package follows from the tree and the root composer.json."""

    files_exclude: tuple[str, ...]
    empty_dirs: tuple[Directory, ...]
    map_split_dirs: tuple[Directory, ...]
    map_drop: tuple[str, ...]
    only_in: dict[str, Ranges]
    only_mapped_in: dict[str, Ranges]
    require_from_root: tuple[Name, ...]
    require_any: tuple[Name, ...]


class PluginRule(_Table):
    releases: Ranges
    require: Links


class ExtraFile(_Table):
    releases: Ranges
    path: Text
    blob: GitId
    reason: Text


class ProjectRule(Constants):
    """How the project follows from the root composer.json."""

    autoload_psr4_only: tuple[str, ...]
    autoload_psr4_only_in: Ranges
    plugins: tuple[PluginRule, ...]
    extra_file: tuple[ExtraFile, ...] = ()


class MetadataPatch(_Table):
    """What was published otherwise than the rules say: a section's entries, or top-level keys."""

    package: Name
    releases: Ranges
    section: Section | None = None
    set: dict[str, str] = {}
    remove: tuple[str, ...] = ()
    reason: Text


class BundledLine(_Table):
    """A first-party extension whose version follows from the release.

    ``{n}`` is the third number of the release plus ``offset``; the release's suffix is appended.
    """

    source: Key
    package: Name
    line: Text
    offset: int
    releases: Ranges

    def version_for(self, release: str) -> str:
        base, dash, suffix = release.partition("-")
        patch = int(base.split(".")[2])
        return self.line.format(n=patch + self.offset) + dash + suffix


class Edition(_Table):
    """The product, its project and its base package, derived from one source's root."""

    source: Key
    from_release: Version
    product: Constants
    project: ProjectRule
    base: BaseRule
    metadata_patch: tuple[MetadataPatch, ...] = ()
    bundled_line: tuple[BundledLine, ...] = ()
    bundled: dict[Version, dict[Name, str]] = {}

    def bundled_with(self, release: str) -> tuple[dict[str, str], bool]:
        """Give the extensions of a release, and whether the third-party ones are known facts.

        Unknown ones are carried over from the release before: of the same line if there is one.
        """
        found = {
            rule.package: rule.version_for(release) for rule in self.bundled_line if within(release, rule.releases)
        }
        if release in self.bundled:
            return found | self.bundled[release], True
        before = self._release_before(release)
        first_party = {rule.package for rule in self.bundled_line}
        carried = self.bundled[before] if before else {}
        return found | {k: v for k, v in carried.items() if k not in first_party}, False

    def _release_before(self, release: str) -> str | None:
        key = sort_key(normalize(release))
        older = [known for known in self.bundled if sort_key(normalize(known)) < key]
        line = release.partition("-")[0]
        same_line = [known for known in older if known.partition("-")[0] == line]
        return max(same_line or older, key=lambda known: sort_key(normalize(known)), default=None)


class Recipe(_Table):
    """Everything that a build knows beforehand."""

    schema_version: Literal[1] = Field(alias="schema")
    title: Text
    vendors: tuple[Key, ...] = Field(min_length=1)
    source: tuple[SourceRule, ...] = Field(min_length=1)
    closed: tuple[str, ...] = ()
    withhold: tuple[Withhold, ...] = ()
    public_too: tuple[PublicToo, ...] = ()
    suggest_prefix: tuple[SuggestPrefix, ...] = ()
    version_fix: tuple[VersionFix, ...] = ()
    link_fix: tuple[LinkFix, ...] = ()
    package_source: tuple[PackageSource, ...] = ()
    file_replacement: tuple[FileReplacement, ...] = ()
    amend: tuple[Amendment, ...] = ()
    archive: tuple[KnownArchive, ...] = ()
    edition: Edition | None = None

    @model_validator(mode="after")
    def _sources_are_known(self) -> "Recipe":
        keys = [source.key for source in self.source]
        doubled = sorted({key for key in keys if keys.count(key) > 1})
        named: list[VersionFix | LinkFix | PackageSource | FileReplacement] = [
            *self.version_fix,
            *self.link_fix,
            *self.package_source,
            *self.file_replacement,
        ]
        wanted: set[str] = {entry.source for entry in named}
        if self.edition:
            wanted |= {self.edition.source, *(rule.source for rule in self.edition.bundled_line)}
        faults = [f"source {key!r} occurs twice" for key in doubled]
        faults += [f"no source has the key {key!r}" for key in sorted(wanted - set(keys))]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @functools.cached_property
    def withheld_names(self) -> frozenset[str]:
        return frozenset(name for entry in self.withhold for name in entry.names)

    def is_own(self, name: str) -> bool:
        return name.partition("/")[0] in self.vendors and name not in self.withheld_names

    def is_closed(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.closed)

    def wanted_sources(self) -> tuple[SourceRule, ...]:
        """Sources with at least one package that is not withheld; the others are not fetched."""
        return tuple(
            source for source in self.source if any(rule.name not in self.withheld_names for rule in source.package)
        )


def parse(text: str, where: str) -> Recipe:
    """Validate a recipe.

    Raises:
        RecipeError: with every fault, each named by its key.
    """
    try:
        return Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(where, [f"not TOML: {error}"]) from error
    except ValidationError as error:
        faults = error.errors()
        raise RecipeError(where, [_sentence(fault) for fault in faults if not _follows(fault, faults)]) from error


def _follows(fault: Any, faults: Iterable[Any]) -> bool:
    """Tell whether a list counts as empty only because what is in it has faults of its own."""
    key = fault["loc"]
    return fault["type"] == "too_short" and any(other["loc"][: len(key)] == key != other["loc"] for other in faults)


def _sentence(fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "recipe"
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key; remove it or correct its spelling"
    return f"{key}: {fault['msg'].removeprefix('Value error, ')}"
