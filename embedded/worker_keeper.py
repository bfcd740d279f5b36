"""Keeps one worker process running."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from embedded.children import Child, Launch
from embedded.home import LOGS

READY = "worker ready"
"""The line that a polling worker prints."""
START_PATIENCE = 60.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY = 60.0
"""Seconds of life after which the next restart waits the first pause again."""


class WorkerKeeper:
    """The worker, restarted whenever it ends by itself."""

    def __init__(
        self,
        script: Path,
        home: Path,
        lock: int,
        environment: Mapping[str, str],
        progress: Callable[[str], None],
    ) -> None:
        self._launch = Launch(
            name="the worker",
            command=[sys.executable, script],
            log=home / LOGS / "worker.log",
            lock=lock,
            death_signal=signal.SIGKILL,  # the server hands its work on, as after any crash
            environment=environment,
        )
        self._progress = progress
        self._wanted = asyncio.Event()
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """The process id of the worker that runs, or ran last."""
        assert self._child is not None, "start_worker() first"
        return self._child.pid

    async def start_worker(self) -> None:
        """Start it and wait until it polls. Raises `StackError`."""
        child = self._child = await Child.start(self._launch)
        self._wanted.set()
        await child.until_ready(lambda: _polls(child), START_PATIENCE)

    async def kill_worker(self) -> None:
        """End it by SIGKILL, and leave it so until `start_worker`."""
        self._wanted.clear()
        if self._child is not None:
            await self._child.kill()

    async def stop(self) -> None:
        """Let it finish what it does, for a moment, and leave it so."""
        self._wanted.clear()
        if self._child is not None:
            await self._child.stop(signal.SIGTERM, patience=2.5)

    async def keep(self) -> NoReturn:
        """Start the worker again when it has ended by itself."""
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE
        while True:
            await self._wanted.wait()
            child, since = self._child, clock()
            assert child is not None
            await child.wait()
            if not self._wanted.is_set() or child is not self._child:
                continue
            if clock() - since > STEADY:
                pause = FIRST_PAUSE
            self._progress(f"{child.epitaph()}\nstarting it again in {pause:.0f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            if self._wanted.is_set() and child is self._child:
                self._child = await Child.start(self._launch)


def worker_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """Our environment with `additions`, and nothing of it that would lead to other services."""
    # The user's TEMPORAL_* and profile mean another service, with its keys.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TEMPORAL_")}
    nearby = "127.0.0.1,localhost"
    without_proxy = ",".join(filter(None, (os.environ.get("NO_PROXY"), nearby)))
    return {
        **inherited,
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "NO_PROXY": without_proxy,
        "no_proxy": without_proxy,
        "PYTHONUNBUFFERED": "1",  # else `worker ready` stays in its buffer
        **additions,
    }


async def _polls(worker: Child) -> bool:
    return READY in worker.output().splitlines()
