"""Workers beside the stack's own, on the same queues."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.parking.home import Parked
from benchmarks.program import PATIENCE
from embedded.stack import WORKER_SCRIPT, notices_caught
from embedded.worker_keeper import READY


@asynccontextmanager
async def more_workers(parked: Parked, count: int) -> AsyncIterator[list[int]]:
    """So many more; their process ids."""
    async with AsyncExitStack() as exits:
        yield [
            await exits.enter_async_context(_worker(parked, number))
            for number in range(2, count + 2)
        ]


@asynccontextmanager
async def _worker(parked: Parked, number: int) -> AsyncIterator[int]:
    """One more worker, as somebody would start it beside the stack; its process id."""
    environment = {
        **os.environ,
        "BEIAN_HOME": str(parked.home),
        **notices_caught(parked.stack.info),
        "PYTHONUNBUFFERED": "1",
    }
    log: Path = parked.home / "logs" / f"worker-{number}.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(WORKER_SCRIPT)),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = (await process.stdout.readline()).decode().strip()
        assert line == READY, f"worker {number} said {line!r}; see {log}"
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
