"""What a plan or a build has to say about one thing: an error, a warning or a note."""

from dataclasses import asdict, dataclass
from typing import Literal

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
    return Finding("error", code, subject, message)


def warning(code: str, subject: str, message: str) -> Finding:
    return Finding("warning", code, subject, message)
