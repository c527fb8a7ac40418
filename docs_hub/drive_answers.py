"""What Google Drive's API (v3) answers: files, permissions, changes, and errors with their reasons."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"

PERMISSION_FIELDS = (
    "id,type,role,emailAddress,domain,allowFileDiscovery,expirationTime,deleted,pendingOwner,view,"
    "permissionDetails(inherited)"
)
FILE_FIELDS = (
    "id,name,mimeType,webViewLink,resourceKey,createdTime,modifiedTime,version,md5Checksum,size,trashed,driveId,"
    "shortcutDetails(targetId,targetMimeType,targetResourceKey),hasAugmentedPermissions,inheritedPermissionsDisabled,"
    f"copyRequiresWriterPermission,capabilities(canShare,canReadDrive,canDownload),permissions({PERMISSION_FIELDS})"
)
CHANGE_FIELDS = "nextPageToken,newStartPageToken,changes(changeType,fileId,driveId,file(parents))"

AGAIN = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "backendError"})
# These say that the portal's own access is wrong; they say nothing of the file.
ACCESS = frozenset(
    {
        "accessNotConfigured",
        "authError",
        "dailyLimitExceeded",
        "dailyLimitExceededUnreg",
        "domainPolicy",
        "insufficientPermissions",
        "ipRefererBlocked",
        "keyExpired",
        "keyInvalid",
        "quotaExceeded",
        "required",
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "API_KEY_HTTP_REFERRER_BLOCKED",
        "API_KEY_INVALID",
        "API_KEY_IP_ADDRESS_BLOCKED",
        "API_KEY_SERVICE_BLOCKED",
        "CONSUMER_INVALID",
        "SERVICE_DISABLED",
    }
)
LONGEST_MESSAGE = 300  # characters

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]


@dataclass(frozen=True, slots=True)
class Ref:
    """A file as requests name it."""

    id: str
    key: str = ""  # its resource key, which some files shared by link need


class Answer(BaseModel):
    """A part of an answer; what nobody asked for is left out."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class PermissionDetail(Answer):
    """Where a permission comes from."""

    inherited: bool = False


class Permission(Answer):
    """Who may do what with a file."""

    type: str  # user, group, domain, anyone
    role: Text = ""  # owner, organizer, fileOrganizer, writer, commenter, reader
    email_address: Text = ""
    domain: Text = ""
    allow_file_discovery: bool = False
    expiration_time: datetime | None = None
    deleted: bool = False  # the account is
    pending_owner: bool = False
    view: Text = ""  # not empty: it lets somebody know of the file, but not open it
    permission_details: tuple[PermissionDetail, ...] = ()


class ShortcutDetails(Answer):
    """Where a shortcut leads."""

    target_id: Text = ""
    target_mime_type: Text = ""
    target_resource_key: Text = ""


class Capabilities(Answer):
    """What the portal's account may do with a file; None: Drive does not say."""

    can_share: bool | None = None
    can_read_drive: bool | None = None
    can_download: bool | None = None


class File(Answer):
    """A file or a folder."""

    id: str
    name: Text = ""
    mime_type: Text = ""
    web_view_link: Text = ""
    resource_key: Text = ""
    created_time: datetime | None = None
    modified_time: datetime | None = None
    version: Text = ""  # grows with every change of the file
    md5_checksum: Text = ""  # of files that are bytes; documents of Google have none
    size: int | None = None  # bytes
    trashed: bool = False
    drive_id: Text = ""  # of the shared drive that it lies in
    shortcut_details: ShortcutDetails | None = None
    has_augmented_permissions: bool | None = None  # in shared drives: others than its folder's
    inherited_permissions_disabled: bool = False
    copy_requires_writer_permission: bool = False
    capabilities: Capabilities = Capabilities()
    permissions: tuple[Permission, ...] | None = None  # None: the account may not see them, or must ask for them

    @property
    def ref(self) -> Ref:
        return Ref(self.id, self.resource_key)

    @property
    def target(self) -> Ref | None:
        """Give what a shortcut leads to."""
        details = self.shortcut_details
        return Ref(details.target_id, details.target_resource_key) if details and details.target_id else None

    @property
    def is_folder(self) -> bool:
        return self.mime_type == FOLDER

    @property
    def is_shortcut(self) -> bool:
        return self.mime_type == SHORTCUT


class FilePage(Answer):
    """A page of a folder's listing."""

    files: tuple[File, ...] = ()
    next_page_token: Text = ""
    incomplete_search: bool = False


class PermissionPage(Answer):
    """A page of a file's permissions."""

    permissions: tuple[Permission, ...] = ()
    next_page_token: Text = ""


class ChangedFile(Answer):
    """Where a file is that changed."""

    parents: tuple[str, ...] = ()  # those that the account may see


class Change(Answer):
    """That something is not as it was."""

    change_type: Text = ""  # file, drive
    file_id: Text = ""
    drive_id: Text = ""
    file: ChangedFile | None = None  # None: it is gone, or the account may not see it any more


class ChangePage(Answer):
    """A page of changes; the last one says where later ones begin."""

    changes: tuple[Change, ...] = ()
    next_page_token: Text = ""
    new_start_page_token: Text = ""


class StartToken(Answer):
    """Where changes begin that are yet to come."""

    start_page_token: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error's body says."""

    reasons: frozenset[str]  # such as "notFound"
    message: str
    is_of_drive: bool  # whether the body is one that the API gives, and not some proxy's page

    @property
    def shown(self) -> str:
        return ", ".join(part for part in (*sorted(self.reasons), self.message) if part) or "no reason"


def fault_of(body: bytes, media_type: str = "") -> Fault:
    """Read an error's body; one that is no JSON gives no reasons."""
    try:
        error = json.loads(body)["error"]
        reasons = frozenset(_reasons(error))
        message = str(error.get("message", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Fault(frozenset(), "", is_of_drive="html" not in media_type.lower())
    return Fault(reasons, " ".join(message.split())[:LONGEST_MESSAGE], is_of_drive=True)


def _reasons(error: dict[str, Any]) -> Iterator[str]:
    for part in (*error.get("errors", ()), *error.get("details", ())):
        if isinstance(part.get("reason"), str):
            yield part["reason"]
