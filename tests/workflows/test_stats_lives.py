"""Whole lives on the real server, and what the statistics say of them."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from filing.application import Application
from filing.process.facts import SMS_LAPSE
from filing.stats import By, StatsQuery
from filing.view import StatusAnswer
from filing.vocabulary import Party, Status
from operations.services import Services
from operations.stats import gather
from tests.own_stack import own_stack, short_lived_worker, until
from tests.playing import Begin, Filing, eventually, of_another_subject

SHORT_HISTORY = 30
"""Events after which a filing of the last test goes on as a new run."""
AGENCY = f"机构 {uuid.uuid4().hex[:8]}"
RETURN = {
    "outcome": "return",
    "reviewer": "li.na",
    "reasons": [{"field": "subject.name", "reason": "与执照不一致"}],
}


Start = Callable[[str], Awaitable[Filing]]


@pytest.fixture
def start(begin_filing: Begin, stored_example: Application) -> Start:
    """Starts a filing of this agency, for one of its customers."""
    return lambda customer: begin_filing(_of(stored_example, customer))


def _of(example: Application, customer: str) -> Application:
    references = {"agency": AGENCY, "customer": customer}
    return of_another_subject(example).model_copy(update=references)


async def approved(start: Start) -> StatusAnswer:
    filing = await start("C-approved")
    await filing.player.to_sms()
    await filing.player.to_bureau()
    await filing.player.through_bureau(days=9)
    return await filing.result()


async def returned(start: Start) -> StatusAnswer:
    """Returned, sent again with another customer, and approved."""
    filing = await start("C-returned")
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.pass_time(days=3)
    await filing.player.signal("platform_decision", RETURN)
    await filing.player.until(Status.CORRECTION)
    await filing.player.pass_time(days=8)
    corrected = filing.application.model_copy(update={"agency": None, "customer": "C-moved"})
    payload = {"application": corrected.model_dump(mode="json"), "by": "applicant"}
    await filing.player.signal("amend", payload)
    await filing.player.to_sms(2)
    await filing.player.to_bureau(2)
    await filing.player.through_bureau(days=5)
    return await filing.result()


async def missed(start: Start) -> StatusAnswer:
    """Its SMS check is missed, and nobody corrects it."""
    filing = await start("C-missed")
    await filing.player.to_sms()
    await filing.player.authority(status=4, sms_verify_status=3)
    await filing.player.pass_time(hours=24, seconds=3)
    await eventually(filing, lambda answer: answer.status is Status.CORRECTION)
    await filing.player.until(Status.CORRECTION)
    await filing.player.pass_time(days=46)
    return await filing.result()


async def overdue(start: Start) -> StatusAnswer:
    """Nobody reviews it."""
    filing = await start("C-overdue")
    due = (await filing.player.until(Status.PLATFORM_REVIEW)).due_at
    assert due is not None
    ahead = due - await filing.player.time() + timedelta(seconds=2)
    await filing.player.pass_time(seconds=ahead.total_seconds())
    return await eventually(filing, lambda answer: answer.overdue)


async def test_an_approved_a_returned_a_missed_and_an_overdue_filing(
    start: Start, services: Services
) -> None:
    answers = await asyncio.gather(approved(start), returned(start), missed(start), overdue(start))
    stats = await gather(StatsQuery(by=By.CUSTOMER, agency=AGENCY), services.registry)
    total = stats.total
    assert (total.filings, total.open, total.overdue_now) == (4, 1, 1)
    assert {status.value: count for status, count in total.ended.items() if count} == {
        "approved": 2,
        "lapsed": 1,
    }
    assert (total.first_time_approved, total.first_time_approval_rate) == (1, 0.3333)
    assert total.sms_lapses == 1
    assert [(r.field, r.reason, r.count) for r in total.reasons] == [
        ("subject.name", "与执照不一致", 1)
    ]
    assert SMS_LAPSE.reason not in {r.reason for r in total.reasons}
    by_key = {group.key: group for group in stats.groups}
    assert set(by_key) == {"C-approved", "C-moved", "C-missed", "C-overdue"}
    stages = {one.stage: one for one in total.stages}
    assert (stages[Status.PLATFORM_REVIEW].entered, stages[Status.PLATFORM_REVIEW].open) == (5, 1)
    assert stages[Status.CORRECTION].entered == 2
    assert stages[Status.SMS_VERIFICATION].entered == 3
    assert (stats.conflicts, stats.not_accepted) == (0, 0)
    for answer, key in zip(answers[:3], ("C-approved", "C-moved", "C-missed"), strict=True):
        assert answer.status.final
        assert {one.party: one.working_days for one in by_key[key].held} == days_with(answer)


def days_with(answer: StatusAnswer) -> Counter[Party]:
    """What a filing itself says of who had it for how long."""
    days: Counter[Party] = Counter()
    for stretch in answer.time_with:
        days[stretch.party] += stretch.working_days
    return days


async def test_a_filing_that_went_on_as_new_runs(tmp_path: Path) -> None:
    worker = short_lived_worker(tmp_path, SHORT_HISTORY)
    async with own_stack(tmp_path, worker_script=worker) as own:
        filing = await own.begin(_of(own.example, "C-1"))
        for round_ in (1, 2, 3):
            await until(filing, Status.PLATFORM_REVIEW, round_)
            await filing.player.pass_time(days=3)
            await filing.player.signal("platform_decision", RETURN)
            await until(filing, Status.CORRECTION, round_)
            await filing.player.pass_time(days=5)
            await filing.player.signal("resubmit", {"by": "applicant"})
        await until(filing, Status.PLATFORM_REVIEW, 4)
        await filing.player.signal("withdraw", {"by": "applicant", "reason": "不再办理"})
        answer = await filing.result()
        runs = own.services.client.list_workflows("ExecutionStatus = 'ContinuedAsNew'")
        assert [run.id async for run in runs].count(filing.id) > 1
        total = (await gather(StatsQuery(agency=AGENCY), own.services.registry)).total
    assert (total.filings, total.ended[Status.WITHDRAWN]) == (1, 1)
    assert {one.stage: (one.entered, one.left) for one in total.stages} == {
        Status.PLATFORM_REVIEW: (4, 4),
        Status.CORRECTION: (3, 3),
    }
    assert [reason.count for reason in total.reasons] == [3]
    assert {one.party: one.working_days for one in total.held} == days_with(answer)
