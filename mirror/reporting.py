"""How a build was asked for, and what it has to say.

BuildError
├── BuildRefusedError      nothing was changed
├── BuildRunningError      another process builds this distribution
└── BuildFailedError       what was made is kept, what was served is served still
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mirror.composer.versions import sort_key
from mirror.findings import Finding
from mirror.models import Distribution
from mirror.plan import Plan


class BuildError(Exception):
    """The build did not do what was asked."""


class BuildRefusedError(BuildError):
    """The build was not started; nothing was changed."""


class BuildRunningError(BuildError):
    """Another process builds this distribution; nothing was changed."""


class BuildFailedError(BuildError):
    """The build ended early; what was served is served still, what was made is kept."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a build was asked for."""

    sources: Path | None = None  # clones on disk; None: the URLs of the recipe
    only: tuple[str, ...] = ()
    plan_only: bool = False
    approve: bool = False
    jobs: int = 2
    wait: bool = False
    actor: str = ""
    kept: bool = False  # a process of its own, which may be ended to cancel it


@dataclass(slots=True)
class Report:
    """What a build has to say."""

    built: int = 0
    reused: int = 0
    bytes: int = 0
    seconds: float = 0
    peak_memory: int = 0
    findings: list[Finding] = field(default_factory=list)
    skipped: list[Finding] = field(default_factory=list)  # known to the recipe, no cause to act
    releases: dict[str, dict[str, Any]] = field(default_factory=dict)
    publication: int | None = None
    plan: Plan | None = None

    def of_level(self, level: str) -> list[Finding]:
        return sorted({f for f in self.findings if f.level == level})

    def as_dict(self) -> dict[str, Any]:
        shown = {
            "built": self.built,
            "reused": self.reused,
            "warnings": [f.as_dict() for f in self.of_level("warning")],
            "errors": [f.as_dict() for f in self.of_level("error")],
            "skipped": [f.as_dict() for f in sorted(set(self.skipped))],
            "releases": self.releases,
            "publication": self.publication,
            "seconds": round(self.seconds, 3),
            "bytes": self.bytes,
            "peak_memory": self.peak_memory,
        }
        return shown if self.plan is None else shown | {"plan": plan_as_dict(self.plan)}


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Give what a build would do, as JSON can hold it."""
    return {
        "build": [f"{item.name} {item.version}" for item in plan.make],
        "reuse": [f"{name} {version}" for name, version in sorted(plan.reused)],
        "corrected": sorted({f"{item.name} {item.version}" for item in plan.corrected}),
        "withheld": plan.withheld,
        "skipped": [finding.as_dict() for finding in plan.skipped],
        "releases": [{"version": release.version, "confirmed": release.confirmed} for release in plan.releases],
    }


def releases_of(distribution: Distribution) -> dict[str, dict[str, Any]]:
    """Give all releases in order, each with what it lacks."""
    rows = distribution.releases.all()
    ordered = sorted(rows, key=lambda row: sort_key(row.version_normalized))
    return {
        row.version: {
            "complete": row.complete,
            "missing": sorted({entry["name"] for entry in row.missing}),
        }
        for row in ordered
    }
