"""Who may see a file of Drive, asking for what its listing does not tell."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from docs_hub import sharing
from docs_hub.drive import Drive
from docs_hub.drive_answers import File, Permission
from docs_hub.drive_errors import RefusedError
from docs_hub.sharing import Stand
from mageos_portal.audience import Visibility, narrowest


@dataclass(frozen=True, slots=True)
class Sight:
    """Who may see a file."""

    permissions: tuple[Permission, ...] | None  # None: Drive does not tell
    visibility: Visibility  # no wider than that of the folders above
    lines: tuple[str, ...]  # with whom it is shared, for staff
    is_unknown: bool = False  # therefore only staff may see it


@dataclass(slots=True)
class Viewers:
    """Says who may see files, as one account of Drive knows it."""

    drive: Drive
    everybody: Drive | None  # as somebody without an account sees it
    stand: Stand
    at: datetime
    is_sure: bool = field(default=True, init=False)  # whether Drive told the account all that was asked for so far
    ends_at: datetime | None = field(default=None, init=False)  # when something that was seen expires, soonest
    _public: tuple[str, frozenset[str]] = field(default=("", frozenset()), init=False)  # in the folder asked for last

    def of(self, file: File, folder: File | None = None, above: Sight | None = None) -> Sight:
        """Say who may see a file that was found in a folder. Raises: DriveError, if there is no answer at all."""
        permissions = self._permissions(file, folder, above)
        wider = [above.visibility] if above else []
        if permissions is not None:
            ends = [end for end in (self.ends_at, sharing.first_end(permissions, self.at)) if end]
            self.ends_at = min(ends, default=None)
            valid = sharing.in_force(permissions, self.at, is_limited=file.inherited_permissions_disabled)
            own = sharing.visibility_of(valid, self.stand)
            return Sight(permissions, narrowest([own, *wider]), sharing.audience(valid))
        self.is_sure = False
        if self._is_public(file, folder):
            return Sight(None, narrowest([Visibility.PUBLIC, *wider]), (f"{sharing.LINK}: {sharing.READER}",))
        return Sight(None, Visibility.STAFF, (), is_unknown=True)

    def _permissions(self, file: File, folder: File | None, above: Sight | None) -> tuple[Permission, ...] | None:
        """Give a file's permissions, asking for them only where the listing could not hold them."""
        if file.permissions is not None or self.drive.credentials.is_anonymous:
            return file.permissions
        if folder and above and _is_shared_as(file, folder):
            return above.permissions
        if folder and not file.drive_id and file.capabilities.can_share is False:
            return None
        try:
            return self.drive.permissions(file.ref)
        except RefusedError:
            return None

    def _is_public(self, file: File, folder: File | None) -> bool:
        if self.drive.credentials.is_anonymous:
            return True
        if self.everybody is None:
            return False
        if folder is None:
            return _is_shown(self.everybody, file)
        if self._public[0] != folder.id:
            self._public = (folder.id, _listed(self.everybody, folder))
        return file.id in self._public[1]


def _is_shared_as(file: File, folder: File) -> bool:
    """Tell whether what lies in a shared drive has no permissions of its own."""
    is_its_own = file.has_augmented_permissions is not False or file.inherited_permissions_disabled
    return bool(file.drive_id) and file.drive_id == folder.drive_id and not is_its_own


def _is_shown(drive: Drive, file: File) -> bool:
    try:
        drive.file(file.ref)
    except RefusedError:
        return False
    return True


def _listed(drive: Drive, folder: File) -> frozenset[str]:
    try:
        return _ids(drive.children(folder))
    except RefusedError:
        return frozenset()


def _ids(files: Iterable[File]) -> frozenset[str]:
    return frozenset(file.id for file in files)
