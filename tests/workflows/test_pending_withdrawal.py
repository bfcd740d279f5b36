"""A withdrawal about which an authority that cannot be reached has not decided yet."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from filing.vocabulary import Status
from gateways.submissions import Round, SubmissionLedger
from operations.filings import Outcome, find, send
from tests.own_stack import OwnStack, own_stack, short_lived_worker
from tests.playing import Filing, eventually

APPROVE = {"outcome": "approve", "reviewer": "li.na"}
WITHDRAW = {"by": "wang.fang", "reason": "暂不上线"}
SHORT_HISTORY = 100


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnStack]:
    folder = tmp_path_factory.mktemp("withdrawal")
    worker = short_lived_worker(folder, SHORT_HISTORY)
    nobody = "http://127.0.0.1:1"
    async with own_stack(folder, worker_script=worker, wechat_base_url=nobody) as own:
        yield own


async def withdrawing(own: OwnStack) -> tuple[Filing, "asyncio.Task[Outcome]"]:
    """A filing in submission, which the authority may have, and its withdrawal, which is asked for."""
    filing = await own.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", APPROVE)
    await filing.player.until(Status.SUBMISSION)
    given = Round(filing.uid, 1, filing.application.mini_program.appid)
    await SubmissionLedger(filing.services.registry).begin(given, "its answer was lost")
    record = await find(filing.uid, filing.services)
    asked = asyncio.create_task(send(record, "withdraw", WITHDRAW, filing.services))
    end = time.monotonic() + 20
    while "withdraw_from_authority" not in await pending(filing):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    return filing, asked


async def pending(filing: Filing) -> list[str]:
    handle = filing.services.client.get_workflow_handle(filing.id)
    raw = (await handle.describe()).raw_description
    return [activity.activity_type.name for activity in raw.pending_activities]


async def test_it_is_refused_where_the_filing_goes_on_and_its_question_is_stopped(
    own: OwnStack,
) -> None:
    filing, asked = await withdrawing(own)
    event = {"source": "hook", "event_id": "e-1", "kind": "received"}
    await filing.player.signal("authority_event", event)
    outcome = await asked
    assert not outcome.accepted
    assert (outcome.refusal or {})["code"] == "too_late"
    answer = await eventually(filing, lambda a: a.status is Status.SMS_VERIFICATION)
    assert [(r.message, r.code) for r in answer.refused] == [("withdraw", "too_late")]
    end = time.monotonic() + 20
    while "withdraw_from_authority" in await pending(filing):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def test_what_is_not_decided_is_not_called_accepted_by_the_run_that_ends(
    own: OwnStack,
) -> None:
    filing, asked = await withdrawing(own)
    handle = filing.services.client.get_workflow_handle(filing.id)
    first = (await handle.describe()).run_id
    for _ in range(SHORT_HISTORY):
        await filing.handle.signal("resume", {"by": "ops"})
    end = time.monotonic() + 20
    while (await handle.describe()).run_id == first:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    outcome = await asked
    assert not outcome.accepted
    assert (outcome.refusal or {})["code"] == "undecided"
    # The next run asks on, and once.
    while "withdraw_from_authority" not in await pending(filing):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    again = await handle.execute_update("withdraw", WITHDRAW)
    assert again["refusal"]["code"] == "already_asked"
