"""The working-day calendar from two packages: what is announced, and what the law alone says.

`chinesecalendar` holds the arrangements that the State Council has announced, swapped weekends and
all. For the years after them only the statutory days are known; they come from `holidays`, and
those years are not marked as published, so every window that rests on one is provisional.
"""

from datetime import date
from functools import cache
from importlib.metadata import version
from itertools import chain

import holidays
from chinese_calendar import constants as announced

from filing.windows import Arrangement

YEARS_AHEAD = 4
"""How many years after the last published one have their statutory days."""
SWAPPED = "Day off (substituted from"
"""How `holidays` names a day off that a worked weekend pays for (language `en_US`)."""


class PackagedCalendar:
    """The calendar of the installed packages. Implements the port `Calendar`."""

    async def arrangement(self) -> Arrangement:
        """What is known now; built once in a process."""
        return packaged_arrangement()


@cache
def packaged_arrangement() -> Arrangement:
    """The announced years as `chinesecalendar` has them, then `YEARS_AHEAD` statutory ones."""
    days_off: set[date] = set(announced.holidays)
    worked: set[date] = set(announced.workdays)
    # A notice about one year may settle days of its neighbours; National Day marks a whole year.
    published = {day.year for day in days_off if (day.month, day.day) == (10, 1)}
    later = range(max(published) + 1, max(published) + 1 + YEARS_AHEAD)
    statutory = (statutory_days(year) for year in later)
    # Where an announced notice reaches into the next year already, its word stands.
    days_off |= {day for day in chain.from_iterable(statutory) if day not in worked}
    return Arrangement(
        version=f"chinesecalendar {version('chinesecalendar')}, holidays {version('holidays')}",
        holidays=frozenset(days_off),
        working_weekends=frozenset(worked),
        published_years=frozenset(published),
    )


def statutory_days(year: int) -> frozenset[date]:
    """The days off of a year that the law gives by itself.

    Those are the festivals and, where one falls on a weekend, the working day that must make up for
    it (全国年节及纪念日放假办法, Art. 6). Swaps of weekends are left out even where the package has
    them already: it does not say which weekends are worked for them, and half a swap is wrong.
    """
    known = holidays.country_holidays("CN", years=year, language="en_US")
    return frozenset(day for day, name in known.items() if day.year == year and SWAPPED not in name)
