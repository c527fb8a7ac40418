"""Where outgoing requests may lead: to public addresses, and to networks of our own only if somebody said so.

ReachError
├── InsecureError      public, without https
└── UnknownHostError   nobody knows the host
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ReachError(Exception):
    """The address may not be asked, or has no host that can be found; nothing was sent."""


class InsecureError(ReachError):
    """It would be asked over the internet without https."""


class UnknownHostError(ReachError):
    """Its host cannot be resolved, now at least."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where requests may go besides the internet; there they may also do without TLS."""

    private: bool = False  # in a network of our own
    loopback: bool = False  # on this machine
    plain: bool = False  # the internet without TLS, too, where nothing secret is sent and nothing is believed


def check_reach(url: str, reach: Reach, advice: str) -> bool:
    """Tell whether an address is in a network of our own, if it may be there.

    Raises:
        ReachError: it is none, is private, is public without https, or its host is unknown.
    """
    found = _addresses(url)
    host = urlsplit(url).hostname
    if refused := [ip for ip in found if not _is_allowed(ip, reach)]:
        raise ReachError(f"{host} leads to {refused[0]}, which is no public address; {advice}")
    is_inside = not all(ip.is_global for ip in found)
    if urlsplit(url).scheme != "https" and not is_inside and not reach.plain:
        raise InsecureError(f"{host} would be asked without https: anybody on the way could read and change it")
    return is_inside


def is_public(ip: str) -> bool:
    """Tell whether the machine at the other end of a connection is on the internet."""
    return _ip(ip).is_global


def _addresses(url: str) -> list[Address]:
    try:
        parts = urlsplit(url)
        entries = socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM)
    except ValueError as error:
        raise ReachError(f"{url!r} is no address: {error}") from error
    except OSError as error:
        raise UnknownHostError(f"{parts.hostname} cannot be resolved: {error}; check the address") from error
    return [_ip(str(entry[4][0])) for entry in entries]


def _ip(text: str) -> Address:
    found = ipaddress.ip_address(text.partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found


def _is_allowed(ip: Address, reach: Reach) -> bool:
    if ip.is_loopback:
        return reach.loopback or reach.private
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    return ip.is_global or reach.private
