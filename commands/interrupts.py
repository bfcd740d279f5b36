"""Ctrl-C for what watches something that goes on without it."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


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
