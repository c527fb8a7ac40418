"""How the API of Google Drive refuses, and how it understands `q` and `fields`."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PARENT = re.compile(r"'((?:[^'\\]|\\.)*)' in parents")
FOLDERS = "mimeType = 'application/vnd.google-apps.folder'"
TRASHED = re.compile(r"trashed *= *(true|false)")
WORD = re.compile(r"[A-Za-z0-9*]+|[(),/]")
# What the documentation lists of the resources that are asked for here.
FIELDS = frozenset(
    [
        "kind",
        "id",
        "name",
        "mimeType",
        "webViewLink",
        "resourceKey",
        "createdTime",
        "modifiedTime",
        "version",
        "md5Checksum",
        "sha256Checksum",
        "size",
        "trashed",
        "explicitlyTrashed",
        "driveId",
        "shortcutDetails",
        "targetId",
        "targetMimeType",
        "targetResourceKey",
        "parents",
        "owners",
        "hasAugmentedPermissions",
        "inheritedPermissionsDisabled",
        "copyRequiresWriterPermission",
        "capabilities",
        "canShare",
        "canReadDrive",
        "canDownload",
        "permissions",
        "permissionIds",
        "type",
        "role",
        "emailAddress",
        "domain",
        "displayName",
        "allowFileDiscovery",
        "expirationTime",
        "deleted",
        "pendingOwner",
        "view",
        "permissionDetails",
        "inherited",
        "permissionType",
        "inheritedFrom",
        "files",
        "nextPageToken",
        "incompleteSearch",
        "changes",
        "newStartPageToken",
        "startPageToken",
        "changeType",
        "fileId",
        "removed",
        "file",
        "drives",
        "linkShareMetadata",
        "securityUpdateEligible",
        "securityUpdateEnabled",
        "time",
    ]
)

Mask = dict[str, "Mask"]


@dataclass
class RefusalError(Exception):
    """An answer that is an error."""

    status: int
    reason: str
    message: str
    location: str = ""
    details: list[str] = field(default_factory=list)  # further reasons


class BadFieldsError(ValueError):
    """The fields asked for are none."""


def not_found(id_: str) -> RefusalError:
    return RefusalError(404, "notFound", f"File not found: {id_}.", location="fileId")


def refused(reason: str, message: str) -> RefusalError:
    return RefusalError(403, reason, message)


def bad_request(parameter: str, message: str) -> RefusalError:
    return RefusalError(400, "badRequest", message, location=parameter)


def error_body(refusal: RefusalError) -> bytes:
    """Write an error as the API does."""
    first = {"message": refusal.message, "domain": "global", "reason": refusal.reason}
    if refusal.location:
        first |= {"location": refusal.location, "locationType": "parameter"}
    error: dict[str, Any] = {"code": refusal.status, "message": refusal.message, "errors": [first]}
    if refusal.details:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": each, "domain": "googleapis.com"} for each in refusal.details]
    return json.dumps({"error": error}).encode()


def parents_of(query: str) -> tuple[str, bool | None]:
    """Understand the searches that list a folder: its id, and whether the trash is meant."""
    parent, trashed = PARENT.search(query), TRASHED.search(query)
    rest = TRASHED.sub("", PARENT.sub("", query)).replace("and", "").strip()
    if parent is None or rest:
        raise RefusalError(400, "invalid", "Invalid Value", location="q")
    return parent.group(1), trashed.group(1) == "true" if trashed else None


def masked(value: Any, fields: str) -> Any:
    """Give the parts of an answer that are named: "a,b(c,d),e/f" or "*". Raises: BadFieldsError."""
    words = WORD.findall(fields)
    if "".join(words) != fields:
        raise BadFieldsError(fields)
    return _chosen(value, _mask(iter(words)))


def _mask(words: Iterator[str]) -> Mask:
    found: Mask = {}
    inner = found
    last = ""
    for word in words:
        if word == ")":
            return found
        if word == "(":
            inner[last] = _mask(words)
        elif word == "/":
            inner = inner[last]
        elif word == ",":
            inner = found
        elif word != "*" and word not in FIELDS:
            raise BadFieldsError(word)
        else:
            last = word
            inner.setdefault(word, {})
    return found


def _chosen(value: Any, mask: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_chosen(each, mask) for each in value]
    if not mask or "*" in mask or not isinstance(value, dict):
        return value
    return {name: _chosen(value[name], inner) for name, inner in mask.items() if name in value}
