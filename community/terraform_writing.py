"""Writes an organization as the file of variables that OpenTofu reads, and as HCL for people.

Equal organizations give equal bytes. Absent options are left out, never null: the configuration's
``try(…, default)`` takes null for a value.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from community.permissions import Organization

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z", re.ASCII)
NOT_PLAIN = re.compile(r'["\\\x00-\x1f\x7f\x85\u2028\u2029]|[$%](?=\{)')
SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def write_tfvars(organization: Organization) -> bytes:
    """Give ``portal.auto.tfvars.json``: sorted keys, two spaces, one newline at the end."""
    text = json.dumps(organization.as_data(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def write_preview(organization: Organization) -> str:
    """Give the same data in the layout of ``variables.tf``, to be read and not to be applied."""
    data = sorted(organization.as_data().items())
    return "\n".join(f'variable "{_escaped(key)}" {{\n  default = {_section(value)}\n}}\n' for key, value in data)


def _section(value: Any) -> str:
    """Give a map of entries with one option a line, and anything else in one line."""
    if not isinstance(value, dict) or not value:
        return _inline(value)
    entries = (f"    {_key(key)} = {_entry(held)}\n" for key, held in sorted(value.items()))
    return "{\n" + "\n".join(entries) + "  }"


def _entry(value: Any) -> str:
    if not isinstance(value, dict) or not value:
        return _inline(value)
    return "{\n" + "".join(_options(value)) + "    }"


def _options(entry: dict[str, Any]) -> Iterator[str]:
    width = max(len(_key(key)) for key in entry)
    for key, value in sorted(entry.items()):
        yield f"      {_key(key):{width}} = {_inline(value)}\n"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_inline(held)}" for key, held in sorted(value.items()))
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_inline(held) for held in value)}]"
    return f'"{_escaped(value)}"' if isinstance(value, str) else json.dumps(value)


KEYWORDS = {"for", "if", "in", "else", "endif", "endfor", "for_each", "null", "true", "false"}


def _key(key: str) -> str:
    return key if WORD.match(key) and key not in KEYWORDS else f'"{_escaped(key)}"'


def _escaped(text: str) -> str:
    return NOT_PLAIN.sub(lambda found: SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text)
