"""Where this installation keeps what."""

from pathlib import Path

from django.conf import settings


def data_dir() -> Path:
    """Give the directory of what is served; several machines may share it."""
    return Path(settings.PORTAL_DATA_DIR)


def work_dir() -> Path:
    """Give the directory of this machine's own locks and clones."""
    return Path(settings.PORTAL_WORK_DIR or settings.PORTAL_DATA_DIR)


def hidden(text: str) -> str:
    """Take the places of this machine out of a text that others may read."""
    named = {work_dir(): "<work>", data_dir(): "<data>", settings.BASE_DIR: "<portal>", Path.home(): "<home>"}
    for place in sorted(named, key=lambda place: -len(str(place))):
        if len(place.parts) > 1:
            text = text.replace(str(place), named[place])
    return text
