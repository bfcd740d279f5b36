"""Saves the demo's histories for replay: `python -m tests.save_histories v1`.

Run it when workflow code changes on purpose, under a new version's name; the older files stay, for
filings that began under them must go on.
"""

import asyncio
import json
import re
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client, WorkflowHistory
from temporalio.testing import TimeSkipper

from embedded.demo import demo
from embedded.stories import STORIES, all_stories
from filing.display import display_id
from gateways.temporal import connect
from operations.time_travel import SKIPPING
from settings import Settings

FOLDER = Path(__file__).parent / "histories"
MUST_FAIL = "must-fail-other-activity.json"


def _portable(history: str) -> str:
    """Without stack traces: they name this machine's folders, and replay does not read them."""
    return re.sub(r'"stackTrace":\s*"(?:[^"\\]|\\.)*"', '"stackTrace": ""', history)


async def _displayed_after_a_reminder(client: Client, number: str) -> WorkflowHistory:
    """The display of a number that was granted in the demo: reminded of once, a wrong message."""
    handle = client.get_workflow_handle(display_id(number))
    skipper = TimeSkipper(client, config=SKIPPING)
    await skipper.fast_forward(handle, timedelta(days=10))
    await handle.signal("displayed", "li.na")
    await handle.execute_update("displayed", {"by": "li.na"})
    await handle.result()
    return await handle.fetch_history()


async def save(version: str) -> None:
    """Play the demo and keep each filing's history, and one that no code of ours ever made."""
    async with demo(None, lambda what: None) as (stack, rows, _):
        client = await connect(Settings(), address=stack.info.temporal_address)
        for story, row in zip(all_stories(), rows, strict=True):
            handle = client.get_workflow_handle(row.filing_id, run_id=row.uid)
            history = await handle.fetch_history()
            (FOLDER / f"{version}-{story.name}.json").write_text(_portable(history.to_json()))
        number = next(row.filing_number for row in rows if row.filing_number)
        history = await _displayed_after_a_reminder(client, number)
        (FOLDER / f"{version}-displayed.json").write_text(_portable(history.to_json()))
    other = json.loads((FOLDER / f"{version}-{STORIES[0].name}.json").read_text())
    scheduled = next(
        event["activityTaskScheduledEventAttributes"]
        for event in other["events"]
        if "activityTaskScheduledEventAttributes" in event
    )
    scheduled["activityType"]["name"] = "carry_by_hand"
    (FOLDER / MUST_FAIL).write_text(json.dumps(other))


if __name__ == "__main__":
    asyncio.run(save(sys.argv[1]))
