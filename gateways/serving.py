"""Serving an ASGI application from inside another program."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

STOP_SECONDS = 1
"""How long requests under way may take once it stops."""
AT_ONCE = 100
"""Connections; who comes beyond is answered 503 at once."""
IDLE_SECONDS = 5


class AddressRefused(Exception):
    """The address to listen on cannot be had; the text says why."""


class _Server(uvicorn.Server):
    """Leaves signals to the program that holds it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listener(host: str, port: int) -> socket.socket:
    """A socket that has this address, `port` 0 any free one, and answers nobody yet; close it. Raises
    `AddressRefused`."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise AddressRefused(f"{host}:{port} cannot be had: {error.strerror}") from error
    return taken


@asynccontextmanager
async def served(app: Starlette, at: socket.socket) -> AsyncIterator[str]:
    """Serve `app` at a `listener`, and give its base URL (`http://127.0.0.1:7281`) once it answers."""
    config = uvicorn.Config(
        app,
        access_log=False,  # its lines hold the query, and with it the signature
        log_config=None,
        log_level="warning",
        lifespan="off",
        server_header=False,
        limit_concurrency=AT_ONCE,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[at]), name="receiver")
    try:
        while not server.started:
            if running.done():
                await running
            await asyncio.sleep(0.01)
        host, port = at.getsockname()[:2]
        yield f"http://[{host}]:{port}" if at.family is socket.AF_INET6 else f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await running
