"""A filing under test, and the people around it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from embedded.player import Player
from embedded.stack import Stack
from filing.application import Application
from filing.view import StatusAnswer
from filing.vocabulary import Status
from gateways.registry import NoticeRecord
from operations.applications import examine_files, store_materials
from operations.example_parts import invented_credit_code
from operations.examples import write_example
from operations.services import Services, now
from operations.start import Started, start_application
from operations.time_travel import SKIPPING


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


class Begin(Protocol):
    """Starts a filing: of this application, or of a fresh mini program of a fresh subject."""

    def __call__(self, application: Application | None = None) -> Awaitable[Filing]: ...


def fresh_appid() -> str:
    return f"wx{uuid.uuid4().hex[:16]}"


def of_another_subject(application: Application) -> Application:
    """The application for a fresh mini program of a fresh subject: each is filed once at a time."""
    appid = fresh_appid()
    mini_program = application.mini_program.model_copy(update={"appid": appid})
    certificate = application.subject.certificate.model_copy(
        update={"number": invented_credit_code(appid)}
    )
    subject = application.subject.model_copy(update={"certificate": certificate})
    return application.model_copy(update={"mini_program": mini_program, "subject": subject})


async def store_example(services: Services, folder: Path) -> Application:
    """The example of an organisation, its materials in the store."""
    file = write_example("new-organisation", folder, now().date())
    examined = next(examine_files([str(file)], now().date()))
    assert examined.valid, examined.problems
    return await store_materials(examined, services.materials)


@asynccontextmanager
async def beginning(stack: Stack, services: Services, example: Application) -> AsyncIterator[Begin]:
    """Starts filings like the example on a running stack, each of a fresh mini program."""
    skipper = TimeSkipper(services.client, config=SKIPPING)
    async with httpx.AsyncClient(base_url=stack.info.authority, timeout=10) as control:

        async def begin(application: Application | None = None) -> Filing:
            application = application or of_another_subject(example)
            started = await start_application(application, "test", services)
            assert isinstance(started, Started)
            handle = services.client.get_workflow_handle(
                started.filing_id, first_execution_run_id=started.uid
            )
            player = Player(handle, application, skipper, control, lambda _: None)
            return Filing(application, handle, started.uid, player, services)

        yield begin


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


async def notices_of(
    filing: Filing, hold: Callable[[list[NoticeRecord]], bool], patience: float = 20
) -> list[NoticeRecord]:
    """The notices on record, as soon as they are as they should be: they are sent by and by."""
    end = time.monotonic() + patience
    while True:
        notices = await filing.services.registry.notices(filing.uid)
        if hold(notices):
            return notices
        assert time.monotonic() < end, [(n.purpose, n.state) for n in notices]
        await asyncio.sleep(0.05)


async def filed(begin: Begin) -> Filing:
    """A new filing that went through: the authority approves it at its first check."""
    filing = await begin()
    await filing.player.reviewed()
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    await filing.player.authority(status=6)
    await filing.player.pass_check()
    answer = await filing.result()
    assert answer.status is Status.APPROVED, answer
    return filing
