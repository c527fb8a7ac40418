"""What apps do with the site's search: put things into it, and take them out.

>>> put("docs_hub.updates", [Findable(key="7", kind="update", title="Week 8", url="/updates/2022/week-8/", text="…")])
Written(written=1, same=0, removed=0)
"""

import logging
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass
from dataclasses import replace as replace_fields
from hashlib import blake2b
from itertools import islice

from django.utils import timezone

from mageos_portal.audience import Visibility
from mageos_portal.models import LONGEST_ADDRESS, LONGEST_KEY, LONGEST_KIND, LONGEST_TEAM, LONGEST_TITLE, SearchEntry
from mageos_portal.registry import Findable, SearchSource, search_sources
from mageos_portal.words import words_of

logger = logging.getLogger(__name__)

MOST_TEXT = 200_000  # characters of a text that are found; PostgreSQL's index of one takes at most a megabyte
AT_ONCE = 50  # findables, and at most this many texts are in memory
REMOVED_AT_ONCE = 500
MOST_REPETITIONS = 3
INDEXED_AS = 1  # one more when words are folded in another way, so that all is indexed anew
LONGEST = {"key": LONGEST_KEY, "kind": LONGEST_KIND, "url": LONGEST_ADDRESS, "team": LONGEST_TEAM}
ON_THIS_SITE = re.compile(r"/(?![/\\])")
NOT_WRITTEN = {"id", "source", "key"}  # what stays when an entry changes
WRITTEN = [field.name for field in SearchEntry._meta.concrete_fields if field.name not in NOT_WRITTEN]  # noqa: SLF001


class UnfindableError(ValueError):
    """Something cannot be put into the search as it is; what was handed over with it was not written either."""


@dataclass(frozen=True, slots=True)
class Written:
    """How many entries became what."""

    written: int = 0
    same: int = 0
    removed: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.written + other.written, self.same + other.same, self.removed + other.removed)


def put(source: str, findables: Iterable[Findable]) -> Written:
    """Add things to the search or bring them up to date; what is there already costs no write.

    Raises:
        UnfindableError: one of them is not as registry.Findable says.
    """
    return sum((_put(source, batch) for batch in _batches(findables)), Written())


def keep_only(source: str, keys: Collection[str]) -> int:
    """Take out all of a source that has another key; says how many those were."""
    there = SearchEntry.objects.filter(source=source).values_list("key", flat=True)
    return remove(source, set(there).difference(keys))


def remove(source: str, keys: Iterable[str]) -> int:
    """Take things out of the search; says how many were there."""
    removed, left = 0, iter(keys)
    while some := list(islice(left, REMOVED_AT_ONCE)):
        removed += SearchEntry.objects.filter(source=source, key__in=some).delete()[0]
    return removed


def replace(source: str, findables: Iterable[Findable]) -> Written:
    """Have the search know these of a source, and no others.

    Raises:
        UnfindableError: see ``put``; nothing was taken out.
    """
    keys: set[str] = set()

    def noted() -> Iterator[Findable]:
        for findable in findables:
            keys.add(findable.key)
            yield findable

    return put(source, noted()) + Written(removed=keep_only(source, keys))


def rebuild() -> dict[str, Written]:
    """Make the index what the apps have now, and say so by source.

    Raises:
        UnfindableError: see ``replace``.
    """
    done = {source.key: _rebuilt(source) for source in search_sources}
    others = SearchEntry.objects.exclude(source__in=done).delete()[0]
    logger.info("The search was rebuilt: %s; %d entries of no source were removed", done, others)
    return done


def sentence(done: Mapping[str, Written]) -> str:
    """Say what a rebuild did."""
    all_of_them = sum(done.values(), Written())
    entries = f"{all_of_them.written + all_of_them.same} entries from {len(done)} sources"
    return f"The search knows {entries}: {all_of_them.written} written, {all_of_them.removed} removed."


def rebuild_by_itself() -> str:
    """Do the same for the scheduler, whose staff read what came of it."""
    return sentence(rebuild())


def _rebuilt(source: SearchSource) -> Written:
    """Go through a source until nothing is left to do.

    What its app changes meanwhile may be overwritten with what was read before: nobody must go on finding what is
    hidden from them by now. Ordinarily the first time finds all as it should be.
    """
    done = last = replace(source.key, source.findables())
    for _ in range(MOST_REPETITIONS):
        if not last.written and not last.removed:
            break
        last = replace(source.key, source.findables())
        done = Written(done.written + last.written, done.same, done.removed + last.removed)
    return done


def _batches(findables: Iterable[Findable]) -> Iterator[list[Findable]]:
    left = iter(findables)
    while batch := list(islice(left, AT_ONCE)):
        yield batch


def _put(source: str, batch: Iterable[Findable]) -> Written:
    wanted = {findable.key: _checked(source, findable) for findable in batch}
    digests = {key: _digest(findable) for key, findable in wanted.items()}
    rows = SearchEntry.objects.filter(source=source, key__in=wanted).values_list("key", "digest")
    same = digests.items() & set(rows)
    new = digests.items() - same
    entries = [_entry(source, wanted[key], digest) for key, digest in sorted(new)]
    SearchEntry.objects.bulk_create(
        entries, update_conflicts=True, unique_fields=["source", "key"], update_fields=WRITTEN
    )
    return Written(len(entries), len(same))


def _checked(source: str, findable: Findable) -> Findable:
    """Give a findable as the databases take it. Raises: UnfindableError."""
    if faults := list(_faults(findable)):
        raise UnfindableError(f"{source} {findable.key[:LONGEST_KEY]!r}: {'; '.join(faults)}")
    title, text = _clean(findable.title)[:LONGEST_TITLE], _clean(findable.text[:MOST_TEXT])[:MOST_TEXT]
    return replace_fields(findable, title=title, text=text)


def _faults(findable: Findable) -> Iterator[str]:
    for name, most in LONGEST.items():
        value: str = getattr(findable, name)
        if len(value) > most or "\0" in value:
            yield f"the {name} is longer than {most} characters or has a NUL; hand over another one"
    if findable.visibility not in Visibility:
        yield f"nothing is visible to {findable.visibility!r}; take one of {', '.join(Visibility)}"
    if not ON_THIS_SITE.match(findable.url):
        yield f"{findable.url!r} is no path on this site; begin it with one slash"


def _clean(text: str) -> str:
    """Give a text in one line, composed, and without what no database takes."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    return " ".join(text.replace("\0", " ").split())


def _digest(findable: Findable) -> str:
    """Name all that would be written."""
    appears_at = findable.appears_at and findable.appears_at.timestamp()
    fields = (INDEXED_AS, *astuple(replace_fields(findable, appears_at=None)), appears_at)
    return blake2b(repr(fields).encode(), digest_size=16).hexdigest()


def _entry(source: str, findable: Findable, digest: str) -> SearchEntry:
    return SearchEntry(
        source=source,
        **asdict(findable),
        changed_at=timezone.now(),
        digest=digest,
        title_words=" ".join(words_of(findable.title)),
        text_words=" ".join(words_of(findable.text))[:MOST_TEXT],
    )
