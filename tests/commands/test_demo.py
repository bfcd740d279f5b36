"""`demo --json`, as `make demo` and scripts run it."""

from tests.commands.conftest import Cli


async def test_the_demo_ends_well_and_prints_its_table_as_json(bare: Cli) -> None:
    ran = await bare("demo", "--json")
    assert ran.json.keys() == {"filings", "wall_seconds"}
    assert 0 < ran.json["wall_seconds"] < 120
    for row in ran.json["filings"]:
        assert row.keys() == {"filing_id", "kind", "status", "filing_number", "simulated_days"}
        assert row["simulated_days"] > 0
    assert {"approved", "rejected"} <= {row["status"] for row in ran.json["filings"]}
    # Progress, on the other stream; and nothing is left behind.
    assert len(ran.err.splitlines()) > 10
    assert not bare.home.exists()
