"""The secret key of an installation that was not given one."""

import os
import secrets
import tempfile
from pathlib import Path

FILE_NAME = "secret_key"


def generated_secret_key(data_dir: Path) -> str:
    """Return the key kept in the data directory, made on first use.

    Safe when several processes start at once: all get the key of the one that was first.
    """
    path = data_dir / FILE_NAME
    if not path.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii")


def _write_once(path: Path, key: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        Path(path).hardlink_to(name)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()
