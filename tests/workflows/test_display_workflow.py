"""Showing a granted number, on the real server: from the filing's approval to the duty's end."""

import asyncio
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    ResetWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
)
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ApplicationError
from temporalio.testing import TimeSkipper

from embedded.mail import MailCatcher
from filing.display import QUERY_SITE, DisplayStatus, NumberCancelled, display_id
from filing.display_view import DisplayAnswer, told_of_display
from filing.vocabulary import CancellationReason, Kind, Status
from gateways.display_workflows import DisplayWorkflows
from gateways.displays import DisplayRegistry
from gateways.temporal import SEARCH_ATTRIBUTES
from operations.display import displayed
from operations.filings import show
from operations.time_travel import SKIPPING
from tests.own_stack import own_stack, short_lived_worker
from tests.playing import Begin, Filing
from tests.workflows.test_whole_filings import number_for

REMINDERS = [("display_reminder", "applicant")] * 2 + [("display_unseen", "operations")]


@dataclass(frozen=True)
class Display:
    """The display of a filing's number, and the clock around it."""

    filing: Filing
    number: str
    handle: WorkflowHandle[Any, Any]
    skipper: TimeSkipper

    async def status(self) -> DisplayAnswer:
        return DisplayAnswer.model_validate(await self.handle.query("status"))

    async def result(self) -> DisplayAnswer:
        answer = await asyncio.wait_for(self.handle.result(), 20)
        return DisplayAnswer.model_validate(answer)

    async def to(self, instant: datetime, **past: float) -> None:
        """Move its clock on to so long past that instant."""
        now = await self.skipper.get_current_time(self.handle)
        await self.skipper.fast_forward(self.handle, instant + timedelta(**past) - now)

    async def told(self) -> list[tuple[str, str]]:
        """What was sent, once each."""
        notices = await self.filing.services.registry.notices(self.filing.uid)
        about = [n for n in notices if n.purpose.startswith("display_")]
        assert all((n.state, n.attempts) == ("sent", 1) for n in about), about
        return sorted((n.purpose, n.audience) for n in about)

    async def until_sent(self, patience: float = 30) -> None:
        """Wait until a notice was sent for certain."""
        registry = self.filing.services.registry
        end = time.monotonic() + patience
        while True:
            notices = await registry.notices(self.filing.uid)
            if any(n.purpose.startswith("display_") and n.sent_at for n in notices):
                return
            assert time.monotonic() < end, notices
            await asyncio.sleep(0.05)

    async def recorded(self) -> DisplayAnswer:
        found = await DisplayRegistry(self.filing.services.registry).of_number(self.number)
        assert found is not None
        return found

    async def eventually(
        self, holds: Callable[[DisplayAnswer], bool], patience: float = 20
    ) -> DisplayAnswer:
        end = time.monotonic() + patience
        while True:
            answer = await self.recorded()
            if holds(answer):
                return answer
            assert time.monotonic() < end, answer
            await asyncio.sleep(0.05)


async def granted(begin: Begin) -> Display:
    """A filing that was approved, and the display of its number, on record."""
    filing = await begin()
    await filing.player.to_sms()
    await filing.player.to_bureau()
    number = number_for(filing)
    decision = {"outcome": "approve", "reviewer": "苏通管局", "filing_number": number}
    await filing.player.signal("bureau_decision", decision)
    assert (await filing.result()).status is Status.APPROVED
    client = filing.services.client
    handle = client.get_workflow_handle(display_id(number))
    skipper = TimeSkipper(client, config=SKIPPING)
    displays = DisplayRegistry(filing.services.registry)
    end = time.monotonic() + 20
    while await displays.of_number(number) is None:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    return Display(filing, number, handle, skipper)


async def test_an_approved_filing_leaves_a_display_that_is_no_filing(begin_filing: Begin) -> None:
    display = await granted(begin_filing)
    described = await display.handle.describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert described.workflow_type == "DisplayWorkflow"
    ours = {pair.key.name for pair in described.typed_search_attributes} & SEARCH_ATTRIBUTES.keys()
    assert ours == {"Province"}
    summary = await described.static_summary()
    assert summary is not None
    assert display.number in summary
    assert QUERY_SITE in summary
    details = await described.static_details()
    assert details is not None
    assert "备案电子验证标识" in details
    answer = await display.status()
    assert answer == await display.recorded()
    assert (answer.status, answer.uid) == (DisplayStatus.WAITING, display.filing.uid)
    shown = await show(display.filing.uid, display.filing.services)
    assert shown.display is not None
    assert told_of_display(shown.display) == "待展示"
    assert shown.answer.status is Status.APPROVED


async def test_displayed_at_once(begin_filing: Begin) -> None:
    display = await granted(begin_filing)
    await display.handle.signal("displayed", {"by": "li.na", "note": "首页底部"})
    answer = await display.result()
    assert (answer.status, answer.by, answer.note) == (DisplayStatus.DISPLAYED, "li.na", "首页底部")
    assert answer == await display.recorded()
    assert await display.told() == []
    shown = await show(display.filing.id, display.filing.services)
    assert shown.display is not None
    assert told_of_display(shown.display).startswith("已于 ")


async def test_reminders_at_seven_and_fourteen_days_each_once_then_displayed(
    begin_filing: Begin,
) -> None:
    display = await granted(begin_filing)
    first, second = (await display.status()).remind_at
    assert {(at.hour, at.utcoffset()) for at in (first, second)} == {(9, timedelta(hours=8))}
    await display.to(first, minutes=-1)
    assert await display.told() == []
    await display.to(first, minutes=1)
    await display.eventually(lambda a: a.reminded == 1)
    assert await display.told() == REMINDERS[:1]
    await display.to(second, minutes=-1)
    assert await display.told() == REMINDERS[:1]
    await display.to(second, minutes=1)
    await display.eventually(lambda a: a.reminded == 2)
    await display.to(second, days=20)
    assert await display.told() == REMINDERS
    services = display.filing.services
    outcome = await displayed(
        display.filing.application.mini_program.appid, "li.na", None, None, services
    )
    assert outcome.accepted
    assert (await display.result()).status is DisplayStatus.DISPLAYED
    assert await display.told() == REMINDERS
    late = await displayed(display.number, "li.na", None, None, services)
    assert not late.accepted
    assert late.refusal is not None
    assert late.refusal["code"] == "final"


async def test_nobody_ever_shows_it(begin_filing: Begin) -> None:
    display = await granted(begin_filing)
    ends_at = (await display.status()).ends_at
    assert ends_at is not None
    await display.to(ends_at, minutes=-1)
    assert not (await display.status()).status.final
    await display.to(ends_at, minutes=1)
    answer = await display.result()
    assert answer.status is DisplayStatus.NOT_SHOWN
    assert answer == await display.recorded()
    assert timedelta(0) <= answer.timeline[-1].at - ends_at < timedelta(seconds=2)
    assert await display.told() == REMINDERS
    kinds = Counter(e.event_type for e in (await display.handle.fetch_history()).events)
    assert kinds[EventType.EVENT_TYPE_TIMER_STARTED] == 3


NONSENSE = [
    ([], "wrong_argument_count"),
    ([(b"json/plain", b"null")], "not_an_object"),
    ([(b"json/plain", b'{"by": ""}')], "malformed"),
    ([(b"json/plain", b'{"by": "li.na", "110101199003077777": 1}')], "malformed"),
    ([(b"json/plain", b'{"by": "li.na", "at": "2020-01-01T00:00:00Z"}')], "before_approval"),
    ([(b"binary/encrypted", b'{"by": "li.na"}')], "undecodable_payload"),
    ([(b"json/plain", b'{"by"')], "undecodable_payload"),
]


async def test_nonsense_is_refused_on_record_and_the_next_is_applied(begin_filing: Begin) -> None:
    display = await granted(begin_filing)
    client = display.filing.services.client
    sent = [("displayed", payloads, code) for payloads, code in NONSENSE]
    sent.append(("no_such_signal", NONSENSE[2][0], "unknown_message"))
    for name, payloads, _ in sent:
        raw = [Payload(metadata={"encoding": how}, data=data) for how, data in payloads]
        await client.workflow_service.signal_workflow_execution(
            SignalWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=display.handle.id),
                signal_name=name,
                input=Payloads(payloads=raw),
            )
        )
    await display.handle.cancel()
    answer = await display.eventually(lambda a: a.refused_count == len(sent) + 1)
    assert [r.code for r in answer.refused] == [*(code for *_, code in sent), "not_by_cancel"]
    assert answer.status is DisplayStatus.WAITING
    assert "110101199003077777" not in answer.model_dump_json()
    wrong = await display.handle.execute_update("displayed", args=[1, 2])
    assert (wrong["accepted"], wrong["refusal"]["code"]) == (False, "wrong_argument_count")
    right = await display.handle.execute_update("displayed", {"by": "li.na"})
    assert (right["accepted"], right["status"]["status"]) == (True, "displayed")
    assert (await display.result()).refused_count == len(sent) + 2


@pytest.mark.parametrize("argument", [[], [None], [{}], ["x"], [1, 2], [{"carried": {}}]], ids=str)
async def test_a_start_by_hand_with_nonsense_fails_with_paths_and_codes(
    begin_filing: Begin, argument: list[Any]
) -> None:
    client = (await begin_filing()).services.client
    handle = await client.start_workflow(
        "DisplayWorkflow", args=argument, id=f"display-{uuid.uuid4()}", task_queue="filings"
    )
    with pytest.raises(WorkflowFailureError) as caught:
        await asyncio.wait_for(handle.result(), 20)
    assert isinstance(caught.value.cause, ApplicationError)
    assert caught.value.cause.type == "InvalidDisplay"


async def test_a_second_start_for_the_same_number_does_nothing(begin_filing: Begin) -> None:
    """A filing that is reset to before its end starts the display again, though it has ended."""
    display = await granted(begin_filing)
    await display.handle.signal("displayed", {"by": "li.na"})
    first = await display.result()
    client, filing = display.filing.services.client, display.filing
    events = (await filing.handle.fetch_history()).events
    begun = max(e.event_id for e in events if e.event_type == EventType.EVENT_TYPE_MARKER_RECORDED)
    tasks = [
        e.event_id
        for e in events
        if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED and e.event_id < begun
    ]
    task = tasks[-2]  # before the one in which the display was begun
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=filing.id, run_id=filing.uid),
            reason="test",
            workflow_task_finish_event_id=task,
            request_id=str(uuid.uuid4()),
        )
    )
    again = await asyncio.wait_for(client.get_workflow_handle(filing.id).result(), 20)
    assert (again["status"], again["uid"]) == ("approved", filing.uid)
    assert await display.status() == first == await display.recorded()


async def test_a_cancelled_number_ends_its_display_and_where_there_is_none_nothing_happens(
    begin_filing: Begin,
) -> None:
    display = await granted(begin_filing)
    filing = display.filing
    cancellation = filing.application.model_copy(
        update={
            "kind": Kind.CANCEL_MINI_PROGRAM,
            "filing_number": display.number,
            "cancellation_reason": CancellationReason.NO_LONGER_OPERATED,
            "materials": (),
            "subject": filing.application.subject.model_copy(
                update={"subject_number": display.number.rsplit("-", 1)[0]}
            ),
        }
    )
    await filing.player.authority(status=6)
    cancelling = await begin_filing(cancellation)
    await cancelling.player.reviewed()
    await cancelling.player.until(Status.SUBMISSION)
    await cancelling.player.handed_over()
    await cancelling.player.authority(status=6)
    await cancelling.player.pass_check()
    assert (await cancelling.result()).status is Status.APPROVED
    answer = await display.result()
    assert (answer.status, answer.displayed_at) == (DisplayStatus.CANCELLED, None)
    assert answer == await display.recorded()
    assert answer.by == cancelling.id
    nowhere = DisplayWorkflows(filing.services.client)
    await nowhere.end("苏ICP备2026999999号-9X", NumberCancelled(by="test", note="无"))


def failing_worker(folder: Path) -> Path:
    """A worker program that cannot write displays down while `folder/stop` exists."""
    script = folder / "failing_worker.py"
    script.write_text(
        f"""import pathlib, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
import worker
from gateways.displays import DisplayRegistry
write = DisplayRegistry.write
async def write_if_allowed(self, state):
    if pathlib.Path({str(folder / "stop")!r}).exists():
        raise OSError("no registry")
    await write(self, state)
DisplayRegistry.write = write_if_allowed
if __name__ == "__main__":
    sys.exit(worker.main())
""",
        encoding="utf-8",
    )
    return script


def mails(catcher: MailCatcher, display: Display) -> list[str]:
    """The names of the notices about this display that arrived, as often as they did."""
    texts = [path.read_text(encoding="utf-8") for path in catcher.messages()]
    names = [n for text in texts for n in re.findall(r"^X-Beian-Notice: (\S+)", text, re.MULTILINE)]
    return [n for n in names if n.startswith(display.filing.uid) and ".display_" in n]


async def test_a_worker_killed_between_reminder_and_record_reminds_once(tmp_path: Path) -> None:
    async with own_stack(tmp_path, worker_script=failing_worker(tmp_path)) as own:
        display = await granted(own.begin)
        first, second = (await display.status()).remind_at
        await display.to(first, minutes=-1)
        stop = tmp_path / "stop"
        stop.touch()
        moving = asyncio.create_task(display.to(first, seconds=1))
        await display.until_sent()
        assert (await display.recorded()).reminded == 0
        await own.stack.worker.kill_worker()
        stop.unlink()
        await own.stack.worker.start_worker()
        answer = await display.eventually(lambda a: a.reminded == 1, patience=40)
        await moving
        assert [entry.by for entry in answer.timeline] == ["bureau", "clock"]
        assert len(mails(own.stack.mail, display)) == 1
        await display.to(second, minutes=1)
        await display.eventually(lambda a: a.reminded == 2)
        assert Counter(mails(own.stack.mail, display)).most_common(1)[0][1] == 1
        assert await display.told() == REMINDERS


async def test_a_long_history_goes_on_as_a_new_run_with_all_it_knew(tmp_path: Path) -> None:
    worker = short_lived_worker(tmp_path, 60, "display")
    async with own_stack(tmp_path, worker_script=worker) as own:
        display = await granted(own.begin)
        first, second = (await display.status()).remind_at
        await display.to(first, minutes=1)
        before = await display.eventually(lambda a: a.reminded == 1)
        for count in range(1, 31):
            await display.handle.signal("displayed", count)
            await display.eventually(lambda a, count=count: a.refused_count == count)  # type: ignore[misc]
        described = await display.handle.describe()
        assert described.status is WorkflowExecutionStatus.RUNNING
        runs = [
            r
            async for r in own.services.client.list_workflows(f"WorkflowId = '{display.handle.id}'")
        ]
        assert len(runs) > 1
        after = await display.status()
        assert after.timeline == before.timeline
        assert after.remind_at == (second,)
        await display.to(second, minutes=1)
        await display.eventually(lambda a: a.reminded == 2)
        assert await display.told() == REMINDERS
        await display.handle.signal("displayed", {"by": "li.na"})
        answer = await display.result()
        assert (answer.status, answer.refused_count) == (DisplayStatus.DISPLAYED, 30)
