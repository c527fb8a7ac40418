"""What may be read: approving updates that wait, hiding what should not be there, and bringing it back."""

from collections.abc import Iterable

from django.utils import timezone

from docs_hub.indexing import index_updates
from docs_hub.models import SourceFile, Update

NAMES_PEOPLE = "long-list"  # the finding of posts.py that makes an update wait
LONGEST_REASON = 300  # characters
WAITS = "It holds a long list, perhaps of people's names, and was never approved."


def approve(updates: Iterable[Update], *, actor: str) -> list[Update]:
    """Let people read updates that wait; gives those that did."""
    fields = {"state": Update.State.PUBLISHED, "approved_by": actor, "because": ""}
    return _change(updates, {Update.State.REVIEW}, fields)


def hide(updates: Iterable[Update], *, actor: str, reason: str) -> list[Update]:
    """Take updates from the site; those whose files went are confirmed to be gone. Gives those that changed."""
    states = {Update.State.PUBLISHED, Update.State.REVIEW, Update.State.HIDDEN}
    open_ones = [update for update in updates if not update.hidden_by]
    fields = {"state": Update.State.HIDDEN, "hidden_by": actor, "because": reason[:LONGEST_REASON]}
    return _change(open_ones, states, fields)


def restore(updates: Iterable[Update]) -> list[Update]:
    """Bring hidden updates back; those that still need an approval wait for it. Gives those that changed."""
    hidden = list(updates)
    waiting = [update for update in hidden if needs_approval(update)]
    ready = [update for update in hidden if update not in waiting]
    states = {Update.State.HIDDEN}
    changed = _change(waiting, states, {"state": Update.State.REVIEW, "hidden_by": "", "because": WAITS})
    return changed + _change(ready, states, {"state": Update.State.PUBLISHED, "hidden_by": "", "because": ""})


def needs_approval(update: Update) -> bool:
    """Tell whether a person has to look at an update before anybody may read it."""
    if update.approved_by or update.is_written_here:
        return False
    findings = SourceFile.objects.filter(update=update, is_gone=False).values_list("findings", flat=True)
    return any(finding["code"] == NAMES_PEOPLE for found in findings for finding in found)


def _change(updates: Iterable[Update], states: set[Update.State], fields: dict[str, str]) -> list[Update]:
    """Change each that still is in one of the states, and what the search knows of them."""
    fields_now = fields | {"changed_at": timezone.now()}
    changed = [
        update for update in updates if Update.objects.filter(pk=update.pk, state__in=states).update(**fields_now)
    ]
    if changed:
        index_updates([update.pk for update in changed])
    return changed
