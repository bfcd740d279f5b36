"""Interleaved rounds: in each every side has its turn, in turning order, so that what else the machine
does falls on all of them."""

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Play = Callable[[str], Awaitable[None]]


async def throughput(play: Play, side: str, filings: int, at_once: int) -> float:
    """Filings per second, so many at once."""
    free = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with free:
            await play(side)

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(filings)))
    return filings / (time.perf_counter() - begun)


@dataclass
class Run:
    """A side's rounds: filings per second, and seconds of CPU by process."""

    rates: list[float] = field(default_factory=list)
    processor: Counter[str] = field(default_factory=Counter)

    def milliseconds(self, filings: int) -> dict[str, int]:
        """Of CPU per filing, by process."""
        return {name: round(s * 1000 / filings) for name, s in sorted(self.processor.items())}


async def rounds(
    play: Play,
    used: Callable[[], dict[str, float]],
    sides: Sequence[str],
    times: int,
    filings: int,
    at_once: int,
) -> dict[str, Run]:
    """So many rounds of each side."""
    runs = {side: Run() for side in sides}
    for number in range(times):
        turn = number % len(sides)
        for side in (*sides[turn:], *sides[:turn]):
            before = used()
            runs[side].rates.append(await throughput(play, side, filings, at_once))
            runs[side].processor.update({n: s - before[n] for n, s in used().items()})
    return runs


def ratio(ours: Sequence[float], theirs: Sequence[float], measured: str) -> dict[str, Any]:
    """Round by round, ours over theirs: median and spread."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return {
        "median": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "rounds": len(ratios),
        "measured": measured,
        "ours_per_second": [round(rate, 2) for rate in ours],
        "theirs_per_second": [round(rate, 2) for rate in theirs],
    }


def load() -> list[float]:
    """The machine's load averages."""
    return [round(number, 2) for number in os.getloadavg()]
