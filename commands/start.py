"""For operations: starting filings."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.batches import (
    AS_ORDERED,
    MOST_SHOWN,
    WHETHER_TAKEN,
    Again,
    AllOrNothing,
    Follow,
    Rate,
    print_some,
    print_sum,
    watch,
)
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
    warn,
)
from commands.filings import Files, examine, print_examined
from commands.interrupts import unless_ctrl_c
from commands.reviews import author
from filing.batches import GOOD, ROWS_A_SECOND, SHORT, Batch, BatchRow, RowResult

if TYPE_CHECKING:
    from datetime import date

    from rich.progress import Progress

    from filing.application import Application
    from operations.batches import Ordered
    from operations.services import Services
    from operations.start import Confirmed, Outcome

app = typer.Typer()

SMALL = 100
"""Rows up to which a batch is waited for unless it is said otherwise: it takes some seconds."""


@dataclass
class _Came:
    """What became of files: single applications, and batches with their rows."""

    outcomes: "list[Outcome]" = field(default_factory=list)
    batches: list[tuple[Batch, list[BatchRow]]] = field(default_factory=list)
    standing: set[str] = field(default_factory=set)
    """Batches of these that were watched, and do not run."""
    not_taken: list[tuple[str, int, tuple[BatchRow, ...]]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.outcomes or self.batches or self.not_taken)


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
    follow: Follow = None,
    again: Again = False,
    all_or_nothing: AllOrNothing = False,
    rate: Rate = ROWS_A_SECOND,
    json_: Json = False,
) -> None:
    """Start filings. Every application stands or falls alone; an invalid one stops no other.

    A file of many (JSON Lines, CSV, Excel) becomes a batch once all of it was read and checked: from
    then on it goes on by itself, and the same file again starts nothing twice. One of up to 100 rows
    is waited for; of a larger one --follow shows the rate and the time that is left.
    """
    from operations.batches import Ordered

    if dry_run:
        _dry_run(files, json_)
        return
    came = _Came()
    ordered = Ordered(
        by=author(), rate=rate, queue=queue, again=again, all_or_nothing=all_or_nothing
    )
    try:
        run(_start(files, came, ordered, confirm, follow))
    except (typer.Exit, KeyboardInterrupt):
        # A service went away, or Ctrl-C: what was started before is started.
        if came:
            _print(came, json_)
        raise
    if not _print(came, json_):
        raise typer.Exit(Exit.NO)


def _dry_run(files: list[str], json_: bool) -> None:
    from filing.application import workflow_id

    examined = examine(files, parse_instant(None, ""), settings())
    if not json_:
        if not print_examined(examined):
            raise typer.Exit(Exit.NO)
        return
    told: dict[str, list[Any]] = {"started": [], "already_open": [], "invalid": [], "valid": []}
    for e in examined:
        if e.valid and e.application:
            filing_id = workflow_id(e.application)
            told["valid"].append({"filing_id": filing_id, "file": e.document.name})
        else:
            told["invalid"].append({"file": e.document.name, "problems": e.problems})
    print_json(told)
    if told["invalid"]:
        raise typer.Exit(Exit.NO)


async def _start(
    files: list[str], came: _Came, ordered: "Ordered", confirm: str | None, follow: bool | None
) -> None:
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from operations.services import now, open_services

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    progress = Progress(*columns, console=err(), transient=True, disable=not err().is_terminal)

    def confirmed(application: "Application") -> bool:
        return _confirmed(application, confirm, progress)

    task = progress.add_task("connecting")
    async with open_services(settings()) as services:
        for number, path in enumerate(files, start=1):
            try:
                with progress:

                    def read(rows: int, path: str = path, number: int = number) -> None:
                        told = (
                            f"{rows} rows of {path}" if rows else f"{number} of {len(files)} files"
                        )
                        progress.update(task, description=told)

                    read(0)
                    batch = await _one(path, came, ordered, services, now().date(), confirmed, read)
                if batch is not None:
                    await _see(batch, came, services, follow)
            except BaseException:
                if files[number:]:
                    warn(f"not read: {', '.join(files[number:])}")
                raise


async def _one(
    path: str,
    came: _Came,
    ordered: "Ordered",
    services: "Services",
    today: "date",
    confirmed: "Confirmed",
    read: Any,
) -> Batch | None:
    """Start a file's application, or have its many started: then the batch."""
    from operations.batches import NotTaken, order_starts
    from operations.formats import Unreadable
    from operations.reading import opened
    from operations.start import Invalid, start_document

    try:
        with opened(path) as source:
            if not source.many:
                for document in source.documents():
                    outcome = await start_document(
                        document, services, today, queue=ordered.queue, confirmed=confirmed
                    )
                    came.outcomes.append(outcome)
                return None
            taken = await unless_ctrl_c(
                order_starts(source, services, ordered, confirmed=confirmed, progress=read),
                f"interrupted at {path}: {WHETHER_TAKEN}",
            )
    except Unreadable as error:
        came.outcomes.append(Invalid(file=path, problems=(error.problem,)))
        return None
    if isinstance(taken, NotTaken):
        came.not_taken.append((path, taken.rows, taken.invalid))
        return None
    short, counts = taken.batch.id[:SHORT], taken.batch.counts
    if taken.kept:
        left = f"; {AS_ORDERED}" if counts.pending else ""
        warn(f"{path} was taken before, as batch {short}: nothing of it is started twice{left}")
    elif ordered.again and taken.batch.times > 1:
        stay = counts.rows - taken.taken_up
        warn(
            f"{path}: batch {short} again: {taken.taken_up} rows taken up, {stay} stay as they are"
        )
    return taken.batch


async def _see(batch: Batch, came: _Came, services: "Services", follow: bool | None) -> None:
    """Wait for a batch where that is wanted, and keep what became of its rows."""
    from gateways.batches import Batches
    from operations.batches import find_batch

    try:
        wanted = follow if follow is not None else batch.counts.rows <= SMALL
        if wanted and not await watch(batch, services):
            came.standing.add(batch.id)
    finally:
        batch = await find_batch(batch.id, services.registry)
        rows = [row async for row in Batches(services.registry).rows(batch.id)]
        came.batches.append((batch, rows))


def _confirmed(application: "Application", typed: str | None, progress: "Progress") -> bool:
    """Whether the subject's name was typed, at the terminal where there is one."""
    name = application.subject.name
    if typed is None and sys.stdin.isatty() and err().is_terminal:
        progress.stop()
        program = application.mini_program
        err().print(f"{program.name}({program.appid}):注销主体会注销其名下全部备案,且不可恢复。")
        # It blocks the loop, in which Ctrl-C would wait for its end.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            typed = typer.prompt("请输入主体名称以确认", err=True, default="", show_default=False)
        finally:
            signal.signal(signal.SIGINT, before)
        progress.start()
    return typed == name


def _print(came: _Came, json_: bool) -> bool:
    """Print what became of all; whether it is what was wanted."""
    good = all(batch.counts.good for batch, _ in came.batches)
    good = good and not came.not_taken and not came.standing
    if json_:
        print_json(_told(came))
        return good and not _unstarted(came.outcomes)
    _print_outcomes(came.outcomes)
    for batch, rows in came.batches:
        _print_batch(batch, rows, runs=batch.id not in came.standing)
    for path, count, invalid in came.not_taken:
        print_some(list(invalid))
        line(("✗ nothing started", "red"), f"  {path}: {len(invalid)} of {count} rows are invalid")
    return good and not _unstarted(came.outcomes)


def _unstarted(outcomes: "list[Outcome]") -> bool:
    from operations.start import Started

    return not all(isinstance(outcome, Started) for outcome in outcomes)


def _told(came: _Came) -> dict[str, Any]:
    """The contract's shape; of batches the rows, each as its file and line, and the batches."""
    from operations.start import AlreadyOpen, Busy, Invalid, Started

    told: dict[str, list[Any]] = {
        "started": [o for o in came.outcomes if isinstance(o, Started)],
        "already_open": [o for o in came.outcomes if isinstance(o, AlreadyOpen)],
        "busy": [o for o in came.outcomes if isinstance(o, Busy)],
        "invalid": [o for o in came.outcomes if isinstance(o, Invalid)],
    }
    if came.batches:
        told |= {"pending": [], "failed": [], "batches": [batch for batch, _ in came.batches]}
    for batch, rows in came.batches:
        uids = {row.filing_id: row.uid for row in rows if row.uid}
        for row in rows:
            where, told_row = _told_row(batch, row, uids)
            told[where].append(told_row)
    for path, _, invalid in came.not_taken:
        told["invalid"] += [{"file": f"{path}:{r.row}", "problems": r.problems} for r in invalid]
    return told


def _told_row(
    batch: Batch, row: BatchRow, uids: Mapping[str | None, str]
) -> tuple[str, dict[str, Any]]:
    filing = {"filing_id": row.filing_id}
    file = {"file": f"{batch.file}:{row.row}"}
    match row.result:
        case RowResult.STARTED:
            return "started", filing | {"uid": row.uid} | file
        case RowResult.QUEUED:
            return "started", filing | {"uid": row.uid} | file | {"queued_behind": row.waits_for}
        case RowResult.ALREADY_OPEN:
            uid = row.uid or uids.get(row.filing_id)
            return "already_open", filing | {"uid": uid} | file
        case RowResult.BUSY:
            return "busy", filing | {"waits_for": row.waits_for} | file
        case RowResult.INVALID:
            return "invalid", file | {"problems": row.problems}
        case RowResult.PENDING:
            return "pending", filing | file
    return "failed", filing | file | {"code": row.code}


def _print_batch(batch: Batch, rows: list[BatchRow], *, runs: bool) -> None:
    wrong = [row for row in rows if row.result not in GOOD]
    # Of many, those with which somebody has to do something: what is open already is only counted.
    to_mend = [r for r in wrong if r.result is not RowResult.ALREADY_OPEN or r.explanation]
    print_some(rows if len(rows) <= MOST_SHOWN else to_mend)
    print_sum(batch)
    short = batch.id[:SHORT]
    if batch.counts.pending and runs:
        line(f"it goes on by itself: `starter.py batches {short} --follow` watches it")
    elif wrong:
        line(
            f"`starter.py batches {short} --report FILE.csv` has a line per row; mend rows in the file "
            "and start it again (what is open stays); where the causes lie elsewhere, mend them, and "
            "--again takes up the rows that came to nothing"
        )


def _print_outcomes(outcomes: "list[Outcome]") -> None:
    """Print what became of single applications."""
    from operations.start import AlreadyOpen, Busy, Invalid, Queued, Started

    started = [o for o in outcomes if isinstance(o, Started)]
    already = [o for o in outcomes if isinstance(o, AlreadyOpen)]
    busy = [o for o in outcomes if isinstance(o, Busy)]
    invalid = [o for o in outcomes if isinstance(o, Invalid)]
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
