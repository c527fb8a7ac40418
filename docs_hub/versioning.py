"""Former texts of documents: what is kept when a sync finds another text, who may read it, and what goes again.

A former text is for those who could read the document up to then; a document that was out of the index had no readers.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from docs_hub.found import content_id
from docs_hub.models import Document, TextVersion
from docs_hub.readership import is_listed, readers_of
from docs_hub.thinning import Kept, surplus
from mageos_portal.audience import Visibility


@dataclass(frozen=True, slots=True)
class Former:
    """What a document was before a sync wrote another text to it."""

    document: Document
    text: str
    digest: str
    changed_at: datetime | None
    visibility: str
    team: str

    @classmethod
    def of(cls, document: Document) -> "Former":
        """Remember a document as it is; its collection is read already."""
        visibility, team = readers_of(document) if is_listed(document) else (Visibility.STAFF, "")
        return cls(document, document.text, document.digest, document.changed_at, visibility, team)

    @property
    def is_worth_keeping(self) -> bool:
        """Tell whether somebody wrote another text; the same one may only be rendered in another way."""
        if not self.text:
            return False
        before, now = content_id(self.digest), content_id(self.document.digest)
        return not self.document.text or not before or before != now


def keep_former(formers: Sequence[Former], now: datetime) -> None:
    """Keep texts that others took the place of, and thin out; within the transaction that writes the documents."""
    wanted = [former for former in formers if former.is_worth_keeping]
    returned = [former.document for former in formers if not former.text]
    if not wanted and not returned:
        return
    rows = _rows([former.document.pk for former in formers])
    _forget_current(returned, rows)
    made = [_version(former, rows.get(former.document.pk, []), now) for former in wanted]
    TextVersion.objects.bulk_create(made)
    for version in made:
        rows.setdefault(version.document_id, []).append(version)
    _thin_out(rows)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _rows(documents: Iterable[int]) -> dict[int, list[TextVersion]]:
    """Give what is kept by document, the oldest first; the texts stay in the database."""
    rows: dict[int, list[TextVersion]] = {}
    for version in TextVersion.objects.filter(document__in=documents).order_by("number").light():
        rows.setdefault(version.document_id, []).append(version)
    return rows


def _forget_current(returned: Iterable[Document], rows: Mapping[int, list[TextVersion]]) -> None:
    """Forget former texts that are the document's again, after a time in which it showed none."""
    for document in returned:
        kept = rows.get(document.pk)
        if kept and kept[-1].sha256 == sha256_of(document.text):
            kept.pop().delete()


def _version(former: Former, kept: Sequence[TextVersion], now: datetime) -> TextVersion:
    return TextVersion(
        document=former.document,
        number=kept[-1].number + 1 if kept else 1,
        sha256=sha256_of(former.text),
        size=len(former.text.encode()),
        changed_at=former.changed_at,
        replaced_at=now,
        visibility=former.visibility,
        team=former.team,
        text=former.text,
    )


def _thin_out(rows: Mapping[int, Sequence[TextVersion]]) -> None:
    for document, versions in rows.items():
        kept = [Kept(version.number, version.replaced_at, version.size) for version in versions]
        if numbers := surplus(kept):
            TextVersion.objects.filter(document=document, number__in=numbers).delete()
