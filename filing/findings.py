"""What all checks share: how they say what they found, and how they count months."""

import calendar
from datetime import date
from functools import lru_cache

from filing.problems import Problem
from filing.rules import table


def problem(path: str, code: str, message: str, fix: str) -> Problem:
    """What a check found, as severe as the rule of that code is (`data/rules/`).

    Raises KeyError for a code without a rule; `test_rules.py` finds those.
    """
    severity = table()[code].severity
    return Problem(path=path, code=code, message=message, fix=fix, severity=severity)


@lru_cache(maxsize=64)  # of today, for each certificate and letter
def months_after(day: date, months: int) -> date:
    """The same day so many months later (or earlier), or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if day.day <= 28:  # as every month has
        return date(year, month, day.day)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
