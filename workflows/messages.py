"""What every workflow of ours does with messages: read what came, and answer an update."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any, Generic, TypeVar

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from filing.process.events import CancelRequested, Message
    from filing.process.state import Refusal
    from filing.view import shown_refusal


_Event = TypeVar("_Event")


class Mailbox(Generic[_Event]):
    """The base of workflows that hear people: what comes waits in the inbox, updates hold a ticket
    for their answer, and a cancel request is a message like any other."""

    def __init__(self) -> None:
        self._inbox: deque[tuple[_Event | Message | CancelRequested, int | None]] = deque()
        self._tickets = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._ended = False

    async def _outlive_cancelling(self, life: Coroutine[Any, Any, Any]) -> Any:
        """The life's result: Temporal's cancel request never ends it on the spot."""
        living = asyncio.create_task(life)
        while True:
            try:
                return await asyncio.shield(living)
            except asyncio.CancelledError:
                if living.done():
                    raise  # evicted from the worker's cache: every task is cancelled
                self._receive(CancelRequested(at=workflow.now()))

    def _receive(
        self, event: _Event | Message | CancelRequested, ticket: int | None = None
    ) -> None:
        self._inbox.append((event, ticket))

    def _message(self, name: str, args: Sequence[Any], ticket: int | None = None) -> None:
        self._receive(Message(name=name.strip(), args=tuple(args), at=workflow.now()), ticket)

    async def _ask(self, name: str, args: Sequence[Any]) -> dict[str, Any]:
        """`{"accepted", "refusal", "status"}`: what became of the message, and where it stands."""
        self._tickets += 1
        ticket = self._tickets
        self._message(name, args, ticket)
        await workflow.wait_condition(lambda: ticket in self._answers or self._ended)
        return self._answers.pop(ticket, {"accepted": False, "refusal": None, "status": None})


def plain(args: Sequence[RawValue]) -> tuple[Any, ...]:
    """What came under a name without a handler of its own: a known one counts by either door, and
    of an unknown one nothing is read but the name. The codec has made every payload readable."""
    converter = workflow.payload_converter()
    return tuple(converter.from_payload(arg.payload) for arg in args)


def answer(refusal: Refusal | None, status: Any) -> dict[str, Any]:
    """What an update answers: whether it was applied, why not, and where it stands."""
    return {
        "accepted": refusal is None,
        "refusal": shown_refusal(refusal).model_dump(mode="json") if refusal else None,
        "status": status,
    }
