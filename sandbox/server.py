"""Serving the sandbox from inside another program."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

STOP_SECONDS = 1
"""How long requests under way may take once it stops."""


class _Breaks(logging.Filter):
    """Leaves out what uvicorn says of an answer that breaks off: here that is done on purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("ASGI callable returned without")


_BREAKS = _Breaks()


class _Server(uvicorn.Server):
    """A server that leaves signals to the program that holds it."""

    @contextmanager
    def capture_signals(self) -> "Iterator[None]":
        yield


@asynccontextmanager
async def serve(app: "ASGIApp", port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve `app` and give its base URL (`http://127.0.0.1:8123`) once it answers; `port` 0 takes
    any free one. Raises `OSError` where the port is taken, `RuntimeError` where it cannot start.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Access logs would hold the tokens of the query strings.
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            log_level="warning",
            lifespan="on",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        logging.getLogger("uvicorn.error").addFilter(_BREAKS)
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]), name="sandbox")
        try:
            while not server.started:
                if running.done():
                    await running
                    raise RuntimeError("the sandbox could not start; its database cannot be opened")
                await asyncio.sleep(0.01)
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
    finally:
        listener.close()
