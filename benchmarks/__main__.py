"""Runs the benchmarks: `make bench`, or

python -m benchmarks --filings 40 --rounds 5 --parked 1000 --dbos .venv-dbos/bin/python
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.checking import check_vs_parse
from benchmarks.counting import counted
from benchmarks.growth import parked
from benchmarks.machine import machine
from benchmarks.rounds import load, ratio, rounds
from benchmarks.sides import bench
from embedded.stack import discard_home

RESULTS = Path(__file__).parent / "results" / "latest.json"
WHOLE = "whole new filings per second ({filings} a round, {at_once} at once), ours over "
THEIRS = {
    "filings_vs_floor": (
        "naive",
        "a naive Temporal workflow that makes the same calls by regular activities, SDK defaults "
        "(workflow sandbox on), no rules",
    ),
    "filings_vs_floor_unsandboxed": (
        "naive_unsandboxed",
        "the same naive workflow with the workflow sandbox off, as ours",
    ),
    "filings_vs_bare": (
        "bare",
        "the bare shape without I/O: 5 activities, 3 signals, 3 waits, 2 search-attribute updates, "
        "workflow sandbox off",
    ),
    "filings_vs_dbos": (
        "dbos",
        "the same filing on DBOS, each step and message committed to the same PostgreSQL",
    ),
}


async def measure(options: argparse.Namespace, home: Path) -> dict[str, Any]:
    """All of it."""
    begun = time.monotonic()
    results: dict[str, Any] = {"machine": machine(), "load_before": load()}
    async with bench(home, options.dbos) as running:
        results["check_vs_parse"] = await check_vs_parse(
            running.services, running.example, options.rounds, options.applications
        )
        _say(f"check_vs_parse: {results['check_vs_parse']['median']}")
        for side in running.sides:
            await running.play(side)  # warm
        results["counted"] = {side: await counted(running, side) for side in running.sides}
        _say(json.dumps(results["counted"], indent=1))
        runs = await rounds(
            running.play,
            running.processor,
            running.sides,
            options.rounds,
            options.filings,
            options.at_once,
        )
        results["milliseconds_of_cpu_per_filing"] = {
            side: run.milliseconds(options.rounds * options.filings) for side, run in runs.items()
        }
        _say(json.dumps(results["milliseconds_of_cpu_per_filing"], indent=1))
        whole = WHOLE.format(filings=options.filings, at_once=options.at_once)
        for name, (side, what) in THEIRS.items():
            if side in runs:
                results[name] = ratio(runs["ours"].rates, runs[side].rates, whole + what)
                _say(f"{name}: {results[name]['median']} {results[name]['spread']}")
        results["load_after_rounds"] = load()
        if options.parked:
            results["parked"] = await parked(running, options.parked)
    results["seconds"] = round(time.monotonic() - begun)
    return results


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--filings", type=int, default=24, help="per side and round")
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--applications", type=int, default=300, help="per round of the rules")
    parser.add_argument(
        "--parked", type=int, nargs="*", default=[], help="growing counts, as in 1000 10000"
    )
    parser.add_argument("--dbos", type=Path, help="Python with requirements-dbos.txt")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    home = Path(tempfile.mkdtemp(prefix="beian-bench-"))
    try:
        results = asyncio.run(measure(options, home))
    finally:
        discard_home(home)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    _say(f"written to {options.results}")


if __name__ == "__main__":
    main()
