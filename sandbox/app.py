"""The sandbox as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from sandbox import api, control
from sandbox.orders import Orders


def create_app(database: Path, automatic: bool = True, receive_after: float = 3.0) -> Starlette:
    """An authority that keeps its orders in the SQLite file `database` (made where missing).

    `automatic`: an order goes to the bureau by itself, with the SMS check outstanding,
    `receive_after` seconds after it was applied for. Under time travel switch it off: the clock of
    a filing is not the sandbox's, so there the control API says when. Everything else (SMS checks,
    returns, numbers) always comes from the control API. The file is opened at start-up and closed
    at shutdown; run one process on it at a time.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.orders = Orders(database, automatic, receive_after)
        try:
            yield
        finally:
            app.state.orders.close()

    return Starlette(routes=[*api.routes(), *control.routes()], lifespan=lifespan)
