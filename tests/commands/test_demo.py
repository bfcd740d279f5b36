"""`demo --json`, as `make demo` and scripts run it."""

from tests.commands.conftest import Cli

OUTCOMES = [
    ("new", "approved"),
    ("change_mini_program", "approved"),
    ("new", "rejected"),
    ("new", "approved"),
    ("new", "approved"),
    ("new", "approved"),
    ("cancel_mini_program", "approved"),
]
"""Approved; that one changed; rejected; sent again after an SMS check that ran out; a second mini
program of that one's subject; an individual's, returned and amended; that one cancelled."""


async def test_the_demo_ends_well_and_prints_its_table_as_json(bare: Cli) -> None:
    ran = await bare("demo", "--json")
    assert ran.json.keys() == {"filings", "wall_seconds"}
    assert 0 < ran.json["wall_seconds"] < 120
    rows = ran.json["filings"]
    for row in rows:
        assert row.keys() == {"filing_id", "kind", "status", "filing_number", "simulated_days"}
        assert row["simulated_days"] > 0
    assert [(row["kind"], row["status"]) for row in rows] == OUTCOMES
    approved, changed, rejected, again, second, individual, cancelled = rows
    assert rejected["filing_number"] is None
    for earlier, later in ((approved, changed), (individual, cancelled)):
        assert later["filing_id"] == earlier["filing_id"]
        assert later["filing_number"] == earlier["filing_number"]
    # The same subject's: the same stem, the next index.
    assert second["filing_number"] == again["filing_number"].replace("-1X", "-2X")
    # Progress, on the other stream; and nothing is left behind.
    assert len(ran.err.splitlines()) > 10
    assert not bare.home.exists()
