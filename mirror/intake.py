"""What becomes of archives that are imported, and how an import says how far it is."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Taken:
    """An archive that is in the distribution."""

    archive: str  # below the imported directory
    package: str
    version: str
    path: str  # public
    sha256: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An archive that stays outside, with everything that is wrong with it."""

    archive: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of each archive, or would become of it."""

    imported: tuple[Taken, ...]
    already_there: tuple[Taken, ...]
    refused: tuple[Refused, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Watcher:
    """Is told how far an import is; this one looks away."""

    def checking(self, archives: int) -> None: ...

    def checked(self, archive: str) -> None: ...

    def storing(self, archives: int) -> None: ...

    def stored(self, archives: int) -> None: ...
