"""Files of Drive as documents: where people open them, whether they changed, and reading their text."""

import time
from dataclasses import dataclass

from docs_hub.drive import LARGEST_TEXT, Drive
from docs_hub.drive_answers import File
from docs_hub.drive_errors import RefusedError, TooLargeError, UnreachableError
from docs_hub.drive_texts import content_of, export_type, is_text
from docs_hub.findings import warning
from docs_hub.found import CLOSED, Content, ContentError

LONGEST_ADDRESS, LONGEST_DIGEST = 1000, 64  # characters
NO_TIME = "no time was left to read it; the next sync does"
MEANINGS = {
    "exportSizeLimitExceeded": "too-large",
    "cannotExportFile": "no-download",
    "cannotDownloadFile": "no-download",
}


def digest_of(file: File) -> str:
    """Name the content: bytes by their checksum, documents of Google's editors by a version that each change raises.

    The time of the last change will not do alone: programs may set it to what they like.
    """
    closed = CLOSED if is_closed(file) else ""
    if file.md5_checksum:
        return f"{closed}md5:{file.md5_checksum}"[:LONGEST_DIGEST]
    changed = file.version or (file.modified_time.isoformat() if file.modified_time else "")
    return f"{closed}version:{changed}"[:LONGEST_DIGEST]


def is_closed(file: File) -> bool:
    """Tell whether its owner lets readers neither copy nor download it; an editor's account could."""
    return file.copy_requires_writer_permission or file.capabilities.can_download is False


def address_of(file: File) -> str:
    """Give where people open it; Drive's own link holds the resource key."""
    link = file.web_view_link
    if link.startswith("https://") and link.isascii() and link.isprintable() and len(link) <= LONGEST_ADDRESS:
        return link
    return f"https://drive.google.com/open?id={file.id}"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads documents until its time is over."""

    drive: Drive
    ends: float  # on the monotonic clock

    def read(self, file: File) -> Content:
        """Give a document's text, or why it has none here.

        Raises:
            ContentError: the next sync may have more luck.
            DriveError: nothing more can be read at all.
        """
        if not export_type(file) and not is_text(file):
            return Content("")
        if is_closed(file):
            return _without("no-download", "its owner lets nobody copy it: it is found by its name only")
        if (file.size or 0) > LARGEST_TEXT and not export_type(file):
            return _without("too-large", "it is too large to be read: it is found by its name only")
        if time.monotonic() > self.ends:
            raise ContentError(NO_TIME)
        return self._fetched(file)

    def _fetched(self, file: File) -> Content:
        media_type = export_type(file)
        try:
            raw = self.drive.exported(file.ref, media_type) if media_type else self.drive.content(file.ref)
        except TooLargeError as error:
            return _without("too-large", f"it is found by its name only: {error}")
        except RefusedError as error:
            if "notFound" in error.reasons:
                raise ContentError(f"it went while it was being read: {error}") from error
            code = next((MEANINGS[reason] for reason in error.reasons if reason in MEANINGS), "not-exported")
            return _without(code, f"it is found by its name only: {error}")
        except UnreachableError as error:
            raise ContentError(str(error)) from error
        return content_of(file, raw)


def _without(code: str, sentence: str) -> Content:
    return Content("", findings=(warning(code, sentence),))
