"""What a log must not say: addresses of services hold secrets, such as codes of invitations and tokens of webhooks."""

import logging
from typing import Any

import httpx


class HostsOnly(logging.Filter):
    """Leaves of every address that httpx tells no more than the host."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_host(each) for each in record.args)
        return True


def _host(argument: Any) -> Any:
    return f"{argument.scheme}://{argument.host}/…" if isinstance(argument, httpx.URL) else argument
