"""What readers need of a text's parts: pictures with words, tables and code that scroll with the keyboard."""

from collections.abc import Callable

from docs_hub.cleaning import evenly_spaced
from docs_hub.findings import Finding, warning
from docs_hub.html_tree import Element
from docs_hub.pictures import ImageRef

SHOWN_NAMES = 3  # in one message
ALIGNMENTS = ("left", "center", "right")


def even_spaces(element: Element) -> None:
    """Give spaces for odd ones, in words and in what describes pictures; code stays as it is."""
    for name in {"alt", "title"} & element.attributes.keys():
        element.attributes[name] = evenly_spaced(element.attributes[name])
    if element.name in {"pre", "code"}:
        return
    for number, child in enumerate(element.children):
        if isinstance(child, Element):
            even_spaces(child)
        else:
            element.children[number] = evenly_spaced(child)


def arrange_pictures(root: Element, resolve: Callable[[str], str | None]) -> tuple[list[ImageRef], list[Finding]]:
    """Give each picture its new address, and a placeholder for each that is missing."""
    found = []
    missing = []
    for image in root.named("img"):
        picture = ImageRef(image.attributes.get("src", ""), image.attributes.get("alt", "").strip())
        found.append(picture)
        address = resolve(picture.address) if picture.address else None
        if address is None:
            missing.append(picture.address or "one without an address")
            image.replace(
                "span", f"Missing image: {picture.alt or 'without a description'}", **{"class": "missing-image"}
            )
        else:
            image.attributes |= {"src": address, "alt": picture.alt, "loading": "lazy"}
    return found, _about_pictures(found, missing)


def drop_empty(root: Element) -> None:
    """Leave out paragraphs that show nothing."""
    for paragraph in root.named("p"):
        if not paragraph.text().strip() and not paragraph.named("img"):
            paragraph.replace("")


def shape_grids(root: Element) -> None:
    """Show the blocks of logos that posts lay out with inline styles by a class of ours."""
    for block in root.named("div"):
        is_grid = block.attributes.pop("class", "") == "not-prose" and block.named("img", "span")
        if is_grid:
            block.attributes["class"] = "logo-grid"


def frame_tables(root: Element) -> None:
    """Let wide tables scroll on their own, by keyboard, too."""
    for number, table in enumerate(root.named("table"), start=1):
        for cell in table.named("th", "td"):
            _align(cell)
        inner = Element("table", table.attributes, table.children)
        frame = {"class": "table", "tabindex": "0", "role": "region", "aria-label": f"Table {number}"}
        table.replace("div", inner, **frame)


def make_code_focusable(root: Element) -> None:
    """Let long lines of code be scrolled to by keyboard."""
    for block in root.named("pre"):
        block.attributes["tabindex"] = "0"


def _align(cell: Element) -> None:
    """Say a cell's alignment by a class; a head without words is no head."""
    style = cell.attributes.pop("style", "")
    for alignment in ALIGNMENTS:
        if alignment in style:
            cell.attributes["class"] = f"align-{alignment}"
    if cell.name == "th" and not cell.text().strip() and not cell.named("img"):
        cell.name = "td"


def _about_pictures(found: list[ImageRef], missing: list[str]) -> list[Finding]:
    findings = []
    if missing:
        names = ", ".join(missing[:SHOWN_NAMES])
        message = f"pictures were not found and are shown as missing: {names}; add the files or mend the addresses"
        findings.append(warning("image-missing", message, len(missing)))
    without_words = sum(not picture.alt for picture in found)
    if without_words:
        message = "pictures have no description: write what they show between [ and ], unless they are decoration"
        findings.append(warning("alt-empty", message, without_words))
    return findings
