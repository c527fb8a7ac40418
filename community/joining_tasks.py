"""What the queue does for Discord. A queue that does not answer is no error: the schedules find what waits."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task
from redis.exceptions import RedisError

from community import alarming, inviting, issuing, parting, presences, revoking, watching
from community.alarming import Alarm
from community.facts import state_of_user
from community.models import Invitation, Presence
from community.standing import is_member
from mageos_portal.registry import ScheduledTask

logger = logging.getLogger(__name__)

GROUP = "discord"
PERMISSION = "community.revoke_invitation"


def ask(user: User) -> Invitation:
    """Ask for somebody's invitation and have it made. Raises: InvitingError."""
    with _telling_when_full():
        return _ask(user)


def ask_anew(user: User) -> Invitation:
    """Give the one up that somebody has, and ask for another. Raises: InvitingError: they keep the one they have."""
    with _telling_when_full(), transaction.atomic():
        take_back_all(inviting.give_up(user, timezone.now()))
        return _ask(user)


def membership_changed(user: AbstractBaseUser, now: datetime) -> None:
    """Hide at once what somebody may not have any more, and have Discord told."""
    if not is_member(state_of_user(user, now)):
        take_back_all(revoking.revoke_all_of(user, now))
    for pk in Presence.objects.filter(person__user_id=user.pk, left_at=None).values_list("pk", flat=True):
        hand_over(settle, pk)


def part_for_good(user: AbstractBaseUser, now: datetime) -> None:
    """Take back what somebody has whose account is erased; who is on Discord is forgotten once that is done there."""
    take_back_all(revoking.revoke_all_of(user, now))
    known = Presence.objects.filter(person__user_id=user.pk)
    known.exclude(left_at=None, parted_at=None).filter(remove_since=None).delete()
    for pk in known.values_list("pk", flat=True):
        hand_over(settle, pk)


def say_gone(user: User) -> None:
    """Note that somebody says that they are not on Discord; where Discord can tell, it is asked."""
    known = presences.say_gone(user, timezone.now())
    if known is not None:
        hand_over(settle, known)


def take_back_all(pks: Iterable[int]) -> None:
    for pk in pks:
        hand_over(take_back, pk)


def hand_over(task: Callable[..., str], argument: int | str) -> None:
    """Give the queue something to do, once the rows can be seen by it."""
    transaction.on_commit(partial(_hand_over, task, argument))


def issue(pk: int) -> str:
    return issuing.issue(pk, timezone.now())


def take_back(pk: int) -> str:
    return revoking.take_back(pk, timezone.now())


def settle(pk: int) -> str:
    return parting.settle(pk, timezone.now())


def tell(alarm: str) -> str:
    return "staff were told" if alarming.tell(Alarm(alarm)) else "staff were told lately"


def look_after_invitations() -> str:
    """End what is over, revoke what is no member's, and take up again what waits."""
    now = timezone.now()
    over = watching.expire(now)
    revoked = revoking.revoke_of_no_members(now)
    to_issue = list(Invitation.objects.to_issue(now).values_list("pk", flat=True))
    to_take_back = list(Invitation.objects.to_take_back().exclude(due_at__gt=now).values_list("pk", flat=True))
    for pk in to_issue:
        hand_over(issue, pk)
    take_back_all(to_take_back)
    return f"{over} ended, {len(revoked)} revoked, {len(to_issue)} to make, {len(to_take_back)} to take back"


def note_uses() -> str:
    """Ask Discord which invitations were used."""
    return watching.note_uses(timezone.now())


def look_after_presences() -> str:
    """Have taken away what ended memberships gave, and given back what new ones give."""
    pks = parting.sweep(timezone.now())
    for pk in pks:
        hand_over(settle, pk)
    return f"{len(pks)} people to settle"


def scheduled() -> Iterator[ScheduledTask]:
    yield ScheduledTask(
        "community.invitations",
        look_after_invitations,
        "Ends and revokes invitations to Discord, and makes those that wait.",
        permission=PERMISSION,
        minutes=2,
    )
    yield ScheduledTask(
        "community.invitation_uses",
        note_uses,
        "Asks Discord which invitations were used.",
        permission=PERMISSION,
        minutes=5,
    )
    yield ScheduledTask(
        "community.presences",
        look_after_presences,
        "Takes roles on Discord away from who is no member any more.",
        permission=PERMISSION,
        minutes=15,
    )


def _ask(user: User) -> Invitation:
    invitation = inviting.ask(user)
    if invitation.state == Invitation.State.ASKED and invitation.kind == Invitation.Kind.INVITE:
        hand_over(issue, invitation.pk)
    elif invitation.state == Invitation.State.ASKED:
        hand_over(tell, Alarm.BY_HAND)
    return invitation


@contextmanager
def _telling_when_full() -> Iterator[None]:
    try:
        yield
    except inviting.AllOutError:
        hand_over(tell, Alarm.FULL)
        raise


def _hand_over(task: Callable[..., str], argument: int | str) -> None:
    try:
        async_task(task, argument, group=GROUP, task_name=f"{GROUP}: {task.__name__}")
    except (RedisError, OSError):
        logger.exception("The queue does not answer; what was to be done for Discord waits until it does.")
