"""Dists in a bucket: nothing of a build's promises is lost, and composer installs from it."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from pytest_django import Settings

from mirror import mounts, publishing
from mirror.dists import StoreError, Whole
from mirror.exporting import export
from mirror.models import Distribution, PackageVersion
from mirror.mounts import MountTable
from mirror.places import work_dir
from mirror.responder import Responder
from mirror.verifying import find_target, verify
from tests.mirror.test_responder import Reply, answered, django
from tests.support.buckets import BucketServer, running_buckets
from tests.support.composer import Client, Mirror
from tests.support.packages import make_distribution, package, publish, put, take_in
from tests.support.portal import Portal, new_portal
from tests.support.repositories import add_tags, make_repository
from tests.support.repositories import package as composer_json
from tests.support.server import free_port

BUCKET = "dists"
LIBRARY, TOOL = "packages/acme/library-1.0.0.zip", "packages/acme/tool-1.0.0.zip"


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with running_buckets() as server:
        yield server


@pytest.fixture
def bucket(server: BucketServer, request: pytest.FixtureRequest) -> str:
    """A bucket of one test's own."""
    name = "b" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    server.make(name)
    return name


@pytest.fixture
def keep(db: None, settings: Settings, tmp_path: Path, server: BucketServer, bucket: str) -> Any:
    """Keep dists in the bucket; called again, serve them in another way."""

    def use(**options: Any) -> None:
        settings.STORAGES = {**settings.STORAGES, "dists": server.storages(bucket, **options)}

    settings.PORTAL_DATA_DIR, settings.PORTAL_WORK_DIR = tmp_path / "data", tmp_path / "work"
    settings.PORTAL_BASE_URL = "https://repo.example.org"
    use()
    return use


@pytest.fixture
def shop(keep: Any, tmp_path: Path) -> Distribution:
    """Two packages that were imported and published."""
    Distribution.objects.all().delete()
    distribution = make_distribution(tmp_path, is_default=True)
    take_in(distribution, put(tmp_path / "archives", a=package(), b=package("acme/tool")))
    publish(distribution)
    return distribution


def get(path: str, method: str = "GET", **environ: Any) -> Reply:
    return answered(Responder(django, MountTable(mounts.load)), f"/{path}", method, **environ)


def files_below(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.rglob("*.zip"))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_dists_are_objects_under_their_path_and_nothing_is_left_on_the_disk(
    shop: Distribution, server: BucketServer, bucket: str
) -> None:
    assert server.keys(bucket) == {f"shop/{LIBRARY}", f"shop/{TOOL}"}
    found = server.client.head_object(Bucket=bucket, Key=f"shop/{LIBRARY}")
    assert found["Metadata"] == {"sha256": sha256(package())}
    assert (found["ContentType"], found["CacheControl"]) == ("application/zip", "public, max-age=31536000, immutable")
    assert files_below(shop.files.root) == files_below(work_dir()) == []


def test_a_dist_that_is_there_is_never_replaced(shop: Distribution, tmp_path: Path) -> None:
    content = package(text="two")
    (tmp_path / "other.zip").write_bytes(content)
    faults = shop.dists.put({LIBRARY: Whole(tmp_path / "other.zip", sha256(content))})
    assert sha256(package()) in faults[LIBRARY]
    assert sha256(content) in faults[LIBRARY]
    with shop.dists.open(LIBRARY) as file:
        assert file.read() == package()


def test_the_same_bytes_may_come_again(shop: Distribution, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    again.write_bytes(package())
    assert shop.dists.put({LIBRARY: Whole(again, sha256(package()))}) == {}
    assert not again.exists()


def test_two_machines_that_store_the_same_address_at_once_agree(
    shop: Distribution, server: BucketServer, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other machine stores between our question and our upload, which the condition of the upload tells."""
    dists: Any = shop.dists
    upload = dists._upload

    def late(key: str, whole: Whole) -> bool:
        server.overwrite(bucket, key, b"theirs", sha256=sha256(b"theirs"))
        return bool(upload(key, whole))

    monkeypatch.setattr(dists, "_upload", late)
    (tmp_path / "ours.zip").write_bytes(b"ours")
    faults = dists.put({"packages/acme/new.zip": Whole(tmp_path / "ours.zip", sha256(b"ours"))})
    assert sha256(b"theirs") in faults["packages/acme/new.zip"]
    assert server.read(bucket, "shop/packages/acme/new.zip") == b"theirs"


def test_what_another_program_put_there_is_compared_by_its_bytes(
    shop: Distribution, server: BucketServer, bucket: str
) -> None:
    server.overwrite(bucket, f"shop/{LIBRARY}", package())
    assert not shop.dists.holds_other(LIBRARY, sha256(package()))
    assert shop.dists.holds_other(LIBRARY, sha256(b"other"))


def test_an_object_that_nobody_knows_keeps_an_archive_out(
    shop: Distribution, server: BucketServer, bucket: str, tmp_path: Path
) -> None:
    server.overwrite(bucket, "shop/packages/acme/library-2.0.0.zip", b"stray")
    report = take_in(shop, put(tmp_path / "more", c=package(version="2.0.0")))
    (refused,) = report.refused
    assert "is taken by a file of other content" in refused.faults[0]


def test_a_dist_is_streamed_with_everything_that_clients_ask(shop: Distribution) -> None:
    whole = get(LIBRARY)
    assert (whole.status, whole.body) == (200, package())
    assert whole.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert get(LIBRARY, "HEAD").headers == whole.headers
    assert get(LIBRARY, HTTP_IF_NONE_MATCH=whole.headers["ETag"]).status == 304
    assert get(LIBRARY, HTTP_IF_MODIFIED_SINCE=whole.headers["Last-Modified"]).status == 304
    assert get(LIBRARY, HTTP_IF_NONE_MATCH='"other"').status == 200
    assert get(LIBRARY, HTTP_RANGE="bytes=9999999-").status == 416
    assert get("packages/acme/none-1.0.0.zip").status == 404
    assert get("packages/../shop.zip").status == 404


@pytest.mark.parametrize(("wanted", "part"), [("bytes=2-5", slice(2, 6)), ("bytes=-7", slice(-7, None))])
def test_a_part_of_a_dist_is_streamed(shop: Distribution, wanted: str, part: slice) -> None:
    reply = get(LIBRARY, HTTP_RANGE=wanted)
    assert (reply.status, reply.body) == (206, package()[part])
    assert reply.headers["Content-Length"] == str(len(reply.body))
    assert get(LIBRARY, HTTP_RANGE=wanted, HTTP_IF_RANGE='"other"').body == package()


def test_a_client_is_sent_to_a_signed_address(shop: Distribution, keep: Any) -> None:
    keep(streams=False)
    reply = get(LIBRARY)
    assert (reply.status, reply.body) == (302, b"")
    assert reply.headers["Cache-Control"] == "public, max-age=600"
    with urlopen(reply.headers["Location"]) as answer:
        assert answer.read() == package()
    assert {"X-Amz-Expires=3600", "X-Amz-SignedHeaders=host"} <= set(
        urlsplit(reply.headers["Location"]).query.split("&")
    )
    assert get("packages/acme/none-1.0.0.zip").status == 404


def test_what_a_client_has_already_needs_no_other_address(shop: Distribution, keep: Any) -> None:
    keep(streams=False)
    head = get(LIBRARY, "HEAD")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(package())))
    assert get(LIBRARY, HTTP_IF_NONE_MATCH=head.headers["ETag"]).status == 304


def test_a_public_bucket_has_plain_addresses(shop: Distribution, keep: Any) -> None:
    keep(streams=False, public_url="https://cdn.example.org/repo")
    assert get(LIBRARY).headers["Location"] == f"https://cdn.example.org/repo/shop/{LIBRARY}"


def test_a_purged_dist_is_deleted_and_gone(shop: Distribution, server: BucketServer, bucket: str) -> None:
    assert get(LIBRARY).status == 200
    publishing.purge(PackageVersion.objects.filter(path=LIBRARY), reason="a test", actor="test")
    assert server.keys(bucket) == {f"shop/{TOOL}"}
    assert get(LIBRARY).status == 410


def test_a_withdrawn_dist_stays(shop: Distribution, server: BucketServer, bucket: str) -> None:
    publishing.withdraw(PackageVersion.objects.filter(path=LIBRARY), reason="a test", actor="test")
    assert f"shop/{LIBRARY}" in server.keys(bucket)
    assert get(LIBRARY).status == 200


def test_a_bucket_is_verified(shop: Distribution, server: BucketServer, bucket: str) -> None:
    assert verify(find_target("shop")).findings == ()
    server.overwrite(bucket, f"shop/{LIBRARY}", b"evil")
    server.client.delete_object(Bucket=bucket, Key=f"shop/{TOOL}")
    server.overwrite(bucket, "shop/packages/acme/stray.zip", b"")
    found = {(one.code, one.subject) for one in verify(find_target("shop")).findings}
    assert {("changed", LIBRARY), ("missing", TOOL), ("extra", "packages/acme/stray.zip")} <= found


def test_an_export_fetches_what_it_lacks(shop: Distribution, tmp_path: Path) -> None:
    report = export(shop, tmp_path / "export", "https://other.example.org/")
    assert (tmp_path / "export" / LIBRARY).read_bytes() == package()
    assert report.written > 0
    assert export(shop, tmp_path / "export", "https://other.example.org/").written == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bucket_name": "no-such-bucket"}, "no-such-bucket .*NoSuchBucket.*correct PORTAL_S3_BUCKET"),
        ({"access_key": None, "secret_key": None}, "has no key; set AWS_ACCESS_KEY_ID"),
    ],
)
def test_what_is_wrong_with_a_bucket_is_told(
    shop: Distribution, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str | None], said: str,
) -> None:  # fmt: skip
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    storage = settings.STORAGES["dists"]
    settings.STORAGES = {**settings.STORAGES, "dists": {**storage, "OPTIONS": {**storage["OPTIONS"], **options}}}
    (tmp_path / "new.zip").write_bytes(b"new")
    with pytest.raises(StoreError, match=said):
        shop.dists.put({"packages/acme/new.zip": Whole(tmp_path / "new.zip", sha256(b"new"))})


def test_a_bucket_that_does_not_answer_is_a_503(shop: Distribution, settings: Settings) -> None:
    storage = settings.STORAGES["dists"]
    nobody = {**storage["OPTIONS"], "endpoint_url": f"http://127.0.0.1:{free_port()}"}
    settings.STORAGES = {**settings.STORAGES, "dists": {**storage, "OPTIONS": nobody}}
    reply = get(LIBRARY)
    assert (reply.status, "try again" in reply.json["warning"]) == (503, True)


def library(portal: Portal, *versions: str) -> None:
    repository = portal.sources / "library"
    if not repository.exists():
        make_repository(repository, {})
    add_tags(repository, {version: {"composer.json": composer_json("acme/library", version)} for version in versions})


def test_a_build_without_its_bucket_fails_and_a_retry_finishes(tmp_path: Path) -> None:
    port = free_port()
    with running_buckets(port) as server:
        server.make("away")
        portal = new_portal(tmp_path / "portal", **server.environment("away"))
        library(portal, "1.0.0")
        portal.build()
    before = portal.manifest()
    library(portal, *(f"1.{n}.0" for n in range(1, 40)))
    failed = portal.command(*portal.build_arguments(), status=1)
    assert f"the bucket away at http://127.0.0.1:{port} does not answer" in failed.err
    assert "see that it can be reached" in failed.err
    assert "Traceback" not in failed.err
    assert portal.manifest() == before
    assert portal.query("SELECT COUNT(*) FROM mirror_packageversion") == [(1,)]
    assert files_below(portal.data) == []
    with running_buckets(port) as server:
        assert portal.build()["built"] == 39
        assert len(server.keys("away")) == 40
        portal.command("verify_distribution", portal.slug)


def test_a_killed_build_goes_on_with_what_is_in_the_bucket(server: BucketServer, bucket: str, tmp_path: Path) -> None:
    portal = new_portal(tmp_path / "portal", **server.environment(bucket))
    library(portal, *(f"1.{n}.0" for n in range(5)))
    portal.command(*portal.build_arguments(), status=None, PORTAL_KILL_AT="dists-made")
    stored = {key: server.client.head_object(Bucket=bucket, Key=key)["LastModified"] for key in server.keys(bucket)}
    portal.python("PackageVersion.objects.all().delete()")  # as if it had been killed before it wrote the rows
    assert portal.build()["errors"] == []
    assert len(stored) == 5
    assert stored == {
        key: server.client.head_object(Bucket=bucket, Key=key)["LastModified"] for key in server.keys(bucket)
    }
    portal.command("verify_distribution", portal.slug)


def test_bytes_that_differ_from_what_a_killed_build_left_are_an_error(
    server: BucketServer, bucket: str, tmp_path: Path
) -> None:
    portal = new_portal(tmp_path / "portal", **server.environment(bucket))
    library(portal, "1.0.0", "1.1.0")
    server.overwrite(bucket, "mirror/packages/acme/library-1.1.0.zip", b"left", sha256=sha256(b"left"))
    report = portal.build()
    (fault,) = report["errors"]
    assert (fault["code"], report["built"]) == ("path-taken", 1)
    assert sha256(b"left") in fault["message"]
    assert "remove that object" in fault["message"]
    assert server.read(bucket, "mirror/packages/acme/library-1.1.0.zip") == b"left"


@pytest.fixture(scope="module")
def built(server: BucketServer, tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """A portal with its dists in a bucket, and composer's configuration for it: packagist.org is not asked."""
    server.make(BUCKET)
    port = free_port()
    address = {"PORTAL_BASE_URL": f"http://127.0.0.1:{port}"}
    portal = new_portal(tmp_path_factory.mktemp("bucket") / "portal", **server.environment(BUCKET), **address)
    library(portal, "1.0.0", "1.1.0")
    portal.build()
    home = portal.sources / "composer"
    home.mkdir()
    configuration = {"config": {"secure-http": False}, "repositories": [{"packagist.org": False}]}
    (home / "config.json").write_text(json.dumps(configuration))
    return Mirror(portal, port)


@pytest.mark.composer
@pytest.mark.parametrize("way", ["redirect", "stream"])
def test_composer_installs_from_a_bucket(built: Mirror, tmp_path: Path, way: str) -> None:
    assert files_below(built.portal.data) == []
    mirror = Mirror(replace(built.portal, more={**built.portal.more, "PORTAL_S3_SERVE": way}), built.port)
    client = Client(mirror.home, tmp_path / "cache")
    with mirror.served():
        project = client.project(tmp_path / "project", mirror.url, {"acme/library": "^1.0"})
        with mirror.log.watching() as requests:
            project.run("update")
        statuses = [request.status for request in requests if request.path.endswith(".zip")]
        assert statuses == [302 if way == "redirect" else 200]
        assert project.installed == {"acme/library": "1.1.0"}
        with mirror.log.watching() as again:
            project.run("update")
        assert {request.status for request in again if request.path.startswith("/p2/acme")} == {304}
    mirror.portal.command("verify_distribution", "mirror")
