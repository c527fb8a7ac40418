"""Data for search engines, as it can stand within a page."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.safestring import SafeString, mark_safe

ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}  # within a script element


def as_script(data: Mapping[str, Any]) -> SafeString:
    """Write data as the content of a script element, which no text in it can end."""
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(ESCAPED))  # noqa: S308 - nothing is left to escape
