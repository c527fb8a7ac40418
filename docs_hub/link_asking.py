"""Asking whether an address still leads somewhere: hosts that somebody named, one request at a time, and no content."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import httpx

from docs_hub.cleaning import printable
from docs_hub.page_links import plain_address
from mageos_portal.reach import Reach, ReachError, check_reach, is_public

AGENT = "Mage-OS portal, looking for dead links"
TIMEOUT = httpx.Timeout(8, connect=5)  # seconds without a byte
PACE = 2.0  # seconds between two requests to one host
MOST_REDIRECTS = 5
LONGEST_WORDS = 200  # characters
FIRST_FAULT = 400
GUARDED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS})
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
ADVICE = "links into networks of our own are not followed"


class Verdict(Enum):
    ANSWERS = "answers"
    FAILS = "fails"
    LATER = "later"  # its host wants to be left alone


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: Verdict
    words: str  # for staff


@dataclass(slots=True)
class Pace:
    """Lets some time pass between two requests to one host."""

    seconds: float
    _free_at: dict[str, float] = field(default_factory=dict)  # by host, on the monotonic clock

    def wait(self, host: str) -> None:
        time.sleep(max(0.0, self._free_at.get(host, 0.0) - time.monotonic()))
        self._free_at[host] = time.monotonic() + self.seconds


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks hosts that were named, and no others, wherever they lead."""

    client: httpx.Client
    hosts: frozenset[str]
    reach: Reach
    pace: Pace

    def ask(self, address: str) -> Outcome:
        """Look where an address leads; whatever comes back, it is an outcome."""
        for _ in range(MOST_REDIRECTS + 1):
            host = urlsplit(address).hostname or ""
            if host not in self.hosts:
                return _outcome(Verdict.ANSWERS, f"leads on to {host}, which is not asked")
            try:
                status, location = self._status(address, host)
            except ReachError as error:
                return _outcome(Verdict.FAILS, str(error))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                return _outcome(Verdict.FAILS, f"no answer: {str(error) or type(error).__name__}")
            if status not in REDIRECTS or not location:
                return _judged(status)
            address = _led(address, location)
            if not address:
                return _outcome(Verdict.FAILS, f"leads on to {location}, which is no address")
        return _outcome(Verdict.FAILS, f"leads on more than {MOST_REDIRECTS} times")

    def _status(self, address: str, host: str) -> tuple[int, str]:
        """Give status and target; some servers answer HEAD wrongly, so that GET has the last word."""
        is_inside = check_reach(address, self.reach, ADVICE)
        with contextlib.suppress(httpx.RemoteProtocolError):
            status, location = self._sent("HEAD", address, host, is_inside=is_inside)
            if status < FIRST_FAULT or status in BUSY:
                return status, location
        return self._sent("GET", address, host, is_inside=is_inside)

    def _sent(self, method: str, address: str, host: str, *, is_inside: bool) -> tuple[int, str]:
        """Ask for the head of an answer; its body is not read."""
        self.pace.wait(host)
        with self.client.stream(method, address) as answer:
            peer = answer.extensions["network_stream"].get_extra_info("server_addr")
            if not is_inside and not (peer and is_public(str(peer[0]))):
                raise ReachError(f"{host} leads to a private address; {ADVICE}")
            return answer.status_code, answer.headers.get("Location", "")


@contextlib.contextmanager
def opened(hosts: frozenset[str], reach: Reach) -> Iterator[Asker]:
    with httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=False,
        headers={"User-Agent": AGENT, "Accept": "*/*"},
        verify=httpx.create_ssl_context(),
        trust_env=False,
    ) as client:
        yield Asker(client, hosts, reach, Pace(PACE))


def _judged(status: int) -> Outcome:
    words = f"{status} {_phrase(status)}".strip()
    if status in GUARDED:
        return _outcome(Verdict.ANSWERS, f"{words}: it is there, but not for everybody")
    if status in BUSY:
        return _outcome(Verdict.LATER, f"{words}: it is asked again later")
    return _outcome(Verdict.ANSWERS if status < FIRST_FAULT else Verdict.FAILS, words)


def _phrase(status: int) -> str:
    with contextlib.suppress(ValueError):
        return HTTPStatus(status).phrase
    return ""


def _led(address: str, location: str) -> str:
    try:
        return plain_address(urljoin(address, location))
    except ValueError:
        return ""


def _outcome(verdict: Verdict, words: str) -> Outcome:
    return Outcome(verdict, printable(words)[:LONGEST_WORDS])
