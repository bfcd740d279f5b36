"""Direct children of the supervisor: they die with it, and hold the home's lock while they live."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from embedded.errors import StackError

Answer = TypeVar("Answer")

TETHER = Path(__file__).with_name("tether.py")
LARGEST_LOG = 10_000_000
"""Bytes from which on a log is put aside (one old one is kept) when its child starts."""


@dataclass(frozen=True)
class Account:
    """The system user that a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Launch:
    """What to start, and how it is tied to the supervisor."""

    name: str
    command: Sequence[str | Path]
    log: Path
    lock: int
    """Descriptor of the home's lock: a child that outlives the supervisor keeps the home taken."""
    death_signal: signal.Signals
    """What the child gets when the supervisor dies (Linux)."""
    environment: Mapping[str, str]
    account: Account | None = None
    folder: Path | None = None


class Child:
    """One running child."""

    def __init__(self, launch: Launch, process: asyncio.subprocess.Process, log_start: int) -> None:
        self.name = launch.name
        self.log = launch.log
        self._process = process
        self._log_start = log_start

    @classmethod
    async def start(cls, launch: Launch) -> "Child":
        """Start it. Call this on the main thread: the death signal follows the thread that forks."""
        account = launch.account or Account(-1, -1)
        log, log_start = _open_log(launch.log)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", TETHER),
                *(str(os.getpid()), str(launch.death_signal.value)),
                *(str(account.uid), str(account.gid)),
                *launch.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(launch.environment),
                cwd=launch.folder,
                pass_fds=(launch.lock,),
                # Out of our group: Ctrl-C reaches the supervisor alone, which stops them in order.
                process_group=0,
                umask=0o077,
            )
        except OSError as error:
            raise StackError(f"{launch.name} cannot be started: {error}") from error
        finally:
            os.close(log)
        return cls(launch, process, log_start)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as the event loop has heard."""
        return self._process.returncode is None

    async def until_ready(
        self, answer: Callable[[], Awaitable[Answer | None]], patience: float
    ) -> Answer:
        """Ask until there is an answer, for `patience` seconds at most, and give it.

        Raises `StackError` with the last lines of the log where it ended or was not ready in time.
        """
        try:
            async with asyncio.timeout(patience):
                while not (answered := await answer()):
                    if not self.alive:
                        raise StackError(f"{self.name} did not start: {self.epitaph()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise StackError(
                f"{self.name} was not ready in {patience:.0f} s: {self.epitaph()}"
            ) from None
        return answered

    async def wait(self) -> int:
        """Wait for its end and give its exit code, negative for a signal."""
        return await self._process.wait()

    async def stop(self, *signals: signal.Signals, patience: float) -> None:
        """Send each signal in turn, then SIGKILL, giving it `patience` seconds after each."""
        for number in signals:
            self._send(number)
            try:
                await asyncio.wait_for(self._process.wait(), patience)
            except TimeoutError:
                continue
            return
        await self.kill()

    async def kill(self) -> None:
        """End it at once."""
        self._send(signal.SIGKILL)
        await self._process.wait()

    def output(self) -> str:
        """The last 64 KB of what it wrote since it was started."""
        with self.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - 65_536))
            return log.read().decode("utf-8", "replace")

    def epitaph(self) -> str:
        """How it ended, where its log is, and the last lines there."""
        lines = [f"    {line}" for line in self.output().splitlines()[-8:]]
        ended = "runs" if self.alive else f"ended with exit code {self._process.returncode}"
        return "\n".join([f"{self.name} {ended}; its log is {self.log}", *lines])

    def _send(self, number: signal.Signals) -> None:
        if self.alive:
            try:
                self._process.send_signal(number)
            except ProcessLookupError:
                return  # it ended and the loop has not heard of it yet


def _open_log(path: Path) -> tuple[int, int]:
    """Open it for appending and say where that begins."""
    try:
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StackError(f"cannot write the log {path}: {error.strerror}") from error
    return log, os.fstat(log).st_size
