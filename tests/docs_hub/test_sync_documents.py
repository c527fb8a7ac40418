"""The command that syncs collections, and the one that sets them up by a file."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from docs_hub import collection_files
from docs_hub.collection_files import CollectionFileError
from docs_hub.models import Collection, Document, Update
from mageos_portal.models import SearchEntry
from tests.support.clones import Clones, pages_of, updates_of
from tests.support.drive import FakeDrive, anyone
from tests.support.drive_collections import collection
from tests.support.made_posts import newer

APRIL, MAY = "2024-05-07-april-recap.md", "2024-06-07-may-recap.md"
SHIPPED = Path(collection_files.__file__).parent / "collections" / "mage-os.toml"
DOCS = """
[[collection]]
slug = "handbook"
title = "Handbook"
kind = "pages"
repository = "https://github.com/example/handbook"
path = "/docs/"
visibility = "members"
"""


def said(clones: Clones, *arguments: str, verbosity: int = 1) -> tuple[str, str]:
    """Run sync_documents with the clones; gives what it prints to both."""
    out, err = io.StringIO(), io.StringIO()
    options: dict[str, Any] = {"stdout": out, "stderr": err, "verbosity": verbosity, "no_color": True}
    call_command("sync_documents", *arguments, sources=clones.directory, **options)
    return out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_it_counts_what_became_of_the_files_and_names_those_with_errors(clones: Clones) -> None:
    updates_of()
    clones.posts({APRIL: newer("[x](http://example.org/) [y](http://example.org/y)", mood="x"), MAY: "nothing"})
    out, err = said(clones)
    assert out == (
        "posts: 2 created, 0 updated, 0 gone, 0 the same\n"
        "  warnings, by number of files (--verbosity 2 lists them): http-link 1, unknown-key 1\n"
    )
    assert f"src/data/post/{MAY}: has no front matter" in err
    listed, _ = said(clones, verbosity=2)
    assert f"[unknown-key] src/data/post/{APRIL}: keys that nobody reads: mood (1)" in listed
    assert f"[http-link] src/data/post/{APRIL}: links without encryption: http://example.org/" in listed


@pytest.mark.django_db
def test_it_gives_the_whole_report_as_json(clones: Clones) -> None:
    updates_of()
    clones.posts({APRIL: newer(mood="x")})
    report = json.loads(said(clones, "--json")[0])["posts"]
    path = f"src/data/post/{APRIL}"
    assert (report["state"], report["created"], report["errors"]) == ("succeeded", [path], {})
    assert report["warnings"] == {path: [["unknown-key", f"{path}: keys that nobody reads: mood", 1]]}


@pytest.mark.django_db
def test_a_collection_that_cannot_be_read_ends_it_badly_after_the_others(clones: Clones) -> None:
    updates_of(), pages_of()
    clones.posts({APRIL: newer()})
    with pytest.raises(CommandError, match="not synced: handbook"):
        said(clones)
    assert Update.objects.count() == 1


@pytest.mark.django_db
def test_it_syncs_the_collections_that_are_named(clones: Clones) -> None:
    updates_of(), pages_of()
    clones.commit("handbook", {"docs/a.md": "# A"})
    assert said(clones, "--collection", "handbook")[0].startswith("handbook: 1 created")
    with pytest.raises(CommandError, match="is called none; there are: handbook, posts"):
        said(clones, "--collection", "none")


@pytest.mark.django_db
def test_it_repairs_letters_of_the_files_that_are_named_only(clones: Clones) -> None:
    updates_of()
    clones.posts({APRIL: newer("itâ€™s"), MAY: newer("itâ€™s", title="May")})
    said(clones)
    said(clones, "--repair-encoding", f"src/data/post/{APRIL}")
    said(clones, "--again")
    assert list(Update.objects.order_by("slug").values_list("text", flat=True)) == ["it’s", "itâ€™s"]
    with pytest.raises(CommandError, match="no update was imported from x.md"):
        said(clones, "--repair-encoding", "x.md")


@pytest.mark.django_db
def test_it_says_what_is_missing(clones: Clones, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no such directory"):
        call_command("sync_documents", sources=tmp_path / "none")
    with pytest.raises(CommandError, match="there is no active collection; add one in the admin"):
        call_command("sync_documents", sources=tmp_path)


def imported(path: Path, content: str, *arguments: str) -> str:
    path.write_text(content, encoding="utf-8")
    out = io.StringIO()
    call_command("import_collections", str(path), *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_file_makes_collections_once(tmp_path: Path) -> None:
    path = tmp_path / "collections.toml"
    assert imported(path, DOCS).startswith("Collections: 1 created, 0 updated, 0 the same.")
    collection = Collection.objects.get()
    assert (collection.kind, collection.path, collection.visibility) == ("pages", "docs", "members")
    assert json.loads(imported(path, DOCS, "--json")) == {"created": [], "updated": [], "same": ["handbook"]}
    assert imported(path, DOCS.replace("Handbook", "Manual")).startswith("Collections: 0 created, 1 updated")
    assert Collection.objects.get().title == "Manual"


@pytest.mark.django_db
def test_a_file_that_narrows_a_collection_narrows_what_is_found_of_it(clones: Clones, tmp_path: Path) -> None:
    path = tmp_path / "collections.toml"
    imported(path, DOCS.replace('"members"', '"public"'))
    clones.commit("handbook", {"docs/a.md": "# A"})
    said(clones)
    assert SearchEntry.objects.get().visibility == "public"
    imported(path, DOCS)
    assert SearchEntry.objects.get().visibility == "members"
    said(clones)
    assert Document.objects.get().visibility == "members"


def test_the_file_that_is_shipped_is_right() -> None:
    entries = collection_files.read(SHIPPED.read_bytes())
    assert [(entry.kind, entry.path) for entry in entries] == [
        ("updates", "src/data/post"),
        ("updates", "src/pages/blog"),
    ]


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("[[", ["is no TOML"]),
        ("", ["collection: Field required"]),
        ("collection = []", ["collection: List should have at least 1 item"]),
        (
            "[[collection]]\n[other]",
            ["slug: Field required", "title: Field", "kind: Field", "other: there is no such key"],
        ),
        (
            DOCS.replace("pages", "wiki") + 'team = "a b"',
            ["collection 1 (handbook): kind:", "collection 1 (handbook): team:"],
        ),
        (DOCS + DOCS, ["slug 'handbook' is there twice"]),
        (DOCS.replace("members", "team"), ["name the team that may see it"]),
        (DOCS.replace("/docs/", "../docs"), ["path: '../docs' must be written from the top"]),
        (DOCS.replace("https://", "https://kim:secret@"), ["repository: is no https address without login"]),
        (DOCS + 'folder = "x"', ["a collection of the kind pages has no folder"]),
        (DOCS + "preference = true", ["preference: Input should be a valid integer"]),
        (
            DOCS.replace("pages", "drive"),
            ["folder must be the address of a folder in Drive", "has no path, repository"],
        ),
    ],
)
def test_every_fault_of_a_file_is_told_at_once(content: str, faults: list[str]) -> None:
    with pytest.raises(CollectionFileError) as raised:
        collection_files.read(content.encode())
    for fault in faults:
        assert fault in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("import_collections", str(tmp_path / "none.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\0")
    with pytest.raises(CommandError, match="is no TOML"):
        call_command("import_collections", str(tmp_path / "binary.toml"))


@pytest.mark.django_db
def test_it_says_what_is_left_of_what_cannot_be_read(drive: FakeDrive) -> None:
    updates_of(repository="")
    root = drive.folder("Shared", "", anyone())
    drive.document("One", root.id)
    of = collection(root)
    said_of(of.slug)
    drive.fail(1000, 503, "backendError")
    assert "What it gave before is still there." in said_of(of.slug, "posts")
    drive.works()
    drive.change(root, permissions=[])
    told = said_of(of.slug)
    assert Document.objects.get().visibility == "staff"
    assert "Its document is hidden from everybody but staff" in told
    assert "still there" not in told


def said_of(*slugs: str) -> str:
    """Run sync_documents for some collections; gives what it prints as errors."""
    err = io.StringIO()
    options = [part for slug in slugs for part in ("--collection", slug)]
    with contextlib.suppress(CommandError):
        call_command("sync_documents", *options, stderr=err, stdout=io.StringIO())
    return err.getvalue()
