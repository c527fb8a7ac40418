"""What packages a tag holds: read from git trees, never from a checkout."""

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mirror import javascript
from mirror.candidates import Candidate
from mirror.composer_json import Inspected, inspect
from mirror.derivation import base_of, map_dropped, product_of, project_of
from mirror.edition import Edition
from mirror.git import DIRECTORY, SUBMODULE, SYMLINK, Objects, ObjectUnreadableError, TreeEntry
from mirror.recipe import PackageRule, SourceRule
from mirror.recipe_fields import LINK_SECTIONS

TREES_KEPT = 20_000
COMPOSER_JSON = b"composer.json"


class _Seen(NamedTuple):
    name: str
    version: str
    faults: tuple[tuple[str, str], ...]
    links: str
    unpinned: bool


@dataclass(frozen=True, slots=True)
class EditionScan:
    """What a scan of the edition's source has to know besides the source's own rules."""

    edition: Edition
    repository_url: str


class Scanner:
    """Reads the trees of one repository; what was read once is remembered by its git id."""

    def __init__(self, objects: Objects, source: SourceRule, edition: EditionScan | None) -> None:
        self._objects = objects
        self._source = source
        self._edition = edition
        self._seen: dict[str, _Seen] = {}
        self.tree: Callable[[str], list[TreeEntry]] = functools.lru_cache(TREES_KEPT)(objects.tree)

    def scan(self, root: str, version: str) -> list[Candidate]:
        """Give all candidates of a tag by its root tree; a fault of one never hides another."""
        found: list[Candidate] = []
        for index, rule in enumerate(self._source.package):
            try:
                found += self._of_rule(index, rule, root)
            except ObjectUnreadableError as error:
                found.append(_faulty(index, rule.kind, rule.dir, "object-unreadable", str(error)))
        try:
            found += self._derived(root, version)
        except ObjectUnreadableError as error:
            found.append(_faulty(-1, "root", "", "object-unreadable", str(error)))
        return found

    def resolve(self, root: str, directory: str) -> str | None:
        """Give the git id of a directory below a root tree, or ``None``."""
        tree = root
        for part in filter(None, directory.split("/")):
            entry = next((e for e in self.tree(tree) if e.name == part.encode()), None)
            if entry is None or entry.mode != DIRECTORY:
                return None
            tree = entry.object_id
        return tree

    def at(self, root: str, kind: str, directory: str) -> Candidate:
        """Give the candidate of one directory."""
        tree = self.resolve(root, directory)
        if tree is None:
            return _faulty(-1, kind, directory, "package-missing", "the directory is not there")
        return self._candidate(-1, kind, directory, tree)

    def blob_at(self, root: str, path: str) -> str | None:
        """Give the git id of a file below a root tree, or ``None``."""
        folder, _, name = path.rpartition("/")
        tree = self.resolve(root, folder)
        entries = self.tree(tree) if tree else []
        return next((e.object_id for e in entries if e.name == name.encode()), None)

    def _of_rule(self, index: int, rule: PackageRule, root: str) -> Iterator[Candidate]:
        tree = self.resolve(root, rule.dir)
        if tree is None:
            yield _faulty(index, rule.kind, rule.dir, "package-missing", "no such directory")
        elif rule.kind == "children":
            yield from self._children(index, rule, tree)
        else:
            yield self._candidate(index, rule.kind, rule.dir, tree)

    def _children(self, index: int, rule: PackageRule, tree: str) -> Iterator[Candidate]:
        for entry in self.tree(tree):
            name = entry.name.decode("utf-8", "backslashreplace")
            path = f"{rule.dir}/{name}" if rule.dir else name
            hidden = name.startswith(".") or f"{path}/".startswith(rule.exclude or ("/",))
            if entry.mode == DIRECTORY and not hidden:
                yield self._candidate(index, "children", path, entry.object_id)

    def _candidate(self, index: int, kind: str, path: str, tree: str) -> Candidate:
        try:
            entries = self.tree(tree)
            entry = next((e for e in entries if e.name == COMPOSER_JSON), None)
            if entry is None or entry.mode in {DIRECTORY, SYMLINK, SUBMODULE}:
                sentence = f"{path or 'the root'} has no composer.json"
                return _faulty(index, kind, path, "composer-json-missing", sentence, tree)
            seen = self._inspect(entry.object_id)
        except ObjectUnreadableError as error:
            return _faulty(index, kind, path, "object-unreadable", str(error), tree)
        return Candidate(
            kind=kind,
            rule=index,
            dir=path,
            tree=tree,
            composer=entry.object_id,
            name=seen.name,
            version=seen.version,
            unpinned=seen.unpinned and kind == "metapackage",
            faults=seen.faults,
            content=_content(kind, self._shipped(index, path, entries), seen),
        )

    def _shipped(self, index: int, path: str, entries: list[TreeEntry]) -> list[TreeEntry]:
        """Give the entries that no exclude takes out whole."""
        exclude = self._source.package[index].exclude if index >= 0 else ()
        start = f"{path}/" if path else ""
        named = [(f"{start}{entry.name.decode('utf-8', 'backslashreplace')}/", entry) for entry in entries]
        return [entry for name, entry in named if not name.startswith(exclude)]

    def _inspect(self, blob: str) -> "_Seen":
        if blob not in self._seen:
            read = inspect(self._objects.read(blob))
            links = [read.composer.get(section) for section in LINK_SECTIONS]
            digest = json.dumps(links, sort_keys=True)
            seen = _Seen(read.name, read.version, read.faults, digest, unpinned=_unpinned(read))
            self._seen[blob] = seen
        return self._seen[blob]

    def _derived(self, root: str, release: str) -> Iterator[Candidate]:
        if self._edition is None:
            return
        own = self._candidate(-1, "root", "", root)
        edition = self._edition.edition
        if own.faults:
            yield own
            return
        composer = javascript.parse(self._objects.read(own.composer))
        mapped = list(self._mapped(edition, root, release))
        for kind, tree, made in (
            ("base", root, base_of(composer, release, edition, mapped)),
            ("product", "", product_of(composer, release, edition)),
            ("project", "", project_of(composer, release, edition, self._edition.repository_url)),
        ):
            text = javascript.stringify(made)
            yield own._replace(kind=kind, tree=tree, name=made["name"], version=release, derived=text)

    def _mapped(self, edition: Edition, root: str, release: str) -> Iterator[str]:
        """Give the paths of extra.map: children of split directories, all else at their level."""
        split = frozenset(edition.base.map_split_dirs)
        dropped = map_dropped(edition.base, release)
        waiting = [("", root)]
        while waiting:
            directory, tree = waiting.pop()
            for entry in self.tree(tree):
                name = entry.name.decode("utf-8", "backslashreplace")
                path = f"{directory}/{name}" if directory else name
                if path in dropped or entry.mode in {SYMLINK, SUBMODULE} or not _is_utf8(entry.name):
                    continue
                if path in split and entry.mode == DIRECTORY:
                    waiting.append((path, entry.object_id))
                else:
                    yield path


def _content(kind: str, entries: Iterable[TreeEntry], seen: _Seen) -> str:
    files = [f"{e.mode:o}{e.name!r}{e.object_id}" for e in entries if e.name != COMPOSER_JSON]
    parts = [seen.links, *(files if kind != "metapackage" else [])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _unpinned(read: Inspected) -> bool:
    vendor = read.name.partition("/")[0] + "/"
    require = read.composer.get("require")
    links: Mapping[str, Any] = require if isinstance(require, dict) else {}
    return any(name.startswith(vendor) and links[name] == "*" for name in links)


def _faulty(index: int, kind: str, path: str, code: str, sentence: str, tree: str = "") -> Candidate:
    return Candidate(kind, index, path, tree, composer="", name="", version="", faults=((code, sentence),))


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
