"""The people around one filing of the demo or of a test, who decide by real signals."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from filing.application import Application
from filing.changes import sms_addressees
from filing.view import StatusAnswer
from filing.vocabulary import Status

PATIENCE = 60.0
"""Wall seconds within which a filing must reach the status that its story says."""

Progress = Callable[[str], None]


class DemoFailed(Exception):
    """A filing did not go as its story says."""


class Player:
    """Plays the people around one filing, and moves its clock on."""

    def __init__(
        self,
        handle: WorkflowHandle[Any, Any],
        application: Application,
        skipper: TimeSkipper,
        control: httpx.AsyncClient,
        say: Progress,
    ) -> None:
        self._handle = handle
        self.application = application
        self._appid = application.mini_program.appid
        self._skipper = skipper
        self._control = control
        self._say = say

    async def until(self, status: Status, round_: int = 1) -> StatusAnswer:
        """Wait until the filing has reached a status and its window is open, where it has one.
        Raises `DemoFailed`."""
        answer = None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            raw = await self._handle.query("status")
            answer = None if raw is None else StatusAnswer.model_validate(raw)
            if (
                answer is not None
                and (answer.status, answer.round) == (status, round_)
                and (answer.due_at or answer.held or status.final)
            ):
                self._say(f"{answer.status_label}(第 {answer.round} 轮)")
                return answer
            await asyncio.sleep(0.05)
        stands = "nowhere yet" if answer is None else answer.status.value
        raise DemoFailed(f"{self._appid}: expected {status.value}, stands at {stands}")

    async def pass_time(self, **time_: float) -> None:
        """Move this filing's clock on, exactly that far."""
        await self._skipper.fast_forward(self._handle, timedelta(**time_))

    async def pass_check(self) -> None:
        """Move the clock on past the authority's next check, which is a day after the last.

        A minute past it: where the goal itself comes while an activity runs, the server passes it
        over and skips to the next timer.
        """
        await self.pass_time(days=1, minutes=1)

    async def time(self) -> datetime:
        """What this filing's clock says."""
        return await self._skipper.get_current_time(self._handle)

    async def signal(self, name: str, payload: dict[str, Any]) -> None:
        """Send what a person would send."""
        await self._handle.signal(name, payload)

    async def authority(self, **order: Any) -> None:
        """Make the sandbox answer so from now on."""
        response = await self._control.post(f"/sandbox/orders/{self._appid}", json=order)
        response.raise_for_status()

    async def to_sms(self, round_: int = 1) -> None:
        """From platform review to the SMS check."""
        await self.reviewed(round_)
        await self.to_sms_from_submission(round_)

    async def reviewed(self, round_: int = 1) -> None:
        """The platform's reviewer approves, on the second day."""
        await self.until(Status.PLATFORM_REVIEW, round_)
        await self.pass_time(hours=26)
        await self.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})

    async def to_sms_from_submission(self, round_: int = 1) -> None:
        """The authority takes the filing to the bureau, a day later."""
        await self.until(Status.SUBMISSION, round_)
        await self.handed_over()
        await self.authority(status=4, sms_verify_status=1)
        await self.pass_check()
        await self.until(Status.SMS_VERIFICATION, round_)

    async def handed_over(self) -> None:
        """Wait until the authority has the order, and its first check is over."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            described = await self._handle.describe()
            for pending in described.raw_description.pending_activities:
                if pending.activity_type.name == "hand_over" and pending.attempt > 1:
                    return
            await asyncio.sleep(0.05)
        raise DemoFailed(f"{self._appid}: was not handed over to the authority")

    async def to_bureau(self, round_: int = 1) -> None:
        """Everybody confirms who must."""
        await self.pass_time(hours=3)
        for person in sms_addressees(self.application):
            await self.signal("sms_verified", {"person": person, "source": "demo"})
        await self.authority(sms_verify_status=2)
        await self.until(Status.BUREAU_REVIEW, round_)

    async def through_bureau(self, days: float) -> None:
        """The bureau approves after so many days, and the next check learns of it."""
        await self.pass_time(days=days)
        await self.authority(status=6)
        await self.pass_check()
