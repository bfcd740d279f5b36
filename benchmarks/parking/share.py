"""One, two, and four worker processes on one queue: how fast, and who did what."""

from collections import Counter
from typing import Any

from temporalio.api.enums.v1 import EventType

from benchmarks.parking.home import Parked, Progress, each, used
from benchmarks.parking.workers import more_workers
from benchmarks.people import Mailroom, People
from benchmarks.processes import memory
from filing.application import Application, workflow_id
from tests.playing import of_another_subject, store_example

AT_ONCE = 32
_WORK = {
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED: "workflow_tasks",
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED: "activities",
}


async def share(parked: Parked, counts: list[int], filings: int) -> dict[str, Any]:
    """Whole new filings, so many, by each number of workers; the parked ones are there meanwhile."""
    await parked.desk.prepare()
    people = People(parked.services, Mailroom(parked.stack.mail), parked.desk)
    example = await store_example(parked.services, parked.home / "share")
    await people.whole_filing(of_another_subject(example))  # warm
    rounds = {}
    for workers in counts:
        async with more_workers(parked, workers - 1) as more:
            rounds[f"{workers}_workers"] = await _round(parked, people, example, filings, more)
    return {"filings": filings, "at_once": AT_ONCE, "open": await parked.statuses(), **rounds}


async def _round(
    parked: Parked, people: People, example: Application, filings: int, more: list[int]
) -> dict[str, Any]:
    applications = [of_another_subject(example) for _ in range(filings)]
    playing = Progress(f"whole filings by {len(more) + 1} workers", filings)
    cpu = parked.processor(more)

    async def play(one: Application) -> None:
        await people.whole_filing(one)
        playing.came(playing.done + 1)

    playing.came(0)
    await each(AT_ONCE, applications, play)
    rate, cpu = playing.rate, used(cpu, parked.processor(more))
    return {
        "filings_per_second": round(rate, 2),
        "cpu_seconds": cpu,
        "done_by_worker": await _done(parked, applications, [parked.stack.worker.pid, *more]),
        "memory_mib": [round(memory(pid) / 2**20, 1) for pid in (parked.stack.worker.pid, *more)],
    }


async def _done(
    parked: Parked, applications: list[Application], pids: list[int]
) -> dict[str, list[int]]:
    """Workflow tasks and activities of these filings, by worker."""
    done: dict[str, Counter[int]] = {what: Counter() for what in _WORK.values()}
    for one in applications:
        handle = parked.services.client.get_workflow_handle(workflow_id(one))
        async for event in handle.fetch_history_events():
            what = _WORK.get(event.event_type)
            if what is None:
                continue
            attributes = (
                event.workflow_task_started_event_attributes
                if what == "workflow_tasks"
                else event.activity_task_started_event_attributes
            )
            done[what][int(attributes.identity.partition("@")[0])] += 1
    return {what: [counts[pid] for pid in pids] for what, counts in done.items()}
