"""Something has changed with the authority: a push without meaning or reasons, and what it does."""

from datetime import timedelta

import pytest

from filing.authority import Standing
from filing.process.facts import HASTENED_WITHIN, MOST_HASTENED
from filing.vocabulary import AuthorityMode, Status
from tests.filing.process_play import (
    ACT,
    ASKED,
    FREE,
    MANUAL,
    WAITING,
    Play,
    assert_refused,
)

WITH_AUTHORITY = (Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW)


@pytest.mark.parametrize("status", WITH_AUTHORITY)
@pytest.mark.parametrize("mode", ASKED)
def test_the_authority_is_asked_at_once_and_nothing_else_changes(
    mode: AuthorityMode, status: Status
) -> None:
    play = Play.begin(mode).reach(status)
    before, asking = play.state, play.asking
    happened = play.tell("changed", at=play.at.isoformat())
    assert happened.refusal is None
    assert (play.asked_again, play.asking) == (1, asking)
    assert happened.recorded == [("fact", "webhook")]
    assert happened.told == []
    assert play.state == before.model_copy(
        update={
            "sequence": before.sequence + 1,
            "events_seen": ("e-1",),
            "hastened": (play.at,),
        }
    )
    # What it then says counts as ever.
    play.answer(Standing.APPROVED, number=FREE)
    assert play.state.status is Status.APPROVED


@pytest.mark.parametrize(
    ("mode", "status"),
    [(m, s) for m, s in WAITING if m is MANUAL or s not in WITH_AUTHORITY],
)
def test_where_nobody_is_asked_it_is_a_fact_that_changes_nothing(
    mode: AuthorityMode, status: Status
) -> None:
    play = Play.begin(mode).reach(status)
    before = play.state
    happened = play.tell("changed")
    assert happened.refusal is None
    assert happened.recorded == [("fact", "webhook")]
    assert play.asked_again == 0
    assert play.state == before.model_copy(
        update={"sequence": before.sequence + 1, "events_seen": ("e-1",)}
    )


@pytest.mark.parametrize("status", [s for s in Status if s.final])
def test_a_push_that_comes_after_the_end_is_on_record_and_refused_by_nobody(
    status: Status,
) -> None:
    play = Play.begin().reach(status)
    before = play.state
    happened = play.tell("changed")
    assert happened.refusal is None
    assert happened.recorded == [("fact", "webhook")]
    assert play.state.refused_count == before.refused_count


def test_one_that_comes_while_the_filing_is_queued_is_on_record() -> None:
    play = Play.begin(queued_behind="filing-another")
    assert play.tell("changed").recorded == [("fact", "webhook")]
    assert play.asked_again == 0


@pytest.mark.parametrize("status", [Status.PLATFORM_REVIEW, Status.BUREAU_REVIEW])
def test_the_same_event_again_is_a_duplicate(status: Status) -> None:
    play = Play.begin().reach(status)
    play.tell("changed")
    asked = play.asked_again
    payload = {"source": "webhook", "event_id": "e-1", "kind": "changed"}
    assert_refused(play, "duplicate", "authority_event", payload)
    assert play.asked_again == asked


def test_while_a_withdrawal_is_being_asked_for_it_waits_for_that() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    play.send("withdraw", ACT)
    assert play.tell("changed").recorded == [("fact", "webhook")]
    assert play.asked_again == 0
    play.answer_withdrawal(withdrawn=False)
    assert play.asking is not None


def test_a_flood_of_pushes_makes_it_ask_ten_times_an_hour_and_each_is_on_record() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    for number in range(MOST_HASTENED + 15):
        assert play.tell("changed", f"e-{number}").recorded == [("fact", "webhook")]
    assert play.asked_again == MOST_HASTENED
    assert "推送过多" in play.entries[-1].note
    assert len(play.state.hastened) == MOST_HASTENED
    play.wait_until(play.at + HASTENED_WITHIN + timedelta(seconds=1))
    play.tell("changed", "later")
    assert play.asked_again == MOST_HASTENED + 1
    assert play.state.hastened == (play.at,)
