"""How the portal tells Drive who it is: by an API key, for what everybody may see, or as a service account."""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import httpx
from google.auth import exceptions, transport
from google.oauth2 import service_account

from docs_hub.drive_errors import AccessError, DriveError, UnreachableError
from mageos_portal.reach import ReachError

SCOPE = "https://www.googleapis.com/auth/drive.readonly"
GOOGLE_HOSTS = frozenset({"oauth2.googleapis.com", "www.googleapis.com", "accounts.google.com"})
LARGEST_TOKEN = 64 << 10  # bytes of an answer that holds one
NO_ACCESS = (
    "nothing says how the portal may ask Google Drive: set PORTAL_DRIVE_API_KEY for folders that everybody may see, "
    "or PORTAL_DRIVE_CREDENTIALS for folders that are shared with a service account"
)

Ask = Callable[[str, str, Mapping[str, str], bytes], "tuple[int, Mapping[str, str], bytes]"]


class Pass(Protocol):
    """What goes with each request."""

    @property
    def is_anonymous(self) -> bool:
        """Tell whether Drive shows no more than it shows to everybody."""

    @property
    def name(self) -> str:
        """Say as whom it asks, for sentences to staff."""

    def parameters(self) -> dict[str, str]:
        """Give what the address says."""

    def headers(self) -> dict[str, str]:
        """Give what the headers say. Raises: DriveError."""

    def renew(self) -> bool:
        """Forget what was refused; tell whether there will be something new."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key: Drive shows what everybody with the link may see."""

    key: str = field(repr=False)
    is_anonymous: bool = True
    name: str = "everybody with the link"

    def parameters(self) -> dict[str, str]:
        return {"key": self.key}

    def headers(self) -> dict[str, str]:
        return {}

    def renew(self) -> bool:
        return False


class ServiceAccount:
    """An account of its own: Drive shows what is shared with its address."""

    is_anonymous = False

    def __init__(self, path: Path, drive_url: str, ask: Ask) -> None:
        """Read the key file that Google gave. Raises: AccessError."""
        information = _read(path)
        self._check_host(str(information.get("token_uri", "")), drive_url, path)
        try:
            loaded = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                information, scopes=[SCOPE]
            )
        except (ValueError, TypeError, exceptions.GoogleAuthError) as error:
            raise AccessError(_unusable(path)) from error
        self._credentials: Any = loaded
        self._transport = _Transport(ask)
        self.name = str(self._credentials.service_account_email)

    def parameters(self) -> dict[str, str]:
        return {}

    def headers(self) -> dict[str, str]:
        try:
            if not self._credentials.valid:
                self._credentials.refresh(self._transport)
        except exceptions.TransportError as error:
            raise UnreachableError(f"no token for {self.name}: {_first(error)}") from error
        except exceptions.GoogleAuthError as error:
            sentence = f"Google gives no token to {self.name}: {_first(error)}"
            if error.retryable:
                raise UnreachableError(sentence) from error
            raise AccessError(f"{sentence}; make a new key for the account") from error
        return {"Authorization": f"Bearer {self._credentials.token}"}

    def renew(self) -> bool:
        self._credentials.token = None
        return True

    @staticmethod
    def _check_host(token_url: str, drive_url: str, path: Path) -> None:
        host = ""
        with contextlib.suppress(ValueError):
            host = urlsplit(token_url).hostname or ""
        if host not in GOOGLE_HOSTS | {urlsplit(drive_url).hostname}:
            raise AccessError(
                f"{path.name} wants its tokens from {host or 'nowhere'}, which is neither Google's "
                "nor the host of PORTAL_DRIVE_URL; take the file that Google made"
            )


class _Answer(transport.Response):
    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self._status, self._headers, self._data = status, headers, data

    @property
    def status(self) -> int:
        return self._status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    @property
    def data(self) -> bytes:
        return self._data


class _Transport(transport.Request):
    """Lets Google's library ask by our client, so that all requests keep to the same bounds."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: Any = None,
        headers: Any = None,
        timeout: Any = None,
        **kwargs: Any,
    ) -> _Answer:
        content = body.encode() if isinstance(body, str) else cast("bytes", body or b"")
        try:
            return _Answer(*self._ask(method, url, headers or {}, content))
        except (httpx.HTTPError, httpx.InvalidURL, ReachError, DriveError) as error:
            said = str(error) or type(error).__name__
            raise exceptions.TransportError(said) from error  # type: ignore[no-untyped-call]


def _read(path: Path) -> dict[str, Any]:
    try:
        information = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise AccessError(_unusable(path)) from error
    if not isinstance(information, dict) or information.get("type") != "service_account":
        raise AccessError(_unusable(path))
    return information


def _unusable(path: Path) -> str:
    return f"{path.name} of PORTAL_DRIVE_CREDENTIALS is no key file of a service account that can be read"


def _first(error: Exception) -> str:
    return str(error.args[0] if error.args else type(error).__name__)[:300]
