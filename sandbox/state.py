"""All that one running sandbox holds."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from sandbox.faces import Faces
from sandbox.orders import Orders
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


def sandbox_of(request: HTTPConnection) -> Sandbox:
    """The one that serves a request."""
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox
