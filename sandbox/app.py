"""The sandbox as one ASGI application."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request

from sandbox import api, control
from sandbox.desk import Desk
from sandbox.faces import Faces, FacesMode
from sandbox.faults import Fault, Faults, FaultyCalls
from sandbox.orders import Orders
from sandbox.procedures import Procedures
from sandbox.pushes import Callback, Pushes
from sandbox.quota import Quota
from sandbox.state import Sandbox, sandbox_of
from sandbox.store import Store
from sandbox.timetable import Timetable
from sandbox.tokens import Tokens

STORE_PAUSE = 1.0
"""Seconds until what is due is tried again, where the file could not be written."""

log = logging.getLogger("sandbox")


def create_app(
    database: Path,
    automatic: bool = True,
    receive_after: float = 3.0,
    *,
    timetable: Timetable | None = None,
    faces: FacesMode = "optional",
    token_overlap: float | None = None,
    callback: Callback | None = None,
    faults: Sequence[Fault] = (),
) -> Starlette:
    """An authority that keeps its orders in the SQLite file `database` (made where missing).

    `automatic`: an order goes to the bureau by itself, with the SMS check outstanding,
    `receive_after` seconds after it was applied for; `timetable` says more, and instead. Under time
    travel switch it off: the clock of a filing is not the sandbox's, so there the control API says
    when. Everything else always comes from the control API, which can change the timetable too.
    The file is opened at start-up and closed at shutdown; run one process on it at a time.

    `faces`: a face check passes as soon as it is created (`automatic`, and an application has to
    name one; `optional`, and it need not), or the control API says how it goes (`manual`).
    `token_overlap`: seconds for which a token lives on when the next one is issued; None: as long
    as it would have. `callback`: where pushes go; None: where the control API said last, if it did.
    `faults`: how calls fail, until the control API says otherwise.
    """
    by_itself = receive_after if automatic else None
    table = timetable or Timetable(check=by_itself, verification=by_itself)
    failing = Faults(faults)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        awake = asyncio.Event()
        store = Store(database)
        tokens = Tokens(store, token_overlap)
        orders, procedures, checks = Orders(store), Procedures(store), Faces(store, faces)
        pushes = Pushes(store, tokens, failing, awake.set, callback)
        desk = Desk(store, orders, procedures, checks, pushes, table, awake.set)
        app.state.sandbox = Sandbox(
            store=store,
            orders=orders,
            tokens=tokens,
            faces=checks,
            quota=Quota(store),
            procedures=procedures,
            pushes=pushes,
            faults=failing,
            desk=desk,
        )
        working = asyncio.create_task(_work(desk, pushes, awake), name="sandbox desk")
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            await pushes.close()
            store.close()

    def expire(request: Request) -> None:
        sandbox_of(request).tokens.expire_one(request.query_params.get("access_token", ""))

    return Starlette(
        routes=[*api.routes(), *control.routes()],
        lifespan=lifespan,
        middleware=[Middleware(FaultyCalls, faults=failing, expire_token=expire)],
    )


async def _work(desk: Desk, pushes: Pushes, awake: asyncio.Event) -> None:
    """Do what is due when it is due."""
    while True:
        awake.clear()
        try:
            due = [t for t in (desk.work_due(), pushes.send_due()) if t is not None]
        except sqlite3.Error:
            log.exception("what is due could not be done")
            due = [time.time() + STORE_PAUSE]
        wait = max(min(due) - time.time(), 0) if due else None
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await awake.wait()
