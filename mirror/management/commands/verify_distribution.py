"""Tell whether a repository is whole, or the same as another one."""

import json
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror.comparing import Comparison, Difference, compare
from mirror.management.terminal import telling
from mirror.repositories import RepositoryError
from mirror.verifying import Target, TargetError, Verification, find_target, verify

SHOWN = 100  # lines; --json has them all
KINDS = "SLUG|DIR|URL"


class Command(BaseCommand):
    help = (
        "Verify that everything a repository lists is there with the right checksum, or with --against compare two "
        "repositories. For operators and hosters: a distribution, an export, or anybody's mirror by its URL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", metavar=KINDS, help="distribution, directory of an export, or http(s) URL")
        parser.add_argument("--against", metavar=KINDS, help="compare with this one instead")
        parser.add_argument("--metadata-only", action="store_true", help="leave the archives out")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> str | None:
        try:
            target = find_target(options["target"])
            other = find_target(options["against"]) if options["against"] else None
        except TargetError as error:
            raise CommandError(str(error), returncode=2) from error
        try:
            with telling(self.stderr) as tell:
                result = compare(target.repository, other.repository, tell) if other else _verify(target, options, tell)
        except RepositoryError as error:
            raise CommandError(str(error)) from error

        return self._show(result, as_json=options["json"])

    def _show(self, result: Comparison | Verification, *, as_json: bool) -> str | None:
        for line in [json.dumps(result.as_dict(), indent=2)] if as_json else _lines(result):
            self.stdout.write(line)
        is_good, sentence = _verdict(result)
        if not is_good:
            raise CommandError(sentence)
        return None if as_json else sentence


def _verify(target: Target, options: Mapping[str, Any], tell: Callable[[str], None]) -> Verification:
    return verify(target, metadata_only=options["metadata_only"], progress=tell)


def _verdict(result: Comparison | Verification) -> tuple[bool, str]:
    if isinstance(result, Verification):
        return result.is_whole, f"{result.target} is {'whole' if result.is_whole else 'not whole'}."
    what = "hold the same packages" if result.is_equal else "differ"
    return result.is_equal, f"{result.here} and {result.there} {what}."


def _lines(result: Comparison | Verification) -> list[str]:
    return verification_lines(result) if isinstance(result, Verification) else comparison_lines(result)


def verification_lines(found: Verification) -> list[str]:
    lines = [f"{count:>15,}  {name}" for name, count in found.counts.items()]
    return lines + _first([str(finding) for finding in found.findings])


def comparison_lines(comparison: Comparison) -> list[str]:
    lines = [f"{count:>15,}  {state}" for state, count in comparison.counts.items()]
    alike: dict[str, list[Difference]] = defaultdict(list)
    for found in comparison.differences:
        alike[found.detail if found.state == "different metadata" else str(found)].append(found)
    return lines + _first([_together(group) for group in alike.values()])


def _together(group: list[Difference]) -> str:
    rest = len(group) - 1
    return str(group[0]) + (f" and the same in {rest:,} more versions" if rest else "")


def _first(lines: list[str]) -> list[str]:
    rest = len(lines) - SHOWN
    return lines[:SHOWN] + ([f"and {rest:,} more; --json has them all"] if rest > 0 else [])
