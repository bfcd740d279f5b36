"""A line to the authority that breaks when it is told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

Then = Callable[[], Awaitable[object]]


async def _nothing() -> None:
    pass


class CuttingProxy:
    """Passes everything on to `target`, a base URL that may be set later."""

    def __init__(self, target: str = "") -> None:
        self.target = target
        self.url = ""
        self.cut_off = asyncio.Event()
        self._path: bytes | None = None
        self._how: Literal["deaf", "mute", "whole"] = "whole"
        self._then: Then = _nothing

    def cut(self, path: str, *, worked: bool, then: Then = _nothing) -> None:
        """Cut the line of the next call of `path`: before the authority hears of it, or once it has
        answered (`worked`); `then` is waited for first."""
        self._path, self._how, self._then = path.encode(), "mute" if worked else "deaf", then

    def before(self, path: str, then: Then) -> None:
        """Wait for `then` before the next call of `path` is passed on, and leave the line alone."""
        self._path, self._how, self._then = path.encode(), "whole", then

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = urlsplit(self.target)
        theirs, ours = await asyncio.open_connection(address.hostname, address.port)
        cutting = False

        async def answers() -> None:
            while data := await theirs.read(65536):
                if cutting:
                    await self._strike()
                    break
                writer.write(data)
            writer.transport.abort() if cutting else writer.close()

        answering = asyncio.create_task(answers())
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if self._path is not None and b" " + self._path + b"?" in data.split(b"\r\n")[0]:
                    self._path = None
                    match self._how:
                        case "whole":
                            await self._then()
                        case "mute":
                            cutting = True
                        case "deaf":
                            await self._strike()
                            writer.transport.abort()
                            break
                ours.write(data)
        ours.close()
        with suppress(ConnectionError):
            await answering

    async def _strike(self) -> None:
        await self._then()
        self.cut_off.set()


@asynccontextmanager
async def cutting_proxy(target: str = "") -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
