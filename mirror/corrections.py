"""What a recipe corrects in the packages of a tag: versions, pins, links, and what it skips."""

from collections import defaultdict

from mirror.candidates import Candidate
from mirror.recipe import PackageSource, Recipe, SourceRule, VersionFix
from mirror.releases import within
from mirror.rewriting import Edits


def fix_of(recipe: Recipe, source: str, tag: str) -> VersionFix | None:
    """Give the version fix of a tag, if it has one."""
    return next((fix for fix in recipe.version_fix if (fix.source, fix.tag) == (source, tag)), None)


def version_of(source: SourceRule, tag_version: str, candidate: Candidate, fix: VersionFix | None) -> str | None:
    """Give a candidate's version: the fix, its own, or the tag's where that is safe.

    The tag is safe for metapackages and where a source is one package. For children of a source
    with many packages it would claim versions that belong to another tag.
    """
    if fix and candidate.name in fix.packages:
        return fix.packages[candidate.name]
    if candidate.version:
        return candidate.version
    alone = len(source.package) == 1 and candidate.kind == "single"
    return tag_version if alone or candidate.kind == "metapackage" else None


def edits_of(recipe: Recipe, source: SourceRule, candidate: Candidate, version: str, fix: VersionFix | None) -> Edits:
    """Give the edits for one candidate."""
    pinned = fix is not None and fix.pin in {"all", candidate.kind}
    pins = {**fix.packages, **fix.dependencies_only} if fix and pinned else {}
    wanted = (source.key, candidate.name, version)
    links: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in recipe.link_fix:
        if (entry.source, entry.package, entry.version) == wanted:
            links[entry.section] |= entry.set
    prefixes = tuple((pattern, rule.prefix) for rule in recipe.suggest_prefix for pattern in rule.match)
    return Edits(version, {}, pins, dict(links), prefixes)


def edits_of_fact(fact: PackageSource) -> Edits:
    """Give the edits for a package that the recipe takes from a ref of its own."""
    sections = {"require": fact.require, "suggest": fact.suggest}
    return Edits(fact.version, {section: links for section, links in sections.items() if links})


def skip_reason(source: SourceRule, tag_version: str, candidate: Candidate) -> str:
    """Say why the recipe knows that this is no package at this tag; empty if it does not."""
    for entry in source.skip_package:
        if entry.dir == candidate.dir and within(tag_version, entry.tags):
            return entry.reason
    return ""
