"""Joining as people see it, up to the invitation, with a worker and a Discord of the tests' own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import accessibility_faults, looking, scrolls_sideways
from tests.support.fake_discord import (
    CHANNEL,
    CLIENT_ID,
    GUILD,
    MEMBER_ROLE,
    SECRET,
    TOKEN,
    FakeDiscord,
    running_discord,
)
from tests.support.server import Site, running_site

pytestmark = pytest.mark.browser

ACCOUNT = "8" * 18
SECONDS_TO_STOP = 20
MILLISECONDS = 60_000  # a worker may be busy with its beginning

# Runs in the site's own environment, and prints the session of each person.
FILL = """
import json
from datetime import timedelta
import django
django.setup()
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from community import agreeing, presences
from community.invitation_events import of_code
from community.models import Invitation, PolicyVersion
from tests.support.made_conduct import a_version, agreed
from tests.support.staff import a_person
call_command("create_sample_conduct")
version = PolicyVersion.objects.get(number=2)
now, later = timezone.now(), timezone.now() + timedelta(days=1)
MEMBERS = ("asker", "waiter", "failer", "owner", "insider", "waits-for-hand", "sent-by-hand", "leaver", "connector")
people = {name: a_person(name, staff=False) for name in ("newcomer", "walker", "scripted", "unverified", *MEMBERS)}
for name in MEMBERS:
    agreed(people[name], version, at=now)
EmailAddress.objects.filter(user=people["unverified"]).update(verified=False)
agreeing.withdraw(people["leaver"])
def invitation(name, **fields):
    Invitation.objects.create(account=people[name], expires_at=later, **fields)
invitation("waiter", state="asked", due_at=later)
invitation("failer", state="failed")
invitation("owner", state="issued", **of_code("aBcD1234"))
invitation("waits-for-hand", state="asked", kind="hand")
invitation("sent-by-hand", state="issued", kind="hand")
presences.came_by_link(people["insider"], "", "", now)
sessions = {}
for name, person in people.items():
    client = Client()
    client.force_login(person)
    sessions[name] = client.cookies["sessionid"].value
print(json.dumps(sessions))
"""
JOIN, PAGE, NEW = "/join/", "/join/discord/", "/join/discord/new/"
# Who looks at which page, and what it says.
LOOKS = (
    ("", JOIN, "We talk on Discord"),
    ("unverified", JOIN, "confirm your e-mail address"),
    ("newcomer", JOIN, "read the code of conduct, and agree"),
    ("leaver", JOIN, "You withdrew your agreement"),
    ("asker", JOIN, "All that is left is Discord"),
    ("owner", JOIN, "your invitation to Discord waits"),
    ("insider", JOIN, "Nothing is left to do"),
    ("asker", PAGE, "three a day"),
    ("waiter", PAGE, "is being made"),
    ("failer", PAGE, "gave us no invitation"),
    ("owner", PAGE, "works once, for you alone"),
    ("owner", NEW, "stops working"),
    ("waits-for-hand", PAGE, "A person sends it"),
    ("sent-by-hand", PAGE, "look into your mail"),
    ("insider", PAGE, "Your link was used"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A portal with people, a worker and a Discord."""

    site: Site
    discord: FakeDiscord
    sessions: Mapping[str, str]

    @contextmanager
    def seen_by(self, browser: Browser, name: str, way: str = "light", *, scripts: bool = True) -> Iterator[Page]:
        with looking(browser, self.site.base_url, way, java_script_enabled=scripts) as page:
            self.be(page, name)
            yield page

    def be(self, page: Page, name: str) -> None:
        """Be somebody from now on."""
        page.context.clear_cookies()
        if name:
            cookie = {"name": "sessionid", "value": self.sessions[name], "url": self.site.base_url}
            page.context.add_cookies([cookie])  # type: ignore[list-item] # a mapping of its keys


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("joining")
    with running_discord() as discord:
        variables = {
            "PORTAL_DISCORD_URL": discord.address, "PORTAL_DISCORD_BOT_TOKEN": TOKEN, "PORTAL_DISCORD_GUILD": GUILD,
            "PORTAL_DISCORD_CHANNEL": CHANNEL, "PORTAL_DISCORD_ROLES": MEMBER_ROLE,
            "PORTAL_DISCORD_CLIENT_ID": CLIENT_ID, "PORTAL_DISCORD_CLIENT_SECRET": SECRET,
        }  # fmt: skip
        with running_site(directory, **variables) as site:
            discord.back, discord.visitor = f"{site.base_url}/join/discord/back/", ACCOUNT
            environment = {**site.environment, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
            command = [sys.executable, "-c", FILL]
            filled = subprocess.run(
                command, env=environment, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
            )
            sessions = json.loads(filled.stdout.splitlines()[-1])
            with working(environment, directory / "queue.log"):
                yield Scene(site, discord, sessions)
    assert discord.complaints == []


@contextmanager
def working(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run the queue as an operator does."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"], cwd=settings.BASE_DIR, env=dict(environment),
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_STOP)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("way", ["light", "dark", "phone", "small phone", "forced colors"])
def test_each_state_of_the_pages_is_accessible_and_fits(browser: Browser, scene: Scene, way: str) -> None:
    with scene.seen_by(browser, "", way) as page:
        for name, path, words in LOOKS:
            scene.be(page, name)
            page.goto(path)
            expect(page.get_by_role("main")).to_contain_text(words)
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            assert (name, path, accessibility_faults(page)) == (name, path, [])
            assert not scrolls_sideways(page), (name, path)


def agree_and_ask(page: Page) -> None:
    """Walk from the first page to the button."""
    page.goto("/community/")
    page.get_by_role("link", name="Join", exact=True).click()
    page.get_by_role("link", name="Read and agree").click()
    page.get_by_label("I agree to the Mage-OS Code of Conduct, version 2 (2026-01-13)", exact=True).check()
    page.get_by_role("button", name="Agree", exact=True).click()
    expect(page).to_have_url(f"{page.evaluate('location.origin')}{PAGE}")
    page.get_by_role("button", name="Get my invitation").click()


def test_somebody_agrees_and_is_shown_an_invitation_without_scripts(browser: Browser, scene: Scene) -> None:
    with scene.seen_by(browser, "walker", "phone", scripts=False) as page:
        agree_and_ask(page)
        link = page.get_by_role("link", name="Open Discord")
        for _ in range(MILLISECONDS // 500):
            if link.count():
                break
            page.wait_for_timeout(500)
            page.get_by_role("link", name="Look again").click()
        first = link.get_attribute("href") or ""
        assert first.removeprefix("https://discord.gg/") in scene.discord.invites
        assert page.get_by_role("button").count() == 0  # a page that sends no referrer has no form
        page.get_by_role("link", name="Get a new link").click()
        page.get_by_role("button", name="Get a new one").click()
        expect(page.get_by_role("main")).to_contain_text("is being made")


def test_the_page_shows_it_by_itself_with_scripts_and_it_can_be_copied(browser: Browser, scene: Scene) -> None:
    with scene.seen_by(browser, "scripted") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        agree_and_ask(page)
        expect(page.get_by_role("status").first).to_contain_text("is being made")
        link = page.get_by_role("link", name="Open Discord")
        expect(link).to_be_visible(timeout=MILLISECONDS)
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        address = link.get_attribute("href") or ""
        assert page.evaluate("navigator.clipboard.readText()") == address
        code = address.removeprefix("https://discord.gg/")
        assert scene.discord.invites[code].roles == [MEMBER_ROLE]
        page.goto("/code-of-conduct/")
        assert code not in page.content()


def test_somebody_is_added_by_discord(browser: Browser, scene: Scene) -> None:
    context = browser.new_context(base_url=scene.site.base_url, color_scheme="dark")  # it leads to another site
    page = context.new_page()
    scene.be(page, "connector")
    page.goto(PAGE)
    page.get_by_role("link", name="Connect Discord and be added").click()
    expect(page).to_have_url(f"{scene.site.base_url}{PAGE}")
    expect(page.get_by_role("main")).to_contain_text("You are on Discord")
    assert accessibility_faults(page) == []
    assert scene.discord.members[ACCOUNT] == {MEMBER_ROLE}
    context.close()
