"""For reviewers: decisions of a file, one a row."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import typer

from commands.batches import print_some, print_sum, watch
from commands.console import Exit, fail, line, print_json, run, settings, warn
from filing.batches import GOOD, SHORT, Batch, BatchRow, RowResult
from filing.problems import Problem

if TYPE_CHECKING:
    from operations.batches import NotTaken, Taken
    from operations.decisions import Planned


_KEPT = "nothing of it is decided twice; --again takes up the rows that came to nothing"


class Manner(NamedTuple):
    """How a file's decisions are to be made."""

    follow: bool
    again: bool
    all_or_nothing: bool
    rate: float
    dry_run: bool


def decide_from(file: str, reviewer: str | None, by: str, manner: Manner, json_: bool) -> None:
    """Have a file's decisions made, and print what became of each row."""
    from operations.formats import Unreadable

    try:
        if manner.dry_run:
            _print_plan(file, run(_plan(file, reviewer, manner.again)), json_)
            return
        taken, batch, rows = run(_decide(file, reviewer, by, manner))
    except Unreadable as error:
        _print_unreadable(file, error.problem, json_)
        raise typer.Exit(Exit.NO) from None
    if batch is None:
        _print_not_taken(taken, json_)
        raise typer.Exit(Exit.NO)
    if json_:
        print_json({"batch": batch, "rows": rows})
    else:
        print_some([row for row in rows if row.result not in GOOD])
        print_sum(batch)
        if batch.counts.pending:
            line(f"it goes on by itself: `starter.py batches {batch.id[:SHORT]} --follow`")
    if not batch.counts.good:
        raise typer.Exit(Exit.NO)


async def _decide(
    file: str, reviewer: str | None, by: str, manner: Manner
) -> "tuple[Taken | NotTaken, Batch | None, list[BatchRow]]":
    from gateways.batches import Batches
    from operations.batches import NotTaken, Ordered, find_batch
    from operations.decisions import order_decisions
    from operations.reading import opened
    from operations.services import open_services

    ordered = Ordered(
        by=by, rate=manner.rate, again=manner.again, all_or_nothing=manner.all_or_nothing
    )
    async with open_services(settings()) as services:
        with opened(file) as source:
            _of_many(source.many)
            try:
                taken = await order_decisions(source, services, ordered, reviewer=reviewer)
            except asyncio.CancelledError:
                warn(f"stopped at {file}: the same again goes on, and decides nothing twice")
                raise
        if isinstance(taken, NotTaken):
            return taken, None, []
        if taken.kept:
            warn(f"{file} was taken before, as batch {taken.batch.id[:SHORT]}: {_KEPT}")
        if manner.follow:
            await watch(taken.batch, services)
        batch = await find_batch(taken.batch.id, services.registry)
        return taken, batch, [row async for row in Batches(services.registry).rows(batch.id)]


async def _plan(file: str, reviewer: str | None, again: bool) -> "Planned":
    from operations.decisions import plan_decisions
    from operations.reading import opened
    from operations.services import open_services

    async with open_services(settings()) as services:
        with opened(file) as source:
            _of_many(source.many)
            return await plan_decisions(source, services, reviewer=reviewer, again=again)


def _of_many(many: bool) -> None:
    if not many:
        fail("--from: give a CSV, Excel or JSON Lines file, one decision a row", Exit.USAGE)


def _print_plan(file: str, planned: "Planned", json_: bool) -> None:
    known = planned.known
    wrong = [
        BatchRow(
            row=r.row,
            result=RowResult.INVALID,
            filing_id=r.filing_id,
            mini_program=r.mini_program,
            problems=r.problems,
        )
        for r in planned.rows
        if r.work is None
    ]
    verdicts = [(r, r.work["verdict"]) for r in planned.rows if r.work]
    if json_:
        would = [{"row": r.row, "filing_id": r.filing_id} | verdict for r, verdict in verdicts]
        told = {"would_send": would, "invalid": wrong}
        print_json(told | ({"taken_before": known} if known else {}))
    else:
        print_some(wrong)
        kinds = Counter(
            (verdict["stage"], verdict["decision"]["outcome"]) for _, verdict in verdicts
        )
        sent = [f"{count} × {stage} {outcome}" for (stage, outcome), count in sorted(kinds.items())]
        rows = f"{len(planned.rows)} rows"
        if known and planned.wanted is not None:
            warn(f"{file} was taken before, as batch {known.id[:SHORT]}: {_KEPT}")
            rows = f"{len(planned.wanted)} of its {known.counts.rows} rows would be taken up"
        line(f"{rows}: would send {', '.join(sent) or 'nothing'}; {len(wrong)} are invalid")
    if wrong:
        raise typer.Exit(Exit.NO)


def _print_not_taken(taken: "Taken | NotTaken", json_: bool) -> None:
    from operations.batches import NotTaken

    assert isinstance(taken, NotTaken)
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
