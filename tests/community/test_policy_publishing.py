"""Drafts are written, and versions are published for good by somebody else."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User

from community.models import PolicyVersion
from community.policy_publishing import (
    ApproverError,
    PublishingError,
    may_approve,
    publish,
    save_draft,
)
from community.policy_texts import LONGEST, sha256_of
from tests.support.made_conduct import DAY, FIRST, a_draft, a_version
from tests.support.staff import a_person

pytestmark = pytest.mark.django_db

NOW = FIRST + 300 * DAY


@pytest.fixture
def jane() -> User:
    return a_person("jane", "conduct team")


@pytest.fixture
def board() -> User:
    return a_person("board", "conduct team")


def test_a_draft_is_published_by_somebody_else(jane: User, board: User) -> None:
    draft = a_draft(1, author="jane", markdown="Be kind. \r\n")
    published = publish(draft, actor=board, now=NOW)
    assert (published.author, published.approved_by) == ("jane", "board")
    assert (published.published_at, published.effective_at) == (NOW, NOW)
    assert (published.markdown, published.sha256) == ("Be kind.\n", sha256_of("Be kind."))
    assert published.html == "<p>Be kind.</p>\n"
    assert PolicyVersion.objects.in_force(NOW) == published


def test_whoever_wrote_the_text_last_does_not_approve_it(jane: User, board: User) -> None:
    draft = a_draft(1, author="jane")
    with pytest.raises(ApproverError, match="jane wrote code of conduct, version 1"):
        publish(draft, actor=jane, now=NOW)
    draft.markdown += "More."
    save_draft(draft, author="board")
    with pytest.raises(ApproverError):
        publish(draft, actor=board, now=NOW)
    assert publish(draft, actor=jane, now=NOW).approved_by == "jane"


def test_saving_a_draft_without_another_text_makes_nobody_its_author(jane: User, board: User) -> None:
    draft = a_draft(1, author="jane")
    draft.effective_at = NOW
    save_draft(draft, author="board")
    draft.refresh_from_db()
    assert (draft.author, draft.effective_at) == ("jane", NOW)


def test_who_alone_has_the_right_may_approve_what_they_wrote(jane: User) -> None:
    draft = a_draft(1, author="jane")
    a_person("builder", "builder")
    gone = a_person("gone", "conduct team")
    gone.is_active = False
    gone.save()
    assert may_approve(draft, jane)
    a_person("root", superuser=True)
    assert not may_approve(draft, jane)


def test_the_effective_day_is_never_before_publication(board: User) -> None:
    early = a_draft(1, effective_at=NOW - 9 * DAY)
    assert publish(early, actor=board, now=NOW).effective_at == NOW
    late = a_draft(2, effective_at=NOW + 9 * DAY)
    assert publish(late, actor=board, now=NOW).effective_at == NOW + 9 * DAY
    assert PolicyVersion.objects.in_force(NOW + 8 * DAY) == early
    assert PolicyVersion.objects.in_force(NOW + 9 * DAY) == late


@pytest.mark.parametrize(
    ("number", "fields", "reason"),
    [
        (3, {}, "out of turn: the next one is 2"),
        (2, {"markdown": " \n"}, "has no text"),
        (2, {"markdown": "a" * (LONGEST + 1)}, "shorten it"),
        (2, {"locale": "de"}, "publish that one first"),
        (1, {"locale": "de", "material": False}, "differ in whether they are material"),
    ],
)
def test_what_does_not_fit_is_refused_and_stays_a_draft(
    board: User, number: int, fields: dict[str, object], reason: str
) -> None:
    a_version(1)
    draft = a_draft(number, locale=str(fields.get("locale", "en")))
    PolicyVersion.objects.filter(pk=draft.pk).update(**fields)
    with pytest.raises(PublishingError, match=reason):
        publish(draft, actor=board, now=NOW)
    assert not PolicyVersion.objects.get(pk=draft.pk).is_published


def test_no_version_counts_before_the_one_before(board: User) -> None:
    a_version(1, at=NOW - DAY, effective_at=NOW + 20 * DAY)
    with pytest.raises(PublishingError, match="choose a later date"):
        publish(a_draft(2, effective_at=NOW + DAY), actor=board, now=NOW)


def test_a_translation_counts_when_its_original_does(board: User) -> None:
    original = a_version(1, at=NOW - DAY, effective_at=NOW + 20 * DAY)
    german = publish(a_draft(1, locale="de", markdown="Seid nett."), actor=board, now=NOW)
    assert german.effective_at == original.effective_at
    assert german.get_absolute_url() == "/code-of-conduct/v/1/?lang=de"


def test_what_is_published_is_neither_drafted_nor_published_again(board: User) -> None:
    published = a_version(1)
    with pytest.raises(PublishingError, match="draft the next one"):
        save_draft(published, author="board")
    with pytest.raises(PublishingError, match="published already"):
        publish(published, actor=board, now=NOW)


def test_the_same_import_again_changes_nothing_and_another_text_is_refused() -> None:
    assert a_version(1) == a_version(1)
    with pytest.raises(PublishingError, match="is there already"):
        a_version(1, text="Be kind.")
    with pytest.raises(PublishingError, match="would be published or count before version 1"):
        a_version(2, at=FIRST - DAY)
    with pytest.raises(PublishingError, match="a language such as"):
        a_version(1, locale="deutsch!")
    with pytest.raises(PublishingError):
        a_version(2, approved_by="")
    assert PolicyVersion.objects.count() == 1


def test_the_conduct_team_may_write_and_publish_and_sees_no_agreements() -> None:
    team = set(Group.objects.get(name="conduct team").permissions.values_list("codename", flat=True))
    officer = set(Group.objects.get(name="member officer").permissions.values_list("codename", flat=True))
    assert "publish_policyversion" in team - officer
    assert {"view_agreement", "export_agreement"} <= officer - team


def test_a_version_that_counts_later_is_not_in_force() -> None:
    a_version(1, effective_at=NOW)
    assert PolicyVersion.objects.in_force(NOW - timedelta(seconds=1)) is None
