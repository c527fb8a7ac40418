"""Sources: fetched or found on disk, and what became of their tags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from mirror import git
from mirror.candidates import Tag
from mirror.findings import Finding, error, warning
from mirror.models import Distribution, Source, SourceTag
from mirror.recipe import Recipe, SourceRule


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
    distribution: Distribution, recipe: Recipe, directory: Path | None, only: Sequence[str], *, remember: bool
) -> Opened:
    """Fetch or find every wanted source; one that fails is named and the rest goes on.

    ``remember`` notes in the database when each was fetched, or why it was not.
    """
    sources: list[OpenSource] = []
    absent: list[str] = []
    findings: list[Finding] = []
    for rule in recipe.wanted_sources():
        if only and rule.key not in only:
            absent.append(rule.key)
            continue
        row = _row(distribution, rule)
        path, finding = _bring(distribution, rule, row, directory)
        if remember and directory is None:
            row.save()
        if finding:
            findings.append(finding)
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
    row = distribution.sources.filter(key=rule.key).first()
    return row or Source(distribution=distribution, key=rule.key, url=rule.url)


def _bring(
    distribution: Distribution, rule: SourceRule, row: Source, directory: Path | None
) -> tuple[Path | None, Finding | None]:
    """Give the directory of a repository, and what went wrong."""
    if directory is not None:
        path = directory / rule.directory_name
        if path.exists():
            return path, None
        sentence = f"{path.name} is not in the directory of sources; skipped"
        return None, warning("source-absent", rule.key, sentence)
    target = Path(settings.PORTAL_DATA_DIR) / "sources" / distribution.slug / f"{rule.key}.git"
    fault = _fetch(rule, row, target)
    if not fault:
        return target, None
    if (target / "HEAD").exists() and row.fetched_at:
        sentence = f"{fault}; going on with what was fetched at {row.fetched_at:%Y-%m-%d %H:%M} UTC"
        return target, error("fetch-failed", rule.key, sentence)
    return None, error("fetch-failed", rule.key, f"{fault}; nothing was fetched before, skipped")


def _fetch(rule: SourceRule, row: Source, target: Path) -> str:
    try:
        git.check_url(rule.url, settings.PORTAL_GIT_HOSTS)
        git.fetch(rule.url, target, settings.PORTAL_FETCH_TIMEOUT)
    except git.FetchError as failure:
        row.last_error = str(failure)
        return row.last_error
    row.fetched_at, row.last_error = timezone.now(), ""
    return ""


def _open(rule: SourceRule, row: Source, path: Path, findings: list[Finding]) -> OpenSource | None:
    try:
        repository = git.Repository(path)
        is_empty = not repository.refs
    except git.NotARepositoryError:
        sentence = f"{path.name} is not a git repository; clone {rule.url} there"
        findings.append(error("source-not-git", rule.key, sentence))
        return None
    except git.GitError as failure:
        findings.append(error("source-unreadable", rule.key, f"{path.name}: {failure}"))
        return None
    if is_empty:
        sentence = f"{path.name} has no tags; fetch them, or take the source out of the recipe"
        findings.append(error("source-empty", rule.key, sentence))
        return None
    return OpenSource(rule, row, repository)
