"""What Drive's permissions mean here, and what staff are told about them."""

from datetime import UTC, datetime, timedelta

import pytest

from docs_hub.drive_answers import Permission, Ref
from docs_hub.folder_addresses import folder_named
from docs_hub.sharing import Share, Stand, audience, differences, in_force, should_be, visibility_of
from mageos_portal.audience import Visibility
from tests.support.drive import anyone, domain, group, user

NOW = datetime(2026, 5, 1, tzinfo=UTC)
STAND = Stand.read("@Example.org  members@groups.example, other.example", "docs@groups.example")
PEOPLE = Stand.read("", "ann@example.org bob@example.org")


def permissions(*written: dict[str, object]) -> list[Permission]:
    return [Permission.model_validate(each) for each in written]


@pytest.mark.parametrize(
    ("written", "stand", "visibility"),
    [
        ([anyone()], STAND, "public"),
        ([anyone(allowFileDiscovery=True)], STAND, "public"),
        ([user("ann@example.org", "owner"), anyone("writer")], STAND, "public"),
        ([domain("example.org")], STAND, "members"),
        ([domain("EXAMPLE.ORG")], STAND, "members"),
        ([group("Members@Groups.example")], STAND, "members"),
        ([domain("example.org"), group("docs@groups.example")], STAND, "members"),
        ([group("docs@groups.example", "writer")], STAND, "team"),
        ([domain("sub.example.org")], STAND, "staff"),
        ([domain("example.org.evil.example")], STAND, "staff"),
        ([user("ann@example.org")], STAND, "staff"),  # one of a domain is not all of it
        ([user("members@groups.example")], STAND, "staff"),
        ([user("docs@groups.example")], STAND, "team"),  # an address that stands for the team
        ([user("ann@example.org")], PEOPLE, "staff"),  # bob could read more here than in Drive
        ([user("ann@example.org"), user("Bob@example.org", "owner")], PEOPLE, "team"),
        ([domain("example.org")], Stand(), "staff"),
        ([], Stand(), "staff"),
        ([{"type": "user", "role": "reader"}], Stand.read("", "@"), "staff"),
        ([{"type": "martians", "role": "reader"}], STAND, "staff"),
    ],
)
def test_permissions_say_how_wide_something_may_be_shown(
    written: list[dict[str, object]], stand: Stand, visibility: str
) -> None:
    assert visibility_of(permissions(*written), stand) == visibility


@pytest.mark.parametrize(
    "fields",
    [
        {"expirationTime": (NOW - timedelta(seconds=1)).isoformat()},
        {"expirationTime": NOW.isoformat()},
        {"deleted": True},
        {"view": "metadata"},
        {"view": "published"},
    ],
)
def test_permissions_that_open_nothing_do_not_count(fields: dict[str, object]) -> None:
    assert in_force(permissions(group("docs@groups.example") | fields), NOW) == []


def test_a_permission_that_ends_later_counts_until_then() -> None:
    (permission,) = permissions(anyone(expirationTime=(NOW + timedelta(days=1)).isoformat()))
    assert in_force([permission], NOW) == [permission]
    assert in_force([permission], NOW + timedelta(days=1)) == []


def test_a_folder_with_limited_access_takes_over_owners_only() -> None:
    from_above = {"permissionDetails": [{"inherited": True}]}
    its_own = {"permissionDetails": [{"inherited": True}, {"inherited": False}]}
    owner, everybody, people = permissions(
        user("ann@example.org", "owner") | from_above, anyone() | from_above, domain("example.org") | its_own
    )
    assert in_force([owner, everybody, people], NOW, is_limited=True) == [owner, people]
    assert in_force([owner, everybody, people], NOW) == [owner, everybody, people]


def test_staff_read_with_whom_something_is_shared_the_widest_first() -> None:
    lines = audience(
        permissions(
            user("ann@example.org", "owner"),
            user("bob@example.org", "writer", pendingOwner=True),
            group("docs@groups.example", "commenter"),
            anyone(),
            anyone(allowFileDiscovery=True),
            domain("Example.org"),
            domain("example.org"),
            {"type": "user", "role": "reader"},
        )
    )
    assert lines == (
        "anyone on the web: reader",
        "anyone with the link: reader",
        "domain example.org: reader",
        "group docs@groups.example: commenter",
        "user ann@example.org: owner",
        "user bob@example.org: writer (is to become owner)",
        "user without a name: reader",
    )
    assert [str(Share.read(line)) for line in lines[:5]] == list(lines[:5])


def test_a_line_that_is_none_is_not_understood() -> None:
    assert Share.read("hello") is None


@pytest.mark.parametrize(
    ("visibility", "lines"),
    [
        ("public", ("anyone with the link: reader",)),
        (
            "members",
            ("domain example.org: reader", "group members@groups.example: reader", "domain other.example: reader"),
        ),
        ("team", ("group docs@groups.example: reader",)),
    ],
)
def test_staff_read_with_whom_it_should_be_shared(visibility: str, lines: tuple[str, ...]) -> None:
    assert should_be(visibility, STAND) == lines


OWNER = "user ann@example.org: owner"
SERVICE = "user portal@tests.iam.gserviceaccount.com: reader"
EVERYBODY = "anyone with the link: reader"
MEMBERS = "domain example.org: reader"
TEAM = "group docs@groups.example: writer"


@pytest.mark.parametrize(
    ("lines", "visibility", "said"),
    [
        ((EVERYBODY, OWNER, "user eve@evil.example: writer"), "public", []),
        ((OWNER,), "public", ["share it with anyone with the link"]),
        (("anyone with the link: writer",), "public", ["everybody may do more than read (writer)"]),
        ((MEMBERS, OWNER, SERVICE, TEAM), "members", []),
        ((OWNER,), "members", ["It is not shared with example.org, members@groups.example, other.example"]),
        ((EVERYBODY, MEMBERS), "members", ["everybody can read it: take anyone out"]),
        ((MEMBERS, "group press@groups.example: reader"), "members", ["shared with others, too: press@groups.example"]),
        ((TEAM, OWNER), "team", []),
        ((TEAM, MEMBERS), "team", ["shared with others, too: example.org (reader)"]),
        ((), "team", ["It is not shared with docs@groups.example"]),
    ],
)
def test_staff_are_told_what_differs(lines: tuple[str, ...], visibility: str, said: list[str]) -> None:
    found = differences(lines, visibility, STAND)
    assert len(found) == len(said)
    assert all(expected in sentence for expected, sentence in zip(said, found, strict=True))


def test_staff_are_told_what_they_have_not_filled_in() -> None:
    (sentence,) = differences((OWNER,), Visibility.TEAM, Stand())
    assert "fill in “team is”" in sentence
    assert "fill in “members are”" in differences((OWNER,), Visibility.MEMBERS, Stand())[0]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("1aB_-x", Ref("1aB_-x")),
        (" 1aB_-x\n", Ref("1aB_-x")),
        ("https://drive.google.com/drive/folders/1aB_-x", Ref("1aB_-x")),
        ("https://drive.google.com/drive/u/0/folders/1aB_-x?usp=sharing", Ref("1aB_-x")),
        ("https://drive.google.com/drive/folders/1aB_-x?resourcekey=0-k&usp=sharing", Ref("1aB_-x", "0-k")),
        ("https://drive.google.com/open?id=1aB_-x", Ref("1aB_-x")),
        ("https://drive.google.com/", None),
        ("1aB' or name contains 'x", None),
        ("../files", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_folder_is_named_by_its_id_or_its_link(written: str, found: Ref | None) -> None:
    assert folder_named(written) == found


def test_a_resource_key_of_its_own_counts_more_than_the_links() -> None:
    assert folder_named("https://drive.google.com/drive/folders/a?resourcekey=b", "c") == Ref("a", "c")
    assert folder_named("a", "b/c,d/e") is None
