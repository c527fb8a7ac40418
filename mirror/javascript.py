"""JSON exactly as JavaScript reads and writes it: `JSON.parse`, `JSON.stringify(value, null, 2)`.

Published archives contain composer.json files that a JavaScript program wrote, and their
checksums are in people's lock files: one byte more is a broken install.
"""

import codecs
import json
import re
from collections.abc import Callable, ItemsView, Iterable
from json.encoder import encode_basestring
from math import isfinite
from types import NoneType
from typing import Any, Final, NoReturn

NESTING_LIMIT: Final = 200

_TOO_DEEP: Final = f"is nested more than {NESTING_LIMIT} levels deep"
_SAFE_DIGITS: Final = 15  # any integer of so many digits is exact as a double
_SAFE_INTEGER: Final = 2**53
_DECIMAL_POINT_LIMIT: Final = 21  # from 1e21 on, JavaScript writes an exponent
_LEADING_ZEROS_LIMIT: Final = -6  # and below 1e-6
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_INDEX_LIMIT: Final = 2**32 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")


class InvalidJsonError(ValueError):
    """`JSON.parse` would throw, or the nesting is out of all reason; the message says where."""


def parse(data: bytes) -> Any:
    """Return what `JSON.parse` makes of UTF-8 text; of a key given twice the last value counts.

    Numbers are doubles, as in JavaScript; integers of up to 15 digits come as int.
    Raises: InvalidJsonError.
    """
    if data.startswith(codecs.BOM_UTF8):
        raise InvalidJsonError("begins with a byte order mark; save it without one")
    try:
        value = _DECODER.decode(data.decode())
    except UnicodeDecodeError as error:
        raise InvalidJsonError(f"is not UTF-8: byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise InvalidJsonError(f"is not JSON: {error}") from error
    except RecursionError as error:
        raise InvalidJsonError(_TOO_DEEP) from error
    if data.count(b"[") + data.count(b"{") > NESTING_LIMIT and _is_too_deep(value):
        raise InvalidJsonError(_TOO_DEEP)
    return value


def stringify(value: Any) -> str:
    """Return `JSON.stringify(value, null, 2)` of a value that `parse` returned."""
    try:
        text = _write(value, "\n")
    except KeyError as error:
        raise TypeError(f"{error.args[0]} is not a type that JSON has") from error
    return text if text.isascii() else _SURROGATE.sub(_escape, text)


def _read_integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _SAFE_DIGITS else float(digits)


def _refuse(constant: str) -> NoReturn:
    raise InvalidJsonError(f"is not JSON: {constant} is no number there")


_DECODER: Final = json.JSONDecoder(parse_int=_read_integer, parse_constant=_refuse)


def _is_too_deep(value: dict[str, Any] | list[Any]) -> bool:
    level = [value]
    for _ in range(NESTING_LIMIT):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def _write(value: Any, newline: str) -> str:
    return _WRITERS[type(value)](value, newline)


def _write_object(value: dict[str, Any], newline: str) -> str:
    if not value:
        return "{}"
    items: Iterable[tuple[str, Any]] = value.items()
    if any(map(str.isdigit, value)):
        items = _indices_first(value.items())
    inner = f"{newline}  "
    members = [f"{encode_basestring(key)}: {_write(member, inner)}" for key, member in items]
    return f"{{{inner}{f',{inner}'.join(members)}{newline}}}"


def _write_array(value: list[Any], newline: str) -> str:
    if not value:
        return "[]"
    inner = f"{newline}  "
    return f"[{inner}{f',{inner}'.join([_write(member, inner) for member in value])}{newline}]"


def _indices_first(items: ItemsView[str, Any]) -> list[tuple[str, Any]]:
    """Order as JavaScript objects do: array indices ascending, then the rest as it came."""
    indices = [item for item in items if _is_index(item[0])]
    others = [item for item in items if not _is_index(item[0])]
    return sorted(indices, key=lambda item: int(item[0])) + others


def _is_index(key: str) -> bool:
    return _INDEX.fullmatch(key) is not None and int(key) < _INDEX_LIMIT


def _write_integer(value: int, _: str) -> str:
    return str(value) if abs(value) <= _SAFE_INTEGER else _write_number(float(value), _)


def _write_number(value: float, _: str) -> str:
    """Write a double: the shortest digits that read back as it, as Python finds them, too."""
    if not isfinite(value):
        return "null"
    text = repr(value)
    if "e" not in text:
        return "0" if text == "-0.0" else text.removesuffix(".0")
    mantissa, exponent = text.split("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    return sign + _place_point(whole + fraction, int(exponent) + 1)


def _place_point(digits: str, point: int) -> str:
    if len(digits) <= point <= _DECIMAL_POINT_LIMIT:
        return digits.ljust(point, "0")
    if _LEADING_ZEROS_LIMIT < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _escape(surrogate: re.Match[str]) -> str:
    return f"\\u{ord(surrogate[0]):04x}"


_WRITERS: Final[dict[type, Callable[[Any, str], str]]] = {
    str: lambda value, _: encode_basestring(value),
    dict: _write_object,
    list: _write_array,
    bool: lambda value, _: "true" if value else "false",
    NoneType: lambda _value, _: "null",
    int: _write_integer,
    float: _write_number,
}
