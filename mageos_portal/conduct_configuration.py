"""What the environment says about the code of conduct."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mageos_portal.mail import mail_address, mail_domain

FEWEST_DAYS, MOST_DAYS = 14, 365


class Reader(Protocol):
    def read(self, name: str, default: str, parse: Callable[[str], Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class ConductConfiguration:
    """Whom to write to, and how long people have to agree again."""

    email: str
    agreement_days: int  # after the first mail about a material version


def read_conduct(reader: Reader, base_url: str) -> ConductConfiguration:
    return ConductConfiguration(
        email=reader.read("PORTAL_CONDUCT_EMAIL", f"conduct@{mail_domain(base_url)}", mail_address),
        agreement_days=reader.read("PORTAL_AGREEMENT_DAYS", "30", _days),
    )


def _days(value: str) -> int:
    days = int(value[:9]) if value.isascii() and value.isdigit() else 0
    if not FEWEST_DAYS <= days <= MOST_DAYS:
        raise ValueError(f"{value!r} is no number of days to agree in; write {FEWEST_DAYS} to {MOST_DAYS}, such as 30")
    return days
