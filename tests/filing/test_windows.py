"""Windows: their ends, the instants at which people are told, and what a hold does to both."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filing.model import CHINA
from filing.vocabulary import FINAL, Status
from filing.window_rules import RULES, open_window
from filing.windows import Window, WindowRequest, WindowTerms
from filing.workdays import is_working_day
from gateways.calendar import packaged_arrangement

KNOWN = packaged_arrangement()
Hold = tuple[datetime, datetime]


def china(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CHINA)


def window(
    stage: Status,
    start: datetime,
    *,
    entered_at: datetime | None = None,
    offset_seconds: int = 0,
    holds: tuple[Hold, ...] = (),
    correction_days: int = 45,
) -> Window:
    request = WindowRequest(
        stage=stage,
        round=2,
        start=start,
        entered_at=entered_at or start,
        offset_seconds=offset_seconds,
        holds=holds,
    )
    return open_window(request, KNOWN, WindowTerms(correction_days=correction_days))


def told(opened: Window) -> list[tuple[str, datetime]]:
    return [(alarm.label, alarm.at) for alarm in opened.alarms]


@pytest.mark.parametrize("stage", [Status.PLATFORM_REVIEW, Status.SUBMISSION])
def test_two_working_days_are_reminded_of_once_and_escalated_once(stage: Status) -> None:
    opened = window(stage, china(11, 27, 15), offset_seconds=61)
    assert opened.due_at == china(12, 2)
    assert opened.due_at.isoformat() == "2026-12-02T00:00:00+08:00"
    assert not opened.provisional
    assert opened.calendar == KNOWN.version
    assert (opened.stage, opened.round) == (stage, 2)
    # Half of the window and its last day are the same day: once, as the last day.
    assert told(opened) == [
        ("last_day", china(12, 1, 9, 1) + timedelta(seconds=1)),
        ("overdue", china(12, 2, 9, 1) + timedelta(seconds=1)),
    ]


def test_the_escalation_of_a_window_that_ends_on_a_friday_waits_for_monday() -> None:
    opened = window(Status.PLATFORM_REVIEW, china(11, 25, 15))
    assert opened.due_at == china(11, 28)
    assert told(opened) == [("last_day", china(11, 27, 9)), ("overdue", china(11, 30, 9))]


def test_the_bureau_has_twenty_working_days_and_is_asked_about_again_every_five() -> None:
    opened = window(Status.BUREAU_REVIEW, china(10, 12, 11))
    assert opened.due_at == china(11, 10)
    assert not opened.provisional
    assert told(opened)[:4] == [
        ("half", china(10, 27, 9)),
        ("last_day", china(11, 9, 9)),
        ("overdue", china(11, 10, 9)),
        ("overdue_5", china(11, 17, 9)),
    ]
    labels = [alarm.label for alarm in opened.alarms]
    assert labels[3:] == [f"overdue_{count}" for count in range(5, 65, 5)]
    assert list(opened.alarms) == sorted(opened.alarms, key=lambda alarm: alarm.at)


def test_a_window_that_is_opened_again_later_names_the_next_escalations() -> None:
    first = window(Status.BUREAU_REVIEW, china(3, 2, 11))
    later = window(Status.BUREAU_REVIEW, china(3, 2, 11), entered_at=first.alarms[-1].at)
    assert [alarm.label for alarm in later.alarms] == [f"overdue_{n}" for n in range(65, 125, 5)]


def test_alarms_before_the_stage_was_entered_are_left_out() -> None:
    opened = window(Status.BUREAU_REVIEW, china(10, 12, 11), entered_at=china(10, 27, 9))
    assert opened.alarms[0].label == "last_day"


def test_the_sms_check_has_twenty_four_hours_to_the_second() -> None:
    start = datetime(2026, 12, 31, 14, 59, 59, tzinfo=UTC)
    opened = window(Status.SMS_VERIFICATION, start, offset_seconds=600)
    assert opened.due_at == start + timedelta(hours=24)
    assert opened.due_at.utcoffset() == timedelta(hours=8)
    assert not opened.provisional  # hours rest on no calendar
    assert told(opened) == [
        ("hours_12", opened.due_at - timedelta(hours=12)),
        ("hours_2", opened.due_at - timedelta(hours=2)),
    ]


def test_a_correction_is_reminded_of_on_working_days_after_7_15_and_30_days() -> None:
    opened = window(Status.CORRECTION, china(11, 24, 10), offset_seconds=30)
    assert opened.due_at == china(1, 9, year=2027)
    assert not opened.provisional  # every day counts, whatever is announced
    offset = timedelta(seconds=30)
    assert told(opened) == [
        ("day_7", china(12, 1, 9) + offset),
        ("day_15", china(12, 9, 9) + offset),
        ("day_30", china(12, 24, 9) + offset),
    ]


def test_reminders_that_a_long_holiday_brings_together_go_out_once() -> None:
    # The 7th day is 15 February, the 15th the 23rd: both within the Spring Festival.
    opened = window(Status.CORRECTION, china(2, 8, 10))
    assert told(opened) == [("day_15", china(2, 24, 9)), ("day_30", china(3, 10, 9))]


def test_a_short_correction_window_is_not_reminded_of_after_its_end() -> None:
    assert told(window(Status.CORRECTION, china(11, 24), correction_days=10)) == [
        ("day_7", china(12, 1, 9))
    ]
    # The 7th day is its last, a Saturday: the next working day is too late.
    assert told(window(Status.CORRECTION, china(11, 21), correction_days=7)) == []


def test_a_working_day_touched_by_a_hold_does_not_count() -> None:
    free = window(Status.BUREAU_REVIEW, china(10, 12, 11))
    held = window(
        Status.BUREAU_REVIEW,
        china(10, 12, 11),
        holds=((china(10, 15, 23, 59), china(10, 19, 0)), (china(10, 20, 9), china(10, 20, 9, 1))),
    )
    # Thursday, Friday and the next Tuesday; the weekend in between counts for nobody.
    assert free.due_at == china(11, 10)
    assert held.due_at == china(11, 13)


def test_a_hold_beside_the_window_changes_nothing() -> None:
    holds = ((china(10, 10, 9), china(10, 12, 10)), (china(11, 10), china(11, 11)))
    assert window(Status.BUREAU_REVIEW, china(10, 12, 11), holds=holds) == window(
        Status.BUREAU_REVIEW, china(10, 12, 11)
    )


def test_calendar_days_touched_by_a_hold_do_not_count() -> None:
    holds = ((china(11, 28, 9), china(11, 30, 9)),)
    opened = window(Status.CORRECTION, china(11, 24, 10), holds=holds)
    assert opened.due_at == china(1, 12, year=2027)
    assert told(opened)[0] == ("day_7", china(12, 4, 9))


def test_the_time_held_is_added_to_hours() -> None:
    start = china(11, 24, 10)

    def due(*holds: Hold) -> datetime:
        return window(Status.SMS_VERIFICATION, start, holds=holds).due_at

    hour = timedelta(hours=1)
    end = start + 24 * hour
    assert due((start + hour, start + 3 * hour)) == end + 2 * hour
    assert due((start - 5 * hour, start + hour)) == end + hour  # only what lies in the window
    assert due((end, end + 5 * hour)) == end  # it had run out
    # The second lies in what the first added; the third overlaps the second.
    assert (
        due(
            (start + 23 * hour, start + 26 * hour),
            (start + 26 * hour + hour / 2, start + 28 * hour),
            (start + 27 * hour, start + 29 * hour),
        )
        == end + 5.5 * hour
    )


@pytest.mark.parametrize("stage", sorted(FINAL))
def test_a_final_status_has_no_window(stage: Status) -> None:
    with pytest.raises(ValueError, match="no window"):
        window(stage, china(11, 24))


def test_every_status_that_waits_has_a_rule_with_its_source() -> None:
    assert set(RULES) == set(Status) - FINAL - {Status.QUEUED}
    assert all(rule.source for rule in RULES.values())


@pytest.mark.parametrize("field", ["start", "entered_at"])
def test_a_naive_instant_is_refused(field: str) -> None:
    values = {"start": china(11, 24), "entered_at": china(11, 24)}
    values[field] = values[field].replace(tzinfo=None)
    request = WindowRequest(stage=Status.CORRECTION, round=1, **values)
    with pytest.raises(ValueError, match="UTC offset"):
        open_window(request, KNOWN, WindowTerms())


_INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)


@settings(deadline=None)  # a busy machine is slow
@given(
    stage=st.sampled_from(sorted(RULES)),
    start=_INSTANTS,
    late=st.timedeltas(timedelta(0), timedelta(days=60)),
    offset=st.integers(0, 3599),
    holds=st.lists(
        st.tuples(
            st.timedeltas(timedelta(days=-3), timedelta(days=40)),
            st.timedeltas(timedelta(0), timedelta(days=9)),
        ),
        max_size=4,
    ),
)
def test_what_is_true_of_every_window(
    stage: Status,
    start: datetime,
    late: timedelta,
    offset: int,
    holds: list[tuple[timedelta, timedelta]],
) -> None:
    stretches = tuple((start + begin, start + begin + length) for begin, length in holds)
    opened = window(stage, start, entered_at=start + late, offset_seconds=offset, holds=stretches)
    assert opened.due_at >= window(stage, start).due_at
    assert opened.due_at.utcoffset() == timedelta(hours=8)
    instants = [alarm.at for alarm in opened.alarms]
    assert instants == sorted(set(instants))
    for alarm in opened.alarms:
        assert alarm.at > start + late
        assert (alarm.at < opened.due_at) is (alarm.kind.value == "reminder")
        assert alarm.at.utcoffset() == timedelta(hours=8)
        if stage is not Status.SMS_VERIFICATION:
            assert is_working_day(KNOWN, alarm.at.date())
            assert alarm.at == datetime.combine(
                alarm.at.date(), datetime.min.time(), CHINA
            ) + timedelta(hours=9, seconds=offset)
    if stage is not Status.SMS_VERIFICATION:
        assert opened.due_at.time() == datetime.min.time()


def test_a_window_survives_json() -> None:
    opened = window(Status.BUREAU_REVIEW, china(12, 1))
    assert opened.provisional
    assert Window.model_validate_json(opened.model_dump_json()) == opened
    assert date(2026, 12, 29) == opened.due_at.date() - timedelta(days=1)
