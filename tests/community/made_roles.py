"""Open roles as a test wants them."""

from datetime import UTC, date, datetime
from typing import Any

from community.models import OpenRole

NOW = datetime(2022, 3, 4, 12, tzinfo=UTC)
DAY = NOW.date()


def a_role(slug: str = "officer", *, state: str = "published", deadline: date | None = None, **more: Any) -> OpenRole:
    fields = {
        "title": slug.capitalize(),
        "summary": "Keeps things running.",
        "why": "Because *somebody* must.",
        "core_tasks": "- plan\n- tell",
        "must_have": "Patience.",
        "how_to_apply": "Write to us.",
        "author": "jane",
        "published_at": None if state in OpenRole.UNSEEN else NOW,
    }
    return OpenRole.objects.create(slug=slug, state=state, deadline=deadline, **{**fields, **more})
