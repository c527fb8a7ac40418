"""What a word is to the search, and how a question is read."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mageos_portal.full_text import as_fts5, as_tsquery
from mageos_portal.snippets import LENGTH, Marker
from mageos_portal.words import (
    LONGEST_QUESTION,
    LONGEST_WORD,
    MOST_TERMS,
    fold,
    nearest_question,
    read_question,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Über Größe", ["uber", "grosse"]),
        ("e\u0301te\u0301 été", ["ete", "ete"]),
        ("magento/framework 2.4.3-p1", ["magento", "framework", "2", "4", "3", "p1"]),
        ("snake_case \ufb01le \u2075", ["snake", "case", "file", "5"]),
        ("製品 と ビジョン", ["製", "品", "と", "ヒ", "シ", "ョ", "ン"]),
        ("Магазин ПОЛЬЗОВАТЕЛЯ", ["магазин", "пользователя"]),
        ('\0 "*^:()-!&|<> \U0001f600 \ufffd', []),
        ("a" * 1000, ["a" * LONGEST_WORD]),
    ],
)
def test_words_are_compared_without_capitals_accents_and_signs(text: str, words: list[str]) -> None:
    assert list(words_of(text)) == words


@pytest.mark.parametrize(
    ("typed", "fts5"),
    [
        ("Vision", '(("vision"*))'),
        ("product vision", '(("product" AND "vision"*))'),
        ('"product vision"', '(("product vision"))'),
        ('"product vision', '(("product vision"))'),
        ("2.4.3-p", '(("2 4 3 p"*))'),
        ("vision -draft", '(("vision") NOT "draft")'),
        ('vision -"first draft"', '(("vision") NOT "first draft")'),
        ("vision OR statutes", '(("vision")) OR (("statutes"*))'),
        ("or vision or", '(("vision"))'),
        ("vision - -- statutes", '(("vision" AND "statutes"*))'),
        ("mage-os", '(("mage os"*))'),
        ("magento 2", '(("magento" AND "2"))'),
        ("NOT vision AND NEAR(x)", '(("not" AND "vision" AND "and" AND "near x"*))'),
        ('" vision', '(("vision"))'),
        ("-draft", ""),
        ("vision or -draft", '(("vision"))'),
        ("", ""),
    ],
)
def test_a_question_is_read_as_people_write_to_search_engines(typed: str, fts5: str) -> None:
    assert as_fts5(read_question(typed)) == fts5


def test_postgresql_is_asked_for_the_same() -> None:
    asked = read_question('"product vision" 2.4 -draft or statut')
    assert as_tsquery(asked) == "(('product' <-> 'vision') & ('2' <-> '4') & !('draft')) | (('statut':*))"


def test_a_question_is_bounded() -> None:
    asked = read_question("word " * 10_000)
    assert len(asked.typed) <= LONGEST_QUESTION
    assert len(asked.sought) == MOST_TERMS


@pytest.mark.parametrize(
    ("typed", "is_too_short"), [("", True), ("a", True), ("-draft", True), ("?!", True), ("é", True), ("ab", False)]
)
def test_a_single_letter_is_too_little_to_search_for(typed: str, is_too_short: bool) -> None:
    assert read_question(typed).is_too_short is is_too_short


def test_one_sign_of_a_script_without_spaces_is_a_word() -> None:
    assert not read_question("品").is_too_short


@given(st.text())
@example('"\0*')
@example("\u0344\u1e9b\u0323")
def test_whatever_is_typed_nothing_but_letters_and_digits_comes_between_the_quotes(typed: str) -> None:
    for written, quote in ((as_fts5(read_question(typed)), '"'), (as_tsquery(read_question(typed)), "'")):
        inside = written.split(quote)[1::2]
        assert written.count(quote) % 2 == 0
        assert all(word.replace(" ", "").isalnum() for word in inside)


@given(st.text())
def test_what_is_folded_already_stays(text: str) -> None:
    words = list(words_of(text))
    assert list(words_of(" ".join(words))) == words or not fold(text).isascii()


def test_words_that_look_alike_take_the_place_of_mistyped_ones() -> None:
    titles = ["magento framework", "the magento inventory", "statutes"]
    nearest = nearest_question(read_question("magneto invetory -draft"), titles)
    assert nearest.typed == "magento inventory -draft"
    assert nearest_question(read_question("statuets"), titles).typed == "statutes"
    assert nearest_question(read_question("zzzz"), titles).typed == "zzzz"
    assert nearest_question(read_question("zzzz"), []).typed == "zzzz"


def test_the_words_of_a_question_are_marked_and_all_else_is_escaped() -> None:
    text = 'A <b>Größe</b> of 2.4.3-p1 & "more", 2.4 and grosses'
    assert Marker(read_question("2.4.3-p1 grosse")).marked(text) == (
        "A &lt;b&gt;<mark>Größe</mark>&lt;/b&gt; of <mark>2.4.3-p1</mark> &amp; &quot;more&quot;, "
        "2.4 and <mark>grosses</mark>"
    )


@pytest.mark.parametrize("typed", ["script", "lt", "mark", "<script>", "amp", "quot"])
def test_no_word_that_is_marked_makes_markup(typed: str) -> None:
    text = "<script>alert('&lt;mark&gt;')</script> &amp; quot"
    found = Marker(read_question(typed)).marked(text)
    assert "<" not in found.replace("<mark>", "").replace("</mark>", "")


def test_a_snippet_is_the_place_that_has_the_most_of_the_words() -> None:
    text = "vision " + "filler " * 200 + "the product has a vision here " + "filler " * 200
    found = Marker(read_question("product vision")).snippet(text)
    assert "<mark>product</mark> has a <mark>vision</mark>" in found
    assert found.startswith("… filler")
    assert found.endswith("filler …")
    assert len(found) < LENGTH + 50


def test_a_text_without_the_words_is_shown_from_its_beginning() -> None:
    assert Marker(read_question("absent")).snippet("Some words. " * 100).startswith("Some words.")
    assert Marker(read_question("absent")).snippet("short & sweet") == "short &amp; sweet"
    assert Marker(read_question("absent")).snippet("") == ""


@given(st.text(), st.text())
@example("a " * 300, "a")
@example("\ufdfa" * 300, "\ufdfa")
def test_without_our_marks_a_snippet_is_a_piece_of_the_escaped_text(text: str, typed: str) -> None:
    found = Marker(read_question(typed)).snippet(text).replace("<mark>", "").replace("</mark>", "")
    assert "<" not in found
    assert ">" not in found
