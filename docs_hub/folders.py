"""The folders of a collection as a tree, as much of it as a page shows."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST_SHOWN = 100  # folders within one


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with what lies in it and below."""

    title: str
    path: str  # "minutes/2022"
    count: int  # documents
    is_current: bool
    children: tuple["Folder", ...]  # of the folders on the way to the current one only
    left_out: int  # children that are not shown


def tree(counts: Mapping[str, int], current: str) -> Folder:
    """Make a tree of how many documents lie right in each folder; its root is the collection itself."""
    totals: dict[str, int] = {}
    for folder, count in counts.items():
        for path in ("", *ancestry(folder)):
            totals[path] = totals.get(path, 0) + count
    below: dict[str, list[str]] = {}
    for path in sorted(totals.keys() - {""}, key=lambda path: (path.casefold(), path)):
        below.setdefault(path.rpartition("/")[0], []).append(path)
    return _folder("", totals, below, current)


def ancestry(folder: str) -> list[str]:
    """Give a folder and those above it, the outermost first: ``["minutes", "minutes/2022"]``."""
    parts = folder.split("/") if folder else []
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]


def _folder(path: str, totals: Mapping[str, int], below: Mapping[str, list[str]], current: str) -> Folder:
    is_open = not path or path == current or current.startswith(f"{path}/")
    paths = below.get(path, []) if is_open else []
    shown = [each for number, each in enumerate(paths) if number < MOST_SHOWN or _leads_to(each, current)]
    children = tuple(_folder(each, totals, below, current) for each in shown)
    title = path.rpartition("/")[2]
    return Folder(title, path, totals.get(path, 0), path == current, children, len(paths) - len(shown))


def _leads_to(path: str, current: str) -> bool:
    return path == current or current.startswith(f"{path}/")
