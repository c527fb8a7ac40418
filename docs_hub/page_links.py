"""Where the links of a page lead, with their words. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from docs_hub.cleaning import one_line
from docs_hub.html_tree import parse

LONGEST_ADDRESS, LONGEST_WORDS = 1000, 200  # characters


@dataclass(frozen=True, slots=True)
class Link:
    """A link to somewhere else on the web."""

    address: str  # absolute, http or https, without a fragment
    words: str  # what stands on it; may be empty


def links_of(html: str) -> Iterator[Link]:
    """Give the links of cleaned HTML that lead elsewhere, in their order."""
    if "<a " not in html:
        return
    for element in parse(html).named("a"):
        address = plain_address(element.attributes.get("href", ""))
        if address:
            yield Link(address, one_line(element.text())[:LONGEST_WORDS].strip())


def plain_address(text: str) -> str:
    """Give an address of the web as it can be asked for; "" if it is none."""
    address = text.strip().partition("#")[0]
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or any(letter.isspace() for letter in address):
        return ""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return ""
    is_web = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return address if is_web else ""
