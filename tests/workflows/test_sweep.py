"""The sweep on the real server, over real SMTP: each is told once, whatever happens meanwhile."""

import asyncio
import re
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, timedelta

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import (
    ScheduleActionExecutionStartWorkflow,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ApplicationError
from temporalio.testing import TimeSkipper

from filing.inventory import InventoryItem
from filing.listing import Standing
from filing.sweep import Deliveries, SweepOrder, SweepReport
from filing.vocabulary import Status
from filing.workdays import ONE_DAY
from gateways.inventory import Inventory
from gateways.schedules import LISTING_SWEEP, SWEEP_WORKFLOW, keep_listing_sweep, listing_sweep
from gateways.temporal import TASK_QUEUE
from operations.listing import listing_of
from operations.services import now
from operations.sweep import sweep_now
from tests.own_stack import OwnStack, own_stack
from tests.playing import fresh_appid
from tests.workflows.test_whole_filings import number_for

LONG_LISTED = date(2022, 5, 1)
AFTER = "2026-11-24"
Handle = WorkflowHandle[object, SweepReport]


class Mailbox:
    """A mail server. What it has answered with yes is in `taken`, by the notices' names."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.refused: set[str] = set()
        """Recipients whom it does not know."""
        self.hold_at: int | None = None
        """The number of messages after which it answers nobody until `release`."""
        self.holding = asyncio.Event()
        self._released = asyncio.Event()
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if envelope.rcpt_tos[0] in self.refused:
            return "550 no such mailbox"
        if self.hold_at == len(self.taken):
            self.holding.set()
            await self._released.wait()
            return "451 whoever sent this is gone"
        assert isinstance(envelope.content, bytes)
        self.taken += re.findall(r"^X-Beian-Notice: (\S+)", envelope.content.decode(), re.MULTILINE)
        return "250 OK"

    def hold(self, at: int) -> None:
        self.hold_at = at
        self.holding.clear()
        self._released = asyncio.Event()

    def release(self) -> None:
        self.hold_at = None
        self._released.set()

    def of(self, appid: str) -> list[str]:
        """The names of what the owner got, without the appid."""
        return [key.replace(f"listing-{appid}-", "") for key in self.taken if appid in key]


@pytest.fixture(scope="module")
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1"
    )
    mailbox.port = server.sockets[0].getsockname()[1]
    yield mailbox
    server.close()


@pytest.fixture(scope="module")
async def own(
    tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox
) -> AsyncIterator[OwnStack]:
    url = f"mailto://127.0.0.1:{mailbox.port}?from=beian@beian.test&mode=insecure&to={{email}}"
    async with own_stack(tmp_path_factory.mktemp("sweep"), notify_applicant=url) as own:
        yield own


@pytest.fixture(scope="module")
async def owner(own: OwnStack) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the registry's tables."""
    connection = await asyncpg.connect(own.stack.info.database_url)
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection, mailbox: Mailbox) -> None:
    """Each test has an inventory of its own."""
    await owner.execute("truncate inventory")
    mailbox.refused.clear()
    mailbox.taken.clear()


async def listed(own: OwnStack, since: date | None = LONG_LISTED, appid: str = "") -> str:
    """A mini program in the inventory."""
    appid = appid or fresh_appid()
    item = InventoryItem(
        appid=appid, name="昆山示例商城", contact=f"{appid}@owner.test", listed_since=since
    )
    async with Inventory(own.services.registry).importing() as importing:
        await importing.add([(1, item)])
        await importing.apply()
    return appid


async def on_file(
    owner: asyncpg.Connection, appid: str, filed_on: date, ended_on: date | None = None
) -> None:
    """A number that the mini program has, or had until that day."""
    await owner.execute(
        """
        insert into mini_programs (appid, subject_key, filing_number, name, status, data, uid,
            filed_on, ended_on, updated_at)
        values ($1, 'k', '苏ICP备2026000001号-1X', '昆山示例商城', $2, '{}', 'u', $3, $4, now())
        on conflict (appid) do update set status = excluded.status, ended_on = excluded.ended_on
        """,
        appid,
        "access_cancelled" if ended_on else "filed",
        filed_on,
        ended_on,
    )


async def begun(own: OwnStack, day: str | None, *, once: bool = False) -> Handle:
    order = SweepOrder(day=date.fromisoformat(day) if day else None, once=once)
    return await own.services.client.start_workflow(
        SWEEP_WORKFLOW,
        order,
        id=f"sweep-{uuid.uuid4()}",
        task_queue=TASK_QUEUE,
        result_type=SweepReport,
    )


async def swept(own: OwnStack, day: str) -> SweepReport:
    """A sweep as of that day, done."""
    return await asyncio.wait_for((await begun(own, day)).result(), 60)


async def marks(own: OwnStack, appid: str) -> list[tuple[str, str, str | None]]:
    rows = await own.services.registry.pool.fetch(
        "select * from clear_out_marks where appid = $1 order by clear_out_from", appid
    )
    return [
        (str(r["clear_out_from"]), str(r["marked_on"]), r["lifted_on"] and str(r["lifted_on"]))
        for r in rows
    ]


async def test_each_owner_is_told_at_each_step_once(own: OwnStack, mailbox: Mailbox) -> None:
    appid = await listed(own)
    unlisted = await listed(own, None)
    told: list[tuple[str, int]] = []
    for day in (
        *("2024-02-29", "2024-03-01", "2024-03-02", "2024-03-24", "2024-03-30", "2024-03-31"),
        *("2024-04-01", "2024-04-02", AFTER),
    ):
        before = len(mailbox.taken)
        report = await swept(own, day)
        told.append((day, len(mailbox.taken) - before))
        assert report.notices.sent == told[-1][1]
    assert [day for day, count in told if count] == [
        *("2024-03-01", "2024-03-24", "2024-03-30", "2024-04-01")
    ]
    assert mailbox.of(appid) == [
        "2024-04-01.30.listing_ends.applicant",
        "2024-04-01.7.listing_ends.applicant",
        "2024-04-01.1.listing_ends.applicant",
        "2024-04-01.0.clear_out.applicant",
    ]
    assert mailbox.of(unlisted) == []
    assert await marks(own, appid) == [("2024-04-01", "2024-04-01", None)]
    assert await marks(own, unlisted) == []


async def test_a_cancelled_filing_is_told_anew(
    own: OwnStack, mailbox: Mailbox, owner: asyncpg.Connection
) -> None:
    appid = await listed(own)
    assert (await swept(own, "2025-05-01")).marked == 1
    await on_file(owner, appid, date(2025, 6, 1))
    assert (await swept(own, "2025-05-31")).lifted == 0
    assert (await swept(own, "2025-06-01")).lifted == 1
    assert mailbox.of(appid) == ["2024-04-01.0.clear_out.applicant"]
    await on_file(owner, appid, date(2025, 6, 1), date(2026, 1, 10))
    assert (await swept(own, "2026-01-09")).marked == 0
    assert (await swept(own, "2026-01-10")).marked == 1
    assert (await swept(own, "2026-01-11")).notices.already_sent == 1
    assert mailbox.of(appid)[1:] == ["2026-01-10.0.clear_out.applicant"]
    assert await marks(own, appid) == [
        ("2024-04-01", "2025-05-01", "2025-06-01"),
        ("2026-01-10", "2026-01-10", None),
    ]


async def test_an_open_filing_of_a_marked_one_is_told_to_operations_once(own: OwnStack) -> None:
    filing = await own.begin()
    await listed(own, appid=filing.application.mini_program.appid)
    before = set(own.stack.mail.messages())
    for _ in range(2):
        await swept(own, AFTER)
    letters = [path.read_text(encoding="utf-8") for path in set(own.stack.mail.messages()) - before]
    names = [name for text in letters for name in re.findall(r"X-Beian-Notice: (\S+)", text)]
    assert names == [f"{filing.uid}.0.clear_out.operations"]
    # So that whoever looks at the filing knows.
    notices = await own.services.registry.notices(filing.uid)
    assert [(n.purpose, n.audience, n.state) for n in notices] == [
        ("clear_out", "operations", "sent")
    ]


async def test_the_number_that_a_filing_gets_ends_its_mark(own: OwnStack, mailbox: Mailbox) -> None:
    filing = await own.begin()
    appid = await listed(own, appid=filing.application.mini_program.appid)
    today = now().date()
    assert (await swept(own, str(today))).marked == 1
    player = filing.player
    await player.until(Status.PLATFORM_REVIEW)
    await player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await player.until(Status.SUBMISSION)
    received = {"source": "test", "event_id": "e-1", "kind": "received"}
    await player.signal("authority_event", received)
    await player.until(Status.SMS_VERIFICATION)
    for person in ("subject_principal", "mini_program_principal"):
        await player.signal("sms_verified", {"person": person, "source": "test"})
    await player.until(Status.BUREAU_REVIEW)
    approval = {"outcome": "approve", "reviewer": "苏通管局", "filing_number": number_for(filing)}
    await player.signal("bureau_decision", approval)
    await filing.result()
    assert (await swept(own, str(today))).lifted == 1
    assert await marks(own, appid) == [("2024-04-01", str(today), str(today))]
    listing = await listing_of(appid, today, own.services.registry)
    assert listing.verdict.filing_number == number_for(filing)
    assert listing.verdict.standing is Standing.ALLOWED
    yesterday = await listing_of(appid, today - ONE_DAY, own.services.registry)
    assert yesterday.verdict.standing is Standing.CLEAR_OUT


async def test_a_sweep_that_is_killed_half_way_neither_tells_twice_nor_forgets(
    own: OwnStack, mailbox: Mailbox
) -> None:
    """The worker is killed in the first batch and in the second, each time while it sends."""
    appids = [await listed(own) for _ in range(55)]
    mailbox.hold(at=20)
    handle = await begun(own, AFTER)
    for at in (52, None):
        await asyncio.wait_for(mailbox.holding.wait(), 60)
        await own.stack.worker.kill_worker()
        mailbox.release()
        if at is not None:
            mailbox.hold(at)
        await own.stack.worker.start_worker()
    report = await asyncio.wait_for(handle.result(), 60)
    expected = {f"listing-{appid}-2024-04-01.0.clear_out.applicant": 1 for appid in appids}
    assert Counter(mailbox.taken) == expected
    assert report.marked == 55
    assert report.notices.undelivered == 0
    states = await own.services.registry.pool.fetch(
        "select state from notices where uid = any($1)",
        [f"listing-{appid}-2024-04-01" for appid in appids],
    )
    # What was under way at a kill may have arrived, for all that we can know.
    assert Counter(row["state"] for row in states) == {"sent": 53, "possibly_doubled": 2}


async def test_a_long_sweep_goes_on_as_a_new_run(own: OwnStack, mailbox: Mailbox) -> None:
    """As it hands itself over where its history has become long."""
    first, second = sorted([await listed(own), await listed(own)])
    report = SweepReport(day=date(2026, 11, 24), examined=2, marked=2, notices=Deliveries(sent=1))
    order = SweepOrder(day=report.day, after=first, marking=False, report=report)
    handle = await own.services.client.start_workflow(
        SWEEP_WORKFLOW,
        order,
        id=f"sweep-{uuid.uuid4()}",
        task_queue=TASK_QUEUE,
        result_type=SweepReport,
    )
    ended = await asyncio.wait_for(handle.result(), 60)
    assert ended == report.model_copy(update={"notices": Deliveries(sent=2)})
    assert (len(mailbox.of(first)), len(mailbox.of(second))) == (0, 1)


async def test_two_sweeps_at_the_same_time_tell_each_owner_once(
    own: OwnStack, mailbox: Mailbox
) -> None:
    appids = [await listed(own) for _ in range(10)]
    both = await asyncio.gather(begun(own, AFTER), begun(own, AFTER))
    reports = await asyncio.wait_for(asyncio.gather(*(one.result() for one in both)), 60)
    assert sum(report.marked for report in reports) == 10
    assert sum(report.notices.sent for report in reports) == 10
    assert [len(mailbox.of(appid)) for appid in appids] == [1] * 10


async def test_who_could_not_be_told_is_tried_again(own: OwnStack, mailbox: Mailbox) -> None:
    good, bad = await listed(own), await listed(own)
    mailbox.refused.add(f"{bad}@owner.test")
    handle = await begun(own, AFTER, once=True)
    report = await asyncio.wait_for(handle.result(), 60)
    assert (report.notices.sent, report.notices.undelivered) == (1, 1)
    # Another one waits for a quarter of an hour, when the mailbox is there.
    handle = await begun(own, AFTER)
    end = time.monotonic() + 30
    while "TimerStarted" not in await _events(handle):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    assert mailbox.of(bad) == []
    mailbox.refused.clear()
    await TimeSkipper(own.services.client).fast_forward(handle, timedelta(minutes=16))
    report = await asyncio.wait_for(handle.result(), 60)
    assert report.notices.model_dump() == {
        **dict.fromkeys(report.notices.model_dump(), 0),
        "sent": 1,
        "already_sent": 1,
    }
    assert (len(mailbox.of(good)), len(mailbox.of(bad))) == (1, 1)


async def _events(handle: Handle) -> set[str]:
    names = set()
    async for event in handle.fetch_history_events():
        attributes = event.WhichOneof("attributes") or ""
        names.add("".join(part.title() for part in attributes.split("_")[:-2]))
    return names


async def test_nobodys_address_is_in_the_history_or_the_log(
    own: OwnStack, mailbox: Mailbox
) -> None:
    appid = await listed(own)
    other = await listed(own)
    mailbox.refused.add(f"{other}@owner.test")
    handle = await begun(own, AFTER, once=True)
    await asyncio.wait_for(handle.result(), 60)
    assert mailbox.of(appid)
    history = (await handle.fetch_history()).to_json()
    assert "mark_unfiled" in history
    assert "owner.test" not in history
    assert "notice not sent (clear_out to applicant)" in own.worker_log
    assert "owner.test" not in own.worker_log


@pytest.mark.parametrize("given", ["tomorrow", {"day": "soon"}, {"days": 3}, 7])
async def test_what_is_no_day_ends_a_sweep_with_a_reason(own: OwnStack, given: object) -> None:
    handle = await own.services.client.start_workflow(
        SWEEP_WORKFLOW, given, id=f"sweep-{uuid.uuid4()}", task_queue=TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(handle.result(), 20)
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "InvalidSweep"


async def test_by_hand_it_is_done_as_of_today(own: OwnStack, mailbox: Mailbox) -> None:
    appid = await listed(own)
    first, again = await sweep_now(own.services), await sweep_now(own.services)
    assert (first.examined, first.marked, first.notices.sent) == (1, 1, 1)
    assert (again.examined, again.marked, again.notices.already_sent) == (1, 0, 1)
    assert mailbox.of(appid) == ["2024-04-01.0.clear_out.applicant"]


# The schedule


async def described(own: OwnStack) -> ScheduleDescription:
    return await own.services.client.get_schedule_handle(LISTING_SWEEP).describe()


async def test_the_worker_keeps_a_daily_schedule(own: OwnStack) -> None:
    found = (await described(own)).schedule
    assert found.spec.time_zone_name == "Asia/Shanghai"
    assert [(c.hour[0].start, c.hour[0].end) for c in found.spec.calendars] == [(9, 9)]
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
    [following, *_] = (await described(own)).info.next_action_times
    assert (following.astimezone(UTC).hour, following.minute) == (1, 0)


async def test_starting_again_changes_what_differs_and_leaves_a_pause(own: OwnStack) -> None:
    client = own.services.client
    handle = client.get_schedule_handle(LISTING_SWEEP)
    await handle.delete()
    other = listing_sweep()
    other.spec.calendars = []
    other.spec.cron_expressions = ["0 3 * * 1"]
    await client.create_schedule(LISTING_SWEEP, other)
    await handle.pause(note="by operations")
    for _ in range(2):
        await asyncio.gather(*(keep_listing_sweep(client) for _ in range(3)))
        found = (await described(own)).schedule
        assert [c.hour[0].start for c in found.spec.calendars] == [9]
        assert (found.state.paused, found.state.note) == (True, "by operations")
    await handle.unpause()


async def test_the_schedule_sweeps(own: OwnStack, mailbox: Mailbox) -> None:
    appid = await listed(own)
    handle = own.services.client.get_schedule_handle(LISTING_SWEEP)
    await handle.trigger()
    end = time.monotonic() + 30
    while not (actions := (await handle.describe()).info.recent_actions):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    action = actions[0].action
    assert isinstance(action, ScheduleActionExecutionStartWorkflow)
    workflow_id = action.workflow_id
    assert workflow_id.startswith("listing-sweep-")
    sweep = own.services.client.get_workflow_handle(workflow_id, result_type=SweepReport)
    report = await asyncio.wait_for(sweep.result(), 60)
    assert (report.examined, report.notices.sent) == (1, 1)
    assert mailbox.of(appid) == ["2024-04-01.0.clear_out.applicant"]
