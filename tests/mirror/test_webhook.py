"""GitHub tells of tags, once and signed; whatever else is posted starts nothing."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from mirror import lifecycle, occasions, webhook
from mirror.models import Build, Distribution
from mirror.pushes import PushError, address_of, is_signed, pushed_to
from tests.support.postgresql import PostgresqlCluster
from tests.support.server import Site, running_site

SECRET = "a-secret-of-the-tests"
NEXT_SECRET = "the-next-secret-of-the-tests"
KNOWN, UNKNOWN = "mage-os/mirror-magento2", "mage-os/website"
URL = "/hooks/github/"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def mirror(db: None, settings: Any) -> Iterator[Distribution]:
    settings.PORTAL_GITHUB_WEBHOOK_SECRETS = (SECRET,)
    cache.clear()
    yield Distribution.objects.get(slug="mirror")
    cache.clear()


def repository(full_name: str = KNOWN, **fields: Any) -> dict[str, Any]:
    url = f"https://github.com/{full_name}"
    return {"full_name": full_name, "html_url": url, "clone_url": f"{url}.git"} | fields


def pushed(ref: str = "refs/tags/2.4.9", full_name: str = KNOWN) -> dict[str, Any]:
    """Give a payload that occurs once: GitHub's differ by commits and times."""
    return {"ref": ref, "after": secrets.token_hex(20), "repository": repository(full_name)}


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(body: bytes, event: str = "push", delivery: str = "", secret: str = SECRET) -> dict[str, str]:
    return {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery or secrets.token_hex(16),
        "X-Hub-Signature-256": signature(body, secret),
    }


def deliver(payload: Any, *, content_type: str = JSON, **kwargs: str) -> HttpResponse:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    client = Client(enforce_csrf_checks=True)
    answer = client.post(URL, body, content_type=content_type, headers=headers(body, **kwargs))
    assert isinstance(answer, HttpResponse)
    return answer


def said(answer: HttpResponse) -> tuple[int, str]:
    return answer.status_code, answer.content.decode()


def test_a_pushed_tag_makes_a_build_that_waits_a_little(mirror: Distribution) -> None:
    before = timezone.now()
    assert said(deliver(pushed())) == (202, "Accepted.\n")
    build = Build.objects.get()
    assert (build.distribution, build.kind, build.trigger) == (mirror, Build.Kind.BUILD, Build.Trigger.WEBHOOK)
    assert (build.state, build.options, build.actor) == (Build.State.QUEUED, {}, "")
    assert build.not_before
    assert timedelta(seconds=120) <= build.not_before - before < timedelta(seconds=180)
    assert lifecycle.startable(before) == []
    assert lifecycle.startable(build.not_before) == [build]


def test_more_pushes_while_it_waits_change_nothing(mirror: Distribution) -> None:
    for number in range(10):
        deliver(pushed(f"refs/tags/2.4.{number}"))
    waiting = Build.objects.get()
    deliver(pushed())
    assert Build.objects.get().not_before == waiting.not_before


def test_a_push_while_a_build_runs_is_for_the_next_one(mirror: Distribution) -> None:
    deliver(pushed())
    running = Build.objects.get()
    assert Build.objects.claim(running.pk, "here:1:a", timezone.now())
    for _ in range(2):
        deliver(pushed())
    waiting = Build.objects.exclude(pk=running.pk).get()
    assert waiting.state == Build.State.QUEUED


@pytest.mark.parametrize(
    ("event", "payload", "builds"),
    [
        ("push", pushed(), 1),
        ("push", pushed("refs/heads/2.4-develop"), 0),
        ("push", pushed("refs/heads/refs/tags/x"), 0),
        ("create", {"ref": "2.4.9", "ref_type": "tag", "repository": repository()}, 1),
        ("create", {"ref": "2.4.9", "ref_type": "branch", "repository": repository()}, 0),
        ("delete", {"ref": "2.4.9", "ref_type": "tag", "repository": repository()}, 1),
        ("delete", {"ref": "2.4.9", "ref_type": "branch", "repository": repository()}, 0),
        ("ping", {"zen": "Design for failure.", "hook_id": 1}, 0),
        ("release", {"action": "published", "repository": repository()}, 0),
        ("push", pushed(full_name=UNKNOWN), 0),
        ("push", pushed(full_name=KNOWN.upper()), 1),
    ],
)
@pytest.mark.parametrize("content_type", [JSON, FORM])
def test_only_tags_of_sources_make_builds_and_all_are_answered_alike(
    mirror: Distribution, event: str, payload: Mapping[str, Any], builds: int, content_type: str
) -> None:
    body = json.dumps(payload).encode()
    if content_type == FORM:
        body = urlencode({"payload": body}).encode()
    answer = deliver(body, event=event, content_type=content_type)
    assert said(answer) == (202, "Accepted.\n")
    assert Build.objects.count() == builds


def test_an_unknown_repository_is_answered_like_a_known_one(mirror: Distribution) -> None:
    known, unknown = deliver(pushed()), deliver(pushed(full_name=UNKNOWN))
    assert (said(known), dict(known.headers)) == (said(unknown), dict(unknown.headers))


def test_a_follower_does_not_build(mirror: Distribution) -> None:
    Distribution.objects.update(follows="https://other.example.org/")
    deliver(pushed())
    assert not Build.objects.exists()


def test_a_recipe_that_cannot_be_read_wants_nothing(mirror: Distribution, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    Distribution.objects.update(recipe=str(recipe))
    for text in (None, "nonsense", "schema = 2"):
        if text:
            recipe.write_text(text, encoding="utf-8")
        assert said(deliver(pushed())) == (202, "Accepted.\n")
    assert not Build.objects.exists()


def test_a_recipe_that_was_changed_is_read_again(mirror: Distribution, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    text = mirror.recipe_path.read_text(encoding="utf-8")
    recipe.write_text(text, encoding="utf-8")
    assert address_of(f"https://github.com/{KNOWN}") in occasions.source_addresses(recipe)
    recipe.write_text(text.replace("mirror-magento2.git", "other.git"), encoding="utf-8")
    assert address_of(f"https://github.com/{KNOWN}") not in occasions.source_addresses(recipe)


def test_the_same_delivery_is_answered_the_same_and_builds_once(mirror: Distribution) -> None:
    payload = pushed()
    first = deliver(payload, delivery="one")
    Build.objects.all().delete()
    assert said(deliver(payload, delivery="one")) == said(first)
    assert not Build.objects.exists()


def test_a_recorded_delivery_under_another_number_builds_nothing(mirror: Distribution) -> None:
    """The number is not signed: who recorded a delivery could invent another one."""
    payload = pushed()
    deliver(payload)
    Build.objects.all().delete()
    assert said(deliver(payload)) == (202, "Accepted.\n")
    assert not Build.objects.exists()


def test_a_delivery_that_could_not_be_worked_off_may_come_again(
    mirror: Distribution, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    client.raise_request_exception = False
    body = json.dumps(pushed()).encode()
    sent = headers(body)
    with monkeypatch.context() as broken:
        broken.delattr(lifecycle, "queue_once")
        assert client.post(URL, body, content_type=JSON, headers=sent).status_code == 500
    assert client.post(URL, body, content_type=JSON, headers=sent).status_code == 202
    assert Build.objects.count() == 1


def test_each_of_two_secrets_is_right_while_they_are_changed(mirror: Distribution, settings: Any) -> None:
    settings.PORTAL_GITHUB_WEBHOOK_SECRETS = (SECRET, NEXT_SECRET)
    assert deliver(pushed()).status_code == 202
    assert deliver(pushed(), secret=NEXT_SECRET).status_code == 202
    settings.PORTAL_GITHUB_WEBHOOK_SECRETS = (NEXT_SECRET,)
    assert deliver(pushed()).status_code == 403


BODY = b'{"a": 1}'


@pytest.mark.parametrize(
    "given",
    ["", "sha256=", signature(BODY)[:-1], signature(BODY) + "0", signature(BODY).removeprefix("sha256="),
     signature(BODY).upper(), signature(BODY, "other"), signature(BODY + b" "), "sha1=" + "0" * 40, "ä"],
)  # fmt: skip
def test_a_wrong_signature_is_refused_before_anything_is_read(mirror: Distribution, given: str) -> None:
    assert is_signed(BODY, signature(BODY), [SECRET])
    assert not is_signed(BODY, given, [SECRET])
    sent = {"X-Hub-Signature-256": given, "X-GitHub-Event": "push", "X-GitHub-Delivery": "one"}
    answer = Client().post(URL, BODY, content_type=JSON, headers=sent)
    assert (answer.status_code, answer.content.decode()) == (403, webhook.NOT_SIGNED + "\n")


def test_without_a_secret_there_is_no_webhook(mirror: Distribution, settings: Any) -> None:
    settings.PORTAL_GITHUB_WEBHOOK_SECRETS = ()
    body = json.dumps(pushed()).encode()
    answer = Client().post(URL, body, content_type=JSON, headers=headers(body, secret=""))
    assert answer.status_code == 404
    assert b"PORTAL_GITHUB_WEBHOOK_SECRETS is not set" in answer.content
    assert not Build.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_events_are_posted(mirror: Distribution, method: str) -> None:
    assert getattr(Client(), method)(URL).status_code == 405


DEEP = b'{"ref": ' + b"[" * 100_000


@pytest.mark.parametrize(
    ("body", "content_type", "event", "what"),
    [
        (b"{", JSON, "push", "the payload is no JSON (Expecting property name"),
        (b"\xff\xfe", JSON, "push", "the payload is no JSON ("),
        (DEEP, JSON, "push", "the payload is no JSON ("),
        (b"[1]", JSON, "push", "the payload is no JSON object"),
        (b"{}", JSON, "push", "the payload has no text named ref"),
        (b'{"ref": 1}', JSON, "push", "the payload has no text named ref"),
        (b"{}", JSON, "create", "the payload has no text named ref_type"),
        (b'{"ref": "refs/tags/1"}', JSON, "push", "the payload has no object named repository"),
        (b'{"ref": "refs/tags/1", "repository": {}}', JSON, "push", "no text named repository.full_name"),
        (b"{}", FORM, "push", "the form has no field named payload"),
        (b"a=1&" * 20, FORM, "push", "the payload is no JSON ("),
        (b"payload=%ff", FORM, "push", "the payload is no JSON ("),
        (b"{}", "text/plain", "push", "the content type is 'text/plain'; choose application/json"),
        (b"{}", JSON, "", "the header X-GitHub-Event is missing"),
    ],
)
def test_a_signed_body_that_is_not_understood_says_what_is_wrong(
    mirror: Distribution, body: bytes, content_type: str, event: str, what: str
) -> None:
    answer = deliver(body, content_type=content_type, event=event)
    assert answer.status_code == 400
    assert what in answer.content.decode()
    assert not Build.objects.exists()


def test_a_delivery_without_a_number_is_not_understood(mirror: Distribution) -> None:
    body = json.dumps(pushed()).encode()
    sent = headers(body) | {"X-GitHub-Delivery": ""}
    answer = Client().post(URL, body, content_type=JSON, headers=sent)
    assert (answer.status_code, answer.content) == (400, b"Not understood: the header X-GitHub-Delivery is missing.\n")


def test_a_large_event_is_not_read(mirror: Distribution) -> None:
    body = b" " * (webhook.LARGEST_EVENT - len(BODY)) + BODY
    assert deliver(body, event="ping").status_code == 202
    assert deliver(body + b" ", event="ping").status_code == 413


def test_a_large_event_that_claims_to_be_small_is_not_signed(mirror: Distribution) -> None:
    body = json.dumps(pushed()).encode()
    for length in ("10", "0", "-1", "many"):
        answer = Client().post(URL, body, content_type=JSON, headers=headers(body), CONTENT_LENGTH=length)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "url",
    ["https://github.com/mage-os/x.git", "https://github.com/Mage-OS/X", "https://GitHub.com/mage-os/x/",
     "git@github.com:mage-os/x.git", "ssh://git@github.com:22/mage-os/x.git", "git://github.com/mage-os/x"],
)  # fmt: skip
def test_a_repository_has_one_address(url: str) -> None:
    assert address_of(url) == "github.com/mage-os/x"


@pytest.mark.parametrize("url", ["", "x", "https://[", "https://evil.example/github.com/mage-os/x", "file:///x"])
def test_other_addresses_are_others(url: str) -> None:
    assert address_of(url) != "github.com/mage-os/x"


def test_a_repository_without_addresses_is_one_of_github() -> None:
    body = json.dumps({"ref": "refs/tags/1", "repository": {"full_name": "Mage-OS/X"}}).encode()
    assert pushed_to("push", JSON, body) == {"github.com/mage-os/x"}


def test_the_event_is_asked_for_first() -> None:
    with pytest.raises(PushError, match="X-GitHub-Event"):
        pushed_to("", "", b"")


def post(site: Site, payload: Mapping[str, Any]) -> int:
    body = json.dumps(payload).encode()
    sent = Request(f"{site.base_url}{URL}", body, headers(body) | {"Content-Type": JSON})
    try:
        with urlopen(sent) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


WAITING = "from mirror.models import Build; print([(b.state, b.trigger) for b in Build.objects.all()])"


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_ten_tags_at_once_make_one_build(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> None:
    more = {"PORTAL_GITHUB_WEBHOOK_SECRETS": SECRET}
    if database == "postgresql":
        cluster: PostgresqlCluster = request.getfixturevalue("postgresql")
        more["DATABASE_URL"] = cluster.create_database("webhook")
    with running_site(tmp_path, **more) as site, ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda n: post(site, pushed(f"refs/tags/2.4.{n}")), range(10)))
        found = site.manage("shell", "--no-imports", "--command", WAITING).strip()
    assert statuses == [202] * 10
    assert found == "[('queued', 'webhook')]"
