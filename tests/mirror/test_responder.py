"""What composer gets from the hot path: bytes, headers, conditions and refusals."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.urls import get_resolver
from pytest_django import Settings

from mirror import mounts
from mirror.archives import read_range
from mirror.models import Distribution
from mirror.mounts import Mounts, MountTable
from mirror.responder import ContentCache, Responder, Variant, allows_gzip
from tests.support.publications import SHOP, STAMP, STAMP_DATE, Sample, publish, use_data_dir

pytestmark = pytest.mark.django_db

P2 = "/p2/acme/library.json"
DIST = "/packages/acme/library-2.0.0.zip"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    source: Iterable[bytes]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Get = Callable[..., Reply]


def answered(application: Any, path: str, method: str = "GET", **environ: Any) -> Reply:
    """Ask as a server does: headers are given as HTTP_ names."""
    request = RequestFactory().generic(method, "/", HTTP_HOST="portal.example", **environ)
    request.environ["PATH_INFO"] = path.encode().decode("latin-1")
    seen: list[Any] = []
    source = application(request.environ, lambda status, headers: seen.extend((status, headers)))
    body = b"".join(source)
    if hasattr(source, "close"):
        source.close()
    return Reply(int(seen[0].split()[0]), dict(seen[1]), body, source)


def django(environ: Any, start_response: Any) -> list[bytes]:
    """Stand in for everything behind the responder."""
    start_response("200 OK", [("X-Answered-By", "django")])
    return [environ["PATH_INFO"].encode()]


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    return use_data_dir(settings, tmp_path)


@pytest.fixture
def distribution(data_dir: Path) -> Distribution:
    return Distribution.objects.get(is_default=True)


@pytest.fixture
def other(data_dir: Path) -> Distribution:
    return Distribution.objects.get(is_default=False)


@pytest.fixture
def get() -> Get:
    responder = Responder(django, MountTable(mounts.load))

    def ask(path: str, method: str = "GET", **environ: Any) -> Reply:
        return answered(responder, path, method, **environ)

    return ask


@pytest.fixture
def published(distribution: Distribution) -> Distribution:
    publish(distribution)
    return distribution


@pytest.mark.parametrize("path", ["/packages.json", P2, "/p2/acme/project.json"])
def test_metadata_is_json_that_clients_ask_for_again(published: Distribution, get: Get, path: str) -> None:
    reply = get(path)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Last-Modified"] == STAMP_DATE
    assert reply.headers["Content-Length"] == str(len(reply.body))
    assert reply.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "packages" in reply.json


def test_the_manifest_is_text(published: Distribution, get: Get) -> None:
    reply = get("/manifest.sha256")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f"{hashlib.sha256(get(P2).body).hexdigest()}  p2/acme/library.json\n" in reply.body.decode()


@pytest.mark.parametrize("path", [P2, DIST, "/p2/acme/none.json"])
def test_head_has_the_headers_of_get_and_no_body(published: Distribution, get: Get, path: str) -> None:
    whole, head = get(path), get(path, "HEAD")
    assert head.body == b""
    assert (head.status, head.headers) == (whole.status, whole.headers)


@pytest.mark.parametrize("path", [P2, DIST, "/p2/acme/none.json", "/packages/none.zip"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_files_can_only_be_read(published: Distribution, get: Get, path: str, method: str) -> None:
    reply = get(path, method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("since", "status"),
    [
        (STAMP_DATE, 304),
        (formatdate(STAMP + 1, usegmt=True), 304),
        (formatdate(STAMP - 1, usegmt=True), 200),
        ("Tuesday, 14-Nov-23 22:13:20 GMT", 304),
        ("Tue, 14 Nov 2023 22:13:20 -0000", 304),
        ("yesterday", 200),
        ("", 200),
        ("Tue, 99 Nov 2023 22:13:20 GMT", 200),
        ("Tue, 14 Nov 99999999999 22:13:20 GMT", 200),
    ],
)
@pytest.mark.parametrize("path", [P2, "/packages.json"])
def test_what_is_not_newer_than_the_client_has_is_not_sent(
    published: Distribution, get: Get, path: str, since: str, status: int
) -> None:
    assert get(path, HTTP_IF_MODIFIED_SINCE=since).status == status


def test_a_304_has_no_body_and_the_headers_that_caches_need(published: Distribution, get: Get) -> None:
    reply = get(P2, HTTP_IF_MODIFIED_SINCE=STAMP_DATE, HTTP_ACCEPT_ENCODING="gzip")
    assert (reply.status, reply.body) == (304, b"")
    assert {"ETag", "Last-Modified", "Cache-Control", "Vary"} <= set(reply.headers)


def test_tags_are_compared_weakly_and_before_dates(published: Distribution, get: Get) -> None:
    tag = get(P2).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        assert get(P2, HTTP_IF_NONE_MATCH=known).status == 304
    assert get(P2, HTTP_IF_NONE_MATCH='"other"', HTTP_IF_MODIFIED_SINCE=STAMP_DATE).status == 200


def test_gzip_is_sent_to_those_who_take_it(published: Distribution, get: Get) -> None:
    plain, zipped = get(P2), get(P2, HTTP_ACCEPT_ENCODING="deflate, gzip, br, zstd")
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.headers["Content-Length"] == str(len(zipped.body))
    assert zipped.headers["ETag"] != plain.headers["ETag"]
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("gzip", True), ("GZIP", True), ("x-gzip", True), ("br, gzip;q=0.5", True), ("*", True),
        ("gzip; q=1", True), ("gzip;q=0", False), ("gzip;q=0.0, *", False), ("br", False),
        ("*;q=0", False), ("gzip;q=much", False), (",", False), ("gzip;q=nan", False),
    ],
)  # fmt: skip
def test_accept_encoding(header: str, *, allowed: bool) -> None:
    assert allows_gzip(header) is allowed


def test_a_dist_may_be_kept_for_ever(published: Distribution, get: Get) -> None:
    reply = get(DIST)
    assert reply.status == 200
    assert reply.body == published.files.dist(DIST[1:]).read_bytes()
    assert reply.headers["Content-Type"] == "application/zip"
    assert reply.headers["Content-Length"] == str(len(reply.body))
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert get(DIST, HTTP_IF_NONE_MATCH=reply.headers["ETag"]).status == 304
    assert get(DIST, HTTP_IF_MODIFIED_SINCE=reply.headers["Last-Modified"]).status == 304


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=5-", 5, None), ("bytes=-4", -4, None), ("Bytes = 2 - 3", 2, 3)],
)
def test_a_part_of_a_dist(published: Distribution, get: Get, wanted: str, first: int, last: int | None) -> None:
    whole = get(DIST).body
    reply = get(DIST, HTTP_RANGE=wanted)
    assert reply.status == 206
    assert reply.body == whole[first : None if last is None else last + 1]
    assert reply.headers["Content-Length"] == str(len(reply.body))
    start = first % len(whole)
    end = start + len(reply.body) - 1
    assert reply.headers["Content-Range"] == f"bytes {start}-{end}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=9999999-", "bytes=-0"])
def test_a_part_that_is_not_there(published: Distribution, get: Get, wanted: str) -> None:
    reply = get(DIST, HTTP_RANGE=wanted)
    size = published.files.dist(DIST[1:]).stat().st_size
    assert (reply.status, reply.body) == (416, b"")
    assert reply.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,4-5", "lines=0-1", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "0-1", "bytes=١-٢"]
)
def test_other_ranges_count_as_none(wanted: str) -> None:
    assert read_range(wanted, 100) is None


def test_a_part_is_sent_only_of_the_file_that_the_client_knows(published: Distribution, get: Get) -> None:
    whole = get(DIST)
    known = {"HTTP_RANGE": "bytes=0-1"}
    assert get(DIST, **known, HTTP_IF_RANGE=whole.headers["ETag"]).status == 206
    assert get(DIST, **known, HTTP_IF_RANGE=whole.headers["Last-Modified"]).status == 206
    assert get(DIST, **known, HTTP_IF_RANGE='"other"').status == 200


def test_a_dist_is_sent_by_the_server_where_it_can_and_closed(published: Distribution, get: Get) -> None:
    reply = get(DIST, **{"wsgi.file_wrapper": FileWrapper})
    assert isinstance(reply.source, FileWrapper)
    assert reply.source.filelike.closed
    assert reply.body == get(DIST).body


def test_an_unknown_name_is_a_quiet_404(published: Distribution, get: Get) -> None:
    reply = get("/p2/acme/none.json")
    assert (reply.status, reply.body) == (404, b"not found\n")
    assert reply.headers["Content-Type"] == "text/plain"


def test_an_unknown_archive_is_a_404_that_composer_explains(published: Distribution, get: Get) -> None:
    reply = get("/packages/acme/none-1.0.0.zip")
    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/json")
    assert reply.json == {"warning": "This repository has no such archive."}


def test_a_purged_archive_is_gone(distribution: Distribution, get: Get) -> None:
    publish(distribution, gone=[DIST[1:]])
    reply = get(DIST)
    assert (reply.status, reply.headers["Content-Type"]) == (410, "application/json")
    assert "removed for good" in reply.json["warning"]


@pytest.mark.parametrize(
    "path",
    [
        "/packages/../../secret.zip", "/packages//acme/library-2.0.0.zip", "/packages/./acme/library-2.0.0.zip",
        "/packages\\acme\\library-2.0.0.zip", "/packages/acme%2Flibrary-2.0.0.zip",
        "/packages/acme/library-2.0.0.zip\0.zip",
        "/p2/../packages.json", "/p2/acme\\library.json", "/p2//acme/library.json", "/p2/acme%2flibrary.json",
        "/p2/.listing.json", "/packages/.tmp/x.zip", "/packages/acme.zip", f"/packages/{'x' * 300}.zip",
        "/p2/acme/library.json/", "/p2/é/ü.json", "/packages/acme/library-2.0.0.zip/x.zip",
    ],
)  # fmt: skip
def test_no_path_leads_elsewhere(published: Distribution, get: Get, path: str) -> None:
    (published.files.root.parent / "secret.zip").write_bytes(b"secret")
    (published.files.dists / "packages" / "acme.zip").mkdir()
    assert get(path).status == 404


def test_bytes_that_are_no_text_are_a_404(published: Distribution) -> None:
    responder = Responder(django, MountTable(mounts.load))
    request = RequestFactory().get("/")
    request.environ["PATH_INFO"] = "/p2/\xff\xfe.json"
    seen: list[str] = []
    responder(request.environ, lambda status, _: seen.append(status))  # type: ignore[arg-type]
    assert seen == ["404 Not Found"]


def test_nothing_published_yet_is_said(distribution: Distribution, get: Get) -> None:
    for path in ("/packages.json", P2, "/manifest.sha256"):
        reply = get(path)
        assert (reply.status, reply.headers["Content-Type"]) == (404, "application/json")
        assert "Nothing is published" in reply.json["warning"]


def test_a_switch_is_seen_by_the_next_request(published: Distribution, get: Get) -> None:
    before = get(P2)
    publish(published, [SHOP], number=2, stamp=STAMP + 5)
    assert get(P2).status == 404
    assert get("/packages.json").json["available-packages"] == ["acme/project"]
    published.files.switch(1)
    assert get(P2).body == before.body


def test_a_publication_that_is_cleared_away_does_not_hurt(published: Distribution, get: Get) -> None:
    get(P2)
    files = published.files
    publish(published, number=2)
    files.prune(1)
    assert get(P2).status == 200


def test_other_distributions_have_a_path_of_their_own(published: Distribution, other: Distribution, get: Get) -> None:
    publish(other, [Sample("acme/extra")])
    assert get(f"/d/{other.slug}/p2/acme/extra.json").status == 200
    assert get(f"/d/{other.slug}/packages/acme/extra-1.0.0.zip").status == 200
    assert get("/p2/acme/extra.json").status == 404
    assert get(f"/d/{other.slug}/p2/acme/library.json").status == 404
    assert get(f"/d/{published.slug}/p2/acme/library.json").status == 200
    assert get("/d/unknown/packages.json").headers == {"X-Answered-By": "django"}


@pytest.mark.parametrize(
    "path", ["/", "/repository/", "/admin/x.zip", "/static/a.zip", "/search.json", "/d/", "/healthz", "/x"]
)
def test_what_is_no_file_goes_to_django(published: Distribution, get: Get, path: str) -> None:
    reply = get(path, "POST")
    assert reply.headers == {"X-Answered-By": "django"}
    assert reply.body.decode() == path


def test_a_distribution_answers_at_its_own_host_too(published: Distribution, other: Distribution) -> None:
    other.base_url = "https://extra.example/composer"
    other.save()
    publish(other, [Sample("acme/extra")])
    responder = Responder(django, MountTable(mounts.load))

    def ask(path: str, host: str = "extra.example") -> Reply:
        environ = RequestFactory().get("/", HTTP_HOST=host).environ | {"PATH_INFO": path}
        seen: list[Any] = []
        body = b"".join(responder(environ, lambda status, headers: seen.extend((status, headers))))  # type: ignore[arg-type]
        return Reply(int(seen[0][:3]), dict(seen[1]), body, ())

    assert ask("/composer/p2/acme/extra.json").status == 200
    assert ask("/composer/p2/acme/extra.json", "EXTRA.example:443").status == 200
    assert ask("/composer/p2/acme/extra.json", "elsewhere.example").headers == {"X-Answered-By": "django"}
    assert ask("/p2/acme/library.json").status == 200
    assert ask("/composer/search.json").body == f"/d/{other.slug}/search.json".encode()
    assert ask("/composer/").body == f"/d/{other.slug}/".encode()


@pytest.mark.parametrize("base_url", ["http://[x", "nowhere", "https://portal.example/"])
def test_a_base_url_that_names_no_other_host_adds_no_address(distribution: Distribution, base_url: str) -> None:
    distribution.base_url = base_url
    found = mounts.mounts_of([distribution], "https://portal.example")
    assert [(mount.host, mount.prefix) for mount in found] == [("", f"/d/{distribution.slug}/"), ("", "/")]


def test_addresses_stay_known_while_the_database_does_not_answer() -> None:
    now = [0.0]
    answers: list[Mounts | OperationalError] = [Mounts([]), OperationalError("down"), Mounts([])]

    def load() -> Mounts:
        answer = answers.pop(0)
        if isinstance(answer, OperationalError):
            raise answer
        return answer

    table = MountTable(load, seconds=5, clock=lambda: now[0])
    first = table.current()
    now[0] = 4.9
    assert table.current() is first
    now[0] = 5.0
    assert table.current() is first
    now[0] = 10.0
    assert table.current() is not first


def test_files_are_unavailable_before_the_database_answers() -> None:
    def load() -> Mounts:
        raise OperationalError("down")

    responder = Responder(django, MountTable(load))
    reply = answered(responder, "/packages.json")
    assert (reply.status, reply.headers["Content-Type"]) == (503, "application/json")
    assert answered(responder, "/repository/").status == 200


def test_every_page_of_the_site_is_reserved() -> None:
    patterns = {str(pattern.pattern).partition("/")[0] for pattern in get_resolver().url_patterns}
    assert patterns - {""} <= mounts.RESERVED | mounts.COMPOSER


def test_the_cache_of_contents_is_bounded(tmp_path: Path) -> None:
    cache = ContentCache(most=25)
    for name in ("a", "b", "c"):
        file = tmp_path / name
        file.write_bytes(name.encode() * 10)
        variant = Variant(file, name, 0, "", "", [])
        assert cache.read(variant) == name.encode() * 10
        file.unlink()
    assert cache.read(Variant(tmp_path / "c", "c", 0, "", "", [])) == b"c" * 10
    with pytest.raises(FileNotFoundError):
        cache.read(Variant(tmp_path / "a", "a", 0, "", "", []))


def test_one_request_asks_no_database_once_the_addresses_are_known(
    published: Distribution, get: Get, django_assert_num_queries: Any
) -> None:
    get(P2)
    with django_assert_num_queries(0):
        get(P2)
        get(DIST)
        get("/p2/acme/none.json")
