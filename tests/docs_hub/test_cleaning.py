"""Characters that posts should not hold."""

import pytest

from docs_hub import cleaning


def test_odd_spaces_become_spaces_and_zero_width_ones_go() -> None:
    text = "a\u00a0b\u202fc\u2007d\u200be\ufefff"

    assert cleaning.evenly_spaced(text) == "a b c def"
    assert cleaning.odd_spaces(text) == 5


def test_what_no_database_takes_is_dropped() -> None:
    assert cleaning.storable("a\x00b\x1b[0mc\ud800d\u0085\n\te") == "ab[0mcd\u0085\n\te"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("Acme &amp; Sons", "Acme & Sons"),
        ("&amp;amp;", "&amp;"),
        ("  two\n lines ", "two lines"),
        ("ever after\u00a0- shop", "ever after - shop"),
        ("1 < 2 &lt; 3", "1 < 2 < 3"),
    ],
)
def test_a_title_is_one_line_with_its_entities_resolved_once(written: str, line: str) -> None:
    assert cleaning.one_line(written) == line


@pytest.mark.parametrize(
    ("excerpt", "is_cut"), [("and so...", True), ("and so… ", True), ("Done.", False), ("", False)]
)
def test_cut_off_excerpts_are_known(excerpt: str, is_cut: bool) -> None:
    assert cleaning.is_truncated(excerpt) is is_cut


@pytest.mark.parametrize("damaged", ["itâ€™s here", "HyvÃ¤ pays", "a â€“ b"])
def test_letters_that_were_decoded_wrongly_are_found(damaged: str) -> None:
    assert cleaning.damaged_lines(f"fine\n{damaged}\nfine") == (damaged,)


@pytest.mark.parametrize("sound", ["it’s", "Hyvä – “quoted” 🧨", "naïve café", "Łódź, Þór", "日本語", "été Ã"])
def test_letters_of_other_languages_are_no_damage(sound: str) -> None:
    assert cleaning.damaged_lines(sound) == ()


def test_damage_is_repaired_on_request() -> None:
    assert cleaning.repaired("itâ€™s at HyvÃ¤") == "it’s at Hyvä"


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Case Studies", "case-studies"),
        ("eCommerce  Insights", "ecommerce-insights"),
        ("Été – 2_0!", "ete-2-0"),
        ("日", ""),
    ],
)
def test_names_become_parts_of_addresses(text: str, slug: str) -> None:
    assert cleaning.slugified(text) == slug
