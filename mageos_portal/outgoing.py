"""Variables that say how the portal asks a service elsewhere: its address, a key, a file with credentials."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit


def service_address(value: str) -> str:
    """Take the address of an API, without a slash at its end."""
    fault = "it is no address of a service; write https://HOST, without a login, a query or a fragment"
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError(fault) from error
    is_plain = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if not is_plain or "?" in value or "#" in value or not value.isascii():
        raise ValueError(fault)
    return value.rstrip("/")


def service_key(value: str) -> str:
    """Take a key as a service gives it; it is never repeated in an error."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("it holds characters that no key has; copy the key alone")
    return value


def key_file_below(root: Path) -> Callable[[str], Path | None]:
    def parse(value: str) -> Path | None:
        path = root / Path(value).expanduser()
        if value and not path.is_file():
            raise ValueError(f"{value!r} is no file; name the JSON file that was made with the key")
        return path if value else None

    return parse
