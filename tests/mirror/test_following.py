"""A mirror that follows another one is the same to the byte, or says by name what keeps it from being so."""

import gzip
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mageos_portal.reach import Reach
from mirror import building, following, importing, lifecycle, origin, publishing
from mirror.catalogue import current_catalogue
from mirror.comparing import compare
from mirror.exclusion import alone
from mirror.exporting import export, rebased
from mirror.metadata import manifest_file
from mirror.models import Build, Change, Distribution, PackageVersion
from mirror.provenance import MixedError
from mirror.reporting import BuildFailedError, BuildRefusedError, Options
from mirror.syncing import SyncOptions, SyncReport
from mirror.verifying import find_target, verify
from tests.support.origins import directory_served, distribution_served
from tests.support.packages import make_distribution, package, publish, put, take_in
from tests.support.portal import SHOP, Portal, ended, new_portal, new_shop
from tests.support.server import Site, free_port, serving

COPY_URL = "https://copy.example.org/"
MANY = 300
Handler = SimpleHTTPRequestHandler
pytestmark = pytest.mark.django_db


@pytest.fixture
def first(settings: Any, tmp_path: Path) -> Distribution:
    """A mirror with two packages, one of them with a development version."""
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    distribution = make_distribution(tmp_path, "first")
    put(
        tmp_path / "archives",
        a=package(version="1.0.0", require={"acme/tool": "^1.0"}, description="Größe"),
        b=package(version="1.1.0", require={"acme/tool": "^1.0"}),
        c=package(version="dev-main"),
        d=package("acme/tool", "1.0.0"),
    )
    add(distribution, tmp_path)
    return distribution


@pytest.fixture
def copy(first: Distribution, tmp_path: Path) -> Distribution:
    """A mirror that has nothing yet."""
    return make_distribution(tmp_path, "copy", base_url=COPY_URL)


@pytest.fixture
def exported(first: Distribution, tmp_path: Path) -> Path:
    export(first, tmp_path / "export", None)
    return tmp_path / "export"


def add(distribution: Distribution, tmp_path: Path, **archives: bytes) -> None:
    """Import archives, and publish all that there is."""
    take_in(distribution, put(tmp_path / "archives", **archives))
    publish(distribution)


def sync(distribution: Distribution, url: str | Path = "", **more: Any) -> SyncReport:
    report = following.sync(distribution, SyncOptions(url=str(url), reserved=frozenset({"admin"}), **more))
    distribution.refresh_from_db()
    return report


def dists(distribution: Distribution) -> dict[str, bytes]:
    root = distribution.files.dists
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.zip")}


def served(distribution: Distribution) -> dict[str, bytes]:
    """Give the metadata that clients get, as they would be at the first mirror's address."""
    tree = distribution.files.current
    found = {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("p2/**/*.json")}
    return {path: rebased(content, distribution.url, "https://repo.example.org/") for path, content in found.items()}


def assert_same(copy: Distribution, first: Distribution) -> None:
    assert dists(copy) == dists(first)
    assert served(copy) == served(first)
    assert verify(find_target(copy.slug)).findings == ()
    assert compare(find_target(copy.slug).repository, find_target(first.slug).repository).is_equal


@contextmanager
def exported_to_a_directory(first: Distribution, directory: Path) -> Iterator[str]:
    export(first, directory, None)
    yield str(directory)


@contextmanager
def exported_for_files(first: Distribution, directory: Path) -> Iterator[str]:
    export(first, directory, directory.as_uri())
    yield directory.as_uri()


@contextmanager
def exported_to_a_server(first: Distribution, directory: Path) -> Iterator[str]:
    export(first, directory, None)
    with directory_served(directory) as (url, _):
        yield url


@contextmanager
def served_by_a_portal(first: Distribution, directory: Path) -> Iterator[str]:
    with distribution_served(first) as url:
        yield url


WAYS = [exported_to_a_directory, exported_for_files, exported_to_a_server, served_by_a_portal]


@pytest.mark.parametrize("way", WAYS)
def test_a_follower_is_the_same_but_for_its_address(
    first: Distribution, copy: Distribution, tmp_path: Path, way: Callable[[Distribution, Path], Any]
) -> None:
    with way(first, tmp_path / "export") as address:
        report = sync(copy, address)
        assert (report.fetched, report.reused, report.publication) == (4, 0, 1)
        assert_same(copy, first)
        add(first, tmp_path, e=package(version="1.2.0"))
    with way(first, tmp_path / "export") as address:
        assert (sync(copy, address).fetched, sync(copy).fetched) == (1, 0)
    assert_same(copy, first)
    root = json.loads((copy.files.current / "packages.json").read_bytes())
    assert root["metadata-url"] == f"{COPY_URL}p2/%package%.json"
    assert set(PackageVersion.objects.of(copy).values_list("origin", flat=True)) == {PackageVersion.Origin.FOLLOWED}


def test_where_nothing_is_new_only_the_manifest_is_asked_for(copy: Distribution, exported: Path) -> None:
    with directory_served(exported) as (url, asked):
        sync(copy, url)
        asked.clear()
        report = sync(copy)
    assert asked == ["/manifest.sha256"]
    assert (report.fetched, report.reused, report.publication) == (0, 4, None)


def test_a_portal_that_has_nothing_new_says_so_without_a_word(first: Distribution, copy: Distribution) -> None:
    with distribution_served(first) as url, origin.reached(url, Reach(private=False, loopback=True)) as there:
        sync(copy, url)
        etag = copy.builds.get().report["origin"]["etag"]
        assert there.text("manifest.sha256", etag) is None


def test_only_what_changed_is_asked_for(
    first: Distribution, copy: Distribution, exported: Path, tmp_path: Path
) -> None:
    with directory_served(exported) as (url, asked):
        sync(copy, url)
        add(first, tmp_path, e=package("acme/tool", "1.1.0"))
        export(first, exported, None)
        asked.clear()
        sync(copy)
    wanted = ["manifest.sha256", "p2/acme/tool.json", "packages.json", "packages/acme/tool-1.1.0.zip"]
    assert sorted(set(asked)) == [f"/{path}" for path in wanted]


def test_an_archive_that_got_lost_is_fetched_again(copy: Distribution, exported: Path) -> None:
    sync(copy, exported)
    lost = copy.files.dist("packages/acme/tool-1.0.0.zip")
    lost.unlink()
    assert sync(copy).fetched == 1
    assert lost.exists()


def test_what_follows_is_remembered_and_dated(copy: Distribution, exported: Path) -> None:
    sync(copy, exported)
    assert copy.follows == exported.as_uri() + "/"
    assert copy.repository_url == "https://repo.example.org/"
    assert copy.followed_at is not None
    assert copy.origin_changed_at is not None
    assert copy.origin_changed_at <= copy.followed_at
    assert not copy.is_sample


def test_a_sync_is_recorded_with_its_steps(copy: Distribution, exported: Path) -> None:
    sync(copy, exported)
    build = copy.builds.get()
    assert (build.kind, build.state, build.built, build.reused) == (Build.Kind.SYNC, Build.State.SUCCEEDED, 4, 0)
    steps = build.steps.values_list("name", "done", "total", "state")
    done = "succeeded"
    assert list(steps) == [
        ("compare", 3, 3, done),
        ("fetch", 4, 4, done),
        ("check", 0, 0, done),
        ("publish", 1, 1, done),
    ]
    said = " ".join(build.lines.values_list("text", flat=True))
    assert "4 archives were fetched" in said
    assert str(exported) not in said


def test_a_queued_sync_is_run_as_such(copy: Distribution, exported: Path, first: Distribution) -> None:
    Distribution.objects.filter(pk=copy.pk).update(follows=exported.as_uri() + "/")
    copy.refresh_from_db()
    build = lifecycle.queue(copy, "", {}, kind=Build.Kind.SYNC)
    call_command("run_build", str(build.pk))
    build.refresh_from_db()
    assert (build.state, build.kind) == (Build.State.SUCCEEDED, Build.Kind.SYNC)
    copy.refresh_from_db()
    assert_same(copy, first)


def test_the_command_says_what_it_did(copy: Distribution, exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sync_distribution", "copy", str(exported))
    assert "Fetched 4 archives" in (said := capsys.readouterr().out)
    assert "Publication 1 is served, equal to the directory export." in said
    call_command("sync_distribution", "copy", "--json")
    assert json.loads(capsys.readouterr().out)["fetched"] == 0


def assert_untouched(copy: Distribution, before: tuple[Any, ...]) -> None:
    copy.refresh_from_db()
    assert state(copy) == before
    assert not list(copy.files.temporary.iterdir())


def state(copy: Distribution) -> tuple[Any, ...]:
    rows = list(PackageVersion.objects.of(copy).values_list("pk", "sha256", "withdrawn_at"))
    return copy.publication_id, served(copy), dists(copy), rows


def refused(copy: Distribution, url: str | Path = "") -> str:
    """Sync, which must fail, and give what it said."""
    with pytest.raises(BuildFailedError) as caught:
        sync(copy, url)
    assert copy.builds.first().failure  # type: ignore[union-attr]
    return str(caught.value)


def test_a_byte_that_changed_is_refused_by_name(copy: Distribution, exported: Path) -> None:
    path = "packages/acme/library-1.1.0.zip"
    damaged = bytearray((exported / path).read_bytes())
    damaged[-1] ^= 1
    (exported / path).unlink()  # it is the same file as the first mirror's
    (exported / path).write_bytes(damaged)
    said = refused(copy, exported)
    assert f"{path} of the directory export has the sha256" in said
    assert "nothing was published" in said
    copy.refresh_from_db()
    assert copy.publication is None
    assert path not in dists(copy)


def test_a_known_archive_that_another_sha256_is_listed_for_is_refused_by_name(
    first: Distribution, copy: Distribution, exported: Path, tmp_path: Path
) -> None:
    sync(copy, exported)
    before = state(copy)
    shutil.rmtree(exported)
    other = make_distribution(tmp_path, "other")
    take_in(other, put(tmp_path / "others", a=package(version="1.0.0", text="two"), b=package(version="1.2.0")))
    publish(other)
    export(other, exported, None)
    said = refused(copy)
    assert "packages/acme/library-1.0.0.zip (acme/library 1.0.0) has the sha256" in said
    assert "what is published never changes" in said
    assert_untouched(copy, before)


def test_metadata_that_do_not_fit_the_manifest_are_refused_by_name(copy: Distribution, exported: Path) -> None:
    (exported / "p2/acme/tool.json").write_text("{}")
    assert "p2/acme/tool.json of the directory export has the sha256" in refused(copy, exported)


def relist(exported: Path, path: str, content: bytes) -> None:
    """Change a file of an export, and its line in the manifest."""
    (exported / path).write_bytes(content)
    lines = [line.split("  ") for line in (exported / "manifest.sha256").read_text().splitlines()]
    sums = {name: digest for digest, name in lines} | {path: sha256(content).hexdigest()}
    (exported / "manifest.sha256").write_bytes(manifest_file(sums))


def test_metadata_that_would_be_written_otherwise_here_are_refused_with_both_sums(
    copy: Distribution, exported: Path
) -> None:
    path = "p2/acme/tool.json"
    spaced = (exported / path).read_bytes().replace(b'":', b'": ')
    relist(exported, path, spaced)
    said = refused(copy, exported)
    assert f"{path} has the sha256 {sha256(spaced).hexdigest()} there and would have" in said
    assert dists(copy) == {}


def test_what_was_withdrawn_there_disappears_here_and_comes_back_with_it(
    first: Distribution, copy: Distribution, tmp_path: Path
) -> None:
    with distribution_served(first) as url:
        sync(copy, url)
        publishing.withdraw(PackageVersion.objects.of(first).filter(version="1.1.0"), reason="wrong", actor="")
        report = sync(copy)
        assert (report.fetched, report.publication) == (0, 2)
        assert served(copy) == served(first)
        assert "packages/acme/library-1.1.0.zip" in dists(copy)
        change = copy.changes.get()
        assert (change.action, change.subject) == (Change.Action.WITHDRAWN, "acme/library 1.1.0")
        publishing.roll_back(first.publications.get(number=1), actor="")
        PackageVersion.objects.of(first).update(withdrawn_at=None)
        publish(first)
        sync(copy)
    assert_same(copy, first)


def test_what_was_purged_there_is_purged_here(first: Distribution, copy: Distribution) -> None:
    rows = PackageVersion.objects.of(first).filter(version="1.1.0")
    with distribution_served(first) as url:
        sync(copy, url)
        publishing.withdraw(rows, reason="wrong", actor="")
        sync(copy)
        publishing.purge(rows, reason="stolen", actor="")
        sync(copy)
        assert sync(copy).publication is None
    path = "packages/acme/library-1.1.0.zip"
    assert path not in dists(copy)
    assert copy.publication is not None
    assert copy.files.listing(copy.publication.number).gone == (path,)
    assert_same(copy, first)


def test_what_was_withdrawn_here_stays_out(first: Distribution, copy: Distribution, tmp_path: Path) -> None:
    with distribution_served(first) as url:
        sync(copy, url)
        publishing.withdraw(PackageVersion.objects.of(copy).filter(version="1.1.0"), reason="a court", actor="")
        add(first, tmp_path, e=package(version="1.2.0"))
        report = sync(copy)
    assert [found.code for found in report.findings] == ["kept-back"]
    versions = current_catalogue(copy.files).entries["acme/library"].versions
    assert [one.version for one in versions] == ["1.2.0", "1.0.0", "dev-main"]


def test_links_that_were_corrected_there_are_corrected_here(first: Distribution, copy: Distribution) -> None:
    row = PackageVersion.objects.of(first).get(package__name="acme/tool")
    with distribution_served(first) as url:
        sync(copy, url)
        row.metadata = json.dumps({**row.links, "require": {"php": ">=8"}})
        row.save()
        with alone(first, "a test"):
            members = frozenset(PackageVersion.objects.of(first).values_list("pk", flat=True))
            publishing.publish(first, publishing.Order(members, "build", "", frozenset({"acme/tool"})))
        assert sync(copy).fetched == 0
    assert_same(copy, first)
    assert (copy.changes.get().action, copy.changes.get().subject) == (Change.Action.AMENDED, "acme/tool 1.0.0")


def test_archives_that_no_metadata_name_are_kept_at_their_address(
    first: Distribution, copy: Distribution, tmp_path: Path
) -> None:
    publishing.withdraw(PackageVersion.objects.of(first).filter(version="1.1.0"), reason="wrong", actor="")
    first.refresh_from_db()
    export(first, tmp_path / "export", None)
    sync(copy, tmp_path / "export")
    assert dists(copy) == dists(first)
    assert served(copy) == served(first)


def test_a_mirror_that_publishes_meanwhile_is_followed_from_the_start(
    first: Distribution, copy: Distribution, exported: Path, tmp_path: Path
) -> None:
    take_in(first, put(tmp_path / "archives", e=package(version="1.2.0")))
    publish(first)
    export(first, tmp_path / "newer", None)

    def publish_at_first_archive(handler: Handler) -> bool:
        if handler.path.endswith(".zip") and not (exported / "packages/acme/library-1.2.0.zip").exists():
            shutil.copytree(tmp_path / "newer", exported, dirs_exist_ok=True)
        return False

    with directory_served(exported, publish_at_first_archive) as (url, asked):
        assert sync(copy, url).publication == 1
    assert asked.count("/packages.json") == 2
    assert_same(copy, first)


def test_a_mirror_that_never_stands_still_is_given_up(copy: Distribution, exported: Path) -> None:
    def change(handler: Handler) -> bool:
        if handler.path == "/manifest.sha256":
            with (exported / "manifest.sha256").open("a") as file:
                file.write(f"{'0' * 64}  notes-{file.tell()}.txt\n")
        return False

    with directory_served(exported, change) as (url, _):
        assert "changed 5 times while it was copied" in refused(copy, url)


def test_a_mirror_that_does_not_answer_changes_nothing(copy: Distribution, exported: Path) -> None:
    sync(copy, exported)
    before = state(copy)
    said = refused(copy, f"http://127.0.0.1:{free_port()}/")
    assert "manifest.sha256 cannot be reached" in said
    assert_untouched(copy, before)
    assert copy.follows.startswith("file:")


def answering(status: int, body: bytes = b"", **headers: str) -> Callable[[Handler], bool]:
    """Answer everything in this way."""

    def answer(handler: Handler) -> bool:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)
        return True

    return answer


HOSTILE = [
    (answering(500), "answers 500"),
    (answering(404), "is not there"),
    (answering(302, Location="/again"), "leads on and on"),
    (answering(302, Location="https://127.0.0.1/"), "which is not http"),
    (answering(302, Location="file:///etc/passwd"), "which is not http"),
    (answering(200, b"<html>"), "line 1 of the manifest is not"),
    (answering(200, b"0" * 64 + b"  ../../x.zip\n"), "is not a path that is served here"),
    (answering(200, gzip.compress(bytes(1 << 22)), Content_Encoding="gzip"), "more than the 1,048,576 bytes"),
    (answering(200, b"no gzip", Content_Encoding="gzip"), "cannot be reached"),
]


@pytest.mark.parametrize(("answer", "said"), HOSTILE)
def test_answers_that_are_not_a_mirrors_are_refused(
    copy: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Handler], bool], said: str
) -> None:
    monkeypatch.setattr(origin, "LARGEST_TEXT", 1 << 20)
    with directory_served(tmp_path, answer) as (url, _):
        assert said in refused(copy, url)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://192.0.2.1/", "PORTAL_FOLLOW_PRIVATE"),
        ("https://10.1.2.3/", "PORTAL_FOLLOW_PRIVATE"),
        ("http://169.254.169.254/", "PORTAL_FOLLOW_PRIVATE"),
        ("http://[::ffff:10.1.2.3]/", "PORTAL_FOLLOW_PRIVATE"),
        ("http://8.8.8.8/", "is not https"),
        ("https://nowhere.invalid/", "cannot be resolved"),
    ],
)
def test_addresses_that_are_not_public_are_refused(copy: Distribution, address: str, said: str) -> None:
    assert said in refused(copy, address)


def test_a_public_portal_does_not_look_at_its_own_machine(copy: Distribution, settings: Any, exported: Path) -> None:
    settings.PORTAL_BASE_URL = "https://copy.example.org"
    with directory_served(exported) as (url, _):
        assert "PORTAL_FOLLOW_PRIVATE" in refused(copy, url)
        settings.PORTAL_FOLLOW_PRIVATE = True
        assert sync(copy, url).fetched == 4


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "follows nothing yet"),
        ("/no/such/directory", "neither an http"),
        ("ftp://example.org/", "neither an http"),
        ("https://me:secret@example.org/", "holds a login"),
        ("https://example.org/?a=b", "holds a login, a query"),
        ("https://[::/", "is no address"),
        (f"https://example.org/{'a' * 200}", "more than the 200 characters"),
        (COPY_URL, "the address of copy itself"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_anything_begins(copy: Distribution, address: str, said: str) -> None:
    with pytest.raises(BuildRefusedError, match=said):
        sync(copy, address)
    assert not copy.builds.exists()


def test_a_mirror_with_packages_of_its_own_cannot_follow(first: Distribution, exported: Path) -> None:
    with pytest.raises(BuildRefusedError, match="built or imported here"):
        sync(first, exported)
    with pytest.raises(CommandError, match="built or imported here"):
        call_command("sync_distribution", "first", str(exported))


def test_a_follower_builds_and_imports_nothing(copy: Distribution, exported: Path, tmp_path: Path) -> None:
    sync(copy, exported)
    with pytest.raises(BuildRefusedError, match="follows another mirror"):
        building.build(copy, Options())
    with pytest.raises(MixedError, match="follows another mirror"):
        importing.import_archives(copy, tmp_path / "archives", keep_paths=False)


def test_a_mirror_at_a_loopback_address_is_a_sample(first: Distribution, copy: Distribution, tmp_path: Path) -> None:
    export(first, tmp_path / "export", "http://127.0.0.1:8000/")
    sync(copy, tmp_path / "export")
    assert copy.is_sample
    export(first, tmp_path / "export", "https://repo.example.org/")
    assert "must not be mixed" in refused(copy)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A portal with a release, and many packages more."""
    directory = tmp_path_factory.mktemp("origin")
    portal = new_shop(directory / "portal")
    archives = {f"p{n}": package("closed/many", f"1.{n}.0", text="x" * (n * 40)) for n in range(MANY)}
    put(directory / "archives", **archives)
    portal.command("import_archives", portal.slug, str(directory / "archives"))
    assert portal.build("--approve")["errors"] == []
    return portal


MOMENTS = ("first-dists-made", "first-dists-made", "publication-laid-out")


def test_a_follower_killed_three_times_ends_byte_identical(shop: Portal, tmp_path: Path) -> None:
    copy = new_portal(tmp_path / "copy", SHOP, PORTAL_BASE_URL=COPY_URL.rstrip("/"), PORTAL_FOLLOW_PRIVATE="true")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with serving(Site(url, shop.data, shop.environment), port):
        for moment in MOMENTS:
            ended(copy.start("sync_distribution", copy.slug, url, PORTAL_KILL_AT=moment), -signal.SIGKILL)
            assert not copy.current.exists()
        report = copy.command("sync_distribution", copy.slug, "--json").report
        assert (report["fetched"], report["reused"], report["publication"]) == (0, len(shop.dists()), 1)
        assert report["releases"] == {"1.0.0": {"complete": True, "missing": []}}
        copy.command("verify_distribution", copy.slug, "--against", url)
    assert copy.dists() == shop.dists()
    copy.assert_whole()
    assert copy.query("SELECT state FROM mirror_build ORDER BY id DESC LIMIT 1") == [("succeeded",)]
    assert copy.query("SELECT published_at IS NULL, complete FROM mirror_release") == [(0, 1)]
