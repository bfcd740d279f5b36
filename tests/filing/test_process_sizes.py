"""How large a filing can grow whatever is sent: below what Temporal takes, with room."""

from pydantic_core import to_json

from filing.authority import MOST_REASON_TEXT, Reason, Standing, kept_reasons
from filing.process.hindrances import MOST_HOLDS
from filing.view import brief_answer, status_answer
from filing.vocabulary import AuthorityMode, Status
from filing.workdays import working_days_between
from tests.filing.process_play import APPROVE, RETURN, Play

GRPC = 4 * 1024 * 1024
AT_ONCE = 10
"""Updates that a workflow may have in flight, so that one task may answer."""
WORST = "\x01"
"""A character that takes six bytes in JSON."""
LONG = {"by": WORST * 100, "reason": WORST * 500}
LONG_REASONS = [{"field": "x", "reason": WORST * 99} for _ in range(100)]


def size(value: object) -> int:
    """Bytes of a value as Temporal's payload."""
    return len(to_json(value))


def largest() -> Play:
    """A filing to which people have done all that makes it large."""
    play = Play.begin(AuthorityMode.WECHAT)
    for _ in range(MOST_HOLDS):
        play.send("hold", LONG)
        play.send("resume", LONG)
    for number in range(120):
        play.send("sms_verified", {"person": "nobody", "source": "x", f"k{'x' * 30}{number}": 1})
        play.send("platform_decision", {**APPROVE, "reviewer": WORST * 100, "round": 9})
    for number in range(30):
        event = {"source": WORST * 100, "event_id": f"{number}", "kind": "returned"}
        play.send("authority_event", {**event, "reasons": LONG_REASONS})
    play.send("platform_decision", {**RETURN, "reasons": LONG_REASONS})
    for _ in range(MOST_HOLDS):
        play.send("hold", LONG)
        play.send("resume", LONG)
    assert play.waits_in(Status.CORRECTION)
    assert sum(len(reason.reason) for reason in play.state.reasons) > MOST_REASON_TEXT * 0.9
    return play


def test_a_task_can_answer_ten_updates_of_the_largest_filing() -> None:
    state = largest().state
    assert size(brief_answer(state).model_dump(mode="json")) * AT_ONCE < GRPC * 0.75
    assert size(status_answer(state).model_dump(mode="json")) < 1_000_000
    assert size(state.model_dump(mode="json")) < 1_500_000


def test_the_answer_to_an_update_has_the_newest_of_each_list() -> None:
    play = Play.begin()
    for _ in range(30):
        play.send("hold", {"by": "a"})
        play.send("resume", {"by": "a"})
        play.send("platform_decision")
    brief, whole = brief_answer(play.state), status_answer(play.state)
    assert (len(whole.timeline), len(whole.refused)) == (61, 30)
    assert brief.timeline == whole.timeline[-20:]
    assert brief.refused == whole.refused[-20:]
    assert brief.refused_count == 30


def test_an_authority_may_give_any_number_of_reasons() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    reasons = tuple(Reason(field="f" * 999, reason="因" * 900, suggestion=None) for _ in range(500))
    play.answer(Standing.RETURNED, reasons=reasons)
    assert play.waits_in(Status.CORRECTION)
    assert 1 < len(play.state.reasons) < 20
    (one,) = kept_reasons((Reason(field="x", reason="因" * 50_000),))
    assert len(one.reason) == MOST_REASON_TEXT


def test_a_filing_that_is_returned_without_end_stays_small_and_its_days_are_counted() -> None:
    play = Play.begin()
    sizes = []
    decision: dict[str, object] = {}
    for round_ in range(1, 1001):
        play.wait(days=1)
        decision = {**RETURN, "round": round_, "decision_id": f"d-{round_:0>90}"}
        play.send("platform_decision", decision)
        play.wait(days=1)
        play.send("resubmit", {"by": "x" * 100})
        if round_ % 250 == 0:
            sizes.append(size(play.state.model_dump(mode="json")))
    assert play.state.round == 1001
    assert sizes[-1] < 300_000
    assert sizes[-1] - sizes[-2] < 1_000
    begun, ended = play.entries[0].at, play.entries[-1].at
    spent = [s.working_days for s in play.state.time_with]
    assert sum(spent) == working_days_between(play.arrangement, begun, ended)
    assert len(spent) < 310
    play.send("platform_decision", decision)
    assert play.state.refused[-1].code == "duplicate"
