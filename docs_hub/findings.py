"""What reading, rendering or merging posts has to say about one of them."""

from dataclasses import dataclass
from typing import Literal

from docs_hub.cleaning import printable

LONGEST_MESSAGE = 500  # characters

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact for the report; an error means that the file gives no post."""

    level: Level
    code: str  # stable, such as "image-missing"
    message: str  # names the thing, says what is wrong and what to do
    count: int = 1  # how often it occurs in the file

    def __str__(self) -> str:
        return f"{self.level} [{self.code}] {self.message}"


def error(code: str, message: str) -> Finding:
    return Finding("error", code, printable(message)[:LONGEST_MESSAGE])


def warning(code: str, message: str, count: int = 1) -> Finding:
    return Finding("warning", code, printable(message)[:LONGEST_MESSAGE], count)
