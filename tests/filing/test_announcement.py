"""A State Council notice: read strictly, and put over what was known of its year alone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filing.announcement import (
    Announcement,
    Imported,
    amended,
    changed_days,
    doubts,
    parse_announcement,
)
from filing.problems import Problem
from filing.windows import Arrangement
from filing.workdays import is_provisional, is_working_day
from gateways.calendar import packaged_arrangement

KNOWN = packaged_arrangement()
ONE_DAY = timedelta(days=1)
NOTICE: dict[str, Any] = {
    "year": 2027,
    "title": "虚构的2027年放假通知",
    "announced_on": "2026-11-05",
    "holidays": [
        {"name": "元旦", "from": "2026-12-31", "to": "2027-01-03"},
        {"name": "春节", "from": "2027-02-05", "to": "2027-02-11"},
        {"from": "2027-05-01", "to": "2027-05-05"},
        "2027-10-01",
    ],
    "working_weekends": ["2027-02-13", "2027-01-30"],
}


def read(**changes: Any) -> Announcement:
    parsed = parse_announcement(NOTICE | changes)
    assert isinstance(parsed, Announcement), parsed
    return parsed


def codes(data: Any) -> list[tuple[str, str]]:
    problems = parse_announcement(data)
    assert isinstance(problems, tuple)
    assert all(p.message and p.fix and p.severity == "error" for p in problems)
    return [(p.path, p.code) for p in problems]


def imported(notice: Announcement, version: int = 1) -> Imported:
    return Imported(
        **dict(notice),
        version=version,
        imported_at=datetime(2026, 11, 6, tzinfo=UTC),
        imported_by="x",
    )


def span(first: date, last: date) -> list[date]:
    return [first + ONE_DAY * n for n in range((last - first).days + 1)]


# --- reading ---


def test_a_notice_is_read_whole() -> None:
    notice = read()
    assert (notice.year, notice.announced_on) == (2027, date(2026, 11, 5))
    assert notice.holidays[:4] == tuple(span(date(2026, 12, 31), date(2027, 1, 3)))
    assert len(notice.holidays) == 4 + 7 + 5 + 1
    assert notice.working_weekends == (date(2027, 1, 30), date(2027, 2, 13))
    assert [p.name for p in notice.periods] == ["元旦", "春节", "", ""]


def test_dates_and_years_may_be_what_a_parser_of_yaml_makes_of_them() -> None:
    typed = read(
        year="2027",
        announced_on=date(2026, 11, 5),
        working_weekends=[date(2027, 1, 30), date(2027, 2, 13)],
    )
    assert typed == read()
    assert typed.digest == read().digest == imported(read(), 7).digest
    assert read(title="另一份").digest != typed.digest


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"year": None}, ("year", "missing")),
        ({"year": True}, ("year", "not_a_year")),
        ({"year": 27}, ("year", "not_a_year")),
        ({"year": "２０２７"}, ("year", "not_a_year")),
        ({"title": None}, ("title", "missing")),
        ({"title": "  "}, ("title", "not_a_title")),
        ({"title": "一\n二"}, ("title", "not_a_title")),
        ({"title": "长" * 201}, ("title", "not_a_title")),
        ({"announced_on": "2026-11-31"}, ("announced_on", "not_a_date")),
        ({"announced_on": datetime(2026, 11, 5, tzinfo=UTC)}, ("announced_on", "not_a_date")),
        ({"announced_on": "2028-01-01"}, ("announced_on", "announced_out_of_range")),
        ({"announced_on": "2024-12-31"}, ("announced_on", "announced_out_of_range")),
        ({"holidays": None}, ("holidays", "missing")),
        ({"holidays": []}, ("holidays", "empty")),
        ({"holidays": "2027-10-01"}, ("holidays", "not_a_list")),
        ({"holidays": ["2026-12-25"]}, ("holidays.0", "other_year")),
        ({"holidays": ["2028-01-01"]}, ("holidays.0", "other_year")),
        ({"holidays": ["10-01"]}, ("holidays.0", "not_a_date")),
        ({"holidays": [{"to": "2027-10-01"}]}, ("holidays.0.from", "missing")),
        ({"holidays": [{"from": "2027-10-01", "to": 3}]}, ("holidays.0.to", "not_a_date")),
        ({"holidays": [{"from": "2027-10-02", "to": "2027-10-01"}]}, ("holidays.0", "reversed")),
        ({"holidays": [{"from": "2027-10-02", "day": 1}]}, ("holidays.0.day", "unknown_key")),
        ({"holidays": [{"name": 7, "from": "2027-10-02"}]}, ("holidays.0.name", "not_a_title")),
        (
            {"holidays": [{"from": "2027-10-01", "to": "2027-10-03"}, "2027-10-02"]},
            ("holidays.1", "duplicate_day"),
        ),
        (
            {"holidays": [{"from": "2027-01-01", "to": "2027-12-31"}]},
            ("holidays.0", "too_many_days"),
        ),
        (
            {
                "holidays": [
                    {"from": "2027-03-01", "to": "2027-04-09"},
                    {"from": "2027-06-01", "to": "2027-06-30"},
                ]
            },
            ("holidays", "too_many_days"),
        ),
        ({"holidays": ["2027-10-01"] * 61}, ("holidays", "too_many_days")),
        ({"working_weekends": None}, ("working_weekends", "missing")),
        ({"working_weekends": ["2027-02-12"]}, ("working_weekends.0", "not_a_weekend")),
        ({"working_weekends": ["2027-02-06"]}, ("working_weekends.0", "free_and_worked")),
        (
            {"working_weekends": ["2027-02-13", "2027-02-13"]},
            ("working_weekends.1", "duplicate_day"),
        ),
        ({"working_weekends": ["2026-12-20"]}, ("working_weekends.0", "other_year")),
        ({"source": "gov"}, ("source", "unknown_key")),
        ({5: "gov"}, ("int", "unknown_key")),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    changes: dict[Any, Any], expected: tuple[str, str]
) -> None:
    assert codes(NOTICE | changes) == [expected]


def test_every_problem_is_told_at_once() -> None:
    wrong = {"year": "x", "holidays": ["2027-13-01", 4], "working_weekends": ["2027-02-12"]}
    assert codes(wrong) == [
        ("year", "not_a_year"),
        ("title", "missing"),
        ("announced_on", "missing"),
        ("holidays.0", "not_a_date"),
        ("holidays.1", "not_a_date"),
        ("working_weekends.0", "not_a_weekend"),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "from", "to", "x"]) | st.text(), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON | st.dictionaries(st.sampled_from(list(NOTICE)), JSON))
def test_reading_is_total(data: Any) -> None:
    parsed = parse_announcement(data)
    assert isinstance(parsed, Announcement) or all(isinstance(p, Problem) for p in parsed)
    assert parsed != ()


def test_a_notice_without_the_fixed_days_is_doubted() -> None:
    assert doubts(read()) == ()
    (doubt,) = doubts(read(holidays=["2027-03-01", "2027-05-01"]))
    assert (doubt.code, doubt.severity) == ("looks_partial", "warning")
    assert "1 月 1 日、10 月 1 日" in doubt.message


# --- over what was known ---

YEARS = range(2025, 2029)


@st.composite
def notices(draw: st.DrawFn, version: int) -> Imported:
    year = draw(st.sampled_from(YEARS))
    may = st.sampled_from(span(date(year - 1, 12, 26), date(year, 12, 31)))
    days = draw(st.sets(may, min_size=1, max_size=12))
    weekends = sorted(day for day in days if day.weekday() >= 5)
    worked = weekends[: draw(st.integers(0, len(weekends)))]
    free = sorted(days - set(worked)) or [date(year, 10, 1)]
    data = NOTICE | {
        "year": year,
        "announced_on": date(year, 1, 1),
        "holidays": free,
        "working_weekends": worked,
    }
    parsed = parse_announcement(data)
    assert isinstance(parsed, Announcement), parsed
    return imported(parsed, version)


@given(notices(1))
def test_a_notice_replaces_its_year_and_leaves_the_others(notice: Imported) -> None:
    after = amended(KNOWN, [notice])
    assert after.published_years == KNOWN.published_years | {notice.year}
    free, worked = set(notice.holidays), set(notice.working_weekends)
    own_end = date(notice.year, 12, 25 if notice.year + 1 in KNOWN.published_years else 31)
    for day in span(date(YEARS[0] - 2, 1, 1), date(YEARS[-1] + 2, 12, 31)):
        if day in free | worked:
            assert is_working_day(after, day) is (day in worked)
        elif date(notice.year, 1, 1) <= day <= own_end:
            assert is_working_day(after, day) is (day.weekday() < 5)
        elif (day.month, day.day) < (12, 26):
            assert is_working_day(after, day) is is_working_day(KNOWN, day)
    assert not after.holidays & after.working_weekends


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5).flatmap(
        lambda them: st.tuples(*(notices(n + 1) for n in range(len(them))))
    ),
    st.randoms(),
)
@settings(max_examples=50)
def test_of_a_year_the_newest_counts_in_whatever_order_they_come(
    several: tuple[Imported, ...], random: Any
) -> None:
    shuffled = list(several)
    random.shuffle(shuffled)
    newest = {n.year: n for n in several}
    assert amended(KNOWN, shuffled) == amended(KNOWN, several) == amended(KNOWN, newest.values())


def test_a_notice_may_settle_the_year_end_before_it_whatever_that_years_says() -> None:
    of_2027 = imported(read(holidays=["2027-10-01", "2027-12-31"], working_weekends=[]), 2)
    of_2028 = imported(
        read(
            year=2028,
            announced_on="2027-11-05",
            holidays=["2027-12-30", "2028-01-01"],
            working_weekends=["2027-12-26"],
        ),
        1,
    )
    after = amended(KNOWN, [of_2027, of_2028])
    assert not is_working_day(after, date(2027, 12, 30))
    assert not is_working_day(after, date(2027, 12, 31))
    assert is_working_day(after, date(2027, 12, 26))
    # An amended notice of 2028 takes back what the first one said of 2027's end.
    again = imported(
        read(
            year=2028,
            announced_on="2027-12-05",
            holidays=["2028-01-01"],
            working_weekends=[],
        ),
        3,
    )
    after = amended(KNOWN, [of_2027, of_2028, again])
    assert is_working_day(after, date(2027, 12, 30))
    assert not is_working_day(after, date(2027, 12, 26))


def test_the_version_names_the_notices() -> None:
    after = amended(KNOWN, [imported(read(), 3)])
    assert after.version == f"{KNOWN.version}, 2027: 虚构的2027年放假通知 (imported #3)"
    assert amended(KNOWN, []) is KNOWN


# --- what differs ---


@given(notices(1), notices(2))
@settings(max_examples=50)
def test_changed_days_are_those_judged_otherwise(first: Imported, second: Imported) -> None:
    before, after = amended(KNOWN, [first]), amended(KNOWN, [first, second])
    changed = changed_days(before, after)
    assert changed == changed_days(after, before)
    announced = before.published_years ^ after.published_years
    for day in span(date(YEARS[0] - 2, 12, 1), date(YEARS[-1] + 1, 12, 31)):
        other = is_working_day(before, day) is not is_working_day(after, day)
        other |= is_provisional(before, day, day) is not is_provisional(after, day, day)
        if other:
            assert day in changed
        elif day in changed:
            assert {day.year, (day + timedelta(days=6)).year} & announced


def test_a_year_that_becomes_known_changes_all_its_days_and_the_year_end_before() -> None:
    statutory: Arrangement = amended(
        KNOWN, [imported(read(holidays=sorted(d for d in KNOWN.holidays if d.year == 2027)))]
    )
    changed = changed_days(KNOWN, statutory)
    assert min(changed) == date(2026, 12, 26)
    assert max(changed) == date(2027, 12, 31)
    assert len(changed) == 6 + 365
    assert changed_days(KNOWN, KNOWN) == frozenset()
