"""What only the server can show: a push ends the wait at once, however many come; a closed entry
holds, and lets go; and a change that is carried by hand asks nobody.

The authority is asked once a day here: what is known within seconds was pushed.
"""

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from embedded.stack import Stack
from filing.application import OnFile
from filing.process.facts import MOST_HASTENED
from filing.records import ListQuery
from filing.view import StatusAnswer
from filing.vocabulary import AuthorityMode, Kind, Status
from operations.bulk import Bulk, plan
from operations.draft import to_be_carried, write_draft
from operations.filings import find
from tests.own_stack import own_stack, until
from tests.playing import Begin, Filing, eventually, of_another_subject
from tests.workflows.test_whole_filings import number_for, told


async def changed(filing: Filing, event_id: str = "p-1") -> None:
    payload = {"source": "push", "event_id": event_id, "kind": "changed"}
    await filing.handle.signal("authority_event", payload)


async def scheduled(filing: Filing, activity: str) -> int:
    """How often an activity was begun; its retries are no events."""
    history = await filing.handle.fetch_history()
    return sum(
        event.activity_task_scheduled_event_attributes.activity_type.name == activity
        for event in history.events
    )


async def pending(filing: Filing) -> list[str]:
    described = await filing.handle.describe()
    return [p.activity_type.name for p in described.raw_description.pending_activities]


async def asks(filing: Filing, activity: str) -> None:
    """Wait until this is the one thing under way: what was stopped has ended by then."""
    end = time.monotonic() + 30
    while (under_way := await pending(filing)) != [activity]:
        assert time.monotonic() < end, under_way
        await asyncio.sleep(0.05)


async def orders_of(filing: Filing, authority: str) -> int:
    """How many applications of it the authority was given."""
    appid = filing.application.mini_program.appid
    async with httpx.AsyncClient(base_url=authority) as control:
        answer = await control.get(f"/sandbox/orders/{appid}")
    return int(answer.json()["applications"])


async def test_a_push_ends_the_wait_at_once_in_every_stage(
    begin_filing: Begin, stack: Stack
) -> None:
    filing = await begin_filing()
    player = filing.player
    await player.reviewed()
    await player.until(Status.SUBMISSION)
    await player.handed_over()
    began = await player.time()
    await player.authority(status=4, sms_verify_status=1)
    await changed(filing, "p-1")
    await player.until(Status.SMS_VERIFICATION)
    await player.authority(sms_verify_status=2)
    await changed(filing, "p-2")
    await player.until(Status.BUREAU_REVIEW)
    await player.authority(status=6, number=number_for(filing))
    await changed(filing, "p-3")
    ended = await filing.result()
    assert ended.status is Status.APPROVED
    assert ended.entered_at - began < timedelta(hours=1)
    assert await orders_of(filing, stack.info.authority) == 1
    assert ended.refused_count == 0


async def test_a_push_of_which_nothing_came_leaves_one_question_and_one_order(
    begin_filing: Begin, stack: Stack
) -> None:
    filing = await begin_filing()
    await filing.player.reviewed()
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    for index in range(30):
        await changed(filing, f"p-{index}")
    await asyncio.gather(*(changed(filing, f"q-{index}") for index in range(30)))
    await facts(filing, 60)
    await asks(filing, "hand_over")
    assert await scheduled(filing, "hand_over") <= 1 + MOST_HASTENED
    assert await orders_of(filing, stack.info.authority) == 1
    # The one question that is left is as good as the first.
    await filing.player.authority(status=4, sms_verify_status=1)
    await filing.player.pass_check()
    answer = await filing.player.until(Status.SMS_VERIFICATION)
    assert answer.refused_count == 0


async def facts(filing: Filing, count: int) -> None:
    """Wait until so many pushes are on record."""
    end = time.monotonic() + 30
    while True:
        entries = await filing.services.registry.events(filing.uid)
        found = [e for e in entries if e.purpose == "fact" and e.by == "push"]
        if len(found) >= count:
            assert len(found) == count
            return
        assert time.monotonic() < end, len(found)
        await asyncio.sleep(0.05)


async def test_a_closed_entry_holds_a_filing_and_an_open_one_lets_it_go(
    begin_filing: Begin,
) -> None:
    filing = await begin_filing()
    player = filing.player
    await player.to_sms()
    await player.to_bureau()
    due_at = (await filing.status()).due_at
    assert due_at is not None
    await player.authority(available=0)
    await changed(filing)
    answer = await eventually(filing, lambda a: a.held)
    assert (answer.held_by_authority, answer.due_at) == (True, None)
    assert answer.timeline[-1].note == "暂停:备案入口关闭"
    await player.pass_time(days=40)  # it would be overdue, and its usual checks go on
    answer = await filing.status()
    assert (answer.status, answer.overdue, answer.held) == (Status.BUREAU_REVIEW, False, True)
    # Whoever holds many holds this one too: from then on it is not the authority's to end.
    query = ListQuery(province=filing.application.subject.province, held=True)
    listed = await filing.services.registry.list_filings(query)
    assert [f.held_by_authority for f in listed if f.uid == filing.uid] == [True]
    planned = await plan(Bulk.HOLD, query, filing.services)
    assert filing.uid in {f.uid for f in planned.due}
    await player.authority(available=1)
    await player.pass_check()
    answer = await eventually(filing, lambda a: not a.held and a.due_at is not None)
    assert answer.due_at is not None
    assert answer.due_at > due_at + timedelta(days=30)
    assert not answer.overdue
    record = await find(filing.uid, filing.services)
    assert (record.view["held"], record.view["held_by_authority"]) == (False, False)


async def test_a_change_is_carried_by_hand_where_the_api_has_no_call(tmp_path: Path) -> None:
    # Nobody is at that address: whoever asked would be heard of in the history.
    secrets = ("component_secret", "component_ticket", "authorizer_refresh_token")
    settings: dict[str, Any] = {
        "authority": AuthorityMode.WECHAT.value,
        "wechat_base_url": "http://127.0.0.1:9",
        "wechat_component_appid": "wx00000000000000c1",
        **{f"wechat_{name}": "not the sandbox's" for name in secrets},
    }
    async with own_stack(tmp_path, **settings) as own:
        fresh = of_another_subject(own.example)
        subject = fresh.subject.model_copy(update={"subject_number": "苏ICP备2026000777号"})
        old = fresh.mini_program.model_copy(update={"name": "昆山示例旧商城"})
        filing = await own.begin(
            fresh.model_copy(
                update={
                    "kind": Kind.CHANGE_MINI_PROGRAM,
                    "filing_number": "苏ICP备2026000777号-1X",
                    "subject": subject,
                    "on_file": OnFile(mini_program=old, subject=subject),
                }
            )
        )
        await filing.player.reviewed()
        answer = await until(filing, Status.SUBMISSION)
        assert answer.by_hand
        assert await told(filing, "by_hand", 1) == 1
        path = await write_draft(filing.id, tmp_path / "draft", own.services)
        assert to_be_carried(path)
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["mini_program"]["name"]
        await changed(filing)
        await facts(filing, 1)
        assert [name for name in await pending(filing) if name != "notify"] == []
        received = {"source": "ops", "event_id": "e-1", "kind": "received"}
        await filing.handle.signal("authority_event", received)
        await until(filing, Status.SMS_VERIFICATION)
        for person in ("mini_program_principal", "subject_principal"):
            await filing.handle.signal("sms_verified", {"person": person, "source": "ops"})
        await until(filing, Status.BUREAU_REVIEW)
        decision = {"outcome": "approve", "reviewer": "苏通管局"}
        await filing.handle.signal("bureau_decision", decision)
        ended = StatusAnswer.model_validate(await filing.handle.result())
        assert ended.status is Status.APPROVED
        for activity in ("hand_over", "watch_authority", "ask_authority"):
            assert await scheduled(filing, activity) == 0
