"""Corrections of links that are published already: p2 changes, the dist does not."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from mirror.composer.versions import normalize
from mirror.findings import Finding, error
from mirror.metadata import compact
from mirror.models import Change, Distribution, PackageVersion
from mirror.recipe import Amendment, Recipe


def amend(distribution: Distribution, recipe: Recipe, actor: str) -> tuple[frozenset[str], list[Finding]]:
    """Apply the recipe's amendments that are not applied yet; give the packages they change."""
    names: set[str] = set()
    findings: list[Finding] = []
    for entry in recipe.amend:
        row = (
            PackageVersion.objects.of(distribution)
            .filter(package__name=entry.package, version_normalized=normalize(entry.version))
            .first()
        )
        if row is None:
            continue
        body: dict[str, Any] = dict(row.links)
        links = body.get(entry.section) or {}
        if _holds(links, entry.new) and not _left(links, entry):
            continue
        if not _holds(links, entry.old):
            sentence = f"amend: {entry.section} is {json.dumps(links)}, not what `old` says"
            findings.append(error("amend-mismatch", str(row), sentence))
            continue
        kept = {name: text for name, text in links.items() if name not in entry.old}
        body[entry.section] = dict(sorted({**kept, **entry.new}.items()))
        _apply(distribution, row, body, entry, actor)
        names.add(entry.package)
    return frozenset(names | _not_published(distribution, recipe)), findings


def _not_published(distribution: Distribution, recipe: Recipe) -> set[str]:
    """Give packages whose amendment is newer than what is served: a build died on the way."""
    changes = distribution.changes.filter(action=Change.Action.AMENDED)
    if distribution.publication:
        changes = changes.filter(at__gt=distribution.publication.created_at)
    subjects = set(changes.values_list("subject", flat=True))
    return {entry.package for entry in recipe.amend if f"{entry.package} {entry.version}" in subjects}


def _holds(links: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(links.get(name) == text for name, text in wanted.items())


def _left(links: Mapping[str, str], entry: Amendment) -> bool:
    return any(name in links for name in entry.old if name not in entry.new)


def _apply(
    distribution: Distribution,
    row: PackageVersion,
    body: Mapping[str, Any],
    entry: Amendment,
    actor: str,
) -> None:
    with transaction.atomic():
        row.metadata = compact(body).decode()
        row.save(update_fields=["metadata"])
        Change.objects.create(
            distribution=distribution,
            action=Change.Action.AMENDED,
            subject=str(row),
            reason=entry.reason,
            detail={"section": entry.section, "old": entry.old, "new": entry.new},
            actor=actor,
        )
