"""The embedded stack: up, demo, advance; and the registry's schema: migrate."""

import asyncio
import re
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from commands.console import Exit, Id, Json, err, fail, out, print_json, run, settings
from embedded.demo import DemoFailed, DemoRow, demo
from embedded.errors import StackError
from embedded.stack import StackOptions, run_up
from gateways.discovery import database_url
from gateways.migrate import upgrade
from operations.services import open_services
from operations.time_travel import advance as advance_filing
from operations.time_travel import to_deadline as time_to_deadline

app = typer.Typer()

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks", "s": "seconds"}
_DURATION = re.compile(r"(?P<number>\d{1,6}(\.\d{1,6})?)(?P<unit>[smhdw])")


def _say(what: str) -> None:
    err.print(what, markup=False, highlight=False)


@app.command()
def up(
    time_travel: Annotated[
        bool, typer.Option("--time-travel", help="Filings' clocks can be moved on by `advance`.")
    ] = False,
    port_base: Annotated[
        int | None,
        typer.Option(min=0, max=65_000, help="First of four ports; 0 takes any free ones."),
    ] = None,
) -> None:
    """Run everything in the foreground: Temporal with its Web UI, PostgreSQL, sandbox, mail, worker.

    Data is kept in BEIAN_HOME (default .beian). Stop it with Ctrl-C; the same filings go on at the
    next `up`, also after a crash.
    """
    chosen = settings()
    options = StackOptions(home=chosen.home, port_base=port_base, time_travel=time_travel)
    try:
        code = asyncio.run(run_up(options, chosen, _say))
    except StackError as error:
        fail(str(error), Exit.UNREACHABLE)
    raise typer.Exit(code)


@app.command("demo")
def demo_(
    json_: Json = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the stack up until Ctrl-C, to look around.")
    ] = False,
) -> None:
    """Play whole filings, weeks long, in under two minutes, on a stack of its own."""
    try:
        asyncio.run(_demo(json_, keep))
    except (StackError, DemoFailed) as error:
        fail(str(error), Exit.UNREACHABLE)
    except KeyboardInterrupt:
        raise typer.Exit(Exit.DONE) from None


async def _demo(json_: bool, keep: bool) -> None:
    async with demo(None, _say) as (stack, rows, seconds):
        if json_:
            fields = {"filing_id", "kind", "status", "filing_number", "simulated_days"}
            print_json(
                {
                    "filings": [row.model_dump(mode="json", include=fields) for row in rows],
                    "wall_seconds": round(seconds, 1),
                }
            )
        else:
            _print_rows(rows, seconds, len(stack.mail.messages()))
        if keep:
            _say(f"still up: {stack.info.web_ui} (Temporal Web UI); Ctrl-C ends it")
            _say(await stack.wait_failed())


def _print_rows(rows: list[DemoRow], seconds: float, letters: int) -> None:
    table = Table("备案", "经过", "结果", "备案号", "历时(天)", "实际用时(秒)")
    for row in rows:
        table.add_row(
            row.filing_id,
            row.story,
            row.status_label,
            row.filing_number or "—",
            f"{row.simulated_days:.1f}",
            f"{row.wall_seconds:.1f}",
        )
    out.print(table)
    out.print(
        f"{len(rows)} filings in {seconds:.0f} s; {letters} notices by SMTP. Next: "
        "`python starter.py up`, then `python starter.py start examples/new-organisation.yaml`, and "
        "look at it in the Web UI that `up` names.",
        highlight=False,
    )


def parse_duration(text: str) -> timedelta:
    """As in `3d`, `36h`, `90m`. Raises `typer.BadParameter`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is not a duration; write it as 3d, 36h, 90m or 2w", param_hint="--by"
        )
    return timedelta(**{_UNITS[match["unit"]]: float(match["number"])})


@app.command()
def advance(
    id_: Id,
    by: Annotated[str | None, typer.Option(help="How far: 3d, 36h, 90m.")] = None,
    to_deadline: Annotated[
        bool, typer.Option("--to-deadline", help="To the end of its present window.")
    ] = False,
) -> None:
    """Move one filing's clock on, under `up --time-travel`."""
    if (by is None) is not to_deadline:
        fail("give one of --by and --to-deadline", Exit.USAGE)
    run(_advance(id_, parse_duration(by) if by else None))


async def _advance(id_: str, by: timedelta | None) -> None:
    async with open_services(settings()) as services:
        far = by if by is not None else await time_to_deadline(id_, services)
        if far is None:
            fail("nothing is due for this filing: give --by instead", Exit.NO)
        if far > timedelta(0) and not await advance_filing(id_, far, services):
            _say("the filing ended on the way")
        out.print(f"moved on by {far}", highlight=False)


@app.command()
def migrate() -> None:
    """Bring the registry's schema up to date. `up` and `demo` do it themselves."""

    async def bring_up() -> str:
        return await upgrade(database_url(settings()))

    out.print(f"the registry is at {run(bring_up())}", highlight=False)
