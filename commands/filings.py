"""For operations: check and forecast, which need no service."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    Exit,
    Json,
    fail,
    line,
    parse_instant,
    print_json,
    print_problems,
    print_table,
    run,
    settings,
)
from filing.vocabulary import STATUS_LABELS, Kind, Status

if TYPE_CHECKING:
    from filing.forecast import ForecastStep
    from operations.applications import Examined
    from settings import Settings

app = typer.Typer()

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE", help="YAML, JSON, JSON Lines, CSV or Excel (.xlsx); - is standard input."
    ),
]


@app.command()
def check(
    files: Files,
    json_: Json = False,
    at: Annotated[
        str | None, typer.Option(metavar="DATE", help="Judge as of this day, as in 2026-11-24.")
    ] = None,
    materials: Annotated[
        bool,
        typer.Option("--materials", help="List the papers that are needed, and why, instead."),
    ] = False,
) -> None:
    """Validate applications and show every problem at once.

    Starts nothing, needs no service.
    """
    chosen, as_of = settings(), parse_instant(at, "--at")
    if materials:
        from commands.papers import show_materials

        show_materials(files, as_of.date(), json_)
        return
    examined = examine(files, as_of, chosen)
    if json_:
        told = [
            {"file": e.document.name, "valid": e.valid, "problems": e.problems} for e in examined
        ]
        print_json(told)
        valid = all(one["valid"] for one in told)
    else:
        valid = print_examined(examined)
    if not valid:
        raise typer.Exit(Exit.NO)


def examine(files: list[str], at: datetime, chosen: "Settings") -> "Iterator[Examined]":
    """Every application of the files with what is wrong with it, as of a day, one by one."""
    from operations.applications import examine_files

    return examine_files(files, at.date(), chosen.levels)


def print_examined(examined: "Iterable[Examined]") -> bool:
    """Each application's verdict and problems, and a sum where there are several; whether all are
    valid."""
    count = valid = 0
    for one in examined:
        count += 1
        valid += one.valid
        mark = ("✓ valid", "green") if one.valid else ("✗ invalid", "red")
        line(mark, f"  {one.document.name}")
        print_problems(one.problems)
    if count > 1:
        line(f"{count} applications: {valid} valid, {count - valid} invalid")
    return valid == count


@app.command("forecast")
def forecast_(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="An application; or give --kind or --stage."),
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Kind of filing.")] = None,
    stage: Annotated[Status | None, typer.Option(help="One window only.")] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="INSTANT", help="When it begins (China time); default: now."
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Show when each window ends if it takes its whole length. Needs no service."""
    from filing.forecast import forecast, forecast_stage
    from operations.calendar import known_arrangement

    chosen = settings()
    terms = chosen.terms
    start = parse_instant(from_, "--from")
    if sum(x is not None for x in (file, kind, stage)) != 1:
        fail("give exactly one of FILE, --kind and --stage", Exit.USAGE)
    arrangement = run(known_arrangement(chosen))
    if stage is not None:
        if stage.final:
            fail(f"--stage {stage.value}: a filing ends there, so it has no window", Exit.USAGE)
        step = forecast_stage(stage, start, arrangement, terms)
        if json_:
            print_json(step)
        else:
            _print_steps((step,))
        return
    steps = forecast(kind or _kind_of(file, json_), start, arrangement, terms)
    if json_:
        print_json(list(steps))
    else:
        _print_steps(steps)


def _kind_of(file: str | None, json_: bool) -> Kind:
    examined = list(examine([file or "-"], parse_instant(None, ""), settings()))
    if len(examined) != 1:
        fail(f"{file}: {len(examined)} applications; give a file of one, or --kind", Exit.USAGE)
    [one] = examined
    if one.application is not None:
        return one.application.kind
    if json_:
        print_json({"file": one.document.name, "valid": False, "problems": one.problems})
    else:
        print_examined(examined)
    raise typer.Exit(Exit.NO)


def _print_steps(steps: "tuple[ForecastStep, ...]") -> None:
    from filing.instants import since, when

    print_table(
        ("环节", "开始", "期限", ""),
        [
            (
                STATUS_LABELS[step.stage],
                since(step.start),
                when(step.due_at),
                "暂定" if step.provisional else "",
            )
            for step in steps
        ],
    )
    line((f"calendar: {steps[0].calendar}", "dim"))
