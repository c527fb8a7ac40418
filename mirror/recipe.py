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
    Field,
    ValidationError,
    model_validator,
)

from mirror.edition import Edition
from mirror.recipe_fields import (
    Directory,
    GitId,
    Key,
    Links,
    Name,
    Ranges,
    Section,
    Suggestions,
    Table,
    Text,
    Url,
    Version,
    matching,
)


class RecipeError(Exception):
    """A recipe that cannot be used; nothing was read from it."""

    def __init__(self, where: str, faults: list[str]) -> None:
        self.where = where
        self.faults = faults
        super().__init__("\n".join(f"{where}: {fault}" for fault in faults))


class PackageRule(Table):
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


class SkippedTag(Table):
    tag: Text
    reason: Text


class SkippedPackage(Table):
    """A directory that is known to hold no package at some tags."""

    dir: Directory
    tags: Ranges
    reason: Text


class ExtraRef(Table):
    """A commit that upstream never tagged, taken as if it had this tag."""

    tag: Version
    commit: GitId
    reason: Text
    issue: str = ""


class SourceRule(Table):
    """One git repository: where it is, from which tag on, and which packages it holds."""

    key: Key
    url: Url
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


class Withhold(Table):
    """Names that are never published here, because another repository has them."""

    names: tuple[Name, ...]
    reason: Text


class PublicToo(Table):
    """Names that packagist.org has as well, with the newest version known to be there."""

    name: Name
    newest: Version
    reason: Text


class SuggestPrefix(Table):
    """A text that every ``suggest`` entry of matching names must contain."""

    match: tuple[str, ...]
    prefix: Text


class VersionFix(Table):
    """Own versions of packages at one tag, and which dependants at it get pinned to them."""

    source: Key
    tag: Version
    packages: dict[Name, Version]
    pin: Literal["all", "metapackage", "none"]
    dependencies_only: Links = {}
    reason: Text


class LinkFix(Table):
    """Published constraints that differ from what the tag says."""

    source: Key
    package: Name
    version: Version
    section: Section
    set: Suggestions
    seen_in: str = ""


class PackageSource(Table):
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


class FileReplacement(Table):
    """One file of one version that was published with the content of another tag."""

    source: Key
    package: Name
    version: Version
    path: Text
    blob: GitId
    reason: Text


class Amendment(Table):
    """A correction of links that are published already; the dist keeps its bytes."""

    package: Name
    version: Version
    section: Section
    old: Suggestions
    new: Suggestions
    reason: Text


class KnownArchive(Table):
    """An archive that must be exactly this when it is imported."""

    package: Name
    version: Version
    sha256: Annotated[str, matching(re.compile(r"[0-9a-f]{64}"), "a sha256 (64 hex digits)")]


class Recipe(Table):
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
