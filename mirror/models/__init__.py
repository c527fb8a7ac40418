"""What the mirror remembers. Rows say what is; the verbs beside this package change it."""

from mirror.models.builds import ENDED, HELD, Build, BuildLine, BuildQuerySet, BuildStep, Upload
from mirror.models.distributions import Distribution, Source, SourceTag, TagScan, hex40
from mirror.models.records import Change, InstallCount, InstallCountQuerySet
from mirror.models.versions import Package, PackageVersion, PackageVersionQuerySet, Publication, Release, VersionSet

__all__ = [
    "Build",
    "BuildLine",
    "BuildQuerySet",
    "BuildStep",
    "Change",
    "Distribution",
    "ENDED",
    "HELD",
    "InstallCount",
    "InstallCountQuerySet",
    "Package",
    "PackageVersion",
    "PackageVersionQuerySet",
    "Publication",
    "Release",
    "Source",
    "SourceTag",
    "TagScan",
    "Upload",
    "VersionSet",
    "hex40",
]
