"""What operators get wrong about distributions, told by `manage.py check`.

The database is asked only where a command says so (`check --database default`, `migrate`), and
one without tables is no fault.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError
from django.http.request import split_domain_port, validate_host

from mageos_portal.configuration import is_loopback
from mirror.models import Distribution
from mirror.mounts import host_of
from mirror.recipe import RecipeError, parse

ABSOLUTE = "Write scheme, host and path, such as https://repo.example.org/"


def check_distributions(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Look at everything that can be wrong with a distribution."""
    if not databases:
        return []
    try:
        distributions = list(Distribution.objects.all())
    except DatabaseError:  # before the first migration
        return []
    found = [*same_addresses(distributions)]
    for distribution in distributions:
        found += [*address_faults(distribution), *recipe_faults(distribution)]
        found += unknown_hosts(distribution)
    return found


def check_public_addresses(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn, before going live, of distributions that only this machine can reach."""
    if settings.PORTAL_PRODUCTION:
        return []
    try:
        distributions = list(Distribution.objects.filter(is_sample=False))
    except DatabaseError:
        return []
    return [
        checks.Warning(*loopback(one), id="mirror.W001")
        for one in distributions
        if is_absolute(one.url) and is_loopback(one.url)
    ]


def address_faults(distribution: Distribution) -> Iterable[CheckMessage]:
    if not is_absolute(distribution.url):
        what = f"Distribution {distribution}: base URL {distribution.base_url!r} is not absolute."
        yield Error(what, ABSOLUTE, id="mirror.E002")
    elif settings.PORTAL_PRODUCTION and not distribution.is_sample and is_loopback(distribution.url):
        yield Error(*loopback(distribution), id="mirror.E001")
    elif distribution.base_url and not is_mounted(distribution):
        what = f"Distribution {distribution}: nothing is served at its base URL {distribution.base_url}."
        hint = f"Leave it empty, then it is {own_url(distribution)}, or name a host other than the portal's."
        yield Error(what, hint, id="mirror.E005")


def unknown_hosts(distribution: Distribution) -> Iterable[CheckMessage]:
    host = host_of(distribution.base_url)
    if is_absolute(distribution.url) and host and not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        what = f"Distribution {distribution}: search and install counts are refused at its own host {host}."
        yield checks.Warning(what, "Add the host to PORTAL_ALLOWED_HOSTS.", id="mirror.W002")


def is_absolute(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def loopback(distribution: Distribution) -> tuple[str, str]:
    """Say what is wrong, and what to do."""
    return (
        f"Distribution {distribution}: its address {distribution.url} names this machine only.",
        "Set PORTAL_BASE_URL or the distribution's base URL before its first publication: "
        "published packages contain the address.",
    )


def is_mounted(distribution: Distribution) -> bool:
    elsewhere = host_of(distribution.base_url) != host_of(settings.PORTAL_BASE_URL)
    return elsewhere or distribution.url == own_url(distribution)


def own_url(distribution: Distribution) -> str:
    return Distribution(slug=distribution.slug, is_default=distribution.is_default).url


def same_addresses(distributions: Iterable[Distribution]) -> Iterable[CheckMessage]:
    by_url = defaultdict(list)
    for distribution in distributions:
        by_url[distribution.url].append(distribution.slug)
    for url, slugs in sorted(by_url.items()):
        if len(slugs) > 1:
            what = f"Distributions {' and '.join(sorted(slugs))} have the same address {url}."
            yield Error(what, "Give each a base URL of its own.", id="mirror.E003")


def recipe_faults(distribution: Distribution) -> Iterable[CheckMessage]:
    path = distribution.recipe_path
    try:
        parse(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        what = f"Distribution {distribution}: its recipe {path.name} cannot be read ({error})."
        hint = "Name a file below mirror/recipes, or an absolute path."
        yield Error(what, hint, id="mirror.E004")
    except RecipeError as error:
        for fault in error.faults:
            what = f"Distribution {distribution}: recipe {path.name}: {fault}"
            yield Error(what, "Correct the recipe.", id="mirror.E004")


def register_all() -> None:
    """Have `manage.py check` ask."""
    register(check_distributions, Tags.database)
    register(check_public_addresses, Tags.security, deploy=True)
