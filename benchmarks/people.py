"""The people around filings of a benchmark: they answer by mail, by signals, and at the authority's desk.

What they wait for is the same on every side: a mail that says that the principals have to confirm by
SMS. It is caught in this process, so that nobody has to ask a filing where it stands.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from embedded.mail import MailCatcher
from filing.application import Application
from filing.changes import sms_addressees
from filing.view import StatusAnswer
from filing.vocabulary import Status
from operations.services import Services
from operations.start import Started, start_application

PATIENCE = 120.0
"""Wall seconds within which what a benchmark waits for has to come."""
APPROVE = {"outcome": "approve", "reviewer": "li.na"}
SMS_DUE = "sms_due"
_NOTICE = re.compile(rb"^X-Beian-Notice: *([^\r\n]+)", re.MULTILINE)


class Mailroom:
    """Tells who waits for a mail that it has come; counts all."""

    def __init__(self, catcher: MailCatcher) -> None:
        self.received = 0
        self._expected: dict[tuple[str, str], asyncio.Event] = {}
        keep = catcher.keep

        def kept(content: bytes) -> Path:
            path = keep(content)
            self._came(content)
            return path

        catcher.keep = kept  # type: ignore[method-assign]

    async def wait(self, uid: str, purpose: str) -> None:
        """Wait for a filing's mail, which is named as `gateways.notices.notice_key` does."""
        async with asyncio.timeout(PATIENCE):
            await self._event(uid, purpose).wait()
        del self._expected[uid, purpose]

    def _event(self, uid: str, purpose: str) -> asyncio.Event:
        return self._expected.setdefault((uid, purpose), asyncio.Event())

    def _came(self, content: bytes) -> None:
        self.received += 1
        if found := _NOTICE.search(content):
            uid, _, purpose, _ = found[1].decode("ascii").rsplit(".", 3)
            if purpose == SMS_DUE:
                self._event(uid, purpose).set()


@dataclass
class Desk:
    """The authority's control API."""

    control: httpx.AsyncClient
    token: str = field(default="", repr=False)

    async def prepare(self) -> None:
        """An order goes to the bureau as soon as it is applied for; all else is done by `grant`."""
        response = await self.control.post("/sandbox/timetable", json={"check": 0})
        response.raise_for_status()

    async def grant(self, appid: str) -> None:
        """The bureau approves; the platform pushes that."""
        response = await self.control.post(f"/sandbox/orders/{appid}", json={"status": 6})
        response.raise_for_status()

    async def calls(self) -> Counter[str]:
        """Calls of the API so far, by path."""
        counts = (await self.control.get("/sandbox/calls")).json()["calls"]
        return Counter({path: count["calls"] for path, count in counts.items()})


@dataclass(frozen=True)
class People:
    """Everybody a filing needs."""

    services: Services
    mail: Mailroom
    desk: Desk

    async def whole_filing(self, application: Application) -> None:
        """A filing of ours, from `start` to its number."""
        started = await start_application(application, "benchmark", self.services)
        assert isinstance(started, Started), started
        handle = self.services.client.get_workflow_handle(
            started.filing_id, first_execution_run_id=started.uid
        )

        async def signal(name: str, payload: dict[str, Any]) -> None:
            await handle.signal(name, payload)

        await self.play(application, started.uid, signal)
        async with asyncio.timeout(PATIENCE):
            answer = StatusAnswer.model_validate(await handle.result())
        assert answer.status is Status.APPROVED, answer

    async def play(
        self,
        application: Application,
        uid: str,
        signal: Callable[[str, dict[str, Any]], Awaitable[None]],
    ) -> None:
        """What people do for one filing, of whichever side."""
        await signal("platform_decision", APPROVE)
        await self.mail.wait(uid, SMS_DUE)
        for person in sms_addressees(application):
            await signal("sms_verified", {"person": person, "source": "benchmark"})
        await self.desk.grant(application.mini_program.appid)
