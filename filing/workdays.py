"""Counting days in China time: working days, calendar days, and which of them nobody can know yet.

Sources: contract, section 4; that the day of the start does not count is general law (`domain.md`
5). A day is a whole day here: one business day is never 24 hours of opening time, and the hour at
which a window starts, before opening, after closing or on a holiday, never matters.

Every function that takes an instant refuses a naive one with `ValueError`, and raises
`OverflowError` where the count leaves the years that Python knows (1 to 9999).
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta

from filing.model import CHINA
from filing.windows import Arrangement

SATURDAY = 5
ONE_DAY = timedelta(days=1)


def china_time(instant: datetime) -> datetime:
    """The same instant at +08:00. Raises `ValueError` for a naive one: it names no instant."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError("an instant without its UTC offset cannot be placed in China time")
    return instant.astimezone(CHINA)


def start_of(day: date) -> datetime:
    """00:00, China time, of a day: also 24:00 of the day before."""
    return datetime.combine(day, time(), CHINA)


def is_working_day(arrangement: Arrangement, day: date) -> bool:
    """Whether offices work on that day: a weekday that is no holiday, or a worked weekend (调休).

    In a year that the arrangement does not know at all, every weekday is one.
    """
    if day.weekday() >= SATURDAY:
        return day in arrangement.working_weekends
    return day not in arrangement.holidays


def working_day_from(arrangement: Arrangement, day: date) -> date:
    """The day itself where it is a working day, else the next one."""
    while not is_working_day(arrangement, day):
        day += ONE_DAY
    return day


def working_days_after(
    arrangement: Arrangement, start: datetime, excluded: Collection[date] = ()
) -> Iterator[date]:
    """The working days after the start's day, in order, without end, less those excluded."""
    day = china_time(start).date()
    while True:
        day += ONE_DAY
        if day not in excluded and is_working_day(arrangement, day):
            yield day


def calendar_days_after(start: datetime, excluded: Collection[date] = ()) -> Iterator[date]:
    """All days after the start's day, in order, without end, less those excluded."""
    day = china_time(start).date()
    while True:
        day += ONE_DAY
        if day not in excluded:
            yield day


def take(days: Iterator[date], count: int) -> list[date]:
    """The next `count` days. Raises `ValueError` where none is asked for: no window has no day."""
    if count < 1:
        raise ValueError(f"a window has at least one day, not {count}")
    return [next(days) for _ in range(count)]


def end_of_working_days(
    arrangement: Arrangement, start: datetime, count: int, excluded: Collection[date] = ()
) -> datetime:
    """24:00, China time, of the `count`-th working day after the start's day, as 00:00 of the next.

    `excluded`: days that do not count although they are worked (a hold touched them).
    """
    last = take(working_days_after(arrangement, start, excluded), count)[-1]
    return start_of(last + ONE_DAY)


def end_of_calendar_days(start: datetime, count: int, excluded: Collection[date] = ()) -> datetime:
    """24:00, China time, of the `count`-th day after the start's day, as 00:00 of the next."""
    return start_of(take(calendar_days_after(start, excluded), count)[-1] + ONE_DAY)


def working_days_between(arrangement: Arrangement, start: datetime, end: datetime) -> int:
    """Working days of a stretch, counted as a window is: not the start's day, but the end's.

    An end at 00:00 is 24:00 of the day before, so that a window of n working days that is used up
    to its end has n; 0 where the end is not after the start.
    """
    day = china_time(start).date()
    end_day = china_time(end).date()
    count = 0
    while (day := day + ONE_DAY) <= end_day and start_of(day) < end:
        count += is_working_day(arrangement, day)
    return count


def working_days_until(arrangement: Arrangement, first: date, last: date) -> list[int]:
    """For each day from `first` to `last` how many working days there were up to and with it, so that
    a stretch has as many as its last day's figure is above that of the day on which it began."""
    count, counts, day = 0, [], first
    while day <= last:
        count += is_working_day(arrangement, day)
        counts.append(count)
        day += ONE_DAY
    return counts


def is_provisional(arrangement: Arrangement, first_day: date, last_day: date) -> bool:
    """Whether a window of working days, both days included, rests on what is not announced yet.

    So it is where the arrangement of a year that it touches is not published, or where it holds any
    of 26-31 December while the next year's is not: that one may make those days worked or free.
    """
    for year in range(first_day.year, last_day.year + 1):
        if year not in arrangement.published_years:
            return True
        year_end = first_day <= date(year, 12, 31) and date(year, 12, 26) <= last_day
        if year_end and year + 1 not in arrangement.published_years:
            return True
    return False


def days_touched(stretches: Collection[tuple[datetime, datetime]]) -> frozenset[date]:
    """The days, China time, of which at least an instant lies in one of the stretches [from, to).

    A stretch that ends at 00:00 does not touch that day; one without length touches none.
    """
    days: set[date] = set()
    for begin, end in stretches:
        day = china_time(begin).date()
        end = china_time(end)
        while begin < end and start_of(day) < end:
            days.add(day)
            day += ONE_DAY
    return frozenset(days)
