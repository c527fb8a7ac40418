"""The story in a real browser: from a person's first login to rolling back, while composer goes on reading."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import looking, scrolls_sideways
from tests.support.letters import code_in
from tests.support.machines import PACKAGES, tree, wait_until
from tests.support.portal import SHOP, Portal, new_portal, release, source
from tests.support.repositories import add_tags, make_repository, package
from tests.support.server import Site, free_port, serving
from tests.support.staff import PASSWORD, code

pytestmark = pytest.mark.browser

MILLISECONDS = 60_000  # after which something never comes
SECONDS_TO_CANCEL = 3
MANY = 4  # tags of the library
NEW = (MANY - 1) * (PACKAGES - 1) + 7  # without the one that is withheld, with what the other sources add
RECIPE = (
    SHOP
    + source("library", kind="children", directory="app")
    + """
[[withhold]]
names = ["acme/p0"]
reason = "packagist.org has it"
[[link_fix]]
source = "extension"
package = "acme/extension"
version = "1.0.1"
section = "require"
set = { "php" = "^8.2" }
"""
)
THREE_HOURS_AGO = """
from datetime import timedelta
from django.db.models import F
Publication.objects.update(created_at=F("created_at") - timedelta(hours=3))
"""

# Does what manage.py does, but makes no more packages than a file says, until it says more.
HELD = """
import sys, time
from pathlib import Path
from mirror import faults

allowed, made = Path(sys.argv[1]), 0

def wait(reached):
    global made
    if reached == "first-dists-made":
        made += 1
        while made >= int(allowed.read_text()):
            time.sleep(0.02)

faults.reach = wait
sys.argv = ["manage.py", *sys.argv[2:]]
import manage
manage.main()
"""
# The queue as manage.py starts it, whose builds are held so.
QUEUE = f"""
import sys
import django
django.setup()
from mirror import tasks
tasks.build_command = lambda build: [sys.executable, "-c", {HELD!r}, sys.argv[1], "run_build", str(build.pk)]
from django.core.management import call_command
call_command("qcluster")
"""
ALL = 1_000  # packages: more than there are


@dataclass(slots=True)
class Composer:
    """Somebody who installs all the time: reads packages.json and p2 with conditions, and looks for the dists."""

    address: str
    asked: int = 0
    wrong: list[str] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _seen: dict[str, str] = field(default_factory=dict)  # Last-Modified by path

    @contextmanager
    def reading(self) -> Iterator[None]:
        thread = threading.Thread(target=self._read)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _read(self) -> None:
        try:
            with closing(HTTPConnection(urlsplit(self.address).netloc, timeout=30)) as connection:
                names: list[str] = []
                while not self._is_over.wait(0.02):
                    if root := self._get(connection, "/packages.json"):
                        names = json.loads(root)["available-packages"]
                    for name in names:
                        self._read_package(connection, name)
        except (OSError, HTTPException, ValueError, KeyError) as error:
            self.wrong.append(repr(error))

    def _read_package(self, connection: HTTPConnection, name: str) -> None:
        if metadata := self._get(connection, f"/p2/{name}.json"):
            newest = json.loads(metadata)["packages"][name][0]
            if "dist" in newest:
                self._get(connection, urlsplit(newest["dist"]["url"]).path, "HEAD")

    def _get(self, connection: HTTPConnection, path: str, method: str = "GET") -> bytes:
        known = {"If-Modified-Since": self._seen[path]} if path in self._seen else {}
        connection.request(method, path, headers=known)
        answer = connection.getresponse()
        body = answer.read()
        self.asked += 1
        if answer.status not in {200, 304}:
            self.wrong.append(f"{answer.status} {method} {path}")
        elif method == "GET":
            self._seen[path] = answer.headers["Last-Modified"]
        return body


@dataclass(frozen=True, slots=True)
class Scene:
    """A portal with its workers, seen by one person."""

    portal: Portal
    page: Page
    shots: Path

    def shoot(self, name: str) -> None:
        """Keep a picture of what is seen now, which must fit."""
        self.page.screenshot(path=self.shots / f"{len(list(self.shots.iterdir())):02} {name}.png", full_page=True)
        assert not scrolls_sideways(self.page), name

    def shoot_all(self, name: str) -> None:
        """The same in dark, and as wide as a phone."""
        self.shoot(name)
        self.page.emulate_media(color_scheme="dark")
        self.page.evaluate("document.documentElement.classList.add('dark')")  # the theme asks once, when it loads
        self.shoot(f"{name}, dark")
        self.page.emulate_media(color_scheme="light")
        self.page.evaluate("document.documentElement.classList.remove('dark')")
        whole = self.page.viewport_size
        assert whole is not None
        self.page.set_viewport_size({"width": 360, "height": 740})
        self.shoot(f"{name}, phone")
        self.page.set_viewport_size(whole)

    def give_password(self, name: str) -> None:
        self.page.get_by_label("User name or e-mail address").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in", exact=True).click()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def sees(self, text: str) -> None:
        expect(self.page.locator("body")).to_contain_text(text, timeout=MILLISECONDS)

    def wait_for_workers(self) -> None:
        """Look at the dashboard again until both queues have said that they are there."""
        queue = self.page.locator("[aria-labelledby=queue]")
        deadline = time.monotonic() + 60
        while queue.get_by_text("none alive").count() and time.monotonic() < deadline:
            self.page.reload()

    def build(self) -> int:
        """Give the build whose page this is."""
        self.page.wait_for_url("**/build/*/change/")
        return int(self.page.url.split("/")[-3])

    def wait_for_end(self, state: str) -> None:
        expect(self.page.locator("#build .panel-head .tone").first).to_have_text(state, timeout=MILLISECONDS)

    def state(self, build: int) -> str:
        return str(self.portal.query("SELECT state FROM mirror_build WHERE id = ?", build)[0][0])

    def step(self, build: int) -> tuple[str, int]:
        """Give the state of a build's step `make`, and how many dists it has made."""
        found = self.portal.query(
            "SELECT state, done FROM mirror_buildstep WHERE build_id = ? AND name = 'make'", build
        )
        return found[0] if found else ("waiting", 0)

    def hold_at(self, packages: int) -> None:
        """Let builds make so many packages, and wait then."""
        hold_at(self.portal, packages)

    def wait_at_work(self, build: int, done: int) -> int:
        """Wait until a build has made more than that, and tell how much."""
        wait_until(lambda: self.step(build)[1] > done)
        return self.step(build)[1]


def hold_at(portal: Portal, packages: int) -> None:
    allowed = portal.directory / "allowed"
    new = allowed.with_name("allowed.new")
    new.write_text(str(packages))
    new.replace(allowed)


@contextmanager
def workers(portal: Portal) -> Iterator[None]:
    """Run both queues as an operator does."""
    hold_at(portal, ALL)
    held = ("-c", QUEUE, str(portal.directory / "allowed"))
    with _worker(portal, "default", "manage.py", "qcluster"), _worker(portal, "builds", *held):
        yield


@contextmanager
def _worker(portal: Portal, name: str, *program: str) -> Iterator[None]:
    queue = {"Q_CLUSTER_NAME": name, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
    environment = {**portal.environment, **queue}
    with (portal.directory / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *program], cwd=settings.BASE_DIR, env=environment,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def new_mirror(directory: Path) -> tuple[Portal, Site]:
    """Make a mirror that serves the release 1.0.0 since three hours."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    portal = new_portal(directory, RECIPE, PORTAL_BASE_URL=address, PORTAL_EMAIL_URL=f"filemail://{directory}/mail")
    make_repository(portal.sources / "core", {"1.0.0": release("1.0.0")})
    make_repository(portal.sources / "extension", {"1.0.0": {"composer.json": package("acme/extension")}})
    make_repository(portal.sources / "library", {"1.0.0": tree(0)})
    portal.set(sources_dir=str(portal.sources))
    portal.command("build_distribution", "mirror", "--approve")
    portal.python(THREE_HOURS_AGO)
    portal.command("sync_schedules")
    return portal, Site(address, portal.data, portal.environment)


def release_upstream(portal: Portal) -> None:
    """Tag a release that is whole, one that lacks a closed package, and much else."""
    add_tags(portal.sources / "core", {"1.0.1": release("1.0.1"), "1.0.2": release("1.0.2", closed=True)})
    add_tags(portal.sources / "extension", {"1.0.1": {"composer.json": package("acme/extension", "1.0.1")}})
    add_tags(portal.sources / "library", {f"1.{n}.0": tree(n) for n in range(1, MANY)})


def test_staff_build_approve_publish_and_roll_back_while_composer_reads(browser: Browser, tmp_path: Path) -> None:
    portal, site = new_mirror(tmp_path / "portal")
    shots = tmp_path / "shots"
    shots.mkdir()
    secret = enrol_administrator(portal)
    composer = Composer(site.base_url)
    port = urlsplit(site.base_url).port
    assert port is not None
    with serving(site, port), workers(portal), composer.reading():
        with looking(browser, site.base_url) as page:
            make_publisher(Scene(portal, page, shots), secret)
        with looking(browser, site.base_url) as page:
            scene = Scene(portal, page, shots)
            log_in_for_the_first_time(scene)
            look_at_the_dashboard(scene)
            release_upstream(portal)
            started = plan_and_start(scene)
            watch_and_cancel(scene, started)
            retry(scene, started)
            approve(scene)
            roll_back(scene)
            look_at_the_history(scene)
    assert composer.wrong == []
    assert composer.asked > 500
    portal.assert_whole()


def enrol_administrator(portal: Portal) -> str:
    """Make the first account; give the secret of its second factor."""
    said = portal.command(
        "enrol_administrator", "--no-input", "--username", "ada", "--email", "ada@example.org",
        PORTAL_ADMINISTRATOR_PASSWORD=PASSWORD,
    )  # fmt: skip
    found = re.search(r"[?&]secret=([A-Z2-7]+)", said.out)
    assert found, said.text
    return found[1]


def make_publisher(scene: Scene, secret: str) -> None:
    """The administrator logs in with password and code, and makes an account for a colleague."""
    page = scene.page
    page.goto("/admin/")
    scene.give_password("ada")
    page.get_by_label("Code").fill(code(secret))
    scene.shoot("code")
    scene.press("Log in")
    page.wait_for_url("**/admin/")
    page.goto("/admin/auth/user/add/")
    page.get_by_label("Username").fill("paula")
    page.get_by_label("Email").fill("paula@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    scene.shoot("new account")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Staff status").check()
    page.locator("#id_groups_from").select_option(label="publisher")
    page.locator("#id_groups_add").click()
    scene.shoot_all("roles")
    page.get_by_role("button", name="Save", exact=True).click()
    scene.sees("was changed successfully")


def log_in_for_the_first_time(scene: Scene) -> None:
    """The publisher is led to a second factor, and from there into the admin."""
    page = scene.page
    page.goto("/admin/")
    scene.give_password("paula")
    page.wait_for_url("**/confirm-email/")
    page.get_by_label("Code").fill(code_in(scene.portal.directory / "mail"))
    scene.press("Go on")
    page.goto("/admin/")
    scene.follow("Add an app")
    secret = page.locator("main code").first.inner_text().strip()
    page.get_by_role("textbox", name="Authenticator code").fill(code(secret))
    scene.shoot("second factor")
    scene.press("Add the app")
    page.wait_for_url("**/recovery-codes/")
    scene.shoot("recovery codes")
    scene.follow("Go on to the admin")
    page.wait_for_url("**/admin/")


def look_at_the_dashboard(scene: Scene) -> None:
    card = scene.page.locator(".card").first
    scene.wait_for_workers()
    expect(card).to_contain_text("complete")
    expect(card).to_contain_text("3 hours old")
    expect(card).not_to_contain_text("Waiting")
    queue = scene.page.locator("[aria-labelledby=queue]")
    expect(queue).to_contain_text("all is well")
    expect(queue.locator("dd").nth(2)).to_have_text("nothing")
    scene.shoot_all("dashboard")


def plan_and_start(scene: Scene) -> int:
    """See what would be done, then let it be done; give the build."""
    scene.follow("New build")
    scene.shoot("new build")
    scene.press("Plan")
    plan = scene.build()
    scene.wait_for_end("succeeded")
    shown = scene.page.locator("[aria-labelledby=plan]").first
    for text in (f"New: {NEW}", "Corrected: 1", "Withheld: 1", "packagist.org has it", "There already: "):
        expect(shown).to_contain_text(text)
    expect(shown.get_by_role("row", name="1.0.1")).to_contain_text("complete")
    expect(shown.get_by_role("row", name="1.0.2")).to_contain_text("closed/payments")
    scene.shoot_all("plan")
    assert scene.portal.publication == 1
    scene.hold_at(1)
    scene.press("Start this build")
    scene.page.wait_for_url(lambda url: url.endswith("/change/") and f"/{plan}/" not in url)
    return scene.build()


def watch_and_cancel(scene: Scene, build: int) -> None:
    """See it at work, and end it within two seconds."""
    page = scene.page
    page.evaluate("window.isTheSame = true")
    made = scene.wait_at_work(build, 0)
    counted = page.locator(".steps li").filter(has_text="make").locator(".step-count")
    expect(counted).to_contain_text(f"{made} of ", timeout=MILLISECONDS)
    expect(page.locator("#log-lines")).to_contain_text("package versions are new", timeout=MILLISECONDS)
    scene.hold_at(14)
    made = scene.wait_at_work(build, made)
    expect(counted).not_to_contain_text("of 0")
    expect(counted).to_contain_text(f"{made} of ", timeout=MILLISECONDS)
    assert page.evaluate("window.isTheSame")
    scene.shoot_all("at work")
    scene.press("Cancel")
    wait_until(lambda: scene.state(build) != "running")
    asked = time.monotonic()
    wait_until(lambda: scene.state(build) == "canceled")
    assert time.monotonic() - asked < SECONDS_TO_CANCEL
    scene.wait_for_end("canceled")
    scene.sees("Canceled by")
    scene.shoot("canceled")


def retry(scene: Scene, build: int) -> None:
    """Start it again; what was made is there already, and all but the releases goes out."""
    scene.hold_at(ALL)
    scene.press("Retry")
    scene.page.wait_for_url(lambda url: url.endswith("/change/") and f"/{build}/" not in url)
    again = scene.build()
    scene.wait_for_end("succeeded")
    scene.sees(f"build {build}")
    scene.shoot_all("succeeded")
    assert scene.portal.query("SELECT parent_id, actor FROM mirror_build WHERE id = ?", again) == [(build, "paula")]
    assert "1.0.1" in scene.portal.versions("acme/module-one")
    assert "1.0.1" not in scene.portal.versions("acme/product")


def approve(scene: Scene) -> None:
    """Let the release out that waits."""
    scene.page.goto("/admin/")
    card = scene.page.locator(".card").first
    expect(card).to_contain_text("Waiting for approval")
    scene.shoot_all("dashboard with a release")
    card.get_by_role("link", name="1.0.1").click()
    scene.shoot_all("release")
    scene.follow("Approve…")
    scene.shoot("approve")
    scene.press("Approve")
    scene.sees("was queued and will publish it")
    wait_until(lambda: "1.0.1" in scene.portal.versions("acme/product"))
    scene.page.goto("/admin/")
    expect(card).not_to_contain_text("Waiting for approval: 1.0.1")
    scene.shoot("dashboard after approval")


def roll_back(scene: Scene) -> None:
    """Take back what was published last."""
    mistake = scene.portal.publication
    scene.page.goto("/admin/mirror/publication/")
    scene.shoot_all("publications")
    scene.follow(f"#{mistake - 1}")
    scene.shoot_all("publication")
    scene.follow("Roll back to this…")
    scene.shoot_all("roll back")
    scene.press(f"Roll back to #{mistake - 1}")
    scene.sees(f"{mistake + 1} is served now")
    scene.shoot("rolled back")
    assert scene.portal.publication == mistake + 1
    assert "1.0.1" not in scene.portal.versions("acme/product")
    assert "1.0.1" in scene.portal.versions("acme/module-one")


def look_at_the_history(scene: Scene) -> None:
    """Find who did what, and when."""
    scene.page.goto("/admin/admin/logentry/")
    scene.shoot_all("history")
    rows = scene.page.locator("#result_list")
    for words in ("Queued a plan", "Queued a build", "Canceled.", "Retried build", "Approved.", "Rolled back to #"):
        expect(rows.get_by_role("row").filter(has_text=words).first).to_contain_text("paula")
