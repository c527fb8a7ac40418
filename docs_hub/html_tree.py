"""HTML that was cleaned once, as a tree that can be changed and written again."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img"})
BLOCKS = frozenset(
    {
        "blockquote",
        "dd",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    }
)
DEEPEST = 50  # elements within one another; deeper ones lose their tags


@dataclass(slots=True, eq=False)
class Element:
    """An element; one without a name is its children only."""

    name: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def elements(self) -> Iterator[Element]:
        """Give everything below, parents first."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.elements()

    def named(self, *names: str) -> list[Element]:
        return [element for element in self.elements() if element.name in names]

    def text(self) -> str:
        """Give the words below, blocks on lines of their own."""
        return "".join(self._pieces())

    def replace(self, name: str, *children: Element | str, **attributes: str) -> None:
        """Become another element in the same place."""
        self.name, self.attributes, self.children = name, attributes, list(children)

    def _pieces(self) -> Iterator[str]:
        around = "\n" if self.name in BLOCKS or self.name == "br" else ""
        yield around
        for child in self.children:
            if isinstance(child, Element):
                yield from child._pieces()  # noqa: SLF001 - its own kind
            else:
                yield child
        yield around


def parse(markup: str) -> Element:
    """Read HTML whose elements are all closed."""
    builder = _Builder()
    builder.feed(markup)
    builder.close()
    return builder.root


def written(element: Element) -> str:
    """Write a tree as HTML."""
    return "".join(_written(element))


def _written(element: Element) -> Iterator[str]:
    if element.name:
        attributes = (f' {name}="{html.escape(value)}"' for name, value in element.attributes.items())
        yield f"<{element.name}{''.join(attributes)}>"
    for child in element.children:
        if isinstance(child, Element):
            yield from _written(child)
        else:
            yield html.escape(child, quote=False)
    if element.name and element.name not in VOID:
        yield f"</{element.name}>"


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element()
        self._open = [self.root]
        self._ignored = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID and len(self._open) > DEEPEST:
            self._ignored += 1
            return
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self._ignored:
            self._ignored -= 1
        elif len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)
