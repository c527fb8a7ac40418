"""Metadata files of a Composer repository, as bytes.

Versions come newest first, keys and links in one fixed order, so that the same versions always
give the same bytes. Source: Composer repository protocol v2 (packages.json, p2, minified lists).
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

from mirror.composer.minify import minify
from mirror.composer.versions import stability

LINKS = ("require", "require-dev", "suggest", "conflict", "provide", "replace")
# What of a composer.json a client reads from a repository, in the order that we emit it.
BEFORE_DIST = ("name", "description", "keywords", "homepage")
AFTER_DIST = (
    "type",
    "support",
    "funding",
    "time",
    "autoload",
    "autoload-dev",
    "extra",
    "bin",
    "include-path",
    "target-dir",
    "php-ext",
    *LINKS,
    "abandoned",
)
ORDER = (*BEFORE_DIST, "version", "version_normalized", "license", "authors", "dist", *AFTER_DIST)
KEPT = frozenset({*BEFORE_DIST, "license", "authors", *AFTER_DIST}) - {"time"}
EARLIEST = -62_135_596_800  # year 1
LATEST = 253_402_300_799  # 9999-12-31, in unix seconds
_UNSAFE = re.compile(r"[^A-Za-z0-9.+_-]")
COMPOSER_1 = "This repository speaks the Composer 2 protocol only; please use Composer 2."


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """One published version as the metadata needs it."""

    version: str
    version_normalized: str
    path: str  # public path of the dist
    sha1: str
    reference: str
    time: int | None  # unix seconds
    body: Mapping[str, Any]  # see `body_of`


def body_of(composer: Mapping[str, Any]) -> dict[str, Any]:
    """Give the part of a composer.json that repositories publish: no nulls, names lower-case."""
    body = {key: value for key, value in composer.items() if key in KEPT and value is not None}
    body["name"] = body["name"].lower()
    body["type"] = str(body.get("type") or "library").lower()
    if isinstance(body.get("license"), str):
        body["license"] = [body["license"]]
    for section in LINKS:
        links = body.get(section)
        if links:
            body[section] = dict(sorted((name.lower(), links[name]) for name in sorted(links)))
        else:
            body.pop(section, None)
    return body


def version_object(entry: VersionEntry, base_url: str) -> dict[str, Any]:
    """Give the version object of p2: ``base_url`` ends with a slash."""
    body = entry.body
    found = {key: body[key] for key in BEFORE_DIST if key in body}
    found |= {"version": entry.version, "version_normalized": entry.version_normalized}
    found |= {key: body[key] for key in ("license", "authors") if key in body}
    found["dist"] = {
        "type": "zip",
        "url": base_url + entry.path,
        "reference": entry.reference,
        "shasum": entry.sha1,
    }
    timed = {**body, "time": rfc3339(entry.time)} if _is_time(entry.time) else body
    found |= {key: timed[key] for key in AFTER_DIST if key in timed}
    return found


def in_order(version: Mapping[str, Any]) -> dict[str, Any]:
    """Give a version object that was read from p2 with its keys in the order in which they are written."""
    return {key: version[key] for key in (*ORDER, *version) if key in version}


def dist_path(name: str, version: str) -> str:
    """Give the public path of a dist; versions that cannot stand in an address get a digest behind."""
    plain = _UNSAFE.sub("-", version)
    if plain != version:
        plain += "-" + hashlib.sha256(version.encode()).hexdigest()[:8]
    return f"packages/{name}-{plain}.zip"


def _is_time(seconds: int | None) -> TypeGuard[int]:
    """Tell whether there is such a time: commits may claim any, and dates end with the year 9999."""
    return seconds is not None and EARLIEST <= seconds <= LATEST


def rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def package_files(name: str, entries: Sequence[VersionEntry], base_url: str) -> dict[str, bytes]:
    """Give ``p2/<name>.json`` and, where there are dev versions, ``p2/<name>~dev.json``.

    ``entries`` are newest first. A package with dev versions only still has the first file.
    """
    stable = [e for e in entries if stability(e.version_normalized) != "dev"]
    dev = [e for e in entries if stability(e.version_normalized) == "dev"]
    files = {f"p2/{name}.json": _package_file(name, stable, base_url)}
    if dev:
        files[f"p2/{name}~dev.json"] = _package_file(name, dev, base_url)
    return files


def _package_file(name: str, entries: Sequence[VersionEntry], base_url: str) -> bytes:
    versions = minify([version_object(entry, base_url) for entry in entries])
    return compact({"packages": {name: versions}, "minified": "composer/2.0"})


def root_file(names: Iterable[str], base_url: str, *, dynamic: bool) -> bytes:
    """Give packages.json; ``dynamic`` adds what only a running portal answers."""
    root: dict[str, Any] = {
        "packages": [],
        "metadata-url": f"{base_url}p2/%package%.json",
        "available-packages": sorted(names),
        "warning": COMPOSER_1,
        "warning-versions": "<1.999",
    }
    if dynamic:
        root |= {
            "notify-batch": f"{base_url}notify",
            "search": f"{base_url}search.json?q=%query%&type=%type%",
            "list": f"{base_url}list.json",
            "providers-api": f"{base_url}providers/%package%.json",
        }
    return compact(root)


def manifest_file(lines: Mapping[str, str]) -> bytes:
    """Give the manifest: ``sha256  path`` lines by path, as ``sha256sum --check`` reads them."""
    return "".join(f"{lines[path]}  {path}\n" for path in sorted(lines)).encode()


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
