"""Taking in files of many: read and checked to the end first, then a durable batch that a worker
carries out, whatever becomes of who ordered it.

Nothing of a file is there before all of it is: rows go to the registry in one transaction, which a
kill undoes. The batch is named by the file's SHA-256, so the same file again is the same batch.
"""

import asyncio
import contextlib
import os
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any, NoReturn

from temporalio.client import WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from filing.application import Application, mini_program_filing_id, workflow_id
from filing.batches import (
    ACTION_LABELS,
    BATCH_WORKFLOW,
    GOOD,
    SHORT,
    TWICE_IN_FILE,
    Batch,
    BatchAction,
    BatchCounts,
    BatchOrder,
    BatchRow,
    RowResult,
    batch_workflow_id,
)
from filing.identifiers import is_appid
from filing.model import Model
from filing.problems import Problem
from filing.vocabulary import SUBJECT_KINDS
from gateways.batches import Ambiguous, Batches, NewBatch, NewRow, OtherAction, TakingIn
from gateways.discovery import ServiceUnreachable
from gateways.registry import Registry
from gateways.temporal import TASK_QUEUE
from operations.formats import Unreadable
from operations.reading import Document, Source
from operations.services import Services, now
from operations.start import Confirmed, ready
from operations.tables import APPLICATIONS, Table

_TWIN = "与第 {row} 行是同一项备案"
_OTHER_TWIN = Problem(
    path="",
    code=TWICE_IN_FILE,
    message=f"{_TWIN},内容却不同",
    fix="请核对两行是哪一项备案，改正或删除其中一行",
)
ROWS_AT_ONCE = 200
READ_AT_ONCE = min(os.cpu_count() or 1, 8)
LOOK_EVERY = 0.5
"""Seconds between looks at a batch that is followed."""
TAKEN_UP_WITHIN = timedelta(seconds=30)


class NoSuchBatch(Exception):
    """No batch, or several, have this id."""


class Ordered(Model):
    """How a batch is to be carried out."""

    by: str
    rate: float
    queue: bool = False
    again: bool = False
    all_or_nothing: bool = False
    dry_run: bool = False
    """All of it is read and checked as if it were ordered, and then undone."""


class Taken(Model):
    """A batch that was ordered; `kept`: it had been ordered before, and nothing was added."""

    batch: Batch
    kept: bool
    taken_up: int
    """Rows that this order added, or took up once more."""


class NotTaken(Model):
    """A file of which nothing was taken in."""

    file: str
    rows: int
    invalid: tuple[BatchRow, ...]


Progress = Callable[[int], None]
"""Told how many rows were read."""
ReadRow = Callable[[Document], Coroutine[Any, Any, NewRow]]
"""What a row becomes: work, or problems."""


class Due(Model):
    """A row that would be done."""

    row: int
    filing_id: str | None
    work: dict[str, Any]


class Planned(Model):
    """What an order would do now; nothing of it was done."""

    kept: bool
    """The file was taken before: only what is left of it would be done."""
    counts: BatchCounts
    due: tuple[Due, ...]
    bad: tuple[BatchRow, ...]
    """Those that nobody wants: wrong now, or come to nothing before."""


class _Back(Exception):
    """Undo what was taken in."""

    def __init__(self, found: NotTaken | Planned) -> None:
        super().__init__("undo")
        self.found = found


async def order_starts(
    source: Source,
    services: Services,
    ordered: Ordered,
    *,
    confirmed: Confirmed,
    progress: Progress = lambda rows: None,
) -> Taken | NotTaken:
    """Have a file's applications started: valid ones although others are not, unless it is to be
    all or nothing. Raises `Unreadable` where the file cannot be read to its end."""
    today = now().date()

    async def application(document: Document) -> NewRow:
        found = await ready(document, services, today, confirmed)
        if not isinstance(found, Application):
            return invalid(document, found)
        return NewRow(
            row=document.row,
            filing_id=workflow_id(found),
            mini_program=found.mini_program.name,
            work=found.model_dump(mode="json", exclude_defaults=True),
        )

    taken = await take_in(
        source,
        services,
        ordered,
        BatchAction.START,
        application,
        twins=RowResult.ALREADY_OPEN,
        progress=progress,
    )
    assert not isinstance(taken, Planned)  # a dry run of starts asks no registry
    return taken


def invalid(document: Document, problems: tuple[Problem, ...]) -> NewRow:
    """A row with which nothing can be done; of which filing, where it says so. Not its name: where
    cells have slipped by a column, anything may stand there."""
    data = document.data or {}
    program = data.get("mini_program")
    appid = program.get("appid") if isinstance(program, dict) else None
    of_subject = any(data.get("kind") == kind for kind in SUBJECT_KINDS)
    known = isinstance(appid, str) and is_appid(appid) and not of_subject
    return NewRow(
        row=document.row,
        filing_id=mini_program_filing_id(str(appid)) if known else None,
        mini_program=None,
        work=None,
        problems=problems,
    )


async def take_in(
    source: Source,
    services: Services,
    ordered: Ordered,
    action: BatchAction,
    read: ReadRow,
    *,
    twins: RowResult,
    table: Table[Any] = APPLICATIONS,
    progress: Progress = lambda rows: None,
) -> Taken | NotTaken | Planned:
    """Take a file in, unless it was before, and have a worker carry it out. `twins`: what becomes of
    rows about the same filing as an earlier one. Raises `Unreadable`, also for a file that was taken
    in for something else."""
    batches = Batches(services.registry)
    new = NewBatch(
        id=source.sha256,
        action=action,
        file=source.path,
        by=ordered.by,
        rate=ordered.rate,
        queue=ordered.queue,
    )
    taken_up = 0
    kept = False
    try:
        async with batches.taking_in(new.id) as taking:
            first = await _order(taking, new)
            kept = not first and not ordered.again
            if not kept:
                wanted = None if first else await taking.order_again(new)
                documents = source.documents(table)
                taken_up = await _read_all(documents, taking, read, wanted, progress)
                await taking.set_twins_aside(twins, _TWIN, _OTHER_TWIN)
                if ordered.all_or_nothing:
                    await _all_valid(source, taking)
            if ordered.dry_run:
                await _only_planned(taking, kept)
    except _Back as back:
        return back.found
    batch = await find_batch(new.id, services.registry)
    await see_to(batch, services)
    return Taken(batch=batch, kept=kept, taken_up=taken_up)


async def _order(taking: TakingIn, new: NewBatch) -> bool:
    try:
        return await taking.order(new)
    except OtherAction as other:
        raise Unreadable(
            "other_batch",
            f"这个文件已经作为“{ACTION_LABELS[other.action]}”办理过（批次 {new.id[:SHORT]}）",
            "请核对文件：申请用 start，审核决定用 decide --from",
        ) from None


async def _only_planned(taking: TakingIn, kept: bool) -> NoReturn:
    results: Counter[RowResult] = Counter()
    due: list[Due] = []
    bad: list[BatchRow] = []
    async for row, work in taking.works():
        results[row.result] += 1
        if row.result is RowResult.PENDING and work is not None:
            due.append(Due(row=row.row, filing_id=row.filing_id, work=work))
        elif row.result not in GOOD:
            bad.append(row)
    counts = BatchCounts(rows=results.total(), results=dict(results))
    raise _Back(Planned(kept=kept, counts=counts, due=tuple(due), bad=tuple(bad)))


async def _all_valid(source: Source, taking: TakingIn) -> None:
    if found := await taking.rows(RowResult.INVALID):
        rows = (await taking.counts()).rows
        raise _Back(NotTaken(file=source.path, rows=rows, invalid=tuple(found)))


async def _read_all(
    documents: Iterator[Document],
    taking: TakingIn,
    read: ReadRow,
    wanted: set[int] | None,
    progress: Progress,
) -> int:
    """Take in the rows that are wanted, all where None is said; how many. Some are read at the same
    time, each core one: most of it is their pictures, and is done in threads."""
    count = taken = 0
    some: list[NewRow] = []
    reading: deque[asyncio.Task[NewRow]] = deque()
    try:
        for count, document in enumerate(documents, start=1):
            if wanted is None or document.row in wanted:
                reading.append(asyncio.create_task(read(document)))
                taken += 1
            while len(reading) >= READ_AT_ONCE:
                some.append(await reading.popleft())
            if len(some) >= ROWS_AT_ONCE:
                await taking.add(some)
                some.clear()
            progress(count - len(reading))
        for task in reading:
            some.append(await task)
        await taking.add(some)
        progress(count)
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    return taken


async def see_to(batch: Batch, services: Services) -> None:
    """Have a worker carry out what is left of it; one that is at it is told to look again."""
    if not batch.counts.pending:
        return
    await services.client.start_workflow(
        BATCH_WORKFLOW,
        BatchOrder(batch=batch.id),
        id=batch_workflow_id(batch.id),
        task_queue=TASK_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal="more",
        static_summary=f"{batch.action.value} · {batch.counts.rows} rows · {batch.id[:SHORT]}",
    )


async def stop(batch: Batch, services: Services) -> bool:
    """Have its workflow end after the rows that it is at; whether there was one."""
    if not await _runs(batch, services):
        return False
    try:
        await services.client.get_workflow_handle(batch_workflow_id(batch.id)).cancel()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _runs(batch: Batch, services: Services) -> bool:
    try:
        handle = services.client.get_workflow_handle(batch_workflow_id(batch.id))
        return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise


async def find_batch(id_: str, registry: Registry) -> Batch:
    """The batch whose id begins so. Raises `NoSuchBatch`."""
    try:
        batch = await Batches(registry).find(id_)
    except Ambiguous:
        raise NoSuchBatch(f"several batches begin with {id_}: give more digits") from None
    if batch is None:
        raise NoSuchBatch(f"no batch {id_}; `starter.py batches` lists them")
    return batch


async def follow(batch: Batch, services: Services, progress: Callable[[BatchCounts], None]) -> bool:
    """Wait until no row is left, or it is stopped; whether none is left. Raises `ServiceUnreachable`
    where no worker takes it up: it is done when one runs."""
    batches = Batches(services.registry)
    clock = asyncio.get_running_loop().time
    since, before = clock(), batch.counts.pending
    while True:
        counts = await batches.counts(batch.id)
        progress(counts)
        if not counts.pending:
            return True
        if counts.pending != before:
            since, before = clock(), counts.pending
        else:
            with contextlib.suppress(RPCError):  # while the server is away, the batch waits too
                if not await _runs(batch, services):
                    # The last row may have been done since.
                    return not (await batches.counts(batch.id)).pending
        if clock() - since > max(TAKEN_UP_WITHIN.total_seconds(), 3 / batch.rate):
            raise ServiceUnreachable(
                f"no row was done within {TAKEN_UP_WITHIN.total_seconds():.0f} s: does a worker run? "
                f"{counts.pending} of {counts.rows} rows are left, and are done when one does: see "
                f"`starter.py batches {batch.id[:SHORT]}`"
            )
        await asyncio.sleep(LOOK_EVERY)
