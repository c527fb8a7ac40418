"""What becomes of the texts that Drive gives."""

import pytest

from docs_hub.drive_answers import File
from docs_hub.drive_documents import address_of, digest_of
from docs_hub.drive_texts import LONGEST, content_of, export_type, is_text
from tests.support.drive_api import DOCUMENT, SHEET, SLIDES

PICTURE = "data:image/png;base64," + "iVBORw0KGgo" * 10


def file(mime_type: str = DOCUMENT, name: str = "A", **fields: object) -> File:
    return File.model_validate({"id": "a", "name": name, "mimeType": mime_type, **fields})


def codes(of: File, raw: bytes) -> list[str]:
    return [finding.code for finding in content_of(of, raw).findings]


@pytest.mark.parametrize(
    ("mime_type", "exported"),
    [
        (DOCUMENT, "text/markdown"),
        (SHEET, "text/csv"),
        (SLIDES, "text/plain"),
        ("application/vnd.google-apps.form", ""),
        ("application/vnd.google-apps.drawing", ""),
        ("application/pdf", ""),
    ],
)
def test_documents_of_googles_editors_are_exported_as_text(mime_type: str, exported: str) -> None:
    assert export_type(file(mime_type)) == exported


@pytest.mark.parametrize(
    ("mime_type", "name", "expected"),
    [
        ("text/plain", "notes.txt", True),
        ("text/markdown", "notes", True),
        ("text/csv", "a.csv", True),
        ("application/octet-stream", "README.MD", True),
        ("application/octet-stream", "a.bin", False),
        ("application/pdf", "a.md", False),
        ("text/html", "a.html", False),
        ("image/png", "a.png", False),
    ],
)
def test_plain_files_are_read_as_they_are(mime_type: str, name: str, expected: bool) -> None:
    assert is_text(file(mime_type, name)) is expected


def test_a_document_becomes_a_page() -> None:
    raw = (
        "\ufeff# **Vision** {#vision}\r\n\r\nSee [more](#goals) and [this](https://example.org/a).\r\n\r\n## Goals\r\n"
    )
    content = content_of(file(), raw.encode())
    assert content.text == "Vision\nSee more and this.\nGoals"
    assert content.headings == ((2, "vision", "Vision"), (3, "goals", "Goals"))
    assert '<a href="#goals">more</a>' in content.html
    assert "{#" not in content.html
    assert content.findings == ()


def test_pictures_that_are_in_the_text_are_left_out() -> None:
    raw = f"Before ![A chart][image1] after.\n\n![][image2]\n\n[image1]: <{PICTURE}>\n\n[image2]: <{PICTURE}>\n"
    inline = f"Look: ![A map]({PICTURE})\n"
    content = content_of(file(), (raw + inline).encode())
    assert "base64" not in content.html + content.text
    assert "<img" not in content.html
    assert "Before A chart after." in content.text
    assert "image2" not in content.text
    assert [(finding.code, finding.count) for finding in content.findings] == [("pictures-left-out", 3)]


def test_a_document_that_is_large_only_by_its_pictures_is_a_page_still() -> None:
    raw = f"Words.\n\n![][image1]\n\n[image1]: <data:image/png;base64,{'A' * 5_000_000}>\n"
    assert "<p>Words.</p>" in content_of(file(), raw.encode()).html


def test_a_document_is_never_a_script() -> None:
    raw = "Hello <script>alert(1)</script> [a](javascript:alert) <img src=x onerror=alert(1)>\n"
    content = content_of(file(), raw.encode())
    assert [word for word in ("<script", "alert(1)", "onerror", "href") if word in content.html] == []
    assert "script-removed" in [finding.code for finding in content.findings]


@pytest.mark.parametrize(
    ("written", "leads_to"),
    [
        ("https://www.google.com/url?q=https://example.org/a&sa=D", 'href="https://example.org/a"'),
        ("https://www.google.com/url?q=javascript:alert(1)", "words"),
        ("mailto:ann@example.org", 'href="mailto:ann@example.org"'),
        ("file:///etc/passwd", "words"),
        ("notes", "words"),
        ("https://[", "words"),
    ],
)
def test_links_lead_where_they_lead_in_drive_or_are_words(written: str, leads_to: str) -> None:
    html = content_of(file(), f"Some [words]({written}).\n".encode()).html
    assert leads_to in html
    assert ("href" in html) is ("href" in leads_to)


def test_sheets_and_slides_have_text_and_no_page() -> None:
    assert content_of(file(SHEET), "\ufeffName,Role\r\nAnn,Lead\r\n".encode()).text == "Name,Role\nAnn,Lead\n"
    assert content_of(file(SLIDES), b"Title\x0bSubtitle\n").text == "Title\nSubtitle\n"
    assert content_of(file(SHEET), b"# a").html == ""


def test_a_text_that_is_too_long_is_found_by_its_beginning() -> None:
    assert len(content_of(file(SLIDES), b"word " * LONGEST).text) == LONGEST
    assert codes(file(SLIDES), b"word " * LONGEST) == ["text-cut"]
    assert codes(file(), b"word " * 100_000) == ["too-long"]
    assert content_of(file(), b"word " * 100_000).html == ""


def test_letters_that_cannot_be_read_are_reported() -> None:
    plain = file("text/plain", "a.txt")
    assert codes(plain, "Grüße".encode("latin-1")) == ["letters-lost"]
    assert content_of(plain, "Grüße".encode("utf-16")).text == "Grüße"
    assert content_of(plain, b"a\x00b\x1bc").text == "abc"


def test_a_digest_follows_the_content() -> None:
    assert digest_of(file(md5Checksum="0f", version="7")) == "md5:0f"  # a new name is no new content
    assert digest_of(file(version="7")) == "version:7"
    assert digest_of(file(version=7)) == "version:7"
    assert digest_of(file(modifiedTime="2026-01-02T03:04:05.000Z")) == "version:2026-01-02T03:04:05+00:00"
    assert digest_of(file(version="7", copyRequiresWriterPermission=True)) == "closed version:7"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (
            "https://docs.google.com/document/d/a/edit?resourcekey=b",
            "https://docs.google.com/document/d/a/edit?resourcekey=b",
        ),
        ("", "https://drive.google.com/open?id=a"),
        ("javascript:alert(1)", "https://drive.google.com/open?id=a"),
        ("https://docs.google.com/" + "a" * 1000, "https://drive.google.com/open?id=a"),
    ],
)
def test_people_open_a_document_in_drive(link: str, address: str) -> None:
    assert address_of(file(webViewLink=link)) == address
