"""What kind of document something is, guessed by the words of its name; staff may say otherwise."""

import re

KINDS = {
    "vision": "vision",
    "mission": "vision",
    "statutes": "statutes",
    "bylaws": "statutes",
    "charter": "statutes",
    "minutes": "minutes",
    "protocol": "minutes",
    "design": "design",
    "architecture": "design",
    "rfc": "design",
    "adr": "design",
    "role": "role",
    "roles": "role",
}
OTHER = "other"
WORD = re.compile(r"[a-z]+")


def kind_of(folder: str, title: str) -> str:
    """Give a kind as models.Document.Kind has it; the title's words count before those of the nearest folders."""
    words = WORD.findall(title.lower()) + WORD.findall(folder.lower())[::-1]
    return next((KINDS[word] for word in words if word in KINDS), OTHER)
