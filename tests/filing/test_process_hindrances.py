"""What keeps the authority from going on: a face check, calls it does not take, a closed entry."""

from datetime import timedelta
from typing import Any

import pytest

from filing.authority import FaceCheck, Known, Reason, Standing
from filing.process.events import AwaitClaim, HandOver, Watch
from filing.process.hindrances import MOST_HOLDS
from filing.view import details, search_attributes, status_answer, timer_summary
from filing.vocabulary import Party, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    FREE,
    GRANT,
    REASON,
    RETURN,
    START,
    Happened,
    Play,
    assert_refused,
    china,
)

LINK = "https://face.example.com/t/abc"
WITH_AUTHORITY = (Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW)


def task(name: str, play: Play, **hours: float) -> FaceCheck:
    return FaceCheck(
        task_id=name, expires_at=play.at + timedelta(**(hours or {"hours": 24})), link=LINK
    )


def asked(play: Play, name: str = "t-1", **fields: Any) -> Happened:
    return play.answer(Standing.FACE_CHECK, face_check=task(name, play), **fields)


def known(play: Play) -> Known:
    assert play.asking is not None
    assert not isinstance(play.asking, AwaitClaim)
    return play.asking.known


# --- the face check ---


def test_a_face_check_is_told_to_the_applicant_and_the_principals_are_waited_for() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.wait(hours=1)
    happened = asked(play)
    assert play.state.status is Status.SUBMISSION
    assert happened.recorded == [("fact", "authority")]
    assert happened.told == [("face_check", "applicant")]
    notice = happened.notices[0]
    assert (notice.link, notice.due, notice.note) == (LINK, "2026-11-25 11:00", None)
    assert notice.status_label == "提交管局(负责人人脸核身)"
    assert play.state.timeline[-1].note == "等待负责人人脸核身,有效至 2026-11-25 11:00"
    answer = status_answer(play.state)
    assert answer.waiting_for is Party.PRINCIPALS
    assert search_attributes(play.state)["WaitingFor"] == "principals"
    assert answer.face_check_until == china(11, 25, 11)
    for shown in (answer.status_label, timer_summary(play.state), details(play.state)):
        assert "提交管局(负责人人脸核身)" in shown
    assert "- **等待**:小程序管理员(负责人)人脸核身,有效至 2026-11-25 11:00" in details(play.state)
    assert play.asking == HandOver(known=Known(standing=Standing.FACE_CHECK, face_check="t-1"))


def test_its_link_is_in_the_notice_and_nowhere_else() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    asked(play)
    play.reload()
    shown = [
        play.state.model_copy(update={"face_check": None}).model_dump_json(),
        details(play.state),
        status_answer(play.state).model_dump_json(),
        timer_summary(play.state),
        str(search_attributes(play.state)),
        *(entry.model_dump_json() for entry in play.entries),
    ]
    assert [text for text in shown if "face.example" in text or "t-1" in text] == []
    assert LINK not in play.state.model_dump_json()


def test_a_task_is_told_once_and_asked_on_after_the_run_was_continued() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    asked(play)
    assert (asked(play).entries, asked(play).notices) == ((), ())
    play.reload()
    assert play.asking == HandOver(known=Known(standing=Standing.FACE_CHECK, face_check="t-1"))


@pytest.mark.parametrize(
    ("hours", "reasons", "why"),
    [
        (25, (), "上一次已过期"),
        (3, (), "上一次未通过"),
        (3, (Reason(field="face_check", reason="画面背景不是白色"),), "画面背景不是白色"),
    ],
)
def test_another_task_is_told_with_why(hours: float, reasons: tuple[Reason, ...], why: str) -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    asked(play)
    play.wait(hours=hours)
    happened = asked(play, "t-2", reasons=reasons)
    assert happened.told == [("face_check", "applicant")]
    assert happened.notices[0].note == f"须重新进行:{why}"
    assert play.state.timeline[-1].note.startswith(f"须重新进行人脸核身({why}),")
    assert known(play).face_check == "t-2"


@pytest.mark.parametrize(
    ("standing", "leads_to"),
    [
        (Standing.CHECKING, Status.SUBMISSION),
        (Standing.SMS_WAITING, Status.SMS_VERIFICATION),
        (Standing.BUREAU_REVIEW, Status.BUREAU_REVIEW),
    ],
)
def test_once_it_is_passed_the_filing_goes_on_and_says_so(
    standing: Standing, leads_to: Status
) -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    asked(play)
    happened = play.answer(standing)
    assert play.state.status is leads_to
    assert happened.entries[0].note == "人脸核身已完成,申请已提交备案系统"
    answer = status_answer(play.state)
    assert answer.waiting_for is not Party.PRINCIPALS or leads_to is Status.SMS_VERIFICATION
    assert answer.face_check_until is None
    assert "人脸" not in answer.status_label
    if leads_to is Status.SUBMISSION:
        assert play.asking == HandOver(known=Known(standing=standing, face_check="t-1"))
        play.answer(Standing.SMS_WAITING)
        assert play.state.status is Status.SMS_VERIFICATION


@pytest.mark.parametrize("standing", [Standing.CHECKING, Standing.SMS_WAITING, Standing.RETURNED])
def test_the_days_of_a_face_check_are_the_principals(standing: Standing) -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.wait(days=1)
    asked(play)
    play.wait(days=2)
    asked(play, "t-2")
    play.answer(standing)
    play.wait(days=1)
    play.tell("returned")
    stretches = play.state.time_with
    ended = play.at if standing is Standing.CHECKING else START + timedelta(days=3)
    assert [(s.party.value, s.start, s.end) for s in stretches][:3] == [
        ("authority", START, START + timedelta(days=1)),
        ("principals", START + timedelta(days=1), START + timedelta(days=3)),
        *([("authority", START + timedelta(days=3), ended)] * (standing is Standing.CHECKING)),
        *([("principals", ended, play.at)] * (standing is Standing.SMS_WAITING)),
    ]
    assert [s.working_days for s in stretches][:2] == [1, 2]


def test_a_return_while_it_was_waited_for_begins_a_round_in_which_it_is_told_anew() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    asked(play)
    assert play.answer(Standing.RETURNED, reasons=(REASON,)).told == [("returned", "applicant")]
    play.send("resubmit", ACT)
    play.send("platform_decision", APPROVE)
    assert play.asking == HandOver()
    again = asked(play)  # the authority names the same task: it is the round's first
    assert again.told == [("face_check", "applicant")]
    assert again.notices[0].note is None


def test_a_filing_without_its_face_check_is_overdue_as_any_other() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    asked(play)
    play.wait(days=4)
    assert play.state.overdue
    assert ("overdue", "operations") in [(n.purpose.value, n.audience.value) for n in play.notices]


def test_it_may_be_taken_back_while_its_face_check_is_due() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    asked(play)
    play.send("withdraw", ACT)
    # An answer that had come by then asks nothing on: the withdrawal's own does.
    play.report(Standing.FACE_CHECK, face_check=task("t-2", play))
    assert play.asking is None
    play.answer_withdrawal(withdrawn=False)
    assert known(play).face_check == "t-2"


@pytest.mark.parametrize("status", [Status.SMS_VERIFICATION, Status.BUREAU_REVIEW])
def test_a_face_check_where_none_is_due_is_told_to_nobody_and_is_no_news_again(
    status: Status,
) -> None:
    play = Play.begin().reach(status)
    happened = asked(play)
    assert (happened.entries, happened.notices) == ((), ())
    assert known(play).face_check == "t-1"
    assert status_answer(play.state).waiting_for is not None
    assert "人脸" not in details(play.state)


# --- calls that the authority does not take ---

NOTE = "add the worker's address to the allow list (61004)"


@pytest.mark.parametrize("status", WITH_AUTHORITY)
def test_operations_are_told_once_what_keeps_the_authority_from_taking_calls(
    status: Status,
) -> None:
    play = Play.begin().reach(status)
    before = play.state.standing
    happened = play.answer(Standing.STOPPED, note=NOTE)
    assert happened.told == [("trouble", "operations")]
    assert NOTE in (happened.notices[0].note or "")
    assert NOTE in play.state.timeline[-1].note
    assert NOTE in details(play.state)
    if status is Status.SUBMISSION:
        assert "请先解决上述待处理事项" in details(play.state)
    assert "通常无需操作" not in details(play.state)
    assert status_answer(play.state).authority_note == NOTE
    assert play.state.status is status
    expected = Known(standing=Standing.STOPPED, note=NOTE)
    asks = HandOver if status is Status.SUBMISSION else Watch
    assert play.asking == asks(known=expected)
    assert play.answer(Standing.STOPPED, note=NOTE).notices == ()
    other = play.answer(Standing.STOPPED, note="renew the authorisation")
    assert other.told == [("trouble", "operations")]
    # It takes calls again.
    happened = play.answer(before)
    assert happened.entries[0].note == "备案系统已恢复受理"
    assert happened.told == []
    assert play.state.status is status
    assert play.state.authority_note is None
    assert NOTE not in details(play.state).split("### 经过")[0]
    told = Known() if status is Status.SUBMISSION else Known(standing=before)
    assert play.asking == asks(known=told)


@pytest.mark.parametrize("for_all", [True, False])
def test_what_stops_every_filing_is_told_with_its_cause(for_all: bool) -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    [notice] = play.answer(Standing.STOPPED, note=NOTE, for_all=for_all).notices
    assert notice.cause == (NOTE if for_all else None)


def test_that_it_takes_calls_again_is_said_also_where_it_had_gone_on_meanwhile() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.answer(Standing.STOPPED, note=NOTE)
    happened = play.answer(Standing.APPROVED, number=FREE)
    notes = [entry.note for entry in happened.entries]
    assert notes.count("备案系统已恢复受理") == 1
    assert play.state.status is Status.APPROVED


def test_a_note_beside_another_standing_is_told_to_operations_once_and_not_on_the_timeline() -> (
    None
):
    play = Play.begin().reach(Status.SUBMISSION)
    pay = "the verification's fee is due: https://pay.example.com/1"
    happened = play.answer(Standing.CHECKING, note=pay)
    assert happened.told == [("trouble", "operations")]
    assert pay in (happened.notices[0].note or "")
    assert [entry for entry in play.state.timeline if "pay.example" in entry.note] == []
    assert known(play).note == pay
    assert play.answer(Standing.CHECKING, note=pay).notices == ()
    assert play.answer(Standing.CHECKING, note=f"{pay}2").told == [("trouble", "operations")]


def test_a_long_note_is_cut_and_is_no_news_again() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.answer(Standing.STOPPED, note="x" * 5000)
    assert len(play.state.authority_note or "") == 500
    assert play.answer(Standing.STOPPED, note="x" * 5000).notices == ()


# --- an entry that is closed ---


def closed(play: Play, standing: Standing | None = None) -> Happened:
    return play.answer(standing or play.state.standing, available=False)


def opened(play: Play, standing: Standing | None = None) -> Happened:
    return play.answer(standing or play.state.standing, available=True)


@pytest.mark.parametrize("status", WITH_AUTHORITY)
def test_a_closed_entry_holds_the_filing_until_it_is_open_again(status: Status) -> None:
    play = Play.begin().reach(status)
    happened = closed(play)
    assert happened.recorded == [("hold", "authority")]
    assert happened.told == []
    answer = status_answer(play.state)
    assert (answer.held, answer.held_by_authority, answer.due_at) == (True, True, None)
    assert "已暂停(自 2026-11-24 10:00,备案入口关闭)" in details(play.state)
    assert answer.timeline[-1].note == "暂停:备案入口关闭"
    # It is asked on, or nobody would learn that it is open again.
    assert known(play) == Known(standing=play.state.standing, available=False)
    play.wait(days=60)
    assert not play.state.overdue
    happened = opened(play)
    assert happened.recorded == [("resume", "authority")]
    assert play.state.status is status
    answer = status_answer(play.state)
    assert (answer.held, answer.held_by_authority) == (False, False)
    assert answer.due_at is not None
    assert answer.due_at > play.at
    assert known(play).available


def test_the_days_on_which_the_authority_held_it_do_not_count() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    assert play.state.window is not None
    assert play.state.window.due_at == china(12, 23)
    play.wait_until(china(11, 26, 9))
    closed(play)
    play.wait_until(china(11, 27, 15))
    opened(play)
    assert play.state.window.due_at == china(12, 25)


def test_before_anything_was_handed_over_a_closed_entry_is_no_order_that_is_gone() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    assert closed(play, Standing.ABSENT).told == []
    assert not play.state.missing
    assert isinstance(play.asking, HandOver)
    assert opened(play, Standing.ABSENT).told == []
    assert not play.state.missing
    assert play.asking == HandOver()
    # An order that was there and is gone is another matter.
    assert play.answer(Standing.ABSENT).told == [("trouble", "operations")]
    assert play.state.missing


def test_the_authority_never_ends_a_persons_hold() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    play.send("hold", ACT)
    assert closed(play).recorded == [("fact", "authority")]
    assert opened(play).recorded == [("fact", "authority")]
    assert play.state.held_since is not None
    play.send("resume", ACT)
    assert play.state.held_since is None


def test_a_person_may_end_the_authoritys_hold_and_it_holds_again_only_when_it_closes_anew() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    closed(play)
    play.wait(hours=5)
    assert play.send("resume", ACT).recorded == [("resume", "wang.fang")]
    assert play.state.held_since is None
    assert closed(play).entries == ()
    assert opened(play).recorded == [("fact", "authority")]
    assert closed(play).recorded == [("hold", "authority")]


def test_a_person_who_holds_what_the_authority_holds_has_it_held_until_a_person_resumes() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    closed(play)
    play.wait(hours=5)
    assert play.send("hold", ACT).recorded == [("hold", "wang.fang")]
    assert play.state.held_since == START
    assert not status_answer(play.state).held_by_authority
    assert_refused(play, "already_held", "hold", ACT)
    opened(play)
    assert play.state.held_since == START
    play.send("resume", ACT)
    assert play.state.held_since is None


def test_a_decision_counts_while_the_authority_holds_it() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    closed(play)
    play.send("bureau_decision", GRANT)
    assert play.state.status is Status.APPROVED
    assert not play.state.held_by_authority


def test_what_goes_back_to_the_applicant_is_held_no_longer() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    closed(play)
    play.wait(days=3)
    happened = play.send("bureau_decision", RETURN)
    assert happened.recorded == [("resume", "authority"), ("transition", "li.na")]
    answer = status_answer(play.state)
    assert (answer.status, answer.held) == (Status.CORRECTION, False)
    assert answer.due_at == china(1, 12, year=2027)
    # The next round learns anew whether it is closed.
    play.send("resubmit", ACT)
    play.send("platform_decision", APPROVE)
    assert closed(play, Standing.ABSENT).recorded == [("hold", "authority")]


def test_a_hold_by_the_authority_goes_on_in_its_next_stage() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    closed(play, Standing.CHECKING)
    play.answer(Standing.SMS_WAITING, available=False)
    assert play.state.status is Status.SMS_VERIFICATION
    assert play.state.held_by_authority
    play.wait(hours=30)
    assert opened(play).told == []
    assert not play.state.overdue
    assert play.state.window is not None
    assert play.state.window.due_at == play.at + timedelta(hours=24)


def test_what_ends_or_is_sent_back_by_the_same_answer_is_not_held_for_a_moment() -> None:
    for standing in (Standing.RETURNED, Standing.BUREAU_RETURNED, Standing.SMS_LAPSED):
        play = Play.begin().reach(Status.BUREAU_REVIEW)
        happened = play.answer(standing, available=False)
        assert "hold" not in [purpose for purpose, _ in happened.recorded]
        assert play.state.held_since is None


def test_somebodys_event_says_nothing_of_the_entry() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    closed(play, Standing.CHECKING)
    play.tell("received")
    assert play.waits_in(Status.SMS_VERIFICATION)
    assert play.state.held_by_authority
    early = Play.begin()
    early.send("authority_event", {"source": "authority", "event_id": "e", "kind": "received"})
    early.send("platform_decision", APPROVE)
    assert early.state.status is Status.SMS_VERIFICATION


def test_an_entry_that_closes_without_end_leaves_the_state_small() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    for _ in range(MOST_HOLDS + 5):
        play.wait(hours=1)
        closed(play)
        play.wait(hours=1)
        opened(play)
    assert len(play.state.holds) == MOST_HOLDS
    assert play.state.held_since is None
