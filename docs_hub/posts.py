"""Posts of both layouts that the website's repositories have, read into one value.

``blog`` is the older layout (layout, date, title, description), ``post`` the newer one (title, publishDate, category,
author, draft, excerpt, image, imageAlt, tags). Whatever a file holds, reading it gives a post or says why not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from docs_hub import cleaning, dating, front_matter
from docs_hub.findings import Finding, error, warning
from docs_hub.front_matter import FrontMatterError, Json, Values
from docs_hub.pictures import ImageRef
from docs_hub.summaries import opening

LARGEST = 1024 * 1024  # bytes of a file
LONGEST_TITLE = 300  # characters
LONGEST_NAME = 100  # of a category, an author, a tag
LONGEST_ALT = 300
MOST_TAGS = 50
MOST_ITEMS = 500  # of a list that is taken for a text; a longer one may be of people's names

CATEGORIES = (
    "Releases",
    "Updates",
    "Community",
    "Events",
    "Technical",
    "Initiatives",
    "eCommerce Insights",
    "Case Studies",
)
USUAL_CATEGORY = "Updates"
READ_KEYS = frozenset(
    {
        "layout",
        "title",
        "date",
        "publishDate",
        "description",
        "excerpt",
        "category",
        "author",
        "draft",
        "image",
        "imageAlt",
        "tags",
    }
)
KNOWN_KEYS = frozenset({"updateDate", "metadata"})  # kept as they are, as the website's schema has them
IGNORED_KEYS = frozenset({"groupId"})  # of a mailing list that is gone
ITEM = re.compile(r"^ {0,3}[-*+] ", re.MULTILINE)
MARK = "\ufeff"  # that some editors begin a file with

Layout = Literal["blog", "post"]


@dataclass(frozen=True, slots=True)
class Post:
    """One file's post."""

    path: str
    layout: Layout
    title: str  # one line
    day: date  # of published_at
    published_at: datetime  # UTC
    description: str  # written by a person, "" mostly
    excerpt: str  # one line of plain text
    category: str  # as written: "eCommerce Insights"
    author: str  # the name of an author's file, or ""
    tags: tuple[str, ...]
    draft: bool
    image: ImageRef | None
    body: str  # Markdown
    extra: Mapping[str, Json]  # keys that nothing here reads
    findings: tuple[Finding, ...]  # warnings


def read(path: str, content: bytes, authors: frozenset[str] | None = None) -> Post | tuple[Finding, ...]:
    """Give the post of a file, or all errors that it has. With ``authors`` given, others are warned of."""
    if len(content) > LARGEST:
        return (error("too-large", f"{path}: has more than {LARGEST // 1024} KiB; shorten it"),)
    try:
        text = content.decode().removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as failure:
        return (error("not-utf-8", f"{path}: is not UTF-8 at byte {failure.start}; save it as UTF-8"),)
    try:
        block, body = front_matter.split(text)
        values = front_matter.parse(block)
    except FrontMatterError as failure:
        return (error("front-matter", f"{path}: {failure}"),)
    return _Reading(path, values).post(body, text, authors)


class _Reading:
    """One file's values on their way to a post, and what was found on it."""

    def __init__(self, path: str, values: Values) -> None:
        self.path = path
        self.values = values
        self.findings: list[Finding] = []

    def post(self, body: str, text: str, authors: frozenset[str] | None) -> Post | tuple[Finding, ...]:
        moment, about_date = dating.published_at(self.path, self.values)
        self.findings += about_date
        title = self._title()
        if moment is None or not title:
            return tuple(finding for finding in self.findings if finding.level == "error")
        self._look_at(text, body)
        return Post(
            path=self.path,
            layout=self._layout(),
            title=title,
            day=moment.date(),
            published_at=moment,
            description=opening(self._text("description")),
            excerpt=self._excerpt(body),
            category=self._category(),
            author=self._author(authors),
            tags=self._tags(),
            draft=self._is_draft(),
            image=self._image(),
            body=cleaning.storable(body),
            extra=self._extra(),
            findings=tuple(self.findings),
        )

    def warn(self, code: str, message: str, count: int = 1) -> None:
        self.findings.append(warning(code, f"{self.path}: {message}", count))

    def _layout(self) -> Layout:
        if "publishDate" in self.values:
            return "post"
        is_older = "layout" in self.values or "date" in self.values or not dating.named_day(self.path)
        return "blog" if is_older else "post"

    def _text(self, key: str) -> str:
        """Give a value that should be text; numbers and days are, too."""
        value = self.values.get(key)
        if value is None:
            return ""
        if isinstance(value, Mapping | list | tuple | set | bytes):
            self.warn("not-text", f"{key} is no text and is left out")
            return ""
        return str(front_matter.json_of(value)).strip()

    def _title(self) -> str:
        written = self._text("title")
        title = cleaning.one_line(written)
        if not title:
            self.findings.append(error("title-missing", f"{self.path}: has no title; add one to its front matter"))
        elif len(title) > LONGEST_TITLE:
            message = f"{self.path}: its title has more than {LONGEST_TITLE} characters; shorten it"
            self.findings.append(error("title-too-long", message))
            return ""
        if cleaning.has_entities(written):
            self.warn("entity-in-title", "its title holds an HTML entity, such as &amp;; write the character")
        return title

    def _excerpt(self, body: str) -> str:
        written = self._text("excerpt")
        if not cleaning.is_truncated(written):
            return opening(written) or opening(body)
        self.warn("excerpt-truncated", "its excerpt is cut off; the text's own beginning is taken")
        return opening(body)

    def _category(self) -> str:
        category = cleaning.one_line(self._text("category"))[:LONGEST_NAME]
        if category and category not in CATEGORIES:
            self.warn("unknown-category", f"category {category!r} is none of {', '.join(CATEGORIES)}")
        return category or USUAL_CATEGORY

    def _author(self, authors: frozenset[str] | None) -> str:
        author = cleaning.one_line(self._text("author"))[:LONGEST_NAME]
        if author and authors is not None and author not in authors:
            self.warn("unknown-author", f"author {author!r} has no file among the authors")
        return author

    def _tags(self) -> tuple[str, ...]:
        value = self.values.get("tags")
        written = [value] if isinstance(value, str) else value
        if not isinstance(written, list | None) or any(not isinstance(tag, str) for tag in written or ()):
            self.warn("not-text", "tags is no list of texts and is left out")
            return ()
        tags = (cleaning.one_line(tag)[:LONGEST_NAME] for tag in written or ())
        return tuple(dict.fromkeys(tag for tag in tags if tag))[:MOST_TAGS]

    def _is_draft(self) -> bool:
        """Tell whether the post is unfinished; what is unclear stays private."""
        value = self.values.get("draft")
        if isinstance(value, bool | None):
            return bool(value)
        self.warn("draft-unclear", "draft is neither true nor false; the post stays private")
        return True

    def _image(self) -> ImageRef | None:
        address = self._text("image")
        alt = cleaning.one_line(self._text("imageAlt"))[:LONGEST_ALT]
        return ImageRef(address, alt) if address else None

    def _extra(self) -> dict[str, Json]:
        extra = {key: self.values[key] for key in self.values.keys() - READ_KEYS - IGNORED_KEYS}
        unknown = sorted(extra.keys() - KNOWN_KEYS)
        if unknown:
            self.warn("unknown-key", f"keys that nobody reads: {', '.join(unknown)[:200]}", len(unknown))
        return {cleaning.storable(key): front_matter.json_of(extra[key]) for key in sorted(extra)}

    def _look_at(self, text: str, body: str) -> None:
        """Report what the file's characters say about it."""
        odd = sum(cleaning.odd_spaces(value) for value in self.values.values() if isinstance(value, str))
        if odd:
            self.warn("nbsp", "its front matter holds no-break or zero-width spaces; they became spaces", odd)
        damaged = cleaning.damaged_lines(text)
        if damaged:
            message = f"letters were decoded wrongly: {damaged[0][:60]!r}; mend the file or have it repaired"
            self.warn("mojibake", message, len(damaged))
        if cleaning.storable(body) != body:
            self.warn("controls-removed", "control characters were left out")
        items = len(ITEM.findall(body))
        if items > MOST_ITEMS:
            message = f"a list of {items} entries, perhaps names of people: ask before it is shown again"
            self.warn("long-list", message, items)
