"""A filing under test, and the people around it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio.client import WorkflowHandle

from embedded.demo import Player
from filing.application import Application
from filing.view import StatusAnswer
from operations.services import Services


@dataclass(frozen=True)
class Filing:
    """A filing of a test, and the people around it."""

    application: Application
    handle: WorkflowHandle[Any, Any]
    uid: str
    player: Player
    services: Services

    @property
    def id(self) -> str:
        return self.handle.id

    async def status(self) -> StatusAnswer:
        return StatusAnswer.model_validate(await self.handle.query("status"))

    async def result(self) -> StatusAnswer:
        return StatusAnswer.model_validate(await self.handle.result())

    async def history_length(self) -> int:
        return len((await self.handle.fetch_history()).events)


Begin = Callable[[], Awaitable[Filing]]
"""Starts a filing of a fresh mini program."""


async def eventually(
    filing: Filing, holds: Callable[[StatusAnswer], bool], patience: float = 20
) -> StatusAnswer:
    """The status answer, as soon as it is as it should be."""
    end = time.monotonic() + patience
    while True:
        answer = await filing.status()
        if holds(answer):
            return answer
        assert time.monotonic() < end, answer
        await asyncio.sleep(0.05)
