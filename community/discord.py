"""Discord's API, version 10: the few calls that let somebody in, and out again.

Waits on 429 as Discord tells, for a few seconds at most; longer waits are raised, so that a task comes back later.
Tokens and codes of invitations are in no message, no log line and no repr of ours.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from community.discord_errors import (
    BannedError,
    DiscordBusyError,
    DiscordRefusedError,
    DiscordUnreachableError,
    NotAllowedError,
    TooManyInvitesError,
    UnknownError,
)

DAY = 86_400  # seconds that an invitation lives
LONGEST_REASON = 512  # characters of an entry in Discord's audit log, as they are sent
LONGEST_ANSWER = 1_000_000  # bytes
MOST_WAITING = 5.0  # seconds in one call, all in all
TRIES = 3
SNOWFLAKE = re.compile(r"[0-9]{17,20}")
CODE = re.compile(r"[A-Za-z0-9-]{2,40}")
BANNED, TOO_MANY = 40007, 30016
TIMEOUT = httpx.Timeout(10, connect=5)
SLOWEST_ANSWER = 20.0  # seconds until it is all there

Id = str  # a number of Discord, 17 to 20 digits


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


Answer = TypeVar("Answer", bound=_Answer)


class Invite(_Answer):
    """An invitation as Discord made it, or as a channel lists it."""

    code: str = Field(pattern=rf"^{CODE.pattern}$", repr=False)  # a secret
    uses: int = 0
    max_uses: int = 0


class Account(_Answer):
    """Somebody's account."""

    id: str = Field(pattern=rf"^{SNOWFLAKE.pattern}$")
    username: str = Field(default="", max_length=100)
    email: str | None = Field(default=None, max_length=320, repr=False)
    verified: bool = False  # the address


class Member(_Answer):
    """An account on the server."""

    roles: list[str] = Field(default=[], max_length=500)
    pending: bool = False  # has not passed the server's own screening yet


class Access(_Answer):
    """What lets us act for somebody, for a short time."""

    access_token: str = Field(min_length=1, max_length=2_000, repr=False)  # a secret
    scope: str = ""


class Counted(_Answer):
    """How many are on a server, as an invitation tells."""

    approximate_member_count: int = 0
    approximate_presence_count: int = 0


class _Refusal(BaseModel):
    model_config = ConfigDict(extra="ignore")

    code: int = 0
    retry_after: float = 0


@dataclass(frozen=True, slots=True)
class Client:
    """The calls; one for a task, closed by `opened`."""

    http: httpx.Client = field(repr=False)
    guild: Id
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    tries: int = TRIES

    def create_invite(self, channel: Id, roles: Sequence[Id], reason: str) -> Invite:
        """Make an invitation that works once and for a day; who takes it gets the roles."""
        body: dict[str, Any] = {"max_age": DAY, "max_uses": 1, "unique": True, "temporary": False}
        body |= {"role_ids": [known(role) for role in roles]} if roles else {}
        return self._read(Invite, "POST", f"/channels/{known(channel)}/invites", reason=reason, json=body)

    def revoke_invite(self, code: str, reason: str) -> bool:
        """Take an invitation back; say whether there was one."""
        return self._unless_unknown("DELETE", f"/invites/{quote(code, safe='')}", reason)

    def has_invite(self, code: str) -> bool:
        """Say whether an invitation still lets somebody in."""
        try:
            self.counted(code)
        except UnknownError:
            return False
        return True

    def invites(self, channel: Id) -> list[Invite]:
        """List the invitations of a channel with their uses."""
        answer = self._call("GET", f"/channels/{known(channel)}/invites")
        if not isinstance(answer, list):
            raise _odd("list of invitations")
        return [_as(Invite, each) for each in answer]

    def add_member(self, account: Id, access: Access, roles: Sequence[Id]) -> bool:
        """Add somebody who said so; False if they were there already."""
        body = {"access_token": access.access_token} | ({"roles": [known(role) for role in roles]} if roles else {})
        return self._call("PUT", self._member(account), json=body) is not None

    def member(self, account: Id) -> Member | None:
        """Give somebody's membership of the server, if there is one."""
        try:
            return self._read(Member, "GET", self._member(account))
        except UnknownError:
            return None

    def give_role(self, account: Id, role: Id, reason: str) -> None:
        self._call("PUT", f"{self._member(account)}/roles/{known(role)}", reason=reason)

    def take_role(self, account: Id, role: Id, reason: str) -> bool:
        """Take a role; False if the person or the role is not there."""
        return self._unless_unknown("DELETE", f"{self._member(account)}/roles/{known(role)}", reason)

    def remove_member(self, account: Id, reason: str) -> bool:
        return self._unless_unknown("DELETE", self._member(account), reason)

    def counted(self, code: str) -> Counted:
        """Say how many are on the server that an invitation leads to."""
        return self._read(Counted, "GET", f"/invites/{quote(code, safe='')}", params={"with_counts": "true"})

    def exchange(self, client_id: str, secret: str, code: str, back: str) -> Access:
        """Trade the code that somebody came back with for access."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        form |= {"client_id": client_id, "client_secret": secret}
        return self._read(Access, "POST", "/oauth2/token", data=form, authorization="")

    def account(self, access: Access) -> Account:
        """Give the account of who gave the access."""
        return self._read(Account, "GET", "/users/@me", authorization=f"Bearer {access.access_token}")

    def forget(self, client_id: str, secret: str, access: Access) -> None:
        """Give the access back."""
        form = {"token": access.access_token, "client_id": client_id, "client_secret": secret}
        self._call("POST", "/oauth2/token/revoke", data=form, authorization="")

    def _member(self, account: Id) -> str:
        return f"/guilds/{known(self.guild)}/members/{known(account)}"

    def _unless_unknown(self, method: str, path: str, reason: str) -> bool:
        try:
            self._call(method, path, reason=reason)
        except UnknownError:
            return False
        return True

    def _read(self, kind: type[Answer], method: str, path: str, **more: Any) -> Answer:
        return _as(kind, self._call(method, path, **more))

    def _call(self, method: str, path: str, *, reason: str = "", authorization: str | None = None, **more: Any) -> Any:
        """Give what Discord answered, None for an empty answer. Raises: DiscordError."""
        headers = {"X-Audit-Log-Reason": quote(reason)[:LONGEST_REASON]} if reason else {}
        if authorization is not None:
            headers["Authorization"] = authorization
        waited = 0.0
        for attempt in range(1, self.tries + 1):
            answer = self._sent(method, path, headers, more)
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                wait = _wait(answer)
            elif answer.is_server_error and attempt < self.tries:
                wait = float(attempt)
            else:
                return _content(answer, path)
            if waited + wait > MOST_WAITING or attempt == self.tries:
                raise DiscordBusyError(wait)
            self.sleep(wait)
            waited += wait
        raise DiscordUnreachableError("Discord did not answer")

    def _sent(self, method: str, path: str, headers: Mapping[str, str], more: Mapping[str, Any]) -> httpx.Response:
        try:
            request = self.http.build_request(method, path, headers=headers, **more)
            if not request.headers["Authorization"]:
                del request.headers["Authorization"]  # the bot's token is nobody else's business
            with _bounded(self.http, request) as answer:
                return answer
        except httpx.HTTPError as failure:
            kind = type(failure).__name__
            raise DiscordUnreachableError(f"Discord did not answer ({kind}); try again later") from None


@contextmanager
def opened(url: str, bot_token: str, guild: Id, site: str, **more: Any) -> Iterator[Client]:
    """Give a client; ``url`` is the address of the API, ``site`` that of this portal, which Discord wants to know."""
    headers = {"Authorization": f"Bot {bot_token}", "User-Agent": f"DiscordBot ({site}, 1.0)"}
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, follow_redirects=False) as http:
        yield Client(http, guild, **more)


def known(number: str) -> Id:
    """Give a number of Discord, or refuse what would be another address. Raises: ValueError."""
    if not SNOWFLAKE.fullmatch(number):
        raise ValueError("not a number of Discord")
    return number


@contextmanager
def _bounded(http: httpx.Client, request: httpx.Request) -> Iterator[httpx.Response]:
    """Read an answer, but not more of it than Discord would send."""
    over_at = time.monotonic() + SLOWEST_ANSWER
    answer, content = http.send(request, stream=True), b""
    try:
        for part in answer.iter_bytes():
            content += part
            if time.monotonic() > over_at:
                raise DiscordUnreachableError("Discord's answer takes too long; try again later")
            if len(content) > LONGEST_ANSWER:
                raise DiscordUnreachableError("Discord's answer is too long to be its own")
    finally:
        answer.close()
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-encoding"}
    yield httpx.Response(answer.status_code, headers=headers, content=content)


def _wait(answer: httpx.Response) -> float:
    """Say how long Discord asks to wait; its body counts more exactly than the header."""
    told = _refusal(answer).retry_after
    header = answer.headers.get("Retry-After", "")
    if not told and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", header):
        told = float(header)
    return max(0.0, min(told, 86_400.0)) or 1.0


def _content(answer: httpx.Response, path: str) -> Any:
    if answer.is_server_error or answer.is_redirect:
        raise DiscordUnreachableError(f"Discord answered {answer.status_code}; try again later")
    if answer.is_client_error:
        raise _refused(answer, _what(path))
    if answer.status_code == httpx.codes.NO_CONTENT or not answer.content:
        return None
    try:
        return answer.json()
    except ValueError:
        raise _odd("JSON") from None


def _what(path: str) -> str:
    """Name a call without what may be secret in its address."""
    return "/" + path.split("/")[1]


def _refused(answer: httpx.Response, what: str) -> DiscordRefusedError:
    status, code = answer.status_code, _refusal(answer).code
    if code == BANNED:
        return BannedError("the account is banned from the server", status, code)
    if code == TOO_MANY:
        return TooManyInvitesError("the server has as many invitations as Discord allows; revoke some", status, code)
    if status == httpx.codes.UNAUTHORIZED:
        return NotAllowedError("Discord does not take the token; set PORTAL_DISCORD_BOT_TOKEN anew", status, code)
    if status == httpx.codes.FORBIDDEN:
        sentence = "the bot may not do that: it needs Create Invite, Manage Roles and Manage Channels, and a role above"
        return NotAllowedError(sentence, status, code)
    if status == httpx.codes.NOT_FOUND:
        return UnknownError(f"what {what} names is not there", status, code)
    return DiscordRefusedError(f"Discord refused {what}", status, code)


def _refusal(answer: httpx.Response) -> _Refusal:
    try:
        return _Refusal.model_validate_json(answer.content)
    except ValidationError:
        return _Refusal()


def _as(kind: type[Answer], answer: object) -> Answer:
    try:
        return kind.model_validate(answer)
    except ValidationError:
        raise _odd(kind.__name__) from None


def _odd(expected: str) -> DiscordUnreachableError:
    return DiscordUnreachableError(f"Discord's answer is not what it documents: no {expected}")
