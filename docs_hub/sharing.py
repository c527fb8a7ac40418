"""What Drive's permissions mean here: how wide a document may be shown, and what differs from what should be.

With whom something is shared is remembered as lines that staff read: ``"group docs@example.org: writer"``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from docs_hub.drive_answers import Permission
from mageos_portal.audience import Visibility

LINK = "anyone with the link"
WEB = "anyone on the web"
READER = "reader"
EVERYBODY = "anyone"
GROUPS = frozenset({"group", "domain"})
OWNERS = frozenset({"owner", "organizer", "fileOrganizer"})
SERVICE_ACCOUNTS = ".gserviceaccount.com"  # of programs: this portal's is one
LINE = re.compile(r"(?P<kind>anyone|user|group|domain) ?(?P<name>[^:]*): (?P<role>\w*)")
GAPS = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Stand:
    """Which names of Drive stand for all members, and which for the team; small letters."""

    members: frozenset[str] = frozenset()  # domains and addresses of groups
    team: frozenset[str] = frozenset()  # the same, or addresses of all its people

    @classmethod
    def read(cls, members_are: str, team_is: str) -> Self:
        """Read what staff wrote; a domain may begin with an @."""
        return cls(_names(members_are), _names(team_is))


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody with whom something is shared."""

    kind: str  # anyone, domain, group, user
    name: str  # domain or address; of anyone, how they find it
    role: str

    @classmethod
    def read(cls, line: str) -> Self | None:
        """Understand a line that `audience` made."""
        found = LINE.match(line)
        return cls(found["kind"], found["name"], found["role"]) if found else None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.role}"


def in_force(permissions: Iterable[Permission], at: datetime, *, is_limited: bool = False) -> list[Permission]:
    """Leave out what lets nobody open it: what has expired, belongs to a deleted account, or shows only the name.

    A folder with limited access does not take over what its own folder allows, but for owners.
    """
    return [
        permission
        for permission in permissions
        if not permission.deleted
        and not permission.view
        and not (permission.expiration_time and permission.expiration_time <= at)
        and not (is_limited and permission.role not in OWNERS and _is_inherited(permission))
    ]


def first_end(permissions: Iterable[Permission], at: datetime) -> datetime | None:
    """Say when the first of those that expire later does."""
    ends = (permission.expiration_time for permission in permissions)
    return min((end for end in ends if end and end > at), default=None)


def visibility_of(permissions: Iterable[Permission], stand: Stand) -> Visibility:
    """Say how wide something may be shown that has these permissions in force.

    A group or a domain stands for the members or the team if its name does; single people stand for a team
    only if everybody named is among them.
    """
    found = list(permissions)
    groups = {_name(permission) for permission in found if permission.type in GROUPS}
    names = {_name(permission) for permission in found if permission.type != EVERYBODY}
    if any(permission.type == EVERYBODY for permission in found):
        return Visibility.PUBLIC
    if groups & stand.members:
        return Visibility.MEMBERS
    if groups & stand.team or (stand.team and stand.team <= names):
        return Visibility.TEAM
    return Visibility.STAFF


def audience(permissions: Iterable[Permission]) -> tuple[str, ...]:
    """Give with whom it is shared as lines for staff, the widest first."""
    order = ("anyone", "domain", "group", "user")
    shares = (_share(permission) for permission in permissions)
    known = {share: order.index(share.kind) if share.kind in order else len(order) for share in shares}
    return tuple(str(share) for share in sorted(known, key=lambda share: (known[share], share.name, share.role)))


def should_be(visibility: str, stand: Stand) -> tuple[str, ...]:
    """Give with whom a folder should be shared for what its collection says, as lines for staff."""
    if visibility == Visibility.PUBLIC:
        return (f"{LINK}: {READER}",)
    names = stand.members if visibility == Visibility.MEMBERS else stand.team
    return tuple(f"{_guess(name)} {name}: {READER}" for name in sorted(names))


def differences(lines: Iterable[str], visibility: str, stand: Stand) -> tuple[str, ...]:
    """Say in sentences what of a folder's sharing is not as its collection wants it, and what to do."""
    shares = [share for share in map(Share.read, lines) if share]
    return (*_about_everybody(shares, visibility), *_about_names(shares, visibility, stand))


def _about_everybody(shares: list[Share], visibility: str) -> Iterator[str]:
    everybody = [share for share in shares if share.kind == EVERYBODY]
    if visibility == Visibility.PUBLIC and not everybody:
        yield f"It should be public, but Drive does not show it to everybody: share it with {LINK}."
    if visibility != Visibility.PUBLIC and everybody:
        yield f"It is for {visibility}, but in Drive everybody can read it: take {EVERYBODY} out there."
    if any(share.role not in {READER, ""} for share in everybody):
        yield f"In Drive everybody may do more than read ({everybody[0].role}): make that {READER}."


def _about_names(shares: list[Share], visibility: str, stand: Stand) -> Iterator[str]:
    if visibility == Visibility.PUBLIC:
        return
    if visibility == Visibility.MEMBERS:
        field, wanted, allowed = "members are", stand.members, stand.members | stand.team
    else:
        field, wanted, allowed = "team is", stand.team, stand.team
    if not wanted:
        yield f"Nobody said which names of Drive stand for the {visibility}: fill in “{field}”."
    missing = sorted(wanted - {share.name for share in shares})
    if missing and not any(share.kind in GROUPS and share.name in wanted for share in shares):
        yield f"It is not shared with {', '.join(missing)}: share it in Drive, or take that out of “{field}”."
    others = [f"{share.name} ({share.role})" for share in shares if _is_other(share, allowed)]
    if others:
        yield f"It is shared with others, too: {', '.join(others)}; take them out in Drive if that is not meant."


def _is_other(share: Share, allowed: frozenset[str]) -> bool:
    is_ours = share.role in OWNERS or share.name in allowed or share.name.endswith(SERVICE_ACCOUNTS)
    return share.kind != EVERYBODY and not is_ours


def _share(permission: Permission) -> Share:
    if permission.type == EVERYBODY:
        name = WEB if permission.allow_file_discovery else LINK
        return Share(EVERYBODY, name.removeprefix("anyone "), permission.role)
    role = f"{permission.role} (is to become owner)" if permission.pending_owner else permission.role
    return Share(permission.type, _name(permission) or "without a name", role)


def _name(permission: Permission) -> str:
    return (permission.domain if permission.type == "domain" else permission.email_address).lower()


def _names(text: str) -> frozenset[str]:
    return frozenset(name.removeprefix("@").lower() for name in GAPS.split(text) if name.strip("@"))


def _guess(name: str) -> str:
    return "group" if "@" in name else "domain"


def _is_inherited(permission: Permission) -> bool:
    details = permission.permission_details
    return bool(details) and all(detail.inherited for detail in details)
