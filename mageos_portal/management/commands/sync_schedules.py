"""Tell the scheduler what is to be done by itself."""

from typing import Any

from django.core.management.base import BaseCommand

from mageos_portal.schedules import PREFIX, sync_schedules


class Command(BaseCommand):
    help = (
        "Make the queue's schedules what the portal declares: builds at their intervals, pruning, the watchdog. "
        "For every start of an installation; a second run changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> str:
        synced = sync_schedules()
        for word, names in (("added", synced.added), ("changed", synced.changed), ("removed", synced.removed)):
            for name in names:
                self.stdout.write(f"{word} {name.removeprefix(PREFIX)}")
        done = f"{len(synced.added)} added, {len(synced.changed)} changed, {len(synced.removed)} removed"
        return f"Schedules: {done}, {synced.kept} as they were."
