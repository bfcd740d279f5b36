"""Each scenario of the parked filings runs, with few; what it measures is judged by nobody here."""

from pathlib import Path
from typing import Any

import pytest

from embedded.stack import discard_home
from tests.benchmarks.running import written_by


@pytest.mark.torture  # minutes of both cores
@pytest.mark.timeout(900)
async def test_every_scenario_runs_over_the_same_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        parked = await _run(home, "park", "10", "--polling", "2", "--workers", "1")
        assert parked["rows"] == {"started": 10}
        assert parked["open"] == {"platform_review": 10}
        again = await _run(home, "park", "12", "--polling", "2", "--workers", "2")
        assert again["started"] == 2
        assert again["open"] == {"bureau_review": 2, "platform_review": 10}
        killed = await _run(home, "kill", "2")
        assert (killed["decisions"], killed["lost"], killed["applied_twice"]) == (2, 0, 0)
        imported = await _run(home, "calendar")
        assert imported["in_review_due_on_that_day_before"] == imported["due_later_now"] == 8
        at_midnight = await _run(home, "midnight", "3", "--morning", "20")
        assert (at_midnight["recorded"], at_midnight["recorded_twice"]) == (3, 0)
        listed = await _run(home, "list", "--rounds", "2")
        assert listed["overdue"] == 3
        waiting = await _run(home, "memory", "--warm", "5", "--seconds", "1")
        assert waiting["mib"]["worker_memory"] > 0
        shared = await _run(home, "share", "2", "--workers", "1", "2")
        for workers in (1, 2):
            done = shared[f"{workers}_workers"]["done_by_worker"]
            assert len(done["workflow_tasks"]) == len(done["activities"]) == workers
            assert sum(done["activities"]) > 0
    finally:
        discard_home(home)


async def _run(home: Path, scenario: str, *options: str) -> dict[str, Any]:
    """The figures that a scenario wrote down."""
    results = home.parent / "parked.json"
    written = await written_by(
        "benchmarks.parked", "--home", str(home), scenario, *options, results=results
    )
    figures: dict[str, Any] = written[scenario]
    return figures
