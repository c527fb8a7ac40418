"""Updates that are written here: rendering, pictures, addresses, and two people at once."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from docs_hub import writing
from docs_hub.media import PictureError
from docs_hub.models import Alias, Update
from docs_hub.writing import ConflictError
from tests.support.staff_documents import NOW, a_picture, an_update

pytestmark = pytest.mark.django_db


def a_draft(body: str = "Words.", **fields: Any) -> Update:
    return Update(**{"title": "Week 10", "slug": "week-10", "published_at": NOW, "body": body, **fields})


def test_a_saved_update_is_rendered_and_belongs_to_the_year_of_its_date() -> None:
    update = a_draft("## News\r\n\r\nTwo *words*.")
    assert writing.save(update) == ()
    saved = Update.objects.get()
    assert "<em>words</em>" in saved.html
    assert (saved.year, saved.text, saved.body) == (2026, "News\nTwo words.", "## News\n\nTwo *words*.")
    assert saved.headings[0][2] == "News"
    assert saved.is_written_here


def test_what_could_do_harm_is_left_out() -> None:
    update = a_draft('<script>alert(1)</script><p onclick="x()">Words</p>\n\n[a](javascript:alert(1))')
    findings = writing.save(update)
    assert "<script" not in update.html
    assert "<a" not in update.html
    assert "onclick" not in update.html
    assert "script-removed" in {finding.code for finding in findings}
    assert {found["code"] for found in update.findings} == {finding.code for finding in findings}


def test_our_own_pages_stay_what_they_are_and_old_addresses_become_new_ones() -> None:
    known = an_update("week-9")
    Alias.objects.create(path="/blog/week-nine", update=known)
    body = "[a](/docs/) [b](/blog/week-nine) [c](/updates/2026/week-9/) [d](/status/#now) [e](https://example.org/x)"
    update = a_draft(body)
    writing.save(update)
    for target in ("/docs/", "/updates/2026/week-9/", "/status/#now", "https://example.org/x"):
        assert f'href="{target}"' in update.html
    assert "week-nine" not in update.html


def test_only_pictures_that_are_kept_here_are_shown(settings: Any, tmp_path: Path) -> None:
    update = a_draft("![one](https://example.org/x.png) ![two](/media/updates/aa/" + "a" * 32 + ".png)")
    findings = writing.save(update)
    assert "<img" not in update.html
    assert "image-missing" in {finding.code for finding in findings}


def test_a_kept_picture_is_shown_and_one_without_words_is_said() -> None:
    update = a_draft(f"![]({writing.keep_picture(a_picture())})")
    findings = writing.save(update)
    assert '<img src="/media/updates/' in update.html
    assert any("alt" in finding.code for finding in findings)


def test_what_is_no_picture_is_not_kept() -> None:
    with pytest.raises(PictureError):
        writing.keep_picture(b"<svg onload=alert(1)>")


@pytest.mark.parametrize("changed", [{"slug": "week-nine"}, {"published_at": NOW.replace(year=2025)}])
def test_an_update_that_moves_is_found_at_its_old_address(changed: dict[str, Any]) -> None:
    update = an_update("week-9")
    for name, value in changed.items():
        setattr(update, name, value)
    writing.save(update, read_at=update.changed_at)
    assert Alias.objects.get(path="/updates/2026/week-9").update == update


def test_an_update_that_nobody_could_read_leaves_no_old_address() -> None:
    update = an_update("week-9", state=Update.State.DRAFT)
    update.slug = "week-nine"
    writing.save(update, read_at=update.changed_at)
    assert not Alias.objects.exists()


def test_an_update_that_moves_back_needs_no_redirect_to_itself() -> None:
    update = an_update("week-9")
    for slug in ("week-nine", "week-9"):
        update.slug = slug
        writing.save(update, read_at=update.changed_at)
    assert [alias.path for alias in Alias.objects.all()] == ["/updates/2026/week-nine"]


def test_of_two_writers_the_second_is_refused_and_sees_what_the_first_saved() -> None:
    mine, yours = an_update("week-9"), Update.objects.get()
    read_at = mine.changed_at
    mine.body = "Mine."
    writing.save(mine, read_at=read_at)
    yours.body = "Yours."
    with pytest.raises(ConflictError) as conflict:
        writing.save(yours, read_at=read_at)
    assert conflict.value.saved.body == Update.objects.get().body == "Mine."
    assert "Nothing was saved" in str(conflict.value)


def test_a_removed_update_is_gone_with_its_addresses() -> None:
    update = an_update("week-9")
    Alias.objects.create(path="/blog/week-9", update=update)
    writing.remove(update)
    assert not Update.objects.exists()
    assert not Alias.objects.exists()


def test_saving_bumps_when_it_was_changed() -> None:
    update = an_update("week-9", changed_at=NOW)
    before = timezone.now()
    writing.save(update, read_at=NOW)
    assert Update.objects.get().changed_at >= before
