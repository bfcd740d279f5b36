"""A filing that waits for the end of another, which has its subject or mini program."""

import pytest

from filing.problems import Problem
from filing.process.events import AwaitClaim, Claimed
from filing.process.stages import STAGES
from filing.process.transition import resumed, transition
from filing.view import details, search_attributes, status_answer
from filing.vocabulary import Party, Principal, Status
from tests.filing.process_play import ACT, APPROVE, MANUAL, Play, assert_refused, china

AHEAD = "filing-wx00000000000000aa"


def queued(**options: object) -> Play:
    return Play.begin(queued_behind=AHEAD, **options)  # type: ignore[arg-type]


def test_it_says_what_it_waits_for_and_has_no_window() -> None:
    play = queued()
    assert play.state.status is Status.QUEUED
    assert isinstance(play.asking, AwaitClaim)
    assert play.state.next_instant is None
    answer = status_answer(play.state)
    assert (answer.waiting_for, answer.queued_behind) == (Party.EARLIER_FILING, AHEAD)
    assert (answer.due_at, answer.overdue) == (None, False)
    assert search_attributes(play.state)["FilingStatus"] == "queued"
    assert AHEAD in details(play.state)
    play.wait(days=400)
    assert play.state.status is Status.QUEUED
    assert play.notices == []


def test_it_begins_when_the_other_has_ended_and_its_days_count_from_then() -> None:
    play = queued()
    play.wait_until(china(11, 30, 10))
    play.claim()
    assert play.waits_in(Status.PLATFORM_REVIEW)
    assert play.state.window
    assert play.state.window.due_at == china(12, 3)
    assert status_answer(play.state).queued_behind is None
    [stretch] = play.state.time_with
    assert (stretch.party, stretch.working_days) == (Party.EARLIER_FILING, 4)
    play.send("platform_decision", APPROVE)
    assert play.waits_in(Status.SUBMISSION)


def test_a_claim_that_comes_late_changes_nothing() -> None:
    play = Play.begin()
    step = transition(play.state, Claimed(at=play.at, application=play.state.application))
    assert (step.state, step.effects, step.refusal) == (play.state, (), None)


def test_the_platforms_review_passes_by_itself_once_it_begins() -> None:
    play = queued(automatic=True)
    assert play.state.status is Status.QUEUED
    play.claim()
    assert play.waits_in(Status.SUBMISSION)


@pytest.mark.parametrize("kind", ["new", "cancel_mini_program"])
def test_it_can_be_taken_back_even_where_nothing_is_once_sent(kind: str) -> None:
    play = queued(changes={"kind": kind})
    play.send("withdraw", ACT)
    assert play.state.status is Status.WITHDRAWN


def test_nothing_is_decided_of_it_and_facts_are_kept() -> None:
    play = queued(mode=MANUAL)
    assert_refused(play, "out_of_turn", "platform_decision", APPROVE)
    assert_refused(play, "out_of_turn", "resubmit", ACT)
    for person in ("subject_principal", "mini_program_principal"):
        play.send("sms_verified", {"person": person, "source": "ops"})
    assert len(play.state.early) == 2
    play.claim()
    play.send("platform_decision", APPROVE)
    assert play.waits_in(Status.BUREAU_REVIEW)


def test_a_hold_goes_on_when_it_begins() -> None:
    play = queued()
    play.send("hold", ACT)
    play.claim()
    assert play.waits_in(Status.PLATFORM_REVIEW)
    assert play.state.window is None
    play.send("resume", ACT)
    assert play.state.window is not None


def test_the_next_run_waits_on() -> None:
    play = queued()
    play.reload()
    assert resumed(play.state) == (AwaitClaim(),)
    play.claim()
    assert play.waits_in(Status.PLATFORM_REVIEW)


def test_the_stage_has_a_row() -> None:
    assert STAGES[Status.QUEUED].waits_for is Party.EARLIER_FILING


def test_what_others_put_on_file_meanwhile_counts() -> None:
    play = queued()
    numbered = play.state.application.subject.model_copy(
        update={"subject_number": "苏ICP备2026000007号"}
    )
    play.claim(play.state.application.model_copy(update={"subject": numbered}))
    assert play.waits_in(Status.PLATFORM_REVIEW)
    assert play.state.subject_number == "苏ICP备2026000007号"
    assert play.state.principals_due == (Principal.MINI_PROGRAM,)


WRONG = Problem(path="subject", code="holdings.quota", message="已满", fix="请先注销")


def test_what_is_against_it_by_then_goes_to_the_applicant() -> None:
    play = queued()
    happened = play.claim(None, WRONG)
    assert play.waits_in(Status.CORRECTION)
    assert [(r.field, r.reason) for r in play.state.reasons] == [("subject", "已满")]
    assert happened.told == [("returned", "applicant")]
    play = queued(changes={"kind": "cancel_mini_program"})
    play.claim(None, WRONG)
    assert play.state.status is Status.REJECTED
