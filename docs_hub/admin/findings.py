"""What was found on updates and documents, and what a sync did, as staff read it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mageos_portal.marks import shown

MOST_SHOWN = 200  # entries of a list
SHORT = 10  # entries that are shown at once


@dataclass(frozen=True, slots=True)
class Listed:
    """Some lines under a heading, as many as one can read."""

    title: str
    count: int
    entries: Sequence[str]
    is_bad: bool = False

    @property
    def more(self) -> int:
        return self.count - len(self.entries)

    @property
    def is_short(self) -> bool:
        return self.count <= SHORT


def of_report(report: Mapping[str, Any]) -> list[Listed]:
    """Give what a sync did: errors, what changed by path, and warnings by their code; empty ones are left out."""
    found = [
        _listed("Errors", _by_path(report.get("errors")), is_bad=True),
        *(_listed(title, report.get(key) or ()) for title, key in CHANGES),
        *_by_code(report.get("warnings")),
    ]
    return [one for one in found if one.count]


def of_rows(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give findings as they are kept on a row, a sentence each."""
    return [_sentence(found.get("code"), found.get("message"), found.get("count")) for found in findings]


CHANGES = (("Created", "created"), ("Updated", "updated"), ("Gone", "gone"))


def _by_path(found: Any) -> list[str]:
    return [f"{path}: {_sentence(*finding)}" for path, finding in _findings(found)]


def _by_code(found: Any) -> Iterator[Listed]:
    codes: dict[str, list[str]] = defaultdict(list)
    for path, (code, message, count) in _findings(found):
        codes[str(code)].append(
            str(message) if str(path) in str(message) else f"{path}: {_sentence('', message, count)}"
        )
    for code, sentences in sorted(codes.items(), key=lambda item: -len(item[1])):
        yield _listed(f"Warning {shown(code)}", sentences)


def _findings(found: Any) -> Iterator[tuple[str, tuple[Any, Any, Any]]]:
    """Give path and finding of what a report holds; of reports of other shapes nothing."""
    for path, findings in found.items() if isinstance(found, Mapping) else ():
        for finding in findings:
            if isinstance(finding, list | tuple) and len(finding) == 3:  # noqa: PLR2004 - code, message, count
                yield path, (finding[0], finding[1], finding[2])


def _sentence(code: Any, message: Any, count: Any = 1) -> str:
    times = f" ({count} times)" if isinstance(count, int) and count > 1 else ""
    return shown(f"{message or ''}{times}{f' [{code}]' if code else ''}")


def _listed(title: str, entries: Sequence[str], *, is_bad: bool = False) -> Listed:
    return Listed(title, len(entries), [shown(str(entry)) for entry in entries[:MOST_SHOWN]], is_bad)
