"""A mail server that keeps every message as a file and sends none on."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.errors import StackError
from embedded.ports import ADDRESS


class MailCatcher:
    """Where caught messages lie: `<nanoseconds since 1970>.eml`, so that names sort by arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._last_name = 0

    def messages(self) -> list[Path]:
        """Everything received so far, the oldest first."""
        return sorted(self.folder.glob("*.eml"))

    def prepare(self) -> None:
        """Make the folder, for us alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def keep(self, content: bytes) -> Path:
        """Write one message, whole or not at all, for us alone."""
        # Two in the same tick, or a clock set back, must not change the order.
        self._last_name = max(self._last_name + 1, time.time_ns())
        path = self.folder / f"{self._last_name:020}.eml"
        new = path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        new.rename(path)
        return path

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer the client once its message is on disk (aiosmtpd's hook)."""
        content = envelope.original_content or b""
        try:
            self.keep(content)
        except OSError as error:
            return f"451 cannot keep the message: {error.strerror}"
        return "250 kept"


@asynccontextmanager
async def caught_mail(folder: Path, port: int = 0) -> AsyncIterator[MailCatcher]:
    """Catch mail on this port (0: any free one, see `MailCatcher.port`). Raises `StackError`."""
    loop = asyncio.get_running_loop()
    catcher = MailCatcher(folder)
    connections: WeakSet[SMTP] = WeakSet()

    def connect() -> SMTP:
        # A name given here spares a look-up, which takes seconds without a network.
        connection = SMTP(catcher, hostname="localhost", enable_SMTPUTF8=True, loop=loop)
        connections.add(connection)
        return connection

    try:
        catcher.prepare()
        server = await loop.create_server(connect, ADDRESS, port)
    except OSError as error:
        raise StackError(f"the mail catcher cannot start: {error.strerror or error}") from error
    catcher.port = server.sockets[0].getsockname()[1]
    try:
        yield catcher
    finally:
        server.close()
        for connection in connections:
            if connection.transport is not None:
                connection.transport.close()
        await server.wait_closed()
