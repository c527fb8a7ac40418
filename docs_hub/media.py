"""Pictures: copies of ours, named by their content, checked and made smaller where needed."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_FILE = 20 * 1024 * 1024  # bytes that are read at all
LARGEST_COPY = 1_500_000  # bytes that a copy may keep as it is
WIDEST = 2000  # pixels
MOST_PIXELS = 60_000_000
KEPT = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
SEVERAL = "MPO"  # JPEG as some cameras write it, with a second picture behind the first


class PictureError(Exception):
    """The file is no picture that we show; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A copy that can be shown."""

    name: str  # below the address of media
    width: int
    height: int


def keep(content: bytes) -> Picture:
    """Keep a copy of a picture; the same picture is kept once.

    Raises:
        PictureError: it is none, is too large, or of a kind that is not shown (vector graphics among them).
    """
    if len(content) > LARGEST_FILE:
        raise PictureError(f"has more than {LARGEST_FILE} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _keep(Image.open(io.BytesIO(content), formats=tuple(KEPT)), content)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as failure:
        raise PictureError("is no picture that can be shown; use PNG, JPEG, GIF or WebP") from failure
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as failure:
        raise PictureError("has too many pixels") from failure


def _keep(picture: Image.Image, content: bytes) -> Picture:
    kind = "JPEG" if picture.format == SEVERAL else picture.format or ""
    if picture.width * picture.height > MOST_PIXELS:
        raise PictureError("has too many pixels")
    picture.load()
    width, height = picture.size
    if len(content) > LARGEST_COPY or width > WIDEST or picture.getexif() or picture.format == SEVERAL:
        content, kind, width, height = _smaller(picture, kind)
    digest = hashlib.sha256(content).hexdigest()
    name = f"updates/{digest[:2]}/{digest[2:34]}.{KEPT[kind]}"
    storage = storages["media"]
    if not storage.exists(name):
        storage.save(name, ContentFile(content))
    return Picture(name, width, height)


def _smaller(picture: Image.Image, kind: str) -> tuple[bytes, str, int, int]:
    """Write a picture anew: upright, no wider than we show, without what its camera told."""
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((WIDEST, WIDEST * 4))
    written = io.BytesIO()
    if kind == "JPEG":
        upright.convert("RGB").save(written, "JPEG", quality=82, optimize=True)
        return written.getvalue(), kind, *upright.size
    upright.convert("RGBA" if upright.has_transparency_data else "RGB").save(written, "WEBP", quality=82)
    return written.getvalue(), "WEBP", *upright.size
