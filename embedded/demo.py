"""The demo: whole filings on the embedded stack, each on its own calendar of weeks.

A scripted reviewer decides by real signals; the sandbox is asked over HTTP; notices go by SMTP.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from embedded.stack import Stack, StackOptions, discard_home, running_stack
from filing.application import Application
from filing.changes import sms_addressees
from filing.model import Model
from filing.view import StatusAnswer
from filing.vocabulary import AuthorityMode, Kind, Status
from gateways.materials import materials_store
from gateways.registry import Registry
from gateways.temporal import connect
from operations.applications import examine_files, store_materials
from operations.examples import write_example
from operations.services import Services, now
from operations.start import Started, start_application
from operations.time_travel import SKIPPING
from settings import Settings

PATIENCE = 60.0
"""Wall seconds within which a filing must reach the status that its story says."""

Progress = Callable[[str], None]


class DemoRow(Model):
    """How one filing of the demo ended."""

    filing_id: str
    kind: Kind
    story: str
    status: Status
    status_label: str
    filing_number: str | None
    simulated_days: float
    wall_seconds: float


class DemoFailed(Exception):
    """A filing did not go as its story says."""


@dataclass(frozen=True)
class Story:
    """One filing: what is told of it, and what happens to it."""

    name: str
    title: str
    example: str
    appid: str
    ends: Status
    play: Callable[["Player"], Awaitable[None]]


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


async def _approved(player: Player) -> None:
    await player.to_sms()
    await player.to_bureau()
    await player.pass_time(days=9)
    await player.authority(status=6)
    await player.pass_time(days=1)


async def _rejected(player: Player) -> None:
    await player.to_sms()
    await player.to_bureau()
    await player.pass_time(days=12)
    await player.signal(
        "bureau_decision",
        {
            "outcome": "reject",
            "reviewer": "苏通管局",
            "reasons": [{"field": "mini_program.remark", "reason": "与主体经营范围不符"}],
        },
    )


async def _sms_forgotten(player: Player) -> None:
    await player.to_sms()
    await player.authority(sms_verify_status=3)
    await player.pass_check()
    await player.until(Status.CORRECTION)
    await player.pass_time(days=2)
    await player.signal("resubmit", {"by": "applicant", "reason": "负责人已确认可接收短信"})
    await player.to_sms_from_submission(2)
    await player.to_bureau(2)
    await player.pass_time(days=6)
    await player.authority(status=6)
    await player.pass_time(days=1)


async def _returned(player: Player) -> None:
    await player.until(Status.PLATFORM_REVIEW)
    await player.pass_time(hours=30)
    reason = {
        "field": "mini_program.remark",
        "reason": "备注过于笼统",
        "suggestion": "写明提供哪些商品或服务",
    }
    decision = {"outcome": "return", "reviewer": "li.na", "round": 1, "reasons": [reason]}
    await player.signal("platform_decision", decision)
    await player.until(Status.CORRECTION)
    await player.pass_time(days=3)
    remark = "面向昆山本地商户的线上商城,提供日用百货的浏览、下单与到店自提服务"
    corrected = player.application.model_dump(mode="json")
    corrected["mini_program"]["remark"] = remark
    await player.signal("amend", {"application": corrected, "by": "applicant"})
    await player.to_sms(2)
    await player.to_bureau(2)
    await player.pass_time(days=15)
    await player.authority(status=6)
    await player.pass_time(days=1)


STORIES = (
    Story(
        "approved",
        "新增,通过",
        "new-organisation",
        "wx1a2b3c4d5e6f7a01",
        Status.APPROVED,
        _approved,
    ),
    Story(
        "rejected",
        "新增,管局不通过",
        "new-organisation",
        "wx1a2b3c4d5e6f7a02",
        Status.REJECTED,
        _rejected,
    ),
    Story(
        "returned",
        "新增,退回,修改后通过",
        "new-organisation",
        "wx1a2b3c4d5e6f7a04",
        Status.APPROVED,
        _returned,
    ),
    Story(
        "sms-forgotten",
        "新增,短信超时后原样重新提交,通过",
        "new-organisation",
        "wx1a2b3c4d5e6f7a03",
        Status.APPROVED,
        _sms_forgotten,
    ),
)


@asynccontextmanager
async def demo(
    home: Path | None, progress: Progress
) -> AsyncIterator[tuple[Stack, list[DemoRow], float]]:
    """Play all stories side by side; gives the stack, the table and the wall seconds.

    `home` None: a temporary one, deleted at the end. Raises `StackError`, `DemoFailed`.
    """
    began = time.monotonic()
    folder = home or Path(tempfile.mkdtemp(prefix="beian-demo-"))
    settings = Settings(
        home=folder,
        authority=AuthorityMode.SANDBOX,
        database_url=None,
        materials_url=None,
        wechat_base_url=None,
        notify_operations="",
        notify_applicant="",
    )
    options = StackOptions(home=folder, port_base=0, time_travel=True)
    try:
        async with running_stack(options, settings, progress) as stack:
            rows = await _play_all(stack, settings, progress)
            yield stack, rows, time.monotonic() - began
    finally:
        if home is None:
            discard_home(folder)


async def _play_all(stack: Stack, settings: Settings, progress: Progress) -> list[DemoRow]:
    client = await connect(settings, address=stack.info.temporal_address)
    registry = await Registry.open(stack.info.database_url)
    services = Services(settings, client, registry, materials_store(settings))
    try:
        async with httpx.AsyncClient(base_url=stack.info.authority, timeout=10) as control:
            playing = (_play(story, services, control, progress) for story in STORIES)
            return list(await asyncio.gather(*playing))
    finally:
        await registry.close()


async def _play(
    story: Story, services: Services, control: httpx.AsyncClient, progress: Progress
) -> DemoRow:
    began, folder = time.monotonic(), services.settings.home / "applications" / story.appid
    file = await asyncio.to_thread(write_example, story.example, folder, now().date(), story.appid)
    examined = next(examine_files([str(file)], now().date()))
    if not examined.valid:
        raise DemoFailed(f"{story.title}: its application is invalid: {examined.problems}")
    application = await store_materials(examined, services.materials)
    filing = await start_application(application, str(file), services)
    if not isinstance(filing, Started):
        raise DemoFailed(f"{story.title}: not started: {filing}")
    handle = services.client.get_workflow_handle(
        filing.filing_id, first_execution_run_id=filing.uid
    )
    skipper = TimeSkipper(services.client, config=SKIPPING)

    def say(what: str) -> None:
        progress(f"{story.title}: {what}")

    player = Player(handle, application, skipper, control, say)
    await story.play(player)
    ended = StatusAnswer.model_validate(await asyncio.wait_for(handle.result(), PATIENCE))
    say(ended.status_label)
    if ended.status is not story.ends:
        raise DemoFailed(f"{story.title}: ended {ended.status.value}, not {story.ends.value}")
    started: datetime = ended.timeline[0].at
    return DemoRow(
        filing_id=filing.filing_id,
        kind=Kind(ended.kind),
        story=story.title,
        status=ended.status,
        status_label=ended.status_label,
        filing_number=ended.filing_number,
        simulated_days=round((ended.timeline[-1].at - started) / timedelta(days=1), 1),
        wall_seconds=round(time.monotonic() - began, 1),
    )
