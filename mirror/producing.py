"""From planned items to dists on disk and rows in the database."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from mirror.composer.versions import sort_key
from mirror.fetching import OpenSource
from mirror.findings import Finding, error, warning
from mirror.git import Objects, ObjectUnreadableError
from mirror.making import DISK_FULL, Failed, Group, Made, Maker, Task
from mirror.metadata import body_of, dist_path
from mirror.models import Distribution, Package, PackageVersion
from mirror.plan import Item
from mirror.storage import sync_directory
from mirror.workforce import make_all

INTERVAL = 1.0  # seconds between two writes


class OutOfSpaceError(Exception):
    """The disk is full; the dist that was being made is gone again."""


@dataclass(frozen=True, slots=True)
class Product:
    """An item that became a dist."""

    item: Item
    made: Made


class Production:
    """Makes items of one distribution and remembers them; counts what was done."""

    def __init__(self, distribution: Distribution, sources: Iterable[OpenSource], jobs: int) -> None:
        self._distribution = distribution
        self._repositories = {s.rule.key: str(s.repository.directory) for s in sources}
        self._jobs = jobs
        self._pending: list[Product] = []
        self._written = time.monotonic()
        self.built = 0
        self.bytes = 0
        self.findings: list[Finding] = []

    def make(self, items: Sequence[Item]) -> Iterator[list[Product]]:
        """Make items; each package's versions come together, recorded within a second."""
        items = self._with_free_paths(items)
        try:
            for results in make_all(self._groups(items), self._jobs):
                products = [p for result in results if (p := self._product(items, result))]
                self._pending += products
                if time.monotonic() - self._written >= INTERVAL:
                    self._record()
                if products:
                    yield products
        finally:
            self._record()

    def _with_free_paths(self, items: Sequence[Item]) -> list[Item]:
        """Leave out what would take the place of another dist, and say so."""
        rows = PackageVersion.objects.of(self._distribution)
        taken = {p: f"{n} {v}" for p, n, v in rows.values_list("path", "package__name", "version").iterator()}
        free = []
        for item in items:
            if holder := taken.get(_path(item)):
                sentence = f"its address {_path(item)} is that of {holder}; rename one of them"
                self.findings.append(error("path-taken", item.subject, sentence))
                continue
            taken[_path(item)] = f"{item.name} {item.version}"
            free.append(item)
        return free

    def _product(self, items: Sequence[Item], result: Made | Failed) -> Product | None:
        item = items[result.key]
        if isinstance(result, Failed):
            if result.code == DISK_FULL:
                raise OutOfSpaceError(f"{item.name} {item.version} could not be written")
            self.findings.append(error(result.code, item.subject, result.sentence))
            return None
        self.findings += [warning(c, item.subject, s) for c, s in result.warnings]
        self.built += 1
        self.bytes += result.size
        return Product(item, result)

    def _groups(self, items: Sequence[Item]) -> list[Group]:
        """Give one group a package, its versions in order; large packages come first."""
        tasks: dict[tuple[str, str], list[tuple[Item, Task]]] = {}
        for key, item in enumerate(items):
            tasks.setdefault((item.source, item.name), []).append((item, self._task(key, item)))
        groups = []
        for (source, _), members in sorted(tasks.items(), key=_largest_first):
            members.sort(key=lambda member: sort_key(member[0].normalized))
            ordered = tuple(task for _, task in members)
            temporary = str(self._distribution.files.temporary)
            groups.append(Group(self._repositories[source], temporary, ordered))
        return groups

    def _task(self, key: int, item: Item) -> Task:
        return task_of(item, key, str(self._distribution.files.dist(_path(item))))

    def _record(self) -> None:
        products, self._pending = self._pending, []
        self._written = time.monotonic()
        if not products:
            return
        for folder in {self._distribution.files.dist(_path(product.item)).parent for product in products}:
            sync_directory(folder)
        with transaction.atomic():
            packages = self._packages({product.item.name for product in products})
            PackageVersion.objects.bulk_create(
                [_row(product, packages[product.item.name]) for product in products],
                batch_size=100,
            )

    def _packages(self, names: Iterable[str]) -> Mapping[str, Package]:
        wanted = set(names)
        of_ours = Package.objects.filter(distribution=self._distribution)
        known = {package.name for package in of_ours}
        new = [Package(distribution=self._distribution, name=n) for n in sorted(wanted - known)]
        Package.objects.bulk_create(new)
        return {package.name: package for package in of_ours.all() if package.name in wanted}


def body_of_item(source: OpenSource, items: Iterable[Item]) -> Iterator[tuple[Item, dict[str, Any]]]:
    """Give what the metadata of items of a source would say, without making them."""
    with Objects(source.repository.directory) as objects:
        maker = Maker(objects, source.repository.directory)
        for item in items:
            if item.source != source.rule.key:
                continue
            try:
                yield item, body_of(maker.composer_of(task_of(item, 0, "")))
            except ObjectUnreadableError:
                continue


def task_of(item: Item, key: int, target: str) -> Task:
    candidate = item.candidate
    start = f"{candidate.dir}/" if candidate.dir else ""
    return Task(
        key=key,
        name=item.name,
        version=item.version,
        target=target,
        dir=candidate.dir,
        tree=candidate.tree,
        exclude=tuple(e for e in item.exclude if e.startswith(start)),
        composer=candidate.composer,
        edits=item.edits,
        derived=candidate.derived,
        emptied=item.emptied,
        extra=item.extra,
    )


def _path(item: Item) -> str:
    return dist_path(item.name, item.version)


def _largest_first(entry: tuple[tuple[str, str], list[tuple[Item, Task]]]) -> tuple[Any, ...]:
    (source, name), members = entry
    item = members[0][0]
    whole_tree = item.kind == "base" or (item.kind == "single" and item.candidate.dir.count("/") > 1)
    return source, not whole_tree, -len(members), name


def _row(product: Product, package: Package) -> PackageVersion:
    item, made = product.item, product.made
    return PackageVersion(
        package=package,
        version=item.version,
        version_normalized=item.normalized,
        kind=item.kind,
        path=_path(item),
        sha1=made.sha1,
        sha256=made.sha256,
        size=made.size,
        reference=item.commit,
        time=item.time,
        source=item.source,
        tag=item.tag,
        inputs=item.inputs,
        metadata=made.metadata,
    )
