"""What one publication serves that another does not, from their sets of versions."""

from collections.abc import Collection
from dataclasses import dataclass

from mirror.models import Change, PackageVersion, Publication

MOST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Part:
    """Some versions: how many, and the first of them by name."""

    count: int
    shown: tuple[str, ...]  # "vendor/name version"

    @property
    def more(self) -> int:
        return self.count - len(self.shown)


@dataclass(frozen=True, slots=True)
class Difference:
    """From an older publication to a newer one."""

    added: Part
    removed: Part
    amended: Part  # served by both, with other links


def before(publication: Publication) -> Publication | None:
    """Give the publication that was served until this one was."""
    earlier = Publication.objects.filter(distribution=publication.distribution, number__lt=publication.number)
    return earlier.select_related("version_set", "distribution").order_by("-number").first()


def difference(old: Publication | None, new: Publication) -> Difference:
    """Compare two publications of a distribution; ``None`` served nothing."""
    members = new.version_set.members
    previous = old.version_set.members if old else frozenset()
    return Difference(_part(members - previous), _part(previous - members), _amended(old, new))


def of_rollback(served: Publication, target: Publication) -> Difference:
    """Say what rolling back would change: what was withdrawn since stays out."""
    versions = PackageVersion.objects.of(target.distribution)
    gone = set(versions.exclude(withdrawn_at=None).values_list("pk", flat=True))
    old, new = served.version_set.members, target.version_set.members - gone
    return Difference(_part(new - old), _part(old - new), Part(0, ()))


def _part(pks: Collection[int]) -> Part:
    first = sorted(pks)[:MOST_SHOWN]
    rows = PackageVersion.objects.filter(pk__in=first).values_list("package__name", "version")
    return Part(len(pks), tuple(f"{name} {version}" for name, version in sorted(rows)))


def _amended(old: Publication | None, new: Publication) -> Part:
    """Give what the public record says was corrected from the older one's day to the newer one's."""
    if old is None:
        return Part(0, ())
    first, last = sorted((old.created_at, new.created_at))
    changes = Change.objects.filter(distribution=new.distribution, action=Change.Action.AMENDED)
    subjects = set(changes.filter(at__gt=first, at__lte=last).values_list("subject", flat=True))
    return Part(len(subjects), tuple(sorted(subjects)[:MOST_SHOWN]))
