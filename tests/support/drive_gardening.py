"""Whatever people do in Drive: random work in a tree of folders, for tests of what a sync makes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.support.drive import FakeDrive, anyone, domain, group
from tests.support.drive_api import FOLDER, SHORTCUT, Item
from tests.support.drive_collections import EDITOR

LINK, MEMBERS, TEAM = anyone(), domain("example.org"), group("docs@groups.example")
NAMES = ("Alpha", "Beta", "Gamma")  # few, so that some are the same
SHARES: tuple[tuple[dict[str, Any], ...], ...] = ((), (LINK,), (MEMBERS,), (TEAM, LINK))


@dataclass(slots=True)
class Garden:
    """A folder that a collection is of, and another one that only shortcuts lead to."""

    drive: FakeDrive
    root: Item
    elsewhere: Item
    above: Item | None
    items: list[Item] = field(default_factory=list)

    def do(self, verb: str, one: int, other: int) -> None:
        """Do something to an item, which numbers choose."""
        VERBS[verb](self, one, other)

    def there(self, *, is_folder: bool | None = None) -> list[Item]:
        """Give what was not deleted yet."""
        found = (item for item in self.items if item.id in self.drive.items)
        return [item for item in found if is_folder is None or (item.mime_type == FOLDER) == is_folder]

    def folder(self, number: int) -> Item:
        folders = [self.root, self.root, self.elsewhere, *self.there(is_folder=True)]
        return folders[number % len(folders)]

    def item(self, number: int) -> Item:
        items = self.there()
        return items[number % len(items)] if items else self.add_document(0, number)

    def add_document(self, one: int, other: int) -> Item:
        self.items.append(self.drive.document(_name(other), self.folder(one).id, f"Text {other}."))
        return self.items[-1]

    def add_folder(self, one: int, other: int) -> None:
        self.items.append(self.drive.folder(_name(other), self.folder(one).id))

    def add_shortcut(self, one: int, other: int) -> None:
        self.items.append(self.drive.shortcut(_name(other), self.folder(one).id, self.item(other).id))

    def aim_elsewhere(self, one: int, other: int) -> None:
        self.items.append(self.drive.shortcut(_name(other), self.folder(one).id, self.elsewhere.id))

    def write(self, one: int, other: int) -> None:
        self.drive.change(self.item(one), f"Other text {other}.")

    def rename(self, one: int, other: int) -> None:
        self.drive.change(self.item(one), name=_name(other))

    def share(self, one: int, other: int) -> None:
        self.drive.change(self.item(one), permissions=[*SHARES[other % len(SHARES)]])

    def share_root(self, _: int, other: int) -> None:
        kept = [each for each in self.root.permissions if each["type"] == "user"]
        self.drive.change(self.root, permissions=[*kept, *SHARES[other % len(SHARES)]])

    def share_above(self, _: int, other: int) -> None:
        """Share the folder that the root lies in: the root itself is in no log."""
        if self.above:
            self.above.permissions = [EDITOR, *SHARES[other % len(SHARES)]]

    def share_elsewhere(self, _: int, other: int) -> None:
        self.drive.change(self.elsewhere, permissions=[*SHARES[other % len(SHARES)]])

    def limit(self, one: int, other: int) -> None:
        """Let nobody into a folder but the account and, perhaps, some others; or take that back."""
        folder = self.folder(one)
        if folder in {self.root.id: self.root, self.elsewhere.id: self.elsewhere}.values():
            return
        own = [EDITOR, *SHARES[other // 2 % len(SHARES)]]
        self.drive.change(folder, is_limited=bool(other % 2), permissions=own if other % 2 else [])

    def limit_silently(self, one: int, other: int) -> None:
        """Do that, and let the log say nothing."""
        log = [*self.drive.log]
        self.limit(one, other)
        self.drive.log[:] = log

    def trash(self, one: int, _: int) -> None:
        self.drive.change(self.item(one), is_trashed=True)

    def restore(self, one: int, _: int) -> None:
        self.drive.change(self.item(one), is_trashed=False)

    def remove(self, one: int, _: int) -> None:
        self._remove(self.item(one))

    def _remove(self, item: Item) -> None:
        for id_ in [*self.drive.children[item.id]]:
            self._remove(self.drive.items[id_])
        self.drive.remove(item)

    def move(self, one: int, other: int) -> None:
        item, folder = self.item(one), self.folder(other)
        if not self._is_within(folder, item):
            self.drive.move(item, folder.id)

    def _is_within(self, folder: Item, item: Item) -> bool:
        above = [self.drive.items[id_] for id_ in folder.parents if id_ in self.drive.items]
        return folder.id == item.id or any(self._is_within(each, item) for each in above)

    def protect(self, one: int, other: int) -> None:
        if (item := self.item(one)).mime_type not in {FOLDER, SHORTCUT}:
            self.drive.change(item, is_copy_protected=bool(other % 2))


def _name(number: int) -> str:
    return NAMES[number % len(NAMES)]


VERBS: dict[str, Callable[[Garden, int, int], object]] = {
    verb.__name__: verb
    for verb in (
        Garden.add_document,
        Garden.add_folder,
        Garden.add_shortcut,
        Garden.aim_elsewhere,
        Garden.write,
        Garden.rename,
        Garden.share,
        Garden.share_root,
        Garden.share_above,
        Garden.share_elsewhere,
        Garden.limit,
        Garden.limit_silently,
        Garden.trash,
        Garden.restore,
        Garden.remove,
        Garden.move,
        Garden.protect,
    )
}
numbers = st.integers(0, 23)
work = st.lists(st.tuples(st.sampled_from(sorted(VERBS)), numbers, numbers), min_size=1, max_size=5)
