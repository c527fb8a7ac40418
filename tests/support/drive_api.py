"""What the API of Google Drive, version 3, answers about a number of files, as its documentation describes it.

Files inherit what their folders allow; what an account may see, share and copy decides what each answer holds.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from tests.support.drive_answers import (
    FOLDERS,
    BadFieldsError,
    RefusalError,
    bad_request,
    masked,
    not_found,
    parents_of,
    refused,
)
from tests.support.drive_tokens import Tokens

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
DOCUMENT = "application/vnd.google-apps.document"
SHEET = "application/vnd.google-apps.spreadsheet"
SLIDES = "application/vnd.google-apps.presentation"
CONVERSIONS = {
    DOCUMENT: {"text/markdown", "text/plain", "application/pdf"},
    SHEET: {"text/csv", "application/pdf"},
    SLIDES: {"text/plain", "application/pdf"},
}
JSON = "application/json; charset=UTF-8"
LONGEST_PAGE = 1000
LARGEST_EXPORT = 10 << 20  # bytes
KEY = "AIza-a-key-of-the-tests"
ACCOUNT = "portal@tests.iam.gserviceaccount.com"
SHARERS = {"owner", "organizer", "fileOrganizer", "writer"}
COPIERS = SHARERS
ORDERS = {"createdTime", "folder", "modifiedTime", "name", "name_natural", "recency", "viewedByMeTime"}
BEGINNING = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Logged:
    """That something changed: whose logs tell of it depends on who could see it before or can now."""

    id: str
    drives: frozenset[str]
    is_shared: bool  # with the account by its name, outside of drives whose log it reads


@dataclass(slots=True)
class Item:
    """A file, a folder, a shortcut, or a shared drive's root."""

    id: str
    name: str
    mime_type: str
    parents: list[str]
    permissions: list[dict[str, Any]] = field(default_factory=list)  # its own; folders' are inherited
    content: bytes = b""  # of a document: what every export gives
    version: int = 1
    modified: datetime = BEGINNING
    is_trashed: bool = False
    drive_id: str = ""
    target: str = ""
    resource_key: str = ""
    needs_key: bool = False
    is_limited: bool = False  # a folder with limited access
    is_copy_protected: bool = False
    link: str = ""


class DriveApi:
    """What lies in Drive, and what it says of it."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.children: dict[str, list[str]] = defaultdict(list)
        self.groups: dict[str, set[str]] = defaultdict(set)  # addresses of people by that of the group
        self.most = 1000  # files that it puts on a page, whatever is asked for
        self.incomplete: set[str] = set()  # folders whose listing is not searched to its end
        self.log: list[Logged] = []
        self.tokens = Tokens(ACCOUNT)
        self.generation = 0  # of tokens of pages
        self.are_changes_lost = False  # whether no token of the log is taken

    def answer(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> tuple[bytes, str]:
        """Answer a request below /drive/v3. Raises: RefusalError."""
        who = self._who(parameters, headers)
        keys = _resource_keys(headers.get("X-Goog-Drive-Resource-Keys", ""))
        parts = path.strip("/").split("/")
        if parts[0] != "files":
            return self._masked(self._of_drives(who, parts, parameters), parameters, parts), JSON
        if len(parts) == 1:
            return self._masked(self._list(who, parameters, keys), parameters, parts), JSON
        everywhere = {"supportsAllDrives": "true"} if parts[2:] == ["export"] else parameters
        return self._of_file(who, self._readable(who, parts[1], everywhere, keys), parts, parameters)

    def _of_file(self, who: str, item: Item, parts: Sequence[str], parameters: Mapping[str, str]) -> tuple[bytes, str]:
        match parts[2:]:
            case [] if parameters.get("alt") == "media":
                return self._media(who, item)
            case []:
                return self._masked(self._resource(who, item), parameters, parts), JSON
            case ["export"]:
                return self._export(who, item, parameters)
            case ["permissions"]:
                return self._masked(self._permissions(who, item, parameters), parameters, parts), JSON
        raise RefusalError(404, "notFound", "Not Found")

    def _of_drives(self, who: str, parts: Sequence[str], parameters: Mapping[str, str]) -> dict[str, Any]:
        match parts:
            case ["drives"]:
                return {"kind": "drive#driveList", "drives": [self._drive(each) for each in self._drives(who)]}
            case ["drives", id_]:
                return self._drive(next((each for each in self._drives(who) if each.id == id_), None))
            case ["changes", "startPageToken"]:
                self._check_log(who, parameters)
                return {"kind": "drive#startPageToken", "startPageToken": str(len(self.log) + 1)}
            case ["changes"]:
                return self._changes(who, parameters)
        raise RefusalError(404, "notFound", "Not Found")

    def _who(self, parameters: Mapping[str, str], headers: Mapping[str, str]) -> str:
        """Give the account that asks; "" is everybody."""
        bearer = headers.get("Authorization", "")
        if bearer:
            if not self.tokens.knows(bearer.removeprefix("Bearer ")):
                raise RefusalError(401, "authError", "Invalid Credentials", location="Authorization")
            return ACCOUNT
        key = parameters.get("key") or headers.get("X-Goog-Api-Key")
        if not key:
            raise RefusalError(403, "forbidden", "Method doesn't allow unregistered callers.")
        if key != KEY:
            message = "API key not valid. Please pass a valid API key."
            raise RefusalError(400, "badRequest", message, details=["API_KEY_INVALID"])
        return ""

    def allowed(self, item: Item) -> list[dict[str, Any]]:
        """Give all permissions of a file, its folders' among them."""
        own = [
            {**each, "permissionDetails": [{"permissionType": "file", "inherited": False}]} for each in item.permissions
        ]
        known = {each["id"] for each in own}
        for parent in item.parents:
            for each in self.allowed(self.items[parent]) if parent in self.items else ():
                inherited = {**each, "permissionDetails": [{"permissionType": "file", "inherited": True}]}
                if item.is_limited and each["role"] not in {"owner", "organizer"}:
                    inherited["view"] = "metadata"
                if each["id"] not in known:
                    known.add(each["id"])
                    own.append(inherited)
        return own

    def roles(self, who: str, item: Item) -> dict[str, str]:
        """Give what an account may do with a file, by the type of permission."""
        found = {}
        for each in self.allowed(item):
            if not _is_valid(each):
                continue
            address, type_ = each.get("emailAddress", ""), each["type"]
            is_meant = (
                type_ == "anyone"
                or (type_ == "user" and who == address)
                or (type_ == "group" and who in self.groups[address])
                or (type_ == "domain" and who.endswith(f"@{each['domain']}"))
            )
            if is_meant:
                found[type_] = each["role"]
        return found

    def is_trashed(self, item: Item) -> bool:
        """Tell whether a file is in the trash, by itself or with its folder."""
        folders = [self.items[parent] for parent in item.parents if parent in self.items]
        return item.is_trashed or (bool(folders) and all(self.is_trashed(folder) for folder in folders))

    def is_named(self, who: str, item: Item) -> bool:
        """Tell whether a file is shared with an account itself, and not only with everybody."""
        return bool(who and self.roles(who, item).keys() & {"user", "group"})

    def _readable(self, who: str, id_: str, parameters: Mapping[str, str], keys: Mapping[str, str]) -> Item:
        item = self.items.get(id_)
        if item is None or not self._may_read(who, item, keys):
            raise not_found(id_)
        if item.drive_id and parameters.get("supportsAllDrives") != "true":
            raise not_found(id_)
        return item

    def _may_read(self, who: str, item: Item, keys: Mapping[str, str]) -> bool:
        roles = self.roles(who, item)
        if self.is_trashed(item) and not SHARERS & set(roles.values()):
            return False
        return self.is_named(who, item) or (
            bool(roles) and (not item.needs_key or keys.get(item.id) == item.resource_key)
        )

    def _may_share(self, who: str, item: Item) -> bool:
        return bool(who and SHARERS & set(self.roles(who, item).values()))

    def _list(self, who: str, parameters: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, Any]:
        if wrong := set(parameters.get("orderBy", "name").replace(" desc", "").split(",")) - ORDERS:
            raise bad_request("orderBy", f"Sorting by {min(wrong)} is not supported.")
        self._check_corpora(who, parameters)
        if parameters.get("q") == FOLDERS:
            found, is_whole = self._folders(who, parameters.get("driveId", "")), FOLDERS not in self.incomplete
        else:
            found, is_whole = self._inside(who, parameters, keys)
        if not _shows_drives(parameters):
            found = [item for item in found if not item.drive_id]
        found.sort(key=lambda item: (item.mime_type != FOLDER, item.name, item.id))
        page, token = self._page(found, parameters, 1000)
        answer: dict[str, Any] = {"kind": "drive#fileList", "incompleteSearch": not is_whole}
        answer |= {"files": [self._resource(who, item) for item in page]}
        return answer | ({"nextPageToken": token} if token else {})

    def _folders(self, who: str, drive_id: str) -> list[Item]:
        """Give all folders of an account's corpus, or of a shared drive."""
        folders = [item for item in self.items.values() if item.mime_type == FOLDER and item.id != item.drive_id]
        if drive_id:
            return [item for item in folders if item.drive_id == drive_id and self._may_read(who, item, {})]
        return [item for item in folders if self.is_named(who, item)]

    def _inside(self, who: str, parameters: Mapping[str, str], keys: Mapping[str, str]) -> tuple[list[Item], bool]:
        """Give what lies in a folder, and whether that is all."""
        parent, trashed = parents_of(parameters.get("q", ""))
        folder = self._readable(who, parent, {"supportsAllDrives": "true"}, keys)
        found = [self.items[id_] for id_ in self.children[folder.id]]
        found = [item for item in found if self._is_listed(who, item, folder)]
        is_whole = folder.id not in self.incomplete
        return [item for item in found if trashed is None or self.is_trashed(item) == trashed], is_whole

    def _is_listed(self, who: str, item: Item, folder: Item) -> bool:
        """Tell whether a listing names a file; one that needs a key is named with it, a limited folder shut."""
        if item.is_limited and not self._may_read(who, item, {}):
            return self._may_read(who, folder, {folder.id: folder.resource_key})
        return self._may_read(who, item, {item.id: item.resource_key})

    def _check_corpora(self, who: str, parameters: Mapping[str, str]) -> None:
        corpora, drive_id = parameters.get("corpora", "user"), parameters.get("driveId", "")
        if (corpora == "drive") != bool(drive_id):
            raise bad_request(
                "driveId", "The driveId parameter must be specified if and only if corpora is set to drive."
            )
        if drive_id and drive_id not in {each.id for each in self._drives(who)}:
            raise RefusalError(404, "notFound", f"Shared drive not found: {drive_id}", location="driveId")

    def _page(self, found: Sequence[Any], parameters: Mapping[str, str], most: int) -> tuple[Sequence[Any], str]:
        size = parameters.get("pageSize", "100")
        if not size.isdigit() or not 1 <= int(size) <= most:
            raise bad_request("pageSize", f"Invalid value '{size}'. Values must be within the range: [1, {most}]")
        begin = self._begin(parameters.get("pageToken", ""))
        end = begin + min(int(size), self.most)
        token = base64.urlsafe_b64encode(f"{self.generation}:{end}".encode()).decode() if end < len(found) else ""
        return found[begin:end], token

    def _begin(self, token: str) -> int:
        if not token:
            return 0
        try:
            generation, begin = base64.urlsafe_b64decode(token).decode().split(":")
        except ValueError:
            generation, begin = "", ""
        if generation != str(self.generation):
            raise RefusalError(400, "invalid", "Invalid Value", location="pageToken")
        return int(begin)

    def _resource(self, who: str, item: Item) -> dict[str, Any]:
        roles = set(self.roles(who, item).values())
        may_copy = not item.is_copy_protected or bool(COPIERS & roles and who)
        found: dict[str, Any] = {
            "kind": "drive#file",
            "id": item.id,
            "name": item.name,
            "mimeType": item.mime_type,
            "webViewLink": item.link or f"https://drive.google.com/file/d/{item.id}/view",
            "createdTime": BEGINNING.isoformat().replace("+00:00", ".000Z"),
            "modifiedTime": item.modified.isoformat().replace("+00:00", ".000Z"),
            "version": str(item.version),
            "trashed": self.is_trashed(item),
            "copyRequiresWriterPermission": item.is_copy_protected,
            "capabilities": {"canShare": self._may_share(who, item), "canDownload": may_copy},
        }
        seen = (each for each in item.parents if each in self.items and self._may_read(who, self.items[each], {}))
        if parents := list(seen):
            found["parents"] = parents
        if item.resource_key:
            found["resourceKey"] = item.resource_key
        if item.is_limited:
            found["inheritedPermissionsDisabled"] = True
        found |= self._where(who, item)
        if item.mime_type == SHORTCUT:
            target = self.items.get(item.target)
            found["shortcutDetails"] = {"targetId": item.target, "targetMimeType": target.mime_type if target else ""}
            if target and target.resource_key:
                found["shortcutDetails"]["targetResourceKey"] = target.resource_key
        elif not item.mime_type.startswith("application/vnd.google-apps."):
            found |= {
                "size": str(len(item.content)),
                "md5Checksum": md5(item.content, usedforsecurity=False).hexdigest(),
            }
        return found

    def _where(self, who: str, item: Item) -> dict[str, Any]:
        """Give what differs between shared drives and other places."""
        if not item.drive_id:
            return {"permissions": self.allowed(item)} if self._may_share(who, item) else {}
        return {
            "driveId": item.drive_id,
            "hasAugmentedPermissions": bool(item.permissions) and item.id != item.drive_id,
            "capabilities": {
                "canShare": self._may_share(who, item),
                "canReadDrive": item.drive_id in {each.id for each in self._drives(who)},
            },
        }

    def _permissions(self, who: str, item: Item, parameters: Mapping[str, str]) -> dict[str, Any]:
        is_member = item.drive_id and item.drive_id in {each.id for each in self._drives(who)}
        if not (is_member or self._may_share(who, item)):
            raise refused("insufficientFilePermissions", "The user does not have sufficient permissions for this file.")
        page, token = self._page(self.allowed(item), parameters, 100)
        answer: dict[str, Any] = {"kind": "drive#permissionList", "permissions": list(page)}
        return answer | ({"nextPageToken": token} if token else {})

    def _media(self, who: str, item: Item) -> tuple[bytes, str]:
        if item.mime_type.startswith("application/vnd.google-apps."):
            raise refused("fileNotDownloadable", "Only files with binary content can be directly downloaded.")
        if item.is_copy_protected and not (who and COPIERS & set(self.roles(who, item).values())):
            raise refused("cannotDownloadFile", "This file cannot be downloaded by the user.")
        return item.content, item.mime_type

    def _export(self, who: str, item: Item, parameters: Mapping[str, str]) -> tuple[bytes, str]:
        media_type = parameters.get("mimeType", "")
        if item.mime_type not in CONVERSIONS:
            raise refused("fileNotExportable", "Export only supports Docs Editors files.")
        if media_type not in CONVERSIONS[item.mime_type]:
            raise bad_request("convertTo", "The requested conversion is not supported.")
        if item.is_copy_protected and not (who and COPIERS & set(self.roles(who, item).values())):
            raise refused("cannotExportFile", "This file cannot be exported by the user.")
        if len(item.content) > LARGEST_EXPORT:
            raise refused("exportSizeLimitExceeded", "This file is too large to be exported.")
        return item.content, media_type

    def _drives(self, who: str) -> list[Item]:
        roots = (item for item in self.items.values() if item.drive_id == item.id)
        return [root for root in roots if who and self.roles(who, root).keys() & {"user", "group"}]

    @staticmethod
    def _drive(root: Item | None) -> dict[str, Any]:
        if root is None:
            raise RefusalError(404, "notFound", "Shared drive not found.", location="driveId")
        return {"kind": "drive#drive", "id": root.id, "name": root.name}

    def _check_log(self, who: str, parameters: Mapping[str, str]) -> None:
        """Refuse who has no log: an API key is nobody."""
        if not who:
            raise RefusalError(401, "required", "Login Required.", location="Authorization")
        drive_id = parameters.get("driveId", "")
        if drive_id and drive_id not in {each.id for each in self._drives(who)}:
            raise RefusalError(404, "notFound", f"Shared drive not found: {drive_id}", location="driveId")

    def _changes(self, who: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Give each file once that changed, with its state of now, where its last change stands in the log."""
        self._check_log(who, parameters)
        token, size = parameters.get("pageToken", ""), parameters.get("pageSize", "100")
        if not token.isdigit() or not 1 <= int(token) <= len(self.log) + 1 or self.are_changes_lost:
            raise RefusalError(400, "invalid", "Invalid Value", location="pageToken")
        if not size.isdigit() or not 1 <= int(size) <= LONGEST_PAGE:
            raise bad_request("pageSize", f"Invalid value '{size}'. Values must be within the range: [1, 1000]")
        begin, end = int(token) - 1, int(token) - 1 + min(int(size), self.most)
        later = {entry.id for entry in self.log[end:] if self._is_in_log(who, entry, parameters)}
        shown = {entry.id: entry for entry in self.log[begin:end] if self._is_in_log(who, entry, parameters)}
        changes = [self._changed(who, id_) for id_ in shown if id_ not in later]
        if parameters.get("includeRemoved", "true") != "true":
            changes = [change for change in changes if not change.get("removed")]
        name = "newStartPageToken" if end >= len(self.log) else "nextPageToken"
        return {"kind": "drive#changeList", "changes": changes, name: str(min(end, len(self.log)) + 1)}

    def _is_in_log(self, who: str, entry: Logged, parameters: Mapping[str, str]) -> bool:
        """Tell whether a log has a change: a shared drive's all in it, an account's what it was given by name."""
        if drive_id := parameters.get("driveId", ""):
            return drive_id in entry.drives
        if entry.drives & {each.id for each in self._drives(who)}:
            return entry.id in entry.drives and _shows_drives(parameters)
        return entry.is_shared and (not entry.drives or _shows_drives(parameters))

    def _changed(self, who: str, id_: str) -> dict[str, Any]:
        item = self.items.get(id_)
        if item is not None and item.id == item.drive_id:
            return {"changeType": "drive", "driveId": id_, "removed": not self.is_named(who, item)}
        if item is None or not (self.is_named(who, item) and self._may_read(who, item, {})):
            return {"changeType": "file", "fileId": id_, "removed": True}
        return {"changeType": "file", "fileId": id_, "removed": False, "file": self._resource(who, item)}

    @staticmethod
    def _masked(found: dict[str, Any], parameters: Mapping[str, str], parts: Sequence[str]) -> bytes:
        """Leave out what `fields` does not name; without it, only little is given of a file."""
        fields = parameters.get("fields", "")
        if not fields:
            few = "kind,id,name,mimeType,resourceKey"
            fields = {1: f"kind,incompleteSearch,nextPageToken,files({few})", 2: few}.get(len(parts), "*")
            fields = fields if parts[0] == "files" else "*"
        try:
            return json.dumps(masked(found, fields)).encode()
        except BadFieldsError as error:
            raise bad_request("fields", f"Invalid field selection {error}") from error


def _resource_keys(header: str) -> dict[str, str]:
    pairs = (pair.partition("/") for pair in header.split(",") if pair)
    return {id_.strip(): key.strip() for id_, _, key in pairs}


def _shows_drives(parameters: Mapping[str, str]) -> bool:
    return parameters.get("includeItemsFromAllDrives") == "true" == parameters.get("supportsAllDrives")


def _is_valid(permission: Mapping[str, Any]) -> bool:
    expires = permission.get("expirationTime")
    is_over = expires is not None and datetime.fromisoformat(expires) <= datetime.now(UTC)
    return not is_over and not permission.get("deleted") and not permission.get("view")
