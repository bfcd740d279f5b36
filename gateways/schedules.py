"""Temporal's schedules of ours."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError

from gateways.discovery import ServiceUnreachable
from gateways.temporal import TASK_QUEUE

LISTING_SWEEP = "listing-sweep"
SWEEP_WORKFLOW = "ListingSweepWorkflow"
SWEEP_HOUR = 9
"""When people start to work, China time."""
CATCH_UP = timedelta(hours=12)
"""A sweep that the server missed while it was down is made up for, on its own day."""
SWEEP_FOR = timedelta(hours=23)
"""Then the next day's sweep does what is left."""


def listing_sweep() -> Schedule:
    """The daily sweep, one at a time."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            SWEEP_WORKFLOW, id=LISTING_SWEEP, task_queue=TASK_QUEUE, execution_timeout=SWEEP_FOR
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    hour=[ScheduleRange(SWEEP_HOUR)], comment="daily at 09:00, China time"
                )
            ],
            time_zone_name="Asia/Shanghai",
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )


async def keep_listing_sweep(client: Client) -> None:
    """Create the schedule, or bring it to what this program says; one that operations have paused
    stays so. Raises `ServiceUnreachable` where this client may not."""

    async def current(found: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = listing_sweep()
        schedule.state = found.description.schedule.state
        return ScheduleUpdate(schedule=schedule)

    try:
        try:
            await client.create_schedule(
                LISTING_SWEEP, listing_sweep(), rpc_timeout=timedelta(seconds=10)
            )
        except ScheduleAlreadyRunningError:
            handle = client.get_schedule_handle(LISTING_SWEEP)
            await handle.update(current, rpc_timeout=timedelta(seconds=10))
    except RPCError as error:
        raise ServiceUnreachable(
            f"the schedule {LISTING_SWEEP} could not be created or updated "
            f"({error.status.name}): may this client create schedules in its namespace?"
        ) from error
