"""Saves the demo's histories for replay: `python -m tests.save_histories v1`.

Run it when workflow code changes on purpose, under a new version's name; the older files stay, for
filings that began under them must go on.

`v1-batch-goes-on.json`, the first run of a batch that became a second one, is of 70,000 rows
(`python -m benchmarks.parked … park`): a run of a batch goes on anew after 33,000.
"""

import asyncio
import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.client import Client, WorkflowHistory
from temporalio.testing import TimeSkipper

from embedded.demo import demo
from embedded.stories import STORIES, all_stories
from filing.batches import batch_workflow_id
from filing.display import display_id
from gateways.temporal import connect
from operations.batches import Ordered, Taken, order_starts
from operations.formats import from_yaml
from operations.reading import opened
from operations.time_travel import SKIPPING
from settings import Settings
from tests.commands.conftest import application, lay_out
from tests.own_stack import own_stack, short_lived_worker
from tests.playing import fresh_appid
from workflows.batch import LONG_HISTORY

FOLDER = Path(__file__).parent / "histories"
MUST_FAIL = "must-fail-other-activity.json"
BATCH_MUST_FAIL = "must-fail-batch-other-activity.json"
BATCH_ROWS = 25
"""Of a batch that takes ten at once: three times some rows."""


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
    _save_other(FOLDER / f"{version}-{STORIES[0].name}.json", FOLDER / MUST_FAIL)
    await _save_batch(version)


async def _save_batch(version: str) -> None:
    """Start a file's filings, ten rows at once, and keep the batch's history."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        script = short_lived_worker(folder, LONG_HISTORY, "batch")
        text = script.read_text(encoding="utf-8")
        script.write_text(text.replace("if __name__", "workflows.batch.AT_ONCE = 10\nif __name__"))
        async with own_stack(folder, worker_script=script) as own:
            lay_out(folder)
            rows = [from_yaml(application(fresh_appid()), {}) for _ in range(BATCH_ROWS)]
            file = folder / "rows.jsonl"
            file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
            ordered = Ordered(by="ops", rate=1000)
            with opened(str(file)) as source:
                taken = await order_starts(source, own.services, ordered, confirmed=lambda _: False)
            if not isinstance(taken, Taken):
                raise TypeError(taken)
            handle = own.services.client.get_workflow_handle(batch_workflow_id(taken.batch.id))
            await handle.result()
            history = await handle.fetch_history()
    path = FOLDER / f"{version}-batch.json"
    path.write_text(_portable(history.to_json()))
    _save_other(path, FOLDER / BATCH_MUST_FAIL)


def _save_other(path: Path, into: Path) -> None:
    """The same history, but for its first activity."""
    other = json.loads(path.read_text())
    scheduled = next(
        event["activityTaskScheduledEventAttributes"]
        for event in other["events"]
        if "activityTaskScheduledEventAttributes" in event
    )
    scheduled["activityType"]["name"] = "carry_by_hand"
    into.write_text(json.dumps(other))


if __name__ == "__main__":
    asyncio.run(save(sys.argv[1]))
