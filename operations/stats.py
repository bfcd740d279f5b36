"""Figures about many filings, and the files that they are written into."""

import csv
import io
from pathlib import Path

from filing.stats import Stats, StatsQuery
from filing.stats_tables import heading, spreadsheet
from gateways.calendar import RegistryCalendar
from gateways.registry import Registry
from gateways.stats import FilingStats
from operations.services import now

BYTE_ORDER_MARK = "\ufeff"
"""At the start of a CSV file, without which Excel reads Chinese text wrongly."""


async def gather(query: StatsQuery, registry: Registry) -> Stats:
    """The figures as they are now, by the calendar with all imported notices."""
    arrangement = await RegistryCalendar(registry).arrangement()
    return await FilingStats(registry).figures(query, arrangement, now())


def as_csv(stats: Stats) -> bytes:
    """One row a group, for a spreadsheet."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(spreadsheet(stats))
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def as_chart(stats: Stats, suffix: str) -> bytes:
    """The chart, by the name's end: `.png` or `.svg`."""
    # Half a second to import, which the figures alone do not need.
    from gateways.charts import as_png, as_svg, chart
    from gateways.letters import own_font

    font = own_font()
    drawing = chart(stats, font, heading(stats))
    return as_png(drawing) if suffix == ".png" else as_svg(drawing, font)


def as_report(stats: Stats) -> bytes:
    """Tables and chart as PDF."""
    from gateways.charts import chart
    from gateways.letters import own_font
    from gateways.stats_report import report

    font = own_font()
    return report(stats, chart(stats, font, heading(stats)), font)


def write(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file; raises `FileExistsError` where one is there, unless forced."""
    with path.open("wb" if force else "xb") as file:
        file.write(data)
