"""The pages of accounts as staff see them, and a passkey from enrolment to login."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import WAYS_TO_LOOK, accessibility_faults, looking, scrolls_sideways
from tests.support.letters import code_in
from tests.support.server import running_site
from tests.support.staff import PASSWORD, code

pytestmark = pytest.mark.browser

PUBLIC = [
    "login/", "signup/", "inactive/", "password/reset/", "password/reset/done/", "password/reset/key/1-x/",
    "password/reset/key/done/", "login/code/",
]  # fmt: skip
OWN = [
    "", "second-factor/", "logout/", "reauthenticate/", "email/", "password/change/", "second-factor/reauthenticate/",
    "second-factor/webauthn/", "second-factor/webauthn/add/", "second-factor/recovery-codes/",
    "second-factor/recovery-codes/generate/", "second-factor/totp/deactivate/",
]  # fmt: skip
MAKE_PEOPLE = """
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from tests.support.staff import a_person, enrol
a_person("newcomer", superuser=True)
enrolled = a_person("enrolled", superuser=True)
enrol(enrolled)
RecoveryCodes.activate(enrolled)
"""


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("letters")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, letters: Path) -> Iterator[str]:
    """A site with two people, one of them without a second factor; browsers take passkeys at names only."""
    with running_site(tmp_path_factory.mktemp("accounts"), PORTAL_EMAIL_URL=f"filemail://{letters}") as site:
        site.manage("shell", "--no-imports", "-c", MAKE_PEOPLE)
        yield f"http://localhost:{urlsplit(site.base_url).port}"


def give_password(page: Page, name: str) -> None:
    page.get_by_label("User name or e-mail address").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def log_in(page: Page) -> None:
    page.goto("/account/login/")
    give_password(page, "enrolled")
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")


def has_passkeys(page: Page) -> None:
    """Put a security key with a fingerprint reader into the browser; the finger is always there."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**kind, "isUserVerified": True}})


@pytest.fixture(scope="module")
def session(browser: Browser, address: str) -> Any:
    """Somebody who logged in with a code, which works once."""
    with looking(browser, address) as page:
        log_in(page)
        return page.context.storage_state()


@pytest.mark.parametrize("way", WAYS_TO_LOOK)
def test_the_pages_of_accounts_are_accessible_and_fit_their_window(
    browser: Browser, address: str, session: Any, way: str
) -> None:
    few = slice(None) if way in {"light", "small phone"} else slice(1)
    with looking(browser, address, way) as page:
        for path in PUBLIC[few]:
            look_at(page, path)
    with looking(browser, address, way, storage_state=session) as page:
        for path in OWN[few]:
            look_at(page, path)


def look_at(page: Page, path: str) -> None:
    page.goto(f"/account/{path}")
    assert page.url.endswith(path)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert (path, accessibility_faults(page)) == (path, [])
    assert not scrolls_sideways(page), path


def test_a_passkey_leads_into_the_admin_from_enrolment_on(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        has_passkeys(page)
        page.goto("/admin/auth/group/")
        give_password(page, "newcomer")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your second factor")
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_label("Log in with it alone").check()
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
        page.get_by_role("link", name="Go on to the admin").click()
        page.wait_for_url("**/admin/auth/group/")
        page.goto("/account/logout/")
        page.get_by_role("button", name="Log out").click()
        page.goto("/admin/auth/group/")
        page.get_by_role("button", name="Log in with a passkey").click()
        page.wait_for_url("**/admin/auth/group/")


def test_a_passkey_that_nobody_knows_is_told_in_words(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        has_passkeys(page)
        page.goto("/account/login/")
        page.get_by_role("button", name="Log in with a passkey").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing came from the passkey")


@pytest.mark.parametrize("way", ["light", "small phone"])
def test_an_address_is_enough_to_sign_up_and_to_log_in_again(
    browser: Browser, address: str, letters: Path, way: str
) -> None:
    email = f"eve-{way.replace(' ', '-')}@example.org"
    with looking(browser, address, way) as page:
        page.goto("/account/signup/")
        page.get_by_label("E-mail address").fill(email)
        expect(page.get_by_label("Leave this empty")).to_be_hidden()
        page.wait_for_timeout(2500)  # as long as people take at least, by the form's own rule
        page.get_by_role("button", name="Sign up").click()
        page.wait_for_url("**/confirm-email/")
        fits(page)
        page.get_by_label("Code").fill(code_in(letters))
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/join/agree/")
        page.goto("/account/")
        fits(page)
        page.goto("/account/logout/")
        page.get_by_role("button", name="Log out").click()
        page.goto("/account/login/")
        page.get_by_role("link", name="Log in with a code by mail").click()
        page.get_by_label("E-mail address").fill(email)
        page.get_by_role("button", name="Send me a code").click()
        page.wait_for_url("**/code/confirm/")
        fits(page)
        page.get_by_label("Code").fill(code_in(letters))
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/account/")


def fits(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert accessibility_faults(page) == []
    assert not scrolls_sideways(page), page.url
