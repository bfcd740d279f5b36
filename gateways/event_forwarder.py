"""Tells filings that the authority pushed news of them: `authority_event`, as a signal."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from gateways.authority_events import STORE_FAILS, AuthorityEvents, Due, Sending
from gateways.discovery import ServiceUnreachable

SIGNAL: Final = "authority_event"
KIND: Final = "changed"
"""What a filing is told: ask the authority now. A push gives no reasons, and may come out of order."""
SIGNAL_WITHIN: Final = timedelta(seconds=10)

LOOK_EVERY: Final = 10.0
"""Seconds between looks for what another receiver, or this one before a crash, left behind."""
CANCEL_AGAIN: Final = 0.5
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds before the next attempt while Temporal or the registry is away, doubling."""

log = logging.getLogger("beian.receiver")


class EventForwarder:
    """Signals what is on record and waits; what fails is tried again, in this life or the next.

    `connect` is called when there is first something to tell: the receiver takes events without
    Temporal too.
    """

    def __init__(self, events: AuthorityEvents, connect: Callable[[], Awaitable[Client]]) -> None:
        self._events = events
        self._connect = connect
        self._client: Client | None = None
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is something new."""
        self._news.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["asyncio.Task[None]"]:
        """Forward until the end of this context. The task ends before it only by a mistake of ours,
        which is raised at the end."""
        task = asyncio.create_task(self._run(), name="event forwarder")
        try:
            yield task
        finally:
            # More than once: until Python 3.12 `asyncio.wait_for`, which asyncpg waits with, loses a
            # cancellation that comes just as it ends (python/cpython#86296).
            while not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=CANCEL_AGAIN)
        if not task.cancelled():
            task.result()

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            self._news.clear()
            try:
                away = not await self._caught_up()
                seconds = min(LOOK_EVERY, await self._events.next_due() or LOOK_EVERY)
            except STORE_FAILS as error:
                log.warning("the registry is away (%s)", type(error).__name__)
                away, seconds = True, LOOK_EVERY
            if away:
                # News changes nothing for a service that is away.
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()

    async def _caught_up(self) -> bool:
        """Whether all that was due is told; False where one could not be."""
        if given_up := await self._events.give_up_old():
            log.warning("%d events given up: their filings could not be told", given_up)
        while True:
            sent = await self._events.forward(self._send)
            if sent is None:
                return True
            if sent is Sending.FAILED:
                return False

    async def _send(self, due: Due) -> Sending:
        try:
            if self._client is None:
                self._client = await self._connect()
            await self._client.get_workflow_handle(due.filing_id).signal(
                SIGNAL,
                {
                    "source": due.source,
                    "event_id": due.event_id,
                    "kind": KIND,
                    "at": due.happened_at.isoformat(),
                },
                rpc_timeout=SIGNAL_WITHIN,
            )
        except ServiceUnreachable:
            log.warning("event %s waits: Temporal cannot be reached", due.event_id[:12])
            return Sending.FAILED
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return Sending.GONE
            log.warning("event %s waits: %s", due.event_id[:12], error.status.name)
            return Sending.FAILED
        return Sending.DONE
