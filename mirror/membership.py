"""Which releases a package version belongs to, as their product packages say.

A release's product names nearly all of its packages itself, so reading the products that were made here is enough
and cheap. A version that comes in only through another package is not found this way.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mirror.composer.constraints import InvalidConstraintError, parse
from mirror.models import PackageVersion, Release


@dataclass(frozen=True, slots=True)
class Membership:
    """One release that a version belongs to."""

    release: Release
    constraint: str  # by which the product requires it; empty: it is the product


def releases_with(version: PackageVersion) -> list[Membership]:
    """Give the releases whose product is this version or requires it, newest first."""
    distribution = version.package.distribution
    releases = distribution.releases.defer("missing").order_by("-time")
    by_product = {(found.product, found.version_normalized): found for found in releases}
    belonging = dict(_constraints(version, {product for product, _ in by_product}))
    return [Membership(found, belonging[key]) for key, found in by_product.items() if key in belonging]


def _constraints(version: PackageVersion, products: set[str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Give the products that require a version, each with its constraint."""
    name = version.package.name
    rows = PackageVersion.objects.of(version.package.distribution).filter(package__name__in=products)
    fields = ("package__name", "version_normalized", "metadata")
    for product, normalized, body in rows.values_list(*fields).iterator():
        if (product, normalized) == (name, version.version_normalized):
            yield (product, normalized), ""
        elif f'"{name}"' in body:
            constraint = (json.loads(body).get("require") or {}).get(name, "")
            if constraint and _matches(constraint, version.version_normalized):
                yield (product, normalized), constraint


def _matches(constraint: str, normalized: str) -> bool:
    try:
        return parse(constraint).matches(normalized)
    except InvalidConstraintError:
        return False
