"""Saves the histories of the demo's filings for replay: `python -m tests.save_histories v1`.

Run it when workflow code changes on purpose, under a new version's name; the older files stay, for
filings that began under them must go on.
"""

import asyncio
import json
import re
import sys
from pathlib import Path

from embedded.demo import STORIES, demo
from gateways.temporal import connect
from settings import Settings

FOLDER = Path(__file__).parent / "histories"
MUST_FAIL = "must-fail-other-activity.json"


def _portable(history: str) -> str:
    """Without stack traces: they name this machine's folders, and replay does not read them."""
    return re.sub(r'"stackTrace":\s*"(?:[^"\\]|\\.)*"', '"stackTrace": ""', history)


async def save(version: str) -> None:
    """Play the demo and keep each filing's history, and one that no code of ours ever made."""
    async with demo(None, lambda what: None) as (stack, rows, _):
        client = await connect(Settings(), address=stack.info.temporal_address)
        for story, row in zip(STORIES, rows, strict=True):
            history = await client.get_workflow_handle(row.filing_id).fetch_history()
            (FOLDER / f"{version}-{story.name}.json").write_text(_portable(history.to_json()))
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
