"""A filing outlives the processes that carry it."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from embedded.stack import Stack
from filing.vocabulary import Status
from tests.cutting_proxy import cutting_proxy
from tests.own_stack import own_stack, until
from tests.playing import Begin


async def test_a_killed_worker_costs_nothing_and_the_filing_finishes_once(
    begin_filing: Begin, stack: Stack
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    await stack.worker.kill_worker()
    # Nobody is there to hear it: the server keeps it.
    await filing.player.signal(
        "authority_event", {"source": "test", "event_id": "e1", "kind": "received"}
    )
    await stack.worker.start_worker()
    await filing.player.until(Status.SMS_VERIFICATION)
    await stack.worker.kill_worker()
    for person in ("subject_principal", "mini_program_principal"):
        for _ in range(2):
            await filing.player.signal("sms_verified", {"person": person, "source": "test"})
    rejection = {
        "outcome": "reject",
        "reviewer": "苏通管局",
        "decision_id": "d-1",
        "reasons": [{"field": "subject.name", "reason": "不符"}],
    }
    await filing.player.signal("bureau_decision", rejection)
    await filing.player.signal("bureau_decision", rejection)
    await stack.worker.start_worker()
    answer = await filing.result()
    assert answer.status is Status.REJECTED
    assert [t.status for t in answer.timeline].count(Status.REJECTED) == 1
    assert sorted(r.code for r in answer.refused) == ["already_verified"] * 2 + ["duplicate"]
    notices = await filing.services.registry.notices(filing.uid)
    assert len([n for n in notices if n.purpose == "rejected"]) == 1


@pytest.mark.parametrize("path", ["apply_icp_filing", "create_icp_verifytask"])
async def test_a_worker_killed_between_a_call_and_its_record_leaves_one_order(
    tmp_path: Path, path: str
) -> None:
    async with cutting_proxy() as proxy, own_stack(tmp_path, wechat_base_url=proxy.url) as own:
        proxy.target = own.stack.info.authority
        filing = await own.begin()
        await filing.player.until(Status.PLATFORM_REVIEW)
        proxy.cut(f"/wxa/icp/{path}", worked=True, then=own.stack.worker.kill_worker)
        await filing.player.reviewed()
        await asyncio.wait_for(proxy.cut_off.wait(), 60)
        await own.stack.worker.start_worker()
        await filing.player.handed_over()
        await filing.player.pass_check()
        order = await applied(proxy.target, filing.application.mini_program.appid)
        assert (order["status"], order["applications"]) == (2, 1)
        await filing.player.authority(status=4, sms_verify_status=1)
        await filing.player.pass_check()
        await until(filing, Status.SMS_VERIFICATION)


async def applied(sandbox: str, appid: str) -> dict[str, Any]:
    """The mini program's order, as soon as there is one."""
    deadline = time.monotonic() + 60
    async with httpx.AsyncClient(base_url=sandbox) as control:
        while (order := await control.get(f"/sandbox/orders/{appid}")).status_code != 200:
            assert time.monotonic() < deadline, "it was not applied for"
            await asyncio.sleep(0.1)
    found: dict[str, Any] = order.json()
    return found
