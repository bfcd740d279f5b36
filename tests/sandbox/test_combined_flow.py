"""Verification and filing in one (reference section 8)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.pushes import Callback
from sandbox.timetable import Timetable
from tests.sandbox.receiver import KEY, TOKEN, receiving
from tests.sandbox.wechat_client import APPID, PlainClient, sandbox


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[PlainClient]:
    async with sandbox(tmp_path / "a.sqlite") as client:
        yield client


async def _call(client: PlainClient, name: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await client.http.post(
        f"/wxa/sec/{name}", params={"access_token": client.token}, json=body
    )
    result: dict[str, Any] = reply.json()
    return result


async def _submit(client: PlainClient, pay_type: int = 1) -> dict[str, Any]:
    body = {**await client.body(), "auth_data": {"pay_type": pay_type}}
    return await _call(client, "submit_auth_and_icp", body)


async def _progress(client: PlainClient, submitted: dict[str, Any]) -> dict[str, Any]:
    given = {"procedure_id": submitted["procedure_id"]}
    return await _call(client, "query_auth_and_icp", given)


async def _play(client: PlainClient, **step: Any) -> None:
    reply = await client.http.post(f"/sandbox/procedures/{APPID}", json=step)
    assert reply.status_code == 200, reply.json()


async def test_from_fee_to_number(client: PlainClient) -> None:
    submitted = await _submit(client, pay_type=2)
    assert submitted["pay_url"].startswith("http")
    assert (await _progress(client, submitted))["procedure_status"] == 15
    assert (await client.post("cancel_apply_icp_filing"))["errcode"] == 86330
    for status in (16, 17, 19, 22):
        await _play(client, status=status)
        assert (await _progress(client, submitted))["procedure_status"] == status
    assert (await client.info())["status"] == 2
    await client.control(status=4)
    progress = await _progress(client, submitted)
    assert (progress["procedure_status"], progress["icp_audit"]) == (24, {"sms_verify_status": 1})
    await client.control(status=6)
    progress = await _progress(client, submitted)
    assert (progress["procedure_status"], "icp_audit" in progress) == (26, False)
    assert (await _submit(client))["errcode"] == 86202


async def test_main_steps_are_pushed(tmp_path: Path) -> None:
    async with receiving() as received:
        callback = Callback(received.url, TOKEN, KEY)
        table = Timetable(verification=0.0, check=0.0, sms=0.0, number=0.0)
        async with sandbox(tmp_path / "a.sqlite", callback=callback, timetable=table) as client:
            submitted = await _submit(client)
            kind = "notify_3rd_wxa_auth_and_icp"

            def ended(messages: list[dict[str, str]]) -> bool:
                return any(m.get("procedure_status") == "26" for m in messages)

            await received.until(ended)
            steps = {m["procedure_status"] for m in received.of(kind)}
            assert steps <= {"17", "19", "22", "24", "26"}
            assert {m["procedure_id"] for m in received.of(kind)} == {submitted["procedure_id"]}


async def test_a_failed_filing_is_submitted_again_by_the_combined_call_only(
    client: PlainClient,
) -> None:
    first = await _submit(client)
    assert (await _submit(client))["errcode"] == 86358
    assert (await client.apply())["errcode"] == 86358
    await _play(client, status=22)
    reason = {"key_name": "备注", "error": "过于笼统", "suggest": ""}
    await client.control(status=3, audit_data=[reason])
    progress = await _progress(client, first)
    assert (progress["procedure_status"], progress["icp_audit"]) == (23, {"audit_data": [reason]})
    assert (await client.apply())["errcode"] == 86358
    second = await _submit(client)
    assert second["procedure_id"] != first["procedure_id"]
    assert (await _progress(client, second))["procedure_status"] == 22
    assert (await client.post("cancel_apply_icp_filing"))["errcode"] == 0
    assert (await _progress(client, second))["procedure_status"] == 29
    assert (await client.info())["status"] == 1024


async def test_a_verification_can_be_sent_back_and_can_fail(client: PlainClient) -> None:
    first = await _submit(client)
    await _play(client, status=18, refill_reason="营业执照不清晰")
    assert (await _progress(client, first))["refill_reason"] == "营业执照不清晰"
    second = await _submit(client)
    await _play(client, status=20, fail_reason="主体不符")
    progress = await _progress(client, second)
    assert (progress["procedure_status"], progress["fail_reason"]) == (20, "主体不符")
    assert (await client.apply())["errcode"] == 0


async def test_an_order_that_cannot_be_made_says_why(client: PlainClient) -> None:
    submitted = await _submit(client)
    await client.control(available=0)
    await _play(client, status=22)
    progress = await _progress(client, submitted)
    assert progress["procedure_status"] == 21
    assert progress["icp_audit"]["hints"][0]["errcode"] == 86301
    assert (await client.info())["status"] == 1024


async def test_what_the_combined_call_does_not_take(client: PlainClient) -> None:
    body = await client.body()
    reply = await _call(client, "submit_auth_and_icp", body)
    assert [h["err_field"] for h in reply["hints"]] == ["auth_data"]
    reply = await _submit(client, pay_type=3)
    assert [h["err_field"] for h in reply["hints"]] == ["auth_data.pay_type"]
    body["icp_subject"]["base_info"]["type"] = 2
    body["icp_subject"]["organize_info"]["certificate_type"] = 23
    reply = await _call(client, "submit_auth_and_icp", {**body, "auth_data": {}})
    assert "icp_subject.base_info.type" in [h["err_field"] for h in reply["hints"]]
    unknown = await _call(client, "query_auth_and_icp", {"procedure_id": "x"})
    assert unknown["errcode"] == 86328
    reply_ = await client.http.get(f"/sandbox/procedures/{APPID}")
    assert reply_.status_code == 404
