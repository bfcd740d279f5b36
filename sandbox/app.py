"""The sandbox as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from sandbox import api, control
from sandbox.faces import Faces, FacesMode
from sandbox.orders import Orders
from sandbox.quota import Quota
from sandbox.state import Sandbox
from sandbox.store import Store
from sandbox.tokens import Tokens


def create_app(
    database: Path,
    automatic: bool = True,
    receive_after: float = 3.0,
    *,
    faces: FacesMode = "optional",
    token_overlap: float | None = None,
) -> Starlette:
    """An authority that keeps its orders in the SQLite file `database` (made where missing).

    `automatic`: an order goes to the bureau by itself, with the SMS check outstanding,
    `receive_after` seconds after it was applied for. Under time travel switch it off: the clock of
    a filing is not the sandbox's, so there the control API says when. Everything else (SMS checks,
    returns, numbers) always comes from the control API. The file is opened at start-up and closed
    at shutdown; run one process on it at a time.

    `faces`: a face check passes as soon as it is created (`automatic`, and an application has to
    name one; `optional`, and it need not), or the control API says how it goes (`manual`).
    `token_overlap`: seconds for which a token lives on when the next one is issued; None: as long
    as it would have.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        store = Store(database)
        app.state.sandbox = Sandbox(
            store=store,
            orders=Orders(store, automatic, receive_after),
            tokens=Tokens(store, token_overlap),
            faces=Faces(store, faces),
            quota=Quota(store),
        )
        try:
            yield
        finally:
            store.close()

    return Starlette(routes=[*api.routes(), *control.routes()], lifespan=lifespan)
