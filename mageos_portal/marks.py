"""What the staff's pages have in common in looks: coloured words, buttons of a row's page, safe text of others."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

Method = TypeVar("Method", bound=Callable[..., Any])

COMMITS_AT = "https://github.com/"  # whose pages of commits we know the address of
SHORT = 12  # digits of a hash that tell it apart
LONGEST_LINE = 1000  # characters


def page_of_row(description: str, *, path: str, permission: str, icon: str) -> Callable[[Method], Method]:
    """Give a row a page with a button for it; to whom `has_<permission>_permission` says no sees none, and 403."""
    decorate: Callable[[Method], Method] = action(
        description=description, url_path=path, permissions=[permission], icon=icon
    )
    return decorate


def page_of_list(description: str, *, path: str, permission: str, icon: str) -> Callable[[Method], Method]:
    """Give a list a page with a button for it; to whom `has_<permission>_permission` says no sees none, and 403."""
    return page_of_row(description, path=path, permission=permission, icon=icon)


def coloured(
    description: str, colours: Mapping[str, str], *, ordering: str | None = None
) -> Callable[[Method], Method]:
    """Show a word in a colour: success, info, warning or danger."""
    decorate: Callable[[Method], Method] = display(description=description, label=dict(colours), ordering=ordering)
    return decorate


def printable(text: str) -> str:
    """Give text of a stranger on one line, so that a page, a terminal and a database can hold it."""
    if text.isprintable() and len(text) <= LONGEST_LINE:
        return text
    spelled = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in spelled)[:LONGEST_LINE]


def shown(text: str) -> str:
    """Give text of others, line by line, without what would change how a page reads."""
    return "\n".join(printable(line) for line in text.splitlines())


def lines(text: str) -> SafeString | str:
    return (
        format_html('<span class="whitespace-pre-wrap" style="overflow-wrap: anywhere">{}</span>', shown(text))
        if text
        else ""
    )


def code(text: str) -> SafeString | str:
    """Show a hash, a path or an address so that it may break anywhere."""
    return format_html('<code style="overflow-wrap: anywhere">{}</code>', shown(text)) if text else ""


def link(url: str, text: str) -> SafeString:
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" style="overflow-wrap: anywhere" href="{}">{}</a>', url, text
    )


def link_to(row: Model, text: str = "") -> SafeString:
    """Link the page of a row."""
    return link(address(row), text or shown(str(row)))


def address(row: Model) -> str:
    """Give the address of a row's page."""
    opts = row._meta  # noqa: SLF001 - Django documents it
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])


def commit(source_url: str, sha1: str, digits: int = 40) -> SafeString | str:
    """Show a commit, linked where we know how."""
    if not sha1:
        return ""
    if not source_url.startswith(COMMITS_AT):
        return code(sha1[:digits])
    address = f"{source_url.rstrip('/').removesuffix('.git')}/commit/{sha1}"
    return format_html('<code style="overflow-wrap: anywhere">{}</code>', link(address, sha1[:digits]))


def bullets(items: Iterable[Any]) -> SafeString:
    return format_html('<ul class="list-disc pl-5">{}</ul>', format_html_join("", "<li>{}</li>", ([i] for i in items)))
