"""What parked filings cost while they wait, and how fast lists of them are."""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from benchmarks.parking.home import Parked, Progress, each, used
from benchmarks.processes import memory
from benchmarks.program import ROOT
from filing.records import ListQuery

AT_ONCE = 16


async def watched(parked: Parked, warm: int, seconds: float) -> dict[str, Any]:
    """Memory and disk, calls of the authority and CPU, while nothing is done for so many seconds.

    Before that so many filings are asked where they stand, so that the worker's cache of workflows is
    as full as it gets."""
    await _ask(parked, warm)
    sizes = await parked.sizes()
    calls, before = await parked.desk.calls(), parked.processor()
    await asyncio.sleep(seconds)
    calls = await parked.desk.calls() - calls
    return {
        "open": await parked.statuses(),
        "asked_first": warm,
        "mib": sizes,
        "seconds": seconds,
        "authority_calls": dict(sorted(calls.items())),
        "authority_calls_per_second": round(calls.total() / seconds, 3),
        "cpu_seconds": used(before, parked.processor()),
    }


async def _ask(parked: Parked, count: int) -> None:
    rows = await parked.rows(
        "select filing_id from filings where closed_at is null order by appid limit $1", count
    )
    asking = Progress("asked where they stand", len(rows))

    async def ask(row: asyncpg.Record) -> None:
        handle = parked.services.client.get_workflow_handle(row["filing_id"])
        try:
            await handle.query("status")
        except (RPCError, WorkflowQueryFailedError):
            return  # it is only to be in the cache
        asking.came(asking.done + 1)

    await each(AT_ONCE, rows, ask)


async def listed(parked: Parked, rounds: int) -> dict[str, Any]:
    """Milliseconds of `list --overdue`: the whole command, and what it asks the registry."""
    overdue = await parked.ask(
        "select count(*) from filings where closed_at is null and overdue is true"
    )
    registry = parked.services.registry

    async def command() -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "starter.py", "list", "--overdue", "--json"),
            cwd=ROOT,
            env={**os.environ, "BEIAN_HOME": str(parked.home)},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0
        assert len(json.loads(printed)) == min(overdue, ListQuery().limit)

    async def query(limit: int) -> None:
        await registry.list_filings(ListQuery(overdue=True, limit=limit))

    limit = ListQuery().limit
    return {
        "open": await parked.statuses(),
        "overdue": overdue,
        f"command_first_{limit}": await _timed(command, rounds),
        f"query_first_{limit}": await _timed(lambda: query(limit), rounds),
        "query_all_overdue": await _timed(lambda: query(100_000), rounds),
    }


async def _timed(ask: Callable[[], Awaitable[None]], rounds: int) -> dict[str, float]:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - begun) * 1000)
    return {
        "median_ms": round(statistics.median(times), 1),
        "best_ms": round(min(times), 1),
        "worst_ms": round(max(times), 1),
    }


async def peak_memory(pid: int, every: float = 1.0) -> float:
    """MiB (PSS) at most, until this is cancelled; looked at now and then."""
    most = 0
    try:
        while True:
            most = max(most, memory(pid))
            await asyncio.sleep(every)
    except asyncio.CancelledError:
        return round(most / 2**20, 1)
