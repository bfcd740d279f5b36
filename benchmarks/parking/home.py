"""The home that filings are parked in: the stack over it, as production runs it, and its figures."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from benchmarks.machine import machine
from benchmarks.people import Desk
from benchmarks.processes import family, memory, processor
from benchmarks.reaching import REGISTRY_DISK, reached, sizes
from benchmarks.rounds import load
from embedded.stack import Stack, StackOptions, running_stack
from operations.services import Services
from settings import Settings

T = TypeVar("T")

PRODUCTION = {
    # docker-compose.yml
    "BEIAN_WORKFLOW_SANDBOX": "false",
    # What BEIAN_AUTHORITY=wechat has by default; the sandbox's own pace is a demo's.
    "BEIAN_POLL_FIRST": "300",
    "BEIAN_POLL_LONGEST": "21600",
    "BEIAN_POLL_PUSHED": "86400",
    "BEIAN_AUTHORITY_PER_SECOND": "10",
}
UNHURRIED = {**PRODUCTION, "BEIAN_AUTHORITY_PER_SECOND": "1000"}
"""The same, for getting somewhere: filings do not wait for the authority's ten calls a second."""


@dataclass(frozen=True)
class Parked:
    """The stack over the home, with what asks it."""

    home: Path
    stack: Stack
    services: Services
    connection: "asyncpg.Connection[asyncpg.Record]"
    desk: Desk

    async def ask(self, sql: str, *values: Any) -> Any:
        """The first value of the first row."""
        return await self.connection.fetchval(sql, *values, timeout=600)

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """All rows."""
        return await self.connection.fetch(sql, *values, timeout=600)

    async def statuses(self) -> dict[str, int]:
        """How many open filings are in which status."""
        found = await self.rows(
            "select status, count(*) from filings where closed_at is null group by status order by status"
        )
        return {row["status"]: row["count"] for row in found}

    def processor(self, workers: Iterable[int] = ()) -> dict[str, float]:
        """Seconds of CPU so far, by process; `outside` is this one: authority, mail catcher, receiver."""
        servers = self.stack.pids
        return {
            **{f"worker_{n}": processor(pid) for n, pid in enumerate(workers, 2)},
            "worker": processor(self.stack.worker.pid),
            "temporal": processor(servers["Temporal"]),
            "postgresql": sum(processor(pid) for pid in family(servers["PostgreSQL"])),
            "outside": processor(os.getpid()),
        }

    async def sizes(self) -> dict[str, float]:
        """MiB of memory (PSS) by process, and on disk."""
        found = sizes(self.stack, self.home, await self.ask(REGISTRY_DISK))
        found["outside_memory"] = memory(os.getpid())
        return {name: round(size / 2**20, 1) for name, size in found.items()}


@asynccontextmanager
async def parked_stack(
    home: Path, environment: dict[str, str], *, time_travel: bool = False
) -> AsyncIterator[Parked]:
    """Everything, running over this home; it stays when this ends."""
    os.environ.update(environment)  # the worker inherits it
    settings = Settings(home=home)
    async with AsyncExitStack() as exits:
        options = StackOptions(home=home, port_base=0, time_travel=time_travel)
        stack = await exits.enter_async_context(running_stack(options, settings, say))
        services, desk = await exits.enter_async_context(reached(stack, settings))
        connection = await asyncpg.connect(stack.info.database_url)
        exits.push_async_callback(connection.close)
        yield Parked(home, stack, services, connection, desk)


def used(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Seconds of CPU in between, by process."""
    return {name: round(seconds - before.get(name, 0), 2) for name, seconds in after.items()}


def keep(results: Path, scenario: str, figures: dict[str, Any]) -> None:
    """Write a scenario's figures beside those of the others."""
    written = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    written["machine"] = machine()
    written[scenario] = {
        "command": " ".join(["python -m benchmarks.parked", *sys.argv[1:]]),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "load_after": load(),
        **figures,
    }
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    say(json.dumps({scenario: written[scenario]}, indent=1, ensure_ascii=False))


def say(line: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{line}\n")


async def each(at_once: int, items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do the work of every item, so many at once."""
    left = iter(items)

    async def some() -> None:
        for one in left:  # the next that nobody has taken
            await work(one)

    await asyncio.gather(*(some() for _ in range(at_once)))


class Progress:
    """Says now and then how far something has come, how fast, and how long it will take."""

    EVERY = 10.0

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._begun = self._said = time.monotonic()
        self._first: int | None = None
        self.done = 0

    @property
    def rate(self) -> float:
        """A second, since the first count."""
        seconds = max(time.monotonic() - self._begun, 1e-3)
        return (self.done - (self._first or 0)) / seconds

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._begun

    def came(self, done: int) -> None:
        """So many are done."""
        if self._first is None:
            self._first = done
        self.done = done
        if time.monotonic() - self._said >= self.EVERY or done == self._total:
            self._said = time.monotonic()
            left = (self._total - done) / self.rate if self.rate else float("inf")
            say(
                f"{self._what}: {done} of {self._total}, {self.rate:.1f} a second, {left:.0f} s left"
            )
