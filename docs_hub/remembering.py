"""What folders of Drive held when a sync listed them, for the next one.

A folder that is listed again takes the place of what is remembered of it. A sync that does not end well leaves no tree,
so that the next one lists everything.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence, Set
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import QuerySet
from pydantic import TypeAdapter

from docs_hub.drive import Drive
from docs_hub.drive_answers import File
from docs_hub.drive_changes import Listed, News, news, seal
from docs_hub.folder_addresses import FILE_ID
from docs_hub.models import Collection, DriveListing, DriveTree

LONGEST = timedelta(days=1)  # until all is listed anew whatever Drive's log says: nobody promises that it is complete
AT_ONCE = 500  # files of one row
FORMAT = 1  # raise it when what a sync makes of a listing is no longer the same
FILES = TypeAdapter(tuple[File, ...])


class Memory:
    """What is remembered of one collection's folder."""

    def __init__(self, collection: Collection, drive: Drive, root: File, sealed: str) -> None:
        """Take the first folder, with its seal: in a shared drive, that takes more than the folder itself."""
        self._collection, self._drive = collection, drive
        self._root, self._sealed = root, sealed
        self._visited: set[str] = set()

    def tree(self, asked: str, now: datetime) -> DriveTree | None:
        """Give what was kept, if what changed since then is all that must be asked for."""
        tree = self._trees().filter(asked_as=asked).first()
        return tree if tree and now - tree.listed_at < LONGEST else None

    def news(self, token: str, log: str) -> News | None:
        """Say what changed; None if that cannot be told. Raises: DriveError."""
        listed: dict[str, Listed] = {}
        for folder, sealed, ids in self._listings().values_list("folder", "seal", "ids").iterator():
            known = listed[folder].ids if folder in listed else set()
            listed[folder] = Listed(sealed, known | set(ids))
        return news(self._drive, token, log, listed, (self._root.id, self._sealed))

    def children(self, folder: File) -> Iterator[File]:
        """List a folder, asking Drive only if it is not remembered as it is now. Raises: DriveError."""
        self._visited.add(folder.id)
        now = self._sealed if folder.id == self._root.id else seal(folder)
        parts = self._listings().filter(folder=folder.id)
        if parts.filter(number=0, seal=now).exists():
            for number in range(parts.count()):
                yield from FILES.validate_json(zlib.decompress(parts.get(number=number).files))
            return
        parts.delete()
        yield from self._asked(folder, now)

    def forget(self, folders: Set[str]) -> None:
        """Have some listed again; a sync that is not kept then is as good as none."""
        self._trees().delete()
        left = iter(folders)
        while some := list(islice(left, AT_ONCE)):
            self._listings().filter(folder__in=some).delete()

    def forget_all(self) -> None:
        self._trees().delete()
        self._listings().delete()

    def keep(self, tree: DriveTree) -> None:
        """Go on from here at the next sync; what this one did not come across is forgotten."""
        folders = set(self._listings().filter(number=0).values_list("folder", flat=True))
        with transaction.atomic():
            self.forget(folders - self._visited)
            tree.save()

    def go_on(self, tree: DriveTree, token: str) -> None:
        """Keep where later changes begin."""
        if tree.token != token:
            self._trees().update(token=token)

    def _asked(self, folder: File, sealed: str) -> Iterator[File]:
        number = 0
        part: list[File] = []
        for file in self._drive.children(folder):
            yield file
            part.append(file)
            if len(part) == AT_ONCE:
                self._add(folder, number, sealed, part)
                number, part = number + 1, []
        if part or not number:
            self._add(folder, number, sealed, part)

    def _add(self, folder: File, number: int, sealed: str, files: Sequence[File]) -> None:
        content = zlib.compress(FILES.dump_json(tuple(files), by_alias=True, exclude_unset=True))
        ids = [file.id for file in files if FILE_ID.fullmatch(file.id)]  # no others are documents
        self._listings().create(
            collection=self._collection, folder=folder.id, number=number, seal=sealed, ids=ids, files=content
        )

    def _trees(self) -> QuerySet[DriveTree]:
        return DriveTree.objects.filter(collection=self._collection)

    def _listings(self) -> QuerySet[DriveListing]:
        return DriveListing.objects.filter(collection=self._collection)


def asked_as(collection: Collection, root: File, account: str) -> str:
    """Name what decides, besides what lies in the folder, what a sync gives; 64 hex digits."""
    said = (collection.members_are, collection.team_is, collection.visibility, collection.team)
    return hashlib.sha256(json.dumps([FORMAT, root.id, root.resource_key, account, *said]).encode()).hexdigest()
