"""What a filing costs that waits in platform review: memory of each process, and disk."""

import asyncio
import time
from typing import Any

import asyncpg

from benchmarks.reaching import REGISTRY_DISK, sizes
from benchmarks.sides import Bench
from filing.vocabulary import Status
from operations.start import Started, start_application
from tests.playing import of_another_subject

STARTS_AT_ONCE = 16
POLL = 0.5
PATIENCE = 120.0
"""Seconds without a filing more."""


async def parked(bench: Bench, counts: list[int]) -> dict[str, Any]:
    """Park filings up to each of the counts; the growth per filing of each step."""
    connection = await asyncpg.connect(bench.stack.info.database_url)
    try:
        before = sizes(bench.stack, bench.home, await connection.fetchval(REGISTRY_DISK))
        steps, there = [], 0
        for count in counts:
            begun = time.perf_counter()
            await _park(bench, connection, count - there)
            seconds = time.perf_counter() - begun
            after = sizes(bench.stack, bench.home, await connection.fetchval(REGISTRY_DISK))
            steps.append(
                {
                    "from": there,
                    "to": count,
                    "starts_per_second": round((count - there) / seconds, 1),
                    "kib_per_filing": {
                        name: round((after[name] - before[name]) / 1024 / (count - there), 2)
                        for name in after
                    },
                    "mib_after": {name: round(after[name] / 2**20, 1) for name in after},
                }
            )
            before, there = after, count
    finally:
        await connection.close()
    return {
        "steps": steps,
        "measured": "memory (PSS) of the worker, of the Temporal server and of all processes of PostgreSQL "
        "together, and bytes on disk of Temporal's database and the registry's, before "
        "and after so many new filings have come to platform_review",
    }


async def _park(bench: Bench, connection: Any, count: int) -> None:
    free = asyncio.Semaphore(STARTS_AT_ONCE)
    waiting = "select count(*) from filings where status = $1 and due_at is not null"
    there = await connection.fetchval(waiting, Status.PLATFORM_REVIEW.value)

    async def one() -> None:
        async with free:
            started = await start_application(
                of_another_subject(bench.example), "benchmark", bench.services
            )
            assert isinstance(started, Started), started

    await asyncio.gather(*(one() for _ in range(count)))
    come, loop = there, asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE) as patience:
        while come < there + count:  # the registry tells nobody
            await asyncio.sleep(POLL)
            earlier, come = come, await connection.fetchval(waiting, Status.PLATFORM_REVIEW.value)
            if come > earlier:
                patience.reschedule(loop.time() + PATIENCE)
