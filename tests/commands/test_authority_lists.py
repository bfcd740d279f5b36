"""The authority's lists by the command line: shown with their age, fetched anew."""

from tests.commands.conftest import Cli, fresh_appid

NAMES = ["certificate_types", "districts", "pre_approvals", "service_contents", "subject_types"]


async def test_the_authoritys_lists_are_fetched_and_shown_with_their_age(cli: Cli) -> None:
    fetched = await cli.json("authority", "lists", "--refresh", fresh_appid())
    assert [one["name"] for one in fetched] == NAMES
    assert all(0 <= one["age_seconds"] < 60 and one["items"] > 5 for one in fetched)
    again = await cli.json("authority", "lists")
    assert [one["fetched_at"] for one in again] == [one["fetched_at"] for one in fetched]
    table = await cli("authority", "lists")
    assert "districts" in table.out
