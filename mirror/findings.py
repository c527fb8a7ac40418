"""What a plan or a build has to say about one thing: an error, a warning or a note."""

from dataclasses import asdict, dataclass
from typing import Literal

LONGEST = 2_000  # characters of a subject or a message

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One named fact for the report: ``code`` is stable, ``subject`` is the thing it is about."""

    level: Level
    code: str
    subject: str
    message: str

    def as_dict(self) -> dict[str, str]:
        found = asdict(self)
        del found["level"]
        return found

    def __str__(self) -> str:
        return f"{self.level} [{self.code}] {self.subject}: {self.message}"


def error(code: str, subject: str, message: str) -> Finding:
    return Finding("error", code, printable(subject), printable(message))


def warning(code: str, subject: str, message: str) -> Finding:
    return Finding("warning", code, printable(subject), printable(message))


def printable(text: str) -> str:
    """Give text that upstream chose so that a terminal, a page and a database can hold it."""
    if text.isprintable() and len(text) <= LONGEST:
        return text
    shown = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)[:LONGEST]
