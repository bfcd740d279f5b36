"""For operations and agencies: figures about many filings."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.agencies import tell_if_unknown
from commands.console import (
    Exit,
    Json,
    fail,
    line,
    parse_instant,
    print_json,
    print_table,
    run,
    settings,
    text_option,
)
from filing.stats import By

if TYPE_CHECKING:
    from filing.stats import Stats, StatsQuery

app = typer.Typer()


@app.command()
def stats(
    by: Annotated[By, typer.Option(help="What they are put together by.")] = By.STAGE,
    agency: Annotated[
        str | None, text_option("--agency", "NAME", help="Only filings of this agency.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="INSTANT", help="Only what began at or after it."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="INSTANT", help="Only what began before it.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="NUMBER", help="At most so many groups.")
    ] = 50,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a row for each group.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="FILE", help="Draw it, as .png or .svg.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="All of it, as .pdf.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
    json_: Json = False,
) -> None:
    """Show how many filings there are, how long each stage takes, and who holds them.

    Counts what began between --from and --to, ended or not; what each figure is, says
    docs/stats.md. Asks the registry alone.
    """
    from filing.stats import StatsQuery

    files = {"--csv": csv, "--chart": chart, "--report": report}
    suffixes = {"--csv": (".csv",), "--chart": (".png", ".svg"), "--report": (".pdf",)}
    for option, path in files.items():
        if path is None:
            continue
        if path.suffix not in suffixes[option]:
            fail(f"{option} {path}: end its name in {' or '.join(suffixes[option])}", Exit.USAGE)
        if path.exists() and not force:
            fail(f"{option} {path}: is there already; --force writes over it", Exit.USAGE)
    query = StatsQuery(
        by=by,
        agency=agency.strip() if agency else None,
        start=parse_instant(from_, "--from") if from_ else None,
        end=parse_instant(to, "--to") if to else None,
        groups=limit,
    )
    if query.start and query.end and query.start >= query.end:
        fail(f"--to {to}: must be later than --from {from_}", Exit.USAGE)
    figures = run(_gather(query, hint=not json_))
    _write_files(files, figures, force=force)
    if json_:
        print_json(figures)
        return
    _print(figures)
    for path in files.values():
        if path is not None:
            line(("✓ wrote", "green"), f" {path}")


async def _gather(query: "StatsQuery", *, hint: bool) -> "Stats":
    from operations.services import open_registry
    from operations.stats import gather

    async with open_registry(settings()) as registry:
        figures = await gather(query, registry)
        if hint and not figures.total.filings:
            await tell_if_unknown(query.agency, registry.pool)
        return figures


def _write_files(files: dict[str, Path | None], figures: "Stats", *, force: bool) -> None:
    from operations.stats import as_chart, as_csv, as_report, write

    make: dict[str, Callable[[Path], bytes]] = {
        "--csv": lambda _: as_csv(figures),
        "--chart": lambda path: as_chart(figures, path.suffix),
        "--report": lambda _: as_report(figures),
    }
    for option, path in files.items():
        if path is None:
            continue
        try:
            write(path, make[option](path), force=force)
        except FileExistsError:
            fail(f"{option} {path}: is there already; --force writes over it", Exit.USAGE)
        except OSError as error:
            fail(f"{option} {path}: cannot write there: {error.strerror}", Exit.USAGE)


def _print(figures: "Stats") -> None:
    from filing.stats_tables import heading, remarks, sheets

    line((heading(figures), "bold"))
    for remark in remarks(figures):
        line((remark, "dim"))
    for sheet in sheets(figures):
        line((sheet.title, "bold"))
        print_table(sheet.headings, sheet.rows)
