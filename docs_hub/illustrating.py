"""Pictures that a text of a repository names: copies of ours, made once for each file."""

from docs_hub.findings import Finding, warning
from docs_hub.media import LARGEST_FILE, PictureError, keep
from docs_hub.models import KeptPicture
from docs_hub.pictures import PUBLIC, ImageRef, repository_paths
from docs_hub.repository import Blob, RepositoryError, Snapshot

MEDIA = "/media/"
LONGEST_FAULT = 200  # characters


class Pictures:
    """Gives the addresses of our copies of the pictures of one text."""

    def __init__(self, snapshot: Snapshot, path: str, public: str = "") -> None:
        """``public`` is the directory of what the text calls /…"""
        self._snapshot, self._path, self._public = snapshot, path, public or PUBLIC
        self.findings: list[Finding] = []

    def resolve(self, address: str) -> str | None:
        """Give the address of our copy of a picture; None if there is none, which is noted."""
        paths = repository_paths(address, self._path, self._public)
        blob = next((blob for path in paths if (blob := self._snapshot.find(path))), None)
        if blob is None:
            return None
        name, fault = self._kept(blob)
        if fault:
            self.findings.append(warning("image-unusable", f"{self._path}: picture {address} {fault}"))
        return f"{MEDIA}{name}" if name else None

    def lead(self, image: ImageRef | None) -> str:
        """Give the address of the picture above a text; ``""`` if there is none."""
        if image is None:
            return ""
        found = self.resolve(image.address)
        if found is None:
            message = f"{self._path}: its picture {image.address} is not there; add it or take it out"
            self.findings.append(warning("image-missing", message))
        return found or ""

    def _kept(self, blob: Blob) -> tuple[str, str]:
        """Give the name of our copy, or why there is none."""
        known = KeptPicture.objects.filter(blob=blob.id).values_list("name", "fault").first()
        if known:
            return known
        try:
            name, fault = keep(self._snapshot.read(blob, LARGEST_FILE + 1)).name, ""
        except PictureError as failure:
            name, fault = "", str(failure)[:LONGEST_FAULT]
        except RepositoryError as failure:  # that may be another time
            return "", str(failure)
        KeptPicture.objects.get_or_create(blob=blob.id, defaults={"name": name, "fault": fault})
        return name, fault
