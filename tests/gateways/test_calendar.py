"""The packaged calendar: announced years as announced, later years as the law alone has them."""

from datetime import date, timedelta

import chinese_calendar

from activities.ports import Calendar
from filing.workdays import is_working_day
from gateways.calendar import PackagedCalendar, packaged_arrangement, statutory_days

KNOWN = packaged_arrangement()


async def test_the_port_gives_the_one_arrangement_of_the_process() -> None:
    calendar: Calendar = PackagedCalendar()
    assert await calendar.arrangement() is KNOWN


def test_every_announced_day_is_judged_as_the_package_judges_it() -> None:
    day = date(2004, 1, 1)
    while day <= date(2026, 12, 31):
        assert is_working_day(KNOWN, day) is chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_only_what_the_state_council_announced_is_published() -> None:
    assert KNOWN.published_years == frozenset(range(2004, 2027))


def test_later_years_have_their_statutory_days_and_no_worked_weekend() -> None:
    assert max(KNOWN.working_weekends).year == 2026
    for day in (
        date(2027, 1, 1),
        date(2027, 2, 5),  # the eve of the Spring Festival, a day off since 2025
        date(2027, 2, 9),  # makes up for the Saturday and the Sunday of the festival
        date(2027, 10, 1),
        date(2028, 5, 2),
        date(2030, 10, 3),
    ):
        assert not is_working_day(KNOWN, day)
    assert is_working_day(KNOWN, date(2027, 10, 6))
    assert {day.year for day in KNOWN.holidays} == set(range(2004, 2031))


def test_swaps_of_weekends_are_left_out_where_the_package_knows_them() -> None:
    known = statutory_days(2026)
    assert date(2026, 10, 5) in known  # makes up for Saturday the 3rd: law
    assert date(2026, 10, 6) not in known  # paid for by Sunday, 20 September: a swap
    assert date(2026, 1, 2) not in known


def test_the_version_says_what_was_believed() -> None:
    source, later = KNOWN.version.split(", ")
    assert source.startswith("chinesecalendar 1.")
    assert later.startswith("holidays 0.")
