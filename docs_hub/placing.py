"""Which update files belong to, and where it is: an update keeps its row and its address when its files are renamed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from docs_hub import linking, merging
from docs_hub.findings import Finding, warning
from docs_hub.merging import Key, Merged
from docs_hub.models import SourceFile, Update

Address = tuple[int, str]  # year and slug


@dataclass(frozen=True, slots=True)
class Placed:
    """An update on its way from files to its row."""

    merged: Merged
    files: Sequence[SourceFile]  # the one whose text it is first
    pk: int | None  # of its row, if it has one
    year: int
    slug: str
    old_addresses: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def address(self) -> str:
        return linking.address(self.year, self.slug)


def place(merged: Iterable[Merged], file_of: Mapping[int, SourceFile]) -> list[Placed]:
    """Give each update its row and its address; ``file_of`` has the files by the ids of their posts."""
    found = [(one, [file_of[id(post)] for post in one.files]) for one in merged]
    rows = {row.pk: row for row in Update.objects.only("title", "published_at", "year", "slug", "is_written_here")}
    owners = _owners(found, rows)
    taken = {(row.year, row.slug): pk for pk, row in rows.items()}
    return [_placed(one, files, rows.get(owner or 0), taken) for (one, files), owner in zip(found, owners, strict=True)]


def _owners(found: Sequence[tuple[Merged, list[SourceFile]]], rows: Mapping[int, Update]) -> list[int | None]:
    """Give the row of each update: that of its files, or else one whose files all went and that says the same."""
    left = _left(rows)
    claimed: set[int] = set()
    owners = []
    for one, files in found:
        pks = [file.update_id for file in files if file.update_id] + left.get(merging.key(one.post), [])
        owner = next((pk for pk in pks if pk not in claimed), None)
        claimed |= {owner} if owner else set()
        owners.append(owner)
    return owners


def _left(rows: Mapping[int, Update]) -> dict[Key, list[int]]:
    """Give the updates that have no file any more by what files of one update have in common."""
    present = set(SourceFile.objects.filter(is_gone=False).exclude(update=None).values_list("update", flat=True))
    gone = set(SourceFile.objects.filter(is_gone=True).exclude(update=None).values_list("update", flat=True))
    found: dict[Key, list[int]] = {}
    for pk in sorted(gone - present):
        row = rows[pk]
        found.setdefault(merging.key_of(row.published_at.date(), row.title), []).append(pk)
    return found


def _placed(one: Merged, files: Sequence[SourceFile], known: Update | None, taken: dict[Address, int]) -> Placed:
    plain = linking.slug(one.post)
    wanted = (one.post.day.year, known.slug if known else plain)
    pk = known.pk if known else 0
    year, slug = _free(wanted, f"{one.post.day:%m-%d}", pk, taken)
    taken[year, slug] = pk
    old = dict.fromkeys(one.old_addresses)
    if known and (known.year, known.slug) != (year, slug):
        old[linking.normal(linking.address(known.year, known.slug))] = None
    is_elsewhere = slug != plain and (year, plain) in taken
    findings = (_about_address(one, linking.address(year, plain), linking.address(year, slug)),) if is_elsewhere else ()
    return Placed(one, files, known.pk if known else None, year, slug, tuple(old), findings)


def _free(wanted: Address, day: str, pk: int, taken: Mapping[Address, int]) -> Address:
    """Give an address that no other update has: with its month and day, then with a number."""
    year, slug = wanted
    longer = (f"{slug}-{day}" if number == 1 else f"{slug}-{day}-{number}" for number in count(1))
    while (year, slug) in taken and (not pk or taken[year, slug] != pk):
        slug = next(longer)
    return year, slug


def _about_address(one: Merged, plain: str, actual: str) -> Finding:
    return warning("address-taken", f"{one.post.path}: {plain} is another update; this one is at {actual}")
