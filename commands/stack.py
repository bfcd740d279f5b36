"""The embedded stack: up, demo, advance; and the registry's schema: migrate."""

import asyncio
import re
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    INTERRUPTED,
    Exit,
    Id,
    Json,
    err,
    fail,
    line,
    plain,
    print_json,
    print_table,
    run,
    settings,
)
from filing.vocabulary import KIND_LABELS

if TYPE_CHECKING:
    from embedded.demo import DemoRow
    from operations.time_travel import Moved

app = typer.Typer()

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks", "s": "seconds"}
MOST_AT_ONCE = timedelta(days=366)
"""How far `advance` goes at once: every check on the way is a skip of its own, and takes its time."""
_DURATION = re.compile(r"(?P<number>\d{1,6}(\.\d{1,6})?)(?P<unit>[smhdw])")


def _say(what: str) -> None:
    err().print("\n".join(map(plain, what.split("\n"))), soft_wrap=True)


@app.command()
def up(
    time_travel: Annotated[
        bool, typer.Option("--time-travel", help="Filings' clocks can be moved on by `advance`.")
    ] = False,
    port_base: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_000, metavar="PORT", help="First of five ports; 0 takes any free ones."
        ),
    ] = None,
) -> None:
    """Run everything in the foreground, until Ctrl-C.

    Temporal with its Web UI, PostgreSQL, the sandbox authority, a mail catcher, the worker, and the
    receiver of what the authority pushes. Data
    is kept in BEIAN_HOME (default .beian); the same filings go on at the next `up`, also after a
    crash.
    """
    from embedded.errors import StackError
    from embedded.stack import StackOptions, run_up

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
    """Play whole filings, weeks long, in under two minutes.

    On a stack of its own, which is deleted at the end.
    """
    from embedded.errors import StackError
    from embedded.player import DemoFailed

    settings()
    try:
        run(_demo(json_, keep))
    except DemoFailed as error:
        fail(str(error), Exit.NO)
    except StackError as error:
        fail(str(error), Exit.UNREACHABLE)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(Exit.DONE if keep else INTERRUPTED) from None


async def _demo(json_: bool, keep: bool) -> None:
    from embedded.demo import demo

    task = asyncio.current_task()
    assert task is not None
    # As Ctrl-C: the stack is stopped and its folder deleted.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
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


def _print_rows(rows: "list[DemoRow]", seconds: float, letters: int) -> None:
    print_table(
        ("备案", "类型", "经过", "结果", "备案号", "历时(天)", "实际用时(秒)"),
        [
            (
                row.filing_id,
                KIND_LABELS[row.kind],
                row.story,
                row.status_label,
                row.filing_number or "—",
                f"{row.simulated_days:.1f}",
                f"{row.wall_seconds:.1f}",
            )
            for row in rows
        ],
    )
    line(
        f"{len(rows)} filings in {seconds:.0f} s; {letters} notices by SMTP. Next: "
        "`.venv/bin/python starter.py up`, then, beside it, `.venv/bin/python starter.py start "
        "examples/new-organisation.yaml`, and look at it in the Web UI that `up` names."
    )


def parse_duration(text: str) -> timedelta:
    """As in `3d`, `36h`, `90m`. Raises `typer.BadParameter`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is not a duration; write it as 3d, 36h, 90m or 2w", param_hint="--by"
        )
    by = timedelta(**{_UNITS[match["unit"]]: float(match["number"])})
    if not timedelta(0) < by <= MOST_AT_ONCE:
        raise typer.BadParameter(
            f"{text!r} must be more than nothing and at most {MOST_AT_ONCE.days}d",
            param_hint="--by",
        )
    return by


@app.command()
def advance(
    id_: Id,
    by: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How far: 3d, 36h, 90m, 2w.")
    ] = None,
    to_deadline: Annotated[
        bool, typer.Option("--to-deadline", help="To the end of its present window.")
    ] = False,
    json_: Json = False,
) -> None:
    """Move one filing's clock on, exactly that far.

    Only under `up --time-travel`. With --json: {"filing_id", "moved_seconds", "ended"}; `ended` says
    that the filing ended on the way.
    """
    if (by is None) is not to_deadline:
        fail("give one of --by and --to-deadline", Exit.USAGE)
    moved = run(_advance(id_, parse_duration(by) if by else None))
    if json_:
        print_json(moved)
    elif moved.ended:
        line("the filing ended on the way")
    elif moved.by:
        line(f"moved on by {moved.by}")
    else:
        line("its deadline has passed: not moved")


async def _advance(id_: str, by: timedelta | None) -> "Moved":
    from operations.services import open_services
    from operations.time_travel import FilingEnded, NothingDue, advance, to_deadline

    async with open_services(settings()) as services:
        try:
            if by is None:
                return await to_deadline(id_, services)
            return await advance(id_, by, services)
        except (FilingEnded, NothingDue) as error:
            fail(str(error), Exit.NO)


@app.command()
def migrate(json_: Json = False) -> None:
    """Bring the registry's schema up to date.

    The embedded registry's is, by `up` and `demo`; this is for the one of BEIAN_DATABASE_URL.
    """

    from operations.services import migrate_registry

    revision = run(migrate_registry(settings()))
    if json_:
        print_json({"revision": revision})
    else:
        line(f"the registry is at {revision}")
