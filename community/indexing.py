"""What the site's search knows of the community."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils import timezone

from community.models import OpenRole
from mageos_portal import finding
from mageos_portal.registry import Findable

ROLES = "community.roles"


def index_roles(roles: QuerySet[OpenRole]) -> None:
    """Have roles found that are open, and no others of these."""
    found = list(_findable_roles(roles))
    finding.put(ROLES, found)
    finding.remove(ROLES, {str(role.pk) for role in roles} - {each.key for each in found})


def all_roles() -> Iterator[Findable]:
    return _findable_roles(OpenRole.objects.all())


def _findable_roles(roles: QuerySet[OpenRole]) -> Iterator[Findable]:
    for role in roles:
        if role.is_open_on(timezone.now().date()):
            yield Findable(
                key=str(role.pk),
                kind="open role",
                title=role.title,
                url=role.get_absolute_url(),
                text="\n".join([role.summary, role.why, role.core_tasks, role.must_have, role.how_to_apply]),
                day=role.published_at and role.published_at.date(),
            )
