"""Mails that a portal of the tests wrote into a directory."""

import re
from pathlib import Path

CODE = re.compile(r"^([A-Z0-9]{4}-[A-Z0-9]{4})$", re.MULTILINE)


def code_in(directory: Path) -> str:
    """Give the code of the newest mail."""
    newest = max(directory.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    found = CODE.findall(newest.read_text(encoding="utf-8"))
    assert found, newest.read_text(encoding="utf-8")
    return str(found[-1])
