"""Metadata files: the same versions always give the same bytes, as clients read them."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.composer.minify import expand
from mirror.composer.versions import normalize, sort_key
from mirror.metadata import (
    AFTER_DIST,
    BEFORE_DIST,
    VersionEntry,
    body_of,
    compact,
    dist_path,
    manifest_file,
    package_files,
    rfc3339,
    root_file,
    version_object,
)

BASE = "https://repo.example.org/d/shop/"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# In the order that packagist.org uses.
ORDER = [
    "name", "description", "keywords", "homepage", "version", "version_normalized", "license", "authors", "dist",
    "type", "support", "funding", "time", "autoload", "autoload-dev", "extra", "bin", "include-path", "target-dir",
    "php-ext", "require", "require-dev", "suggest", "conflict", "provide", "replace", "abandoned",
]  # fmt: skip
FULL: dict[str, Any] = {
    "name": "Acme/Library",
    "description": "Ünïcode / slash",
    "version": "1.0.0",
    "type": "Library",
    "license": "MIT",
    "keywords": ["a"],
    "homepage": "https://example.org",
    "authors": [{"name": "A"}],
    "support": {"issues": "https://example.org"},
    "funding": [{"type": "x", "url": "y"}],
    "time": "1999-01-01",
    "autoload": {"psr-4": {"Z\\": "z", "A\\": "a"}},
    "autoload-dev": {"psr-4": {}},
    "extra": {"map": [["b", "b"], ["a", "a"]], "nothing": None},
    "bin": ["bin/x"],
    "include-path": ["x"],
    "target-dir": "t",
    "php-ext": {"a": 1},
    "require": {"php": ">=8", "Acme/B": "1", "acme/a": "2"},
    "require-dev": {"acme/t": "1"},
    "suggest": {"ext-x": "text"},
    "conflict": {"acme/c": "*"},
    "provide": {"acme/p": "1"},
    "replace": {"acme/r": "self.version"},
    "abandoned": True,
    "scripts": {"x": "y"},
    "config": {},
    "minimum-stability": "dev",
    "repositories": [],
    "source": {"type": "git"},
    "dist": {"type": "evil"},
    "version_normalized": "9",
    "default-branch": True,
    "notification-url": "https://evil.example",
}


def entry(version: str = "1.0.0", *, time: int | None = 1_645_567_342, **composer: Any) -> VersionEntry:
    body = body_of({"name": "acme/library", **composer})
    path = dist_path("acme/library", version)
    return VersionEntry(version, normalize(version), path, SHA1, COMMIT, time, body)


def versions_in(content: bytes, name: str = "acme/library") -> list[dict[str, Any]]:
    file = json.loads(content)
    assert list(file) == ["packages", "minified"]
    assert file["minified"] == "composer/2.0"
    assert list(file["packages"]) == [name]
    return expand(file["packages"][name])


def test_a_body_holds_what_clients_read_and_nothing_else() -> None:
    body = body_of(FULL)
    assert set(body) == set(ORDER) - {"version", "version_normalized", "dist", "time"}
    assert (body["name"], body["type"], body["license"]) == ("acme/library", "library", ["MIT"])


def test_links_are_sorted_by_lower_case_names() -> None:
    assert list(body_of(FULL)["require"].items()) == [("acme/a", "2"), ("acme/b", "1"), ("php", ">=8")]


def test_what_is_null_or_empty_is_left_out() -> None:
    body = body_of({"name": "acme/a", "description": None, "require": [], "suggest": {}, "conflict": None, "type": ""})
    assert body == {"name": "acme/a", "type": "library"}


def test_what_is_below_a_key_stays_as_it_is() -> None:
    body = body_of(FULL)
    assert body["extra"] == {"map": [["b", "b"], ["a", "a"]], "nothing": None}
    assert list(body["autoload"]["psr-4"]) == ["Z\\", "A\\"]


def test_a_composer_json_is_not_changed() -> None:
    before = repr(FULL)
    body_of(FULL)
    assert repr(FULL) == before


def test_a_version_has_its_keys_in_the_order_of_packagist() -> None:
    made = version_object(VersionEntry("1.0.0", "1.0.0.0", "p.zip", SHA1, COMMIT, 0, body_of(FULL)), BASE)
    assert list(made) == ORDER
    assert [key for key in ORDER if key in (*BEFORE_DIST, *AFTER_DIST)] == [*BEFORE_DIST, *AFTER_DIST]


def test_a_version_says_where_its_dist_is_by_an_absolute_address_and_names_no_source() -> None:
    made = version_object(entry("1.0.0-p1"), BASE)
    assert made["dist"] == {
        "type": "zip",
        "url": "https://repo.example.org/d/shop/packages/acme/library-1.0.0-p1.zip",
        "reference": COMMIT,
        "shasum": SHA1,
    }
    assert list(made["dist"]) == ["type", "url", "reference", "shasum"]
    assert "source" not in made
    assert (made["version"], made["version_normalized"]) == ("1.0.0-p1", "1.0.0.0-patch1")


def test_a_version_has_a_time_only_if_it_is_known() -> None:
    assert version_object(entry(), BASE)["time"] == "2022-02-22T22:02:22+00:00"
    assert "time" not in version_object(entry(time=None), BASE)


def test_times_are_of_utc_wherever_this_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert rfc3339(0) == "1970-01-01T00:00:00+00:00"


def test_a_commit_from_before_1970_has_a_time_too() -> None:
    assert rfc3339(-1) == "1969-12-31T23:59:59+00:00"


@pytest.mark.parametrize("seconds", [2**40, 2**63, -(2**62)])
def test_a_commit_of_an_impossible_time_stops_nothing(seconds: int) -> None:
    assert version_object(entry(time=seconds), BASE)


def test_a_package_file_is_minified_and_expands_to_its_versions() -> None:
    entries = [
        entry("1.1.0", description="two", require={"php": "*"}),
        entry("1.0.1", description="two"),
        entry("1.0.0", description="one", extra={"a": 1}, time=None),
    ]
    files = package_files("acme/library", entries, BASE)
    assert list(files) == ["p2/acme/library.json"]
    content = files["p2/acme/library.json"]
    assert versions_in(content) == [version_object(e, BASE) for e in entries]
    second, third = json.loads(content)["packages"]["acme/library"][1:]
    assert set(second) == {"version", "version_normalized", "dist", "require"}
    assert second["require"] == "__unset"
    assert third["time"] == "__unset"


def test_development_versions_have_a_file_of_their_own() -> None:
    versions = ["dev-main", "2.0.x-dev", "1.0.0", "1.0.0-p1-dev", "1.0.0-beta1"]
    files = package_files("acme/library", [entry(version) for version in versions], BASE)
    assert {path: [found["version"] for found in versions_in(content)] for path, content in files.items()} == {
        "p2/acme/library.json": ["1.0.0", "1.0.0-beta1"],
        "p2/acme/library~dev.json": ["dev-main", "2.0.x-dev", "1.0.0-p1-dev"],
    }


def test_a_package_of_development_versions_only_has_both_files() -> None:
    files = package_files("acme/library", [entry("dev-main")], BASE)
    assert versions_in(files["p2/acme/library.json"]) == []
    assert len(versions_in(files["p2/acme/library~dev.json"])) == 1


bodies = st.fixed_dictionaries(
    {},
    optional={
        "description": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        "require": st.dictionaries(
            st.sampled_from(["php", "acme/a", "acme/b", "acme/c"]), st.sampled_from(["*", "^1"])
        ),
        "extra": st.sampled_from([{"a": 1}, {"a": True}, {"a": 1.0}, {"a": None}, [], {}]),
        "type": st.sampled_from(["library", "module"]),
    },
)


@given(st.dictionaries(st.sampled_from(["1.0.0", "1.0.1", "1.1.0-beta1", "dev-x", "2.0.0"]), bodies), st.randoms())
@settings(deadline=None)
def test_the_same_versions_give_the_same_bytes_in_whatever_order_their_links_come(
    found: dict[str, dict[str, Any]], random: Any
) -> None:
    def files(*, shuffled: bool) -> dict[str, bytes]:
        entries = []
        for version in sorted(found, key=lambda v: sort_key(normalize(v)), reverse=True):
            composer = dict(found[version])
            if shuffled:
                composer = dict(random.sample(sorted(composer.items(), key=str), len(composer)))
                require = composer.get("require", {})
                composer |= {"require": dict(random.sample(sorted(require.items()), len(require)))} if require else {}
            entries.append(entry(version, **composer))
        return package_files("acme/library", entries, BASE)

    plain = files(shuffled=False)
    assert plain == files(shuffled=True)
    expanded = {found["version"] for content in plain.values() for found in versions_in(content)}
    assert expanded == set(found)


@given(bodies, bodies)
@settings(deadline=None)
def test_no_version_has_a_null_at_its_top(first: dict[str, Any], second: dict[str, Any]) -> None:
    files = package_files("acme/library", [entry("1.1.0", **first), entry("1.0.0", **second)], BASE)
    for row in json.loads(files["p2/acme/library.json"])["packages"]["acme/library"]:
        assert None not in row.values()


def test_files_are_compact_and_utf8() -> None:
    content = package_files("acme/library", [entry(description="Ünï/")], BASE)["p2/acme/library.json"]
    assert "Ünï/".encode() in content
    assert b'": ' not in content
    assert b"\n" not in content


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_that_json_does_not_have_is_refused_and_not_written(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        compact({"n": value})


def test_the_root_file_of_exported_files_names_nothing_that_only_a_portal_answers() -> None:
    assert json.loads(root_file(["b/b", "a/a"], BASE, dynamic=False)) == {
        "packages": [],
        "metadata-url": "https://repo.example.org/d/shop/p2/%package%.json",
        "available-packages": ["a/a", "b/b"],
        "warning": "This repository speaks the Composer 2 protocol only; please use Composer 2.",
        "warning-versions": "<1.999",
    }


def test_the_root_file_of_a_portal_adds_absolute_addresses_that_it_answers() -> None:
    root = json.loads(root_file([], BASE, dynamic=True))
    added = {key: root[key] for key in ("notify-batch", "search", "list", "providers-api")}
    assert added == {
        "notify-batch": "https://repo.example.org/d/shop/notify",
        "search": "https://repo.example.org/d/shop/search.json?q=%query%&type=%type%",
        "list": "https://repo.example.org/d/shop/list.json",
        "providers-api": "https://repo.example.org/d/shop/providers/%package%.json",
    }
    assert root["packages"] == []


def test_the_root_file_is_the_same_for_the_same_names() -> None:
    assert root_file(["b/b", "a/a"], BASE, dynamic=True) == root_file(iter(["a/a", "b/b"]), BASE, dynamic=True)


def test_the_manifest_is_what_sha256sum_checks(tmp_path: Path) -> None:
    contents = {"packages.json": b"{}", "p2/a/b.json": b"1", "packages/a/b-1.0.0.zip": b"zip"}
    lines = {}
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
        lines[path] = hashlib.sha256(content).hexdigest()
    manifest = manifest_file(lines)
    assert [line.split("  ")[1] for line in manifest.decode().splitlines()] == sorted(contents)
    assert manifest.endswith(b"\n")
    ran = subprocess.run(
        ["sha256sum", "--check", "--strict"], input=manifest, cwd=tmp_path, capture_output=True, check=True
    )
    assert ran.stdout.count(b": OK\n") == 3


def test_a_manifest_of_nothing_is_empty() -> None:
    assert manifest_file({}) == b""


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("1.0.0", "packages/acme/a-1.0.0.zip"),
        ("2.4.4-p1", "packages/acme/a-2.4.4-p1.zip"),
        ("1.0.0+build.1", "packages/acme/a-1.0.0+build.1.zip"),
        ("dev-feature_x", "packages/acme/a-dev-feature_x.zip"),
    ],
)
def test_a_dist_lies_below_its_vendor_under_its_version(version: str, path: str) -> None:
    assert dist_path("acme/a", version) == path


@pytest.mark.parametrize(
    "version", ["dev-a/b", "dev-a b", "dev-../../x", "dev-é", "dev-a%2e", "dev-\0", "dev-a?b", "dev-a#b"]
)
def test_a_version_that_cannot_stand_in_an_address_has_one_of_its_own_all_the_same(version: str) -> None:
    path = dist_path("acme/a", version)
    assert path.startswith("packages/acme/a-dev-")
    assert path.count("/") == 2
    assert path.isascii()
    assert path.isprintable()
    assert path != dist_path("acme/a", "dev-a-b")
