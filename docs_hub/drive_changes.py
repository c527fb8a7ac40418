"""What changed in a folder of Drive since it was listed: which folders in it must be listed again, and no others.

Drive keeps a log of changes for each account and each shared drive (https://developers.google.com/drive/api/guides/
about-changes). It has one entry for each file that changed, with its state of now; what changed is for us to find out.
An API key is nobody, so it has no log: the methods of changes take OAuth scopes only. Nor is there anything in a log of
what an account sees only because everybody with the link may. So changes are asked for only where a folder is shared
with the account by its address, or lies in a shared drive that it is a member of.

Nobody promises that the files in a folder are in the log when only the folder was shared with others. What narrows who
may see them is therefore asked for anew each time:

- the first folder itself. It has all permissions that come from above it; what lies in it has them, too, unless
  somebody limited a folder's access.
- all folders, in one listing, a thousand in one answer. A folder whose permissions, trash or limits are not what they
  were is listed again, which shows the same of the folders in it, and so on down.
- what shortcuts lead to outside: nothing says that it is shared with the account.

Files with permissions of their own are in the log. If it should lose an entry, they are shown no more widely than the
folders above them until the next full listing; see `remembering.LONGEST`.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from docs_hub.drive import Drive
from docs_hub.drive_answers import ChangePage, File, Permission
from docs_hub.drive_errors import BadRequestError, DriveError, IncompleteError, RefusedError

logger = logging.getLogger(__name__)

LONGEST_TOKEN = 200  # characters
MOST_CHANGES = 20_000  # more take longer than listing everything anew
PASSED_ON = {"trashed", "drive_id", "capabilities", "inherited_permissions_disabled", "has_augmented_permissions"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder as it was when it was listed."""

    seal: str
    ids: Set[str]  # of what lay directly in it


@dataclass(frozen=True, slots=True)
class News:
    """What became of folders that were listed."""

    stale: frozenset[str]  # ids of those that must be listed again
    token: str  # where later changes begin


def log_of(root: File, permissions: Iterable[Permission] | None, account: str) -> str | None:
    """Say whose log tells of all that lies in a folder: "" the account's, or a shared drive's id; None: nobody's.

    Args:
        permissions: those of the folder that are in force, as far as Drive tells.
    """
    if root.drive_id:
        return root.drive_id if root.capabilities.can_read_drive else None
    people = {each.email_address.lower() for each in permissions or () if each.type == "user"}
    return "" if account.lower() in people else None


def seal(folder: File, permissions: Iterable[Permission] | None = None) -> str:
    """Name what a folder passes on to what lies in it; 64 hex digits.

    Args:
        permissions: those of a folder in a shared drive, whose listing has none.
    """
    shared = sorted(each.model_dump_json() for each in permissions or folder.permissions or ())
    passed_on = folder.model_dump_json(include=PASSED_ON)
    return hashlib.sha256("\n".join((passed_on, *shared)).encode()).hexdigest()


def beginning(drive: Drive, log: str) -> str:
    """Say where changes begin that are yet to come; "" if Drive does not: then all is listed the next time, too."""
    try:
        token = drive.start_token(log)
    except DriveError as error:
        logger.warning("Drive does not say where its changes begin: %s", error)
        return ""
    return token if _is_token(token) else ""


def news(drive: Drive, token: str, log: str, listed: Mapping[str, Listed], first: tuple[str, str]) -> News | None:
    """Compare folders that were listed with what Drive says now; None if all must be listed anew.

    Args:
        first: id and seal of the folder that all others lie in, of a moment ago.

    Raises:
        DriveError: nothing can be said.
    """
    try:
        found = _logged(drive.changes(token, log), log)
        if found is None:
            return None
        changed, parents, later = found
        now = {folder.id: seal(folder) for folder in drive.folders(log)} if listed.keys() - {first[0]} else {}
    except (BadRequestError, RefusedError, IncompleteError):
        return None
    now |= [first]
    changed |= {id_ for id_, was in listed.items() if now.get(id_) != was.seal}
    stale = {id_ for id_, was in listed.items() if id_ in parents or not changed.isdisjoint(was.ids)}
    return News(frozenset(stale | ({first[0]} & changed)), later)


def _logged(pages: Iterable[ChangePage], log: str) -> tuple[set[str], set[str], str] | None:
    """Give ids of what changed and of the folders that it is in now, and the next token; None: that is too much."""
    changed: set[str] = set()
    parents: set[str] = set()
    later = ""
    for page in pages:
        later = page.new_start_page_token or later
        for change in page.changes:
            is_of_drive = bool(log) and change.change_type == "drive"  # who its members are, what they may do
            if is_of_drive or len(changed) >= MOST_CHANGES:
                return None
            changed.add(change.file_id)
            parents.update(change.file.parents if change.file else ())
    return (changed, parents, later) if _is_token(later) else None


def _is_token(text: str) -> bool:
    return 0 < len(text) <= LONGEST_TOKEN and text.isprintable()
