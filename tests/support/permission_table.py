"""Who gets what: the table that people read (tests/portal/permissions.md), and what the code has addresses for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, get_resolver, reverse

ROLES = ("auditor", "builder", "publisher", "editor", "member officer", "conduct team", "team keeper")
VISITORS = ("anonymous", "member", "staff", *ROLES, "superuser")
METHODS = ("GET", "POST")
ACTION = "action "  # what the case of a row begins with that is about an action of a list
DOCUMENT = Path(__file__).parent.parent / "portal" / "permissions.md"
REGEX_ARGUMENT = re.compile(r"\(\?P(<\w+>)[^)]*\)")
UNNAMED = "([^/]+)"  # as simple_history writes the two of its addresses
CONVERTER = re.compile(r"<\w+:")
HEADINGS = ("Address", "Method", "Case", *VISITORS)


@dataclass(frozen=True, slots=True)
class Row:
    """What each kind of visitor gets when they ask for an address in one way."""

    address: str  # "/admin/mirror/build/<pk>/cancel"
    method: str
    case: str  # what is asked for, and what is posted; empty: the ordinary
    answers: Mapping[str, str] = field(hash=False)  # by visitor

    def __str__(self) -> str:
        return f"{self.method} {self.address}" + (f" ({self.case})" if self.case else "")


def rows() -> list[Row]:
    """Read the table. Raises: ValueError: a line of it is none."""
    return [row for line in DOCUMENT.read_text().splitlines() if line.startswith("| `") for row in _rows(line)]


def _rows(line: str) -> Iterator[Row]:
    cells = [cell.strip() for cell in line.strip("| ").split("|")]
    if len(cells) != len(HEADINGS):
        raise ValueError(f"{line}: {len(cells)} cells instead of {len(HEADINGS)}: {', '.join(HEADINGS)}")
    address, methods, case, *answers = cells
    for method in methods.split():
        yield Row(address.strip("`"), method, case, dict(zip(VISITORS, answers, strict=True)))


def line_of(address: str, method: str, case: str = "") -> str:
    """Give the line that the table lacks, for a person to fill in."""
    return f"| `{address}` | {method} | {case} |" + " ? |" * len(VISITORS)


def addresses() -> list[str]:
    """Give every address that the resolver knows."""
    return sorted({address for address, _ in _walk(get_resolver(), "/")})


def address_of(path: str) -> str:
    """Give the address that answers a path. Raises: django.urls.Resolver404."""
    return _plain("/" + get_resolver().resolve(path).route)


def _walk(resolver: Any, before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield _plain(here), pattern
        else:
            yield from _walk(pattern, here)


def _plain(route: str) -> str:
    for name in ("<object_id>", "<history_id>"):
        route = route.replace(UNNAMED, name, 1)
    plain = REGEX_ARGUMENT.sub(r"\1", CONVERTER.sub("<", route))
    return plain.replace("^", "").removesuffix("$")


def actions() -> list[tuple[str, str]]:
    """Give every action of the admin's lists, offered to somebody or not: address of the list, and name.

    Unfold's actions of a page or a line have addresses of their own.
    """
    return sorted((_list_of(one), name) for one in admin.site._registry.values() for name in _names(one))


def _names(model_admin: Any) -> set[str]:
    names = set(model_admin.actions_submit_line)
    return names if model_admin.actions is None else names | {name for _, name, _ in model_admin._get_base_actions()}


def _list_of(model_admin: Any) -> str:
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
