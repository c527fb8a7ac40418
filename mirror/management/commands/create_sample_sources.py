"""Make sample sources to try, test and measure the mirror with."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror import recipe, sampling

_RECIPE = Path(recipe.__file__).parent / "recipes" / "mirror.toml"


class Command(BaseCommand):
    help = (
        "Make small repositories in the shape of Magento's, with archives and a stand-in for packagist.org, "
        "to build and install a mirror without a network. For trying, tests and measurements."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        size = sampling.SampleSize()
        parser.add_argument("directory", type=Path, metavar="DIR", help="where to make them; new or empty")
        parser.add_argument(
            "--releases",
            type=int,
            default=size.releases,
            help="how many; 3 are 2.4.3, 2.4.3-p1 and 2.4.4, and 2.3.7-p3 with upstream's mistakes; "
            "any other number counts from 2.4.4 on (default: %(default)s)",
        )
        parser.add_argument(
            "--modules", type=int, default=size.modules, help="modules of the core at least (default: %(default)s)"
        )
        parser.add_argument(
            "--files",
            type=int,
            default=size.files,
            help="files of one release of the core at least (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        directory: Path = options["directory"]
        size = sampling.SampleSize(options["releases"], options["modules"], options["files"])
        try:
            rules = recipe.parse(_RECIPE.read_text(encoding="utf-8"), str(_RECIPE))
            outcome = sampling.create_sample(directory, size, rules, self._progress)
        except (recipe.RecipeError, sampling.SamplingError) as error:
            raise CommandError(str(error)) from error
        if not outcome.made:
            return f"{directory} holds this sample already; nothing was changed."
        return (
            f"{outcome.repositories} repositories with {len(outcome.releases)} releases, {outcome.archives} archives "
            f"and {outcome.stand_ins} stand-ins for packages of others were made in {directory}."
        )

    def _progress(self, step: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"  {step}", self.style.NOTICE)
