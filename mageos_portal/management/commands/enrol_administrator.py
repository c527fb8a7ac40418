"""The first administrator of a portal, ready to log in with a second factor."""

import os
import sys
from argparse import ArgumentParser
from getpass import getpass
from io import StringIO
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from qrcode.main import QRCode

from mageos_portal import administrators

PASSWORD = "PORTAL_ADMINISTRATOR_PASSWORD"  # noqa: S105 - a variable's name
TRIES = 5
BLACK_ON_WHITE, AS_BEFORE = "\x1b[30;107m", "\x1b[0m"


class Command(BaseCommand):
    help = (
        "Make an administrator, or complete one: account, verified e-mail address and second factor. "
        "For whoever installs the portal; changes nothing when nothing is missing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", help="what they log in with")
        parser.add_argument("--email", help="where a password is reset; counts as verified")
        parser.add_argument("--replace-second-factor", action="store_true", help="for somebody who lost theirs")
        parser.add_argument(
            "--no-input",
            action="store_true",
            help=f"ask nothing: take the password from {PASSWORD} or the first line of the input",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        asks = not options["no_input"]
        if asks and not sys.stdin.isatty():
            raise CommandError("nobody can be asked here; use --no-input with --username and --email")
        try:
            return self._enrol(options, asks=asks)
        except (KeyboardInterrupt, EOFError) as error:
            raise CommandError("stopped; nothing was written") from error

    def _enrol(self, options: dict[str, Any], *, asks: bool) -> str:
        username = options["username"] or _ask("User name: ", "--username", asks=asks)
        user = administrators.find_or_new(username)
        if administrators.is_complete(user) and not options["replace_second_factor"]:
            return f"{username} is an administrator with a second factor already; nothing was changed."
        email = options["email"] or user.email or _ask("E-mail address: ", "--email", asks=asks)
        password = None if user.has_usable_password() and user.pk else _password(asks=asks)
        if faults := administrators.faults(user, email, password):
            raise CommandError("\n  ".join(["nothing was written:", *faults]))
        secret = administrators.new_secret(user, replace=options["replace_second_factor"])
        if secret:
            self._show(administrators.totp_address(user, email, secret), secret)
            if asks:
                self._confirm(secret)
        codes = administrators.make(user, email, password, secret)
        self._show_codes(codes)
        return f"{username} is an administrator now and logs in at /account/login/ with password and second factor."

    def _show(self, address: str, secret: str) -> None:
        """Show the secret in the three forms that apps take it in."""
        if picture := self._picture(address):
            self.stdout.write("Scan this with an authenticator app:\n" + picture)
        spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        self.stdout.write(f"The same as text, by time, 6 digits: {spaced}")
        self.stdout.write(f"The same as an address: {address}")

    def _picture(self, address: str) -> str:
        """Draw the code for a terminal; elsewhere nobody could scan it."""
        if not self.stdout.isatty():
            return ""
        code, drawn = QRCode(border=2), StringIO()
        code.add_data(address)
        code.print_ascii(out=drawn)
        picture = "".join(f"{BLACK_ON_WHITE}{line}{AS_BEFORE}\n" for line in drawn.getvalue().splitlines())
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        return picture if picture.encode(encoding, "ignore").decode(encoding) == picture else ""

    def _confirm(self, secret: str) -> None:
        for _ in range(TRIES):
            if administrators.is_code_of(secret, input("The code that the app shows: ")):
                return
            self.stdout.write("That is not the code. Look at the clock of both devices, and try again.")
        raise CommandError(f"{TRIES} wrong codes; nothing was written")

    def _show_codes(self, codes: list[str]) -> None:
        if codes:
            self.stdout.write("Recovery codes, each for one login without the app. Keep them safe and apart:")
            self.stdout.write("\n".join(f"  {code}" for code in codes))


def _ask(question: str, option: str, *, asks: bool) -> str:
    if not asks:
        raise CommandError(f"{option} is missing; give it, or leave out --no-input to be asked")
    return input(question).strip()


def _password(*, asks: bool) -> str:
    """Take the password from a person typing it twice, the environment, or the input."""
    if asks:
        password = getpass("Password: ")
        if getpass("Password again: ") != password:
            raise CommandError("the two passwords differ; nothing was written")
        return password
    password = os.environ.get(PASSWORD, "") or ("" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n"))
    if not password:
        raise CommandError(f"a password is needed; put it into {PASSWORD} or the first line of the input")
    return password
