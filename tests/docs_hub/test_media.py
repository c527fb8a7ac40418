"""Pictures: which are kept, how large, and what is taken out of them."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from PIL import Image

from docs_hub import media
from docs_hub.media import LARGEST_COPY, LARGEST_FILE, WIDEST, PictureError, keep
from tests.support.clones import picture


def stored(name: str) -> bytes:
    with storages["media"].open(name) as file:
        return bytes(file.read())


def kept(name: str) -> Image.Image:
    return Image.open(io.BytesIO(stored(name)))


def noise(kind: str, size: tuple[int, int], mode: str = "RGB", **options: Any) -> bytes:
    written = io.BytesIO()
    Image.effect_noise(size, 100).convert(mode).save(written, kind, **options)
    return written.getvalue()


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"), ("WEBP", "webp")])
def test_a_small_picture_is_kept_as_it_is_under_the_name_of_its_content(kind: str, suffix: str) -> None:
    content = picture(kind)
    found = keep(content)
    assert (found.width, found.height, Path(found.name).suffix) == (8, 4, f".{suffix}")
    assert stored(found.name) == content
    assert keep(content) == found


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_wide_picture_becomes_narrower(kind: str) -> None:
    found = keep(picture(kind, (WIDEST + 400, 120)))
    assert (found.width, kept(found.name).width) == (WIDEST, WIDEST)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "I;16"])
def test_a_large_file_becomes_smaller(mode: str) -> None:
    written = io.BytesIO()
    noisy = Image.effect_noise((1400, 1300), 100)
    (noisy.convert("I") if mode == "I;16" else noisy).convert(mode).save(written, "PNG", compress_level=0)
    assert len(written.getvalue()) > LARGEST_COPY
    found = keep(written.getvalue())
    assert (found.width, found.height) == (1400, 1300)
    assert len(stored(found.name)) < LARGEST_COPY


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_a_camera_told_is_taken_out_and_the_picture_stands_upright(kind: str) -> None:
    told = Image.Exif()
    told[0x0112], told[0x010F] = 6, "Camera of somebody"  # turned, and by whom
    content = noise(kind, (40, 20), exif=told)
    found = keep(content)
    copy = kept(found.name)
    assert (copy.size, dict(copy.getexif())) == ((20, 40), {})
    assert b"somebody" not in stored(found.name)


def test_a_picture_with_a_second_one_behind_it_is_kept_as_one() -> None:
    written = io.BytesIO()
    first, second = Image.new("RGB", (8, 4)), Image.new("RGB", (8, 4), "red")
    first.save(written, "MPO", save_all=True, append_images=[second])
    assert keep(written.getvalue()).name.endswith(".jpg")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no picture"),
        (picture("BMP"), "use PNG, JPEG, GIF or WebP"),
        (picture("TIFF"), "use PNG, JPEG, GIF or WebP"),
        (picture("PNG")[:40], "no picture"),
        (picture("JPEG")[:200], "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
        (b"x" * (LARGEST_FILE + 1), "more than"),
        (picture("PNG", (9000, 7000)), "too many pixels"),
        (picture("PNG", (20_000, 20_000)), "too many pixels"),
    ],
)
def test_what_is_no_picture_that_we_show_is_refused(content: bytes, fault: str) -> None:
    with pytest.raises(PictureError, match=fault):
        keep(content)


def test_the_name_says_the_kind_that_is_in_it() -> None:
    assert media.keep(picture("PNG")).name.startswith("updates/")
