"""Taking a filing back; and what goes wrong around a filing: the registry, the notices."""

from typing import Any

import pytest

from filing.authority import Known, Standing
from filing.process.acts import undecided
from filing.process.events import AskWithdrawal, HandOver, Watch
from filing.vocabulary import AuthorityMode, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    ASKED,
    FREE,
    WAITING,
    Happened,
    Play,
    assert_refused,
)


def ask_back(play: Play, how: str) -> Happened:
    return play.cancel() if how == "cancel request" else play.send("withdraw", ACT)


HOW = [("message", "wang.fang"), ("cancel request", "Temporal")]


@pytest.mark.parametrize(("how", "by"), HOW)
@pytest.mark.parametrize("status", [Status.PLATFORM_REVIEW, Status.CORRECTION])
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_before_it_is_submitted_a_filing_is_taken_back_freely(
    mode: AuthorityMode, status: Status, how: str, by: str
) -> None:
    play = Play.begin(mode).reach(status)
    happened = ask_back(play, how)
    assert happened.refusal is None
    assert play.state.status is Status.WITHDRAWN
    assert happened.recorded == [("transition", by)]
    assert happened.told == [("withdrawn", "applicant")]
    assert play.withdrawing is None


@pytest.mark.parametrize(("how", "by"), HOW)
@pytest.mark.parametrize("mode", ASKED)
def test_in_submission_the_authority_is_asked_first(mode: AuthorityMode, how: str, by: str) -> None:
    play = Play.begin(mode).reach(Status.SUBMISSION)
    happened = ask_back(play, how)
    assert happened.refusal is None
    assert play.waits_in(Status.SUBMISSION)
    assert happened.recorded == [("note", by)]
    assert happened.told == []
    assert isinstance(play.withdrawing, AskWithdrawal)
    answered = play.answer_withdrawal(withdrawn=True)
    assert play.state.status is Status.WITHDRAWN
    assert answered.recorded == [("transition", by)]
    assert answered.told == [("withdrawn", "applicant")]


@pytest.mark.parametrize("mode", ASKED)
def test_where_the_authority_no_longer_allows_it_the_filing_goes_on(mode: AuthorityMode) -> None:
    play = Play.begin(mode).reach(Status.SUBMISSION)
    play.send("withdraw", ACT)
    assert play.asking is None
    answered = play.answer_withdrawal(withdrawn=False)
    assert play.state.refused[-1].code == "authority_refused"
    assert play.state.status is Status.SUBMISSION
    assert answered.recorded == [("refusal", "wang.fang")]
    assert answered.told == []
    assert isinstance(play.asking, HandOver)


EVENT = {"source": "hook", "event_id": "e"}


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({**EVENT, "kind": "received"}, Status.SMS_VERIFICATION),
        ({**EVENT, "kind": "returned"}, Status.CORRECTION),
        ({**EVENT, "kind": "approved", "number": FREE}, Status.APPROVED),
    ],
)
@pytest.mark.parametrize("given_back", [True, False])
def test_a_filing_that_goes_on_while_the_authority_is_asked_is_not_taken_back(
    event: dict[str, Any], status: Status, given_back: bool
) -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.send("withdraw", ACT)
    happened = play.send("authority_event", event)
    assert play.state.status is status
    assert (happened.refusal, play.withdrawing) == (None, None)  # the event itself is applied
    refusal = play.state.refused[-1]
    assert (refusal.message, refusal.by, refusal.code) == ("withdraw", "wang.fang", "too_late")
    assert ("refusal", "wang.fang") in happened.recorded
    answered = play.answer_too_late(withdrawn=given_back)
    assert play.state.status is status
    assert answered.told == ([("trouble", "operations")] if given_back else [])


def test_the_withdrawal_of_one_round_does_not_take_back_the_next() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.send("withdraw", ACT)
    play.send("authority_event", {**EVENT, "kind": "returned"})
    play.send("resubmit", ACT)
    play.send("platform_decision", APPROVE)
    assert isinstance(play.asking, HandOver)
    play.send("withdraw", ACT)
    assert play.withdrawing_in == 2
    assert play.answer_too_late(withdrawn=True).told == [("trouble", "operations")]
    assert play.waits_in(Status.SUBMISSION)
    play.answer_withdrawal(withdrawn=True)
    assert play.waits_in(Status.WITHDRAWN)


def test_the_authority_is_asked_once_and_the_question_goes_on_in_the_next_run() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.send("withdraw", ACT)
    assert_refused(play, "already_asked", "withdraw", {"by": "li.na"})
    play.reload()
    assert play.withdrawing == AskWithdrawal(by="wang.fang", reason="主动")
    answer = undecided(play.state, play.at)
    assert (answer.code, answer.by) == ("undecided", "wang.fang")
    play.answer_withdrawal(withdrawn=True)
    assert play.waits_in(Status.WITHDRAWN)


def test_an_order_that_has_gone_from_the_authority_is_told_and_not_handed_over_again() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    happened = play.answer(Standing.ABSENT)
    assert happened.told == [("trouble", "operations")]
    assert play.asking == Watch(known=Known(standing=Standing.ABSENT))
    play.reload()
    assert play.asking == Watch(known=Known(standing=Standing.ABSENT))
    assert play.answer(Standing.CHECKING).told == []
    assert play.answer(Standing.ABSENT).told == [("trouble", "operations")]
    play.answer(Standing.SMS_WAITING)
    assert play.waits_in(Status.SMS_VERIFICATION)


@pytest.mark.parametrize("status", [Status.SMS_VERIFICATION, Status.BUREAU_REVIEW])
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_once_it_is_with_the_bureau_a_filing_is_not_taken_back(
    mode: AuthorityMode, status: Status
) -> None:
    play = Play.begin(mode).reach(status)
    assert_refused(play, "too_late", "withdraw", ACT)
    before = play.state
    happened = play.cancel()
    assert happened.code == "too_late"
    assert happened.recorded == [("refusal", "Temporal")]
    assert (play.state.status, play.state.window) == (before.status, before.window)


@pytest.mark.parametrize("status", [s for s in Status if s.final])
def test_a_cancel_request_after_the_end_is_a_refusal(status: Status) -> None:
    play = Play.begin().reach(status)
    assert play.cancel().code == "final"
    assert play.state.status is status


def test_a_held_filing_may_be_taken_back() -> None:
    play = Play.begin()
    play.send("hold", ACT)
    play.send("withdraw", ACT)
    assert play.state.status is Status.WITHDRAWN
    assert play.state.held_since is None


# --- trouble around a filing ---


def test_a_record_that_conflicts_is_shown_to_operations_and_the_filing_goes_on() -> None:
    play = Play.begin()
    play.conflicts = (2,)
    happened = play.send("platform_decision", APPROVE)
    assert play.state.status is Status.SUBMISSION
    assert happened.recorded == [("transition", "li.na"), ("refusal", "registry")]
    assert happened.told == [("submitted", "applicant"), ("trouble", "operations")]
    assert play.state.refused[-1].code == "record_conflict"
    assert isinstance(play.asking, HandOver)


@pytest.mark.parametrize("status", [Status.CORRECTION, Status.APPROVED])
def test_a_notice_that_never_reached_the_applicant_is_handed_to_operations(status: Status) -> None:
    play = Play.begin().reach(status)
    happened = play.undelivered(play.notices[-1])
    assert happened.recorded == [("note", "notices")]
    assert happened.told == [("trouble", "operations")]
    assert play.state.status is status


def test_a_notice_that_never_reached_operations_is_on_record_and_told_to_nobody_else() -> None:
    play = Play.begin()
    play.wait(days=10)
    happened = play.undelivered(play.notices[-1])
    assert happened.recorded == [("note", "notices")]
    assert happened.told == []


# --- continue-as-new ---


@pytest.mark.parametrize(("mode", "status"), WAITING)
def test_a_filing_goes_on_as_it_was_in_the_next_run(mode: AuthorityMode, status: Status) -> None:
    play = Play.begin(mode).reach(status)
    state, asking = play.state, play.asking
    play.reload()
    assert play.state == state
    assert type(play.asking) is type(asking)
    rest: list[tuple[str, dict[str, Any]]] = [("withdraw", ACT), ("resubmit", ACT)]
    for name, payload in rest:
        play.send(name, payload)
    assert play.state.sequence == play.entries[-1].sequence == len(play.entries)
