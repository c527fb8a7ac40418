"""Run a build that waits."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror import building, following, uploading
from mirror.management.reserved import RESERVED
from mirror.management.terminal import is_own_process
from mirror.models import Build
from mirror.progress import Progress
from mirror.reporting import BuildError, BuildRunningError, Options
from mirror.syncing import SyncOptions


class Command(BaseCommand):
    help = "Run a queued build, as the queue's workers do. To start one by hand: build_distribution."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("build", type=int, metavar="ID", help="a build that waits")

    def handle(self, *args: Any, **options: Any) -> None:
        build = Build.objects.select_related("distribution").filter(pk=options["build"]).first()
        if build is None:
            raise CommandError(f"there is no build {options['build']}")
        try:
            run(build, kept=is_own_process(self))
        except BuildRunningError as error:
            raise CommandError(str(error), returncode=os.EX_TEMPFAIL) from error
        except BuildError as error:
            raise CommandError(str(error)) from error


def run(build: Build, *, kept: bool) -> None:
    """Do what a queued build is for."""
    if build.kind == Build.Kind.IMPORT:
        uploading.run(build, Progress(), kept=kept)
        return
    if build.kind == Build.Kind.SYNC:
        _sync(build, kept=kept)
        return
    _build(build, kept=kept)


def _sync(build: Build, *, kept: bool) -> None:
    options = SyncOptions(url=build.options.get("url", ""), reserved=RESERVED, actor=build.actor, kept=kept)
    following.sync(build.distribution, options, Progress(), build)


def _build(build: Build, *, kept: bool) -> None:
    wanted = build.options
    sources = wanted.get("sources")
    options = Options(
        sources=Path(sources) if sources else None,
        only=tuple(wanted.get("only", ())),
        plan_only=build.kind == Build.Kind.PLAN,
        approve=bool(wanted.get("approve")),
        jobs=wanted.get("jobs", 2),
        actor=build.actor,
        kept=kept,
    )
    building.build(build.distribution, options, Progress(), build)
