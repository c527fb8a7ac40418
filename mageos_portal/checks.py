"""What operators get wrong, told by `manage.py check` and before every other command.

Most of it is refused at start already (configuration.py); the checks also see settings changed in code.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the kind of message

from mageos_portal.configuration import base_url_fault, is_loopback
from mageos_portal.mail import EMAIL_EXAMPLES

OLDEST_GIT = (2, 34)
SECONDS_TO_ANSWER = 10
PRIVATE_CACHES = ("LocMemCache", "DummyCache")


def check_base_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The site's address is absolute, has nothing after the host, and can be reached from outside in production."""
    fault = base_url_fault(settings.PORTAL_BASE_URL)
    if fault:
        hint = "Set PORTAL_BASE_URL to scheme and host only, such as https://repo.example.org"
        return [Error(f"The base URL cannot be used: {fault}.", hint=hint, id="portal.E001")]
    if settings.PORTAL_PRODUCTION and is_loopback(settings.PORTAL_BASE_URL):
        hint = "Set PORTAL_BASE_URL to the address that visitors and composer use."
        return [Error(f"The base URL {settings.PORTAL_BASE_URL} names this machine only.", hint=hint, id="portal.E002")]
    return []


def check_data_directory(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The data directory can be written to."""
    if is_writable(settings.PORTAL_DATA_DIR):
        return []
    hint = "Give the user that runs the portal the right to write there, or set PORTAL_DATA_DIR to another place."
    fault = f"The data directory {settings.PORTAL_DATA_DIR} is missing or not writable."
    return [Error(fault, hint=hint, id="portal.E003")]


def check_queue_timeouts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """No cluster hands out a task again while the first run may still be going."""
    clusters = {"default": settings.Q_CLUSTER, **settings.Q_CLUSTER.get("ALT_CLUSTERS", {})}
    hint = "Make `retry` larger than `timeout` (builds: PORTAL_BUILD_RETRY and PORTAL_BUILD_TIMEOUT)."
    return [
        Error(
            f"The task cluster {name} would start running tasks again: "
            f"its timeout of {cluster['timeout']} s is not below its retry of {cluster['retry']} s.",
            hint=hint,
            id="portal.E004",
        )
        for name, cluster in clusters.items()
        if cluster["timeout"] >= cluster["retry"]
    ]


def check_git(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Git is there and new enough."""
    oldest = ".".join(map(str, OLDEST_GIT))
    hint = f"Install git {oldest} or newer, and make sure that PATH leads to it."
    found = git_version()
    if found is None:
        return [Error("git was not found.", hint=hint, id="portal.E005")]
    if found < OLDEST_GIT:
        return [Error(f"git {'.'.join(map(str, found))} is too old.", hint=hint, id="portal.E006")]
    return []


def check_mail(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Somebody decided how mail leaves."""
    if settings.PORTAL_EMAIL_IS_SET or not settings.PORTAL_PRODUCTION:
        return []
    hint = f"Set PORTAL_EMAIL_URL: {EMAIL_EXAMPLES}."
    fault = "No mail leaves this portal: nobody can reset a password, and nobody is told of a failed build."
    return [Warning(fault, hint=hint, id="portal.W007")]


def check_second_factor(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Staff need a second factor, except where nothing is worth it."""
    if settings.PORTAL_SECOND_FACTOR or settings.DEBUG:
        return []
    hint = "Leave PORTAL_SECOND_FACTOR on; who lost a factor gets a new one with enrol_administrator or in the admin."
    return [Error("A password alone opens the admin.", hint=hint, id="portal.E008")]


def check_cache(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The cache is one for all processes."""
    backend = str(settings.CACHES["default"]["BACKEND"])
    if backend.rpartition(".")[2] not in PRIVATE_CACHES:
        return []
    hint = "Use the database (leave PORTAL_CACHE_URL out) or redis."
    fault = f"The cache {backend} is not shared: limits on logins count per process, and workers look dead."
    return [Error(fault, hint=hint, id="portal.E009")]


def check_permanent_link(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """No link lets everybody into Discord who knows it."""
    if not settings.PORTAL_DISCORD.permanent_link:
        return []
    fault = (
        "PORTAL_DISCORD_PERMANENT_LINK lets everybody into Discord who ever saw it, and cannot be taken back singly."
    )
    hint = "Make a bot (docs/community.md), set PORTAL_DISCORD_BOT_TOKEN, GUILD and CHANNEL, and take the link out."
    return [Warning(fault, hint=hint, id="portal.W010")]


def is_writable(directory: Path) -> bool:
    """Say whether files can be made in `directory`."""
    return directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)


def git_version() -> tuple[int, int] | None:
    """Ask git for its version, as (major, minor); None without a usable git."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - fixed arguments
            [git, "--version"], capture_output=True, text=True, check=True, timeout=SECONDS_TO_ANSWER
        )
    except (OSError, subprocess.SubprocessError):
        return None
    numbers = re.search(r"(\d+)\.(\d+)", answer.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else None


ALL = (
    check_base_url,
    check_data_directory,
    check_queue_timeouts,
    check_git,
    check_mail,
    check_second_factor,
    check_cache,
    check_permanent_link,
)
