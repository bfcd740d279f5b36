"""How attempts live and end: signs of life, so that what a killed worker had begun is taken up
elsewhere in seconds; an end of their own, though the workflow cancels; and "not yet"."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

_Result = TypeVar("_Result")

BEATS = 3
"""Heartbeats within one heartbeat timeout."""
DETAILS_AFTER = 1.0
"""Seconds."""


@asynccontextmanager
async def alive(*details: Any) -> AsyncIterator[None]:
    """Heartbeat as long as the work goes on; `details` reach the next attempt, if there is one.

    The first heartbeat is not sent at once: most work is over before it is due, and each costs the
    server a write. Details are sent after a second, or as soon as the work fails.
    """
    timeout = activity.info().heartbeat_timeout
    if timeout is None:
        yield
        return
    pause = timeout.total_seconds() / BEATS

    async def beat() -> None:
        await asyncio.sleep(min(pause, DETAILS_AFTER) if details else pause)
        while True:
            activity.heartbeat(*details)
            await asyncio.sleep(pause)

    beating = asyncio.create_task(beat())
    try:
        yield
    except BaseException:
        if details:
            activity.heartbeat(*details)
        raise
    finally:
        beating.cancel()


async def to_its_end(work: Coroutine[Any, Any, _Result]) -> _Result:
    """The work's result, though the workflow asks to cancel it meanwhile, so that it is known how
    it ended; a worker that stops ends it."""
    attempt = asyncio.create_task(work)
    try:
        return await asyncio.shield(attempt)
    except asyncio.CancelledError:
        if not activity.is_worker_shutdown():
            return await attempt
        attempt.cancel()
        raise


def not_yet(what: str, kind: str = "NotYet", *, after: timedelta | None = None) -> ApplicationError:
    """To be tried again, after so long instead of the retry policy's own pause. Benign: each retry
    would else log a traceback."""
    return ApplicationError(
        what, type=kind, category=ApplicationErrorCategory.BENIGN, next_retry_delay=after
    )
