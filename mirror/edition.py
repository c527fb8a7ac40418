"""What a recipe knows of an edition: the product, its project and its base package."""

from typing import Any

from mirror.composer.versions import normalize, sort_key
from mirror.recipe_fields import (
    Directory,
    GitId,
    Key,
    Links,
    Name,
    Ranges,
    Section,
    Table,
    Text,
    Version,
)
from mirror.releases import within


class Constants(Table):
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


class PluginRule(Table):
    releases: Ranges
    require: Links


class ExtraFile(Table):
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


class MetadataPatch(Table):
    """What was published otherwise than the rules say: a section's entries, or top-level keys."""

    package: Name
    releases: Ranges
    section: Section | None = None
    set: dict[str, str] = {}
    remove: tuple[str, ...] = ()
    reason: Text


class BundledLine(Table):
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


class Edition(Table):
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
