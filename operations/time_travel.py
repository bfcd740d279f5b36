"""Moving one filing's clock on, under `up --time-travel` (design, "Time travel")."""

from datetime import timedelta

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from filing.model import Model
from gateways.discovery import ServiceUnreachable, read_up
from gateways.registry import FilingRecord
from operations.filings import find, handle_of, status
from operations.services import Services

MOST_SKIPS = 100_000
"""The server's own limit (200) would end skipping silently: retries count too."""
SKIPPING = TimeSkippingConfig(max_session_skip_count=MOST_SKIPS, disable_propagation=True)
"""How one workflow's clock is moved on. Without propagation, for what a filing leaves behind (the
display of its number) would begin skipping, and go on without end."""


def skipper(services: Services) -> TimeSkipper:
    """Moves clocks on. Raises `ServiceUnreachable` unless the stack travels in time."""
    up = read_up(services.settings.home)
    if up is None or not up.time_travel:
        raise ServiceUnreachable(
            "no time travel here: start the stack with `starter.py up --time-travel` on this BEIAN_HOME"
        )
    return TimeSkipper(services.client, config=SKIPPING)


class FilingEnded(Exception):
    """An ended filing's clock stands."""

    def __init__(self, filing_id: str) -> None:
        super().__init__(f"{filing_id} has ended, and its clock with it")


class NothingDue(Exception):
    """There is no window to go to the end of."""

    def __init__(self, filing_id: str) -> None:
        super().__init__(
            f"nothing is due for {filing_id} (it may be on hold), or no worker answers: "
            "give --by instead of --to-deadline"
        )


class Moved(Model):
    """How far a filing's clock was moved on."""

    filing_id: str
    moved_seconds: float | None
    """Exactly that far; None where the filing ended on the way."""
    ended: bool

    @property
    def by(self) -> timedelta:
        """The same, as a duration."""
        return timedelta(seconds=self.moved_seconds or 0)


async def to_deadline(id_: str, services: Services) -> Moved:
    """Move the filing's clock on to the end of its present window; nowhere where that has passed.

    Raises `FilingEnded`, `NothingDue`, and as `skipper` does.
    """
    moving = skipper(services)
    record = await _open_one(id_, services)
    seen = await status(record, services)
    if seen is None or seen.due_at is None:
        raise NothingDue(record.filing_id)
    current = await moving.get_current_time(handle_of(record, services))
    return await _move(record, max(seen.due_at - current, timedelta(0)), moving, services)


async def advance(id_: str, by: timedelta, services: Services) -> Moved:
    """Move the filing's clock on by exactly `by`. Raises `FilingEnded`, and as `skipper` does."""
    moving = skipper(services)
    return await _move(await _open_one(id_, services), by, moving, services)


async def _open_one(id_: str, services: Services) -> FilingRecord:
    record = await find(id_, services)
    if record.closed_at:
        raise FilingEnded(record.filing_id)
    return record


async def _move(
    record: FilingRecord, by: timedelta, moving: TimeSkipper, services: Services
) -> Moved:
    handle: WorkflowHandle[object, object] = handle_of(record, services)
    try:
        whole = by == timedelta(0) or await moving.fast_forward(handle, by)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise FilingEnded(record.filing_id) from error
    return Moved(
        filing_id=record.filing_id,
        moved_seconds=by.total_seconds() if whole else None,
        ended=not whole,
    )
