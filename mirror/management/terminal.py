"""What a command shows on a terminal while it works."""

import contextlib
from collections.abc import Callable, Iterator

from django.core.management.base import BaseCommand, OutputWrapper

WIDTH = 100  # characters
CLEAR_LINE = "\r\x1b[K"


@contextlib.contextmanager
def telling(stream: OutputWrapper) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is at hand, on a terminal only; the line is cleared at the end."""

    def tell(subject: str) -> None:
        if stream.isatty():
            stream.write(CLEAR_LINE + subject[:WIDTH], style_func=str, ending="")
            stream.flush()

    try:
        yield tell
    finally:
        tell("")


def is_own_process(command: BaseCommand) -> bool:
    """Tell whether a command is all that its process does, so that ending the process ends just this."""
    return bool(getattr(command, "_called_from_command_line", False))
