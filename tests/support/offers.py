"""What a page offers to do: its links, and its forms that have a button to send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from tests.support.permission_table import ACTION

SENDS = {"submit", "image"}
HTMX = {"hx-get": "GET", "hx-post": "POST"}


@dataclass(frozen=True, slots=True, order=True)
class Offer:
    """Something that a visitor can ask for from a page."""

    method: str
    path: str
    case: str = ""  # "action approve"


@dataclass(slots=True)
class _Form:
    method: str
    target: str
    can_be_sent: bool = False
    actions: list[str] = field(default_factory=list)


def offered_by(page: str, path: str) -> set[Offer]:
    """Give what a page at a path offers on this site."""
    reader = _Reader(path)
    reader.feed(page)
    return reader.offers()


class _Reader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._offers: set[Offer] = set()
        self._forms: dict[str, _Form] = {}  # by id
        self._open: _Form | None = None
        self._in_actions = False

    def offers(self) -> set[Offer]:
        for form in self._forms.values():
            if form.can_be_sent:
                self._add(form.method, form.target)
                for name in form.actions:
                    self._add(form.method, form.target, ACTION + name)
        return self._offers

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name, method in HTMX.items():
            if name in given:
                self._add(method, given[name])
        read = getattr(self, f"_read_{tag}", None)
        if read:
            read(given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._in_actions = False

    def _read_a(self, given: dict[str, str]) -> None:
        if "href" in given:
            self._add("GET", given["href"])

    def _read_form(self, given: dict[str, str]) -> None:
        self._open = _Form(given.get("method", "get").upper(), given.get("action", ""))
        self._forms[given.get("id") or f"form {len(self._forms)}"] = self._open

    def _read_button(self, given: dict[str, str]) -> None:
        if given.get("type", "submit") in SENDS:
            self._send(given)

    def _read_input(self, given: dict[str, str]) -> None:
        if given.get("type") in SENDS:
            self._send(given)

    def _send(self, given: dict[str, str]) -> None:
        form = self._forms.get(given["form"]) if "form" in given else self._open
        if form is None:
            return
        if "formaction" in given:
            self._add(given.get("formmethod", form.method).upper(), given["formaction"])
        else:
            form.can_be_sent = True

    def _read_select(self, given: dict[str, str]) -> None:
        self._in_actions = given.get("name") == "action"

    def _read_option(self, given: dict[str, str]) -> None:
        if self._in_actions and self._open and given.get("value"):
            self._open.actions.append(given["value"])

    def _add(self, method: str, target: str, case: str = "") -> None:
        found = urlsplit(urljoin(self._path, target or self._path))
        if not found.scheme and not found.netloc:
            self._offers.add(Offer(method, found.path, case))
