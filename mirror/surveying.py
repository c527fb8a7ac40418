"""What the sources hold now: every tag scanned, or remembered from the last time."""

import hashlib
import json
from collections.abc import Iterable, Iterator

from mirror.candidates import Candidate, Tag, candidates_from_json
from mirror.composer.versions import normalize, sort_key
from mirror.fetching import OpenSource
from mirror.findings import Finding, error, warning
from mirror.git import Objects, ObjectUnreadableError
from mirror.models import TagScan
from mirror.plan import ScannedFact, ScannedSource, ScannedTag
from mirror.recipe import Recipe
from mirror.recipe_fields import GIT_ID
from mirror.releases import version_of_tag
from mirror.scanning import EditionScan, Scanner

FORMAT = 1  # of the remembered scans


def survey(source: OpenSource, recipe: Recipe, repository_url: str, *, remember: bool) -> ScannedSource:
    """Give all that a source holds, from its first tag of interest on, in version order."""
    edition = None
    if recipe.edition and recipe.edition.source == source.rule.key:
        edition = EditionScan(recipe.edition, repository_url)
    with Objects(source.repository.directory) as objects:
        scanner = Scanner(objects, source.rule, edition)
        tags, findings = _tags(source)
        memory = _Memory(source, scanner, edition)
        scanned = [ScannedTag(t, v, tuple(memory.candidates(t.tree, v))) for t, v in tags]
        if remember:
            memory.save()
        facts = tuple(_facts(source, recipe, scanner))
        blobs = frozenset(_blobs(source, recipe, objects))
    return ScannedSource(source.rule, tuple(scanned), facts, blobs, tuple(findings))


def _tags(source: OpenSource) -> tuple[list[tuple[Tag, str]], list[Finding]]:
    rule = source.rule
    refs = {ref.tag: ref.commit for ref in rule.ref}
    reasons = {skip.tag: skip.reason for skip in rule.skip}
    least = sort_key(normalize(rule.from_tag))
    findings: list[Finding] = []
    found: dict[tuple[str, str], tuple[Tag, str]] = {}
    if not any(tag.commit for tag in source.tags):
        sentence = "none of its tags leads to a commit that can be read; clone it anew"
        return [], [error("source-unreadable", rule.key, sentence)]
    extra = [(name, source.repository.commit(name, commit)) for name, commit in refs.items()]
    for name, tag in [(t.name, t) for t in source.tags if t.name not in refs] + extra:
        subject = f"{rule.key} tag {name}"
        version = version_of_tag(name)
        if name in reasons:
            findings.append(warning("tag-skipped", subject, reasons[name]))
        elif version is None:
            findings.append(warning("tag-not-a-version", subject, "is not a version; skipped"))
        elif tag is None:
            sentence = f"the recipe takes it from commit {refs[name]}, which is not there"
            findings.append(warning("fact-ref-missing", subject, sentence))
        elif sort_key(normalize(version)) < least:
            continue
        elif not tag.commit:
            findings.append(error("tag-without-commit", subject, "leads to no commit; skipped"))
        else:
            found.setdefault((normalize(version), tag.tree), (tag, version))
    return sorted(found.values(), key=_in_version_order), findings


def _in_version_order(entry: tuple[Tag, str]) -> tuple[object, ...]:
    tag, version = entry
    return sort_key(normalize(version)), tag.name != version, tag.name


class _Memory:
    """Scans by tree; a tree that was seen under the same rules is not read again."""

    def __init__(self, source: OpenSource, scanner: Scanner, edition: EditionScan | None) -> None:
        self._row = source.row
        self._scanner = scanner
        self._edition = edition
        parts = [FORMAT, source.rule.model_dump(mode="json", include={"package"})]
        if edition:
            body = edition.edition.model_dump(mode="json", exclude={"bundled"})
            parts += [body, edition.repository_url]
        self._rules = json.dumps(parts, sort_keys=True)
        self._known = {
            (scan.tree, scan.rules): scan.found for scan in (source.row.scans.all() if source.row.pk else ())
        }
        self._new: dict[tuple[str, str], list[Candidate]] = {}

    def candidates(self, tree: str, version: str) -> list[Candidate]:
        rules = self._rules_for(version)
        found = self._known.get((tree, rules))
        if found is not None:
            return candidates_from_json(found)
        candidates = self._scanner.scan(tree, version)
        if not any(code == "object-unreadable" for c in candidates for code, _ in c.faults):
            self._new[tree, rules] = candidates
        return candidates

    def save(self) -> None:
        TagScan.objects.bulk_create(
            [
                TagScan(source=self._row, tree=tree, rules=rules, found=json.dumps(candidates))
                for (tree, rules), candidates in self._new.items()
            ],
            ignore_conflicts=True,
        )

    def _rules_for(self, version: str) -> str:
        parts = [self._rules]
        if self._edition:
            bundled, confirmed = self._edition.edition.bundled_with(version)
            parts.append(json.dumps([version, bundled, confirmed], sort_keys=True))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _facts(source: OpenSource, recipe: Recipe, scanner: Scanner) -> Iterator[ScannedFact]:
    tags = {tag.name: tag for tag in source.tags if tag.commit}
    for index, fact in enumerate(recipe.package_source):
        if fact.source != source.rule.key:
            continue
        tag = tags.get(fact.ref)
        if tag is None and GIT_ID.fullmatch(fact.ref):
            tag = source.repository.commit(fact.ref, fact.ref)
        kind = "metapackage" if fact.metapackage else "single"
        candidate = scanner.at(tag.tree, kind, fact.dir) if tag else None
        yield ScannedFact(index, tag, candidate)


def _blobs(source: OpenSource, recipe: Recipe, objects: Objects) -> Iterator[str]:
    wanted: Iterable[str] = [entry.blob for entry in recipe.file_replacement if entry.source == source.rule.key]
    if recipe.edition and recipe.edition.source == source.rule.key:
        wanted = [*wanted, *(entry.blob for entry in recipe.edition.project.extra_file)]
    for blob in wanted:
        try:
            objects.read(blob)
        except ObjectUnreadableError:
            continue
        yield blob
