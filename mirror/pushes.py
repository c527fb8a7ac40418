"""What GitHub tells of a repository in a signed body (docs.github.com/webhooks/webhook-events-and-payloads).

Packages are made from tags alone, so a push of a branch changes nothing.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
TAGS = "refs/tags/"
MOST_FIELDS = 10
HOST = "github.com"  # of a repository that names no address


class PushError(ValueError):
    """A signed body is not what GitHub sends; nothing was done."""


def is_signed(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Compare a body's signature with what each secret gives; the time it takes says nothing of where they differ."""
    given = signature.encode(errors="replace")
    expected = [b"sha256=" + hmac.new(s.encode(), body, hashlib.sha256).hexdigest().encode() for s in secrets]
    return sum(hmac.compare_digest(given, one) for one in expected) > 0


def pushed_to(event: str, content_type: str, body: bytes) -> frozenset[str]:
    """Give the addresses, as `address_of` writes them, of the repository whose tags changed; none if none did.

    Raises:
        PushError: it says what is missing or wrong.
    """
    if not event:
        raise PushError("the header X-GitHub-Event is missing")
    payload = _payload(content_type, body)
    if event == "push":
        is_tag = _text(payload, "ref").startswith(TAGS)
    elif event in {"create", "delete"}:
        is_tag = _text(payload, "ref_type") == "tag"
    else:
        return frozenset()
    addresses = _addresses(payload)
    return addresses if is_tag else frozenset()


def address_of(url: str) -> str:
    """Write the address of a repository as ``host/path``, the same for all that git takes for the same one."""
    if "://" not in url:
        url = "ssh://" + url.replace(":", "/", 1)
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    path = parts.path.strip("/").removesuffix(".git")
    return f"{host}/{path}".lower()


def _payload(content_type: str, body: bytes) -> Mapping[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {FORM, JSON}:
        raise PushError(f"the content type is {kind[:100]!r}; choose {JSON} or {FORM} at GitHub")
    try:
        payload = json.loads(_field(body) if kind == FORM else body)
    except (ValueError, RecursionError) as error:
        raise PushError(f"the payload is no JSON ({str(error)[:200]})") from error
    if not isinstance(payload, dict):
        raise PushError("the payload is no JSON object")
    return payload


def _field(body: bytes) -> str:
    fields = parse_qs(body.decode("ascii"), max_num_fields=MOST_FIELDS, errors="strict")
    if "payload" not in fields:
        raise ValueError("the form has no field named payload")
    return fields["payload"][0]


def _addresses(payload: Mapping[str, Any]) -> frozenset[str]:
    repository = payload.get("repository")
    if not isinstance(repository, dict):
        raise PushError("the payload has no object named repository")
    full_name = _text(repository, "full_name", "repository.")
    urls = [repository[key] for key in ("clone_url", "html_url") if isinstance(repository.get(key), str)]
    return frozenset(address_of(url) for url in urls or [f"https://{HOST}/{full_name}"])


def _text(values: Mapping[str, Any], key: str, where: str = "") -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value:
        raise PushError(f"the payload has no text named {where}{key}")
    return value
