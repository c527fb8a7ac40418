"""Sample teams for a first look."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from community.models import Person, Team, TeamMember
from community.permission_files import read_permissions
from community.permission_importing import import_permissions
from community.team_saving import save_membership, save_team
from mageos_portal.configuration import is_loopback

FILE = Path(__file__).resolve().parents[2] / "sample" / "teams.json"
REASON = "a sample"
NAMES = {"ash-ada": "Ada Ash", "birch-bo": "Bo Birch", "cedar-cy": "Cy Cedar", "ivy-ines": "Ines Ivy"}  # who agreed
LEADS = {"content": "ash-ada", "distribution": "birch-bo", "infrastructure": "ivy-ines", "tech-lead": "birch-bo"}
PURPOSES = {
    "content": "We write what people read: the website, the updates, the documentation.\n\nNewcomers are welcome.",
    "distribution": "We turn what was written into what can be installed, and look after its quality.",
    "infrastructure": "We keep everything running that the others need.",
    "tech-lead": "We look at the whole, and decide where teams do not agree.",
}


class Command(BaseCommand):
    help = "Make teams, repositories and people to look at. For a first look on this machine only."

    def handle(self, *args: Any, **options: Any) -> str:
        if not is_loopback(settings.PORTAL_BASE_URL):
            raise CommandError(f"{settings.PORTAL_BASE_URL} is no sample: use import_permissions with the real file.")
        if Team.objects.exists():
            return "There are teams already."
        with transaction.atomic():
            _make()
        return f"Made {Team.objects.count()} sample teams."


def _make() -> None:
    now = timezone.now()
    import_permissions(read_permissions(FILE).organization, reason=REASON, now=now, machines=["sample-ci"])
    for login, name in NAMES.items():
        Person.objects.with_login(login).update(name=name, is_public=True)
    for team in Team.objects.all():
        team.purpose = PURPOSES[team.key]
        save_team(team, REASON, now.date())
        lead = team.memberships.get(person__github_login=LEADS[team.key])
        lead.role = TeamMember.Role.LEAD
        save_membership(lead, REASON)
    gone = Person.objects.create(name="Olga Oak", is_public=True)
    past = TeamMember(team=Team.objects.get(key="content"), person=gone, role="alumni", until=now.date())
    save_membership(past, REASON)
