"""What the docs hub remembers."""

from docs_hub.models.collections import Collection, Run
from docs_hub.models.documents import Document
from docs_hub.models.updates import Alias, Category, KeptPicture, SourceFile, Update

__all__ = ["Alias", "Category", "Collection", "Document", "KeptPicture", "Run", "SourceFile", "Update"]
