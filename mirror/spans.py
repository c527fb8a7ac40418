"""How time is told to people."""

from datetime import datetime, timedelta

from django.utils.timesince import timesince

MINUTE = timedelta(minutes=1)


def age(then: datetime, now: datetime) -> str:
    """Say how long ago something was, roughly: "3 hours"."""
    if now - then < MINUTE:
        return "less than a minute"
    return timesince(then, now, depth=1).replace("\N{NO-BREAK SPACE}", " ")


def clock(start: datetime, end: datetime) -> str:
    """Say how much time is between two moments: "4:05", "1:04:05"."""
    minutes, seconds = divmod(max(int((end - start).total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
