"""Redirects that staff write: from an address that is no page to one that is."""

import re
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

from docs_hub.linking import normal
from docs_hub.models import Alias, Document, Update
from docs_hub.old_addresses import is_of_this_site

FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\?#]")
LONGEST_WAY = 10  # redirects one after the other


def path_fault(path: str) -> str:
    """Say why an address cannot lead elsewhere; ``""`` if it can."""
    if not path.startswith("/") or path.startswith("//") or FORBIDDEN.search(path) or path == "/":
        return "Write a path of this site that begins with a slash, without spaces, ? and #, such as /updates/old-name."
    if is_there(path):
        return "There is a page at this address, which would be shown instead."
    return ""


def target_fault(target: str) -> str:
    """Say why nobody can be led to an address; ``""`` if they can."""
    if not is_of_this_site(target) or FORBIDDEN.search(re.sub(r"[?#]", "", target)):
        return "Write a path of this site that begins with one slash, such as /updates/."
    return "" if is_there(urlsplit(target).path) else "There is no page at this address."


def goes_round(path: str, target: str) -> bool:
    """Tell whether who follows a redirect would come back to where it begins."""
    here = normal(urlsplit(target).path)
    for _ in range(LONGEST_WAY):
        if here == normal(path):
            return True
        onward = Alias.objects.filter(path=here, update=None).values_list("target", flat=True).first()
        if onward is None:
            return False
        here = normal(urlsplit(onward).path)
    return True


def is_there(path: str) -> bool:
    """Tell whether something answers at a path, with or without a slash at its end; an update may be hidden."""
    return any(_answers(candidate) for candidate in {path, path.rstrip("/") + "/"})


def _answers(path: str) -> bool:
    try:
        found = resolve(path)
    except Resolver404:
        return False
    match found.view_name:
        case "docs_hub:update":
            return Update.objects.filter(**found.kwargs).exists()
        case "docs_hub:document":
            names = {"collection__slug": found.kwargs["collection"], "slug": found.kwargs["slug"]}
            return Document.objects.filter(**names).exists()
    return True
