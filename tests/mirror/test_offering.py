"""What another mirror says of itself is believed only where it could be served here to the byte."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from mirror import metadata, offering
from mirror.metadata import VersionEntry, compact
from mirror.offering import Manifest, OfferError, read_manifest, read_package, read_root

BASE = "https://repo.example.org/"
SUM = "0" * 64
PATH = "p2/acme/tool.json"
BODY = {"name": "acme/tool", "type": "library", "require": {"php": "^8.1"}, "extra": {"b": 1, "a": [1.5, "ü"]}}


def entry(version: str = "1.0.0", **body: Any) -> VersionEntry:
    path = f"packages/acme/tool-{version}.zip"
    return VersionEntry(version, f"{version}.0", path, "a" * 40, "b" * 40, 1_700_000_000, {**BODY, **body})


def written(*entries: VersionEntry) -> bytes:
    return metadata.package_files("acme/tool", entries or [entry()], BASE)[PATH]


def changed(**keys: Any) -> bytes:
    """Give a metadata file of one version with these keys; None takes one away."""
    body = json.loads(written())
    (version,) = body["packages"]["acme/tool"]
    body["packages"]["acme/tool"] = [{k: v for k, v in {**version, **keys}.items() if v is not None}]
    return compact(body)


def dist(**keys: str) -> dict[str, str]:
    listed = {"type": "zip", "url": f"{BASE}packages/a.zip", "reference": "b" * 40, "shasum": "a" * 40}
    return {**listed, **keys}


def manifest(*paths: str) -> bytes:
    return "".join(f"{SUM}  {path}\n" for path in paths).encode()


def test_a_manifest_is_sorted_by_what_its_files_mean() -> None:
    found = read_manifest(manifest("notes.txt", "packages.json", PATH, "old/tool.zip"), frozenset())
    assert found == Manifest({PATH: SUM}, {"old/tool.zip": SUM}, SUM, ("notes.txt",))
    assert found.names == {"acme/tool"}


@pytest.mark.parametrize(
    "path",
    [
        "../x.zip", "/etc/x.zip", "a//x.zip", "packages/.tmp/x.zip", "packages/x.zip/y.zip", "p2/x.zip", "admin/x.zip",
        "providers/x.zip", "a\\b.zip", "x?.zip", "-x.zip", "x%2f.zip", "p2/acme.json", "p2/Acme/tool.json",
        "p2/acme/tool.json.json", "p2/con/tool.json", f"{'a' * 251}.zip", "a/" * 200 + "x.zip", "p2/../x.json",
    ],
)  # fmt: skip
def test_paths_that_cannot_be_served_are_refused_by_name(path: str) -> None:
    with pytest.raises(OfferError) as caught:
        read_manifest(manifest("packages.json", path), frozenset({"admin"}))
    assert path[:40] in str(caught.value).replace("\\\\", "\\")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no packages.json"),
        (b"hello", "line 1"),
        (manifest("packages.json", "packages.json"), "twice"),
        (manifest("packages.json", "pack ages.zip"), "line 2"),
        (f"{SUM}  packages.json\n{SUM}  ü.zip\n".encode(), "is not a path that is served here"),
        (b"\n" * 500_001, "more than 500,000 lines"),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(OfferError, match=said):
        read_manifest(data, frozenset())


LISTED = Manifest({PATH: SUM}, {}, SUM, ())


@pytest.mark.parametrize("base", [BASE, "http://127.0.0.1:8000/d/x/", "file:///srv/export/"])
def test_the_base_is_told_by_the_root(base: str) -> None:
    assert read_root(metadata.root_file(["acme/tool"], base, dynamic=True), LISTED) == base


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"metadata-url": "/p2/%package%.json"}, "no absolute metadata-url"),
        ({"metadata-url": "https://user@h/p2/%package%.json"}, "no absolute metadata-url"),
        ({"metadata-url": "https://[/p2/%package%.json"}, "no absolute metadata-url"),
        ({"metadata-url": "https://h/%package%"}, "no absolute metadata-url"),
        ({"metadata-url": 1}, "no absolute metadata-url"),
        ({"available-packages": "acme/tool"}, "no list of available-packages"),
        ({"available-packages": ["acme/tool", "acme/other"]}, "disagree about acme/other"),
        ({"available-packages": []}, "disagree about acme/tool"),
    ],
)
def test_a_root_of_something_else_is_refused(keys: Mapping[str, Any], said: str) -> None:
    root = json.loads(metadata.root_file(["acme/tool"], BASE, dynamic=False)) | keys
    with pytest.raises(OfferError, match=said):
        read_root(compact(root), LISTED)


def test_versions_are_read_as_they_would_be_written_here() -> None:
    entries = [entry("1.1.0", description="new"), entry("1.0.0"), entry("0.9.0", description="old", bin=["x"])]
    offered = read_package(PATH, written(*entries), BASE)
    assert [found.version for found in offered] == ["1.1.0", "1.0.0", "0.9.0"]
    assert [offering.entry_of(found) for found in offered] == entries
    assert offered[0].path == "packages/acme/tool-1.1.0.zip"


DEEP = b'{"minified":"composer/2.0","packages":{"acme/tool":[{"extra":' + b"[" * 5000 + b"]" * 5000 + b"}]}}"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[]", "is no object"),
        (b"{", "is not JSON"),
        (DEEP, "not JSON|nested"),
        (b"{}", "no minified list"),
        (compact({"packages": {"acme/tool": []}}), "no minified list"),
        (compact({"packages": {"acme/tool": [1]}, "minified": "composer/2.0"}), "not a list of at most"),
        (changed(name="acme/other"), "calls itself acme/other"),
        (changed(name="Acme"), "which is not vendor/name"),
        (changed(version="nonsense"), "which is none"),
        (changed(version_normalized="9.9.9.9"), "which is not that version's"),
        (changed(version=None), "which is not that version's"),
        (changed(version="dev-main", version_normalized="dev-main"), "belongs into the other file"),
        (changed(source={"type": "git"}), "has source, which this portal does not know"),
        (changed(require={"php": 8}), "require php is 8, not a text"),
        (changed(require={"-x": "1"}), "require names '-x'"),
        (changed(bin=["../../x"]), "bin of composer.json"),
        (changed(time="yesterday"), "has a time that is none"),
        (changed(time="2026-01-02 03:04:05"), "would have"),
        (changed(dist=None), "has a dist without"),
        (changed(dist=dist(mirrors="x")), "has a dist without, or with more than"),
        (changed(dist=dist(type="tar")), "is no zip"),
        (changed(dist=dist(shasum="")), "is not hex"),
        (changed(dist=dist(reference="-x")), "is not hex"),
        (changed(dist=dist(url="https://evil.example/x.zip")), "is not below https://repo.example.org/"),
        (written().replace(b'":', b'": '), "would have"),
        (compact({**json.loads(written()), "warning": "x"}), "would have"),
    ],
)
def test_metadata_that_cannot_be_served_to_the_byte_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(OfferError, match=said):
        read_package(PATH, data, BASE)


def test_a_version_that_is_there_twice_is_refused() -> None:
    with pytest.raises(OfferError, match="is there twice"):
        read_package(PATH, written(entry(), entry()), BASE)


def test_what_would_grow_out_of_all_proportion_is_refused() -> None:
    large = {**json.loads(changed(description="x" * 1_000_000))["packages"]["acme/tool"][0]}
    body = {"packages": {"acme/tool": [large, *({} for _ in range(1000))]}, "minified": "composer/2.0"}
    with pytest.raises(OfferError, match="bytes when written out"):
        read_package(PATH, compact(body), BASE)
    body["packages"]["acme/tool"] = [{}] * 20_001  # type: ignore[index]
    with pytest.raises(OfferError, match="not a list of at most"):
        read_package(PATH, compact(body), BASE)


def test_an_empty_file_for_development_versions_means_that_there_are_none() -> None:
    empty = compact({"packages": {"acme/tool": []}, "minified": "composer/2.0"})
    assert read_package("p2/acme/tool~dev.json", empty, BASE) == []
    assert offering.empty_file("acme/tool") == hashlib.sha256(empty).hexdigest()


def test_packages_that_differ_from_what_is_here_are_told() -> None:
    texts = {PATH: hashlib.sha256(written()).hexdigest(), "p2/acme/new.json": SUM}
    assert offering.changed_names(texts, {"acme/tool": [entry()]}, BASE) == {"acme/new"}
    assert offering.changed_names(texts, {"acme/tool": [entry(), entry("1.1.0")]}, BASE) == {"acme/new", "acme/tool"}
    dev = VersionEntry("dev-main", "dev-main", "x.zip", "a" * 40, "b" * 40, None, BODY)
    assert "acme/tool" in offering.changed_names(texts, {"acme/tool": [entry(), dev]}, BASE)


def test_many_faults_are_told_in_few_words() -> None:
    error = OfferError([f"fault {n}" for n in range(30)])
    assert str(error).endswith("fault 9; and 20 more")
    assert len(error.faults) == 30
