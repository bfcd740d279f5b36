"""A filing outlives the processes that carry it."""

from embedded.stack import Stack
from filing.vocabulary import Status
from tests.playing import Begin


async def test_a_killed_worker_costs_nothing_and_the_filing_finishes_once(
    begin_filing: Begin, stack: Stack
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    await stack.worker.kill_worker()
    # Nobody is there to hear it: the server keeps it.
    await filing.player.signal(
        "authority_event", {"source": "test", "event_id": "e1", "kind": "received"}
    )
    await stack.worker.start_worker()
    await filing.player.until(Status.SMS_VERIFICATION)
    await stack.worker.kill_worker()
    for person in ("subject_principal", "mini_program_principal"):
        for _ in range(2):
            await filing.player.signal("sms_verified", {"person": person, "source": "test"})
    rejection = {
        "outcome": "reject",
        "reviewer": "苏通管局",
        "decision_id": "d-1",
        "reasons": [{"field": "subject.name", "reason": "不符"}],
    }
    await filing.player.signal("bureau_decision", rejection)
    await filing.player.signal("bureau_decision", rejection)
    await stack.worker.start_worker()
    answer = await filing.result()
    assert answer.status is Status.REJECTED
    assert [t.status for t in answer.timeline].count(Status.REJECTED) == 1
    assert sorted(r.code for r in answer.refused) == ["already_verified"] * 2 + ["duplicate"]
    notices = await filing.services.registry.notices(filing.uid)
    assert len([n for n in notices if n.purpose == "rejected"]) == 1


async def test_the_hand_over_tells_the_next_attempt_that_the_order_is_there(
    begin_filing: Begin,
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    [pending] = (await filing.handle.describe()).raw_description.pending_activities
    assert pending.heartbeat_details.payloads
