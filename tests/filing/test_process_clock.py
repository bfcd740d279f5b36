"""Time: what is told when, what is overdue from when, and what a hold or a calendar changes."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from filing.authority import Standing
from filing.process.state import State
from filing.vocabulary import AuthorityMode, Status
from filing.workdays import working_days_between
from gateways.calendar import packaged_arrangement
from tests.filing.process_play import (
    ACT,
    APPROVE,
    ASKED,
    GRANT,
    MANUAL,
    PRINCIPALS,
    RETURN,
    START,
    WAITING,
    Play,
    assert_refused,
    china,
)

JUST = timedelta(microseconds=1)
ESCALATED = [
    pytest.param(AuthorityMode.SANDBOX, Status.PLATFORM_REVIEW, id="platform review"),
    pytest.param(AuthorityMode.SANDBOX, Status.SUBMISSION, id="submission"),
    pytest.param(AuthorityMode.WECHAT, Status.SUBMISSION, id="submission to WeChat"),
    pytest.param(AuthorityMode.SANDBOX, Status.BUREAU_REVIEW, id="bureau review"),
    pytest.param(AuthorityMode.MANUAL, Status.BUREAU_REVIEW, id="bureau review by hand"),
]


def due_of(state: State) -> str:
    assert state.window is not None
    return state.window.due_at.isoformat()


@pytest.mark.parametrize(("mode", "status"), ESCALATED)
def test_a_filing_is_overdue_exactly_at_the_deadline_and_waits_on(
    mode: AuthorityMode, status: Status
) -> None:
    play = Play.begin(mode).reach(status)
    asking = play.asking
    assert play.state.window is not None
    play.wait_until(play.state.window.due_at - JUST)
    assert not play.state.overdue
    happened = play.wait_until(play.at + JUST)
    assert play.state.overdue
    assert play.state.status is status
    assert happened.recorded == [("overdue", "clock")]
    assert happened.told == []  # nobody is called at midnight
    assert play.asking == asking


@pytest.mark.parametrize(("mode", "status"), ESCALATED)
def test_operations_are_told_at_nine_of_the_next_working_day_plus_the_filings_offset(
    mode: AuthorityMode, status: Status
) -> None:
    play = Play.begin(mode).reach(status)
    play.to_deadline()
    due = play.at
    play.wait_until(play.notice_time(due.month, due.day) - JUST)
    happened = play.wait_until(play.at + JUST)
    assert 0 <= play.state.offset_seconds < 3600
    assert happened.told == [("overdue", "operations")]
    assert happened.recorded == [("note", "clock")]


@pytest.mark.parametrize("status", [Status.PLATFORM_REVIEW, Status.SUBMISSION])
def test_a_short_window_is_reminded_of_once_and_escalated_once(status: Status) -> None:
    play = Play.begin().reach(status)
    happened = play.wait_until(china(3, 1, year=2027))
    assert happened.told == [("reminder", "operations"), ("overdue", "operations")]
    assert [e.at for e in happened.entries] == [
        play.notice_time(11, 26),
        china(11, 27),
        play.notice_time(11, 27),
    ]
    assert play.state.next_instant is None


def test_the_bureaus_window_is_reminded_of_at_half_and_on_its_last_day_and_escalated_again() -> (
    None
):
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    happened = play.wait_until(china(1, 10, year=2027))
    assert [(e.purpose, e.at) for e in happened.entries] == [
        ("note", play.notice_time(12, 9)),
        ("note", play.notice_time(12, 22)),
        ("overdue", china(12, 23)),
        ("note", play.notice_time(12, 23)),
        ("note", play.notice_time(12, 30)),
        ("note", play.notice_time(1, 7, year=2027)),  # 1 January is a holiday
    ]
    assert happened.told == [("reminder", "operations")] * 2 + [("overdue", "operations")] * 3


def test_escalations_go_on_every_five_working_days_without_end() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    play.to_deadline()
    happened = play.wait(days=300)
    told = [e.at for e in happened.entries if e.purpose == "note"]
    assert len(told) > 30
    apart = {
        working_days_between(packaged_arrangement(), earlier, later)
        for earlier, later in pairwise(told)
    }
    assert apart == {5}


def test_after_a_long_sleep_what_coincides_is_told_once_by_the_most_pressing() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    happened = play.wake_late(china(12, 31, 12))
    assert play.state.overdue
    assert (happened.told, happened.recorded) == ([], [("overdue", "clock")])
    later = play.wait(days=10)  # at nine of the next working day
    assert later.told == [("overdue", "operations")] * 2
    assert [e.at for e in later.entries] == [
        play.notice_time(1, 4, year=2027),
        play.notice_time(1, 7, year=2027),
    ]


@pytest.mark.parametrize("status", [Status.PLATFORM_REVIEW, Status.SUBMISSION])
def test_whoever_wakes_at_night_writes_to_nobody_before_nine_and_then_once(status: Status) -> None:
    play = Play.begin().reach(status)
    happened = play.wake_late(china(11, 28, 2))  # a Saturday; due at its beginning
    assert (happened.told, happened.recorded) == ([], [("overdue", "clock")])
    assert play.wait_until(play.notice_time(11, 30) - timedelta(seconds=1)).told == []
    assert play.wait(days=30).told == [("overdue", "operations")]


def test_the_sms_check_that_runs_out_is_not_escalated_by_a_late_wake() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    happened = play.wake_late(START + timedelta(hours=25))
    assert play.state.overdue
    assert happened.told == []
    assert play.once == [1]
    assert play.wait(days=30).told == []


def test_what_was_overdue_is_so_no_longer_once_it_has_ended() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    play.to_deadline()
    play.send("bureau_decision", GRANT)
    assert play.state.status is Status.APPROVED
    assert not play.state.overdue


def test_a_window_that_is_left_reminds_nobody_any_more() -> None:
    play = Play.begin()
    play.send("platform_decision", APPROVE)
    play.wait_until(china(11, 25, 8))
    play.answer(Standing.SMS_WAITING)
    play.pass_sms()
    assert play.wait_until(china(12, 8)).told == []


def test_a_window_that_rests_on_an_unpublished_year_is_provisional() -> None:
    play = Play.begin(at=china(12, 7, 10)).reach(Status.BUREAU_REVIEW)
    assert play.state.window is not None
    assert play.state.window.provisional
    assert play.state.window.calendar == packaged_arrangement().version


# --- holds ---


@pytest.mark.parametrize(("mode", "status"), WAITING)
def test_a_held_filing_hears_no_clock(mode: AuthorityMode, status: Status) -> None:
    play = Play.begin(mode).reach(status)
    happened = play.send("hold", {"by": "ops", "reason": "管局系统维护"})
    assert happened.refusal is None
    assert happened.recorded == [("hold", "ops")]
    assert happened.told == []
    assert play.state.status is status
    waited = play.wait(days=100)
    assert (waited.entries, waited.notices) == ((), ())
    assert play.state.status is status
    assert not play.state.overdue


def test_a_clock_that_strikes_all_the_same_while_held_changes_nothing() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.send("hold", {"by": "ops"})
    before = play.state
    happened = play.wake_late(china(6, 1, year=2027))
    assert (happened.entries, happened.notices) == ((), ())
    assert play.state == before


def test_a_working_day_that_a_hold_touches_does_not_count() -> None:
    play = Play.begin()
    play.wait_until(china(11, 25, 17))
    play.send("hold", {"by": "ops"})
    play.wait_until(china(11, 26, 8))
    happened = play.send("resume", {"by": "ops"})
    assert happened.recorded == [("resume", "ops")]
    assert due_of(play.state) == "2026-12-01T00:00:00+08:00"
    assert play.state.held_since is None
    assert play.state.holds == ((china(11, 25, 17), china(11, 26, 8)),)


def test_several_holds_add_up() -> None:
    play = Play.begin()
    for day in (25, 26, 27):
        play.wait_until(china(11, day, 12))
        play.send("hold", {"by": "ops"})
        play.wait(minutes=1)
        play.send("resume", {"by": "ops"})
    assert due_of(play.state) == "2026-12-02T00:00:00+08:00"


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_for_hours_the_time_held_is_added(mode: AuthorityMode) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    play.wait(hours=23)
    play.send("hold", {"by": "ops"})
    play.wait(hours=50)
    play.send("resume", {"by": "ops"})
    assert play.state.window is not None
    assert play.state.window.due_at == START + timedelta(hours=74)
    play.wait(hours=1)
    assert play.state.status is (Status.CORRECTION if mode is MANUAL else Status.SMS_VERIFICATION)


def test_a_correction_is_held_in_whole_calendar_days() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.wait_until(china(11, 28, 12))
    play.send("hold", {"by": "ops"})
    play.wait_until(china(11, 29, 12))
    play.send("resume", {"by": "ops"})
    assert due_of(play.state) == "2027-01-11T00:00:00+08:00"


def test_a_reminder_that_was_due_while_held_comes_when_the_recounted_window_says() -> None:
    play = Play.begin()
    play.wait_until(china(11, 25, 12))
    play.send("hold", {"by": "ops"})
    play.wait_until(china(11, 27, 12))
    play.send("resume", {"by": "ops"})  # 30 November and 1 December count
    happened = play.wait_until(china(12, 2, 12))
    assert [e.at for e in happened.entries] == [
        play.notice_time(12, 1),
        china(12, 2),
        play.notice_time(12, 2),
    ]


def test_a_stage_entered_while_held_gets_its_window_when_the_filing_is_resumed() -> None:
    play = Play.begin()
    play.send("hold", {"by": "ops"})
    play.wait_until(china(11, 25, 9))
    play.send("platform_decision", APPROVE)
    assert play.state.status is Status.SUBMISSION
    assert play.state.window is None
    assert play.state.next_instant is None
    play.wait_until(china(11, 26, 9))
    play.send("resume", {"by": "ops"})
    assert due_of(play.state) == "2026-12-01T00:00:00+08:00"


def test_a_hold_counts_for_a_window_that_began_before_its_stage_was_entered() -> None:
    play = Play.begin(MANUAL).reach(Status.SMS_VERIFICATION)
    play.wait(hours=1)
    play.send("hold", {"by": "ops"})
    play.wait_until(china(11, 26, 9))
    play.send("resume", {"by": "ops"})
    for person in PRINCIPALS:
        check = {"person": person, "source": "ops", "at": "2026-11-24T10:30:00+08:00"}
        play.send("sms_verified", check)
    assert play.state.window_start == china(11, 24, 10, 30)
    assert due_of(play.state) == "2026-12-25T00:00:00+08:00"  # 25 and 26 November do not count


def test_who_must_act_on_a_held_stage_is_told_at_once_and_once() -> None:
    play = Play.begin()
    play.send("hold", {"by": "ops"})
    happened = play.send("platform_decision", RETURN)
    assert happened.told == [("returned", "applicant")]
    assert happened.notices[0].due is None
    assert play.send("resume", {"by": "ops"}).told == []


def test_a_hold_after_the_end_of_a_window_leaves_it_overdue() -> None:
    play = Play.begin()
    play.wait_until(china(11, 27, 12))
    play.send("hold", {"by": "ops"})
    play.wait_until(china(11, 30, 12))
    play.send("resume", {"by": "ops"})
    assert play.state.overdue


def test_what_is_held_cannot_be_held_again_and_what_is_not_cannot_be_resumed() -> None:
    play = Play.begin()
    assert_refused(play, "not_held", "resume", ACT)
    play.send("hold", ACT)
    assert_refused(play, "already_held", "hold", ACT)
    assert play.send("resume", ACT).refusal is None


# --- the calendar ---


def free_on(play: Play, *days: date) -> None:
    known = play.arrangement
    play.arrangement = known.model_copy(
        update={"holidays": known.holidays | set(days), "version": "imported"}
    )


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_a_changed_calendar_counts_the_open_window_again(mode: AuthorityMode) -> None:
    play = Play.begin(mode)
    free_on(play, date(2026, 11, 26))
    happened = play.send("calendar_changed", {"years": [2026]})
    assert happened.refusal is None
    assert happened.recorded == [("window", "calendar"), ("window", "calendar")]
    assert happened.told == []
    assert due_of(play.state) == "2026-11-28T00:00:00+08:00"
    assert play.state.window is not None
    assert play.state.window.calendar == "imported"
    assert play.state.status is Status.PLATFORM_REVIEW


def test_a_calendar_that_changes_nothing_leaves_the_window_as_it_is() -> None:
    play = Play.begin()
    before = play.state.window
    play.send("calendar_changed", {"years": [2026]})
    assert play.state.window == before


def test_a_recount_beyond_now_takes_overdue_back_until_the_new_end() -> None:
    play = Play.begin()
    play.wait_until(china(11, 27, 1))
    assert play.state.overdue
    free_on(play, date(2026, 11, 26))
    play.send("calendar_changed", {"years": [2026]})
    assert not play.state.overdue
    happened = play.wait_until(china(11, 28, 1))
    assert play.state.overdue
    assert happened.recorded == [("note", "clock"), ("overdue", "clock")]


def test_a_recount_that_ends_before_now_is_overdue_at_once() -> None:
    play = Play.begin()
    free_on(play, date(2026, 11, 26))
    play.send("calendar_changed", {"years": [2026]})
    play.wait_until(china(11, 27, 12))
    play.arrangement = packaged_arrangement()
    happened = play.send("calendar_changed", {"years": [2026]})
    assert play.state.overdue
    assert ("overdue", "clock") in happened.recorded


def test_while_held_a_changed_calendar_counts_when_the_filing_is_resumed() -> None:
    play = Play.begin()
    play.send("hold", {"by": "ops"})
    free_on(play, date(2026, 11, 26))
    happened = play.send("calendar_changed", {"years": [2026]})
    assert happened.recorded == [("window", "calendar")]
    play.send("resume", {"by": "ops"})
    assert due_of(play.state) == "2026-11-28T00:00:00+08:00"


@pytest.mark.parametrize("mode", ASKED)
def test_a_recount_of_hours_changes_nothing(mode: AuthorityMode) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    free_on(play, date(2026, 11, 25))
    play.send("calendar_changed", {"years": [2026]})
    assert due_of(play.state) == "2026-11-25T10:00:00+08:00"
