"""How long what is known of people is kept: one table, which PORTAL_RETENTION may change."""

from collections.abc import Mapping

from mageos_portal.variables import Reader

MOST_DAYS = 36_500
DAYS: Mapping[str, int] = {
    "unverified_accounts": 7,  # after they were made
    "data_copies": 1,  # after they were made
    "data_requests": 365,  # after they were done
    "invitations": 90,  # after they ended
    "declined_memberships": 365,  # after the decision
    "memberships": 1_825,  # after they ended
    "sanctions": 1_095,  # after they ended
    "conduct_reports": 1_095,  # after they were decided
    "permission_states": 1_095,  # after they were made, but for the newest
    "pseudonyms": 1_095,  # after the account was erased
}


def read_retention(reader: Reader) -> Mapping[str, int]:
    """Read the table with what the environment changes of it: ``rule=days``, separated by spaces."""
    return {**DAYS, **reader.read("PORTAL_RETENTION", "", _changes)}


def _changes(value: str) -> dict[str, int]:
    return dict(_change(word) for word in value.replace(",", " ").split())


def _change(word: str) -> tuple[str, int]:
    rule, _, days = word.partition("=")
    if rule not in DAYS:
        raise ValueError(f"{rule!r} is no rule; there are {', '.join(DAYS)}")
    if not (days.isascii() and days.isdigit()) or not 1 <= int(days[:9]) <= MOST_DAYS:
        raise ValueError(f"{word!r} is no number of days; write {rule}={DAYS[rule]}, from 1 to {MOST_DAYS}")
    return rule, int(days)
