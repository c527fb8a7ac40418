"""Versions of the code of conduct, and people who agreed to them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from community import agreeing
from community.models import Agreement, PolicyVersion
from community.policy_publishing import Imported, import_version, save_draft
from tests.support.staff import a_person

DAY = timedelta(days=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)  # when version 1 came into force
TEXT = "# Code of Conduct\n\nWe are kind.\n\n## Rules\n\n- Rule {number}\n- No <b>insults</b>\n"


def a_version(number: int = 1, *, at: datetime | None = None, text: str = "", **fields: Any) -> PolicyVersion:
    """Have a version published, 100 days after the one before."""
    day = at or FIRST + 100 * (number - 1) * DAY
    given: dict[str, Any] = {
        "number": number,
        "title": "Code of Conduct",
        "markdown": text or TEXT.format(number=number),
        "published_at": day,
        "effective_at": day,
        "author": "jane",
        "approved_by": "board",
    }
    return import_version(Imported(**given | fields))[0]


def a_draft(number: int = 1, *, author: str = "jane", **fields: Any) -> PolicyVersion:
    given = {"number": number, "title": "Code of Conduct", "markdown": TEXT.format(number=number)}
    draft = PolicyVersion(**given | fields)
    save_draft(draft, author=author)
    return draft


def agreed(user: User, version: PolicyVersion, *, at: datetime | None = None, **more: Any) -> Agreement:
    """Have somebody agree on the day after a version came into force."""
    now = at or (version.effective_at or FIRST) + DAY
    return agreeing.agree(user, version, label=agreeing.label_of(version), now=now, **more)


def a_member(name: str, version: PolicyVersion) -> User:
    """Make somebody with a confirmed address who agreed to a version."""
    user = a_person(name, staff=False)
    agreed(user, version)
    return user
