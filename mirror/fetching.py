"""Sources: fetched or found on disk, and what became of their tags."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from mageos_portal.git_fetching import FetchError, GitError, check_url, fetch
from mirror import git
from mirror.candidates import Tag
from mirror.findings import Finding, error, warning
from mirror.models import Distribution, Source, SourceTag
from mirror.places import work_dir
from mirror.progress import Progress
from mirror.recipe import Recipe, SourceRule

FETCHES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source that can be read now."""

    rule: SourceRule
    row: Source
    repository: git.Repository

    @property
    def refs(self) -> str:
        """Names and ids of all tags, as text."""
        return self.repository.refs

    @property
    def tags(self) -> tuple[Tag, ...]:
        return self.repository.tags


@dataclass(frozen=True, slots=True)
class Opened:
    """All sources of a build: those that can be read, those that can't, and what is to be said."""

    sources: tuple[OpenSource, ...]
    absent: tuple[str, ...]  # keys
    findings: tuple[Finding, ...]


def open_sources(
    distribution: Distribution,
    recipe: Recipe,
    directory: Path | None,
    only: Sequence[str],
    progress: Progress,
    *,
    remember: bool,
) -> Opened:
    """Fetch or find every wanted source; one that fails is named and the rest goes on.

    ``remember`` notes in the database when each was fetched, or why it was not.
    """
    chosen = [rule for rule in recipe.wanted_sources() if not only or rule.key in only]
    absent = [rule.key for rule in recipe.wanted_sources() if rule not in chosen]
    faults = {} if directory else _fetch_all(distribution, chosen, progress)
    sources: list[OpenSource] = []
    findings: list[Finding] = []
    for rule in chosen:
        row = _row(distribution, rule)
        if directory:
            path = _find(directory, rule, findings)
            progress.advance(1, rule.key)
        else:
            path = _settle(distribution, row, faults[rule.key], findings)
            if remember:
                row.save()
        source = _open(rule, row, path, findings) if path else None
        if source is None:
            absent.append(rule.key)
        else:
            sources.append(source)
    return Opened(tuple(sources), tuple(absent), tuple(findings))


def note_tags(source: OpenSource) -> list[Finding]:
    """Remember the tags of a source, and tell which were moved or taken away upstream."""
    if not source.row.pk:
        source.row.save()
    known = {tag.name: tag for tag in source.row.tags.all()}
    now = {tag.name: tag.commit for tag in source.tags if tag.commit and _storable(tag.name)}
    new = [SourceTag(source=source.row, name=n, commit=c) for n, c in now.items() if n not in known]
    SourceTag.objects.bulk_create(new)
    for tag in known.values():
        commit = now.get(tag.name, "")
        moved_to = commit if commit and commit != tag.commit else ""
        if (moved_to, not commit) != (tag.moved_to, tag.gone):
            tag.moved_to, tag.gone = moved_to, not commit
            tag.save(update_fields=["moved_to", "gone"])
    return list(_tag_findings(source.rule.key, known.values()))


def _storable(name: str) -> bool:
    return len(name) <= 250 and name.isprintable()  # noqa: PLR2004


def _tag_findings(key: str, tags: Iterable[SourceTag]) -> Iterable[Finding]:
    for tag in tags:
        subject = f"{key} tag {tag.name}"
        if tag.moved_to:
            sentence = f"was moved upstream from {tag.commit} to {tag.moved_to}; dists are kept"
            yield warning("tag-moved", subject, sentence)
        if tag.gone:
            sentence = f"is gone upstream (it was {tag.commit}); dists are kept"
            yield warning("tag-gone", subject, sentence)


def _row(distribution: Distribution, rule: SourceRule) -> Source:
    row = distribution.sources.filter(key=rule.key).first() or Source(distribution=distribution, key=rule.key)
    row.url = rule.url
    return row


def _find(directory: Path, rule: SourceRule, findings: list[Finding]) -> Path | None:
    path = directory / rule.directory_name
    if path.exists():
        return path
    sentence = f"{path.name} is not in the directory of sources; skipped"
    findings.append(warning("source-absent", rule.key, sentence))
    return None


def _fetch_all(distribution: Distribution, rules: Sequence[SourceRule], progress: Progress) -> dict[str, str]:
    """Fetch sources side by side; give what went wrong by key, empty where nothing did."""
    faults = {}
    with ThreadPoolExecutor(FETCHES_AT_ONCE) as pool:
        waiting = {pool.submit(_fetch, rule, _mirror(distribution, rule.key)): rule for rule in rules}
        for done in as_completed(waiting):
            rule = waiting[done]
            failure = done.result()
            faults[rule.key] = str(failure or "")
            progress.advance(1, rule.key)
            if failure:
                progress.quote(failure.output)
    return faults


def _mirror(distribution: Distribution, key: str) -> Path:
    return work_dir() / "sources" / distribution.slug / f"{key}.git"


def _fetch(rule: SourceRule, target: Path) -> FetchError | None:
    try:
        check_url(rule.url, settings.PORTAL_GIT_HOSTS)
        fetch(rule.url, target, settings.PORTAL_FETCH_TIMEOUT)
    except FetchError as failure:
        return failure
    return None


def _settle(distribution: Distribution, row: Source, fault: str, findings: list[Finding]) -> Path | None:
    """Give the mirror of a source after its fetch: the last good state is there even if it failed."""
    row.last_error = fault
    target = _mirror(distribution, row.key)
    if not fault:
        row.fetched_at = timezone.now()
        return target
    if row.fetched_at and (target / "HEAD").exists():
        sentence = f"{fault}; going on with what was fetched at {row.fetched_at:%Y-%m-%d %H:%M} UTC"
        findings.append(error("fetch-failed", row.key, sentence))
        return target
    findings.append(error("fetch-failed", row.key, f"{fault}; nothing was fetched before, skipped"))
    return None


def _open(rule: SourceRule, row: Source, path: Path, findings: list[Finding]) -> OpenSource | None:
    try:
        repository = git.Repository(path)
        is_empty = not repository.refs
    except git.NotARepositoryError:
        sentence = f"{path.name} is not a git repository; clone {rule.url} there"
        findings.append(error("source-not-git", rule.key, sentence))
        return None
    except GitError as failure:
        findings.append(error("source-unreadable", rule.key, f"{path.name}: {failure}"))
        return None
    if is_empty:
        sentence = f"{path.name} has no tags; fetch them, or take the source out of the recipe"
        findings.append(error("source-empty", rule.key, sentence))
        return None
    return OpenSource(rule, row, repository)
