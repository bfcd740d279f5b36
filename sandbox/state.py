"""All that one running sandbox holds."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from sandbox.desk import Desk
from sandbox.faces import Faces
from sandbox.faults import Faults
from sandbox.orders import Orders
from sandbox.procedures import Procedures
from sandbox.pushes import Pushes
from sandbox.quota import Quota
from sandbox.store import Store
from sandbox.tokens import Tokens


@dataclass(frozen=True)
class Sandbox:
    """The parts, over one store."""

    store: Store
    orders: Orders
    tokens: Tokens
    faces: Faces
    quota: Quota
    procedures: Procedures
    pushes: Pushes
    faults: Faults
    desk: Desk


def sandbox_of(request: HTTPConnection) -> Sandbox:
    """The one that serves a request."""
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox
