"""The links of a text: where they lead, and words for those that have none."""

from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from docs_hub.findings import Finding, warning
from docs_hub.html_tree import Element
from docs_hub.linking import is_own, video

SHOWN_ADDRESSES = 3  # in one message
LONGEST_WORDS = 80  # of a link that an address must describe


def arrange_links(root: Element, resolve: Callable[[str], str | None]) -> tuple[list[str], list[Finding]]:
    """Give each link its new address; one that leads nowhere becomes its words."""
    written, kept, wordless, dead = [], [], 0, []
    for link in root.named("a"):
        address = link.attributes.get("href", "")
        written.append(address)
        new = resolve(address) if address else None
        if new is None:
            dead.append(address or "one without an address")
            link.name, link.attributes = "", {}
            continue
        link.attributes["href"] = new
        kept.append(new)
        wordless += _give_words(link)
    return kept, _about_links(written, dead, wordless)


def arrange_videos(root: Element) -> list[Finding]:
    """Show an address of a video that stands alone as a link with words; nothing of others is loaded into our pages."""
    found = 0
    for block in root.named("p", "figure"):
        link = _only_link(block)
        address = video(link.attributes.get("href", "")) if link else ""
        if link and address:
            link.replace("a", "Watch the video on YouTube", href=address)
            found += 1
    return [warning("video-linked", "a video's bare address became a link", found)] if found else []


def _only_link(block: Element) -> Element | None:
    """Give the link that is all of a block, if it shows its bare address."""
    children = [child for child in block.children if isinstance(child, Element) or child.strip()]
    only = [child for child in children if isinstance(child, Element) and child.name != "figcaption"]
    is_alone = len(only) == 1 and all(isinstance(child, Element) for child in children)
    return only[0] if is_alone and only[0].name == "a" and only[0].text().startswith("http") else None


def _give_words(link: Element) -> bool:
    """Describe a link that has no words by its address. Returns whether its author left it without anything."""
    if link.text().strip():
        _say_once(link)
        return False
    images = link.named("img")
    if any(image.attributes.get("alt") for image in images):
        return False
    words = _words_of(link.attributes["href"])
    if images:
        images[0].attributes["alt"] = words
    else:
        link.children = [words]
    return not images


def _say_once(link: Element) -> None:
    """Leave out descriptions of pictures that only repeat the link's words."""
    for image in link.named("img"):
        if image.attributes["alt"].casefold() == link.text().strip().casefold():
            image.attributes["alt"] = ""


def _words_of(address: str) -> str:
    """Say where an address leads: ``"example.org/about"``."""
    parts = urlsplit(address)
    return (
        (unquote(parts.netloc + parts.path).strip("/") or address).encode("utf-8", "replace").decode()[:LONGEST_WORDS]
    )


def _about_links(written: list[str], dead: list[str], wordless: int) -> list[Finding]:
    plain = [address for address in written if address.lower().startswith("http://")]
    own = [address for address in written if is_own(address)]
    findings = []
    if plain:
        findings.append(warning("http-link", f"links without encryption: {_some(plain)}; write https://", len(plain)))
    if own:
        message = f"links to this site were rewritten where it has the page: {_some(own)}"
        findings.append(warning("own-link", message, len(own)))
    if wordless:
        message = "links have no words and show their address: write what they lead to between [ and ]"
        findings.append(warning("link-without-text", message, wordless))
    if dead:
        message = f"links lead nowhere and are shown as words: {_some(dead)}; mend the addresses"
        findings.append(warning("link-dead", message, len(dead)))
    return findings


def _some(addresses: list[str]) -> str:
    return ", ".join(dict.fromkeys(addresses[:SHOWN_ADDRESSES]))
