"""All that was said to all versions, as files for people who have to prove it."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from community.models import Agreement

COLUMNS = (
    "uuid", "subject", "account", "email", "act", "kind", "version", "locale", "effective_at", "text_sha256", "label",
    "method", "at", "address_verified_at", "request_id",
)  # fmt: skip
FIELDS = (
    "uuid", "subject", "account__username", "account__email", "act", "version__kind", "version__number",
    "version__locale", "version__effective_at", "text_sha256", "label", "method", "at", "address_verified_at",
    "request_id",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # what sheets would compute
AT_ONCE = 500  # rows


class _Line:
    """What a writer of CSV writes to: it hands each line on."""

    def write(self, line: str) -> str:
        return line


def as_csv() -> Iterator[str]:
    """Give a file of comma-separated values, line by line; no cell of it is a formula to a sheet."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for row in _rows():
        yield writer.writerow([harmless(row[name]) for name in COLUMNS])


def as_json() -> Iterator[str]:
    """Give a JSON list, one object a line."""
    before = "[\n"
    for row in _rows():
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def harmless(value: Any) -> str:
    """Give a cell that a sheet takes as text."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) or text.startswith(("\t", "\r", "\n")) else text


def _rows() -> Iterator[dict[str, Any]]:
    found = Agreement.objects.order_by("pk").values_list(*FIELDS)
    for values in found.iterator(chunk_size=AT_ONCE):
        yield {name: _plain(value) for name, value in zip(COLUMNS, values, strict=True)}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, int | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
