"""What had reached the server when the workflow wakes is in time, also where it is not read first."""

import asyncio
import time
from datetime import timedelta

from temporalio.api.enums.v1 import EventType

from embedded.stack import Stack
from filing.vocabulary import Status
from tests.playing import Begin, Filing, eventually


async def timers_fired(filing: Filing) -> int:
    history = await filing.handle.fetch_history()
    return [event.event_type for event in history.events].count(EventType.EVENT_TYPE_TIMER_FIRED)


async def test_what_has_reached_the_server_when_the_workflow_wakes_is_in_time(
    begin_filing: Begin, stack: Stack
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    reasons = [{"field": "subject.name", "reason": "不符"}]
    await filing.player.signal(
        "platform_decision", {"outcome": "return", "reviewer": "li.na", "reasons": reasons}
    )
    answer = await filing.player.until(Status.CORRECTION)
    assert answer.due_at is not None
    ahead = answer.due_at - await filing.player.time() - timedelta(hours=1)
    await filing.player.pass_time(seconds=ahead.total_seconds())
    await stack.worker.kill_worker()
    before = await timers_fired(filing)
    try:
        passing = asyncio.create_task(filing.player.pass_time(hours=2))
        end = time.monotonic() + 20
        while await timers_fired(filing) == before:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        # The deadline is over, and nobody has noticed. The first of these is read before the timer
        # is heard of, and what it does takes a while: it has rung before the second is read.
        await filing.player.signal("calendar_changed", {"years": [answer.due_at.year]})
        await filing.player.signal("resubmit", {"by": "applicant", "reason": "重新提交"})
    finally:
        await stack.worker.start_worker()
    await passing
    after = await eventually(filing, lambda a: a.status is not Status.CORRECTION)
    assert (after.status, after.round) == (Status.PLATFORM_REVIEW, 2)
    assert after.entered_at > answer.due_at  # it was read late, and was in time all the same
