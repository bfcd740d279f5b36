"""Working days against a count by hand, the official years, and the bugs that other calendars had."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filing.model import CHINA
from filing.windows import Arrangement
from filing.workdays import (
    days_touched,
    end_of_calendar_days,
    end_of_working_days,
    is_provisional,
    is_working_day,
    working_days_between,
)
from gateways.calendar import packaged_arrangement

KNOWN = packaged_arrangement()
PLAIN = Arrangement(
    version="invented",
    holidays=frozenset(),
    working_weekends=frozenset(),
    published_years=frozenset({2026}),
)


def china(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 2), False),  # Friday, paid for by Sunday the 4th
        (date(2026, 1, 4), True),
        (date(2026, 2, 14), True),  # Saturday before the Spring Festival
        (date(2026, 2, 15), False),
        (date(2026, 2, 16), False),
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
        (date(2026, 2, 28), True),  # Saturday after it
        (date(2026, 4, 6), False),
        (date(2026, 5, 9), True),
        (date(2026, 9, 20), True),  # Sunday before National Day
        (date(2026, 9, 25), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),  # Saturday after it
        (date(2026, 10, 11), False),
        (date(2026, 11, 28), False),  # an ordinary Saturday
        (date(2020, 1, 31), False),  # the Spring Festival that was lengthened
        (date(2015, 9, 3), False),
    ],
)
def test_the_official_days_are_known(day: date, works: bool) -> None:
    assert is_working_day(KNOWN, day) is works


@pytest.mark.parametrize(
    ("start", "count", "due_at"),
    [
        # One business day is one day, not 24 hours of opening time (jmix-framework/jmix#790).
        (china(2026, 11, 24, 10), 1, china(2026, 11, 26)),
        # Before opening (kiegroup/jbpm#1830) and after closing (#1342): the hour never matters.
        (china(2026, 11, 24, 0), 2, china(2026, 11, 27)),
        (china(2026, 11, 24, 7), 2, china(2026, 11, 27)),
        (china(2026, 11, 24, 23, 59), 2, china(2026, 11, 27)),
        # Over a weekend, and from within it.
        (china(2026, 11, 27, 15), 2, china(2026, 12, 2)),
        (china(2026, 11, 28, 15), 2, china(2026, 12, 2)),
        (china(2026, 11, 29, 15), 2, china(2026, 12, 2)),
        # Holidays do not count (jbpm#233), worked weekends do.
        (china(2026, 9, 30, 9), 2, china(2026, 10, 10)),
        (china(2026, 9, 30, 9), 3, china(2026, 10, 11)),
        (china(2026, 10, 3, 9), 1, china(2026, 10, 9)),
        (china(2026, 2, 13, 9), 2, china(2026, 2, 25)),
        (china(2026, 2, 13, 9), 20, china(2026, 3, 20)),
        # 18:30 in Greenwich is the next day in China.
        (datetime(2026, 11, 24, 18, 30, tzinfo=UTC), 1, china(2026, 11, 27)),
    ],
)
def test_windows_of_working_days_end_at_the_right_midnight(
    start: datetime, count: int, due_at: datetime
) -> None:
    end = end_of_working_days(KNOWN, start, count)
    assert end == due_at
    assert end.isoformat() == due_at.isoformat()
    assert end.utcoffset() == timedelta(hours=8)


def test_an_excluded_day_does_not_count() -> None:
    held = frozenset({date(2026, 11, 25), date(2026, 11, 28)})  # a working day and a Saturday
    assert end_of_working_days(KNOWN, china(2026, 11, 24, 9), 2, held) == china(2026, 11, 28)
    assert end_of_calendar_days(china(2026, 11, 24, 9), 3, held) == china(2026, 11, 30)


def test_calendar_days_count_every_day() -> None:
    assert end_of_calendar_days(china(2026, 2, 10, 9), 45) == china(2026, 3, 28)


def _walk(year_from: int = 2004, year_to: int = 2031) -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime(year_from, 1, 1), datetime(year_to, 12, 31)).map(  # noqa: DTZ001
        lambda at: at.replace(tzinfo=UTC)
    )


@settings(deadline=None)  # a busy machine is slow
@given(start=_walk(), count=st.integers(1, 60), held=st.sets(st.integers(1, 90), max_size=20))
def test_counting_agrees_with_counting_on_fingers(
    start: datetime, count: int, held: set[int]
) -> None:
    start_day = (start + timedelta(hours=8)).date()
    excluded = frozenset(start_day + timedelta(days=n) for n in held)
    end = end_of_working_days(KNOWN, start, count, excluded)
    fingers = 0
    day = start_day
    while fingers < count:
        day += timedelta(days=1)
        weekend = day.isoweekday() in {6, 7}
        works = day in KNOWN.working_weekends if weekend else day not in KNOWN.holidays
        fingers += works and day not in excluded
    assert end == datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(days=1)
    assert end > start


@settings(deadline=None)  # a busy machine is slow
@given(start=_walk(), count=st.integers(1, 60))
def test_a_window_that_was_used_up_has_its_working_days(start: datetime, count: int) -> None:
    end = end_of_working_days(KNOWN, start, count)
    assert working_days_between(KNOWN, start, end) == count
    assert working_days_between(KNOWN, start, end - timedelta(days=1)) == count - 1


@settings(deadline=None)  # a busy machine is slow
@given(start=_walk(), count=st.integers(1, 40))
def test_one_more_day_never_ends_sooner(start: datetime, count: int) -> None:
    assert end_of_working_days(KNOWN, start, count) < end_of_working_days(KNOWN, start, count + 1)


def test_a_stretch_within_a_day_has_no_working_day_and_one_that_ends_before_it_began_neither() -> (
    None
):
    assert working_days_between(KNOWN, china(2026, 11, 24, 9), china(2026, 11, 24, 18)) == 0
    assert working_days_between(KNOWN, china(2026, 11, 24, 9), china(2026, 11, 20)) == 0
    assert working_days_between(KNOWN, china(2026, 11, 24, 9), china(2026, 11, 25, 0, 1)) == 1


@pytest.mark.parametrize(
    ("first", "last", "provisional"),
    [
        (date(2026, 11, 25), date(2026, 12, 25), False),
        (date(2026, 11, 25), date(2026, 12, 26), True),
        (date(2026, 12, 26), date(2026, 12, 31), True),
        (date(2026, 12, 31), date(2026, 12, 31), True),
        (date(2026, 12, 20), date(2027, 1, 18), True),
        (date(2027, 3, 1), date(2027, 3, 2), True),
        (date(2025, 12, 20), date(2026, 1, 18), False),
        (date(2024, 12, 31), date(2027, 1, 1), True),
    ],
)
def test_what_is_not_announced_is_provisional(first: date, last: date, provisional: bool) -> None:
    assert is_provisional(KNOWN, first, last) is provisional


def test_once_the_next_year_is_announced_december_is_certain() -> None:
    announced = KNOWN.model_copy(update={"published_years": KNOWN.published_years | {2027}})
    assert not is_provisional(announced, date(2026, 12, 20), date(2027, 1, 18))
    assert is_provisional(announced, date(2027, 12, 20), date(2027, 12, 28))


def test_a_hold_touches_the_days_of_which_it_holds_an_instant() -> None:
    hold = (china(2026, 11, 24, 23, 59), china(2026, 11, 26))
    assert days_touched([hold]) == {date(2026, 11, 24), date(2026, 11, 25)}
    assert days_touched([(hold[0], hold[0])]) == frozenset()
    utc = (datetime(2026, 11, 24, 16, tzinfo=UTC), datetime(2026, 11, 24, 17, tzinfo=UTC))
    assert days_touched([utc]) == {date(2026, 11, 25)}


def test_a_naive_instant_is_refused_everywhere() -> None:
    naive = datetime(2026, 11, 24, 9)  # noqa: DTZ001
    aware = china(2026, 11, 24)
    with pytest.raises(ValueError, match="UTC offset"):
        end_of_working_days(PLAIN, naive, 1)
    with pytest.raises(ValueError, match="UTC offset"):
        end_of_calendar_days(naive, 1)
    with pytest.raises(ValueError, match="UTC offset"):
        working_days_between(PLAIN, aware, naive)
    with pytest.raises(ValueError, match="UTC offset"):
        days_touched([(naive, aware)])


@pytest.mark.parametrize("count", [0, -1])
def test_a_window_without_a_day_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        end_of_working_days(PLAIN, china(2026, 11, 24), count)
