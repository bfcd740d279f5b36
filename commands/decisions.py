"""For reviewers: decisions of a file, one a row."""

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import typer

from commands.batches import AS_ORDERED, WHETHER_TAKEN, counted, print_some, print_sum, watch
from commands.console import Exit, fail, line, print_json, run, settings, warn
from commands.interrupts import unless_ctrl_c
from filing.batches import GOOD, SHORT, Batch, BatchRow, RowResult
from filing.problems import Problem

if TYPE_CHECKING:
    from filing.vocabulary import Status
    from operations.batches import NotTaken, Planned


_KEPT = "nothing of it is decided twice; --again takes up the rows that came to nothing"


class Manner(NamedTuple):
    """How a file's decisions are to be made."""

    follow: bool
    again: bool
    all_or_nothing: bool
    rate: float
    dry_run: bool


def decide_from(
    file: str,
    reviewer: str | None,
    stage: "Status",
    by: str,
    manner: Manner,
    json_: bool,
) -> None:
    """Have a file's decisions made, and print what became of each row."""
    from operations.batches import NotTaken, Planned
    from operations.formats import Unreadable

    try:
        came = run(_decide(file, reviewer, stage, by, manner))
    except Unreadable as error:
        _print_unreadable(file, error.problem, json_)
        raise typer.Exit(Exit.NO) from None
    if isinstance(came, Planned):
        _print_plan(file, came, json_)
        return
    if isinstance(came, NotTaken):
        _print_not_taken(came, json_)
        raise typer.Exit(Exit.NO)
    batch, rows, ended = came
    if json_:
        print_json({"batch": batch, "rows": rows})
    else:
        print_some([row for row in rows if row.result not in GOOD])
        print_sum(batch)
        if batch.counts.of(RowResult.INVALID):
            line("mend rows and give the file again: what was decided is not decided again")
        if batch.counts.pending and ended:
            line(f"it goes on by itself: `starter.py batches {batch.id[:SHORT]} --follow`")
    if not (batch.counts.good and ended):
        raise typer.Exit(Exit.NO)


async def _decide(
    file: str, reviewer: str | None, stage: "Status", by: str, manner: Manner
) -> "NotTaken | Planned | tuple[Batch, list[BatchRow], bool]":
    """What came of it: a batch with its rows, and whether it does not stand still."""
    from gateways.batches import Batches
    from operations.batches import Ordered, Taken, find_batch
    from operations.decisions import order_decisions
    from operations.reading import opened
    from operations.services import open_services

    ordered = Ordered(
        by=by,
        rate=manner.rate,
        again=manner.again,
        all_or_nothing=manner.all_or_nothing,
        dry_run=manner.dry_run,
    )
    async with open_services(settings()) as services:
        with opened(file) as source:
            _of_many(source.many)
            told = "nothing was sent" if manner.dry_run else WHETHER_TAKEN
            taken = await unless_ctrl_c(
                order_decisions(source, services, ordered, reviewer=reviewer, stage=stage),
                f"interrupted at {file}: {told}",
            )
        if not isinstance(taken, Taken):
            return taken
        if taken.kept:
            left = f"; {AS_ORDERED}" if taken.batch.counts.pending else ""
            warn(f"{file} was taken before, as batch {taken.batch.id[:SHORT]}: {_KEPT}{left}")
        ended = not manner.follow or await watch(taken.batch, services)
        batch = await find_batch(taken.batch.id, services.registry)
        rows = [row async for row in Batches(services.registry).rows(batch.id)]
        return batch, rows, ended


def _of_many(many: bool) -> None:
    if not many:
        fail("--from: give a CSV, Excel or JSON Lines file, one decision a row", Exit.USAGE)


def _print_plan(file: str, planned: "Planned", json_: bool) -> None:
    verdicts = [work.work["verdict"] for work in planned.due]
    if json_:
        would = [
            {"row": work.row, "filing_id": work.filing_id} | verdict
            for work, verdict in zip(planned.due, verdicts, strict=True)
        ]
        print_json({"taken_before": planned.kept, "would_send": would, "rows": planned.bad})
    else:
        if planned.kept:
            warn(f"{file} was taken before: {_KEPT}")
        print_some(list(planned.bad))
        kinds = Counter((v["stage"], v["decision"]["outcome"]) for v in verdicts)
        sent = [f"{count} × {stage} {outcome}" for (stage, outcome), count in sorted(kinds.items())]
        line(f"{planned.counts.rows} rows: {', '.join(counted(planned.counts))}")
        line(f"would send {', '.join(sent) or 'nothing'}")
    if planned.bad:
        raise typer.Exit(Exit.NO)


def _print_not_taken(taken: "NotTaken", json_: bool) -> None:
    if json_:
        print_json({"batch": None, "rows": taken.invalid})
        return
    print_some(list(taken.invalid))
    line(("✗ nothing sent", "red"), f": {len(taken.invalid)} of {taken.rows} rows are invalid")


def _print_unreadable(file: str, problem: Problem, json_: bool) -> None:
    if json_:
        print_json({"batch": None, "file": file, "problems": [problem]})
    else:
        line(("✗ invalid", "red"), f"  {file}: {problem.message}({problem.code}):{problem.fix}")
