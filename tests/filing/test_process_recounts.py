"""A window counted again: nobody misses what was due, or hears of it twice."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from filing.authority import Standing
from filing.vocabulary import AuthorityMode, Status
from filing.window_rules import open_window
from filing.windows import Window, WindowRequest, WindowTerms
from gateways.calendar import packaged_arrangement
from tests.filing.process_play import START, Happened, Play, china

KNOWN = packaged_arrangement()


def free_on(play: Play, *days: date) -> None:
    play.arrangement = KNOWN.model_copy(
        update={"holidays": KNOWN.holidays | set(days), "version": "imported"}
    )


def recount(play: Play) -> Happened:
    happened = play.send("calendar_changed", {"years": [2026]})
    assert happened.refusal is None
    return happened


def test_a_recount_that_moves_the_end_says_so_on_the_timeline() -> None:
    play = Play.begin()
    free_on(play, date(2026, 11, 26))
    recount(play)
    entry = play.state.timeline[-1]
    assert (entry.by, entry.note) == (
        "calendar",
        "工作日历有变,期限由 2026-11-26 24:00 改为 2026-11-27 24:00",
    )
    assert play.entries[-1].note == entry.note
    before = play.state.timeline
    free_on(play, date(2026, 11, 26), date(2026, 12, 24))
    recount(play)  # of another calendar, with the same end
    assert play.state.timeline == before


def overdue_notices(play: Play) -> int:
    return [notice.purpose.value for notice in play.notices].count("overdue")


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_who_is_overdue_by_a_recount_after_nine_is_told_of_the_next_working_day(
    mode: AuthorityMode,
) -> None:
    play = Play.begin(mode)
    free_on(play, date(2026, 11, 26))
    recount(play)
    play.wait_until(china(11, 27, 12))
    play.arrangement = KNOWN  # the holiday is taken back: it ended at 24:00 of the 26th
    recount(play)
    assert play.state.overdue
    assert overdue_notices(play) == 0  # at noon nobody is written to
    play.wait_until(play.notice_time(11, 30) - timedelta(seconds=1))
    assert overdue_notices(play) == 0
    play.wait_until(play.notice_time(11, 30))
    assert overdue_notices(play) == 1
    play.wait(days=30)
    assert overdue_notices(play) == 1


def test_who_was_told_is_not_told_again_by_a_recount() -> None:
    play = Play.begin()
    play.wait_until(china(11, 27, 12))
    assert overdue_notices(play) == 1
    free_on(play, date(2026, 11, 23))  # the day before it began
    recount(play)
    play.wait(days=30)
    assert overdue_notices(play) == 1


def test_who_is_to_be_told_at_nine_is_told_once_though_the_end_moves_back() -> None:
    play = Play.begin()
    free_on(play, date(2026, 11, 25))
    recount(play)
    play.wait_until(china(11, 28, 1))  # a Saturday: to be told of on Monday
    assert (play.state.overdue, overdue_notices(play)) == (True, 0)
    play.arrangement = KNOWN
    recount(play)
    play.wait(days=30)
    assert overdue_notices(play) == 1


def window(*, owed: bool, entered_at: datetime) -> Window:
    request = WindowRequest(
        stage=Status.BUREAU_REVIEW,
        round=1,
        start=china(3, 2, 11),
        entered_at=entered_at,
        owed=owed,
        offset_seconds=60,
    )
    return open_window(request, KNOWN, WindowTerms())


def test_what_is_owed_goes_out_at_the_next_notice_time_before_the_repetitions() -> None:
    evening = window(owed=True, entered_at=china(4, 9, 20))
    assert [(a.label, a.at) for a in evening.alarms[:2]] == [
        ("overdue", china(4, 10, 9, 1)),
        ("overdue_10", china(4, 15, 9, 1)),
    ]
    morning = window(owed=True, entered_at=china(4, 9, 8))
    assert morning.alarms[0].at == china(4, 9, 9, 1)
    assert window(owed=False, entered_at=china(4, 9, 20)).alarms == evening.alarms[1:]
    early = china(3, 20)
    assert window(owed=True, entered_at=early) == window(owed=False, entered_at=early)


def hold_and_resume(play: Play) -> Happened:
    play.send("hold", {"by": "ops"})
    return play.send("resume", {"by": "ops"})


def date_receipt(play: Play) -> Happened:
    return play.answer(Standing.SMS_WAITING, at=START + timedelta(minutes=1))


@pytest.mark.parametrize("again", [recount, hold_and_resume])
def test_a_recount_loses_no_reminder_whose_instant_has_just_passed(
    again: Callable[[Play], Happened],
) -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.wait_until(play.notice_time(12, 1) - timedelta(hours=2))
    play.at = play.notice_time(12, 1)  # what was sent is read before the clock is looked at
    assert again(play).told == [("reminder", "applicant")]
    assert again(play).told == []


def test_a_receipt_that_is_dated_late_loses_no_reminder() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.wait(hours=1)
    play.answer(Standing.SMS_WAITING)
    play.at += timedelta(hours=11, minutes=30)
    assert date_receipt(play).told == [("reminder", "applicant")]


@pytest.mark.parametrize("again", [recount, hold_and_resume])
def test_a_recount_loses_no_repeated_escalation(again: Callable[[Play], Happened]) -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    play.wait_until(china(12, 29))
    play.at = play.notice_time(12, 30)
    assert again(play).told == [("overdue", "operations")]
    assert play.wait_until(china(1, 6, year=2027)).told == []


def test_an_escalation_that_a_recount_finds_late_goes_out_at_nine() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    play.wait_until(china(12, 29))
    play.at = play.notice_time(12, 30) + timedelta(hours=3)
    assert recount(play).told == []
    recount(play)
    later = play.wait_until(china(1, 6, year=2027))
    assert [n.purpose.value for n in later.notices] == ["overdue"]
    assert later.entries[-1].at == play.notice_time(12, 31)
