"""The authority's word: what it reports, what is sent to us about it, and what comes too early."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from filing.authority import Known, Reason, Standing
from filing.process.events import HandOver, Watch
from filing.vocabulary import AuthorityMode, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    ASKED,
    FREE,
    MANUAL,
    REASON,
    REASONS,
    RETURN,
    START,
    TAKEN,
    Play,
    assert_refused,
    china,
)


def event(kind: str, event_id: str = "e-1", **more: Any) -> dict[str, Any]:
    return {"source": "webhook", "event_id": event_id, "kind": kind, **more}


@pytest.mark.parametrize("mode", ASKED)
def test_the_receipt_that_the_authority_reports_begins_the_24_hours(mode: AuthorityMode) -> None:
    play = Play.begin(mode).reach(Status.SUBMISSION)
    play.wait(hours=5)
    received = START + timedelta(hours=2)
    happened = play.answer(Standing.SMS_WAITING, at=received)
    assert play.state.status is Status.SMS_VERIFICATION
    assert play.state.window is not None
    assert play.state.window.due_at == received + timedelta(hours=24)
    assert happened.recorded == [("transition", "authority")]
    assert happened.told == [("sms_due", "applicant")]
    assert happened.notices[0].due == "2026-11-25 12:00"
    assert play.asking == Watch(known=Known(standing=Standing.SMS_WAITING))


@pytest.mark.parametrize("at", [None, START + timedelta(days=3)])
def test_without_a_receipt_or_with_one_in_the_future_they_begin_when_we_learn_of_it(
    at: datetime | None,
) -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.wait(hours=5)
    play.answer(Standing.SMS_WAITING, at=at)
    assert play.state.window is not None
    assert play.state.window.due_at == START + timedelta(hours=29)


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_a_receipt_told_after_we_went_on_moves_the_24_hours_to_it(mode: AuthorityMode) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    play.wait(hours=6)
    received = START + timedelta(hours=5)
    happened = play.send("authority_event", event("received", at=received.isoformat()))
    assert play.state.window is not None
    assert play.state.window.due_at == received + timedelta(hours=24)
    assert happened.recorded == [("fact", "webhook")]
    assert happened.told == []
    assert play.state.status is Status.SMS_VERIFICATION


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_an_event_that_says_nothing_new_is_on_record_and_changes_nothing(
    mode: AuthorityMode,
) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    before = play.state
    happened = play.send("authority_event", event("received"))
    assert happened.refusal is None
    assert happened.recorded == [("fact", "webhook")]
    assert happened.told == []
    assert (play.state.window, play.state.timeline) == (before.window, before.timeline)


@pytest.mark.parametrize("standing", [Standing.RETURNED, Standing.BUREAU_RETURNED])
@pytest.mark.parametrize(
    "status", [Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW]
)
def test_a_return_goes_to_the_applicant_with_the_authoritys_reasons(
    status: Status, standing: Standing
) -> None:
    play = Play.begin().reach(status)
    happened = play.answer(standing, reasons=(REASON,))
    assert play.state.status is Status.CORRECTION
    assert play.state.reasons == (REASON,)
    assert not play.state.sms_lapsed
    assert happened.recorded == [("transition", "authority")]
    assert happened.told == [("returned", "applicant")]
    assert play.asking is None


def test_a_return_without_reasons_says_so() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.answer(Standing.RETURNED)
    assert play.state.reasons == (Reason(field="application", reason="备案系统退回,未附原因"),)


@pytest.mark.parametrize("status", [Status.SUBMISSION, Status.SMS_VERIFICATION])
def test_an_sms_check_done_by_the_authoritys_word_goes_on_to_the_bureau(status: Status) -> None:
    play = Play.begin().reach(status)
    play.wait(hours=3)
    happened = play.answer(Standing.BUREAU_REVIEW)
    assert play.state.status is Status.BUREAU_REVIEW
    assert {c.person.value for c in play.state.sms} == {
        "subject_principal",
        "mini_program_principal",
    }
    assert happened.recorded == [("transition", "authority")]
    assert happened.told == []
    assert play.state.window_start == play.at


@pytest.mark.parametrize("status", [Status.SUBMISSION, Status.SMS_VERIFICATION])
@pytest.mark.parametrize("mode", ASKED)
def test_an_sms_check_timed_out_by_the_authoritys_word_goes_back_with_the_reason(
    mode: AuthorityMode, status: Status
) -> None:
    play = Play.begin(mode).reach(status)
    happened = play.answer(Standing.SMS_LAPSED)
    assert play.state.status is Status.CORRECTION
    assert play.state.sms_lapsed
    assert [r.field for r in play.state.reasons] == ["sms_verification"]
    assert happened.recorded[-1] == ("transition", "authority")
    assert happened.told == [("returned", "applicant")]


@pytest.mark.parametrize(
    "status", [Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW]
)
def test_an_approval_by_the_authority_ends_the_filing_wherever_it_stands(status: Status) -> None:
    play = Play.begin().reach(status)
    happened = play.answer(Standing.APPROVED, number=FREE)
    assert play.state.status is Status.APPROVED
    assert play.state.filing_number == FREE
    assert happened.told == [("approved", "applicant")]
    assert happened.recorded[-1] == ("transition", "authority")


@pytest.mark.parametrize(("number", "code"), [(None, "number_missing"), (TAKEN, "number_taken")])
def test_an_approval_with_a_number_that_cannot_be_is_refused_and_operations_are_told(
    number: str | None, code: str
) -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    happened = play.answer(Standing.APPROVED, number=number)
    assert happened.code == code
    assert play.state.status is Status.BUREAU_REVIEW
    assert happened.recorded == [("refusal", "authority")]
    assert happened.told == [("trouble", "operations")]
    # It is asked on, until it says something else.
    assert play.asking == Watch(known=Known(standing=Standing.APPROVED))


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        (Status.SMS_VERIFICATION, Standing.SMS_WAITING),
        (Status.BUREAU_REVIEW, Standing.SMS_WAITING),
        (Status.BUREAU_REVIEW, Standing.BUREAU_REVIEW),
        (Status.SMS_VERIFICATION, Standing.CHECKING),
        (Status.SMS_VERIFICATION, Standing.UNKNOWN),
        (Status.BUREAU_REVIEW, Standing.UNKNOWN),
    ],
)
def test_what_says_nothing_new_changes_nothing_and_the_authority_is_asked_on(
    status: Status, standing: Standing
) -> None:
    play = Play.begin().reach(status)
    before = play.state
    happened = play.answer(standing)
    assert (happened.entries, happened.notices) == ((), ())
    # What is not understood is not believed.
    known = before.standing if standing is Standing.UNKNOWN else standing
    assert play.state == before.model_copy(update={"standing": known})
    assert play.asking == Watch(known=Known(standing=known))


def test_an_answer_to_a_question_of_an_earlier_round_is_ignored() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.answer(Standing.RETURNED)
    play.send("resubmit", {"by": "wang.fang"})
    play.send("platform_decision", APPROVE)
    before = play.state
    assert play.report(Standing.RETURNED, round_=1).entries == ()
    assert play.state == before
    assert isinstance(play.asking, HandOver)


# --- events that somebody or something sends us ---


@pytest.mark.parametrize(
    ("status", "kind", "leads_to"),
    [
        (Status.SUBMISSION, "received", Status.SMS_VERIFICATION),
        (Status.SUBMISSION, "returned", Status.CORRECTION),
        (Status.SUBMISSION, "sms", Status.BUREAU_REVIEW),
        (Status.SMS_VERIFICATION, "sms", Status.BUREAU_REVIEW),
        (Status.SMS_VERIFICATION, "returned", Status.CORRECTION),
        (Status.BUREAU_REVIEW, "returned", Status.CORRECTION),
        (Status.SUBMISSION, "approved", Status.APPROVED),
        (Status.SMS_VERIFICATION, "approved", Status.APPROVED),
        (Status.BUREAU_REVIEW, "approved", Status.APPROVED),
    ],
)
def test_an_event_moves_the_filing_as_the_authoritys_own_word_does(
    status: Status, kind: str, leads_to: Status
) -> None:
    for mode in ASKED if status is Status.SUBMISSION else AuthorityMode:
        play = Play.begin(mode).reach(status)
        number = {"number": FREE} if kind == "approved" else {}
        happened = play.send("authority_event", event(kind, reasons=REASONS, **number))
        assert happened.refusal is None
        assert play.state.status is leads_to
        assert happened.recorded[-1] == ("transition", "webhook")
        assert play.state.events_seen == ("e-1",)


def test_an_event_seen_before_is_a_duplicate_in_later_rounds_too() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.send("authority_event", event("returned"))
    play.send("resubmit", {"by": "wang.fang"})
    play.send("platform_decision", APPROVE)
    assert_refused(play, "duplicate", "authority_event", event("returned"))
    assert play.state.round == 2


def test_an_event_that_was_refused_may_come_again_under_its_id() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    happened = play.send("authority_event", event("approved", number=TAKEN))
    assert happened.code == "number_taken"
    assert happened.told == [("trouble", "operations")]
    play.taken.clear()
    assert play.send("authority_event", event("approved", number=TAKEN)).refusal is None
    assert play.state.status is Status.APPROVED


# --- facts of this round that come early ---


@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_an_sms_check_that_comes_before_its_stage_is_kept_and_counts_when_it_opens(
    mode: AuthorityMode,
) -> None:
    play = Play.begin(mode)
    early = play.send("sms_verified", {"person": "subject_principal", "source": "ops"})
    assert early.refusal is None
    assert early.recorded == [("fact", "ops")]
    assert early.told == []
    assert play.waits_in(Status.PLATFORM_REVIEW)
    play.reach(Status.SMS_VERIFICATION)
    assert [c.person.value for c in play.state.sms] == ["subject_principal"]
    play.send("sms_verified", {"person": "mini_program_principal", "source": "ops"})
    assert play.state.status is Status.BUREAU_REVIEW


def test_checks_that_all_came_early_pass_the_stage_at_once_and_nobody_is_told_to_confirm() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.pass_sms()
    happened = play.answer(Standing.SMS_WAITING)
    assert play.state.status is Status.BUREAU_REVIEW
    assert happened.told == []


def test_early_checks_date_the_bureaus_window_also_where_their_stage_was_never_seen() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.wait_until(china(11, 25, 9))
    play.pass_sms()
    play.wait_until(china(11, 26, 9))
    play.answer(Standing.BUREAU_REVIEW, at=china(11, 25, 8))
    assert play.state.window_start == china(11, 25, 9)
    assert play.state.early == ()
    assert [c.source for c in play.state.sms] == ["ops", "ops"]


@pytest.mark.parametrize(
    ("kind", "leads_to"),
    [
        ("received", Status.SMS_VERIFICATION),
        ("returned", Status.CORRECTION),
        ("sms", Status.BUREAU_REVIEW),
        ("approved", Status.APPROVED),
    ],
)
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_an_event_that_comes_before_submission_counts_when_that_opens(
    mode: AuthorityMode, kind: str, leads_to: Status
) -> None:
    play = Play.begin(mode)
    happened = play.send("authority_event", event(kind, number=FREE, reasons=REASONS))
    assert happened.refusal is None
    assert happened.recorded == [("fact", "webhook")]
    assert play.state.status is Status.PLATFORM_REVIEW
    play.send("platform_decision", APPROVE)
    assert play.state.status is leads_to


def test_an_early_event_is_a_duplicate_when_it_comes_again() -> None:
    play = Play.begin()
    play.send("authority_event", event("received"))
    assert_refused(play, "duplicate", "authority_event", event("received"))


def test_early_facts_are_of_their_round_and_do_not_count_in_the_next() -> None:
    play = Play.begin()
    play.pass_sms()
    play.send("platform_decision", RETURN)
    play.send("resubmit", {"by": "wang.fang"})
    play.reach(Status.SMS_VERIFICATION)
    assert play.state.sms == ()


def test_no_more_than_twenty_early_facts_are_kept() -> None:
    play = Play.begin()
    for index in range(20):
        assert play.send("authority_event", event("received", f"e-{index}")).refusal is None
    assert_refused(play, "too_many_early_facts", "authority_event", event("sms", "e-20"))
    check = {"person": "subject_principal", "source": "ops"}
    assert_refused(play, "too_many_early_facts", "sms_verified", check)


def test_by_hand_nobody_is_ever_asked() -> None:
    play = Play.begin(MANUAL)
    for status in (Status.SMS_VERIFICATION, Status.BUREAU_REVIEW):
        play.reach(status) if status is Status.SMS_VERIFICATION else play.pass_sms()
        assert play.state.status is status
        assert play.asking is None
    play.wait(days=60)
    assert (play.asking, play.once) == (None, [])


def test_an_order_whose_sms_check_lapsed_falls_back_although_we_took_it_for_passed() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    play.answer(Standing.SMS_LAPSED)
    assert play.state.status is Status.CORRECTION
    assert [reason.field for reason in play.state.reasons] == ["sms_verification"]


@pytest.mark.parametrize("status", [Status.SMS_VERIFICATION, Status.BUREAU_REVIEW])
def test_an_order_that_is_gone_is_told_to_operations_once(status: Status) -> None:
    play = Play.begin().reach(status)
    happened = play.answer(Standing.ABSENT)
    assert happened.told == [("trouble", "operations")]
    assert play.state.status is status
    assert play.answer(Standing.ABSENT).told == []


# --- when the authority says that something happened ---

OLD = "2001-01-01T00:00:00+08:00"


@pytest.mark.parametrize("kind", ["received", "sms"])
@pytest.mark.parametrize("early", [True, False])
def test_nothing_happens_at_the_authority_before_the_filing_went_there(
    kind: str, early: bool
) -> None:
    play = Play.begin()
    event = {"source": "hook", "event_id": "e", "kind": kind, "at": OLD}
    if early:
        play.send("authority_event", event)
    play.wait(hours=30)
    sent = play.at
    play.send("platform_decision", APPROVE)
    if not early:
        play.wait(hours=1)
        play.send("authority_event", event)
    assert play.state.window_start == sent
    assert not play.state.overdue


def test_a_receipt_is_dated_no_earlier_than_the_submission() -> None:
    play = Play.begin()
    play.wait(hours=30)
    sent = play.at
    play.send("platform_decision", APPROVE)
    play.wait(hours=2)
    play.answer(Standing.SMS_WAITING)
    play.answer(Standing.SMS_WAITING, at=datetime.fromisoformat(OLD))
    assert (play.state.window_start, play.state.received_at) == (sent, sent)


def test_a_receipt_that_is_dated_back_counts_the_holds_since_then() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    received = play.at + timedelta(hours=1)
    play.wait(hours=2)
    play.send("hold", ACT)
    play.wait(hours=5)
    play.send("resume", ACT)
    play.wait(hours=1)
    play.answer(Standing.SMS_WAITING)
    play.answer(Standing.SMS_WAITING, at=received)
    assert play.state.window is not None
    assert play.state.window.due_at == received + timedelta(hours=24 + 5)
