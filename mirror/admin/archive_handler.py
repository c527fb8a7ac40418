"""How archives that a browser sends come into an inbox, as they arrive."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload

from mirror.inbox import FileRefusedError, Inbox, InboxFullError

FIELD = "archives"


class ArchiveHandler(FileUploadHandler):
    """Gives the files of one field to an inbox, and drops all others."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__()
        self._inbox = inbox

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        try:
            self._inbox.expect(content_length)
        except InboxFullError:
            return  # the first file stops it; the fields before it are still read

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, *args, **kwargs)
        if field_name != FIELD:
            raise SkipFile
        self._try(lambda: self._inbox.begin(self.file_name or ""))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._try(lambda: self._inbox.write(raw_data))

    def file_complete(self, file_size: int) -> None:
        self._try(self._inbox.end)

    def _try(self, take: Any) -> None:
        if self._inbox.fault:
            raise StopUpload
        try:
            take()
        except FileRefusedError as refusal:
            raise SkipFile from refusal
        except InboxFullError as refusal:
            raise StopUpload from refusal
