"""The SMS check: who must pass it, when it lapses, and when the bureau's window begins."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from filing.authority import Standing
from filing.process.events import Watch
from filing.vocabulary import AuthorityMode, Status
from tests.filing.process_play import (
    ASKED,
    MANUAL,
    ONE_PHONE,
    PRINCIPALS,
    START,
    Play,
    assert_refused,
    china,
)


def check(person: str = "subject_principal", **more: Any) -> dict[str, Any]:
    return {"person": person, "source": "ops", **more}


@pytest.mark.parametrize("order", [PRINCIPALS, PRINCIPALS[::-1]])
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_both_principals_must_pass_in_any_order(
    mode: AuthorityMode, order: tuple[str, str]
) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    first = play.send("sms_verified", check(order[0]))
    assert play.waits_in(Status.SMS_VERIFICATION)
    assert first.recorded == [("fact", "ops")]
    second = play.send("sms_verified", check(order[1], round=1))
    assert play.state.status is Status.BUREAU_REVIEW
    assert second.recorded == [("fact", "ops"), ("transition", "ops")]
    assert second.told == []


@pytest.mark.parametrize("person", PRINCIPALS)
def test_where_one_phone_serves_both_one_check_does_for_both(person: str) -> None:
    play = Play.begin(changes=ONE_PHONE).reach(Status.SUBMISSION)
    play.answer(Standing.SMS_WAITING)
    play.send("sms_verified", check(person))
    assert play.state.status is Status.BUREAU_REVIEW


def test_a_check_is_counted_once_for_each_person() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.send("sms_verified", check())
    assert_refused(play, "already_verified", "sms_verified", check())


def test_a_check_after_the_stage_is_over_is_refused() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    assert_refused(play, "already_verified", "sms_verified", check())


@pytest.mark.parametrize("round_", [2, 7])
@pytest.mark.parametrize("status", [Status.PLATFORM_REVIEW, Status.SMS_VERIFICATION])
def test_a_check_of_another_round_is_stale(status: Status, round_: int) -> None:
    play = Play.begin().reach(status)
    assert_refused(play, "stale_round", "sms_verified", check(round=round_))


# --- the end of the 24 hours ---


def test_by_hand_the_check_lapses_exactly_24_hours_after_it_began() -> None:
    play = Play.begin(MANUAL).reach(Status.SMS_VERIFICATION)
    play.send("sms_verified", check())
    play.wait_until(START + timedelta(hours=24) - timedelta(microseconds=1))
    assert play.waits_in(Status.SMS_VERIFICATION)
    happened = play.wait(microseconds=1)
    assert play.state.status is Status.CORRECTION
    assert play.state.sms_lapsed
    assert [r.field for r in play.state.reasons] == ["sms_verification"]
    assert happened.recorded == [("transition", "clock")]
    assert happened.told == [("returned", "applicant")]
    assert play.once == []


@pytest.mark.parametrize("mode", ASKED)
def test_with_an_authority_it_is_overdue_and_the_authority_is_asked_first(
    mode: AuthorityMode,
) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    play.wait(hours=23)
    assert not play.state.overdue
    happened = play.wait(hours=1)
    assert play.state.status is Status.SMS_VERIFICATION
    assert play.state.overdue
    assert happened.recorded == [("overdue", "clock")]
    assert happened.told == []
    assert play.once == [1]


@pytest.mark.parametrize(
    ("standing", "leads_to", "overdue"),
    [
        (Standing.BUREAU_REVIEW, Status.BUREAU_REVIEW, False),
        (Standing.SMS_WAITING, Status.SMS_VERIFICATION, True),
        (Standing.UNKNOWN, Status.SMS_VERIFICATION, True),
        (Standing.SMS_LAPSED, Status.CORRECTION, False),
    ],
)
def test_the_authoritys_word_wins(standing: Standing, leads_to: Status, overdue: bool) -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.to_deadline()
    play.answer_once(standing)
    assert play.state.status is leads_to
    assert play.state.overdue is overdue
    assert play.state.sms_lapsed is (standing is Standing.SMS_LAPSED)
    if leads_to is not Status.CORRECTION:
        assert isinstance(play.asking, Watch)


# --- where the authority's clock and ours differ ---


def difference(play: Play) -> list[str]:
    return [entry.note for entry in play.state.timeline if "相差" in entry.note]


def test_a_lapse_before_our_24_hours_are_over_counts_and_both_clocks_are_on_record() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.wait(hours=20)
    happened = play.answer(Standing.SMS_LAPSED, at=START + timedelta(hours=18, minutes=30))
    assert play.state.status is Status.CORRECTION
    assert happened.recorded == [("fact", "authority"), ("transition", "authority")]
    assert difference(play) == [
        "备案系统认定短信核验已超时(2026-11-25 04:30),我方期限为 2026-11-25 10:00,"
        "相差 5 小时 30 分钟;以备案系统为准"
    ]
    assert happened.entries[0].note == difference(play)[0]


def test_a_lapse_at_its_own_time_is_told_apart_from_one_that_we_only_learn_of() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.wait(hours=23, minutes=59)
    play.answer(Standing.SMS_LAPSED)
    assert "已超时(2026-11-25 09:59 得知)" in difference(play)[0]
    assert "相差 1 分钟" in difference(play)[0]


def test_what_the_authority_still_waits_for_after_our_24_hours_is_on_record_once() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.to_deadline()
    play.wait(minutes=90)
    happened = play.answer_once(Standing.SMS_WAITING)
    assert happened.recorded == [("fact", "authority")]
    assert difference(play) == [
        "备案系统认定短信核验仍在等待(2026-11-25 11:30 得知),我方期限为 2026-11-25 10:00,"
        "相差 1 小时 30 分钟;以备案系统为准"
    ]
    assert play.state.overdue
    # Another closed entry says nothing new of it.
    play.answer(Standing.SMS_WAITING, available=False)
    assert len(difference(play)) == 1


def test_a_check_done_after_our_24_hours_counts_and_both_clocks_are_on_record() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.to_deadline()
    play.answer_once(Standing.UNKNOWN)
    play.wait(hours=9)
    play.answer(Standing.BUREAU_REVIEW, at=START + timedelta(hours=31))
    assert play.state.status is Status.BUREAU_REVIEW
    (note,) = difference(play)
    assert "已完成(2026-11-25 17:00),我方期限为 2026-11-25 10:00,相差 7 小时;" in note


def test_a_lapse_after_we_had_taken_the_check_for_done_is_on_record_with_when_we_had() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.wait(hours=2)
    play.pass_sms()
    play.wait(hours=22)
    play.answer(Standing.SMS_LAPSED)
    assert play.state.status is Status.CORRECTION
    (note,) = difference(play)
    assert "已超时(2026-11-25 10:00 得知),我方已于 2026-11-24 12:00 记为完成,相差 22 小时" in note


def test_a_lapse_while_our_clock_was_stopped_says_so() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.send("hold", {"by": "ops", "reason": "x"})
    play.wait(hours=26)
    play.answer(Standing.SMS_LAPSED)
    assert "我方期限已暂停,相差 26 小时" in difference(play)[0]


@pytest.mark.parametrize(
    ("standing", "hours"),
    [
        (Standing.SMS_LAPSED, 24),
        (Standing.SMS_LAPSED, 25),
        (Standing.BUREAU_REVIEW, 23),
        (Standing.BUREAU_REVIEW, 24),
    ],
)
def test_where_the_clocks_agree_nothing_is_said(standing: Standing, hours: int) -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.to_deadline()
    play.wait(hours=2)
    play.answer_once(standing, at=START + timedelta(hours=hours))
    assert play.state.status is not Status.SMS_VERIFICATION
    assert difference(play) == []


def test_while_the_authority_still_waits_it_is_asked_on_and_a_late_check_counts() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.to_deadline()
    play.answer_once(Standing.SMS_WAITING)
    play.wait(hours=3)
    play.pass_sms()
    assert play.state.status is Status.BUREAU_REVIEW


def test_what_has_arrived_when_the_window_ends_is_in_time() -> None:
    play = Play.begin(MANUAL).reach(Status.SMS_VERIFICATION)
    play.send("sms_verified", check())
    play.at = START + timedelta(hours=30)  # the worker was down; the inbox is read first
    play.send("sms_verified", check("mini_program_principal"))
    assert play.state.status is Status.BUREAU_REVIEW


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_the_principals_are_reminded_12_and_2_hours_before_the_end_at_once(
    mode: AuthorityMode,
) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    for hours, wait in ((12, 12), (2, 10)):
        play.wait_until(play.at + timedelta(hours=wait, microseconds=-1))
        happened = play.wait(microseconds=1)
        assert play.at == START + timedelta(hours=24 - hours)
        assert happened.told == [("reminder", "applicant")]
        assert happened.recorded == [("note", "clock")]
        assert happened.notices[0].due == "2026-11-25 10:00"


# --- when the bureau's 20 working days begin ---

ARRIVAL = START + timedelta(hours=6)


@pytest.mark.parametrize(
    ("checks", "start"),
    [
        ([{}, {}], ARRIVAL),
        (
            [{"at": START + timedelta(hours=1)}, {"at": START + timedelta(hours=2)}],
            START + timedelta(hours=2),
        ),
        (
            [{"at": START + timedelta(hours=2)}, {"at": START + timedelta(hours=1)}],
            START + timedelta(hours=2),
        ),
        ([{"at": START + timedelta(hours=1)}, {}], ARRIVAL),
        ([{"at": START + timedelta(days=9)}, {"at": START + timedelta(hours=1)}], ARRIVAL),
        ([{"at": ARRIVAL}, {"at": START - timedelta(days=1)}], ARRIVAL),
        ([{"at": START - timedelta(days=2)}, {"at": START - timedelta(days=1)}], START),
    ],
    ids=[
        "on arrival where no instant is given",
        "at the last check",
        "at the last check, whichever came first",
        "at the later of an instant and an arrival",
        "on arrival where the instant is in the future",
        "an instant of this moment is not in the future",
        "never before submission",
    ],
)
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_the_bureaus_window_begins(
    mode: AuthorityMode, checks: list[dict[str, datetime]], start: datetime
) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    play.wait_until(ARRIVAL)
    for person, dated in zip(PRINCIPALS, checks, strict=True):
        play.send("sms_verified", check(person, **{k: v.isoformat() for k, v in dated.items()}))
    assert play.state.status is Status.BUREAU_REVIEW
    assert play.state.window is not None
    assert play.state.window.start == play.state.window_start == start
    assert play.state.window.due_at == china(12, 23)


def test_the_bureaus_window_counts_from_the_day_of_the_last_check_not_of_our_learning_of_it() -> (
    None
):
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.wait_until(china(11, 26, 9))
    for person in PRINCIPALS:
        play.send("sms_verified", check(person, at="2026-11-25T09:00:00+08:00"))
    assert play.state.window is not None
    assert play.state.window.due_at == china(12, 24)
