"""What the docs hub remembers."""

from docs_hub.models.checked_links import CheckedLink
from docs_hub.models.collections import Collection, Run
from docs_hub.models.documents import Document
from docs_hub.models.drive_listings import DriveListing, DriveTree
from docs_hub.models.offered_links import OfferedLink
from docs_hub.models.text_versions import TextVersion
from docs_hub.models.updates import Alias, Category, KeptPicture, SourceFile, Update

__all__ = [
    "Alias",
    "Category",
    "CheckedLink",
    "Collection",
    "Document",
    "DriveListing",
    "DriveTree",
    "KeptPicture",
    "OfferedLink",
    "Run",
    "SourceFile",
    "TextVersion",
    "Update",
]
