"""Updates made of files: read, merged, given a row and an address, rendered once, written only if they changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import Resolver404, resolve
from django.utils import timezone

from docs_hub import linking, merging, posts
from docs_hub.authors import authors_of
from docs_hub.cleaning import repaired, slugified
from docs_hub.findings import Finding, error, warning
from docs_hub.illustrating import Pictures
from docs_hub.indexing import index_updates
from docs_hub.models import Alias, Category, Collection, SourceFile, Update
from docs_hub.placing import Placed, place
from docs_hub.posts import Post
from docs_hub.rendering import Rendered, render
from docs_hub.repository import Snapshot
from mageos_portal.audience import Visibility, narrowest

AT_ONCE = 50  # updates whose rows are in memory
LONGEST_CATEGORY_SLUG = 50  # characters
LONG_LIST = "long-list"  # the finding that makes an update wait for a person
WAITS = "It holds a long list, perhaps of people's names: ask them before it is shown again."
IS_DRAFT = "It is marked as a draft in the repository."
GONE = "Its file was removed from the repository."
Values = dict[str, Any]


def derive(snapshots: Mapping[Collection, Snapshot]) -> None:
    """Bring all updates to what the files say that are kept; only those of the snapshots' files are rendered."""
    _Derivation(snapshots).run()


def reach(collections: Iterable[Collection]) -> None:
    """Show updates to those whom their collections name now; what staff made narrower stays so."""
    theirs = SourceFile.objects.filter(collection__in=collections, is_gone=False).exclude(update=None).values("update")
    files = SourceFile.objects.filter(update__in=theirs, is_gone=False)
    known = Collection.objects.defer("report", "audience").in_bulk()
    found: dict[int, list[Collection]] = {}
    for identifier, collection in files.values_list("update", "collection"):
        found.setdefault(identifier or 0, []).append(known[collection])
    updates = Update.objects.filter(pk__in=theirs).only("visibility", "team", "allowed")
    changed = [update for update in updates if _assign(update, _audience(update, found[update.pk]))]
    for update in changed:
        update.changed_at = timezone.now()
        update.save(update_fields=["visibility", "team", "allowed", "changed_at"])
    index_updates([update.pk for update in changed])


class _Derivation:
    """Makes updates of all files that are there."""

    def __init__(self, snapshots: Mapping[Collection, Snapshot]) -> None:
        self._snapshots = {collection.pk: snapshot for collection, snapshot in snapshots.items()}
        self._authors = {each.pk: authors_of(snapshot, each.path) for each, snapshot in snapshots.items()}
        self._file_of: dict[int, SourceFile] = {}  # by id of the post, which lives as long as this
        self._repairs: dict[int, tuple[Finding, ...]] = {}  # by row of the file
        self._categories: dict[str, Category] = {}
        self._index: linking.Index = {}

    def run(self) -> None:
        read = list(self._posts())
        merged = merging.merge(read, lambda post: self._file_of[id(post)].collection.preference)
        placed = place(merged, self._file_of)
        self._index = _index(placed)
        rows: dict[str, int] = {}  # of updates by their addresses
        left = _left_by_files(self._snapshots)
        for start in range(0, len(placed), AT_ONCE):
            left |= self._bring_some(placed[start : start + AT_ONCE], rows)
        _hide(left)
        _keep_aliases({path: rows[one.address] for one in placed if one.address in rows for path in one.old_addresses})

    def _posts(self) -> Iterator[Post]:
        """Read all files; those of repositories that are not at hand keep what was said about them."""
        files = SourceFile.objects.filter(is_gone=False, collection__kind=Collection.Kind.UPDATES)
        collections = Collection.objects.defer("report", "audience").in_bulk()
        for file in files.iterator(chunk_size=AT_ONCE):
            file.collection = collections[file.collection_id]
            content, repairs = _content(file)
            authors = self._authors.get(file.collection_id)
            found = posts.read(file.path, content, frozenset(authors) if authors is not None else None)
            file.content = b""  # all of them together would be too much
            if isinstance(found, Post):
                self._file_of[id(found)] = file
                self._repairs[file.pk] = repairs
                yield found
            else:
                self._note(file, found, {})

    def _bring_some(self, some: list[Placed], rows: dict[str, int]) -> set[int]:
        """Bring some updates up to date and note their rows; gives rows that files were taken from."""
        known = Update.objects.in_bulk([one.pk for one in some if one.pk])
        written: list[int] = []
        left: set[int] = set()
        for one in some:
            row = known.get(one.pk or 0)
            if one.files[0].collection_id in self._snapshots:
                row = self._bring(one, row, written)
            if row:
                rows[one.address] = row.pk
                moved = [file for file in one.files if file.update_id != row.pk]
                left |= {file.update_id for file in moved if file.update_id}
                SourceFile.objects.filter(pk__in=[file.pk for file in moved]).update(update=row)
        index_updates(written)
        return left

    def _bring(self, one: Placed, known: Update | None, written: list[int]) -> Update | None:
        """Render an update and write it if anything of it changed; None if it has no row."""
        first = one.files[0]
        rendered, pictures = self._rendered(one.merged.post, first)
        row = known or Update()
        values = self._values(one, rendered, pictures) | _state(one, known)
        values |= _audience(row, [file.collection for file in one.files])
        failures = []
        if _assign(row, values) or known is None:
            row.changed_at = timezone.now()
            try:
                with transaction.atomic():
                    row.save()
                written.append(row.pk)
            except IntegrityError:
                failures.append(error("not-written", f"{first.path}: {one.address} was taken meanwhile; sync again"))
        self._note_all(one, [*one.findings, *rendered.findings, *pictures.findings, *failures])
        return row if row.pk else None

    def _rendered(self, post: Post, file: SourceFile) -> tuple[Rendered, Pictures]:
        pictures = Pictures(self._snapshots[file.collection_id], file.path, file.collection.public_path)
        return render(post.body, lambda link: _resolved(link, self._index), pictures.resolve), pictures

    def _values(self, one: Placed, rendered: Rendered, pictures: Pictures) -> Values:
        post = one.merged.post
        names = self._authors.get(one.files[0].collection_id) or {}
        return {
            "title": post.title,
            "slug": one.slug,
            "year": one.year,
            "published_at": post.published_at,
            "category_id": self._category(post.category).pk,
            "author": names.get(post.author, post.author),
            "tags": list(post.tags),
            "description": post.description or post.excerpt,
            "body": post.body,
            "html": rendered.html,
            "text": rendered.text,
            "headings": [[heading.level, heading.id, heading.text] for heading in rendered.headings],
            "words": rendered.words,
            "image": pictures.lead(post.image),
            "image_alt": post.image.alt if post.image else "",
        }

    def _category(self, title: str) -> Category:
        slug = slugified(title)[:LONGEST_CATEGORY_SLUG].strip("-") or slugified(posts.USUAL_CATEGORY)
        if slug not in self._categories:
            self._categories[slug] = Category.objects.get_or_create(slug=slug, defaults={"title": title})[0]
        return self._categories[slug]

    def _note_all(self, one: Placed, findings: Iterable[Finding]) -> None:
        """Note what was found, also of texts that are not shown, as another file's is."""
        for post, file in zip(one.merged.files, one.files, strict=True):
            said = (*post.findings, *self._repairs[file.pk])
            if file is one.files[0]:
                self._note(file, (*said, *findings), post.extra)
            elif file.collection_id in self._snapshots:
                rendered, pictures = self._rendered(post, file)
                self._note(file, (*said, *rendered.findings, *pictures.findings), post.extra)

    def _note(self, file: SourceFile, findings: Iterable[Finding], extra: Mapping[str, Any]) -> None:
        listed = [asdict(finding) for finding in findings]
        if file.collection_id in self._snapshots and (file.findings, file.extra) != (listed, extra):
            file.findings, file.extra = listed, dict(extra)
            file.save(update_fields=["findings", "extra"])


def _content(file: SourceFile) -> tuple[bytes, tuple[Finding, ...]]:
    """Give what a file holds; its letters put right if somebody asked for that, which is reported each time."""
    content = bytes(file.content)
    try:
        lines = content.decode().split("\n") if file.is_repaired else []
    except UnicodeDecodeError:
        return content, ()
    mended = [repaired(line) for line in lines]
    count = sum(old != new for old, new in zip(lines, mended, strict=True))
    if not count:
        return content, ()
    message = f"{file.path}: wrongly decoded letters were put right in {count} lines, as somebody asked; mend the file"
    return "\n".join(mended).encode("utf-8", "replace"), (warning("mojibake-repaired", message, count),)


def _state(one: Placed, known: Update | None) -> Values:
    """Say whether it is shown: drafts are not, nor what may name people before a person has approved this very text."""
    if known and known.state == Update.State.HIDDEN and (known.hidden_by or known.because != GONE):
        return {}
    if any(post.draft for post in one.merged.files):
        return {"state": Update.State.DRAFT, "because": IS_DRAFT}
    is_long = any(finding.code == LONG_LIST for post in one.merged.files for finding in post.findings)
    if is_long and not (known and known.approved_by and known.body == one.merged.post.body):
        told_at = known.told_at if known and known.state == Update.State.REVIEW else None
        return {"state": Update.State.REVIEW, "because": WAITS, "approved_by": "", "told_at": told_at}
    return {"state": Update.State.PUBLISHED, "because": ""}


def _audience(update: Update, collections: Iterable[Collection]) -> Values:
    """Say who may read an update: whom its collections name, unless staff made it narrower."""
    allowed, team = _reached(list(collections))
    follows = update.visibility == update.allowed
    visibility = allowed if follows else narrowest([update.visibility, allowed])
    if visibility == Visibility.TEAM and not follows and allowed != Visibility.TEAM:
        team = update.team
    return {"allowed": allowed.value, "visibility": visibility.value, "team": team}


def _reached(collections: list[Collection]) -> tuple[Visibility, str]:
    """Give whom all of some collections name; nobody is of two teams for sure."""
    visibility = narrowest(collection.visibility for collection in collections)
    if visibility != Visibility.TEAM:
        return visibility, ""
    teams = {collection.team for collection in collections if collection.visibility == Visibility.TEAM}
    return (visibility, teams.pop()) if len(teams) == 1 else (Visibility.STAFF, "")


def _index(placed: Iterable[Placed]) -> linking.Index:
    """Lead from all that updates were called to where they are; of two with one name, the newer is meant.

    An address that an update has now is that update's, whatever others were called.
    """
    written_here = Update.objects.filter(is_written_here=True).order_by("published_at").values_list("year", "slug")
    named = {slug: linking.address(year, slug) for year, slug in written_here}
    for one in placed:
        names = (name for post in one.merged.files for name in linking.names(post))
        named |= dict.fromkeys((*names, *one.old_addresses), one.address)
    addresses = [*(linking.address(year, slug) for year, slug in written_here), *(one.address for one in placed)]
    return named | {linking.normal(address): address for address in addresses}


def _left_by_files(collections: Iterable[int]) -> set[int]:
    """Give the updates of files that went since the last sync."""
    gone = SourceFile.objects.filter(collection__in=collections, is_gone=True, blob="")
    return set(gone.exclude(update=None).values_list("update", flat=True))


def _hide(pks: set[int]) -> None:
    """Hide updates that have no file any more; one whose file only became unreadable stays as it was."""
    present = SourceFile.objects.filter(is_gone=False, update__in=pks).values("update")
    orphans = Update.objects.filter(pk__in=pks, is_written_here=False).exclude(pk__in=present)
    hidden = list(orphans.exclude(state=Update.State.HIDDEN).values_list("pk", flat=True))
    Update.objects.filter(pk__in=hidden).update(state=Update.State.HIDDEN, because=GONE, changed_at=timezone.now())
    index_updates(hidden)


def _keep_aliases(wanted: Mapping[str, int]) -> None:
    """Lead old addresses to updates; those that staff made stay as they are."""
    known = {alias.path: alias for alias in Alias.objects.all()}
    new = [
        Alias(path=path, update_id=pk) for path, pk in wanted.items() if path not in known and not path.endswith("/")
    ]
    Alias.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    for path in wanted.keys() & known.keys():
        alias = known[path]
        if not alias.is_handmade and alias.update_id != wanted[path]:
            Alias.objects.filter(pk=alias.pk).update(update=wanted[path], target="")


def _assign(update: Update, values: Values) -> bool:
    """Give an update its new values, without writing them; tells whether any is another."""
    changed = [name for name, value in values.items() if getattr(update, name) != value]
    for name in changed:
        setattr(update, name, values[name])
    return bool(changed)


def _resolved(link: str, index: linking.Index) -> str | None:
    """Give where a link leads now; pages that this site does not have yet stay where they were."""
    found = linking.resolve(link, index)
    if found == linking.JOIN and not _is_ours(found):
        return link if "://" in link else f"{linking.ORIGIN}{link}"
    return found


def _is_ours(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
