"""What is wrong or surprising in proposed permissions."""

from typing import Any

import pytest
from hypothesis import given, settings

from community.known_facts import Account, Known
from community.linting import CHECKS, Finding, blocks_export, lint
from community.permissions import Organization
from tests.support.made_permissions import made_organization, organizations, small, small_data, team

GOOD = {login: Account(7, login, has_agreed=True) for login in ("owner", "fir", "hazel")}


def found(organization: Organization, known: Known | None = None) -> list[tuple[str, str]]:
    return [(finding.id, finding.place) for finding in lint(organization, known)]


def with_repository(**options: Any) -> Organization:
    entry = {"description": "Tools", "teams": ["content"], **options}
    return small(repositories={"tools": entry})


def with_name(name: str) -> Organization:
    return small(repositories={name: {"description": "Tools", "teams": ["content"]}})


def with_members(*logins: str) -> Organization:
    return small(teams={"content": team("Content", *logins), "tech-lead": team("Tech-lead", "owner")})


def with_mirror(name: str, *teams: str) -> Organization:
    return small(mirror_repositories={name: {"description": "A mirror", "teams": list(teams)}})


def test_nothing_is_wrong_with_a_good_organization() -> None:
    known = Known(small(), GOOD, frozenset(), {}, "owner", frozenset())

    assert lint(small(), known) == ()


LOGIN = ("login", "teams → content → members → number 1")
TOOLS = "repositories → tools"


@pytest.mark.parametrize(
    ("organization", "expected"),
    [
        *((with_members(login), LOGIN) for login in ("-a", "a-", "a--b", "a_b", "a b", "", "é", "a" * 40, "a\n", "@a")),
        (with_members("fir", "Fir"), ("login-spelling", "teams → content → members → number 2")),
        (with_members("OWNER"), ("login-spelling", "teams → content → members → number 1")),
        (with_members("fir", "fir"), ("listed-twice", "teams → content → members")),
        (with_members(), ("team-empty", "teams → content")),
        (small(administrators=[]), ("administrator-none", "administrators")),
        (small(administrators=["owner", "owner"]), ("listed-twice", "administrators")),
        *((with_name(name), ("repository-name", f"repositories → {name}")) for name in ("a b", "..", "x.git", "ä", "")),
        (with_name("a" * 101), ("repository-name", f"repositories → {'a' * 101}")),
        (small(teams={**small_data()["teams"], "Big Team": team("Big Team", "fir")}), ("team-key", "teams → Big Team")),
        (small(teams={**small_data()["teams"], "news": team("Press", "fir")}), ("team-name", "teams → news → name")),
        (small(teams={"content": team("Content", "fir")}), ("tech-lead-missing", "teams")),
        (with_repository(teams=["nobody", "content"]), ("team-unknown", f"{TOOLS} → teams")),
        (with_repository(teams=["content", "content"]), ("listed-twice", f"{TOOLS} → teams")),
        (with_repository(teams=["content", "tech-lead"]), ("tech-lead-twice", f"{TOOLS} → teams")),
        (with_repository(teams=[]), ("grants-none", f"{TOOLS} → teams")),
        (with_repository(users=["stranger"]), ("user-no-access", f"{TOOLS} → users")),
        (with_repository(archived=True), ("archived-managed", TOOLS)),
        *((with_repository(topics=[topic]), ("topic", f"{TOOLS} → topics")) for topic in ("Big", "a b", "", "-a", "é")),
        (with_repository(topics=["a" * 51]), ("topic", f"{TOOLS} → topics")),
        (with_repository(topics=[f"t{n}" for n in range(21)]), ("topics-many", f"{TOOLS} → topics")),
        (with_repository(description="a" * 351), ("description", f"{TOOLS} → description")),
        (with_repository(description="a\nb"), ("description", f"{TOOLS} → description")),
        (with_repository(description=" "), ("description-empty", f"{TOOLS} → description")),
        *(
            (with_repository(default_branch=branch), ("branch", f"{TOOLS} → default_branch"))
            for branch in ("", "a b", "a..b", "/a", "a/", "-a", "a.lock", "a~1", "a@{b", "a.")
        ),
        (with_repository(release_please_branch="*"), ("branch", f"{TOOLS} → release_please_branch")),
        *(
            (with_repository(homepage_url=url), ("homepage", f"{TOOLS} → homepage_url"))
            for url in (
                "orchard.example",
                "javascript:alert(1)",
                "https://",
                "https://a b",
                "https://[",
                f"http://{'a' * 255}",
            )
        ),
        (with_repository(default_brnach="main"), ("unknown-key", f"{TOOLS} → default_brnach")),
        (small(owners=[]), ("unknown-key", "owners")),
        (with_mirror("copy-of-x"), ("mirror-prefix", "mirror_repositories → copy-of-x")),
        (with_mirror("mirror-x"), ("pair", "mirror_repositories → mirror-x")),
        (with_name("mageos-x"), ("pair", "repositories → mageos-x")),
        (with_mirror("mirror-x", "content"), ("mirror-teams", "mirror_repositories")),
        (with_mirror("Website"), ("name-twice", "mirror_repositories → Website")),
    ],
)
def test_what_is_wrong_is_found_in_its_place(organization: Organization, expected: tuple[str, str]) -> None:
    assert expected in found(organization)


@pytest.mark.parametrize(
    "organization",
    [
        with_members("a", "A-1-b", "x" * 39, "0"),
        *map(with_name, (".github", "a_b.c-D", "a" * 100, "git")),
        with_repository(topics=["a" * 50, "3d-printing", "c"], homepage_url="", description="ü" * 350),
        with_repository(topics=[f"t{n}" for n in range(20)], homepage_url="https://orchard.example/x?y#z"),
        with_repository(default_branch="4.x", release_please_branch="release-please--branches--main/ünder"),
        with_repository(users=["fir"]),
        with_repository(teams=["content"], users=["owner"]),
    ],
)
def test_what_github_takes_is_no_error(organization: Organization) -> None:
    assert not lint(organization)


def test_a_pair_of_a_fork_and_its_mirror_is_as_it_should_be() -> None:
    pair = small(
        repositories={"mageos-x": {"description": "A fork", "teams": ["content"]}},
        mirror_repositories={"mirror-x": {"description": "A mirror", "teams": []}},
    )

    assert not lint(pair)


def test_the_real_shape_has_its_known_surprises_and_no_error() -> None:
    ids = {finding.id for finding in lint(made_organization())}

    assert ids == {"tech-lead-twice", "user-no-access", "archived-managed", "mirror-teams", "pair"}
    assert not blocks_export(lint(made_organization()))


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (Account(7, "fir", has_agreed=True), []),
        (Account(7, "FIR", has_agreed=True), []),
        (Account(7, None, has_agreed=True), []),
        (Account(7, "fir-now", has_agreed=True), ["login-moved"]),
        (Account(7, "", has_agreed=True), ["login-moved"]),
        (Account(None, has_agreed=True), ["account-unlinked"]),
        (Account(7, "fir"), ["agreement-lapsed"]),
        (Account(7, "fir", has_agreed=True, is_machine=True), ["machine"]),
        (None, ["account-unlinked", "agreement-lapsed"]),
    ],
)
def test_people_are_compared_with_their_accounts(account: Account | None, expected: list[str]) -> None:
    accounts = {login: held for login, held in (GOOD | {"fir": account}).items() if held}

    findings = lint(small(), Known(small(), accounts, frozenset()))

    assert sorted(finding.id for finding in findings) == expected
    assert all("fir" in finding.message for finding in findings)


def test_newcomers_must_have_agreed_and_others_are_reminded() -> None:
    accounts = GOOD | {"newcomer": Account(8, "newcomer"), "fir": Account(7, "fir")}

    findings = lint(with_members("fir", "NewComer"), Known(small(), accounts))

    assert [(f.level, f.id) for f in findings] == [("error", "agreement-missing"), ("warning", "agreement-lapsed")]


def test_machines_are_listed_and_need_no_agreement() -> None:
    organization = with_members("fir", "orchard-ci", "dependabot", "Robot-2")

    refused = found(organization, Known(machines=frozenset()))
    allowed = found(organization, Known(accounts=GOOD, machines=frozenset({"Orchard-CI", "dependabot", "robot-2"})))

    assert [place for id_, place in refused if id_ == "machine"] == [
        "teams → content → members → number 2",
        "teams → content → members → number 4",
    ]
    assert allowed == []


@pytest.mark.parametrize(
    ("approvers", "refused"),
    [
        (set(), True),
        ({"hazel"}, True),
        ({"hazel", "fir"}, False),
        ({"hazel", "owner"}, True),
        ({"hazel", "OWNER"}, True),
        ({"hazel", "Hazel"}, True),
        ({"hazel", "fir", "owner"}, False),
    ],
)
def test_administrators_change_with_two_approvals_besides_the_authors(approvers: set[str], refused: bool) -> None:
    after = small(administrators=["owner", "fir"])
    known = Known(before=small(), author="owner", approvers=frozenset(approvers))

    assert (("administrators-approval", "administrators") in found(after, known)) is refused
    assert found(small(), known) == []


def test_a_team_keeps_a_maintainer() -> None:
    before, after = with_members("owner", "fir"), with_members("fir")
    lost = ("maintainer-lost", "teams → content")

    assert lost in found(after, Known(before))
    assert lost in found(with_members("hazel"), Known(after, leads={"content": frozenset({"fir"})}))
    assert lost not in found(after, Known(before, leads={"content": frozenset({"fir"})}))
    assert lost not in found(after, Known(after))


def test_an_archived_repository_gets_no_new_grants() -> None:
    gains = ("archived-gains", TOOLS)
    before = with_repository(archived=True)

    assert gains in found(with_repository(archived=True, users=["fir"]), Known(before))
    assert gains in found(with_repository(archived=True, teams=["content", "tech-lead"]), Known(before))
    assert gains not in found(before, Known(with_repository()))
    assert gains not in found(with_repository(users=["fir"]), Known(before))


def test_everything_is_reported_at_once_errors_first() -> None:
    data = small_data(administrators=[], teams={"content": team("Content")}, mirror_repositories={})
    data["repositories"]["meta"] |= {"topics": ["BAD", "Bad"], "teams": ["gone"]}

    findings = lint(Organization.model_validate(data))

    ids = ["topic", "topic", "team-unknown", "team-empty", "tech-lead-missing", "administrator-none"]
    assert [finding.id for finding in findings] == ids
    assert str(findings[0]) == (
        "error [topic] repositories → meta → topics: 'BAD' is no topic. "
        "A topic has at most 50 lower-case letters, digits and hyphens, and begins with no hyphen."
    )
    assert Finding(**findings[0].as_dict()) == findings[0]  # type: ignore[arg-type]


def test_every_check_has_an_id_of_its_own_and_a_hint() -> None:
    assert len({check.id for check in CHECKS}) == len({check.find for check in CHECKS}) == len(CHECKS)
    assert all(check.hint.endswith(".") for check in CHECKS)


@settings(max_examples=30)
@given(organizations, organizations)
def test_odd_organizations_are_linted_without_a_crash(before: Organization, after: Organization) -> None:
    known = Known(before, GOOD, frozenset(), {}, "owner", frozenset())

    assert lint(after, known) == lint(after, known)
