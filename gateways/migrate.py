"""Brings the registry's schema up to date, by Alembic, from inside the program."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

SCRIPTS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 0x6265_6961_6E
"""Key of the advisory lock under which one upgrade at a time runs ("beian")."""


async def upgrade(database_url: str) -> str:
    """Bring the registry to the current schema and give its revision, as in `0001`.

    All steps are one transaction. Upgrades at the same time wait for one another, so every worker
    of a new version may call this. `database_url` is what asyncpg takes, as in
    `postgresql://postgres@/beian?host=%2Ftmp%2Fpg`. Raises what asyncpg raises (`OSError`,
    `asyncpg.PostgresError`), wrapped by SQLAlchemy where a statement was refused.
    """
    engine = _engine(database_url)
    try:
        async with engine.begin() as connection:
            # Ends with the transaction, also when this process is killed or behind a pooler.
            await connection.execute(
                text("select pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK}
            )
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def current(database_url: str) -> str | None:
    """The registry's revision; None where it was never migrated. Raises as `upgrade` does."""
    engine = _engine(database_url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_revision)
    finally:
        await engine.dispose()


def _engine(database_url: str) -> AsyncEngine:
    # asyncpg itself reads the address: one reading of sockets, SSL and escapes for all of us, and
    # no second escaping of `%` for Alembic's configuration file.
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(database_url)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


def _upgrade(connection: Connection) -> str:
    # In this loop, not in a thread: the statements go through the caller's connection, and what
    # blocks beside them is the reading of a few small files.
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    command.upgrade(config, "head")
    revision = _revision(connection)
    if revision is None:
        raise RuntimeError("the upgrade ended without a revision: gateways/migrations is empty")
    return revision


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
