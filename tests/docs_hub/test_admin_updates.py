"""What staff do with updates: look through them, write them, preview, schedule, approve, hide and restore."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from docs_hub.models import Alias, Category, Update
from tests.support.staff import a_person, logged_in
from tests.support.staff_documents import (
    HOSTILE,
    NOW,
    a_collection,
    a_picture,
    act,
    address,
    an_imported_update,
    an_update,
    page_of,
    queries,
    said,
    text_of,
)

pytestmark = pytest.mark.django_db

LIST, ADD = "/admin/docs_hub/update/", "/admin/docs_hub/update/add/"
PREVIEW = "/admin/docs_hub/update/preview/"
SAVED_NOTHING = "Nothing was saved"


@pytest.fixture
def editor(db: None) -> Client:
    return logged_in(a_person("ed", "editor"))


@pytest.fixture
def auditor(db: None) -> Client:
    return logged_in(a_person("amy", "auditor"))


def typed(button: str = "_draft", update: Update | None = None, **fields: Any) -> dict[str, Any]:
    """Give what a browser sends when somebody has typed an update and pressed a button."""
    at = fields.pop("at", NOW)
    usual = {"title": "Week 10", "slug": "week-10", "body": "Some *words*.", "visibility": "public"}
    if update:
        usual |= {"title": update.title, "slug": update.slug, "body": update.body}
        usual["read_at"] = update.changed_at.isoformat()
    when = {"published_at_0": at.strftime("%Y-%m-%d"), "published_at_1": at.strftime("%H:%M:%S")} if at else {}
    return {**usual, **when, button: "", **fields}


def write(client: Client, button: str, **fields: Any) -> str:
    return text_of(client.post(ADD, typed(button, **fields), follow=True))


def change(client: Client, update: Update, button: str = "_save", **fields: Any) -> str:
    path = address(Update, "change", update.pk)
    return text_of(client.post(path, typed(button, update, **fields), follow=True))


def test_a_draft_is_saved_with_a_name_from_its_title(editor: Client) -> None:
    page = write(editor, "_draft", slug="", title="Weeks 8 & 9")
    update = Update.objects.get()
    assert (update.slug, update.state, update.year) == ("weeks-8-9", Update.State.DRAFT, 2026)
    assert "only staff see it" in page
    assert said(update) == ["ed: Added."]


def test_a_published_update_can_be_read_at_once(editor: Client) -> None:
    assert "It can be read at /updates/2026/week-10/" in write(editor, "_now")
    assert "<em>words</em>" in text_of(Client().get("/updates/2026/week-10/"))


def test_without_a_date_it_is_published_now(editor: Client) -> None:
    write(editor, "_now", at=None)
    assert timezone.now() - Update.objects.get().published_at < timedelta(minutes=5)


def test_a_scheduled_update_says_when_it_appears(editor: Client) -> None:
    at = (timezone.now() + timedelta(days=3)).replace(second=0, microsecond=0)
    page = write(editor, "_schedule", at=at)
    update = Update.objects.get()
    assert f"It appears on {at:%-d %B %Y at %H:%M} UTC." in page
    assert update.published_at == at
    assert Client().get(update.get_absolute_url()).status_code == 404
    assert "scheduled" in text_of(editor.get(f"{LIST}?state__exact=scheduled"))


def test_what_is_scheduled_for_a_time_that_is_over_is_asked_about(editor: Client) -> None:
    assert "choose a later time" in write(editor, "_schedule", at=NOW)
    assert not Update.objects.exists()


def test_publishing_now_does_not_wait_for_a_later_time(editor: Client) -> None:
    write(editor, "_now", at=timezone.now() + timedelta(days=3))
    assert Update.objects.get().published_at <= timezone.now()


def test_a_title_is_what_one_reads(editor: Client) -> None:
    write(editor, "_draft", title="Week\u202e 10\x07  of 2026")
    assert Update.objects.get().title == "Week 10 of 2026"


def test_two_updates_of_a_year_cannot_have_one_address(editor: Client) -> None:
    an_update("week-10")
    assert "This year has an update with this address already." in write(editor, "_draft")
    assert Update.objects.count() == 1


def test_a_title_without_letters_for_an_address_is_told(editor: Client) -> None:
    assert "write a name such as week-9" in write(editor, "_draft", slug="", title="\N{SNOWMAN}")


@pytest.mark.parametrize(("field", "value", "fault"), [
    ("title", "", "This field is required."),
    ("body", "", "This field is required."),
    ("slug", "a/b", "Enter a valid"),
    ("published_at_0", "tomorrow", "Enter a valid date."),
    ("lead", "/media/updates/aa/nothing.png", "There is no such picture here"),
    ("lead", "https://example.org/x.png", "There is no such picture here"),
    ("visibility", "team", "Name the team that may read it."),
    ("title", "x" * 301, "at most 300"),
])  # fmt: skip
def test_what_is_wrong_is_told_at_its_field(editor: Client, field: str, value: str, fault: str) -> None:
    assert fault in write(editor, "_now", **{field: value})
    assert not Update.objects.exists()


def test_what_the_renderer_found_is_said_and_stays_on_the_page(editor: Client) -> None:
    page = write(editor, "_draft", body="![](https://example.org/x.png)")
    assert "[image-missing]" in page
    assert "[image-missing]" in page_of(editor, Update.objects.get())


def test_pictures_are_kept_and_written_below_the_text(editor: Client) -> None:
    file = io.BytesIO(a_picture())
    file.name = "x.png"
    page = write(editor, "_pictures", pictures=[file])
    assert not Update.objects.exists()
    assert "A picture was added below the text." in page
    assert "Some *words*.\n\n![](/media/updates/" in page.replace("\r\n", "\n")


@pytest.mark.parametrize("button", ["_draft", "_now"])
def test_pictures_are_described_before_anything_is_saved(editor: Client, button: str) -> None:
    file = io.BytesIO(a_picture("blue"))
    file.name = "x.png"
    assert "Say between [ and ] what can be seen" in write(editor, button, pictures=[file])
    assert not Update.objects.exists()


def test_what_is_no_picture_is_refused_by_its_name(editor: Client) -> None:
    file = io.BytesIO(b"<svg onload='alert(1)'>")
    file.name = "evil.png"
    assert "evil.png: is no picture that can be shown; use PNG, JPEG, GIF or WebP." in write(
        editor, "_pictures", pictures=[file]
    )


def test_a_preview_shows_the_public_page_and_saves_nothing(editor: Client) -> None:
    reply = editor.post(PREVIEW, typed(body="## News\n\n<script>alert(1)</script>\n\n*words*"))
    page = text_of(reply)
    assert "<em>words</em>" in page
    assert "Only you see this page" in page
    assert "[script-removed]" in page
    assert "alert(1)" not in page.replace("[script-removed]", "")
    assert reply.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert not Update.objects.exists()


@pytest.mark.parametrize("data", [{}, {"published_at_0": "x", "category": "9" * 99, "lead": "//x", "title": HOSTILE}])
def test_a_preview_makes_do_with_what_is_there(editor: Client, data: dict[str, str]) -> None:
    assert "<script>alert" not in text_of(editor.post(PREVIEW, data))


def test_a_waiting_update_is_previewed_by_staff_alone(auditor: Client) -> None:
    update = an_imported_update(state=Update.State.REVIEW, html="<p>Names of people</p>")
    path = address(Update, "shown", update.pk)
    assert "Names of people" in text_of(auditor.get(path))
    assert Client().get(path).status_code == 302


def test_an_update_that_moves_is_led_to_from_where_it_was(editor: Client) -> None:
    update = an_update("week-9")
    change(editor, update, slug="week-nine")
    assert Client().get("/updates/2026/week-9/").headers["Location"] == "/updates/2026/week-nine/"
    assert Alias.objects.get().update == update


def test_of_two_writers_the_second_keeps_the_text_and_sees_the_other(editor: Client) -> None:
    update = an_update("week-9")
    change(editor, update, body="The first one.")
    page = change(editor, update, body="The second one.")
    assert SAVED_NOTHING in page
    assert "The second one." in page
    assert "The first one." in page
    assert Update.objects.get().body == "The first one."


def test_who_has_seen_the_other_text_may_save(editor: Client) -> None:
    update = an_update("week-9")
    change(editor, update, body="The first one.")
    seen = Update.objects.get().changed_at.isoformat()
    assert SAVED_NOTHING not in change(editor, update, body="Both.", read_at=seen)
    assert Update.objects.get().body == "Both."


@pytest.mark.parametrize("read_at", ["", "yesterday", "2026-99-99T00:00:00"])
def test_without_knowing_what_was_read_nothing_is_written_over(editor: Client, read_at: str) -> None:
    assert SAVED_NOTHING in change(editor, an_update("week-9"), body="Mine.", read_at=read_at)


def test_an_imported_update_keeps_its_text(editor: Client) -> None:
    update = an_imported_update()
    path = address(Update, "change", update.pk)
    editor.post(path, {"visibility": "members", "team": "", "title": "Mine", "body": "Mine", "state": "draft"})
    update.refresh_from_db()
    assert (update.visibility, update.title, update.body) == ("members", "Week 9", "Words.")
    assert update.state == Update.State.PUBLISHED


def test_an_imported_update_is_not_shown_more_widely_than_its_collection(editor: Client) -> None:
    update = an_imported_update(allowed="members", visibility="members")
    page = text_of(editor.post(address(Update, "change", update.pk), {"visibility": "public"}))
    assert "it cannot be shown more widely" in page
    assert Update.objects.get().visibility == "members"


def test_nothing_that_is_hidden_or_waits_comes_back_by_a_button_of_the_form(editor: Client) -> None:
    update = an_update(state=Update.State.HIDDEN, hidden_by="kim", because="wrong")
    change(editor, update, "_now")
    assert Update.objects.get().state == Update.State.HIDDEN


def test_approving_asks_why_and_keeps_the_answer(editor: Client) -> None:
    update = an_imported_update(state=Update.State.REVIEW, because="It holds a long list.")
    path = address(Update, "change", update.pk).replace("change", "approve")
    assert "Why it waits: It holds a long list." in text_of(editor.get(path))
    assert "This field is required." in text_of(editor.post(path, {"reason": ""}))
    assert Update.objects.get().state == Update.State.REVIEW
    text_of(editor.post(path, {"reason": "all were asked"}, follow=True))
    assert Update.objects.get().approved_by == "ed"
    assert said(update) == ["ed: Approved: all were asked"]


def test_several_are_approved_at_once(editor: Client) -> None:
    updates = [an_imported_update(f"week-{number}", state=Update.State.REVIEW) for number in range(3)]
    assert "can be read now" in act(editor, "approve", *updates)
    assert set(Update.objects.values_list("state", flat=True)) == {Update.State.PUBLISHED}


def test_a_hidden_update_is_gone_and_comes_back(editor: Client) -> None:
    update = an_update()
    base = address(Update, "change", update.pk)
    text_of(editor.post(base.replace("change", "hide"), {"reason": "wrong"}, follow=True))
    assert Client().get(update.get_absolute_url()).status_code == 410
    assert "It is hidden: wrong" in text_of(editor.get(base.replace("change", "restore")))
    text_of(editor.post(base.replace("change", "restore"), follow=True))
    assert Client().get(update.get_absolute_url()).status_code == 200
    assert said(update) == ["ed: Hidden: wrong", "ed: Restored."]


def test_the_page_offers_only_what_can_be_done(editor: Client, auditor: Client) -> None:
    update = an_update()
    buttons = ("approve/", "hide/", "restore/")
    offered = [f"{update.pk}/{button}" in page_of(editor, update) for button in buttons]
    assert offered == [False, True, False]
    page = page_of(auditor, update)
    assert not any(f"{update.pk}/{button}" in page for button in buttons)
    assert "<textarea" not in page


def test_an_auditor_writes_nothing(auditor: Client) -> None:
    update = an_update()
    assert auditor.post(address(Update, "change", update.pk), typed("_now", update)).status_code == 403
    assert auditor.post(PREVIEW, typed()).status_code == 403
    assert auditor.post(ADD, typed()).status_code == 403


@pytest.mark.parametrize(("query", "slugs"), [
    ("state__exact=review", {"waits"}),
    ("state__exact=published", {"imported", "found", "here"}),
    ("state__exact=scheduled", {"later"}),
    ("origin=posts", {"imported", "found", "waits"}),
    ("origin=here", {"here", "later"}),
    ("findings=some", {"found"}),
    ("year=2026", {"imported", "found", "waits", "here"}),
    ("year=abc", {"imported", "found", "waits", "here", "later"}),
    ("q=here", {"here"}),
    ("state__exact=nonsense", {"imported", "found", "waits", "here", "later"}),
])  # fmt: skip
def test_the_list_is_narrowed_down(auditor: Client, query: str, slugs: set[str]) -> None:
    an_imported_update("imported")
    an_imported_update("found", findings=[{"level": "warning", "code": "x", "message": "y"}])
    an_imported_update("waits", state=Update.State.REVIEW)
    an_update("here", title="One from here")
    an_update("later", title="One to come", published_at=timezone.now() + timedelta(days=3), year=2030)
    shown = auditor.get(f"{LIST}?{query}").context["cl"].result_list
    assert {update.slug for update in shown} == slugs


def test_hostile_text_is_shown_as_text(editor: Client) -> None:
    finding = [{"level": "warning", "code": HOSTILE, "message": HOSTILE}]
    hidden: dict[str, Any] = {"state": Update.State.HIDDEN, "because": HOSTILE, "hidden_by": HOSTILE}
    update = an_imported_update(title=HOSTILE, author=HOSTILE, findings=finding, **hidden)
    pages = [page_of(editor, update), text_of(editor.get(LIST)), text_of(editor.get(f"{LIST}{update.pk}/restore/"))]
    for page in pages:
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "\\x202e" in page


def test_a_deleted_update_that_was_written_here_is_gone(editor: Client) -> None:
    root, update = logged_in(a_person("root", superuser=True)), an_update()
    path = address(Update, "delete", update.pk)
    assert editor.post(path, {"post": "yes"}).status_code == 403
    assert root.post(path, {"post": "yes"}).status_code == 302
    assert not Update.objects.exists()


def test_an_imported_update_cannot_be_deleted(db: None) -> None:
    root, update = logged_in(a_person("root", superuser=True)), an_imported_update()
    assert root.post(address(Update, "delete", update.pk), {"post": "yes"}).status_code == 403


def test_categories_keep_their_addresses(editor: Client) -> None:
    text_of(editor.post(address(Category, "add"), {"title": "Events", "slug": "events"}, follow=True))
    category = Category.objects.get()
    editor.post(address(Category, "change", category.pk), {"title": "Meetings", "slug": "meetings"})
    assert list(Category.objects.values_list("title", "slug")) == [("Meetings", "events")]


def test_pages_cost_as_many_queries_for_a_thousand_updates_as_for_a_few(editor: Client) -> None:
    category = Category.objects.create(slug="news", title="News")
    collection = a_collection()
    first = an_imported_update("first", category=category, collection=collection)
    few = {path: queries(editor, path) for path in (LIST, address(Update, "change", first.pk))}
    many = [
        Update(title="x", slug=f"x{n}", year=2026, published_at=NOW, category=category, body="", html="", text="")
        for n in range(1000)
    ]
    Update.objects.bulk_create(many)
    for path, before in few.items():
        assert queries(editor, path) <= before + 1, path
    assert few == {LIST: 13, address(Update, "change", first.pk): 8}


def test_the_address_of_a_preview_is_not_one_of_an_update(editor: Client) -> None:
    assert reverse("admin:docs_hub_update_preview") == PREVIEW
    assert editor.get(PREVIEW).status_code == 405
