"""What all checks share: how they say what they found, and how they count months."""

import calendar
from datetime import date

from filing.problems import Problem


def error(path: str, code: str, message: str, fix: str) -> Problem:
    """A problem that forbids the start: a form, or a rule that an official text states."""
    return Problem(path=path, code=code, message=message, fix=fix)


def warning(path: str, code: str, message: str, fix: str) -> Problem:
    """A problem that a reviewer should see: its rule rests on secondary sources."""
    return Problem(path=path, code=code, message=message, fix=fix, severity="warning")


def months_after(day: date, months: int) -> date:
    """The same day so many months later (or earlier), or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
