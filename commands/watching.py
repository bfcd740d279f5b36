"""A list that is shown again and again, until Ctrl-C."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from commands.console import Exit, fail, out, run, settings
from commands.interrupts import ctrl_c
from filing.model import CHINA

if TYPE_CHECKING:
    from filing.records import ListedFiling, ListQuery

PAUSE = 2.0
"""Seconds between two looks at the registry."""

Draw = Callable[["list[ListedFiling]"], Table]


def watch(query: "ListQuery", draw: Draw, *, json_: bool) -> None:
    """Show the list until Ctrl-C, which is how it ends well."""
    if json_:
        fail(
            "--watch is for people and does not go with --json; call `list --json` again",
            Exit.USAGE,
        )
    if not out().is_terminal:
        fail("--watch needs a terminal; without one, call `list` again", Exit.USAGE)
    try:
        run(_watch(query, draw))
    except KeyboardInterrupt:  # before the first list
        return


async def _watch(query: "ListQuery", draw: Draw) -> None:
    from gateways.filing_lists import list_filings
    from operations.services import open_database
    from operations.stopping import unless

    async with open_database(settings()) as pool:
        with ctrl_c() as stop, Live(console=out(), auto_refresh=False) as live:
            while (listed := await unless(stop, list_filings(pool, query))) is not None:
                shown = draw(listed)
                count = f"first {len(listed)}" if len(listed) == query.limit else f"{len(listed)}"
                at = datetime.now(CHINA)
                shown.caption = f"{count} filings at {at:%H:%M:%S}; Ctrl-C ends"
                live.update(shown, refresh=True)
                await unless(stop, asyncio.sleep(PAUSE))
