"""A sweep by hand: the same workflow as the daily one, waited for."""

import asyncio
from datetime import timedelta

from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from filing.sweep import SweepOrder, SweepReport
from gateways.discovery import ServiceUnreachable
from gateways.schedules import SWEEP_FOR, SWEEP_WORKFLOW
from gateways.temporal import TASK_QUEUE
from operations.services import Services

BY_HAND = "listing-sweep-by-hand"
TAKEN_UP_WITHIN = timedelta(seconds=30)
UNTOUCHED = 2
"""Events of a workflow that no worker has taken up: started, and its task scheduled."""


async def sweep_now(services: Services) -> SweepReport:
    """Sweep as of today, and wait for the end; one begun by hand that still runs is waited for.

    Raises `ServiceUnreachable` where no worker takes it up: it is done when one runs.
    """
    handle = await services.client.start_workflow(
        SWEEP_WORKFLOW,
        SweepOrder(once=True),
        id=BY_HAND,
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        execution_timeout=SWEEP_FOR,
        result_type=SweepReport,
    )
    result = asyncio.ensure_future(handle.result())
    try:
        await asyncio.wait({result}, timeout=TAKEN_UP_WITHIN.total_seconds())
        if not result.done() and await _untouched(handle):
            raise ServiceUnreachable(
                f"no worker took the sweep up within {TAKEN_UP_WITHIN.total_seconds():.0f} s; it "
                f"is done when one runs (workflow {BY_HAND})"
            )
        report: SweepReport = await result
        return report
    finally:
        result.cancel()


async def _untouched(handle: WorkflowHandle[object, SweepReport]) -> bool:
    return (await handle.describe()).history_length <= UNTOUCHED
