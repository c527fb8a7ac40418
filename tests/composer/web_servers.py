"""Web servers in front of the portal, or without it, as an operator runs them."""

import socket
import subprocess
import time
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request as Question
from urllib.request import urlopen

from tests.support.composer import Client, Project
from tests.support.server import SECONDS_TO_START

PROJECT, PRODUCT = "magento/project-community-edition=2.4.4", "magento/product-community-edition"


def wait_until_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # between two tries; the loop ends by itself
    raise RuntimeError(f"it did not start:\n{log.read_text()}")


def answered(url: str, **headers: str) -> tuple[int, Message, bytes]:
    """Ask for an address and give status, headers and body."""
    question = Question(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urlopen(question) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def installed_from(client: Client, repository: str, directory: Path) -> Project:
    """Install a shop from a mirror of what somebody else publishes: the project names that one, too."""
    options = (f"--repository={repository}", "--add-repository", "--no-secure-http")
    client.run(directory, "create-project", *options, PROJECT, "shop")
    return Project(directory / "shop", client)
