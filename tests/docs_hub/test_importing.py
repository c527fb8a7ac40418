"""Updates from git: what becomes of each file, what stays, and who may read it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from docs_hub import approving, importing
from docs_hub.models import Alias, SourceFile, Update
from mageos_portal.models import SearchEntry
from tests.support.clones import BLOG, POSTS, Clones, codes, picture, updates_of
from tests.support.made_posts import newer, older

pytestmark = pytest.mark.django_db

APRIL, MAY = "2024-05-07-april-recap.md", "2024-06-07-may-recap.md"
NAMES = "\n".join(f"* Person {number}" for number in range(600))


def path_of(name: str) -> str:
    return f"{POSTS}/{name}"


def stamp() -> list[tuple[Any, ...]]:
    """Give all that a sync could have written."""
    rows = [Update.objects.order_by("pk"), Alias.objects.order_by("pk"), SourceFile.objects.order_by("pk")]
    return [row for query in rows for row in query.values_list()]


def test_a_post_becomes_an_update_that_everybody_can_read_and_find(clones: Clones) -> None:
    clones.posts({APRIL: newer("Some **words**.", title="April recap", category="Releases", tags="[a, b]")})
    report = clones.report(updates_of())
    assert (report["created"], report["updated"], report["same"], report["gone"]) == ([path_of(APRIL)], [], 0, [])
    update = Update.objects.published(timezone.now()).get()
    assert (update.title, update.get_absolute_url()) == ("April recap", "/updates/2024/april-recap/")
    assert update.html == "<p>Some <strong>words</strong>.</p>\n"
    assert (update.category and update.category.title, update.tags) == ("Releases", ["a", "b"])
    assert SearchEntry.objects.get().title == "April recap"


def test_a_second_sync_writes_nothing_and_asks_no_more_for_more_posts(clones: Clones) -> None:
    collection = updates_of()
    counts = []
    for number in (1, 30):
        clones.posts({f"2024-05-{day:02}-post-{day}.md": newer(title=f"Post {day}") for day in range(1, number + 1)})
        clones.sync(collection)
        before = stamp()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            report = clones.report(collection)
        assert (report["same"], report["created"], report["updated"], stamp()) == (number, [], [], before)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_changed_post_changes_its_update_only(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer("Old.", title="April"), MAY: newer("May.", title="May")})
    clones.sync(collection)
    may = Update.objects.get(title="May").changed_at
    clones.posts({APRIL: newer("New.", title="April"), MAY: newer("May.", title="May")})
    report = clones.report(collection)
    assert (report["updated"], report["same"]) == ([path_of(APRIL)], 1)
    assert [update.body for update in Update.objects.order_by("title")] == ["New.", "May."]
    assert Update.objects.get(title="May").changed_at == may


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "front-matter"),
        (b"No front matter.", "front-matter"),
        (b"---\ntitle: A\n", "front-matter"),
        (b"---\ntitle: [\n---\n", "front-matter"),
        (b"---\ntitle: &a [*a]\n---\n", "front-matter"),
        (b"---\ntitle: !!python/object/apply:os.system [x]\n---\n", "front-matter"),
        (b"---\npublishDate: 2024-01-01\n---\nNo title.", "title-missing"),
        (b"---\ntitle: A\npublishDate: soon\n---\n", "date-unreadable"),
        (b"---\ntitle: \xff\n---\n", "not-utf-8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not-utf-8"),
        (b"---\ntitle: A\n---\n" + b"x" * (1024 * 1024), "too-large"),
    ],
)
def test_a_file_that_gives_no_post_is_reported_and_the_rest_goes_on(clones: Clones, content: bytes, code: str) -> None:
    clones.posts({APRIL: content, MAY: newer(title="May")})
    collection = updates_of()
    for _ in range(2):
        report = clones.report(collection)
        assert codes(report, path_of(APRIL), "errors") == [code]
        assert Update.objects.get().title == "May"


def test_a_post_with_nul_and_controls_is_shown_without_them(clones: Clones) -> None:
    clones.posts({APRIL: newer("Wo\0rds\x1b.")})
    assert codes(clones.report(updates_of()), path_of(APRIL)) == ["controls-removed"]
    assert Update.objects.get().html == "<p>Words.</p>\n"


def test_names_that_a_database_cannot_hold_are_reported(clones: Clones) -> None:
    long = "x" * 250
    tree = {f"{POSTS}/{long}/{long}.md": newer(), f"{POSTS}/\udcff.md".encode("utf-8", "surrogateescape"): newer()}
    clones.commit("posts", tree)
    report = clones.report(updates_of())
    assert [found[0][0] for found in report["errors"].values()] == ["name-unusable", "name-unusable"]
    assert not Update.objects.exists()


def test_a_file_that_became_unreadable_leaves_its_update_as_it_was(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer("Words.")})
    clones.sync(collection)
    clones.posts({APRIL: "Words without front matter."})
    assert codes(clones.report(collection), path_of(APRIL), "errors") == ["front-matter"]
    assert Update.objects.published(timezone.now()).get().body == "Words."


def test_drafts_and_the_future_stay_private(clones: Clones) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    clones.posts({APRIL: newer(draft="true", title="Draft"), MAY: newer(publishDate=f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}")})
    clones.sync(updates_of())
    assert not Update.objects.published(timezone.now()).exists()
    assert Update.objects.published(timezone.now() + timedelta(days=2)).get().title == "A title"


def test_unknown_keys_are_kept_and_named(clones: Clones) -> None:
    clones.posts({APRIL: newer(mood="happy", updateDate="2024-06-01", groupId="7")})
    report = clones.report(updates_of())
    assert codes(report, path_of(APRIL)) == ["unknown-key"]
    assert SourceFile.objects.get().extra == {"mood": "happy", "updateDate": "2024-06-01"}


def test_an_unknown_category_and_an_unknown_author_are_warned_of_and_kept(clones: Clones) -> None:
    clones.commit(
        "posts",
        {
            f"{POSTS}/{APRIL}": newer(category="Gossip", author="nobody"),
            f"{POSTS}/{MAY}": newer(title="May", author="kim-doe"),
            "src/data/authors/kim.md": "---\nname: Kim Doe\nslug: kim-doe\n---\n",
        },
    )
    report = clones.report(updates_of())
    assert codes(report, path_of(APRIL)) == ["unknown-category", "unknown-author"]
    assert list(Update.objects.order_by("pk").values_list("category__title", "author")) == [
        ("Gossip", "nobody"), ("Updates", "Kim Doe"),
    ]  # fmt: skip


def test_without_files_of_authors_nobody_is_unknown(clones: Clones) -> None:
    clones.posts({APRIL: newer(author="kim")})
    assert clones.report(updates_of())["warnings"] == {}


def test_an_update_whose_file_went_is_hidden_and_comes_back_with_it(clones: Clones) -> None:
    collection = updates_of()
    both: dict[str, Any] = {APRIL: newer(title="April"), MAY: newer(title="May")}
    clones.posts(both)
    clones.sync(collection)
    clones.posts({MAY: both[MAY]})
    assert clones.report(collection)["gone"] == [path_of(APRIL)]
    april = Update.objects.get(title="April")
    assert (april.state, april.hidden_by) == (Update.State.HIDDEN, "")
    assert [entry.title for entry in SearchEntry.objects.all()] == ["May"]
    assert clones.report(collection)["gone"] == []
    clones.posts(both)
    assert clones.report(collection)["created"] == []
    april.refresh_from_db()
    assert (april.state, april.because, SearchEntry.objects.count()) == (Update.State.PUBLISHED, "", 2)


def test_what_staff_decided_of_an_update_outlives_syncs(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer(title="April"), MAY: newer(title="May")})
    clones.sync(collection)
    hidden = Update.objects.get(title="April")
    approving.hide([hidden], actor="kim", reason="It was wrong.")
    clones.posts({MAY: newer(title="May")})
    clones.sync(collection)
    clones.posts({APRIL: newer("Again.", title="April")})
    clones.sync(collection)
    hidden.refresh_from_db()
    assert (hidden.state, hidden.because, hidden.hidden_by) == (Update.State.HIDDEN, "It was wrong.", "kim")
    may = Update.objects.get(title="May")
    assert may.state == Update.State.HIDDEN
    approving.restore([may])
    clones.posts({APRIL: newer("And again.", title="April")})
    clones.sync(collection)
    may.refresh_from_db()
    assert may.state == Update.State.PUBLISHED


def test_a_long_list_waits_for_approval_and_stays_approved_until_its_text_changes(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer(NAMES)})
    report = clones.report(collection)
    update = Update.objects.get()
    assert (codes(report, path_of(APRIL)), update.state) == (["long-list"], Update.State.REVIEW)
    approving.approve([update], actor="kim")
    clones.posts({APRIL: newer(NAMES, title="Another title")})
    clones.sync(collection)
    update.refresh_from_db()
    assert (update.state, update.title, update.approved_by) == (Update.State.PUBLISHED, "Another title", "kim")
    clones.posts({APRIL: newer(NAMES + "\n* One more")})
    clones.sync(collection)
    update.refresh_from_db()
    assert (update.state, update.approved_by) == (Update.State.REVIEW, "")
    assert not SearchEntry.objects.exists()


def test_damaged_letters_are_reported_and_put_right_only_on_request(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer("Ok.\n\nitâ€™s here"), MAY: newer("Words.", title="May")})
    assert codes(clones.report(collection), path_of(APRIL)) == ["mojibake"]
    assert "itâ€™s" in Update.objects.get(slug="april-recap").html
    assert importing.repair([path_of(APRIL), "other.md"], [collection]) == ["other.md"]
    for _ in range(2):
        assert codes(clones.report(collection), path_of(APRIL)) == ["mojibake-repaired"]
        assert "it’s here" in Update.objects.get(slug="april-recap").html
    clones.posts({APRIL: newer("Ok. More.\n\nitâ€™s here")})
    assert codes(clones.report(collection), path_of(APRIL)) == ["mojibake-repaired"]
    assert "it’s here" in Update.objects.get(slug="april-recap").html


def test_files_of_two_repositories_are_one_update_with_all_addresses(clones: Clones) -> None:
    first, second = updates_of("blog", path=BLOG), updates_of("posts")
    clones.commit("blog", {f"{BLOG}/mage-os-update-2022-week-9.md": older("Old words.", description="By a person.")})
    clones.posts({"2022-03-04-week-9.md": newer("New words.", publishDate="2022-03-04", title="A  title")})
    clones.sync(first, second)
    update = Update.objects.get()
    assert (update.body, update.description, update.files.count()) == ("New words.", "By a person.", 2)
    assert sorted(update.aliases.values_list("path", flat=True)) == [
        "/blog/mage-os-update-2022-week-9", "/updates/2022-03-04-week-9", "/updates/week-9",
    ]  # fmt: skip


def test_a_collection_that_is_synced_alone_leaves_what_it_shares_as_it_was(clones: Clones) -> None:
    first, second = updates_of("blog", path=BLOG), updates_of("posts")
    old = f"{BLOG}/mage-os-update-2022-week-9.md"
    clones.commit("blog", {old: older("Old words.", description="By a person.")})
    clones.posts({"2022-03-04-week-9.md": newer("New words.", publishDate="2022-03-04")})
    clones.sync(first, second)
    clones.commit("blog", {old: older("Older words.", description="By another.")})
    clones.sync(first)
    clones.sync(second)
    update = Update.objects.get()
    assert (update.body, update.files.count()) == ("New words.", 2)


def test_the_text_of_the_preferred_collection_counts(clones: Clones) -> None:
    first, second = updates_of("blog", path=BLOG, preference=1), updates_of("posts")
    clones.commit("blog", {f"{BLOG}/mage-os-update-2022-week-9.md": older("Old words.")})
    clones.posts({"2022-03-04-week-9.md": newer("New words.", publishDate="2022-03-04")})
    clones.sync(first, second)
    assert Update.objects.get().body == "Old words."


def test_a_renamed_file_keeps_its_update_and_its_address(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer("Words.")})
    clones.sync(collection)
    update = Update.objects.get()
    clones.posts({"2024-05-07-another-name.md": newer("Words!")})
    report = clones.report(collection)
    assert (len(report["created"]), len(report["gone"])) == (1, 1)
    renamed = Update.objects.get()
    assert (renamed.pk, renamed.get_absolute_url(), renamed.body) == (update.pk, update.get_absolute_url(), "Words!")
    assert renamed.state == Update.State.PUBLISHED
    assert {"/updates/april-recap", "/updates/another-name"} <= set(Alias.objects.values_list("path", flat=True))


def test_an_update_of_another_year_leaves_its_old_address_behind(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({"april.md": newer(publishDate="2023-12-31")})
    clones.sync(collection)
    clones.posts({"april.md": newer(publishDate="2024-01-01")})
    clones.sync(collection)
    assert Update.objects.get().get_absolute_url() == "/updates/2024/april/"
    assert Alias.objects.get(path="/updates/2023/april").update == Update.objects.get()


def test_two_updates_of_one_name_and_year_have_two_addresses_which_stay(clones: Clones) -> None:
    collection = updates_of()
    files: dict[str, Any] = {
        "2024-05-07-recap.md": newer(title="One"),
        "2024-06-07-recap.md": newer(title="Two", publishDate="2024-06-07"),
    }
    clones.posts(files)
    for _ in range(2):
        assert codes(clones.report(collection, again=True), path_of("2024-06-07-recap.md")) == ["address-taken"]
        assert list(Update.objects.order_by("title").values_list("slug", flat=True)) == ["recap", "recap-06-07"]


def test_an_update_written_here_keeps_its_address(clones: Clones) -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    ours = Update.objects.create(
        title="Ours", slug="april-recap", year=2024, published_at=moment, body="x", html="x", text="x",
        is_written_here=True, state=Update.State.PUBLISHED,
    )  # fmt: skip
    clones.posts({APRIL: newer(f"[ours]({ours.get_absolute_url()})")})
    report = clones.report(updates_of())
    assert codes(report, path_of(APRIL)) == ["address-taken"]
    imported = Update.objects.get(is_written_here=False)
    assert imported.slug == "april-recap-05-07"
    assert f'href="{ours.get_absolute_url()}"' in imported.html


def test_redirects_that_staff_made_stay(clones: Clones) -> None:
    Alias.objects.create(path="/updates/april-recap", target="/docs/", is_handmade=True)
    clones.posts({APRIL: newer()})
    clones.sync(updates_of())
    assert Alias.objects.get(path="/updates/april-recap").target == "/docs/"


def test_pictures_are_copied_and_missing_ones_are_said(clones: Clones) -> None:
    body = "![Red](~/assets/images/red.png)\n\n![Gone](~/assets/images/gone.png)\n\n![Root](/blog/root)"
    clones.commit(
        "posts",
        {
            f"{POSTS}/{APRIL}": newer(body, image="~/assets/images/none.png"),
            "src/assets/images/red.png": picture(),
            "public/blog/root": picture("JPEG"),
        },
    )
    report = clones.report(updates_of())
    assert codes(report, path_of(APRIL)) == ["image-missing", "image-missing"]
    update = Update.objects.get()
    assert update.html.count('src="/media/updates/') == 2
    assert ("Missing image: Gone" in update.html, update.image) == (True, "")


def test_a_picture_that_is_none_is_said(clones: Clones) -> None:
    files = {f"{POSTS}/{APRIL}": newer("![Alt](a.svg)"), f"{POSTS}/a.svg": "<svg onload='alert(1)'/>"}
    clones.commit("posts", files)
    assert codes(clones.report(updates_of()), path_of(APRIL)) == ["image-missing", "image-unusable"]
    assert "<svg" not in Update.objects.get().html


def test_who_may_see_a_collection_may_read_its_updates(clones: Clones) -> None:
    collection = updates_of(visibility="team", team="docs")
    clones.posts({APRIL: newer(title="April"), MAY: newer(title="May")})
    clones.sync(collection)
    assert set(Update.objects.values_list("visibility", "team")) == {("team", "docs")}
    collection.visibility, collection.team = "public", ""
    collection.save()
    clones.sync(collection)
    assert set(Update.objects.values_list("visibility", "team")) == {("public", "")}
    Update.objects.filter(title="May").update(visibility="staff")
    collection.visibility = "members"
    collection.save()
    clones.sync(collection)
    assert list(Update.objects.order_by("title").values_list("visibility", flat=True)) == ["members", "staff"]
    assert [entry.visibility for entry in SearchEntry.objects.all()] == ["members"]


def test_an_update_of_a_public_and_a_closed_repository_is_closed(clones: Clones) -> None:
    first, second = updates_of("blog", path=BLOG), updates_of("posts", visibility="members")
    clones.commit("blog", {f"{BLOG}/mage-os-update-2022-week-9.md": older()})
    clones.posts({"2022-03-04-week-9.md": newer(publishDate="2022-03-04")})
    clones.sync(first, second)
    assert Update.objects.get().visibility == "members"


def test_two_updates_that_became_one_leave_one_and_those_that_became_two_give_two(clones: Clones) -> None:
    collection = updates_of()
    one, other = newer(title="One"), newer(title="Other")
    clones.posts({"a.md": one, "b.md": other})
    clones.sync(collection)
    clones.posts({"a.md": one, "b.md": one})
    clones.sync(collection)
    assert [update.title for update in Update.objects.published(timezone.now())] == ["One"]
    clones.posts({"a.md": one, "b.md": other})
    clones.sync(collection)
    assert sorted(update.title for update in Update.objects.published(timezone.now())) == ["One", "Other"]


def test_what_a_killed_sync_left_undone_is_done_by_the_next(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer("Old."), MAY: newer("Old.", title="May")})
    clones.sync(collection)
    april = newer("New.")
    clones.posts({APRIL: april})
    files = SourceFile.objects.all()  # as a process leaves them that is killed before it derives updates
    files.filter(path=path_of(APRIL)).update(content=april.encode(), blob="")
    files.filter(path=path_of(MAY)).update(is_gone=True, blob="")
    clones.sync(collection)
    assert Update.objects.get(slug="april-recap").body == "New."
    assert Update.objects.get(title="May").state == Update.State.HIDDEN
