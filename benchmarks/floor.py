"""The floors on Temporal: a naive filing of regular activities, and the bare shape without any I/O.

python -m benchmarks.floor recipe.json
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

with workflow.unsafe.imports_passed_through():
    from benchmarks import plain

NAIVE, NAIVE_UNSANDBOXED, BARE = "bench-naive", "bench-naive-unsandboxed", "bench-bare"
MINUTE = timedelta(minutes=1)
STATUS = SearchAttributeKey.for_keyword("FilingStatus")


@workflow.defn
class NaiveFiling:
    """The same calls as a filing of ours, each step a regular activity; no rules, no record of its
    own, no care for what goes wrong."""

    def __init__(self) -> None:
        self._decided = False
        self._confirmed = 0
        self._news = False

    @workflow.signal
    def platform_decision(self, decision: dict[str, Any]) -> None:
        """The platform's reviewer."""
        self._decided = True

    @workflow.signal
    def sms_verified(self, verified: dict[str, Any]) -> None:
        """A principal."""
        self._confirmed += 1

    @workflow.signal
    def authority_event(self, event: dict[str, Any]) -> None:
        """The authority has decided."""
        self._news = True

    @workflow.run
    async def run(self, filing: dict[str, Any], persons: int) -> str:
        """Live until the number is there."""
        await self._steps(filing, plain.BEFORE_DECISION)
        workflow.upsert_search_attributes([STATUS.value_set("platform_review")])
        await workflow.wait_condition(lambda: self._decided)
        await self._steps(filing, plain.BEFORE_SMS)
        workflow.upsert_search_attributes([STATUS.value_set("sms_verification")])
        for person in range(persons):
            await workflow.wait_condition(lambda n=person: self._confirmed > n)  # type: ignore[misc]
            await self._steps(filing, plain.AFTER_EACH_SMS, person)
        await self._steps(filing, plain.BEFORE_RESULT)
        await workflow.wait_condition(lambda: self._news)
        await self._steps(filing, plain.AFTER_RESULT)
        workflow.upsert_search_attributes([STATUS.value_set("approved")])
        return "approved"

    async def _steps(self, filing: dict[str, Any], steps: tuple[str, ...], number: int = 0) -> None:
        for step in steps:
            # The application goes where it is needed, as in any sample.
            given = filing if step == "submit" else {**filing, "body": None}
            await workflow.execute_activity(
                "step", args=[step, number, given], start_to_close_timeout=MINUTE
            )


@workflow.defn
class BareFiling:
    """Five activities, three signals, three waits, two updates of search attributes."""

    def __init__(self) -> None:
        self._came = 0

    @workflow.signal
    def go_on(self) -> None:
        """What a person says."""
        self._came += 1

    @workflow.run
    async def run(self) -> str:
        """Nothing but the shape."""
        await self._nothing()
        for stage in range(3):
            await workflow.wait_condition(lambda n=stage: self._came > n)  # type: ignore[misc]
            await self._nothing()
            if stage < 2:
                workflow.upsert_search_attributes([STATUS.value_set(f"stage_{stage}")])
        await self._nothing()
        return "approved"

    async def _nothing(self) -> None:
        await workflow.execute_activity("nothing", start_to_close_timeout=MINUTE)


class Activities:
    """Needs the plain calls."""

    def __init__(self, calls: plain.Plain) -> None:
        self._calls = calls

    @activity.defn
    async def step(self, name: str, number: int, filing: dict[str, Any]) -> None:
        """A step of a naive filing."""
        await self._calls.step(name, number, filing)

    @activity.defn
    async def nothing(self) -> None:
        """Nothing."""


async def _serve(recipe: plain.Recipe) -> None:
    client = await Client.connect(recipe.temporal)
    async with plain.Plain.opened(recipe) as calls:
        activities = Activities(calls)
        naive = [NaiveFiling], [activities.step]
        workers = [
            Worker(client, task_queue=NAIVE, workflows=naive[0], activities=naive[1]),
            Worker(
                client,
                task_queue=NAIVE_UNSANDBOXED,
                workflows=naive[0],
                activities=naive[1],
                workflow_runner=UnsandboxedWorkflowRunner(),
            ),
            Worker(
                client,
                task_queue=BARE,
                workflows=[BareFiling],
                activities=[activities.nothing],
                workflow_runner=UnsandboxedWorkflowRunner(),
            ),
        ]
        running = [asyncio.create_task(worker.run()) for worker in workers]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.gather(*running)


if __name__ == "__main__":
    asyncio.run(_serve(plain.Recipe.read(sys.argv[1])))
