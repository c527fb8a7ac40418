"""Going through a folder of Drive: all documents that lie in it, each with who may see it, nothing opened yet.

Nothing is shown more widely than Drive shows it, nor than the folders above it are shown there.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from docs_hub.cleaning import one_line
from docs_hub.drive import Drive
from docs_hub.drive_answers import File, Ref
from docs_hub.drive_documents import Reader, address_of, digest_of
from docs_hub.drive_errors import DriveError, IncompleteError, RefusedError
from docs_hub.drive_viewers import Sight, Viewers
from docs_hub.findings import warning
from docs_hub.folder_addresses import FILE_ID
from docs_hub.found import Found
from docs_hub.reports import Report

DEEPEST = 100  # folders within one another, as in Drive itself
MOST_FOLDERS, MOST_FILES = 20_000, 200_000
LONGEST_TITLE, LONGEST_FOLDER, LONGEST_TYPE = 300, 500, 150  # characters
SHOWN_GAPS = 3  # in one message
UNREAD = (
    "Drive does not tell this portal's account with whom it is shared, so only staff see it: let the account be "
    "Editor (it never writes), or set PORTAL_DRIVE_API_KEY, too, if everybody with the link may read it"
)


def folder_of(drive: Drive, ref: Ref) -> File:
    """Give a folder, also by a shortcut to it.

    Raises:
        RefusedError: Drive does not show it, or it is in the trash.
        DriveError: it is no folder, or nothing can be said of it.
    """
    found = drive.file(ref)
    if found.is_shortcut and found.target:
        found = drive.file(found.target)
    if found.trashed:
        raise RefusedError(f"{found.name or found.id} is in the trash")
    if not found.is_folder:
        raise DriveError(f"{found.name or found.id} is no folder ({found.mime_type}); name the folder that it is in")
    return found


class Folders(Protocol):
    """Lists folders: Drive itself, or who remembers what it said."""

    def children(self, folder: File) -> Iterator[File]:
        """List what lies directly in a folder. Raises: DriveError."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder on the way down."""

    folder: File
    names: tuple[str, ...]  # of the folders from the first one down to it, without that
    sight: Sight
    is_trashed: bool = False
    is_elsewhere: bool = False  # a shortcut led there


@dataclass(slots=True)
class Walk:
    """Level by level: each file once, and what really lies in the folder before what shortcuts add."""

    drive: Drive
    folders: Folders  # for what lies in the first one; elsewhere Drive is asked
    viewers: Viewers
    reader: Reader
    known: frozenset[str]  # ids of documents that we have; of others, those in the trash do not matter
    report: Report
    leads_elsewhere: bool = False  # what shortcuts lead to was asked for
    is_refused: bool = False  # a folder in it was
    _lines: tuple[str, ...] = ()  # with whom the first folder is shared
    _places: deque[_Place] = field(default_factory=deque)
    _shortcuts: deque[tuple[_Place, File]] = field(default_factory=deque)
    _seen: set[str] = field(default_factory=set)
    _gaps: list[str] = field(default_factory=list)

    def found(self, root: File, sight: Sight) -> Iterator[Found]:
        """Give all documents. Raises: DriveError, after the last one if something could not be listed."""
        self._lines = sight.lines
        self._seen.add(root.id)
        self._places.append(_Place(root, (), sight))
        while (self._places or self._shortcuts) and len(self._seen) <= MOST_FILES:
            found = self._in(self._places.popleft()) if self._places else self._behind(*self._shortcuts.popleft())
            yield from (each for each in found if not each.is_trashed or each.external_id in self.known)
        if len(self._seen) > MOST_FILES:
            self._gaps.append(f"there are more than {MOST_FILES:,} files: name a smaller folder")
        if self._gaps:
            raise IncompleteError("; ".join(self._gaps[:SHOWN_GAPS]))

    def _in(self, place: _Place) -> Iterator[Found]:
        folders = self.drive if place.is_elsewhere else self.folders
        try:
            for file in folders.children(place.folder):
                yield from self._each(place, file)
        except IncompleteError as error:
            self._gaps.append(str(error))
        except RefusedError as error:  # it was there a moment ago
            self.is_refused = True
            self._tell(place, place.folder, "folder-refused", f"the folder cannot be listed: {error}")

    def _each(self, place: _Place, file: File) -> Iterator[Found]:
        if file.id in self._seen or not FILE_ID.fullmatch(file.id):
            return
        self._seen.add(file.id)
        if file.is_shortcut:
            self._shortcuts.append((place, file))
        elif file.is_folder:
            self._enter(place, file, file.name)
        else:
            yield self._document(place, file)

    def _enter(self, place: _Place, folder: File, name: str, *, is_elsewhere: bool = False) -> None:
        """Remember a folder for later; one in the trash only if something that we have may lie in it."""
        is_trashed = place.is_trashed or folder.trashed
        if is_trashed and not self.known:
            return
        if len(place.names) >= DEEPEST or len(self._places) >= MOST_FOLDERS:
            self._gaps.append(f"{name} and what lies in it is left out: there are too many folders")
            return
        sight = self.viewers.of(folder, place.folder, place.sight)
        names, is_elsewhere = (*place.names, _named(name)), is_elsewhere or place.is_elsewhere
        self._places.append(_Place(folder, names, sight, is_trashed, is_elsewhere))

    def _behind(self, place: _Place, shortcut: File) -> Iterator[Found]:
        """Give what a shortcut leads to; the folder that it lies in counts, too, for who may see that."""
        target = shortcut.target
        if place.is_trashed or shortcut.trashed or (target and target.id in self._seen):
            return
        self.leads_elsewhere = True
        try:
            file = self._target(target)
        except RefusedError as error:
            self._tell(place, shortcut, "shortcut-broken", f"the shortcut leads to what cannot be seen: {error}")
            return
        if file.is_folder and file.id not in self._seen:
            self._seen.add(file.id)
            self._enter(place, file, shortcut.name, is_elsewhere=True)
        else:
            yield from self._each(place, file)

    def _target(self, ref: Ref | None) -> File:
        if ref is None or not FILE_ID.fullmatch(ref.id):
            raise RefusedError("it names no file")
        file = self.drive.file(ref)
        if file.is_shortcut:
            raise RefusedError(f"{file.name} is a shortcut, too")
        return file

    def _document(self, place: _Place, file: File) -> Found:
        sight = self.viewers.of(file, place.folder, place.sight)
        return Found(
            external_id=file.id,
            title=one_line(file.name)[:LONGEST_TITLE] or "Untitled",
            folder="/".join(place.names)[:LONGEST_FOLDER],
            url=address_of(file),
            visibility=sight.visibility,
            read=partial(self.reader.read, file),
            media_type=file.mime_type[:LONGEST_TYPE],
            created_at=file.created_time,
            changed_at=file.modified_time,
            digest=digest_of(file),
            audience=() if sight.lines == self._lines else sight.lines,
            is_trashed=file.trashed or place.is_trashed,
            findings=(warning("permissions-unread", UNREAD),) if sight.is_unknown else (),
        )

    def _tell(self, place: _Place, file: File, code: str, sentence: str) -> None:
        self.report.add("/".join((*place.names, _named(file.name))), [warning(code, sentence)])


def _named(name: str) -> str:
    """Give a folder's name as a part of a path."""
    return one_line(name.replace("/", "-"))[:LONGEST_TITLE] or "Untitled"
