"""A program beside the stack, spoken to by lines."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0


class Program:
    """A running program. What it answers is waited for by its line, as in `ok UID`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: dict[str, asyncio.Event] = {}
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def said(self, line: str) -> None:
        """Wait for a line, once."""
        said = asyncio.create_task(self._event(line).wait())
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({said, self._reading}, return_when=asyncio.FIRST_COMPLETED)
        if not said.done():
            said.cancel()
            raise RuntimeError(f"the program ended before it said {line!r}")
        del self._lines[line]

    async def tell(self, command: list[Any]) -> None:
        """Write a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()

    async def end(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        await self._reading

    def _event(self, line: str) -> asyncio.Event:
        return self._lines.setdefault(line, asyncio.Event())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._event(line.decode().strip()).set()


@asynccontextmanager
async def running(python: Path, module: str, recipe: Path, log: Path) -> AsyncIterator[Program]:
    """Run `python -m module recipe` until the end of this context; it has said `ready`."""
    # Nothing of ours but this package is on the path of another environment.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(str(python), "-m", module, str(recipe)),
            cwd=ROOT,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    program = Program(process)
    try:
        await program.said("ready")
        yield program
    finally:
        await program.end()
