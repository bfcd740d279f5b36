"""Work that gives way where the program is to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives; None where it was to stop before that."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        stopping.cancel()
        while not working.done():  # one cancellation may be lost (`commands/interrupts.py`)
            working.cancel()
            await asyncio.wait({working}, timeout=1)
        if not working.cancelled():
            working.exception()  # has been seen
