"""The inventory, and the marks for clear-out, in the registry's database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING

import asyncpg

from filing.inventory import InventoryItem
from filing.listing import MiniProgramFacts, NumberHeld, Verdict
from filing.model import CHINA, Model
from filing.sweep import Known, OpenFiling, Told, listing_uid
from gateways.registry import Registry

if TYPE_CHECKING:
    from gateways.database import Connection

SWEEP_LOCK = 0x6265_6961_6E_03
"""Key of the advisory lock under which one sweep at a time tells people ("beian", 3)."""

LONG = 600.0
"""Seconds that a statement over a whole file may take."""


class ImportCounts(Model):
    """What an import changes, or would change."""

    new: int
    changed: int
    unchanged: int


class Twice(Model):
    """An appid that stands in several lines of a file."""

    appid: str
    lines: tuple[int, ...]


class InventoryImport:
    """One import, inside one transaction. Nothing reaches the inventory before `apply`."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    async def add(self, items: Sequence[tuple[int, InventoryItem]]) -> None:
        """Keep mini programs, each with its line, where the database can compare them."""
        await self._connection.copy_records_to_table(
            "incoming",
            records=[
                (line, item.appid, item.name, item.contact, item.listed_since)
                for line, item in items
            ],
        )

    async def twice(self, most: int) -> list[Twice]:
        """Appids that were added more than once, by their first lines."""
        rows = await self._connection.fetch(
            "select appid, array_agg(line order by line) as lines from incoming"
            " group by appid having count(*) > 1 order by min(line) limit $1",
            most,
            timeout=LONG,
        )
        return [Twice(appid=row["appid"], lines=tuple(row["lines"])) for row in rows]

    async def counts(self) -> ImportCounts:
        """What `apply` would change. Of imports at the same time each counts by what the one before
        has left: from here on the others wait."""
        await self._connection.execute(
            "lock table inventory in share row exclusive mode", timeout=LONG
        )
        row = await self._connection.fetchrow(
            """
            select count(*) filter (where known.appid is null) as new,
                count(*) filter (where known.appid is not null and (known.name, known.contact,
                    known.listed_since) is distinct from (incoming.name, incoming.contact,
                    incoming.listed_since)) as changed,
                count(*) as total
            from incoming left join inventory known using (appid)
            """,
            timeout=LONG,
        )
        assert row is not None
        same = row["total"] - row["new"] - row["changed"]
        return ImportCounts(new=row["new"], changed=row["changed"], unchanged=same)

    async def apply(self) -> None:
        """Bring the inventory to what was added; what it says already is left as it is."""
        await self._connection.execute(
            """
            insert into inventory (appid, name, contact, listed_since)
            select appid, name, contact, listed_since from incoming
            on conflict (appid) do update set name = excluded.name, contact = excluded.contact,
                listed_since = excluded.listed_since, changed_at = now()
            where (inventory.name, inventory.contact, inventory.listed_since)
                is distinct from (excluded.name, excluded.contact, excluded.listed_since)
            """,
            timeout=LONG,
        )


class Inventory:
    """Implements `activities.ports.Listed`, and what the command line asks. Raises what `Registry`
    raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    @asynccontextmanager
    async def importing(self) -> AsyncIterator[InventoryImport]:
        """An import: what is done in it happens at its end, all or nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "create temporary table incoming (line bigint, appid text, name text,"
                " contact text, listed_since date) on commit drop"
            )
            yield InventoryImport(connection)

    async def known(self, appid: str) -> Known | None:
        """What is known of a mini program; None where it is neither in the inventory nor filed."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow("select * from inventory where appid = $1", appid)
            filings = await _filings(connection, [appid])
            open_filings = await _open_filings(connection, [appid])
        if row is None and appid not in filings and appid not in open_filings:
            return None
        return Known(
            appid=appid,
            name=row["name"] if row else None,
            contact=row["contact"] if row else None,
            facts=MiniProgramFacts(
                listed_since=row["listed_since"] if row else None, filings=filings.get(appid, ())
            ),
            open_filing=open_filings.get(appid),
        )

    async def page(self, after: str, size: int) -> list[Known]:
        """The next mini programs of the inventory, in order of their appids."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                "select * from inventory where appid > $1 order by appid limit $2", after, size
            )
            appids = [row["appid"] for row in rows]
            filings = await _filings(connection, appids)
            open_filings = await _open_filings(connection, appids)
        return [
            Known(
                appid=row["appid"],
                name=row["name"],
                contact=row["contact"],
                facts=MiniProgramFacts(
                    listed_since=row["listed_since"], filings=filings.get(row["appid"], ())
                ),
                open_filing=open_filings.get(row["appid"]),
            )
            for row in rows
        ]

    async def mark(self, verdicts: dict[str, Verdict], day: date) -> tuple[int, int]:
        """See `activities.ports.Listed.mark`."""
        marked = {a: v.clear_out_from for a, v in verdicts.items() if v.marked}
        async with self._pool.acquire() as connection, connection.transaction():
            new = await connection.fetch(
                """
                insert into clear_out_marks (appid, clear_out_from, marked_on)
                select *, $3 from unnest($1::text[], $2::date[])
                on conflict (appid, clear_out_from) do update
                    set marked_on = excluded.marked_on, lifted_on = null
                    where clear_out_marks.lifted_on is not null
                returning appid
                """,
                list(marked),
                list(marked.values()),
                day,
            )
            lifted = await connection.fetch(
                """
                update clear_out_marks set lifted_on = $4
                where appid = any($1) and lifted_on is null and not exists (
                    select from unnest($2::text[], $3::date[]) as standing (appid, since)
                    where standing.appid = clear_out_marks.appid
                        and standing.since = clear_out_marks.clear_out_from
                )
                returning appid
                """,
                list(verdicts),
                list(marked),
                list(marked.values()),
                day,
            )
        return len(new), len(lifted)

    async def told(self, exposed: Sequence[tuple[str, date]]) -> dict[str, Told]:
        """When the owners of these mini programs (with the day their clear-out begins) were told
        last of that day, by appid; those never told are left out."""
        uids = {listing_uid(appid, day): appid for appid, day in exposed}
        rows = await self._pool.fetch(
            "select distinct on (uid) uid, sequence, sent_at from notices"
            " where uid = any($1) and audience = 'applicant' and sent_at is not null"
            " order by uid, sent_at desc",
            list(uids),
        )
        return {
            uids[row["uid"]]: Told(step=row["sequence"], at=row["sent_at"].astimezone(CHINA))
            for row in rows
        }

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """See `activities.ports.Listed.alone`."""
        # It ends with the transaction, also when this process is killed or behind a pooler.
        async with self._pool.acquire() as connection, connection.transaction():
            yield bool(
                await connection.fetchval("select pg_try_advisory_xact_lock($1)", SWEEP_LOCK)
            )


async def _filings(
    connection: "Connection", appids: list[str]
) -> dict[str, tuple[NumberHeld, ...]]:
    """The numbers that mini programs have, or had last."""
    rows = await connection.fetch(
        "select appid, filing_number as number, filed_on, ended_on, status as ended_by"
        " from mini_programs where appid = any($1) and filing_number is not null",
        appids,
    )
    return {row["appid"]: (_number_held(row),) for row in rows}


def _number_held(row: asyncpg.Record) -> NumberHeld:
    ended = row["ended_by"] != "filed"
    return NumberHeld(
        number=row["number"],
        filed_on=row["filed_on"],
        ended_on=row["ended_on"] if ended else None,
        ended_by=row["ended_by"] if ended else "cancelled",
    )


async def _open_filings(connection: "Connection", appids: list[str]) -> dict[str, OpenFiling]:
    """The open filing of each, where there is one."""
    rows = await connection.fetch(
        "select appid, uid, filing_id, kind, status, view->>'status_label' as status_label from filings"
        " where appid = any($1) and closed_at is null order by started_at",
        appids,
    )
    return {
        row["appid"]: OpenFiling(**{name: row[name] for name in OpenFiling.model_fields})
        for row in rows
    }
