"""Discord on the admin's first page: what is out, and what a person has to decide."""

from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone

from community.discord_access import has_bot
from community.invitation_states import LIVE
from community.inviting import DAY
from community.models import Invitation, Presence

NEARLY = 0.8  # of what there may be

State, Kind = Invitation.State, Invitation.Kind


def joining(request: HttpRequest) -> dict[str, Any]:
    """Give what the panel shows."""
    now = timezone.now()
    lately = Q(created_at__gt=now - DAY)
    is_out = Q(kind=Kind.INVITE) & (Q(state__in=LIVE) | ~Q(sealed_code="")) & ~Q(expires_at__lte=now)
    counts = Invitation.objects.aggregate(
        out=Count("pk", filter=is_out),
        by_hand=Count("pk", filter=Q(state=State.ASKED, kind=Kind.HAND)),
        failed=Count("pk", filter=Q(state=State.FAILED) & lately),
        used=Count("pk", filter=Q(state=State.USED, ended_at__gt=now - 7 * DAY)),
    )
    most = int(settings.PORTAL_DISCORD.most_invitations)
    return {
        **counts,
        "most": most,
        "is_nearly_full": counts["out"] >= NEARLY * most,
        "has_bot": has_bot(),
        "has_permanent_link": bool(settings.PORTAL_DISCORD.permanent_link),
        "to_remove": Presence.objects.to_remove().count(),
    }
