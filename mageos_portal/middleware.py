"""Rules for every request: whom to believe, and what browsers may do with our pages, or keep of them."""

import ipaddress
from collections.abc import Callable

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from mageos_portal.audience import has_been_asked
from mageos_portal.configuration import Network

GetResponse = Callable[[HttpRequest], HttpResponse]

FORWARDED_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
)
DEVICES = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")
ADMIN, ACCOUNT, JOIN = "/admin/", "/account/", "/join/"  # as in urls.py
NEEDED_BY_THE_ADMIN = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}
PERMISSIONS_POLICY = ", ".join(f"{device}=()" for device in DEVICES)


def believe_trusted_proxies_only(get_response: GetResponse) -> GetResponse:
    """Drop what anybody but our own proxies claims to forward, and take the client's address from them."""
    trusted = settings.PORTAL_TRUSTED_PROXIES

    def middleware(request: HttpRequest) -> HttpResponse:
        meta = request.META
        if is_within(meta.get("REMOTE_ADDR", ""), trusted):
            meta["REMOTE_ADDR"] = client_address(meta["REMOTE_ADDR"], meta.get("HTTP_X_FORWARDED_FOR", ""), trusted)
        else:
            for header in FORWARDED_HEADERS:
                meta.pop(header, None)
        return get_response(request)

    return middleware


def send_permissions_policy(get_response: GetResponse) -> GetResponse:
    """Tell browsers that our pages need none of their devices."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    return middleware


def let_the_admin_run_its_scripts(get_response: GetResponse) -> GetResponse:
    """Loosen the strict policy below the admin only, by what its scripts and styles need."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(ADMIN):
            vars(response)["_csp_update"] = NEEDED_BY_THE_ADMIN
        return response

    return middleware


def keep_accounts_private(get_response: GetResponse) -> GetResponse:
    """Have nobody keep or index what only one person should see."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith((ADMIN, ACCOUNT, JOIN)):
            response.headers["Cache-Control"] = "no-store, private"
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return middleware


def keep_private_what_depends_on_who_asks(get_response: GetResponse) -> GetResponse:
    """Let no shared cache keep what was made for somebody who is logged in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if has_been_asked(request) and request.user.is_authenticated:
            patch_cache_control(response, private=True)
        return response

    return middleware


def client_address(peer: str, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """Return the last address of the chain that is not one of our proxies; what stands before it is hearsay."""
    address = peer
    for hop in reversed(forwarded_for.split(",")):
        if not is_within(address, trusted) or not is_address(hop.strip()):
            break
        address = hop.strip()
    return address


def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Say whether `address` is one, and lies in one of the networks."""
    return is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)


def is_address(text: str) -> bool:
    """Say whether `text` is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
