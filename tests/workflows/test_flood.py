"""Thousands of messages to one filing: none is lost, nothing wedges, and what it waits for goes on
in the next run."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from filing.model import CHINA
from filing.process.state import REFUSALS_KEPT
from filing.vocabulary import Status
from operations.filings import find, send, show
from tests.own_stack import OwnStack, own_stack, short_lived_worker
from tests.playing import Begin, Filing, eventually
from tests.workflows.test_messages import json_payload, raw_signal
from workflows.filing import LONG_HISTORY

pytestmark = pytest.mark.torture

FLOOD = 10_000
AT_ONCE = 16
STATE_BYTES = 200_000
"""What a run may hand to the next, at most."""
SERVERS_EVENTS = 51_200
SHORT_HISTORY = 200
RETURN = {
    "outcome": "return",
    "reviewer": "li.na",
    "reasons": [{"field": "subject.name", "reason": "不符"}],
}
APPROVE = {"outcome": "approve", "reviewer": "li.na"}
DUPLICATE = {**APPROVE, "decision_id": "d-1"}


async def patiently(send_it: Callable[[], Awaitable[None]], patience: float = 60) -> None:
    """Send; a run takes 10,000 signals, then the server tells the sender so until the next began."""
    end = time.monotonic() + patience
    while True:
        try:
            await send_it()
        except RPCError as error:
            full = error.status is RPCStatusCode.INVALID_ARGUMENT and "limit" in str(error)
            if not full or time.monotonic() > end:
                raise
            await asyncio.sleep(0.2)
        else:
            return


async def flood(filing: Filing, count: int) -> int:
    """Send a mix of what is refused, many at once; gives how many refusals that makes."""
    gate = asyncio.Semaphore(AT_ONCE)
    mix = [
        ("platform_decision", [json_payload(b'{"outcome"')]),
        ("nonsense", [json_payload(b"1")]),
        ("platform_decision", [json_payload(json.dumps({**APPROVE, "round": 7}).encode())]),
        ("bureau_decision", [json_payload(b"null")]),
        ("platform_decision", [json_payload(json.dumps(DUPLICATE).encode())]),
    ]
    if (await filing.status()).status is Status.PLATFORM_REVIEW:
        mix.pop()  # there it would be the first of its kind

    async def one(number: int) -> None:
        async with gate:
            await patiently(lambda: raw_signal(filing, *mix[number % len(mix)]))

    await asyncio.gather(*(one(number) for number in range(count)))
    duplicates = len(range(4, count, 5)) if len(mix) == 5 else 0
    return count - duplicates


async def described(filing: Filing) -> WorkflowExecutionDescription:
    handle = filing.services.client.get_workflow_handle(filing.id)
    return await handle.describe()


async def runs(filing: Filing) -> list[tuple[str, int]]:
    """Id and length of each run of the filing, from the newest to the first."""
    found, run = [], (await described(filing)).run_id
    while run:
        handle = filing.services.client.get_workflow_handle(filing.id, run_id=run)
        history = await handle.fetch_history()
        found.append((run, len(history.events)))
        started = history.events[0].workflow_execution_started_event_attributes
        run = started.continued_execution_run_id
    return found


async def carried_bytes(filing: Filing) -> int:
    """Size of what the present run was handed."""
    handle = filing.services.client.get_workflow_handle(filing.id)
    async for event in handle.fetch_history_events(page_size=1):
        return event.workflow_execution_started_event_attributes.ByteSize()
    raise AssertionError("a run without events")


@pytest.mark.timeout(300)
async def test_ten_thousand_signals_are_all_on_record_and_the_next_decision_is_applied(
    begin_filing: Begin,
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", DUPLICATE)
    before = await filing.player.until(Status.SUBMISSION)
    refusals = await flood(filing, FLOOD) + 1  # of a decision's duplicates one is on record
    # The next decision, right away.
    received = {"source": "test", "event_id": "e-1", "kind": "received"}
    await patiently(lambda: filing.handle.signal("authority_event", received))
    answer = await eventually(
        filing,
        lambda a: a.status is Status.SMS_VERIFICATION and a.due_at is not None,
        patience=120,
    )
    assert (answer.uid, answer.refused_count) == (filing.uid, refusals)
    assert len(answer.refused) == REFUSALS_KEPT
    assert [t.status for t in answer.timeline] == [
        *(t.status for t in before.timeline),
        Status.SMS_VERIFICATION,
    ]
    shown = await show(filing.uid, filing.services)
    assert shown.answer == answer
    # A task that was done again may have told some of it in another order before.
    true = [e for e in shown.events if not e.superseded]
    assert [e.sequence for e in true] == list(range(1, len(true) + 1))
    entries = [e for e in true if e.purpose == "refusal"]
    assert len(entries) == refusals
    assert [(r.at, r.code) for r in answer.refused] == [
        (e.at, e.detail["code"]) for e in entries[-REFUSALS_KEPT:]
    ]
    # Another run of the same filing, well before the server would have ended the first.
    (newest, _), *earlier = await runs(filing)
    assert earlier
    assert earlier[-1][0] == filing.uid != newest
    assert max(length for _, length in earlier) < SERVERS_EVENTS / 3
    assert await carried_bytes(filing) < STATE_BYTES
    # By uid, as everything that is written down names it.
    late = await send(
        await find(filing.uid, filing.services),
        "withdraw",
        {"by": "applicant", "reason": "x"},
        filing.services,
    )
    assert late.refusal is not None
    assert late.refusal["code"] == "too_late"


class Moody:
    """A mail server that refuses until it is in the mood."""

    def __init__(self) -> None:
        self.takes = False
        self.refused = 0
        self.taken: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if not self.takes:
            self.refused += 1
            return "451 not now"
        assert isinstance(envelope.content, bytes)
        self.taken += [
            line for line in envelope.content.decode().splitlines() if "X-Beian-Notice" in line
        ]
        return "250 OK"


@pytest.fixture(scope="module")
async def moody() -> AsyncIterator[tuple[Moody, int]]:
    moody, loop = Moody(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(moody, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    yield moody, server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


@pytest.fixture(scope="module")
async def short(
    tmp_path_factory: pytest.TempPathFactory, moody: tuple[Moody, int]
) -> AsyncIterator[OwnStack]:
    """A stack whose filings go on as new runs after few events."""
    folder = tmp_path_factory.mktemp("short")
    worker = short_lived_worker(folder, SHORT_HISTORY)
    mail = f"mailto://127.0.0.1:{moody[1]}?from=beian@beian.test&mode=insecure&to={{email}}"
    async with own_stack(folder, worker_script=worker, notify_applicant=mail) as own:
        yield own


async def into_the_next_run(filing: Filing) -> None:
    """Make its history so long that it goes on as a new run."""
    first = (await described(filing)).run_id
    refused = (await filing.status()).refused_count
    refusals = await flood(filing, SHORT_HISTORY + 5)
    await eventually(filing, lambda a: a.refused_count >= refused + refusals)
    end = time.monotonic() + 20
    while (await described(filing)).run_id == first:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def pending(filing: Filing) -> list[str]:
    """Names of the activities that are under way."""
    raw = (await described(filing)).raw_description
    return sorted(activity.activity_type.name for activity in raw.pending_activities)


async def until_pending(filing: Filing, names: list[str]) -> None:
    end = time.monotonic() + 20
    while await pending(filing) != names:
        assert time.monotonic() < end, await pending(filing)
        await asyncio.sleep(0.05)


async def test_a_notice_and_a_hold_go_on_in_the_next_run(
    short: OwnStack, moody: tuple[Moody, int]
) -> None:
    server = moody[0]
    filing = await short.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", {**RETURN, "decision_id": "d-1"})
    await filing.player.until(Status.CORRECTION)
    began = await eventually(filing, lambda a: a.due_at is not None)
    await filing.player.signal("hold", {"by": "ops", "reason": "系统维护"})
    await eventually(filing, lambda a: a.held)
    await into_the_next_run(filing)
    await until_pending(filing, ["notify"])
    held = await filing.status()
    assert (held.held, held.due_at, held.uid) == (True, None, filing.uid)
    server.takes = True
    await filing.player.pass_time(minutes=20)
    await until_pending(filing, [])
    [notice] = await short.services.registry.notices(filing.uid)
    assert (notice.purpose, notice.state) == ("returned", "sent")
    assert server.taken == [f"X-Beian-Notice: {filing.uid}.{notice.sequence}.returned.applicant"]
    assert notice.attempts == server.refused + 1
    # Once more, with the hold over: the days held do not count, in whatever run they began.
    await filing.player.pass_time(days=2)
    await filing.player.signal("resume", {"by": "ops", "reason": "恢复"})
    resumed = await eventually(filing, lambda a: not a.held and a.due_at is not None)
    assert began.due_at is not None
    assert resumed.due_at is not None
    # Each day that the hold touched; the window's first day never counts.
    ended = (await filing.player.time()).astimezone(CHINA).date()
    assert resumed.due_at - began.due_at == ended - began.entered_at.date()
    await into_the_next_run(filing)
    await filing.player.signal("resubmit", {"by": "applicant", "reason": "重新提交"})
    await filing.player.until(Status.PLATFORM_REVIEW, 2)


async def test_a_question_to_the_authority_goes_on_in_the_next_run(short: OwnStack) -> None:
    filing = await short.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", DUPLICATE)
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    await into_the_next_run(filing)
    await filing.player.to_sms_from_submission()
    await into_the_next_run(filing)
    await until_pending(filing, ["watch_authority"])
    await filing.player.authority(status=4, sms_verify_status=2)
    await filing.player.pass_time(hours=23)
    answer = await filing.player.until(Status.BUREAU_REVIEW)
    assert answer.refused_count > SHORT_HISTORY


async def test_a_deadline_is_kept_in_the_next_run(short: OwnStack) -> None:
    filing = await short.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    began = await eventually(filing, lambda a: a.due_at is not None)
    await into_the_next_run(filing)
    answer = await filing.status()
    assert answer.due_at is not None
    assert answer.due_at == began.due_at
    ahead = answer.due_at - await filing.player.time()
    await filing.player.pass_time(seconds=ahead.total_seconds() - 2)
    assert not (await filing.status()).overdue
    await filing.player.pass_time(seconds=3)
    late = await eventually(filing, lambda a: a.overdue)
    assert late.timeline[-1].at - answer.due_at < timedelta(seconds=2)


async def test_updates_under_way_are_answered_before_the_next_run(short: OwnStack) -> None:
    filing = await short.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    into = asyncio.create_task(into_the_next_run(filing))
    answers = []
    while not into.done():
        record = await find(filing.uid, filing.services)
        answers.append(await send(record, "resume", {"by": "ops"}, filing.services))
    await into
    assert {a.refusal["code"] for a in answers if a.refusal} == {"not_held"}
    recorded = await short.services.registry.events(filing.uid)
    assert sum(e.detail.get("code") == "not_held" for e in recorded) == len(answers)


def test_a_run_ends_well_before_the_servers_limits() -> None:
    assert LONG_HISTORY <= FLOOD / 2
    assert LONG_HISTORY <= SERVERS_EVENTS / 10
