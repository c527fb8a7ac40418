"""The kinds of values that recipes are made of, each checked on load."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from mirror.composer.constraints import InvalidConstraintError
from mirror.composer.constraints import parse as parse_constraint
from mirror.composer.names import is_package_name, is_platform
from mirror.composer.versions import InvalidVersionError, normalize
from mirror.releases import parse_range

LINK_SECTIONS = ("require", "require-dev", "suggest", "conflict", "replace", "provide")
GIT_ID = re.compile(r"[0-9a-f]{40}")
KEY = re.compile(r"[a-z0-9][a-z0-9._-]*")


def matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return AfterValidator(check)


def _check_url(url: str) -> str:
    if not re.fullmatch(r"https://[^\s@?#]+", url):
        raise ValueError("is not an https URL without login")  # which is not shown: it may hold a secret
    return url


def _check_name(name: str) -> str:
    if not (is_package_name(name) or is_platform(name)):
        raise ValueError(f"{name!r} is not a package name (vendor/name in lower case)")
    return name


def _check_version(version: str) -> str:
    try:
        normalize(version)
    except InvalidVersionError as error:
        raise ValueError(f"{version!r} is not a version") from error
    return version


def _check_range(text: str) -> str:
    try:
        parse_range(text)
    except InvalidVersionError as error:
        raise ValueError(f"{text!r} is not a release or a range a..b") from error
    return text


def _check_constraint(text: str) -> str:
    try:
        parse_constraint(text)
    except InvalidConstraintError as error:
        raise ValueError(f"{text!r} is not a constraint") from error
    return text


def _check_directory(path: str) -> str:
    if path.startswith("/") or path.endswith("/") or ".." in path.split("/"):
        raise ValueError(f"{path!r} is not a directory relative to the repository root")
    return path


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Url = Annotated[str, AfterValidator(_check_url)]
Key = Annotated[str, matching(KEY, "a key (lower-case letters, digits, . _ -)")]
GitId = Annotated[str, matching(GIT_ID, "a full git id (40 hex digits)")]
Name = Annotated[str, AfterValidator(_check_name)]
Version = Annotated[str, AfterValidator(_check_version)]
Text = Annotated[str, Field(min_length=1)]
Directory = Annotated[str, AfterValidator(_check_directory)]
Ranges = Annotated[tuple[Annotated[str, AfterValidator(_check_range)], ...], BeforeValidator(_as_list)]
Links = dict[Name, Annotated[str, AfterValidator(_check_constraint)]]
Suggestions = dict[Name, str]
Section = Literal["require", "require-dev", "suggest", "conflict", "replace", "provide"]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
