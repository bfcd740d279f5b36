"""Connections to the registry's PostgreSQL, as every reader and writer of it has them. Light to import:
what only reads needs no model of an application."""

import asyncio
import contextlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from filing.model import CHINA
from gateways.event_log import canonical
from settings import WrongSettings

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )

REVISION = "0013"
"""The schema that this code speaks: the newest of `migrations/versions`, numbered in order."""
CLOSE_WITHIN = 5.0
ROLE = "beian_app"
"""The role without the right to change the log, taken where the migration could create it."""


class RegistryNotMigrated(Exception):
    """The database is no registry yet, or one of an older schema; the text says what to run."""


async def open_pool(database_url: str, *, most_connections: int) -> "Pool":
    """Connect, as in `await open_pool("postgresql://postgres@/beian?host=%2Ftmp%2Fpg", …)`.

    Raises `RegistryNotMigrated`, `WrongSettings` where the address is none, and what asyncpg
    raises where nobody answers (within 10 s).
    """
    pool = asyncpg.create_pool(
        database_url,
        min_size=0,  # else its own reconnecting fills the log while the database is away
        max_size=most_connections,
        init=_prepare,
        reset=_keep,
        timeout=10,
        command_timeout=30,
    )
    try:
        await _require_schema(await pool)
    except ValueError:
        # asyncpg repeats parts of the address, of the password too where it is not escaped.
        raise WrongSettings(
            "BEIAN_DATABASE_URL: not a PostgreSQL address; write it as "
            "postgresql://user:password@host:5432/database, with %-escapes for what is not a "
            "letter or digit in the password"
        ) from None
    except BaseException:
        await pool.close()
        raise
    return pool


async def close_pool(pool: "Pool") -> None:
    """Close all connections, once what runs on them has ended; cut them off after 5 s."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_WITHIN):
            await pool.close()  # cancelled, it cuts them off


def columns(row: asyncpg.Record) -> dict[str, Any]:
    """A row as keywords, its instants in China time."""
    return {
        name: value.astimezone(CHINA) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


async def _require_schema(pool: "Pool") -> None:
    try:
        revision = await pool.fetchval("select version_num from alembic_version")
    except asyncpg.UndefinedTableError:
        revision = None
    # A newer schema is left to work: steps only add, and workers are replaced one by one.
    if revision is None or revision < REVISION:
        found = f"at schema {revision}" if revision else "not set up"
        raise RegistryNotMigrated(
            f"the registry is {found}, this program needs schema {REVISION}: "
            "run `python starter.py migrate`"
        )


async def _keep(connection: "Connection") -> None:
    """Between uses of a connection, in place of asyncpg's query that resets its session: nothing here
    changes one (locks and settings are a transaction's own), and it was every third round trip. A
    transaction that is left open is rolled back before this."""


async def _prepare(connection: "Connection") -> None:
    """Once per connection, which keeps both."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=canonical, decoder=json.loads
    )
    # The role is the cluster's: it may have been made for another database, and have no rights here.
    may_take_role = await connection.fetchval(
        """
        select pg_has_role(oid, case when current_setting('server_version_num')::int >= 160000
                then 'set' else 'member' end)
            and has_table_privilege(oid, to_regclass('events')::oid, 'insert')
        from pg_roles where rolname = $1
        """,
        ROLE,
    )
    if may_take_role:
        await connection.execute(f"set role {ROLE}")
