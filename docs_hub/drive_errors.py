"""Why Google Drive did not give what was asked for. The texts are for staff, and never hold a key or a token.

DriveError
├── AccessError         who the portal says it is, or where it asks, is not accepted
├── UnreachableError    no answer, too many requests, or not an answer of Drive's
│   └── BadRequestError
├── IncompleteError     a part of the folder could not be listed
└── RefusedError        Drive does not show this file, or not this much of it
    └── TooLargeError
"""


class DriveError(Exception):
    """The folder could not be read; what was read before stays as it is, unless Drive refuses the folder itself."""


class AccessError(DriveError):
    """Nothing can be said of any file: the key, the account or the address must be mended first."""


class UnreachableError(DriveError):
    """Nothing can be said of the file; the next sync may have more luck."""


class BadRequestError(UnreachableError):
    """Drive does not understand a parameter, such as the token of a page that is too old."""


class IncompleteError(DriveError):
    """What was listed is up to date; what was not may still be there."""


class RefusedError(DriveError):
    """Drive answered, and the answer is that there is nothing for this account."""

    def __init__(self, sentence: str, reasons: frozenset[str] = frozenset()) -> None:
        self.reasons = reasons  # as Drive calls them: "notFound", "cannotExportFile"
        super().__init__(sentence)


class TooLargeError(RefusedError):
    """There is more than is read."""
