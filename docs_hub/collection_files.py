"""Collections as a TOML file has them: checked on reading, every fault at once."""

import re
import tomllib
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from docs_hub.folder_addresses import folder_named

SLUG = re.compile(r"[a-zA-Z0-9_-]{1,50}")
OF_REPOSITORIES = frozenset({"repository", "branch", "path", "public_path", "preference"})
OF_DRIVE = frozenset({"folder", "resource_key", "members_are", "team_is"})
KINDS = {"updates": OF_REPOSITORIES, "pages": OF_REPOSITORIES, "drive": OF_DRIVE, "links": frozenset[str]()}


class CollectionFileError(Exception):
    """The file cannot be used; nothing was changed. Holds every fault, each with the key that it is about."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise ValueError(f"{text!r} is no part of an address: take up to 50 letters, digits, - and _")
    return text


def _team(text: str) -> str:
    return _slug(text) if text else text


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.username or not parts.path.strip("/"):
        raise ValueError("is no https address without login")  # which is not shown: it may hold a secret
    return text.rstrip("/")


def _directory(text: str) -> str:
    parts = [part for part in text.split("/") if part]
    if {".", ".."} & {*parts}:
        raise ValueError(f"{text!r} must be written from the top of the repository, without . and ..")
    return "/".join(parts)


Slug = Annotated[str, AfterValidator(_slug)]
Directory = Annotated[str, Field(max_length=300), AfterValidator(_directory)]


class CollectionEntry(BaseModel):
    """One collection; its keys are the fields of models.Collection."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)

    slug: Slug
    title: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["updates", "pages", "drive", "links"]
    visibility: Literal["public", "members", "team"] = "public"
    team: Annotated[str, AfterValidator(_team)] = ""
    is_active: bool = True
    repository: Annotated[str, Field(max_length=500), AfterValidator(_address)] = ""
    branch: Annotated[str, Field(max_length=200)] = ""
    path: Directory = ""
    public_path: Directory = ""
    preference: Annotated[int, Field(ge=0, le=32_767)] = 0
    folder: Annotated[str, Field(max_length=1000)] = ""
    resource_key: Annotated[str, Field(max_length=200)] = ""
    members_are: Annotated[str, Field(max_length=500)] = ""
    team_is: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _fits_together(self) -> "CollectionEntry":
        faults = []
        if self.visibility == "team" and not self.team:
            faults.append("name the team that may see it: team")
        if KINDS[self.kind] is OF_REPOSITORIES and not self.repository:
            faults.append("name the repository that it comes from: repository")
        if self.kind == "drive" and folder_named(self.folder, self.resource_key) is None:
            faults.append("folder must be the address of a folder in Drive, or its id")
        foreign = (self.model_fields_set & (OF_REPOSITORIES | OF_DRIVE)) - KINDS[self.kind]
        if foreign:
            faults.append(f"a collection of the kind {self.kind} has no {', '.join(sorted(foreign))}")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def values(self) -> dict[str, Any]:
        """Give what the collection is to have, without its slug."""
        found = folder_named(self.folder, self.resource_key) if self.kind == "drive" else None
        drive = {"folder": found.id, "resource_key": found.key} if found else {}
        return self.model_dump(exclude={"slug"}) | drive


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    collection: Annotated[list[CollectionEntry], Field(min_length=1)]


def read(content: bytes) -> tuple[CollectionEntry, ...]:
    """Read a file. Raises: CollectionFileError."""
    try:
        values = tomllib.loads(content.decode().removeprefix("\ufeff"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as failure:
        raise CollectionFileError([f"is no TOML: {failure}"]) from failure
    try:
        entries = tuple(_File.model_validate(values).collection)
    except ValidationError as failure:
        raise CollectionFileError([_sentence(fault, values) for fault in failure.errors()]) from failure
    slugs = [entry.slug for entry in entries]
    if twice := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        raise CollectionFileError([f"slug {slug!r} is there twice; give each collection its own" for slug in twice])
    return entries


def _sentence(fault: Any, values: dict[str, Any]) -> str:
    """Say what is wrong with which key of which collection."""
    _, number, *keys = (*fault["loc"], "", "")[: len(fault["loc"]) + 2]
    place = f"collection {_named(values, number)}" if isinstance(number, int) else str(fault["loc"][0])
    names = [str(key) for key in keys if key != "" and not str(key).startswith(("literal", "function"))]
    unknown = "there is no such key"
    message = unknown if fault["type"] == "extra_forbidden" else str(fault["msg"]).removeprefix("Value error, ")
    return f"{': '.join((place, *names))}: {message}"


def _named(values: dict[str, Any], number: int) -> str:
    entry = values["collection"][number]
    slug = entry.get("slug") if isinstance(entry, dict) else None
    return f"{number + 1} ({slug})" if isinstance(slug, str) else str(number + 1)
