"""Google Drive's API, version 3: what folders hold, who may see it, what changed, and texts. It reads only.

Requests are repeated where Drive asks for that, and bounded in number, size and time; see drive_errors.py.
"""

import contextlib
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from docs_hub.drive_access import LARGEST_TOKEN, NO_ACCESS, Key, Pass, ServiceAccount
from docs_hub.drive_answers import (
    ACCESS,
    AGAIN,
    CHANGE_FIELDS,
    FILE_FIELDS,
    FOLDER,
    PERMISSION_FIELDS,
    ChangePage,
    Fault,
    File,
    FilePage,
    Permission,
    PermissionPage,
    Ref,
    StartToken,
    fault_of,
)
from docs_hub.drive_errors import (
    AccessError,
    BadRequestError,
    DriveError,
    IncompleteError,
    RefusedError,
    TooLargeError,
    UnreachableError,
)
from mageos_portal.reach import Reach, ReachError, check_reach, is_public

PATH = "/drive/v3"
AGENT = "mageos-portal"
TRIES = 7
FIRST_WAIT = 1.0  # seconds; twice as long each time
LONGEST_WAIT = 64.0  # seconds
TIMEOUT = httpx.Timeout(30, connect=10)  # seconds without a byte
LONGEST_ANSWER = 120.0  # seconds until it is all there
LARGEST_ANSWER = 32 << 20  # bytes of a listing
LARGEST_TEXT = 10 << 20  # bytes; Drive exports no more either
PAGE_SIZE = 1000
MOST_PAGES = 10_000  # of one listing
MOST_RESTARTS = 3  # of a listing whose page was lost
INSIDE = "set PORTAL_DRIVE_PRIVATE=true if PORTAL_DRIVE_URL is in your own network"
TEMPORARY = frozenset({429, 500, 502, 503, 504})
REFUSALS = frozenset({403, 404, 410})

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Access:
    """Where Drive is, and how the portal may ask."""

    url: str
    key: str = field(default="", repr=False)  # a secret
    credentials: Path | None = None  # key file of a service account
    reach: Reach = Reach()
    seconds: float = 3600  # for all requests together


class _AgainError(UnreachableError):
    """It may work a little later."""

    def __init__(self, sentence: str, wait: float = 0) -> None:
        self.wait = wait  # seconds that Drive asks for
        super().__init__(sentence)


class Drive:
    """Drive as one account sees it."""

    def __init__(self, client: httpx.Client, url: str, credentials: Pass, ends: float) -> None:
        self.credentials = credentials
        self._client, self._url, self._ends = client, url, ends

    def file(self, ref: Ref) -> File:
        """Give a file or folder. Raises: DriveError."""
        found = self._model(File, f"/files/{ref.id}", {"fields": FILE_FIELDS, "supportsAllDrives": "true"}, ref)
        return found if found.resource_key else found.model_copy(update={"resource_key": ref.key})

    def children(self, folder: File) -> Iterator[File]:
        """List what lies directly in a folder, in the trash, too; a file may come twice. Raises: DriveError."""
        drive_id = folder.drive_id if folder.capabilities.can_read_drive else ""
        yield from self._found(
            f"'{folder.id}' in parents", drive_id, folder.ref, f"the folder {folder.name or folder.id}"
        )

    def folders(self, drive_id: str) -> Iterator[File]:
        """List all folders that are shared with the account, or all of a shared drive. Raises: DriveError."""
        yield from self._found(f"mimeType = '{FOLDER}'", drive_id, Ref("all folders"), "its folders")

    def start_token(self, drive_id: str) -> str:
        """Say where changes from now on begin: the account's, or those of a shared drive. Raises: DriveError."""
        parameters = {"supportsAllDrives": "true", **({"driveId": drive_id} if drive_id else {})}
        return self._model(StartToken, "/changes/startPageToken", parameters, Ref("its changes")).start_page_token

    def changes(self, token: str, drive_id: str) -> Iterator[ChangePage]:
        """Give what changed since a token was given, in the same log.

        Raises:
            BadRequestError, RefusedError: Drive does not take the token any more.
            DriveError: nothing can be said.
        """
        parameters = {
            "fields": CHANGE_FIELDS,
            "pageSize": str(PAGE_SIZE),
            "includeRemoved": "true",
            "supportsAllDrives": "true",
            "includeItemsFromAllDrives": "true",
            **({"driveId": drive_id} if drive_id else {}),
        }
        for _ in range(MOST_PAGES):
            page = self._model(ChangePage, "/changes", {**parameters, "pageToken": token}, Ref("its changes"))
            yield page
            token = page.next_page_token
            if not token:
                return

    def _found(self, query: str, drive_id: str, ref: Ref, what: str) -> Iterator[File]:
        parameters = {
            "q": query,
            "fields": f"nextPageToken,incompleteSearch,files({FILE_FIELDS})",
            "orderBy": "folder,name",
            "pageSize": str(PAGE_SIZE),
            "supportsAllDrives": "true",
            "includeItemsFromAllDrives": "true",
        }
        if drive_id:
            parameters |= {"corpora": "drive", "driveId": drive_id}
        is_whole = True
        for page in self._pages(FilePage, "/files", parameters, ref):
            yield from page.files
            is_whole &= not page.incomplete_search
        if not is_whole:
            raise IncompleteError(f"Drive did not search all of {what}")

    def permissions(self, ref: Ref) -> tuple[Permission, ...]:
        """List who may do what with a file. Raises: DriveError."""
        fields = f"nextPageToken,permissions({PERMISSION_FIELDS})"
        parameters = {"fields": fields, "pageSize": "100", "supportsAllDrives": "true"}
        pages = self._pages(PermissionPage, f"/files/{ref.id}/permissions", parameters, ref)
        return tuple(permission for page in pages for permission in page.permissions)

    def exported(self, ref: Ref, media_type: str) -> bytes:
        """Give a document of Google's editors as another type. Raises: DriveError."""
        return self._answered(f"/files/{ref.id}/export", {"mimeType": media_type}, ref, LARGEST_TEXT)

    def content(self, ref: Ref) -> bytes:
        """Give a file's bytes. Raises: DriveError."""
        return self._answered(f"/files/{ref.id}", {"alt": "media", "supportsAllDrives": "true"}, ref, LARGEST_TEXT)

    def _pages(self, model: type[Model], path: str, parameters: Mapping[str, str], ref: Ref) -> Iterator[Model]:
        """Give all pages; when Drive does not take a token any more, from the first one on again."""
        token, restarts = "", 0
        for _ in range(MOST_PAGES):
            try:
                page = self._model(model, path, {**parameters, **({"pageToken": token} if token else {})}, ref)
            except BadRequestError:
                restarts += 1
                if not token or restarts > MOST_RESTARTS:
                    raise
                token = ""
                continue
            yield page
            token = vars(page)["next_page_token"]
            if not token:
                return
        raise UnreachableError(f"Drive's listing of {ref.id} has no end")

    def _model(self, model: type[Model], path: str, parameters: Mapping[str, str], ref: Ref) -> Model:
        try:
            return model.model_validate_json(self._answered(path, parameters, ref, LARGEST_ANSWER))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UnreachableError(
                f"what Drive says of {ref.id} is not what its API describes: {where} {first['msg']}"
            ) from error
        except TooLargeError as error:
            raise UnreachableError(str(error)) from error

    def _answered(self, path: str, parameters: Mapping[str, str], ref: Ref, most: int) -> bytes:
        """Ask as often as it makes sense."""
        for attempt in range(TRIES):
            try:
                return self._asked(path, parameters, ref, most)
            except _AgainError as error:
                if attempt + 1 == TRIES:
                    raise
                self._wait(attempt, error)
        raise AssertionError  # the loop ends above

    def _wait(self, attempt: int, error: _AgainError) -> None:
        """Wait longer each time, not all at the same moment, and never less than Drive asks for."""
        spread = 0.5 + random.random()  # noqa: S311 - spreads requests, keeps no secret
        seconds = max(min(FIRST_WAIT * 2**attempt * spread, LONGEST_WAIT), error.wait)
        if seconds > LONGEST_WAIT or time.monotonic() + seconds > self._ends:
            raise error
        time.sleep(seconds)

    def _asked(self, path: str, parameters: Mapping[str, str], ref: Ref, most: int) -> bytes:
        status, headers, body = self._sent(path, parameters, ref, most)
        if status == HTTPStatus.UNAUTHORIZED and self.credentials.renew():
            status, headers, body = self._sent(path, parameters, ref, most)
        if status == HTTPStatus.OK:
            return body
        fault = fault_of(body, headers.get("Content-Type", ""))
        raise self._error(status, fault, _seconds(headers.get("Retry-After", "")), ref)

    def _sent(
        self, path: str, parameters: Mapping[str, str], ref: Ref, most: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        if time.monotonic() > self._ends:
            raise UnreachableError("Drive took longer than a sync may; the next one goes on")
        keys = {"X-Goog-Drive-Resource-Keys": f"{ref.id}/{ref.key}"} if ref.key else {}
        try:
            request = self._client.build_request(
                "GET",
                f"{self._url}{path}",
                params={**parameters, **self.credentials.parameters()},
                headers={**self.credentials.headers(), **keys},
            )
            return received(self._client, request, most)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _AgainError(f"{self._host} cannot be reached: {self._said(error)}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(f"{self._host} cannot be asked: {type(error).__name__}") from error

    def _error(self, status: int, fault: Fault, wait: float, ref: Ref) -> DriveError:
        """Say what an answer means: of the file, of the portal's access, or of nothing."""
        sentence = self._without_key(f"Drive answers {status} for {ref.id} ({fault.shown})")
        if status in TEMPORARY or (status == HTTPStatus.FORBIDDEN and fault.reasons & AGAIN):
            return _AgainError(sentence, wait)
        if status == HTTPStatus.UNAUTHORIZED or fault.reasons & ACCESS:
            return AccessError(f"{sentence}; check PORTAL_DRIVE_API_KEY and PORTAL_DRIVE_CREDENTIALS")
        if status == HTTPStatus.BAD_REQUEST:
            return BadRequestError(sentence)
        if status in REFUSALS and fault.is_of_drive:
            return RefusedError(sentence, fault.reasons)
        return UnreachableError(f"{sentence}: that is no answer of Drive's API; check PORTAL_DRIVE_URL")

    def _said(self, error: Exception) -> str:
        return self._without_key(str(error) or type(error).__name__)

    def _without_key(self, sentence: str) -> str:
        for secret in self.credentials.parameters().values():
            sentence = sentence.replace(secret, "…")
        return sentence

    @property
    def _host(self) -> str:
        return urlsplit(self._url).hostname or ""


@contextlib.contextmanager
def opened(access: Access) -> Iterator[tuple[Drive, Drive | None]]:
    """Give Drive as the portal sees it and, if that is a service account, as everybody sees it, if there is a key.

    Raises:
        AccessError: the portal may not ask, or nobody said how.
    """
    if not access.key and not access.credentials:
        raise AccessError(NO_ACCESS)
    url = access.url.rstrip("/").removesuffix(PATH) + PATH
    try:
        is_inside = check_reach(url, access.reach, INSIDE)
    except ReachError as error:
        raise AccessError(f"Drive is not asked: {error}") from error
    ends = time.monotonic() + access.seconds
    with _client(is_inside=is_inside) as client:
        everybody = Drive(client, url, Key(access.key), ends) if access.key else None
        if access.credentials:
            account = ServiceAccount(access.credentials, url, _Tokens(client, access.reach).ask)
            yield Drive(client, url, account, ends), everybody
        elif everybody:
            yield everybody, None


def _client(*, is_inside: bool) -> httpx.Client:
    def check_peer(answer: httpx.Response) -> None:
        """See whom we talk to really: a name may lead elsewhere than it did a moment ago."""
        peer = answer.extensions["network_stream"].get_extra_info("server_addr")
        if not is_inside and not (peer and is_public(str(peer[0]))):
            answer.close()
            raise AccessError(f"{answer.url.host} leads to a private address; that is refused")

    return httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=False,
        headers={"User-Agent": f"{AGENT} (gzip)", "Accept-Encoding": "gzip"},
        event_hooks={"response": [check_peer]},
        verify=httpx.create_ssl_context(),
        trust_env=False,
    )


class _Tokens:
    """Asks for tokens, at an address that a key file names."""

    def __init__(self, client: httpx.Client, reach: Reach) -> None:
        self._client, self._reach = client, reach

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        check_reach(url, self._reach, INSIDE)
        request = self._client.build_request(method, url, headers=dict(headers), content=body)
        return received(self._client, request, LARGEST_TOKEN)


def received(client: httpx.Client, request: httpx.Request, most: int) -> tuple[int, Mapping[str, str], bytes]:
    """Give status, headers and a body that is neither too large nor too slow."""
    ends = time.monotonic() + LONGEST_ANSWER
    answer = client.send(request, stream=True)
    try:
        content = bytearray()
        for part in answer.iter_bytes():
            content += part
            if len(content) > most:
                raise TooLargeError(f"{request.url.path} has more than the {most:,} bytes that are read")
            if time.monotonic() > ends:
                raise httpx.ReadTimeout("the answer took too long", request=request)
        return answer.status_code, answer.headers, bytes(content)
    finally:
        answer.close()


def _seconds(text: str) -> float:
    """Read Retry-After: seconds, or a date; what is neither counts as nothing."""
    if text.strip().isdecimal():
        return float(text.strip()[:9])
    with contextlib.suppress(ValueError, TypeError, OverflowError, IndexError):
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return 0.0
