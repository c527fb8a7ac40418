"""Two rules for every request: whom to believe, and what browsers may do on our pages."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

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
