"""Package names by Composer's own grammar (client 2.10.2)."""

import re

_NAME = re.compile(
    r"[a-z0-9](?:[_.-]?[a-z0-9]++)*"  # vendor
    r"/[a-z0-9](?:(?:[_.]|-{1,2})?[a-z0-9]++)*",
)
_PLATFORM = re.compile(
    r"php(?:-64bit|-ipv6|-zts|-debug)?|hhvm|(?:ext|lib)-[a-z0-9](?:[_.-]?[a-z0-9]++)*"
    r"|composer(?:-(?:plugin|runtime)-api)?",
    re.ASCII | re.IGNORECASE,
)
# Names of devices: Windows cannot make a folder of that name.
_PORTS = {f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10)}
_RESERVED = {"aux", "con", "nul", "prn"} | _PORTS


def is_package_name(text: str) -> bool:
    """Tell whether a package may be published as `text` ("vendor/name", lower case).

    Composer refuses to resolve anything when it meets another name. Platform packages are none.
    """
    if not _NAME.fullmatch(text) or text.endswith(".json"):
        return False
    return _RESERVED.isdisjoint(text.split("/"))


def is_platform(name: str) -> bool:
    """Tell whether the client's machine provides `name`: php, ext-*, lib-*, composer's own APIs."""
    return _PLATFORM.fullmatch(name) is not None
