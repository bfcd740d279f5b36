"""The home folder of one stack: private, writable, and taken by one `up` at a time."""

import asyncio
import fcntl
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from embedded.errors import StackError
from gateways.discovery import UP_FILE, UpInfo

LOCK_FILE = "lock"
LOGS = "logs"
LOCK_PATIENCE = 10.0
"""Seconds that the children of a killed `up`, or one that is stopping, get to let go of the home."""


def prepare_home(home: Path) -> Path:
    """Make the home, for us alone, and give its absolute path. Raises `StackError`."""
    home = home.expanduser().absolute()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close_to_others(home)
        (home / LOGS).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unwritable(home, error) from error
    return home


@asynccontextmanager
async def held_lock(home: Path, progress: Callable[[str], None]) -> AsyncIterator[int]:
    """Take the home, and give the descriptor that the children are to inherit."""
    try:
        lock = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(home, error) from error
    try:
        await _acquire(lock, home, progress)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


@asynccontextmanager
async def announced(home: Path, info: UpInfo) -> AsyncIterator[None]:
    """Tell where the services are while they are there, in `up.json`."""
    path, new = home / UP_FILE, home / f"{UP_FILE}.new"
    try:
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(info.model_dump_json(indent=2) + "\n")
        new.replace(path)
    except OSError as error:
        raise _unwritable(home, error) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def forget_killed(home: Path) -> None:
    """Remove what a killed `up` announced. Call this with the lock held."""
    (home / UP_FILE).unlink(missing_ok=True)


def _close_to_others(home: Path) -> None:
    """Make the folder 0700, unless it is plainly somebody else's, such as `/tmp` or `/var`."""
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode == 0o700:
        return
    names = {entry.name for entry in home.iterdir()}
    if names and not names & {LOCK_FILE, "materials"}:
        raise StackError(
            f"{home} holds other files and is open to other users (mode {mode:o}); set BEIAN_HOME to "
            f"a folder that does not exist yet, such as {home / 'beian'}"
        )
    home.chmod(0o700)


async def _acquire(lock: int, home: Path, progress: Callable[[str], None]) -> None:
    deadline = asyncio.get_running_loop().time() + LOCK_PATIENCE
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        except OSError as error:
            raise StackError(
                f"{home} cannot be locked: {error.strerror}; set BEIAN_HOME to a folder on a local disk"
            ) from error
        else:
            return
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        if asyncio.get_running_loop().time() > deadline:
            raise StackError(
                f"another `up` runs on this home (pid {holder}): {home}; stop it, or set BEIAN_HOME "
                "to another folder"
            )
        if not told:
            told = True
            progress(f"waiting for the `up` that has this home (pid {holder}) to end")
        await asyncio.sleep(0.1)


def _unwritable(home: Path, error: OSError) -> StackError:
    return StackError(
        f"cannot write to {home}: {error.strerror}; set BEIAN_HOME to a folder that you can write to"
    )
