"""Batches in the registry's database: their rows, and what became of each."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from filing.batches import (
    TWICE_IN_FILE,
    Batch,
    BatchAction,
    BatchCounts,
    BatchRow,
    RowOutcome,
    RowResult,
    Work,
)
from filing.model import CHINA, Model
from filing.problems import Problem
from gateways.event_log import storable
from gateways.registry import Registry

if TYPE_CHECKING:
    import asyncpg

    from gateways.database import Connection

LONG = 3600.0
"""Seconds that one may wait for another who takes the same file in."""
PREFETCH = 1000
_COLUMNS = "row, result, filing_id, uid, mini_program, detail, done_at"


class NewBatch(Model):
    """A batch as it is ordered."""

    id: str
    action: BatchAction
    file: str
    by: str
    rate: float
    queue: bool = False


class NewRow(Model):
    """A row as it is taken in: with its work where it is valid, else with what is wrong."""

    row: int
    filing_id: str | None
    mini_program: str | None
    work: dict[str, Any] | None
    problems: tuple[Problem, ...] = ()


class Ambiguous(Exception):
    """Several batches begin with these digits."""


class OtherAction(Exception):
    """The same file was taken in for something else, and some of it was done or is to be."""

    def __init__(self, action: BatchAction) -> None:
        super().__init__(action.value)
        self.action = action


class TakingIn:
    """A batch that is being taken in, inside one transaction: all of it is there, or nothing."""

    def __init__(self, connection: "Connection", batch: str) -> None:
        self._connection = connection
        self._batch = batch
        self.times = 1

    async def order(self, new: NewBatch) -> bool:
        """Whether it is ordered for the first time, or was once, for something else, of which every
        row was wrong. Whoever comes second waits for the first. Raises `OtherAction`."""
        inserted = await self._connection.fetchval(
            "insert into batches (id, action, file, by, rate, queue) values ($1, $2, $3, $4, $5, $6)"
            " on conflict do nothing returning true",
            *(new.id, new.action.value, storable(new.file), storable(new.by), new.rate, new.queue),
            timeout=LONG,
        )
        if inserted:
            return True
        before = await self._connection.fetchval(
            "select action from batches where id = $1 for no key update", new.id, timeout=LONG
        )
        if before == new.action.value:
            return False
        mistaken = await self._connection.fetchval(
            "update batches set action = $2, file = $3, by = $4, rate = $5, queue = $6, times = 1,"
            " created_at = now() where id = $1 and not exists"
            " (select from batch_rows where batch = $1 and result <> 'invalid') returning true",
            *(new.id, new.action.value, storable(new.file), storable(new.by), new.rate, new.queue),
        )
        if not mistaken:
            raise OtherAction(BatchAction(before))
        return True

    async def order_again(self, new: NewBatch) -> set[int]:
        """Order it once more; the rows of which nothing came, or whose filing came to nothing."""
        self.times = await self._connection.fetchval(
            "update batches set times = times + 1, file = $2, by = $3, rate = $4, queue = $5"
            " where id = $1 returning times",
            *(new.id, storable(new.file), storable(new.by), new.rate, new.queue),
            timeout=LONG,
        )
        return await _to_do_again(self._connection, self._batch)

    async def add(self, rows: Sequence[NewRow]) -> None:
        """Take rows in, in place of what they came to before."""
        await self._connection.executemany(
            """
            insert into batch_rows
                (batch, row, times, filing_id, mini_program, work, result, detail, done_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, case when $7 = 'pending' then null else now() end)
            on conflict (batch, row) do update set times = excluded.times,
                filing_id = excluded.filing_id, mini_program = excluded.mini_program,
                work = excluded.work, result = excluded.result, detail = excluded.detail,
                done_at = excluded.done_at, begun_at = null, uid = null
            """,
            [
                (
                    self._batch,
                    row.row,
                    self.times,
                    row.filing_id,
                    storable(row.mini_program),
                    storable(row.work) if row.work else None,
                    (RowResult.PENDING if row.work else RowResult.INVALID).value,
                    storable(_detail(RowOutcome(result=RowResult.INVALID, problems=row.problems))),
                )
                for row in rows
            ],
        )

    async def set_twins_aside(self, result: RowResult, explanation: str, other: Problem) -> None:
        """Of rows about the same filing the first counts. The others come to this at once, or are
        invalid for that `other` problem where they say something else; `{row}` in the explanation and
        in the problem's message is the first."""
        await self._connection.execute(
            """
            with firsts as (
                -- What is done already comes before what is taken up once more.
                select distinct on (filing_id) filing_id, row from batch_rows
                where batch = $1 and result <> 'invalid'
                order by filing_id, result = 'pending', row
            ), twins as (
                select twin.row, first.row as first,
                    -- What was done before is no longer known.
                    coalesce(twin.work <> first.work, false) as differs
                from batch_rows as twin join firsts using (filing_id)
                    join batch_rows as first on first.batch = $1 and first.row = firsts.row
                where twin.batch = $1 and twin.result = 'pending' and twin.row <> firsts.row
            )
            update batch_rows set work = null, done_at = now(),
                result = case when differs then 'invalid' else $2 end,
                detail = case when differs then jsonb_build_object('problems',
                    jsonb_build_array($5::jsonb || jsonb_build_object(
                        'message', replace($5::jsonb->>'message', '{row}', twins.first::text)
                    )))
                else jsonb_build_object(
                    'code', $3::text,
                    'explanation', replace($4::text, '{row}', twins.first::text)
                ) end
            from twins where batch_rows.batch = $1 and batch_rows.row = twins.row
            """,
            *(self._batch, result.value, TWICE_IN_FILE, explanation),
            other.model_dump(mode="json"),
            timeout=LONG,
        )

    async def counts(self) -> BatchCounts:
        """How many rows came to what."""
        return (await _counts(self._connection, [self._batch]))[self._batch]

    async def works(self) -> AsyncIterator[tuple[BatchRow, dict[str, Any] | None]]:
        """All rows as they are at one moment, in order, with their work where it is to be done."""
        async for row in self._connection.cursor(
            f"select {_COLUMNS}, work from batch_rows where batch = $1 order by row",  # noqa: S608
            self._batch,
            prefetch=PREFETCH,
        ):
            yield _row(row), row["work"]

    async def rows(self, result: RowResult) -> list[BatchRow]:
        """The rows with that result, in order."""
        return [_row(r) async for r in _cursor(self._connection, self._batch, result)]


class Batches:
    """What commands and the worker ask of batches. Raises what `Registry` raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    @asynccontextmanager
    async def taking_in(self, batch: str) -> AsyncIterator[TakingIn]:
        """Take a batch in: what is done in it is there at its end, all or nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield TakingIn(connection, batch)

    async def find(self, id: str) -> Batch | None:
        """The batch whose id begins so. Raises `Ambiguous`."""
        rows = await self._pool.fetch(
            "select * from batches where starts_with(id, $1) order by created_at limit 2",
            id.removeprefix("batch-").lower(),
        )
        if len(rows) > 1:
            raise Ambiguous(id)
        return (await self._with_counts(rows))[0] if rows else None

    async def latest(self, limit: int) -> list[Batch]:
        """The newest first."""
        rows = await self._pool.fetch(
            "select * from batches order by created_at desc, id limit $1", limit
        )
        return await self._with_counts(rows)

    async def _with_counts(self, rows: "list[asyncpg.Record]") -> list[Batch]:
        async with self._pool.acquire() as connection:
            counts = await _counts(connection, [row["id"] for row in rows])
        return [
            Batch(
                **dict(row) | {"created_at": row["created_at"].astimezone(CHINA)},
                counts=counts[row["id"]],
            )
            for row in rows
        ]

    async def counts(self, batch: str) -> BatchCounts:
        """How many rows of a batch came to what."""
        async with self._pool.acquire() as connection:
            return (await _counts(connection, [batch]))[batch]

    async def rows(self, batch: str, result: RowResult | None = None) -> AsyncIterator[BatchRow]:
        """Its rows in order, streamed."""
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            async for row in _cursor(connection, batch, result):
                yield _row(row)

    async def pending(self, batch: str, size: int) -> list[Work]:
        """The next rows to be done."""
        rows = await self._pool.fetch(
            "select batch, row, times, filing_id, work, begun_at is not null as begun"
            " from batch_rows where batch = $1 and result = 'pending' order by row limit $2",
            batch,
            size,
        )
        return [Work(**dict(row)) for row in rows]

    async def begin(self, work: Work) -> None:
        """Right before a row is done for the first time."""
        await self._pool.execute(
            "update batch_rows set begun_at = now()"
            " where batch = $1 and row = $2 and times = $3 and result = 'pending'",
            *(work.batch, work.row, work.times),
        )

    async def end(self, work: Work, outcome: RowOutcome) -> None:
        """What a row came to. The first answer stays."""
        await self._pool.execute(
            "update batch_rows set result = $4, uid = $5, detail = $6, done_at = now(), work = null"
            " where batch = $1 and row = $2 and times = $3 and result = 'pending'",
            *(work.batch, work.row, work.times, outcome.result.value, outcome.uid),
            storable(_detail(outcome)),
        )


def _detail(outcome: RowOutcome) -> dict[str, Any]:
    found = outcome.model_dump(mode="json", exclude={"result", "uid"}, exclude_defaults=True)
    # So that a row without a fix in its problems is read back as it was.
    return found | (
        {"problems": [p.model_dump(mode="json") for p in outcome.problems]}
        if outcome.problems
        else {}
    )


def _row(row: "asyncpg.Record") -> BatchRow:
    done = row["done_at"]
    return BatchRow(
        row=row["row"],
        result=row["result"],
        filing_id=row["filing_id"],
        uid=row["uid"],
        mini_program=row["mini_program"],
        done_at=done.astimezone(CHINA) if done else None,
        **row["detail"],
    )


async def _cursor(
    connection: "Connection", batch: str, result: RowResult | None
) -> AsyncIterator["asyncpg.Record"]:
    async for row in connection.cursor(
        f"select {_COLUMNS} from batch_rows"  # noqa: S608 — of our own
        " where batch = $1 and ($2::text is null or result = $2) order by row",
        batch,
        result.value if result else None,
        prefetch=PREFETCH,
    ):
        yield row


async def _counts(connection: "Connection", batches: list[str]) -> dict[str, BatchCounts]:
    rows = await connection.fetch(
        "select batch, result, count(*) as count from batch_rows where batch = any($1)"
        " group by batch, result",
        batches,
    )
    results: dict[str, dict[RowResult, int]] = {batch: {} for batch in batches}
    for row in rows:
        results[row["batch"]][RowResult(row["result"])] = row["count"]
    return {
        batch: BatchCounts(rows=sum(found.values()), results=found)
        for batch, found in results.items()
    }


async def _to_do_again(connection: "Connection", batch: str) -> set[int]:
    """Of which nothing came, or whose filing was rejected, lapsed or ended from outside. One that was
    withdrawn somebody took back, and one that is open or approved stays what it is; so does a row about
    the same filing as an earlier one, for the file is the same."""
    rows = await connection.fetch(
        """
        select row from batch_rows left join filings using (uid)
        where batch = $1 and (
            result in ('invalid', 'busy', 'refused', 'failed')
            or (result = 'already_open' and uid is null)
            or (result in ('started', 'queued', 'already_open') and filings.closed_at is not null
                and filings.status not in ('approved', 'withdrawn'))
        ) and coalesce(detail->>'code', detail->'problems'->0->>'code', '') <> $2
        """,
        batch,
        TWICE_IN_FILE,
    )
    return {row["row"] for row in rows}
