"""What may be read: approving, hiding and restoring updates."""

from typing import Any

import pytest

from docs_hub import approving
from docs_hub.models import Update
from tests.support.staff_documents import NOW, an_imported_update, an_update

pytestmark = pytest.mark.django_db

LONG_LIST = [{"level": "warning", "code": "long-list", "message": "a list of 900 entries", "count": 900}]
WAITING: dict[str, Any] = {"state": Update.State.REVIEW, "because": "It holds a long list.", "changed_at": NOW}


def state_of(update: Update) -> str:
    return Update.objects.get(pk=update.pk).state


def test_an_approved_update_can_be_read_and_says_who_did_it() -> None:
    update = an_imported_update(**WAITING)
    assert approving.approve([update], actor="kim") == [update]
    update.refresh_from_db()
    assert (update.state, update.approved_by, update.because) == (Update.State.PUBLISHED, "kim", "")
    assert update.changed_at > NOW


def test_what_does_not_wait_is_not_approved() -> None:
    draft, hidden = an_update("a", state=Update.State.DRAFT), an_update("b", state=Update.State.HIDDEN)
    assert approving.approve([draft, hidden], actor="kim") == []
    assert (state_of(draft), state_of(hidden)) == (Update.State.DRAFT, Update.State.HIDDEN)


def test_an_update_that_was_approved_meanwhile_is_not_approved_twice() -> None:
    update = an_imported_update(**WAITING)
    approving.approve([update], actor="kim")
    assert approving.approve([update], actor="joe") == []
    assert Update.objects.get().approved_by == "kim"


def test_a_hidden_update_says_who_and_why() -> None:
    update = an_update(changed_at=NOW)
    assert approving.hide([update], actor="kim", reason="wrong") == [update]
    update.refresh_from_db()
    assert (update.state, update.hidden_by, update.because) == (Update.State.HIDDEN, "kim", "wrong")
    assert update.changed_at > NOW


def test_an_update_whose_file_went_can_be_confirmed_to_be_gone() -> None:
    update = an_imported_update(state=Update.State.HIDDEN, because="Its file was removed from the repository.")
    assert approving.hide([update], actor="kim", reason="no longer true") == [update]
    assert Update.objects.get().hidden_by == "kim"


def test_what_a_person_has_hidden_is_not_hidden_again_by_another() -> None:
    update = an_update()
    approving.hide([update], actor="kim", reason="wrong")
    assert approving.hide([Update.objects.get()], actor="joe", reason="me, too") == []
    assert Update.objects.get().hidden_by == "kim"


def test_a_draft_cannot_be_hidden() -> None:
    assert approving.hide([an_update(state=Update.State.DRAFT)], actor="kim", reason="wrong") == []


def test_a_restored_update_can_be_read_again() -> None:
    update = an_update(state=Update.State.HIDDEN, hidden_by="kim", because="wrong")
    assert approving.restore([update]) == [update]
    update.refresh_from_db()
    assert (update.state, update.hidden_by, update.because) == (Update.State.PUBLISHED, "", "")


@pytest.mark.parametrize(("approved_by", "state"), [("", Update.State.REVIEW), ("kim", Update.State.PUBLISHED)])
def test_hiding_and_restoring_is_no_way_round_the_approval(approved_by: str, state: str) -> None:
    update = an_imported_update(findings=LONG_LIST, approved_by=approved_by, **WAITING)
    approving.hide([update], actor="kim", reason="for now")
    approving.restore([update])
    assert state_of(update) == state


def test_what_is_not_hidden_is_not_restored() -> None:
    update = an_update(state=Update.State.DRAFT)
    assert approving.restore([update]) == []
    assert state_of(update) == Update.State.DRAFT
