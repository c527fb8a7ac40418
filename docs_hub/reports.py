"""What became of each file or document when a collection was read."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from docs_hub.findings import Finding


@dataclass(slots=True)
class Report:
    """What became of each, by its path or its source's id."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    same: int = 0
    gone: list[str] = field(default_factory=list)
    warnings: dict[str, list[Finding]] = field(default_factory=dict)
    errors: dict[str, list[Finding]] = field(default_factory=dict)

    def add(self, path: str, findings: Iterable[Finding]) -> None:
        """Keep what is to be said of one of them."""
        for finding in findings:
            kept = self.errors if finding.level == "error" else self.warnings
            kept.setdefault(path, []).append(finding)

    def repeat(self, said: Mapping[str, Any]) -> None:
        """Say again what an earlier one said as JSON, of documents that are as they were then."""
        self.same = len(said["created"]) + len(said["updated"]) + said["same"]
        self.warnings = {
            path: [Finding("warning", *each) for each in found] for path, found in said["warnings"].items()
        }
        self.errors = {path: [Finding("error", *each) for each in found] for path, found in said["errors"].items()}

    @property
    def warnings_by_code(self) -> dict[str, int]:
        """Count findings that are warnings, the most frequent first; one per file and code."""
        return dict(Counter(each.code for found in self.warnings.values() for each in found).most_common())

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON has it; findings are lists of [code, message, count]."""
        return {
            "created": self.created,
            "updated": self.updated,
            "same": self.same,
            "gone": self.gone,
            "warnings": _listed(self.warnings),
            "errors": _listed(self.errors),
        }

    @property
    def error_codes(self) -> set[str]:
        return {finding.code for found in self.errors.values() for finding in found}

    @property
    def counts(self) -> dict[str, int]:
        """Give how many there are of each; a report itself may be large."""
        listed = {"created": self.created, "updated": self.updated, "gone": self.gone, "errors": self.errors}
        warnings = sum(len(found) for found in self.warnings.values())
        return {name: len(some) for name, some in listed.items()} | {"same": self.same, "warnings": warnings}

    def __str__(self) -> str:
        counts = self.counts
        done = "{created} created, {updated} updated, {same} the same, {gone} gone".format(**counts)
        return f"{done}; {counts['warnings']} warnings, {counts['errors']} with errors"


def _listed(findings: dict[str, list[Finding]]) -> dict[str, list[tuple[str, str, int]]]:
    return {path: [(each.code, each.message, each.count) for each in found] for path, found in sorted(findings.items())}
