"""The ports of the embedded stack: chosen, and tested before anything is started on them."""

import socket
from contextlib import ExitStack
from dataclasses import astuple, dataclass

from embedded.errors import StackError

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """One port per service."""

    temporal: int
    web_ui: int
    authority: int
    smtp: int
    receiver: int


DEFAULT_PORTS = Ports(temporal=7233, web_ui=8233, authority=7280, smtp=7225, receiver=7281)
NAMES = Ports.__annotations__.keys()


def choose_ports(base: int | None) -> Ports:
    """The default ports (None), any free ones (0), or `base` and the four after it, all free now.

    Tested here because a client silently joins whoever has Temporal's port. Raises `StackError`.
    """
    if base is None:
        wanted = DEFAULT_PORTS
    elif base == 0:
        wanted = Ports(0, 0, 0, 0, 0)
    elif 1 <= base <= 65_535 - 4:
        wanted = Ports(base, base + 1, base + 2, base + 3, base + 4)
    else:
        raise StackError(f"--port-base {base}: give a number from 1 to 65531, or 0 for free ports")
    with ExitStack() as held:
        # All are held until the last is chosen, so that no free one is given twice.
        numbers = [
            _hold(held, name, port) for name, port in zip(NAMES, astuple(wanted), strict=True)
        ]
    return Ports(*numbers)


def _hold(held: ExitStack, name: str, port: int) -> int:
    holder = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    # As the servers do: a port of connections that have just ended is free.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((ADDRESS, port))
        holder.listen(1)
    except OSError as error:
        raise StackError(
            f"port {port} ({name.replace('_', ' ')}) cannot be had: {error.strerror}; choose others "
            "with --port-base N, or any free ones with --port-base 0"
        ) from error
    number: int = holder.getsockname()[1]
    return number
