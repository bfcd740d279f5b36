"""For operations: starting filings."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    Exit,
    Json,
    err,
    line,
    parse_instant,
    print_json,
    print_problems,
    run,
    settings,
    text_option,
)
from commands.filings import Files, examine, print_examined

if TYPE_CHECKING:
    from rich.progress import Progress

    from filing.application import Application
    from operations.start import Outcome

app = typer.Typer()


@app.command()
def start(
    files: Files,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check the files only; asks neither the registry nor for a confirmation.",
        ),
    ] = False,
    queue: Annotated[
        bool,
        typer.Option(
            "--queue",
            help="Where another filing has the subject or the mini program: start all the same, "
            "and wait for its end.",
        ),
    ] = False,
    confirm: Annotated[
        str | None,
        text_option("--confirm", "NAME", "cancel_subject: the subject's name, typed in full."),
    ] = None,
    json_: Json = False,
) -> None:
    """Start filings. Every application stands or falls alone; an invalid one stops no other."""
    if dry_run:
        _dry_run(files, json_)
        return
    outcomes: list[Outcome] = []
    try:
        run(_start(files, outcomes, queue, confirm))
    except typer.Exit:
        # A service went away: what was started before is started.
        if outcomes:
            _print_outcomes(outcomes, json_)
        raise
    if not _print_outcomes(outcomes, json_):
        raise typer.Exit(Exit.NO)


def _dry_run(files: list[str], json_: bool) -> None:
    from filing.application import workflow_id

    examined = examine(files, parse_instant(None, ""), settings())
    if json_:
        print_json(
            {
                "started": [],
                "already_open": [],
                "invalid": [
                    {"file": e.document.name, "problems": e.problems}
                    for e in examined
                    if not e.valid
                ],
                "valid": [
                    {"filing_id": workflow_id(e.application), "file": e.document.name}
                    for e in examined
                    if e.valid and e.application
                ],
            }
        )
    else:
        print_examined(examined)
    if not all(one.valid for one in examined):
        raise typer.Exit(Exit.NO)


async def _start(
    files: list[str], outcomes: "list[Outcome]", queue: bool, confirm: str | None
) -> None:
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from operations.services import now, open_services
    from operations.start import start_files

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("connecting")
        async with open_services(settings()) as services:
            async for outcome in start_files(
                files,
                services,
                now().date(),
                queue=queue,
                confirmed=lambda application: _confirmed(application, confirm, progress),
            ):
                outcomes.append(outcome)
                progress.update(task, description=f"{len(outcomes)} applications")


def _confirmed(application: "Application", typed: str | None, progress: "Progress") -> bool:
    """Whether the subject's name was typed, at the terminal where there is one."""
    name = application.subject.name
    if typed is None and sys.stdin.isatty() and err.is_terminal:
        progress.stop()
        err.print("注销主体会注销其名下全部备案,且不可恢复。")
        typed = typer.prompt("请输入主体名称以确认", err=True, default="", show_default=False)
        progress.start()
    return typed == name


def _print_outcomes(outcomes: "list[Outcome]", json_: bool) -> bool:
    """Print what became of each; whether all were started."""
    from operations.start import AlreadyOpen, Busy, Invalid, Queued, Started

    started = [o for o in outcomes if isinstance(o, Started)]
    already = [o for o in outcomes if isinstance(o, AlreadyOpen)]
    busy = [o for o in outcomes if isinstance(o, Busy)]
    invalid = [o for o in outcomes if isinstance(o, Invalid)]
    if json_:
        print_json({"started": started, "already_open": already, "busy": busy, "invalid": invalid})
    else:
        for one in started:
            behind = f"  queued behind {one.queued_behind}" if isinstance(one, Queued) else ""
            line(("✓ started", "green"), f" {one.filing_id}  uid {one.uid}{behind}")
        for open_ in already:
            line(
                ("= already open", "yellow"),
                f" {open_.filing_id}  ({open_.file}): see `starter.py show {open_.filing_id}`",
            )
        for held in busy:
            line(
                ("… busy", "yellow"),
                f" {held.filing_id}  ({held.file}): {held.waits_for} has its subject or mini program; "
                "start it again when that has ended, or with --queue",
            )
        for wrong in invalid:
            line(("✗ invalid", "red"), f"  {wrong.file}")
            print_problems(wrong.problems)
        if len(outcomes) > 1:
            line(
                f"{len(outcomes)} applications: {len(started)} started, {len(already)} already "
                f"open, {len(busy)} busy, {len(invalid)} invalid"
            )
    return len(started) == len(outcomes)
