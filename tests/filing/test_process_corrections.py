"""Corrections: what is sent again, which way it goes, and when nothing is sent at all."""

from typing import Any

import pytest

from filing.authority import Standing
from filing.problems import Problem
from filing.process.events import HandOver
from filing.vocabulary import AuthorityMode, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    CORRECTED,
    MANUAL,
    RETURN,
    START,
    Play,
    application,
    application_data,
    assert_refused,
    china,
)

WARNING = Problem(path="mini_program.name", code="x", message="…", fix="…", severity="warning")


def amended(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"application": application_data(changes), "by": "wang.fang"}


def returned(by: str, mode: AuthorityMode = AuthorityMode.SANDBOX) -> Play:
    """A filing that was sent back by a reviewer, the bureau, or for want of an SMS check."""
    if by == "platform":
        return Play.begin(mode).reach(Status.CORRECTION)
    if by == "bureau":
        play = Play.begin(mode).reach(Status.BUREAU_REVIEW)
        play.send("bureau_decision", RETURN)
        return play
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    play.to_deadline()
    if mode is not MANUAL:
        play.answer_once(Standing.SMS_LAPSED)
    assert play.state.status is Status.CORRECTION
    return play


@pytest.mark.parametrize("by", ["platform", "bureau"])
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_a_returned_filing_sent_again_unchanged_is_reviewed_again(
    mode: AuthorityMode, by: str
) -> None:
    play = returned(by, mode)
    happened = play.send("resubmit", ACT)
    assert happened.refusal is None
    assert (play.state.status, play.state.round) == (Status.PLATFORM_REVIEW, 2)
    assert play.state.reasons == ()
    assert play.state.changes == ()
    assert happened.recorded == [("transition", "wang.fang")]
    assert happened.told == []


@pytest.mark.parametrize("by", ["platform", "bureau", "sms"])
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_a_changed_application_is_reviewed_again_whatever_it_was_returned_for(
    mode: AuthorityMode, by: str
) -> None:
    play = returned(by, mode)
    happened = play.send("amend", amended(CORRECTED))
    assert happened.refusal is None
    assert (play.state.status, play.state.round) == (Status.PLATFORM_REVIEW, 2)
    assert play.state.application == application(CORRECTED)
    assert play.state.changes == ("mini_program.remark",)
    assert happened.recorded == [("transition", "wang.fang"), ("note", "wang.fang")]
    assert happened.entries[1].detail == {"changes": ["mini_program.remark"]}
    assert happened.told == []


@pytest.mark.parametrize(
    ("name", "payload"), [("resubmit", ACT), ("amend", amended())], ids=["resubmit", "same amend"]
)
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_after_an_sms_lapse_an_unchanged_application_goes_straight_to_submission(
    mode: AuthorityMode, name: str, payload: dict[str, Any]
) -> None:
    play = returned("sms", mode)
    happened = play.send(name, payload)
    assert happened.refusal is None
    assert play.state.round == 2
    assert happened.entries[0].status is Status.SUBMISSION
    if mode is MANUAL:
        assert play.state.status is Status.SMS_VERIFICATION
        assert happened.told == [("sms_due", "applicant")]
    else:
        assert play.state.status is Status.SUBMISSION
        assert isinstance(play.asking, HandOver)
    assert not play.state.sms_lapsed


def test_the_way_past_the_review_holds_for_one_resubmission_only() -> None:
    play = returned("sms")
    play.send("resubmit", ACT)
    play.answer(Standing.RETURNED)
    play.send("resubmit", ACT)
    assert (play.state.status, play.state.round) == (Status.PLATFORM_REVIEW, 3)


def test_an_sms_check_that_lapses_again_goes_the_same_way_again() -> None:
    play = returned("sms")
    play.send("resubmit", ACT)
    play.answer(Standing.SMS_WAITING)
    play.to_deadline()
    play.answer_once(Standing.SMS_LAPSED)
    play.send("resubmit", ACT)
    assert (play.state.status, play.state.round) == (Status.SUBMISSION, 3)


def test_a_new_round_owes_nothing_to_what_was_known_of_the_last() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    play.send("bureau_decision", RETURN)
    play.send("resubmit", ACT)
    state = play.state
    assert (state.sms, state.early, state.standing) == ((), (), Standing.ABSENT)
    assert (state.submitted_at, state.received_at) == (None, None)
    play.send("platform_decision", APPROVE)
    play.answer(Standing.SMS_WAITING)
    assert play.state.status is Status.SMS_VERIFICATION


@pytest.mark.parametrize("name", ["amend", "resubmit"])
@pytest.mark.parametrize(
    "status",
    [Status.PLATFORM_REVIEW, Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW],
)
def test_nothing_is_sent_again_while_it_is_with_others(status: Status, name: str) -> None:
    play = Play.begin().reach(status)
    payload = amended(CORRECTED) if name == "amend" else ACT
    assert_refused(play, "out_of_turn", name, payload)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"mini_program.name": "x"}, "mini_program.name(name."),
        ({"subject.province": None}, "subject.province("),
        ({"contact.email": "nobody"}, "contact.email(email.malformed)"),
        ({"mini_program.nickname": "x"}, "mini_program.nickname(unknown_key)"),
    ],
)
def test_an_amended_application_with_problems_is_refused_with_their_paths_and_codes(
    changes: dict[str, Any], named: str
) -> None:
    play = Play.begin().reach(Status.CORRECTION)
    refusal = assert_refused(play, "invalid_application", "amend", amended(changes))
    assert named in refusal.explanation
    assert refusal.by == "wang.fang"


def test_what_the_checks_let_through_and_the_model_cannot_read_is_refused_too() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.problems = ()
    assert_refused(play, "invalid_application", "amend", {"application": {}, "by": "wang.fang"})


@pytest.mark.parametrize(
    "changes", [{"mini_program.appid": "wxffffffffffffffff"}, {"kind": "cancel_access"}]
)
def test_an_amendment_cannot_become_another_filing(changes: dict[str, Any]) -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.problems = ()
    assert_refused(play, "another_filing", "amend", amended(changes))


def test_a_warning_stops_no_amendment() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.problems = (WARNING,)
    assert play.send("amend", amended(CORRECTED)).refusal is None


def test_an_automatic_review_passes_an_amendment_without_a_warning_by_itself() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.automatic = True
    happened = play.send("amend", amended(CORRECTED))
    assert play.state.status is Status.SUBMISSION
    assert happened.recorded[-1] == ("transition", "自动初审")


def test_an_automatic_review_leaves_a_warning_to_a_reviewer() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.automatic, play.problems = True, (WARNING,)
    play.send("amend", amended(CORRECTED))
    assert play.state.status is Status.PLATFORM_REVIEW


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_45_calendar_days_without_a_correction_end_the_filing(mode: AuthorityMode) -> None:
    play = Play.begin(mode).reach(Status.CORRECTION)
    reasons = play.state.reasons
    play.wait_until(china(1, 8, 23, 59, year=2027))
    assert play.waits_in(Status.CORRECTION)
    happened = play.wait(minutes=1)
    assert play.state.status is Status.LAPSED
    assert happened.recorded == [("transition", "clock")]
    assert happened.told == [("lapsed", "applicant")]
    assert len(happened.notices[0].reasons) == len(reasons) == 1
    assert play.state.timeline[-1].at == china(1, 9, year=2027)
    assert play.state.overdue is False


def test_the_applicant_is_reminded_after_7_15_and_30_days() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    days = [(12, 1), (12, 9), (12, 24)]
    for month, day in days:
        play.wait_until(play.notice_time(month, day).replace(microsecond=0))
        last = play.notices[-1]
        assert (last.purpose.value, last.audience.value) == ("reminder", "applicant")
        assert last.due == "2027-01-08 24:00"
        assert play.entries[-1].at == play.notice_time(month, day)
    assert [n.purpose.value for n in play.notices] == ["returned"] + ["reminder"] * len(days)


def test_a_correction_that_has_arrived_when_the_window_ends_is_in_time() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.at = china(1, 9, 3, year=2027)  # the worker was down; the inbox is read first
    assert play.send("resubmit", ACT).refusal is None
    assert play.state.status is Status.PLATFORM_REVIEW


def test_every_resubmission_is_a_new_round() -> None:
    play = Play.begin()
    for round_ in range(2, 6):
        play.send("platform_decision", RETURN)
        play.send("resubmit", ACT)
        assert play.state.round == round_
    assert play.state.started_at == START


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("sms_verified", {"person": "subject_principal", "source": "li.na"}),
        ("authority_event", {"source": "ops", "event_id": "e-1", "kind": "received"}),
    ],
)
def test_a_fact_for_a_round_that_was_returned_is_refused(
    name: str, payload: dict[str, Any]
) -> None:
    assert_refused(returned("platform"), "out_of_turn", name, payload)


def _sent_back(agency: str | None, by: str = "platform") -> Play:
    play = Play.begin(changes={"agency": agency, "customer": "C-17"})
    play.reach(Status.CORRECTION if by == "platform" else Status.SMS_VERIFICATION)
    if by == "sms":
        play.to_deadline()
        play.answer_once(Standing.SMS_LAPSED)
    return play


@pytest.mark.parametrize(
    ("named", "then"), [({}, "云帆"), ({"agency": "海天"}, "海天"), ({"agency": None}, "云帆")]
)
def test_a_correction_keeps_the_agency_that_it_does_not_name(
    named: dict[str, Any], then: str
) -> None:
    play = _sent_back("云帆")
    assert play.send("amend", amended(named)).refusal is None
    assert (play.state.application.agency, play.state.application.customer) == (then, "C-17")
    assert play.state.changes == ()


def test_another_agency_alone_is_no_change_of_what_is_filed() -> None:
    play = _sent_back("云帆", by="sms")
    assert play.send("amend", amended({"agency": "海天"})).refusal is None
    assert play.state.status is Status.SUBMISSION  # straight, as what is sent again unchanged
    assert play.state.application.agency == "海天"
