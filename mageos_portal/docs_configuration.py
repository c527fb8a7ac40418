"""What the environment says about documents: asking Google Drive, how often all is synced, which links are checked."""

from dataclasses import dataclass
from pathlib import Path

from mageos_portal.outgoing import key_file_below, service_address, service_key
from mageos_portal.variables import Reader, boolean, host_names

FEWEST_MINUTES, MOST_MINUTES = 5, 10_080  # of an interval: five minutes, and a week


@dataclass(frozen=True, slots=True)
class DocsConfiguration:
    """The checked values."""

    interval: int  # minutes between two syncs; 0: only when asked
    drive_url: str  # of Google Drive's API
    drive_key: str  # API key; empty: only what is shared with a service account is read
    drive_credentials: Path | None  # key file of a service account
    link_hosts: frozenset[str]  # asked whether links to them still lead somewhere; none: no link is checked
    drive_private: bool  # whether what drive_url names may be in a network of our own


def read_docs(reader: Reader, root: Path) -> DocsConfiguration:
    """Read them; relative paths start at `root`."""
    return DocsConfiguration(
        interval=reader.read("PORTAL_DOCS_INTERVAL", "60", _interval),
        drive_url=reader.read("PORTAL_DRIVE_URL", "https://www.googleapis.com/drive/v3", service_address),
        drive_key=reader.read("PORTAL_DRIVE_API_KEY", "", service_key),
        drive_credentials=reader.read("PORTAL_DRIVE_CREDENTIALS", "", key_file_below(root)),
        link_hosts=reader.read("PORTAL_LINK_CHECK_HOSTS", "", host_names),
        drive_private=reader.read("PORTAL_DRIVE_PRIVATE", "false", boolean),
    )


def _interval(value: str) -> int:
    minutes = int(value[:9]) if value.isascii() and value.isdigit() else -1
    if minutes and not FEWEST_MINUTES <= minutes <= MOST_MINUTES:
        raise ValueError(
            f"{value!r} is no interval; write 0 for never, or {FEWEST_MINUTES} to {MOST_MINUTES} minutes (a week)"
        )
    return minutes
