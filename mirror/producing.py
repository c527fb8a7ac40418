"""From planned items to dists on disk and rows in the database."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from mirror.composer.versions import sort_key
from mirror.dists import Whole
from mirror.exclusion import hold
from mirror.fetching import OpenSource
from mirror.findings import Finding, error, warning
from mirror.git import Objects, ObjectUnreadableError
from mirror.making import DISK_FULL, Failed, Group, Made, Maker, Task
from mirror.metadata import body_of, dist_path
from mirror.models import Distribution, Package, PackageVersion
from mirror.plan import Item
from mirror.workforce import make_all

INTERVAL = 1.0  # seconds between two writes


class OutOfSpaceError(Exception):
    """The disk is full; the dist that was being made is gone again."""


@dataclass(frozen=True, slots=True)
class Product:
    """An item that became a dist."""

    item: Item
    made: Made
    file: Path


class Production:
    """Makes items of one distribution and remembers them; counts what was done."""

    def __init__(self, distribution: Distribution, sources: Iterable[OpenSource], jobs: int) -> None:
        self._distribution = distribution
        self._dists = distribution.dists
        self._targets: dict[str, Path] = {}  # by public path
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
        with self._dists.workplace() as workplace:
            try:
                for results in make_all(self._groups(items, workplace), self._jobs):
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
        return Product(item, result, self._targets[_path(item)])

    def _groups(self, items: Sequence[Item], workplace: Path) -> list[Group]:
        """Give one group a package, its versions in order; large packages come first."""
        tasks: dict[tuple[str, str], list[tuple[Item, Task]]] = {}
        for key, item in enumerate(items):
            target = self._targets[_path(item)] = self._dists.target(_path(item), workplace)
            tasks.setdefault((item.source, item.name), []).append((item, task_of(item, key, str(target))))
        groups = []
        for (source, _), members in sorted(tasks.items(), key=_largest_first):
            members.sort(key=lambda member: sort_key(member[0].normalized))
            ordered = tuple(task for _, task in members)
            groups.append(Group(self._repositories[source], str(workplace), ordered))
        return groups

    def _record(self) -> None:
        """Keep what was made and is not kept yet, then write its rows."""
        pending, self._pending = self._pending, []
        products = self._kept(pending)
        self._written = time.monotonic()
        if not products:
            return
        with transaction.atomic():
            hold(self._distribution)
            packages = self._packages({product.item.name for product in products})
            PackageVersion.objects.bulk_create(
                [_row(product, packages[product.item.name]) for product in products],
                batch_size=100,
            )
        self.built += len(products)
        self.bytes += sum(product.made.size for product in products)

    def _kept(self, products: Iterable[Product]) -> list[Product]:
        by_path = {_path(product.item): product for product in products}
        faults = self._dists.put({path: Whole(one.file, one.made.sha256) for path, one in by_path.items()})
        self.findings += [error("path-taken", by_path[path].item.subject, fault) for path, fault in faults.items()]
        return [product for path, product in by_path.items() if path not in faults]

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
