"""What is known besides the proposal itself: the state before, people's accounts, who approved."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from community.permissions import Organization, person

Found = tuple[str, str]  # what a check gives: (place, what is wrong)


@dataclass(frozen=True, slots=True)
class Account:
    """What the portal knows of a login."""

    github_id: int | None = None  # None: not linked
    login_now: str | None = None  # what the id resolves to; None: not asked, "": no such account any more
    has_agreed: bool = False  # to the code of conduct in force
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Facts for the checks; a check whose facts are None finds nothing."""

    before: Organization | None = None  # what is in force
    accounts: Mapping[str, Account] | None = None  # by person(login)
    machines: frozenset[str] | None = None  # logins that may be machines
    leads: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by key of the team: logins
    author: str = ""
    approvers: frozenset[str] | None = None

    def account(self, login: str) -> Account | None:
        """Find what is known of a login however it is spelt."""
        return (self.accounts or {}).get(person(login))

    def may_be_machine(self, login: str) -> bool:
        return person(login) in {person(name) for name in self.machines or ()}

    def approvals(self) -> int:
        """Count who approved besides the author."""
        return len({person(name) for name in self.approvers or ()} - {person(self.author)})
