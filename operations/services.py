"""The services that operations need, opened together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from filing.model import CHINA
from gateways.database import close_pool, open_pool
from gateways.discovery import ServiceUnreachable, database_url
from settings import Settings, WrongSettings

if TYPE_CHECKING:
    from temporalio.client import Client

    from gateways.database import Pool
    from gateways.materials import MaterialsStore
    from gateways.registry import Registry


@dataclass(frozen=True)
class Services:
    """Temporal, the registry and the materials store, ready for use."""

    settings: Settings
    client: "Client"
    registry: "Registry"
    materials: "MaterialsStore"


def now() -> datetime:
    """Wall time, in China time."""
    return datetime.now(CHINA)


REGISTRY_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What the registry raises where it cannot be reached or fails."""


def unreachable(error: Exception) -> ServiceUnreachable:
    """What is told of it; their own texts may repeat an address with its password."""
    return ServiceUnreachable(
        f"the registry (PostgreSQL) cannot be reached ({type(error).__name__}); is `starter.py up` "
        "still running, or is BEIAN_DATABASE_URL right?"
    )


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator["Pool"]:
    """Connections to the registry, for what only reads a list. Raises `ServiceUnreachable`."""
    try:
        pool = await open_pool(database_url(settings), most_connections=4)
    except REGISTRY_AWAY as error:
        raise unreachable(error) from error
    try:
        yield pool
    finally:
        await asyncio.shield(close_pool(pool))


@asynccontextmanager
async def open_registry(settings: Settings) -> AsyncIterator["Registry"]:
    """The registry alone. Raises `ServiceUnreachable`."""
    # A fifth of a second to import, with all models of an application, which a list does not need.
    from gateways.registry import Registry

    async with open_database(settings) as pool:
        yield Registry(pool)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """All of them. Raises `ServiceUnreachable`."""
    # Takes half a second to import, which the registry alone does not need.
    from gateways.materials import materials_store
    from gateways.temporal import connect

    client = await connect(settings)
    async with open_registry(settings) as registry:
        yield Services(settings, client, registry, materials_store(settings))


async def migrate_registry(settings: Settings) -> str:
    """Bring the registry to the current schema; gives its revision. Raises `ServiceUnreachable`,
    `WrongSettings`."""
    # Half a second to import, which nothing else needs.
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from gateways.migrate import upgrade

    try:
        return await upgrade(database_url(settings))
    except REGISTRY_AWAY as error:
        raise unreachable(error) from error
    except (SQLAlchemyError, CommandError) as error:
        # What asyncpg raised. Its text, and SQLAlchemy's, may repeat parts of the address.
        cause = getattr(getattr(error, "orig", None), "__cause__", None) or error
        if isinstance(cause, asyncpg.exceptions.ClientConfigurationError):
            raise WrongSettings(
                "BEIAN_DATABASE_URL: not a PostgreSQL address; write it as "
                "postgresql://user:password@host:5432/database"
            ) from None
        raise ServiceUnreachable(
            f"the registry's schema cannot be made current ({type(cause).__name__}): is "
            "BEIAN_DATABASE_URL right, and may its user create tables there?"
        ) from error
