"""Moving one filing's clock on, under `up --time-travel` (design, "Time travel")."""

from datetime import timedelta

from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from gateways.discovery import ServiceUnreachable, read_up
from operations.filings import find, handle_of, status
from operations.services import Services

MOST_SKIPS = 100_000
"""The server's own limit (200) would end skipping silently: retries count too."""


def skipper(services: Services) -> TimeSkipper:
    """Moves clocks on. Raises `ServiceUnreachable` unless the stack travels in time."""
    up = read_up(services.settings.home)
    if up is None or not up.time_travel:
        raise ServiceUnreachable(
            "no time travel here: start the stack with `starter.py up --time-travel` on this BEIAN_HOME"
        )
    return TimeSkipper(
        services.client, config=TimeSkippingConfig(max_session_skip_count=MOST_SKIPS)
    )


async def to_deadline(id_: str, services: Services) -> timedelta | None:
    """How far it is to the end of the present window, on the filing's own clock."""
    record = await find(id_, services)
    seen = await status(record, services)
    if seen is None or seen.due_at is None:
        return None
    handle: WorkflowHandle[object, object] = handle_of(record, services)
    current = await skipper(services).get_current_time(handle)
    return seen.due_at - current


async def advance(id_: str, by: timedelta, services: Services) -> bool:
    """Move the filing's clock on by exactly `by`. False where it ended first."""
    record = await find(id_, services)
    return await skipper(services).fast_forward(handle_of(record, services), by)
