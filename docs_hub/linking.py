"""Addresses: where a post is, where it was before, and where the links inside posts lead now.

An index leads from what an address may say to where the post is. Its keys are old addresses as ``normal`` gives them
(``"/updates/2024-05-07-april"``) and bare names (``"2024-05-07-april"``, ``"april"``).
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from docs_hub.cleaning import slugified
from docs_hub.posts import CATEGORIES, Post

ORIGIN = "https://mage-os.org"
OWN_HOSTS = frozenset({"mage-os.org", "www.mage-os.org"})
CHAT_HOSTS = frozenset({"chat.mage-os.org", "chat.mage-os-org", "discord.gg", "www.discord.gg"})
INVITING_HOSTS = frozenset({"discord.com", "www.discord.com", "discordapp.com"})
CHAT_PATHS = frozenset({"/discord", "/discord-channel", "/chat"})
VIDEO_HOSTS = frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be", "www.youtu.be"})
JOIN = "/join/"
UPDATES = "/updates/"

DATED = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2}|\d{8})-(?P<rest>.+)")
WEEK = re.compile(r"(mage-os-update-\d{4}-week-\d+)-.+")  # such files were renamed: the name was once only this
VIDEO_ID = re.compile(r"[\w-]{6,20}")
PLACES = frozenset({"blog", "updates", "ecommerce-insights", *(slugified(category) for category in CATEGORIES)})
LONGEST_ADDRESS = 400  # characters of a path

Index = Mapping[str, str]


def slug(post: Post) -> str:
    """Give a post's name in its address: that of its file without the day."""
    stem = PurePosixPath(post.path).stem
    dated = DATED.fullmatch(stem)
    return slugified(dated["rest"] if dated else stem) or slugified(post.title) or post.day.isoformat()


def canonical(post: Post) -> str:
    """Give where a post is: ``"/updates/2022/week-8-and-9-of-2022/"``."""
    return address(post.day.year, slug(post))


def address(year: int, slug: str) -> str:
    """Give where an update of a year is."""
    return f"{UPDATES}{year}/{slug}/"


def old_addresses(post: Post) -> tuple[str, ...]:
    """Give where a post was before, as ``normal`` gives addresses."""
    stem = PurePosixPath(post.path).stem
    if post.layout == "blog":
        week = WEEK.fullmatch(stem)
        return tuple(normal(f"/blog/{name}") for name in (stem, *(week.groups() if week else ())))
    places = dict.fromkeys((slugified(post.category), "updates"))
    dated = DATED.fullmatch(stem)
    names = (stem, dated["rest"]) if dated else (stem,)
    return tuple(normal(f"/{place}/{name}") for place in places if place for name in names)


def index(posts: Iterable[Post]) -> Index:
    """Lead from all that the posts were called to where they are; of two with one name, the newer is meant."""
    found: dict[str, str] = {}
    for post in sorted(posts, key=lambda post: (post.day, post.layout == "post")):
        found |= dict.fromkeys(names(post), canonical(post))
    return found


def names(post: Post) -> tuple[str, ...]:
    """Give the keys under which an index holds a post."""
    return *old_addresses(post), normal(canonical(post)), PurePosixPath(post.path).stem, slug(post)


def normal(path: str) -> str:
    """Give a path as indexes hold it: decoded, one slash at the start, none at the end."""
    return ("/" + unquote(path).strip("/"))[:LONGEST_ADDRESS]


def resolve(link: str, known: Index) -> str | None:
    """Give where a link inside a post leads now; None if it leads nowhere."""
    parts = _split(link)
    if parts is None or parts.scheme not in {"", "http", "https", "mailto"}:
        return None
    if parts.scheme == "mailto":
        return link.strip()
    if _is_chat(parts):
        return JOIN
    if not parts.netloc or is_own(link):
        return _own_page(parts, known)
    return parts._replace(scheme=parts.scheme or "https").geturl()


def find(path: str, known: Index) -> str:
    """Give where a post is that an address of this site names, whatever day and category it says; else ``""``."""
    path = normal(path)
    if path in known:
        return known[path]
    place, _, name = path.strip("/").rpartition("/")
    if place.partition("/")[0] not in PLACES:
        return ""
    name = PurePosixPath(name).stem if name.endswith((".md", ".html")) else name
    dated = DATED.fullmatch(name)
    return known.get(name) or (known.get(dated["rest"], "") if dated else "")


def is_own(link: str) -> bool:
    """Tell whether a link names one of this site's hosts."""
    parts = _split(link)
    return parts is not None and (parts.hostname or "") in OWN_HOSTS


def video(link: str) -> str:
    """Give the address of the video that a link to YouTube names; ``""`` if it names none."""
    parts = _split(link)
    if parts is None or parts.hostname not in VIDEO_HOSTS:
        return ""
    name = parse_qs(parts.query).get("v", [""])[0] or PurePosixPath(parts.path).name
    return f"https://www.youtube.com/watch?v={name}" if VIDEO_ID.fullmatch(name) else ""


def _own_page(parts: SplitResult, known: Index) -> str | None:
    """Lead to a page of this portal if it has it, else to the website."""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if not parts.path and not parts.netloc:
        return fragment or None
    if parts.netloc or parts.path.startswith("/"):
        target = find(parts.path, known) or list_of(parts.path)
        return target + fragment if target else _on_website(parts)
    target = known.get(PurePosixPath(unquote(parts.path)).stem, "")
    return target + fragment if target else None


def list_of(path: str) -> str:
    """Give the page of this portal that lists what a page of the website listed."""
    path = normal(path)
    if path in {"/blog", "/updates", "/category/updates"}:
        return UPDATES
    place, _, category = path.strip("/").partition("/")
    return f"{UPDATES}category/{category}/" if place == "category" and category in PLACES else ""


def _on_website(parts: SplitResult) -> str:
    return f"{ORIGIN}{parts._replace(scheme='', netloc='').geturl()}"


def _is_chat(parts: SplitResult) -> bool:
    """Tell whether a link invites to the chat; links to single messages are none."""
    host = parts.hostname or ""
    if host in INVITING_HOSTS:
        return parts.path.startswith("/invite/")
    return host in CHAT_HOSTS or (host in {"", *OWN_HOSTS} and normal(parts.path) in CHAT_PATHS)


def _split(link: str) -> SplitResult | None:
    try:
        parts = urlsplit(link.strip())
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts
