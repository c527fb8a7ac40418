"""The difference of two states of permissions."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from community.github_effects import Grant, access, grants, members, resources, upstream_links
from community.permissions import Organization
from community.planning import OutdatedPlanError, Work, apply, plan
from community.terraform_writing import write_tfvars
from tests.support.made_permissions import (
    PAIRED,
    Data,
    made_data,
    made_organization,
    organizations,
    small,
    small_data,
    team,
)

Change = Callable[[Data], Any]


def words(change: Change, before: Data | None = None) -> list[str]:
    """Give the sentences of a change."""
    before = before or made_data()
    after = json.loads(json.dumps(before))
    change(after)
    return [
        str(each) for each in plan(Organization.model_validate(before), Organization.model_validate(after)).sentences
    ]


def test_the_configuration_makes_of_the_real_shape_what_it_should() -> None:
    organization = made_organization()
    kinds = Counter(address.split("[")[0] for address in resources(organization))

    assert len(members(organization)) == kinds["github_membership.users"] == 12
    assert kinds["github_team_membership.members"] == 23
    assert kinds["github_team_repository.tech-lead"] == 59
    assert kinds["github_branch_protection.repositories"] == 57
    assert len(upstream_links(organization)) == PAIRED


def test_grants_are_push_for_teams_maintain_for_tech_lead_and_an_allowance_for_persons() -> None:
    data = small_data()
    data["repositories"] = {"site": {"description": "", "teams": ["content"], "users": ["stranger"]}}
    organization = Organization.model_validate(data)

    assert grants(organization) == (
        Grant("site", "person", "stranger", "allowance"),
        Grant("site", "team", "content", "push"),
        Grant("site", "team", "tech-lead", "maintain"),
    )
    assert access(organization) == {"fir": {"site": "push"}, "hazel": {"site": "push"}, "owner": {"site": "maintain"}}


def joins(key: str, login: str) -> Change:
    return lambda data: data["teams"][key]["members"].append(login)


def leaves(key: str, *logins: str) -> Change:
    return lambda data: [data["teams"][key]["members"].remove(login) for login in logins]


def sets(name: str, **options: Any) -> Change:
    return lambda data: data["repositories"][name].update(options)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            joins("distribution", "newcomer"),
            "+ newcomer joins Distribution → push on 47 repositories; is invited to the organization",
        ),
        (
            joins("tech-lead", "newcomer"),
            "+ newcomer joins Tech-lead → maintain on 57 repositories; is invited to the organization",
        ),
        (joins("content", "hazel"), "+ hazel joins Content → push on 11 repositories, 1 of them open to them before"),
        (
            leaves("content", "birch"),
            "- birch leaves Content → loses push on 11 repositories, keeps access to 11 of them",
        ),
        (
            leaves("infrastructure", "Ginkgo"),
            "- Ginkgo leaves Infrastructure → loses push on 11 repositories, keeps access to 11 of them",
        ),
        (
            lambda data: data["administrators"].append("fir"),
            "+ fir becomes an administrator of the organization → may do everything",
        ),
        (
            lambda data: data["administrators"].append("outsider"),
            "+ outsider becomes an administrator of the organization → joins the organization; may do everything",
        ),
        (
            lambda data: data["administrators"].clear(),
            "- orchard-ci is no longer an administrator → stays a member through teams",
        ),
        (
            lambda data: data["teams"].update(news=team("News", "fir")),
            "+ team News (news) is created → push on 0 repositories",
        ),
        (
            lambda data: data["teams"].pop("async-events"),
            "- team Async Events (async-events) is removed → gives up push on 0 repositories",
        ),
        (
            lambda data: data["teams"]["content"].update(name="Words"),
            "~ name of team content: Content → Words → no effect on GitHub: the team is called content there",
        ),
        (
            lambda data: data["teams"]["content"]["members"].reverse(),
            "~ order of members of Content → no effect on GitHub",
        ),
        (
            lambda data: data["repositories"].pop("tool-5"),
            "- repository tool-5 is removed → OpenTofu refuses to destroy it: take it out of the state first",
        ),
        (
            lambda data: data["repositories"].update(
                {"mageos-stone-1": {"description": "", "teams": ["content"], "users": ["x"]}}
            ),
            "+ repository mageos-stone-1 is created → push for Content; an allowance to push, but no access, for x; "
            "maintain for Tech-lead; merges from mirror-stone-1",
        ),
        (sets("tool-3", teams=["infrastructure"]), "- Content loses push on tool-3 → 5 people"),
        (sets("module-nut-10", teams=["distribution", "content"]), "+ Content gets push on module-nut-10 → 5 people"),
        (
            sets("tool-0", teams=["infrastructure", "content", "distribution"]),
            "+ Distribution gets push on tool-0 → 6 people; archived: nobody can push",
        ),
        (
            sets("tool-3", teams=["content", "infrastructure"]),
            "~ order of teams of tool-3 → CODEOWNERS is written anew",
        ),
        (
            sets("tool-3", users=["stranger"]),
            "+ stranger gets an allowance to push to tool-3 and owns its code → "
            "no access by it: the configuration grants persons none",
        ),
        (
            sets("tool-3", users=["birch"]),
            "+ birch gets an allowance to push to tool-3 and owns its code → has access already",
        ),
        (
            sets("module-nut-0", users=["Alder-1"]),
            "- stranger loses the allowance to push to module-nut-0 and no longer owns its code → "
            "CODEOWNERS is written anew",
        ),
        (sets("tool-3", users=[]), "~ users of tool-3: none → an empty list → no effect on GitHub"),
        (
            sets("tool-3", archived=True),
            "~ repository tool-3 is archived → nobody can push; its CODEOWNERS and grants stay managed; "
            "loses branch protection and scanning",
        ),
        (sets("tool-3", archived=False), "~ archived of tool-3: none → no → no effect on GitHub"),
        (sets("tool-0", archived=False), "~ repository tool-0 is taken out of the archive → its teams can push again"),
        (
            sets("tool-3", default_branch="2.x"),
            "~ default branch of tool-3: none → 2.x → another branch becomes the default; it must exist",
        ),
        (sets("tool-3", topics=["a", "b"]), "~ topics of tool-3: an empty list → a, b"),
        (sets("tool-3", wiki=True), "~ repository tool-3: wiki: none → yes → the configuration does not read it"),
        (
            lambda data: data["mirror_repositories"]["mirror-stone-1"].update(teams=[]),
            "~ teams of mirror mirror-stone-1: continuous-integration → an empty list → "
            "no effect: the configuration never reads teams of mirrors",
        ),
        (
            lambda data: data["mirror_repositories"].pop("mirror-fruit-3"),
            "- mirror mirror-fruit-3 is removed → OpenTofu refuses to destroy it: take it out of the state first; "
            "mageos-fruit-3 no longer merges from it",
        ),
        (
            lambda data: data["mirror_repositories"].update({"mirror-new": {"description": "", "teams": []}}),
            "+ mirror mirror-new is created → only the machine account can push",
        ),
        (lambda data: data.update(extra=1), "~ extra: none → 1 → the configuration does not read it"),
    ],
)
def test_a_change_is_told_with_its_effects(change: Change, expected: str) -> None:
    assert expected in words(change)


def test_whoever_leaves_the_last_team_leaves_the_organization() -> None:
    assert words(leaves("content", "fir"), small_data()) == [
        "- fir leaves Content → loses push on 2 repositories; leaves the organization too: is in no team then"
    ]


def test_an_administrator_in_a_team_becomes_its_maintainer() -> None:
    assert words(joins("content", "owner"), small_data()) == [
        "+ owner joins Content → push on 2 repositories, 2 of them open to them before; as maintainer of the team"
    ]


def test_a_removed_team_is_left_by_each_of_its_members() -> None:
    found = words(lambda data: data["teams"].pop("content"), small_data())

    assert found[0] == "- team Content (content) is removed → gives up push on 2 repositories"
    assert [each.split(" → ")[0] for each in found[1:]] == ["- fir leaves Content", "- hazel leaves Content"]


def test_the_blast_radius_counts_people_repositories_and_access() -> None:
    after = small_data(administrators=["fir", "owner"])
    after["teams"]["content"]["members"] = ["fir", "newcomer"]
    after["repositories"]["meta"]["topics"] = []

    radius = plan(small(), Organization.model_validate(after)).radius

    assert radius.people == ("fir", "hazel", "newcomer")
    assert (radius.joining, radius.leaving) == (("newcomer",), ("hazel",))
    assert (radius.administrators_added, radius.administrators_removed) == (("fir",), ())
    assert (radius.accesses_gained, radius.accesses_lost) == (2, 2)
    assert radius.repositories == ("meta", "website")


def test_a_promotion_is_gained_and_a_demotion_lost() -> None:
    promoted = small_data()
    promoted["teams"]["tech-lead"]["members"].append("fir")

    radius = plan(small(), Organization.model_validate(promoted)).radius
    back = plan(Organization.model_validate(promoted), small()).radius

    assert (radius.accesses_gained, radius.accesses_lost) == (2, 0)
    assert (back.accesses_gained, back.accesses_lost) == (0, 2)


def test_the_work_of_opentofu_is_counted_by_resource() -> None:
    after = small_data(repositories={})
    after["teams"]["content"]["members"] = ["fir", "newcomer"]
    after["teams"]["content"]["description"] = "Other words"

    work = plan(small(), Organization.model_validate(after)).work

    assert work.create == {"github_membership.users": 1, "github_team_membership.members": 1}
    assert work.change == {"github_team.teams": 1}
    assert work.destroy["github_team_repository.teams"] == 2
    assert work.refused == (
        'github_repository.repositories["meta"]',
        'github_repository.repositories["website"]',
    )


def test_a_plan_is_stable_json() -> None:
    after = made_data()
    after["teams"]["content"]["members"].append("newcomer")
    found = plan(made_organization(), Organization.model_validate(after))

    data = json.loads(found.as_json())

    assert data["edits"] == [
        {
            "path": ["teams", "content", "members"],
            "before": made_data()["teams"]["content"]["members"],
            "after": after["teams"]["content"]["members"],
        }
    ]
    assert data["sentences"][0]["sign"] == "+"
    assert data["sentences"][0]["text"] == str(found)
    assert found.as_json() == plan(made_organization(), Organization.model_validate(after)).as_json()


def test_nothing_changes_between_equal_states() -> None:
    found = plan(made_organization(), made_organization())

    assert found.is_empty
    assert str(found) == "Nothing changes."
    assert not found.sentences
    assert not found.radius.people
    assert found.work == Work({}, {}, {}, ())


def test_a_plan_for_another_state_is_not_applied() -> None:
    after = small_data()
    after["teams"]["content"]["members"] = ["fir"]
    edits = plan(small(), Organization.model_validate(after)).edits

    with pytest.raises(OutdatedPlanError, match="teams.content.members has been changed since"):
        apply(Organization.model_validate(after), edits)
    with pytest.raises(OutdatedPlanError, match="is not there any more"):
        apply(small(teams={}), edits)


@settings(max_examples=60)
@given(organizations, organizations)
def test_a_plan_applied_gives_the_other_state(before: Organization, after: Organization) -> None:
    found = plan(before, after)
    equal = write_tfvars(before) == write_tfvars(after)

    assert write_tfvars(apply(before, found.edits)) == write_tfvars(after)
    assert found.is_empty == equal
    assert bool(found.sentences) != equal
    assert all(each.words.isprintable() for each in found.sentences)


@settings(max_examples=20)
@given(organizations)
def test_a_state_differs_from_itself_in_nothing(organization: Organization) -> None:
    assert plan(organization, Organization.model_validate(organization.as_data())).is_empty
