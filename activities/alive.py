"""Signs of life, so that what a killed worker had begun is taken up elsewhere in seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from temporalio import activity

BEATS = 3
"""Heartbeats within one heartbeat timeout."""


@asynccontextmanager
async def alive(*details: Any) -> AsyncIterator[None]:
    """Heartbeat as long as the work goes on; `details` reach the next attempt, if there is one."""
    timeout = activity.info().heartbeat_timeout
    if timeout is None:
        yield
        return

    async def beat() -> None:
        while True:
            activity.heartbeat(*details)
            await asyncio.sleep(timeout.total_seconds() / BEATS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
