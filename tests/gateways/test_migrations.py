"""The schema: brought up to date by whoever may, once, and asked for where it is missing."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from filing.process.state import State
from gateways import migrate
from gateways.database import REVISION, ROLE, RegistryNotMigrated
from gateways.registry import Registry
from settings import WrongSettings

NewDatabase = Callable[[str], Awaitable[str]]


def test_the_registry_speaks_the_newest_schema() -> None:
    assert ScriptDirectory(str(migrate.SCRIPTS)).get_current_head() == REVISION


async def test_an_upgrade_can_be_repeated(new_database: NewDatabase) -> None:
    url = await new_database("postgres")
    assert await migrate.current(url) is None
    assert await migrate.upgrade(url) == REVISION
    assert await migrate.upgrade(url) == REVISION
    assert await migrate.current(url) == REVISION


async def test_upgrades_at_the_same_time_wait_for_one_another(new_database: NewDatabase) -> None:
    url = await new_database("postgres")
    assert await asyncio.gather(*(migrate.upgrade(url) for _ in range(4))) == [REVISION] * 4


async def test_a_user_who_may_create_no_role_gets_a_registry_all_the_same(
    admin: asyncpg.Connection,
    new_database: NewDatabase,
    new_state: Callable[..., State],
    database_url: str,
) -> None:
    # A `%` in the address must reach neither Alembic's nor SQLAlchemy's own notation.
    user = f"o%d {secrets.token_hex(4)}"
    await admin.execute(f'create role "{user}" login')
    url = await new_database(user)
    # Roles belong to the cluster: put away the one that other databases' upgrades have made.
    await admin.execute(f"alter role {ROLE} rename to put_away")
    try:
        assert await migrate.upgrade(url) == REVISION
        registry = await Registry.open(url)
    finally:
        await admin.execute(f"alter role put_away rename to {ROLE}")
    assert await registry.pool.fetchval("select current_user") == user
    assert await registry.write(new_state(), ()) == ()
    await registry.close()
    # A member of it by now, but it has no rights in this database.
    await admin.execute(f'grant {ROLE} to "{user}"')
    registry = await Registry.open(url)
    assert await registry.pool.fetchval("select current_user") == user
    await registry.close()


async def test_a_user_outside_an_existing_role_works_as_himself(
    admin: asyncpg.Connection, new_database: NewDatabase, database_url: str
) -> None:
    user = f"outside_{secrets.token_hex(4)}"
    await admin.execute(f"create role {user} login")
    url = await new_database(user)
    await migrate.upgrade(url)
    registry = await Registry.open(url)
    assert await registry.pool.fetchval("select current_user") == user
    await registry.close()


async def test_whoever_may_create_roles_is_a_member_of_it(
    admin: asyncpg.Connection, new_database: NewDatabase, new_state: Callable[..., State]
) -> None:
    user = f"creator_{secrets.token_hex(4)}"
    await admin.execute(f"create role {user} login createrole")
    url = await new_database(user)
    hidden = False
    if await admin.fetchval("select true from pg_roles where rolname = $1", ROLE):
        await admin.execute(f"alter role {ROLE} rename to put_away")
        hidden = True
    try:
        await migrate.upgrade(url)
        registry = await Registry.open(url)
        assert await registry.pool.fetchval("select current_user") == ROLE
        assert await registry.write(new_state(), ()) == ()
        await registry.close()
    finally:
        if hidden:
            await admin.execute(f"alter role {ROLE} rename to made_{user}")
            await admin.execute(f"alter role put_away rename to {ROLE}")


async def test_a_login_that_is_only_a_member_of_the_role_can_work(
    admin: asyncpg.Connection,
    address: Callable[[str, str], str],
    database_url: str,
    new_state: Callable[..., State],
) -> None:
    user = f"worker_{secrets.token_hex(4)}"
    await admin.execute(f"create role {user} login noinherit in role {ROLE}")
    database = database_url.partition("@/")[2].partition("?")[0]
    registry = await Registry.open(address(database, user))
    state = new_state()
    assert await registry.write(state, ()) == ()
    assert await registry.claim_number(f"苏ICP备{user}号-1X", state.uid)
    await registry.close()


async def test_every_use_of_a_connection_has_the_role(registry: Registry) -> None:
    for _ in range(3):
        async with registry.pool.acquire() as connection:
            assert await connection.fetchval("select current_user") == ROLE


async def test_a_database_that_was_not_migrated_says_what_to_run(new_database: NewDatabase) -> None:
    url = await new_database("postgres")
    with pytest.raises(RegistryNotMigrated, match=r"not set up.*starter\.py migrate"):
        await Registry.open(url)
    await migrate.upgrade(url)
    connection = await asyncpg.connect(url)
    await connection.execute("update alembic_version set version_num = '0000'")
    with pytest.raises(RegistryNotMigrated, match=r"0000.*starter\.py migrate"):
        await Registry.open(url)
    # A newer one is that of workers that are just being replaced.
    await connection.execute("update alembic_version set version_num = '9999'")
    await connection.close()
    await (await Registry.open(url)).close()


async def test_a_failed_connection_tells_no_password() -> None:
    with pytest.raises(OSError, match="Connect call failed") as refused:
        await Registry.open("postgresql://beian:s3cret@127.0.0.1:1/beian")
    assert "s3cret" not in str(refused.value)
    with pytest.raises(WrongSettings, match="BEIAN_DATABASE_URL") as wrong:
        await Registry.open("postgresql://beian:s3/cret@127.0.0.1/beian")
    assert "s3" not in str(wrong.value)
    assert wrong.value.__suppress_context__
