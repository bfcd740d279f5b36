"""An `up` in a process of its own, as operators run it, and what tests ask about it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from embedded.stack import discard_home
from gateways.discovery import UpInfo, read_up

T = TypeVar("T")
REPOSITORY = Path(__file__).resolve().parents[2]


class Supervisor:
    """One run of `up` on a home."""

    def __init__(self, home: Path, port_base: int = 0) -> None:
        self.home = home
        self.printed = home.with_name(f"{home.name}.{time.monotonic_ns()}.txt")
        # A wrong default of the machine must not decide what is tested.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("BEIAN_", "TEMPORAL_"))}
        with self.printed.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.embedded.up", str(home), str(port_base)],
                cwd=REPOSITORY,
                env=kept | {"TEMPORAL_NAMESPACE": "somebody-elses"},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def output(self) -> str:
        return self.printed.read_text()

    async def ready(self) -> UpInfo:
        """Wait for its own `up.json`, not one that a killed run left."""

        def info() -> UpInfo | None:
            assert self._process.poll() is None, self.output()
            found = read_up(self.home)
            return found if found and found.pid == self.pid else None

        return await eventually(info, within=30)

    def family(self) -> list[int]:
        """Its process id and those of its children and theirs."""
        found = [self.pid]
        for pid in found:
            try:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            except OSError:
                continue
            found += map(int, children.split())
        return found

    def server(self, name: str) -> int:
        """The process id of the child whose program is called `name`."""
        return next(pid for pid in self.family() if name in _program(pid))

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self, within: float) -> int:
        """Wait for its end and give its exit code."""
        await eventually(lambda: self._process.poll() is not None, within)
        assert self._process.returncode is not None
        return self._process.returncode


def alive(pids: list[int]) -> list[int]:
    """Those of them that still run; a zombie has ended."""
    return [pid for pid in pids if _program(pid)]


async def gone(pids: list[int], within: float) -> None:
    """Wait until none of them runs."""
    await eventually(lambda: not alive(pids), within)


async def eventually(condition: Callable[[], T | None], within: float) -> T:
    """Poll until the condition gives something true."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within} s"
        await asyncio.sleep(0.02)
    return value


@asynccontextmanager
async def running(home: Path, port_base: int = 0) -> AsyncIterator[Supervisor]:
    """A ready `up`, ended one way or the other."""
    supervisor = Supervisor(home, port_base)
    try:
        await supervisor.ready()
        yield supervisor
    finally:
        family = supervisor.family()
        if supervisor._process.poll() is None:
            supervisor.send(signal.SIGTERM)
        await supervisor.ended(within=10)
        await gone(family, within=3)


@asynccontextmanager
async def temporary_home(folder: Path, name: str = "家 of a,b?c%20d") -> AsyncIterator[Path]:
    """A home that does not exist yet, and at the end no longer, wherever its data lies.

    Its name holds what means something in addresses, on command lines, and in file URLs.
    """
    home = folder / name
    try:
        yield home
    finally:
        discard_home(home)


def _program(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return command.split(b"\0")[0].decode().rsplit("/", 1)[-1]
