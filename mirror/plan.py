"""What a build would do: a function of the recipe, what the sources hold, and what is there.

Among the packages of the tags, the first in version order wins; what is published wins over all.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mirror.candidates import Candidate, Tag
from mirror.composer.versions import normalize
from mirror.composer_json import LONGEST_VERSION
from mirror.corrections import edits_of, edits_of_fact, fix_of, skip_reason, version_of
from mirror.derivation import files_excluded
from mirror.findings import Finding, error, warning
from mirror.metadata import dist_path
from mirror.recipe import Recipe, SourceRule, VersionFix
from mirror.releases import within
from mirror.rewriting import Edits

LONGEST_PATH = 250
ALWAYS_EXCLUDED = ("composer.json", ".git/")
Identity = tuple[str, str]  # (package name, normalized version)


@dataclass(frozen=True, slots=True)
class ScannedTag:
    """One tag of a source and all that it holds; ``version`` is the tag without ``v``."""

    tag: Tag
    version: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class ScannedFact:
    """A package that the recipe takes from a ref of its own; ``tag`` is None if it is not there."""

    index: int  # into recipe.package_source
    tag: Tag | None
    candidate: Candidate | None


@dataclass(frozen=True, slots=True)
class ScannedSource:
    """A source as it is now; ``tags`` are in version order. ``blobs`` are those facts name."""

    rule: SourceRule
    tags: tuple[ScannedTag, ...]
    facts: tuple[ScannedFact, ...] = ()
    blobs: frozenset[str] = frozenset()  # git ids of files that the recipe wants and that exist
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A version that has its dist already."""

    inputs: str
    made_elsewhere: bool  # imported, or copied from a mirror: nothing is known of what went into it


@dataclass(frozen=True, slots=True)
class Item:
    """One version that the sources give; ``inputs`` (64 hex digits) differs when its bytes would."""

    kind: str
    source: str
    name: str
    version: str
    normalized: str
    tag: str
    commit: str
    time: int
    candidate: Candidate
    exclude: tuple[str, ...]
    edits: Edits | None
    emptied: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    inputs: str = ""

    @property
    def identity(self) -> Identity:
        return self.name, self.normalized

    @property
    def subject(self) -> str:
        return f"{self.source} tag {self.tag}: {self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class PlannedRelease:
    """A release of the edition: its two packages wait until the rest of it is there."""

    version: str
    normalized: str
    commit: str
    time: int
    confirmed: bool
    product: Item
    project: Item


@dataclass(slots=True)
class Plan:
    """All that a build would do, and everything that it has to say about it."""

    make: list[Item] = field(default_factory=list)
    reused: set[Identity] = field(default_factory=set)
    corrected: list[Item] = field(default_factory=list)
    withheld: dict[str, str] = field(default_factory=dict)  # name → reason
    skipped: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    releases: list[PlannedRelease] = field(default_factory=list)


def plan(recipe: Recipe, sources: Iterable[ScannedSource], known: Mapping[Identity, Known]) -> Plan:
    """Decide what is built, reused, withheld and skipped."""
    planner = _Planner(recipe, known)
    for source in sources:
        planner.take(source)
    return planner.result()


class _Planner:
    def __init__(self, recipe: Recipe, known: Mapping[Identity, Known]) -> None:
        self._recipe = recipe
        self._known = known
        self._plan = Plan()
        self._chosen: dict[Identity, Item] = {}
        self._clashing: set[Identity] = set()
        self._changed: dict[Identity, list[str]] = defaultdict(list)
        self._releases: dict[str, dict[str, Item]] = defaultdict(dict)
        self._reasons = {n: entry.reason for entry in recipe.withhold for n in entry.names}

    def take(self, source: ScannedSource) -> None:
        for finding in source.findings:
            quiet = finding.code == "tag-skipped"
            (self._plan.skipped if quiet else self._plan.findings).append(finding)
        items = [*self._facts(source), *self._tagged(source)]
        for item in items:
            self._choose(item)

    def result(self) -> Plan:
        for identity, item in self._chosen.items():
            if identity in self._clashing and identity not in self._known:
                continue
            if item.kind in {"product", "project"}:
                self._releases[item.normalized][item.kind] = item
            self._settle(item)
        edition = self._recipe.edition
        for normalized, pair in self._releases.items():
            if edition and len(pair) == 2:  # noqa: PLR2004
                self._plan.releases.append(_release(edition.bundled, normalized, pair))
        return self._plan

    def _say(self, finding: Finding) -> None:
        self._plan.findings.append(finding)

    def _choose(self, item: Item) -> None:
        """Let the first win; say where a later one is something else."""
        if item.name in self._reasons:
            self._plan.withheld[item.name] = self._reasons[item.name]
            return
        first = self._chosen.setdefault(item.identity, item)
        if first is item or first.inputs == item.inputs:
            return
        if first.source != item.source:
            self._clashing.add(item.identity)
            sentence = f"{first.source} tag {first.tag} has this version too, with other content"
            self._say(error("two-sources", item.subject, f"{sentence}; withhold one of them"))
        elif first.candidate.content != item.candidate.content:
            self._changed[item.identity].append(item.tag)

    def _settle(self, item: Item) -> None:
        if item.identity in self._changed and not (item.edits and item.edits.sections):
            tags = ", ".join(self._changed[item.identity])
            sentence = f"has other content at {tags}, with the same version; the first wins"
            self._say(warning("content-changed", item.subject, sentence))
        known = self._known.get(item.identity)
        if item.edits and item.edits.correct_something:
            self._plan.corrected.append(item)
        if known is None:
            if item.kind not in {"product", "project"}:
                self._plan.make.append(item)
            return
        self._plan.reused.add(item.identity)
        if not known.made_elsewhere and known.inputs != item.inputs:
            sentence = "published, differs from what source and recipe give now, kept"
            self._say(warning("published-differs", item.subject, sentence))

    def _facts(self, source: ScannedSource) -> Iterator[Item]:
        for fact in source.facts:
            rule = self._recipe.package_source[fact.index]
            subject = f"{source.rule.key}: {rule.package} {rule.version}"
            if fact.tag is None:
                sentence = f"the recipe takes it from {rule.ref}, which this source does not have"
                self._say(warning("fact-ref-missing", subject, sentence))
                continue
            if fact.candidate is None or fact.candidate.faults:
                sentence = f"the recipe takes it from {rule.dir} at {rule.ref}: no package there"
                self._say(warning("fact-ref-missing", subject, sentence))
                continue
            if fact.candidate.name != rule.package:
                sentence = f"the recipe takes it from {rule.dir} at {rule.ref}, where {fact.candidate.name} is"
                self._say(error("name-unexpected", subject, sentence))
                continue
            edits = edits_of_fact(rule)
            yield self._item(source, fact.tag, fact.candidate, (), edits)

    def _tagged(self, source: ScannedSource) -> Iterator[Item]:
        for found in source.tags:
            fix = fix_of(self._recipe, source.rule.key, found.tag.name)
            for candidate in found.candidates:
                item = self._of_candidate(source, found, candidate, fix)
                if item:
                    yield item

    def _of_candidate(
        self, source: ScannedSource, found: ScannedTag, candidate: Candidate, fix: VersionFix | None
    ) -> Item | None:
        if candidate.derived:
            return self._derived(source, found, candidate)
        subject = f"{source.rule.key} tag {found.tag.name}: {candidate.dir or '/'}"
        if self._refused(source.rule, found, candidate, subject):
            return None
        version = version_of(source.rule, found.version, candidate, fix)
        if version is None:
            sentence = f"{candidate.name}: composer.json has no version"
            advice = "give it one by version_fix in the recipe, or have the tag fixed"
            self._say(error("version-missing", subject, f"{sentence}; {advice}"))
            return None
        if len(version) > LONGEST_VERSION or len(dist_path(candidate.name, version)) > LONGEST_PATH:
            sentence = f"{candidate.name}: its name and version are too long for an address"
            self._say(error("version-too-long", subject, sentence))
            return None
        edits = edits_of(self._recipe, source.rule, candidate, version, fix)
        self._say_unpinned(found, candidate, edits, subject)
        exclude = source.rule.package[candidate.rule].exclude
        return self._item(source, found.tag, candidate, exclude, edits)

    def _refused(self, source: SourceRule, found: ScannedTag, candidate: Candidate, subject: str) -> bool:
        """Say why a candidate cannot be a package, if so."""
        if candidate.faults:
            self._say_faults(source, found, candidate, subject)
            return True
        if reason := skip_reason(source, found.version, candidate):
            self._plan.skipped.append(warning("known-skip", subject, reason))
            return True
        expected = source.package[candidate.rule].name
        if expected and expected != candidate.name:
            sentence = f"the recipe expects {expected}, composer.json says {candidate.name}"
            self._say(error("name-unexpected", subject, sentence))
            return True
        if candidate.name.partition("/")[0] not in self._recipe.vendors:
            sentence = f"{candidate.name} is of no vendor that this recipe calls its own"
            self._say(error("vendor-foreign", subject, sentence))
            return True
        return False

    def _item(
        self, source: ScannedSource, tag: Tag, candidate: Candidate, exclude: tuple[str, ...], edits: Edits
    ) -> Item:
        whole = candidate.kind != "metapackage"
        return _with_inputs(
            Item(
                kind=candidate.kind,
                source=source.rule.key,
                name=candidate.name,
                version=edits.version,
                normalized=normalize(edits.version),
                tag=tag.name,
                commit=tag.commit,
                time=tag.time,
                candidate=candidate if whole else candidate._replace(tree=""),
                exclude=(*exclude, *ALWAYS_EXCLUDED),
                edits=edits,
                extra=tuple(self._replacements(source, candidate.name, edits.version)),
            )
        )

    def _replacements(self, source: ScannedSource, name: str, version: str) -> Iterator[tuple[str, str]]:
        wanted = (source.rule.key, name, version)
        for entry in self._recipe.file_replacement:
            if (entry.source, entry.package, entry.version) != wanted:
                continue
            if entry.blob in source.blobs:
                yield entry.path, entry.blob
            else:
                sentence = f"its {entry.path} (blob {entry.blob}) is not there; the tag's is kept"
                self._say(warning("fact-blob-missing", f"{name} {version}", sentence))

    def _derived(self, source: ScannedSource, found: ScannedTag, candidate: Candidate) -> Item | None:
        edition = self._recipe.edition
        if edition is None or not within(found.version, [f"{edition.from_release}.."]):
            return None
        is_base = candidate.kind == "base"
        exclude = (*files_excluded(edition.base, found.version), *ALWAYS_EXCLUDED) if is_base else ()
        return _with_inputs(
            Item(
                kind=candidate.kind,
                source=source.rule.key,
                name=candidate.name,
                version=found.version,
                normalized=normalize(found.version),
                tag=found.tag.name,
                commit=found.tag.commit,
                time=found.tag.time,
                candidate=candidate,
                exclude=exclude,
                edits=None,
                emptied=edition.base.empty_dirs if is_base else (),
                extra=self._project_files(source, found) if candidate.kind == "project" else (),
            )
        )

    def _project_files(self, source: ScannedSource, found: ScannedTag) -> tuple[tuple[str, str], ...]:
        edition = self._recipe.edition
        extra = []
        for entry in edition.project.extra_file if edition else ():
            if not within(found.version, entry.releases):
                continue
            if entry.blob in source.blobs:
                extra.append((entry.path, entry.blob))
            else:
                sentence = f"its {entry.path} (blob {entry.blob}) is not in this source; left out"
                subject = f"{source.rule.key} tag {found.tag.name}: project"
                self._say(warning("fact-blob-missing", subject, sentence))
        return tuple(extra)

    def _say_faults(self, source: SourceRule, found: ScannedTag, candidate: Candidate, subject: str) -> None:
        for code, sentence in candidate.faults:
            if code == "package-missing" and self._may_be_absent(source, found, candidate):
                self._plan.skipped.append(warning("not-present", subject, sentence))
            elif reason := skip_reason(source, found.version, candidate):
                self._plan.skipped.append(warning("known-skip", subject, f"{sentence}: {reason}"))
            else:
                advice = "add it to skip_package in the recipe, or have the tag fixed"
                self._say(error(code, subject, f"{sentence}; {advice}"))

    def _may_be_absent(self, source: SourceRule, found: ScannedTag, candidate: Candidate) -> bool:
        if candidate.rule < 0:
            return False
        return not within(found.version, source.package[candidate.rule].present)

    def _say_unpinned(
        self,
        found: ScannedTag,
        candidate: Candidate,
        edits: Edits,
        subject: str,
    ) -> None:
        if candidate.kind != "metapackage" or edits.pins:
            return
        if normalize(edits.version) != normalize(found.version):
            sentence = f"the metapackage {candidate.name} has the version {edits.version}"
            self._say(warning("metapackage-version", subject, sentence))
        if candidate.unpinned:
            sentence = f"the metapackage {candidate.name} takes any version of its own siblings"
            self._say(warning("metapackage-unpinned", subject, sentence))


def _release(bundled: Mapping[str, object], normalized: str, pair: Mapping[str, Item]) -> PlannedRelease:
    product = pair["product"]
    return PlannedRelease(
        version=product.version,
        normalized=normalized,
        commit=product.commit,
        time=product.time,
        confirmed=product.version in bundled,
        product=product,
        project=pair["project"],
    )


def _with_inputs(item: Item) -> Item:
    parts = [
        item.version,
        item.candidate.tree,
        item.candidate.derived or item.candidate.composer,
        item.edits.digest() if item.edits else "",
        item.exclude,
        item.emptied,
        item.extra,
    ]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    fields = {name: getattr(item, name) for name in Item.__slots__}
    return Item(**{**fields, "inputs": digest})
