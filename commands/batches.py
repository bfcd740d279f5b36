"""For operations: batches of many applications or decisions, and what became of each row."""

import csv
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from commands.console import (
    Exit,
    Json,
    err,
    fail,
    line,
    plain,
    print_json,
    print_table,
    run,
    settings,
    warn,
)
from commands.interrupts import unless_ctrl_c
from filing.batches import (
    GOOD,
    MOST_ROWS_A_SECOND,
    RESULT_LABELS,
    SHORT,
    Batch,
    BatchCounts,
    BatchRow,
    RowResult,
)
from filing.problems import errors

if TYPE_CHECKING:
    from operations.services import Services

app = typer.Typer()

T = TypeVar("T")
MOST_SHOWN = 50
"""Rows that are shown; `batches ID` has all."""
AS_ORDERED = "the rest goes on as it was ordered; new options count with --again"
MOST_PROBLEMS = 3
"""Of a row, in a table."""
WHETHER_TAKEN = (
    "`starter.py batches` shows whether it was taken in; the same command again does nothing twice"
)

_GOES_ON = "`starter.py start` of the same file (or `decide --from`) goes on with the rest"
_NOT_RUNNING = f"it does not run: {_GOES_ON}, if any is left"

Follow = Annotated[
    bool | None,
    typer.Option("--follow/--no-follow", help="Wait for a batch's end, or only until it is safe."),
]
Again = Annotated[
    bool,
    typer.Option(
        "--again",
        help="A file that was taken before: take up once more the rows that came to nothing "
        "(invalid, busy, refused, failed), and those whose filing was rejected, lapsed or ended from "
        "outside.",
    ),
]
Rate = Annotated[
    float,
    typer.Option(
        min=0.1,
        max=MOST_ROWS_A_SECOND,
        metavar="NUMBER",
        help="Of a file: at most so many rows a second.",
    ),
]
AllOrNothing = Annotated[
    bool,
    typer.Option("--all-or-nothing", help="Of a file: if one row is invalid, do none."),
]


@app.command("batches")
def batches(
    id_: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="A batch, by the first digits of its id: its rows."),
    ] = None,
    result: Annotated[
        RowResult | None, typer.Option("--result", help="Only rows that came to this.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.csv", help="Write a line per row, for Excel."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for its end first.")] = False,
    stop: Annotated[
        bool,
        typer.Option("--stop", help="Do no more rows; the same file again goes on with the rest."),
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, metavar="NUMBER", help="At most so many batches.")
    ] = 20,
    json_: Json = False,
) -> None:
    """List batches, the newest first; or one batch's rows, each with what became of it."""
    if id_ is None:
        if result or report or follow or stop:
            fail("--result, --report, --follow and --stop need a batch's ID", Exit.USAGE)
        _print_batches(run(_latest(limit)), json_)
        return
    if not id_.removeprefix("batch-").strip():
        fail("ID must not be empty", Exit.USAGE)
    batch, rows, ended = with_batch(_one(id_, result, follow, stop))
    if report is not None:
        _write_report(report, rows)
    if json_:
        print_json({"batch": batch, "rows": rows})
    elif report is None:
        print_rows(rows)
    if not json_:
        print_sum(batch)
    if not (batch.counts.good and ended):
        raise typer.Exit(Exit.NO)


def with_batch(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it; an unknown batch ends the command with 1."""
    from operations.batches import NoSuchBatch

    try:
        return run(coroutine)
    except NoSuchBatch as error:
        fail(str(error), Exit.NO)


async def _latest(limit: int) -> list[Batch]:
    from gateways.batches import Batches
    from operations.services import open_registry

    async with open_registry(settings()) as registry:
        return await Batches(registry).latest(limit)


async def _one(
    id_: str, result: RowResult | None, follow: bool, stop: bool
) -> tuple[Batch, list[BatchRow], bool]:
    from gateways.batches import Batches
    from operations.batches import find_batch
    from operations.batches import stop as stop_batch
    from operations.services import open_registry, open_services

    ended = True
    if follow or stop:
        async with open_services(settings()) as services:
            batch = await find_batch(id_, services.registry)
            if stop:
                running = await stop_batch(batch, services)
                ends = f"it ends after the rows that it is at: {_GOES_ON}"
                warn(ends if running else _NOT_RUNNING)
            if follow:
                ended = await watch(batch, services) or stop
    async with open_registry(settings()) as registry:
        batch = await find_batch(id_, registry)
        return batch, [row async for row in Batches(registry).rows(batch.id, result)], ended


async def watch(batch: Batch, services: "Services") -> bool:
    """Show how a batch comes on, until its end; whether it has come there, and does not stand still."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from operations.batches import follow

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    hidden = not err().is_terminal
    if not hidden:
        err().print(f"watching batch {batch.id[:SHORT]}: Ctrl-C only stops watching")
    with Progress(*columns, console=err(), transient=True, disable=hidden) as progress:
        task = progress.add_task(
            batch.id[:SHORT], total=batch.counts.rows, rate="", completed=_done(batch.counts)
        )

        def shown(counts: BatchCounts) -> None:
            speed = progress.tasks[0].speed
            progress.update(
                task, completed=_done(counts), rate=f"{speed:.1f} rows/s" if speed else ""
            )

        short = batch.id[:SHORT]
        goes_on = f"batch {short} goes on by itself: `starter.py batches {short} --follow`"
        ended = await unless_ctrl_c(follow(batch, services, shown), goes_on)
    if not ended:
        warn(_NOT_RUNNING)
    return ended


def _done(counts: BatchCounts) -> int:
    return counts.rows - counts.pending


def _print_batches(found: list[Batch], json_: bool) -> None:
    if json_:
        print_json(found)
        return
    print_table(
        ("batch", "file", "what", "by", "ordered", "rows", "came to"),
        [
            (
                one.id[:SHORT],
                one.file,
                one.action.value,
                one.by,
                f"{one.created_at:%Y-%m-%d %H:%M}" + (f" ×{one.times}" if one.times > 1 else ""),
                str(one.counts.rows),
                ", ".join(counted(one.counts)),
            )
            for one in found
        ],
    )


def counted(counts: BatchCounts) -> Iterable[str]:
    """How many rows came to what, in words."""
    for result in RowResult:
        if count := counts.of(result):
            yield f"{count} {result.value.replace('_', ' ')}"


def print_rows(rows: list[BatchRow]) -> None:
    """A table of rows, each with what became of it and why."""
    print_table(
        ("row", "result", "备案", "小程序", "说明"),
        [
            (
                str(row.row),
                (row.result.value, "" if row.result in GOOD else "red"),
                row.filing_id or "",
                row.mini_program or "",
                why(row, MOST_PROBLEMS),
            )
            for row in rows
        ],
    )


def print_some(rows: list[BatchRow]) -> None:
    """The first of them, and how many there are beside."""
    if rows:
        print_rows(rows[:MOST_SHOWN])
    if len(rows) > MOST_SHOWN:
        line((f"… and {len(rows) - MOST_SHOWN} more rows", "dim"))


def print_sum(batch: Batch) -> None:
    """One line: the batch, and how many rows came to what."""
    line(f"batch {batch.id[:SHORT]}: {batch.counts.rows} rows: {', '.join(counted(batch.counts))}")


def why(row: BatchRow, most: int | None = None) -> str:
    """Why a row came to what it did, in one line; empty where that says it all. At most so many of its
    problems, all where None is said."""
    wrong = errors(row.problems)
    left = 0 if most is None else max(len(wrong) - most, 0)
    wrong = wrong[: len(wrong) - left]
    parts = [f"{p.path + ' ' if p.path else ''}{p.message}({p.code}):{p.fix}" for p in wrong]
    if left:
        parts.append(f"另有 {left} 处(--json 全部列出)")
    if row.explanation:
        parts.append(f"{row.explanation}({row.code})")
    elif row.code:
        parts.append(row.code)
    if row.result is RowResult.BUSY:
        parts.append(f"未启动:{row.waits_for} 结束后再办,或用 --queue --again 排队")
    elif row.waits_for:
        parts.append(f"等待 {row.waits_for} 结束")
    return ";".join(parts)


def _write_report(path: Path, rows: list[BatchRow]) -> None:
    try:
        # With the mark by which Excel knows UTF-8.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("行", "结果", "result", "备案", "uid", "小程序", "说明", "时间"))
            for row in rows:
                done = f"{row.done_at:%Y-%m-%d %H:%M:%S}" if row.done_at else ""
                cells = (
                    *(str(row.row), RESULT_LABELS[row.result], row.result.value),
                    *(row.filing_id or "", row.uid or "", row.mini_program or "", why(row), done),
                )
                writer.writerow([_harmless(cell) for cell in cells])
    except OSError as error:
        fail(f"--report {path}: cannot be written: {error.strerror}", Exit.USAGE)
    line(("✓ wrote", "green"), f" {path}: {len(rows)} rows")


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    cell = plain(cell)
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
