"""Tens of thousands of filings, open at once, for real: by hand, and not in CI.

    python -m benchmarks.parked --home DIR park 70000 --polling 3000
    python -m benchmarks.parked --home DIR memory
    python -m benchmarks.parked --home DIR list
    …

The home stays, so that parking goes on where it was interrupted, and each scenario can be run by itself.
Figures are written to `benchmarks/results/parked.json`. See docs/performance.md.
"""

import argparse
import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.parking.asking import listed, watched
from benchmarks.parking.home import PRODUCTION, UNHURRIED, keep, parked_stack
from benchmarks.parking.midnight import midnight
from benchmarks.parking.park import onwards, park
from benchmarks.parking.share import share
from benchmarks.parking.steering import calendar, kill
from benchmarks.parking.workers import more_workers

RESULTS = Path(__file__).parent / "results" / "parked.json"
Scenario = Callable[[argparse.Namespace], Awaitable[None]]


async def _park(options: argparse.Namespace) -> None:
    async with parked_stack(options.home, UNHURRIED) as parked:
        async with more_workers(parked, options.workers - 1):
            _keep(options, await park(parked, options.count))
        if options.polling:
            keep(options.results, "onwards", await onwards(parked, options.polling))


async def _memory(options: argparse.Namespace) -> None:
    async with parked_stack(options.home, PRODUCTION) as parked:
        _keep(options, await watched(parked, options.warm, options.seconds))


async def _list(options: argparse.Namespace) -> None:
    async with parked_stack(options.home, PRODUCTION) as parked:
        _keep(options, await listed(parked, options.rounds))


async def _kill(options: argparse.Namespace) -> None:
    async with parked_stack(options.home, PRODUCTION) as parked:
        _keep(options, await kill(parked, options.count, options.patience))


async def _calendar(options: argparse.Namespace) -> None:
    async with parked_stack(options.home, PRODUCTION) as parked:
        _keep(options, await calendar(parked, options.rate))


async def _midnight(options: argparse.Namespace) -> None:
    async with parked_stack(options.home, PRODUCTION, time_travel=True) as parked:
        told = partial(_keep, options)
        told(await midnight(parked, options.count, options.ahead, options.morning, told))


async def _share(options: argparse.Namespace) -> None:
    async with parked_stack(options.home, UNHURRIED) as parked:
        _keep(options, await share(parked, options.workers, options.count))


def _keep(options: argparse.Namespace, figures: dict[str, Any]) -> None:
    keep(options.results, options.scenario, figures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.parked",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--home",
        type=lambda given: Path(given).absolute(),
        required=True,
        help="kept; made where missing",
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    scenarios = parser.add_subparsers(dest="scenario", required=True)

    def scenario(name: str, run: Scenario, help: str) -> argparse.ArgumentParser:
        added = scenarios.add_parser(name, help=help)
        added.set_defaults(run=run)
        return added

    parking = scenario("park", _park, "start what is missing of so many filings")
    parking.add_argument("count", type=int, nargs="?", default=70_000)
    parking.add_argument("--polling", type=int, default=3000, help="so many with the bureau")
    parking.add_argument("--workers", type=int, default=2, help="that start filings, on one queue")
    memory = scenario("memory", _memory, "memory, disk, CPU and calls of the authority")
    memory.add_argument("--warm", type=int, default=10_000, help="filings that are asked first")
    memory.add_argument("--seconds", type=float, default=60)
    asked = scenario("list", _list, "`list --overdue`")
    asked.add_argument("--rounds", type=int, default=9)
    killed = scenario("kill", _kill, "kill -9 of the worker, and decisions that wait for it")
    killed.add_argument("count", type=int, nargs="?", default=1000)
    killed.add_argument("--patience", type=float, default=600, help="seconds for all of them")
    imported = scenario("calendar", _calendar, "import a calendar that touches all")
    imported.add_argument("--rate", type=float, default=1000)
    at_midnight = scenario("midnight", _midnight, "windows that end at one midnight")
    at_midnight.add_argument("count", type=int, nargs="?", default=10_000)
    at_midnight.add_argument(
        "--ahead", type=float, help="seconds until that midnight; else by rate"
    )
    at_midnight.add_argument(
        "--morning", type=float, default=600, help="seconds watched of the hour of notices"
    )
    shared = scenario("share", _share, "workers on one queue")
    shared.add_argument("count", type=int, nargs="?", default=500)
    shared.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    return parser


def main() -> None:
    """Run one scenario."""
    options = _parser().parse_args()
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(options.run(options))


if __name__ == "__main__":
    main()
