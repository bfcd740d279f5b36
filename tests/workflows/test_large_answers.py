"""Many answers in one workflow task stay below what the server takes at once."""

import asyncio
from pathlib import Path

from filing.vocabulary import Status
from operations.filings import find, send
from tests.own_stack import own_stack, until
from tests.playing import eventually

UPDATES = 10
HOLDS = 150
LONG = {"by": "ops", "reason": "系统维护" * 125}


async def test_ten_updates_of_a_filing_with_a_long_story_are_answered_at_once(
    tmp_path: Path,
) -> None:
    async with own_stack(tmp_path) as own:
        filing = await own.begin()
        await until(filing, Status.PLATFORM_REVIEW)
        for _ in range(HOLDS):
            await filing.handle.signal("hold", LONG)
            await filing.handle.signal("resume", LONG)
        # Without a worker they wait, so that one task has them all.
        await own.stack.worker.kill_worker()
        record = await find(filing.uid, filing.services)
        asked = [
            asyncio.create_task(send(record, "hold" if n % 2 else "resume", LONG, filing.services))
            for n in range(UPDATES)
        ]
        await own.stack.worker.start_worker()
        outcomes = await asyncio.gather(*asked)
        assert len(outcomes) == UPDATES
        assert all(outcome.status is not None for outcome in outcomes)
        answer = await eventually(filing, lambda a: a.status is Status.PLATFORM_REVIEW)
        assert len(answer.timeline) > 50
        description = await filing.handle.describe()
        assert description.close_time is None
