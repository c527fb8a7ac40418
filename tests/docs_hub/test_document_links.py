"""Links of pages, and which of them lead to documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs_hub.document_links import key_of, title_of
from docs_hub.page_links import LONGEST_ADDRESS, LONGEST_WORDS, Link, links_of, plain_address

ID = "1AbCdEfGhIjKlMnOpQrStUv"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (f"https://docs.google.com/document/d/{ID}/edit?usp=sharing", f"drive:{ID}"),
        (f"https://docs.google.com/document/u/0/d/{ID}", f"drive:{ID}"),
        (f"https://docs.google.com/spreadsheets/d/{ID}/edit", f"drive:{ID}"),
        (f"https://drive.google.com/file/d/{ID}/view", f"drive:{ID}"),
        (f"https://drive.google.com/drive/u/1/folders/{ID}?resourcekey=0-x", f"drive:{ID}"),
        (f"https://drive.google.com/open?id={ID}", f"drive:{ID}"),
        (f"http://drive.google.com/open?id={ID}", f"drive:{ID}"),
        (f"https://docs.google.com/forms/d/{ID}/viewform", ""),
        (f"https://docs.google.com/forms/d/e/{ID}/viewform", ""),
        (f"https://docs.google.com/document/d/e/{ID}/pub", ""),
        ("https://drive.google.com/", ""),
        ("https://drive.google.com/drive/folders/short", ""),
        (f"https://docs.google.com.evil.example/document/d/{ID}", ""),
        ("https://github.com/Mage-OS/Meta/blob/main/docs/Vision.md", "github:mage-os/meta/docs/Vision.md"),
        ("https://github.com/mage-os/meta/blob/v1.0/docs/Vision.md?plain=1", "github:mage-os/meta/docs/Vision.md"),
        ("https://www.github.com/mage-os/meta/raw/main/a%20b.rst", "github:mage-os/meta/a b.rst"),
        ("https://github.com/mage-os/meta/wiki", "github:mage-os/meta/wiki/Home"),
        ("https://github.com/mage-os/meta/wiki/Plans", "github:mage-os/meta/wiki/Plans"),
        ("https://github.com/mage-os/meta/blob/main/src/app.php", ""),
        ("https://github.com/mage-os/meta/blob/main", ""),
        ("https://github.com/mage-os/meta/issues/3", ""),
        ("https://github.com/mage-os/meta", ""),
        ("https://github.com/../../blob/main/x.md", ""),
        ("https://example.org/mage-os/meta/blob/main/x.md", ""),
        ("ftp://github.com/mage-os/meta/blob/main/x.md", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_a_document_has_one_key_however_its_link_is_written(address: str, key: str) -> None:
    assert key_of(address) == key


@given(st.text(max_size=300) | st.text(max_size=300).map(lambda text: f"https://github.com/a/b/blob/main/{text}.md"))
def test_no_address_breaks_it(address: str) -> None:
    assert len(key_of(address)) <= 400
    assert plain_address(address) in {"", address.strip().partition("#")[0]}
    if key_of(address):
        title_of(address)


def test_a_file_names_its_document() -> None:
    assert title_of("https://github.com/a/b/blob/main/docs/release-notes_2.md") == "Release notes 2"
    assert title_of(f"https://docs.google.com/document/d/{ID}") == ""


def test_links_of_a_page_are_those_that_lead_elsewhere() -> None:
    page = (
        '<h2><a href="https://example.org/a#part">One <em>&amp; two</em></a></h2><p><a href="#x">no</a>'
        '<a href="/updates/">no</a><a href="mailto:x@example.org">no</a><a href="javascript:x">no</a><a>no</a>'
        '<a href="HTTPS://example.org/b"><img src="/x.png" alt=""></a><a href="https://a@b.example/">no</a>'
        f'<a href="https://example.org/{"x" * LONGEST_ADDRESS}">no</a><a href="http://example.org/c d">no</a>'
        f'<a href="http://example.org/\u202ec">no</a><a href="http://example.org/c">{"w" * 500}</a></p>'
    )
    assert list(links_of(page)) == [
        Link("https://example.org/a", "One & two"),
        Link("HTTPS://example.org/b", ""),
        Link("http://example.org/c", "w" * LONGEST_WORDS),
    ]
    assert list(links_of("Words about <a >anchors")) == []
