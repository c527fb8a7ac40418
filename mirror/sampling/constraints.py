"""Versions for stand-ins, chosen from what is required of them."""

import re

_NUMBERS = 3


def lowest_version(constraint: str) -> str:
    """Give the lowest version of the last alternative: 2.0.0 for ``^1.9 || ^2.0``, 1.0.0 for ``*``."""
    last = re.split(r"\s*\|\|?\s*", constraint)[-1]
    numbers, dash, suffix = last.lstrip("^~>=v ").partition("-")
    if numbers in {"", "*"}:
        return "1.0.0"
    parts = numbers.replace("*", "0").split(".")
    return ".".join([*parts, *["0"] * (_NUMBERS - len(parts))]) + dash + suffix
