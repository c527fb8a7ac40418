"""One build: open the sources, plan, make what is missing, check the releases, publish.

Its errors are in reporting.py.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import OperationalError
from django.db.models import Max
from django.utils import timezone

from mirror import faults, publishing
from mirror.amending import amend
from mirror.checking import Judge, findings_of, offers_of, public_newer
from mirror.dists import StoreError
from mirror.exclusion import LeaseLostError, alone
from mirror.fetching import Opened, note_tags, open_sources
from mirror.findings import Finding, error, warning
from mirror.memory import PeakMemory
from mirror.models import Build, Distribution, PackageVersion, Publication
from mirror.plan import Identity, Known, Plan, plan
from mirror.producing import OutOfSpaceError, Production, body_of_item
from mirror.progress import Progress
from mirror.provenance import MixedError, forget_origin, is_sample, refuse_mixing, remember
from mirror.recipe import Recipe, RecipeError, parse
from mirror.repeating import build_to_repeat, inputs_digest
from mirror.reporting import (
    BuildFailedError,
    BuildRefusedError,
    BuildRunningError,
    Options,
    Report,
    releases_of,
)
from mirror.running import Wish, recorded
from mirror.storage import DiskFullError, LockedError
from mirror.surveying import survey


def load_recipe(distribution: Distribution) -> Recipe:
    """Read the recipe of a distribution.

    Raises:
        BuildRefusedError: it cannot be read, or has faults; all are named.
    """
    path = distribution.recipe_path
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except RecipeError as failure:
        raise BuildRefusedError(str(failure)) from failure
    except (OSError, UnicodeDecodeError) as failure:
        raise BuildRefusedError(f"the recipe {path} cannot be read: {failure}") from failure


def build(
    distribution: Distribution,
    options: Options,
    progress: Progress | None = None,
    queued: Build | None = None,
) -> Report:
    """Run a build from start to end, alone on this machine.

    Raises:
        reporting.BuildError: see its subclasses for what is true then.
    """
    started = time.monotonic()
    recipe = load_recipe(distribution)
    options = _settled(distribution, recipe, options)
    with PeakMemory() as memory:
        report = _alone(distribution, recipe, options, progress or Progress(), queued)
    report.seconds = time.monotonic() - started
    report.peak_memory = memory.peak
    return report


def _settled(distribution: Distribution, recipe: Recipe, options: Options) -> Options:
    """Give the options with the remembered sources, refusing what must not be mixed."""
    keys = {source.key for source in recipe.wanted_sources()}
    if unknown := sorted(set(options.only) - keys):
        names = ", ".join(sorted(keys))
        raise BuildRefusedError(f"--only {', '.join(unknown)}: no such source; known are {names}")
    directory = options.sources
    if directory is None and distribution.sources_dir:
        directory = Path(distribution.sources_dir)
    if directory is not None and not directory.is_dir():
        raise BuildRefusedError(f"--sources {directory}: there is no such directory")
    sample = is_sample(directory)
    try:
        refuse_mixing(distribution, sample=sample)
    except MixedError as failure:
        raise BuildRefusedError(str(failure)) from failure
    return replace(options, sources=directory, approve=options.approve or sample)


def _alone(
    distribution: Distribution,
    recipe: Recipe,
    options: Options,
    progress: Progress,
    queued: Build | None,
) -> Report:
    if options.plan_only and queued is None:
        return _Run(distribution, recipe, options, progress, None).plan_only()
    try:
        with alone(distribution, "a build", wait=options.wait) as holder:
            asked = {"only": list(options.only), "approve": options.approve, "jobs": options.jobs}
            if options.sources:
                asked["sources"] = str(options.sources)
            wish = Wish(Build.Kind.BUILD, options.actor, asked, queued)
            with recorded(distribution, wish, holder, progress, kept=options.kept) as row, _naming_full_disk():
                return _recorded(distribution, recipe, options, progress, row)
    except LockedError as failure:
        raise BuildRunningError(
            f"{failure.holder} is running; wait for it with --wait, or try again later"
        ) from failure


def _recorded(
    distribution: Distribution,
    recipe: Recipe,
    options: Options,
    progress: Progress,
    row: Build,
) -> Report:
    if options.plan_only:
        report = _Run(distribution, recipe, options, progress, None).plan_only()
        _end(row, Build.State.SUCCEEDED, reused=report.reused, report=report.as_dict())
        return report
    publishing.finish_interrupted(distribution)
    distribution.files.prepare()
    forget_origin(distribution)
    remember(distribution, sample=is_sample(options.sources))
    if distribution.is_sample:
        distribution.sources_dir = str(options.sources)
        distribution.save(update_fields=["sources_dir"])
    return _Run(distribution, recipe, options, progress, row).run()


@contextlib.contextmanager
def _naming_full_disk() -> Iterator[None]:
    try:
        yield
    except (DiskFullError, OutOfSpaceError) as failure:
        sentence = f"no space left on the disk: {failure}; free some and build again"
        raise BuildFailedError(sentence) from failure
    except (StoreError, LeaseLostError) as failure:
        raise BuildFailedError(str(failure)) from failure
    except OperationalError as failure:
        if "full" not in str(failure):
            raise
        sentence = "no space left on the disk of the database; free some and build again"
        raise BuildFailedError(sentence) from failure


def _end(row: Build, state: Build.State, **fields: Any) -> None:
    Build.objects.end(row, state, timezone.now(), **fields)


class _Run:
    """The steps of one build, in order."""

    def __init__(
        self,
        distribution: Distribution,
        recipe: Recipe,
        options: Options,
        progress: Progress,
        row: Build | None,
    ) -> None:
        self._distribution = distribution
        self._recipe = recipe
        self._options = options
        self._progress = progress
        self._row = row
        self._report = Report()

    def plan_only(self) -> Report:
        """Say what a build would do, and change nothing."""
        opened = self._open()
        planned = self._plan(opened)
        self._report.plan = planned
        offers = offers_of(self._distribution)
        for source in opened.sources:
            for item, body in body_of_item(source, planned.make):
                offers.add(item.name, item.normalized, body)
        judge = self._judge(opened, offers)
        self._progress.step("check", len(planned.releases))
        for release in planned.releases:
            missing = judge.closure(release).missing
            self._progress.advance(1, release.version)
            self._report.releases[release.version] = {
                "complete": not missing,
                "missing": sorted({m.name for m in missing}),
            }
        return self._report

    def run(self) -> Report:
        opened = self._open()
        faults.reach("fetched")
        if not opened.sources and self._distribution.publication is None:
            said = "; ".join(f"{f.subject}: {f.message}" for f in opened.findings[:5])
            raise BuildFailedError(f"no source could be read, so there is nothing to build: {said}")
        if repeated := build_to_repeat(self._distribution, opened, approve=self._options.approve):
            return self._repeat(repeated)
        planned = self._plan(opened)
        faults.reach("planned")
        self._make(opened, planned)
        faults.reach("dists-made")
        renewed = self._amend()
        self._release(opened, planned)
        faults.reach("checked")
        self._publish(opened, renewed)
        return self._report

    def _open(self) -> Opened:
        self._progress.step("fetch", len(self._recipe.wanted_sources()))
        opened = open_sources(
            self._distribution,
            self._recipe,
            self._options.sources,
            self._options.only,
            self._progress,
            remember=self._row is not None,
        )
        self._found(opened.findings)
        found, wanted = len(opened.sources), len(self._recipe.wanted_sources())
        self._progress.say(f"{found} of {wanted} sources can be read.")
        return opened

    def _found(self, findings: Iterable[Finding]) -> None:
        listed = list(findings)
        self._report.findings += listed
        self._progress.tell(listed)

    def _plan(self, opened: Opened) -> Plan:
        self._progress.step("plan", len(opened.sources))
        scanned = []
        for source in opened.sources:
            if self._row is not None:
                self._found(note_tags(source))
            url = self._distribution.repository_url or self._distribution.url
            scanned.append(survey(source, self._recipe, url, remember=self._row is not None))
            self._progress.advance(1, source.rule.key)
        faults.reach("scanned")
        planned = plan(self._recipe, scanned, _known(self._distribution))
        self._found(planned.findings)
        self._report.skipped = planned.skipped
        self._report.reused = len(planned.reused)
        new, kept = len(planned.make), len(planned.reused)
        held = len(planned.withheld)
        self._progress.say(f"{new} package versions are new, {kept} are there already; packages withheld: {held}.")
        return planned

    def _make(self, opened: Opened, planned: Plan) -> None:
        production = Production(self._distribution, opened.sources, self._options.jobs)
        self._progress.step("make", len(planned.make))
        for made in production.make(planned.make):
            self._progress.advance(len(made), made[-1].item.name)
            faults.reach("first-dists-made")
        self._note(production)

    def _note(self, production: Production) -> None:
        self._report.built += production.built
        self._report.bytes += production.bytes
        self._found(production.findings)

    def _amend(self) -> frozenset[str]:
        names, findings = amend(self._distribution, self._recipe, self._options.actor)
        self._found(findings)
        return names

    def _judge(self, opened: Opened, offers: Any) -> Judge:
        approver = (self._options.actor or "the command line") if self._options.approve else ""
        withdrawn = PackageVersion.objects.of(self._distribution).aggregate(last=Max("withdrawn_at"))["last"]
        return Judge(self._distribution, self._recipe, offers, opened.absent, approver, withdrawn)

    def _release(self, opened: Opened, planned: Plan) -> None:
        self._progress.step("check", len(planned.releases))
        offers = offers_of(self._distribution)
        self._found(public_newer(self._recipe, offers))
        judge = self._judge(opened, offers)
        verdicts = []
        for release in planned.releases:
            verdicts.append(judge.judge(release))
            self._progress.advance(1, release.version)
        self._found(findings_of(verdicts))
        known = _known(self._distribution)
        items = [item for verdict in verdicts for item in verdict.items if item.identity not in known]
        if items:
            self._freeze_url()
            production = Production(self._distribution, opened.sources, self._options.jobs)
            for made in production.make(items):
                self._progress.advance(0, made[-1].item.version)
            self._note(production)
        self._report.releases = releases_of(self._distribution)

    def _freeze_url(self) -> None:
        """From the first project package on, its address of this repository stays."""
        distribution = self._distribution
        if not distribution.repository_url:
            distribution.repository_url = distribution.url
            distribution.save(update_fields=["repository_url"])
            self._found(_loopback(distribution))
        elif distribution.repository_url != distribution.url:
            sentence = f"project packages name {distribution.repository_url}, as published first"
            self._found([warning("repository-url-frozen", distribution.slug, sentence)])

    def _publish(self, opened: Opened, renewed: frozenset[str]) -> None:
        self._progress.step("publish", 1)
        distribution = self._distribution
        rows = PackageVersion.objects.of(distribution).publishable()
        result = frozenset(rows.values_list("pk", flat=True))
        members = frozenset(result)
        if distribution.publication is not None:
            fresh = rows.filter(published_at=None).values_list("pk", flat=True)
            members = (distribution.publication.version_set.members & result) | set(fresh)
        if not members:
            said = "; ".join(str(f) for f in self._report.of_level("error")[:5])
            raise BuildFailedError(f"no package could be built: {said or 'the sources hold none'}")
        order = publishing.Order(members, Publication.Cause.BUILD, self._options.actor, renewed)
        publication = publishing.publish(distribution, order)
        self._report.publication = publication.number if publication else None
        self._report.releases = releases_of(distribution)
        self._finish(opened, result, publication)

    def _finish(self, opened: Opened, result: frozenset[int], publication: Publication | None) -> None:
        assert self._row is not None  # noqa: S101
        self._progress.advance(1, "")
        served = f"Publication {publication.number} is served." if publication else "Nothing new to publish."
        self._progress.say(f"{self._report.built} package versions were made, {self._report.reused} reused. {served}")
        self._progress.finish()
        _end(
            self._row,
            Build.State.SUCCEEDED,
            built=self._report.built,
            reused=self._report.reused,
            report={
                "warnings": [f.as_dict() for f in self._report.of_level("warning")],
                "errors": [f.as_dict() for f in self._report.of_level("error")],
                "skipped": [f.as_dict() for f in self._report.skipped],
            },
            inputs=inputs_digest(self._distribution, opened),
            version_set=publishing.version_set(result),
            publication=publication,
        )

    def _repeat(self, last: Build) -> Report:
        """Say what the last build said: it would be the same again."""
        assert self._row is not None  # noqa: S101
        report = self._report
        said = last.report
        report.findings += [warning(**entry) for entry in said.get("warnings", [])]
        report.findings += [error(**entry) for entry in said.get("errors", [])]
        report.skipped = [warning(**entry) for entry in said.get("skipped", [])]
        report.reused = last.built + last.reused
        report.releases = releases_of(self._distribution)
        self._progress.say(f"Nothing is new since build {last.pk}; what it found still holds.")
        self._progress.finish()
        _end(
            self._row,
            Build.State.SUCCEEDED,
            reused=report.reused,
            report=said,
            inputs=last.inputs,
            version_set=last.version_set,
        )
        return report


def _known(distribution: Distribution) -> dict[Identity, Known]:
    rows = PackageVersion.objects.of(distribution).values_list(
        "package__name", "version_normalized", "inputs", "origin"
    )
    built = PackageVersion.Origin.BUILT
    return {(name, normalized): Known(inputs, origin != built) for name, normalized, inputs, origin in rows.iterator()}


def _loopback(distribution: Distribution) -> Iterable[Finding]:
    host = urlsplit(distribution.url).hostname or ""
    if not distribution.is_sample and (host == "localhost" or host.startswith("127.") or host == "::1"):
        sentence = (
            f"project packages name {distribution.url} from now on, which only this machine can reach; "
            "set PORTAL_BASE_URL before the first release is published"
        )
        yield warning("repository-url-loopback", distribution.slug, sentence)
