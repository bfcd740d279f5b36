"""Instants as people read them, in China time."""

from datetime import datetime, time

from filing.model import CHINA


def when(at: datetime) -> str:
    """An instant as applicants read it; a day's end is written as its 24:00."""
    local = at.astimezone(CHINA)
    if local.time() == time.min:
        day = local.date().fromordinal(local.date().toordinal() - 1)
        return f"{day.isoformat()} 24:00"
    return since(local)


def since(at: datetime) -> str:
    """An instant at which something begins: a day's end is the next day's 00:00, for the days of a
    window are counted from there."""
    return at.astimezone(CHINA).replace(tzinfo=None).isoformat(" ", "minutes")
