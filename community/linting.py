"""Everything that is wrong or surprising in proposed permissions, all at once.

Errors stop an export; warnings and notes do not. Ids are stable.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from community import lint_grants, lint_people, lint_text
from community.known_facts import Found, Known
from community.permissions import Organization, printable

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
LONGEST_MESSAGE = 500  # characters


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one place."""

    level: Level
    id: str
    place: str  # "repositories → inventory → topics"
    message: str
    hint: str  # what to do

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.level} [{self.id}] {self.place}: {self.message}. {self.hint}"


@dataclass(frozen=True, slots=True)
class Check:
    """A rule: what it finds, how bad that is, and what to do about it."""

    id: str
    level: Level
    find: Callable[[Organization, Known], Iterable[Found]]
    hint: str


CHECKS = (
    Check(
        "login",
        "error",
        lint_text.invalid_login,
        "A login has 1 to 39 letters, digits and single hyphens within; copy it from the profile's address.",
    ),
    Check(
        "login-spelling",
        "error",
        lint_text.spelt_differently,
        "Spell a login everywhere as the profile does; GitHub would see two memberships of one person.",
    ),
    Check(
        "login-moved",
        "error",
        lint_people.login_moved,
        "Ask the person, then write the new login or remove the old one: somebody else can take a login that is free.",
    ),
    Check(
        "repository-name",
        "error",
        lint_text.invalid_repository_name,
        "Use 1 to 100 letters, digits, dots, hyphens and underscores, not ending in .git.",
    ),
    Check(
        "team-key",
        "error",
        lint_text.invalid_team_key,
        "Use lower-case letters, digits and single hyphens: CODEOWNERS names the team by its key.",
    ),
    Check("name-twice", "error", lint_text.same_name_twice, "Rename or remove one of the two."),
    Check("listed-twice", "error", lint_text.listed_twice, "List it once; OpenTofu refuses the same key twice."),
    Check(
        "topic",
        "error",
        lint_text.invalid_topic,
        "A topic has at most 50 lower-case letters, digits and hyphens, and begins with no hyphen.",
    ),
    Check("topics-many", "error", lint_text.too_many_topics, "GitHub takes at most 20; remove some."),
    Check("description", "error", lint_text.invalid_description, "Write one line of at most 350 characters."),
    Check("description-empty", "warning", lint_text.no_description, "Say in a line what it is for."),
    Check("branch", "error", lint_text.invalid_branch, "Write a branch as git names it, or remove the option."),
    Check(
        "homepage",
        "error",
        lint_text.invalid_homepage,
        "Write an address with http:// or https:// of at most 255 characters, or remove the option.",
    ),
    Check(
        "unknown-key",
        "warning",
        lint_text.unknown_key,
        "It is kept and exported; check its spelling or remove it.",
    ),
    Check("team-unknown", "error", lint_grants.unknown_team, "Add the team or remove it from the list."),
    Check("team-empty", "error", lint_grants.empty_team, "Add a member, or remove the team and its grants."),
    Check(
        "tech-lead-missing",
        "error",
        lint_grants.no_tech_lead,
        "Add it: the configuration grants it every repository and fails without.",
    ),
    Check(
        "maintainer-lost",
        "error",
        lint_grants.last_maintainer_lost,
        "Keep a lead or an administrator in the team, or name another first.",
    ),
    Check(
        "tech-lead-twice",
        "warning",
        lint_grants.tech_lead_granted_twice,
        "Remove it from the list: push and maintain would replace each other at every run.",
    ),
    Check(
        "archived-gains",
        "error",
        lint_grants.archived_gains_grants,
        "Take the repository out of the archive first, or leave its grants as they are.",
    ),
    Check(
        "archived-managed",
        "note",
        lint_grants.archived_still_managed,
        "GitHub takes no files for an archived repository; change it before it is archived.",
    ),
    Check("grants-none", "warning", lint_grants.granted_to_nobody, "List at least one team."),
    Check(
        "user-no-access",
        "warning",
        lint_grants.user_without_access,
        "Put the person into a team that may push, or invite them to the repository by hand.",
    ),
    Check(
        "mirror-teams",
        "note",
        lint_grants.mirror_teams_unread,
        "Only the machine account writes to mirrors; the lists have no effect.",
    ),
    Check("mirror-prefix", "warning", lint_grants.mirror_prefix, "Name it mirror- and the name it has upstream."),
    Check(
        "pair",
        "note",
        lint_grants.unpaired,
        "Upstream changes are merged into mageos-X where mirror-X exists; add the other if that is wanted.",
    ),
    Check("team-name", "note", lint_grants.team_name_unused, "Name the team after its key, or change the key."),
    Check(
        "account-unlinked",
        "warning",
        lint_people.not_linked,
        "Ask them to link GitHub in their account, so that a renamed login is noticed.",
    ),
    Check(
        "agreement-missing",
        "error",
        lint_people.newcomer_not_agreed,
        "Ask them to sign up and agree first.",
    ),
    Check(
        "agreement-lapsed",
        "warning",
        lint_people.not_agreed,
        "Remind them, or remove what they hold.",
    ),
    Check(
        "machine",
        "error",
        lint_people.unlisted_machine,
        "Add it to the list of machine accounts if it is one of ours, or remove it.",
    ),
    Check("administrator-none", "error", lint_people.no_administrator, "Name at least one."),
    Check(
        "administrators-approval",
        "error",
        lint_people.administrators_unapproved,
        "Let two people other than the author approve the change.",
    ),
)


def lint(organization: Organization, known: Known | None = None) -> tuple[Finding, ...]:
    """Run every check; errors come first, then by the order of the checks and the place."""
    facts = known or Known()
    found = [
        Finding(check.level, check.id, printable(place), printable(message)[:LONGEST_MESSAGE], check.hint)
        for check in sorted(CHECKS, key=lambda check: LEVELS.index(check.level))
        for place, message in check.find(organization, facts)
    ]
    return tuple(found)


def blocks_export(findings: Iterable[Finding]) -> bool:
    return any(finding.level == "error" for finding in findings)
