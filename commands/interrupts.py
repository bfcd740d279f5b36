"""Ctrl-C for what watches something that goes on without it."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer

from commands.console import INTERRUPTED, warn

T = TypeVar("T")


@contextmanager
def ctrl_c() -> Iterator[asyncio.Event]:
    """What Ctrl-C sets, as long as this lasts; before and after it cancels the running command.

    Not a cancellation, for until Python 3.12 `asyncio.wait_for`, which asyncpg waits with, loses one
    that comes just as it ends (python/cpython#86296).
    """
    loop, pressed, before = (
        asyncio.get_running_loop(),
        asyncio.Event(),
        signal.getsignal(signal.SIGINT),
    )
    loop.add_signal_handler(signal.SIGINT, pressed.set)
    try:
        yield pressed
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


async def unless_ctrl_c(work: Coroutine[Any, Any, T], told: str) -> T:
    """What the work gives; Ctrl-C undoes it, and ends the command with what is told then."""
    from operations.stopping import unless

    with ctrl_c() as stop:
        done = await unless(stop, work)
    if done is None:
        warn(told)
        raise typer.Exit(INTERRUPTED)
    return done
