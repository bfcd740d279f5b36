"""Each benchmark runs, with few filings; what it measures is judged by nobody here."""

from pathlib import Path

import pytest

from tests.benchmarks.running import ROOT, written_by

DBOS = ROOT / ".venv-dbos/bin/python"


@pytest.mark.torture  # a minute of both cores
@pytest.mark.timeout(600)
async def test_every_benchmark_runs_and_the_floor_makes_the_same_calls(tmp_path: Path) -> None:
    results = tmp_path / "latest.json"
    few = ["--rounds=1", "--filings=2", "--at-once=2", "--applications=3", "--parked", "2"]
    dbos = ["--dbos", str(DBOS)] if DBOS.exists() else []
    written = await written_by("benchmarks", *few, *dbos, results=results)
    ratios = ["check_vs_parse", "filings_vs_floor", "filings_vs_bare"]
    for name in [*ratios, *(["filings_vs_dbos"] if dbos else [])]:
        ratio = written[name]
        assert ratio["rounds"] == 1
        assert ratio["measured"]
        assert ratio["spread"] == [ratio["median"]] * 2
        assert ratio["median"] > 0
    [step] = written["parked"]["steps"]
    assert (step["from"], step["to"]) == (0, 2)
    counted = written["counted"]
    for side in [side for side in counted if side not in ("ours", "bare")]:
        assert counted[side]["mails"] == counted["ours"]["mails"], side
        assert counted[side]["http_calls"] == counted["ours"]["http_calls"], side
        # How the pushes and the signals meet decides on a statement or two.
        for kind, of_ours in asked(counted["ours"]).items():
            assert abs(asked(counted[side])[kind] - of_ours) <= of_ours * 0.15, (side, kind)


def asked(counted: dict[str, dict[str, dict[str, int]]]) -> dict[str, int]:
    """Statements of one filing; what DBOS asks for its own sake is not the filing's."""
    databases = [counted["postgresql"].get(name, {}) for name in ("beian", "plain")]
    kinds = ("reads", "writes", "transactions")
    return {kind: sum(counts.get(kind, 0) for counts in databases) for kind in kinds}
