"""Build a distribution."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror import building
from mirror.management.distributions import find_distribution
from mirror.management.terminal import is_own_process
from mirror.progress import Progress
from mirror.reporting import BuildError, Options, Report


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:  # noqa: PLR2004
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)


class Command(BaseCommand):
    help = "Build what the sources have and is not published yet, and publish it. For operators."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="distribution, for example mirror")
        parser.add_argument("--sources", type=Path, metavar="DIR", help="clones on disk")
        parser.add_argument("--only", action="append", default=[], nargs="+", metavar="KEY", help="these sources")
        parser.add_argument("--plan", action="store_true", help="show what would be done")
        parser.add_argument("--approve", action="store_true", help="approve new releases")
        parser.add_argument("--jobs", type=_jobs, default=2, metavar="N", help="processes (2)")
        parser.add_argument("--wait", action="store_true", help="wait for a running build")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--actor", default="", help="who is noted as having started it")

    def handle(self, *args: Any, **options: Any) -> None:
        distribution = find_distribution(options["slug"])
        asked = Options(
            sources=options["sources"].resolve() if options["sources"] else None,
            only=tuple(key for keys in options["only"] for key in keys),
            plan_only=options["plan"],
            approve=options["approve"],
            jobs=options["jobs"],
            wait=options["wait"],
            actor=options["actor"],
            kept=is_own_process(self),
        )
        progress = Progress(None if options["json"] else sys.stderr)
        try:
            report = building.build(distribution, asked, progress)
        except BuildError as error:
            raise CommandError(str(error)) from error
        finally:
            progress.end()
        self._show(report, options)

    def _show(self, report: Report, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), indent=2))
            return
        for finding in [*report.of_level("warning"), *report.of_level("error")]:
            style = self.style.ERROR if finding.level == "error" else self.style.WARNING
            self.stderr.write(style(str(finding)))
        for line in plan_lines(report) if report.plan else summary_lines(report):
            self.stdout.write(line)


def summary_lines(report: Report) -> list[str]:
    done = f"Built {report.built}, reused {report.reused} package versions"
    lines = [f"{done} in {report.seconds:.1f} s."]
    lines += [f"  {_release_line(name, release)}" for name, release in report.releases.items()]
    number = report.publication
    lines.append(f"Publication {number} is served." if number else "Nothing new to publish.")
    return lines


def _release_line(name: str, release: dict[str, Any]) -> str:
    state = "complete" if release["complete"] else f"missing {', '.join(release['missing'])}"
    return f"release {name}: {state}"


def plan_lines(report: Report) -> list[str]:
    shown = report.as_dict()["plan"]
    lines = [f"would build {entry}" for entry in shown["build"]]
    lines += [f"would correct {entry}" for entry in shown["corrected"]]
    lines += [f"withheld {name}: {reason}" for name, reason in shown["withheld"].items()]
    lines += [f"skipped {finding.subject}: {finding.message}" for finding in sorted(set(report.skipped))]
    lines += [_release_line(name, release) for name, release in report.releases.items()]
    built, reused = len(shown["build"]), len(shown["reuse"])
    lines.append(f"Would build {built} and reuse {reused} package versions; nothing was changed.")
    return lines
