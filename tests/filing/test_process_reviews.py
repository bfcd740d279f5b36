"""Decisions: of our reviewers and of the bureau; what is refused, and that nothing changes then."""

from typing import Any

import pytest

from filing.authority import Standing
from filing.process.events import HandOver
from filing.vocabulary import FINAL, AuthorityMode, Status
from tests.filing.process_play import (
    APPROVE,
    ASKED,
    FREE,
    GRANT,
    MANUAL,
    REASONS,
    REJECT,
    RETURN,
    SANDBOX,
    START,
    TAKEN,
    Play,
    assert_refused,
    china,
    refusal_codes,
)

BUREAU_RETURN = {**RETURN, "reviewer": "苏通管局"}


def test_a_new_filing_waits_for_the_platforms_review_of_two_working_days() -> None:
    play = Play.begin()
    assert play.state.status is Status.PLATFORM_REVIEW
    assert play.state.round == 1
    assert play.state.window is not None
    assert play.state.window.due_at == china(11, 27)
    assert [(e.sequence, e.purpose, e.by) for e in play.entries] == [(1, "transition", "applicant")]
    assert play.notices == []
    assert play.asking is None


@pytest.mark.parametrize("mode", ASKED)
def test_an_approved_review_hands_the_filing_over_to_the_authority(mode: AuthorityMode) -> None:
    play = Play.begin(mode)
    happened = play.send("platform_decision", APPROVE)
    assert happened.refusal is None
    assert play.state.status is Status.SUBMISSION
    assert happened.recorded == [("transition", "li.na")]
    assert happened.told == [("submitted", "applicant")]
    [notice] = happened.notices
    assert (notice.working_days_ahead, notice.sms_due) == ((1, 23), True)
    assert isinstance(play.asking, HandOver)


def test_by_hand_submission_passes_at_once_and_the_principals_are_told_of_their_sms() -> None:
    play = Play.begin(MANUAL)
    happened = play.send("platform_decision", APPROVE)
    assert play.state.status is Status.SMS_VERIFICATION
    assert happened.recorded == [("transition", "li.na"), ("transition", "人工提交")]
    assert [e.status for e in happened.entries] == [Status.SUBMISSION, Status.SMS_VERIFICATION]
    assert happened.told == [("sms_due", "applicant")]
    assert happened.notices[0].due == "2026-11-25 10:00"
    assert play.asking is None


def test_a_returned_review_asks_the_applicant_for_corrections_with_reasons_and_last_day() -> None:
    play = Play.begin()
    happened = play.send("platform_decision", RETURN)
    assert play.state.status is Status.CORRECTION
    assert [r.model_dump() for r in play.state.reasons] == REASONS
    assert happened.recorded == [("transition", "li.na")]
    assert happened.told == [("returned", "applicant")]
    (notice,) = happened.notices
    assert notice.due == "2027-01-08 24:00"
    assert [r.model_dump() for r in notice.reasons] == REASONS
    assert notice.email == "ops@example.com"


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_the_bureaus_approval_ends_the_filing_with_its_number(mode: AuthorityMode) -> None:
    play = Play.begin(mode).reach(Status.BUREAU_REVIEW)
    happened = play.send("bureau_decision", GRANT)
    assert play.state.status is Status.APPROVED
    assert play.state.filing_number == FREE
    assert play.state.subject_number == "苏ICP备2026000001号"
    assert happened.recorded == [("transition", "苏通管局")]
    assert happened.told == [("approved", "applicant")]
    assert happened.notices[0].number == FREE
    assert play.state.window is None
    assert play.state.next_instant is None


def test_the_bureaus_return_goes_back_to_the_applicant_and_stops_asking_the_authority() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    assert play.asking is not None
    happened = play.send("bureau_decision", BUREAU_RETURN)
    assert play.state.status is Status.CORRECTION
    assert not play.state.sms_lapsed
    assert happened.recorded == [("transition", "苏通管局")]
    assert happened.told == [("returned", "applicant")]
    assert play.asking is None


def test_the_bureaus_rejection_is_final_and_tells_the_applicant_why() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    happened = play.send("bureau_decision", REJECT)
    assert play.state.status is Status.REJECTED
    assert happened.recorded == [("transition", "苏通管局")]
    assert happened.told == [("rejected", "applicant")]
    assert happened.notices[0].reasons
    assert play.state.reasons


def test_an_automatic_review_passes_by_itself_and_says_who_did_it() -> None:
    play = Play.begin(automatic=True)
    assert play.state.status is Status.SUBMISSION
    assert [e.by for e in play.entries] == ["applicant", "自动初审"]
    assert isinstance(play.asking, HandOver)


def test_the_update_decide_applies_a_decision_for_the_stage_and_round_that_it_names() -> None:
    play = Play.begin()
    seen = {"stage": "platform_review", "round": 1, "decision": APPROVE}
    assert play.send("decide", seen).refusal is None
    assert play.state.status is Status.SUBMISSION


STATUSES_BEFORE_THE_BUREAU = [
    Status.PLATFORM_REVIEW,
    Status.CORRECTION,
    Status.SUBMISSION,
    Status.SMS_VERIFICATION,
]


@pytest.mark.parametrize("status", STATUSES_BEFORE_THE_BUREAU)
@pytest.mark.parametrize("decision", [GRANT, BUREAU_RETURN, REJECT])
def test_the_bureau_is_refused_before_its_turn(status: Status, decision: dict[str, Any]) -> None:
    play = Play.begin().reach(status)
    assert_refused(play, "out_of_turn", "bureau_decision", decision)


@pytest.mark.parametrize(
    "status",
    [Status.CORRECTION, Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW],
)
@pytest.mark.parametrize("decision", [APPROVE, RETURN])
def test_the_platform_is_refused_after_its_turn(status: Status, decision: dict[str, Any]) -> None:
    play = Play.begin().reach(status)
    refusal = assert_refused(play, "out_of_turn", "platform_decision", decision)
    assert refusal.by == "li.na"


def test_a_refusal_says_which_decision_would_have_been_right() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    refusal = assert_refused(play, "out_of_turn", "platform_decision", APPROVE)
    assert "管局审核" in refusal.explanation
    assert "bureau_decision" in refusal.explanation


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("mode", list(AuthorityMode))
@pytest.mark.parametrize("name", ["platform_decision", "bureau_decision"])
def test_an_ended_filing_takes_no_decision(mode: AuthorityMode, status: Status, name: str) -> None:
    play = Play.begin(mode).reach(status)
    assert_refused(play, "final", name, RETURN)


@pytest.mark.parametrize("stage", ["correction", "submission", "sms_verification", "approved"])
def test_a_stage_that_nobody_decides_is_refused_by_name(stage: str) -> None:
    play = Play.begin()
    seen = {"stage": stage, "round": 1, "decision": APPROVE}
    assert_refused(play, "not_decided_here", "decide", seen)


def test_decide_is_refused_for_a_stage_that_is_not_waiting() -> None:
    play = Play.begin()
    seen = {"stage": "bureau_review", "round": 1, "decision": GRANT}
    assert_refused(play, "out_of_turn", "decide", seen)


@pytest.mark.parametrize("round_", [1, 3])
@pytest.mark.parametrize("outcome", [APPROVE, RETURN])
def test_a_decision_for_another_round_is_stale(round_: int, outcome: dict[str, Any]) -> None:
    play = Play.begin().reach(Status.CORRECTION)
    play.send("resubmit", {"by": "wang.fang"})
    assert play.state.round == 2
    assert_refused(play, "stale_round", "platform_decision", {**outcome, "round": round_})
    seen = {"stage": "platform_review", "round": round_, "decision": outcome}
    assert_refused(play, "stale_round", "decide", seen)
    both = {"stage": "platform_review", "round": 2, "decision": {**outcome, "round": round_}}
    assert_refused(play, "stale_round", "decide", both)
    assert play.send("platform_decision", {**outcome, "round": 2}).refusal is None


@pytest.mark.parametrize(
    ("status", "name", "decision"),
    [
        (Status.PLATFORM_REVIEW, "platform_decision", {"outcome": "return"}),
        (Status.PLATFORM_REVIEW, "platform_decision", {"outcome": "return", "reasons": []}),
        (Status.PLATFORM_REVIEW, "platform_decision", {"outcome": "reject"}),
        (Status.BUREAU_REVIEW, "bureau_decision", {"outcome": "return"}),
        (Status.BUREAU_REVIEW, "bureau_decision", {"outcome": "reject"}),
        (
            Status.BUREAU_REVIEW,
            "bureau_decision",
            {"outcome": "reject", "reasons": [{"field": "subject.name", "reason": "  "}]},
        ),
    ],
)
def test_a_return_or_rejection_without_a_reason_is_refused(
    status: Status, name: str, decision: dict[str, Any]
) -> None:
    play = Play.begin().reach(status)
    assert_refused(play, "reason_missing", name, {"reviewer": "li.na", **decision})


def test_the_platform_cannot_reject_for_good() -> None:
    play = Play.begin()
    assert_refused(play, "reject_is_the_bureaus", "platform_decision", REJECT)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (None, "number_missing"),
        ("", "number_missing"),
        ("苏备1号", "number.malformed"),
        ("苏ICP备2026000001号", "number.without_index"),
        ("苏ICP备2026000001号-1A", "number.wrong_suffix"),
        ("浙ICP备2026000001号-1X", "number.other_province"),
        (TAKEN, "number_taken"),
    ],
)
def test_the_bureaus_approval_needs_a_right_and_free_number(number: str | None, code: str) -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    assert_refused(play, code, "bureau_decision", {**GRANT, "filing_number": number})
    assert play.send("bureau_decision", GRANT).refusal is None


def test_a_subject_that_has_a_number_gets_only_numbers_of_its_own_stem() -> None:
    own = {"subject.subject_number": "苏ICP备2020000007号"}
    play = Play.begin(changes=own).reach(Status.BUREAU_REVIEW)
    assert play.state.subject_number == "苏ICP备2020000007号"
    assert_refused(play, "number.other_subject", "bureau_decision", GRANT)
    number = "苏ICP备2020000007号-3X"
    assert play.send("bureau_decision", {**GRANT, "filing_number": number}).refusal is None
    assert play.state.filing_number == number
    assert play.state.subject_number == "苏ICP备2020000007号"


def test_a_number_written_with_an_alias_is_kept_and_looked_up_as_the_bureau_writes_it() -> None:
    sichuan = {"subject.province": "四川省"}
    play = Play.begin(changes=sichuan).reach(Status.BUREAU_REVIEW)
    play.taken.add("蜀ICP备2026000009号-1X")
    alias = "川ICP备2026000009号-1X"
    assert_refused(play, "number_taken", "bureau_decision", {**GRANT, "filing_number": alias})
    play.send("bureau_decision", {**GRANT, "filing_number": "川ICP备2026000001号-1X"})
    assert play.state.filing_number == "蜀ICP备2026000001号-1X"


def test_a_decision_id_seen_before_is_recorded_once_as_a_duplicate_and_changes_nothing() -> None:
    play = Play.begin()
    decision = {**RETURN, "decision_id": "d-17"}
    play.send("platform_decision", decision)
    play.send("resubmit", {"by": "wang.fang"})
    repeated = [play.send("platform_decision", decision) for _ in range(3)]
    assert [h.code for h in repeated] == ["duplicate"] * 3
    assert [h.recorded for h in repeated] == [[("refusal", "li.na")], [], []]
    assert play.state.status is Status.PLATFORM_REVIEW
    assert refusal_codes(play) == ["duplicate"]
    assert play.state.refused_count == 1


def test_a_duplicate_that_comes_after_the_end_is_a_duplicate_still() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    decision = {**GRANT, "decision_id": "d-1"}
    play.send("bureau_decision", decision)
    before = play.state
    assert play.send("bureau_decision", decision).code == "duplicate"
    assert play.state.timeline == before.timeline
    assert play.state.filing_number == FREE


def test_decisions_are_told_apart_by_their_ids_also_over_rounds() -> None:
    play = Play.begin()
    play.send("platform_decision", {**RETURN, "decision_id": "d-1"})
    play.send("resubmit", {"by": "wang.fang"})
    assert play.send("platform_decision", {**APPROVE, "decision_id": "d-2"}).refusal is None
    assert play.state.decision_ids == ("d-1", "d-2")


def test_decisions_count_while_the_filing_is_held() -> None:
    play = Play.begin()
    play.send("hold", {"by": "ops"})
    assert play.send("platform_decision", APPROVE).refusal is None
    assert play.state.status is Status.SUBMISSION
    assert play.state.held_since == START


def test_where_the_time_went_is_kept_by_party_in_working_days() -> None:
    play = Play.begin()
    play.wait(days=2)
    play.send("platform_decision", APPROVE)
    play.wait(hours=1)
    play.answer(Standing.SMS_WAITING)
    play.pass_sms()
    play.wait_until(china(12, 1, 9))
    play.send("bureau_decision", GRANT)
    assert [(s.party.value, s.working_days) for s in play.state.time_with] == [
        ("platform", 2),
        ("authority", 0),
        ("bureau", 3),  # Friday, Monday and Tuesday; the Thursday it began on does not count
    ]


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_the_timeline_tells_the_whole_way(mode: AuthorityMode) -> None:
    play = Play.begin(mode).reach(Status.APPROVED)
    ways = [entry.status for entry in play.state.timeline]
    assert list(dict.fromkeys(ways)) == [
        Status.PLATFORM_REVIEW,
        Status.SUBMISSION,
        Status.SMS_VERIFICATION,
        Status.BUREAU_REVIEW,
        Status.APPROVED,
    ]


def test_every_mode_asks_whom_it_has_to_ask_and_no_one_else() -> None:
    for mode in AuthorityMode:
        play = Play.begin(mode).reach(Status.BUREAU_REVIEW)
        assert (play.asking is None) == (mode is MANUAL)
    assert Play.begin(SANDBOX).reach(Status.CORRECTION).asking is None


def test_a_copy_of_a_refused_decision_is_never_applied_later() -> None:
    play = Play.begin()
    early = {**GRANT, "decision_id": "d-9"}
    play.send("bureau_decision", early)
    assert play.state.refused[-1].code == "out_of_turn"
    play.reach(Status.BUREAU_REVIEW)
    play.send("bureau_decision", early)
    assert play.state.refused[-1].code == "duplicate"
    count = play.state.refused_count
    assert play.send("bureau_decision", early).refusal is not None
    assert (play.state.status, play.state.refused_count) == (Status.BUREAU_REVIEW, count)
    play.send("bureau_decision", {**GRANT, "decision_id": "d-10"})
    assert play.state.status is Status.APPROVED
