"""Checks of persons: accounts, agreements, machines, administrators and who approved them."""

import re
from collections.abc import Iterator

from community.known_facts import Found, Known
from community.permissions import Organization, people, person, shown

MACHINE = re.compile(r"(?:^|-)(?:bot|ci|robot|machine)(?:-|\Z)", re.IGNORECASE)
APPROVALS = 2


def login_moved(organization: Organization, known: Known) -> Iterator[Found]:
    for login, place in _first_places(organization):
        account = known.account(login)
        if account is None or account.login_now is None or person(account.login_now) == person(login):
            continue
        now = f"is {account.login_now} today" if account.login_now else "is gone"
        yield place, f"the account {account.github_id} that was {login} {now}"


def not_linked(organization: Organization, known: Known) -> Iterator[Found]:
    for login, place in _persons(organization, known):
        account = known.account(login)
        if account is None or account.github_id is None:
            yield place, f"no member of the portal has linked {login}"


def newcomer_not_agreed(organization: Organization, known: Known) -> Iterator[Found]:
    held = _held(known.before)
    for login, place in _not_agreed(organization, known):
        if person(login) not in held:
            yield place, f"{login} has not agreed to the code of conduct in force and is granted something new"


def not_agreed(organization: Organization, known: Known) -> Iterator[Found]:
    held = _held(known.before)
    for login, place in _not_agreed(organization, known):
        if person(login) in held:
            yield place, f"{login} has not agreed to the code of conduct in force"


def _not_agreed(organization: Organization, known: Known) -> Iterator[Found]:
    for login, place in _persons(organization, known):
        account = known.account(login)
        if account is None or not account.has_agreed:
            yield login, place


def _held(before: Organization | None) -> set[str]:
    return {person(login) for login, _ in people(before)} if before else set()


def _persons(organization: Organization, known: Known) -> Iterator[tuple[str, str]]:
    """Give logins that should belong to people, if anything is known of people."""
    if known.accounts is None:
        return
    for login, place in _first_places(organization):
        if not known.may_be_machine(login):
            yield login, place


def _first_places(organization: Organization) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for login, place in people(organization):
        if person(login) not in seen:
            seen.add(person(login))
            yield login, shown(place)


def unlisted_machine(organization: Organization, known: Known) -> Iterator[Found]:
    if known.machines is None:
        return
    for login, place in _first_places(organization):
        account = known.account(login)
        looks_so = MACHINE.search(login) or (account is not None and account.is_machine)
        if looks_so and not known.may_be_machine(login):
            yield place, f"{login} looks like a machine account and is not listed as one"


def no_administrator(organization: Organization, _: Known) -> Iterator[Found]:
    if not organization.administrators:
        yield "administrators", "there is none"


def administrators_unapproved(organization: Organization, known: Known) -> Iterator[Found]:
    if known.before is None or known.approvers is None:
        return
    changed = set(known.before.administrators) ^ set(organization.administrators)
    if changed and known.approvals() < APPROVALS:
        yield (
            "administrators",
            f"{', '.join(sorted(changed))} changed with {known.approvals()} approvals besides the author's",
        )
