"""Discord on a port of this machine: the calls that the portal makes, answered as the documentation says.

What a request lacks (headers, form, bounds) is refused as Discord does, and noted in `complaints`, which a test ends
by looking at. It can be told to limit, to fail, to be slow, and people use its invitations by `use`.
"""

import itertools
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

GUILD, CHANNEL, OTHER_CHANNEL = "1" * 18, "2" * 18, "3" * 18
MEMBER_ROLE, OTHER_ROLE, HIGH_ROLE = "4" * 18, "5" * 18, "6" * 18
TOKEN, CLIENT_ID, SECRET = "token-of-the-bot-of-the-tests", "7" * 18, "secret-of-the-application"
AGENT = re.compile(r"DiscordBot \(https?://\S+, [0-9.]+\)")
RIGHTS = frozenset({"invite", "roles", "channels", "kick"})
ROLE = re.compile(r"/guilds/(\d+)/members/(\d+)/roles/(\d+)")
MEMBER = re.compile(r"/guilds/(\d+)/members/(\d+)")
INVITES = re.compile(r"/channels/(\d+)/invites")
INVITE = re.compile(r"/invites/([A-Za-z0-9-]+)")
MOST_INVITES = 1000
LONGEST_AGE, MOST_USES = 604_800, 100


class Refusal(Exception):  # noqa: N818 - an answer
    """What Discord says no with."""

    def __init__(self, status: int, code: int = 0, body: Mapping[str, Any] | None = None) -> None:
        self.status = status
        self.body = body or {"message": "x", "code": code}
        super().__init__(f"{status} {code}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    method: str
    path: str  # below the API
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            raise Refusal(400, 50109) from None

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(slots=True)
class Invite:
    """An invitation that is there."""

    code: str
    channel: str
    roles: list[str]
    max_uses: int
    over_at: float
    uses: int = 0


@dataclass(slots=True)
class Trouble:
    """An answer that comes instead of the right one, some times."""

    times: int
    status: int
    headers: Mapping[str, str]
    body: Any
    path: str  # what the path has to hold
    method: str
    does_it: bool  # although it says otherwise


@dataclass(slots=True)
class FakeDiscord:
    """A server with its channels, roles, members and invitations."""

    address: str = ""  # of the API
    rights: set[str] = field(default_factory=lambda: set(RIGHTS))
    channels: set[str] = field(default_factory=lambda: {CHANNEL, OTHER_CHANNEL})
    roles: set[str] = field(default_factory=lambda: {MEMBER_ROLE, OTHER_ROLE, HIGH_ROLE})
    members: dict[str, set[str]] = field(default_factory=dict)  # roles by account
    banned: set[str] = field(default_factory=set)
    invites: dict[str, Invite] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)  # of the next invitations
    grants: dict[str, tuple[str, str]] = field(default_factory=dict)  # code: account and scope
    accesses: dict[str, tuple[str, str]] = field(default_factory=dict)  # token: account and scope
    back: str = ""  # the address that the application may send people back to
    visitor: str = ""  # the account of who allows it in a browser
    asked: list[Asked] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    seconds: float = 0.0  # before each answer
    made: int = 0
    _lock: Any = field(default_factory=threading.RLock, repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def use(self, code: str, account: str) -> None:
        """Have somebody take an invitation; one that is used up disappears, as on Discord."""
        with self._lock:
            invite = self._invite(code)
            self.members.setdefault(account, set()).update(invite.roles)
            invite.uses += 1
            if invite.uses == invite.max_uses:
                del self.invites[code]

    def allow(self, account: str, scope: str = "identify guilds.join") -> str:
        """Have somebody allow what the portal asks for, and give the code that they come back with."""
        code = f"grant-{next(self._numbers)}"
        self.grants[code] = (account, scope)
        return code

    def limit(self, seconds: float, *, times: int = 1, path: str = "", in_body: bool = True) -> None:
        """Ask to wait."""
        body = {"message": "You are being rate limited.", "retry_after": seconds, "global": False} if in_body else None
        headers = {"Retry-After": str(seconds), "X-RateLimit-Scope": "user"}
        self.troubles.append(Trouble(times, 429, headers, body, path, "", does_it=False))

    def fail(self, status: int, *, times: int = 1, path: str = "", method: str = "", does_it: bool = False) -> None:
        """Answer with an error, although perhaps doing what was asked."""
        self.troubles.append(Trouble(times, status, {}, "oops", path, method, does_it))

    def refuse(self, status: int, code: int, *, times: int = 1, path: str = "", method: str = "") -> None:
        self.troubles.append(Trouble(times, status, {}, {"code": code, "message": "x"}, path, method, does_it=False))

    def calls(self, method: str, path: str = "") -> list[Asked]:
        return [each for each in self.asked if each.method == method and path in each.path]

    def answer(self, asked: Asked) -> tuple[int, Mapping[str, str], Any]:
        """Answer a request below the API."""
        time.sleep(self.seconds)
        with self._lock:
            self.asked.append(asked)
            trouble = self._trouble(asked)
            try:
                done = self._answer(asked) if trouble is None or trouble.does_it else (0, None)
            except Refusal as refusal:
                done = (refusal.status, refusal.body)
            return (trouble.status, trouble.headers, trouble.body) if trouble else (done[0], {}, done[1])

    def authorize(self, query: str) -> str:
        """Let the visitor of the browser allow it, and give where they are sent."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        wanted = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": self.back, "prompt": "consent"}
        for name, value in wanted.items():
            self._want(given.get(name) == value, f"authorize: {name} is {given.get(name)}")
        self._want(set(given.get("scope", "").split()) == {"identify", "guilds.join"}, "authorize: scope")
        self._want(len(given.get("state", "")) > 20, "authorize: state")
        return f"{self.back}?{urlencode({'code': self.allow(self.visitor), 'state': given.get('state', '')})}"

    def _trouble(self, asked: Asked) -> Trouble | None:
        for trouble in self.troubles:
            if trouble.times and trouble.path in asked.path and trouble.method in {"", asked.method}:
                trouble.times -= 1
                return trouble
        return None

    def _answer(self, asked: Asked) -> tuple[int, Any]:
        self._want(bool(AGENT.fullmatch(asked.headers.get("User-Agent", ""))), "User-Agent")
        path = urlsplit(asked.path).path
        if path.startswith("/oauth2/"):
            return self._oauth(asked, path)
        if path == "/users/@me":
            account = self._access(asked.headers.get("Authorization", "").removeprefix("Bearer "), "identify")
            return 200, {"id": account, "username": f"user-{account}", "global_name": None, "avatar": None}
        self._check_bot(asked)
        for pattern, handle in (
            (INVITES, self._invites), (INVITE, self._one_invite), (ROLE, self._role), (MEMBER, self._member),
        ):  # fmt: skip
            if found := pattern.fullmatch(path):
                return handle(asked, *found.groups())
        raise Refusal(404)

    def _check_bot(self, asked: Asked) -> None:
        authorization = asked.headers.get("Authorization", "")
        self._want(authorization.startswith("Bot "), f"{asked.path}: Authorization is no bot's")
        if authorization != f"Bot {TOKEN}":
            raise Refusal(401)
        reason = asked.headers.get("X-Audit-Log-Reason", "")
        if reason:
            self._want(len(reason) <= 512 and unquote(reason, errors="strict").isprintable(), "X-Audit-Log-Reason")
        if asked.body:
            self._want(asked.headers.get("Content-Type", "") == "application/json", f"{asked.path}: Content-Type")

    def _invites(self, asked: Asked, channel: str) -> tuple[int, Any]:
        if channel not in self.channels:
            raise Refusal(404, 10003)
        if asked.method == "GET":
            self._may("channels")
            return 200, [_described(each) for each in self._alive() if each.channel == channel]
        self._may("invite")
        self._want(bool(asked.headers.get("X-Audit-Log-Reason")), "an invitation without a reason")
        body = asked.json()
        self._bounded(body)
        if len(self._alive()) >= MOST_INVITES:
            raise Refusal(400, 30016)
        code = self.codes.pop(0) if self.codes else f"CodeNumber{next(self._numbers)}"
        over_at = time.monotonic() + body.get("max_age", 86_400)
        self.invites[code] = Invite(code, channel, body.get("role_ids", []), body.get("max_uses", 0), over_at)
        self.made += 1
        return 200, _described(self.invites[code])

    def _bounded(self, body: Mapping[str, Any]) -> None:
        numbers = (("max_age", LONGEST_AGE), ("max_uses", MOST_USES))
        is_right = all(isinstance(body.get(name, 0), int) and 0 <= body.get(name, 0) <= most for name, most in numbers)
        if not is_right or not all(isinstance(body.get(name, False), bool) for name in ("unique", "temporary")):
            raise Refusal(400, 50035)
        roles = body.get("role_ids", [])
        if roles:
            self._may("roles")
        for role in roles:
            self._known_role(role)

    def _one_invite(self, asked: Asked, code: str) -> tuple[int, Any]:
        invite = self._invite(code)
        if asked.method == "GET":
            return 200, _described(invite) | {"approximate_member_count": 1000, "approximate_presence_count": 10}
        self._may("channels")
        del self.invites[code]
        return 200, _described(invite)

    def _role(self, asked: Asked, guild: str, account: str, role: str) -> tuple[int, Any]:
        self._may("roles")
        self._known_guild(guild)
        self._known_role(role)
        roles = self._known_member(account)
        if asked.method == "PUT":
            roles.add(role)
        else:
            roles.discard(role)
        return 204, None

    def _member(self, asked: Asked, guild: str, account: str) -> tuple[int, Any]:
        self._known_guild(guild)
        if asked.method == "PUT":
            return self._add(asked, account)
        roles = self._known_member(account)
        if asked.method == "DELETE":
            self._may("kick")
            del self.members[account]
            return 204, None
        return 200, {"user": {"id": account}, "roles": sorted(roles), "pending": False}

    def _add(self, asked: Asked, account: str) -> tuple[int, Any]:
        body = asked.json()
        self._may("invite")
        if self._access(str(body.get("access_token", "")), "guilds.join") != account:
            raise Refusal(403, 50025)
        if account in self.banned:
            raise Refusal(403, 40007)
        if account in self.members:
            return 204, None
        for role in body.get("roles", []):
            self._known_role(role)
        self.members[account] = set(body.get("roles", []))
        return 201, {"user": {"id": account}, "roles": sorted(self.members[account]), "pending": True}

    def _oauth(self, asked: Asked, path: str) -> tuple[int, Any]:
        self._want("Authorization" not in asked.headers, f"{path}: the bot's token is not asked for")
        is_form = asked.headers.get("Content-Type", "") == "application/x-www-form-urlencoded"
        self._want(is_form, f"{path}: Content-Type")
        form = asked.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, SECRET):
            raise Refusal(401, body={"error": "invalid_client"})
        if path == "/oauth2/token/revoke":
            self.accesses.pop(form.get("token", ""), None)
            return 200, {}
        self._want(form.get("grant_type") == "authorization_code", "grant_type")
        self._want(form.get("redirect_uri") == self.back, f"redirect_uri is {form.get('redirect_uri')}")
        grant = self.grants.pop(form.get("code", ""), None)
        if grant is None:
            raise Refusal(400, body={"error": "invalid_grant", "error_description": 'Invalid "code" in request.'})
        token = f"access-{next(self._numbers)}"
        self.accesses[token] = grant
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 604_800, "scope": grant[1]}

    def _access(self, token: str, scope: str) -> str:
        account, scopes = self.accesses.get(token, ("", ""))
        if not account:
            raise Refusal(401)
        if scope not in scopes.split():
            raise Refusal(403, 50025)
        return account

    def _invite(self, code: str) -> Invite:
        if code not in {each.code for each in self._alive()}:
            raise Refusal(404, 10006)
        return self.invites[code]

    def _alive(self) -> list[Invite]:
        return [each for each in self.invites.values() if each.over_at > time.monotonic()]

    def _known_guild(self, guild: str) -> None:
        if guild != GUILD:
            raise Refusal(404, 10004)

    def _known_role(self, role: str) -> None:
        if role not in self.roles:
            raise Refusal(404, 10011)
        if role == HIGH_ROLE:
            raise Refusal(403, 50013)

    def _known_member(self, account: str) -> set[str]:
        if account not in self.members:
            raise Refusal(404, 10007)
        return self.members[account]

    def _may(self, right: str) -> None:
        if right not in self.rights:
            raise Refusal(403, 50013)

    def _want(self, is_right: bool, what: str) -> None:
        if not is_right:
            self.complaints.append(what)


def _described(invite: Invite) -> dict[str, Any]:
    return {
        "type": 0,
        "code": invite.code,
        "channel": {"id": invite.channel, "name": "welcome", "type": 0},
        "uses": invite.uses,
        "max_uses": invite.max_uses,
        "max_age": 86_400,
        "temporary": False,
    }


@contextmanager
def running_discord() -> Iterator[FakeDiscord]:
    """Serve it, and stop it at the end."""
    discord = FakeDiscord()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            parts = urlsplit(self.path)
            if parts.path == "/oauth2/authorize":
                self._send(302, {"Location": discord.authorize(parts.query)}, b"")
                return
            asked = Asked(self.command, self.path.removeprefix("/api/v10"), dict(self.headers.items()), body)
            status, headers, content = discord.answer(asked)
            is_json = not isinstance(content, str)
            sent = b"" if content is None else (json.dumps(content) if is_json else content).encode()
            self._send(status, {"Content-Type": "application/json" if is_json else "text/html", **headers}, sent)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - as the library names them

        def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    discord.address = f"http://127.0.0.1:{server.server_port}/api/v10"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield discord
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
