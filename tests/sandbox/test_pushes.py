"""What the sandbox pushes, to a receiver of the tests' own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Fault
from sandbox.pushes import Callback
from tests.sandbox.receiver import KEY, PATIENCE, TOKEN, Received, receiving
from tests.sandbox.wechat_client import APPID, PLATFORM, PlainClient, sandbox

FILING = "notify_apply_icpfiling_result"


@pytest.fixture
async def received() -> AsyncIterator[Received]:
    async with receiving() as received:
        yield received


@pytest.fixture
async def client(tmp_path: Path, received: Received) -> AsyncIterator[PlainClient]:
    callback = Callback(received.url, TOKEN, KEY)
    async with sandbox(tmp_path / "a.sqlite", callback=callback) as client:
        yield client


async def _log(client: PlainClient) -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = (await client.http.get("/sandbox/pushes")).json()["pushes"]
    return log


async def _first(client: PlainClient, what: str) -> None:
    """Wait until the log says something of the first push."""
    async with asyncio.timeout(PATIENCE):
        while not (await _log(client))[0][what]:
            pass


async def test_results_of_reviews_are_pushed_and_nothing_else(
    client: PlainClient, received: Received
) -> None:
    await client.apply()
    await client.control(status=3, audit_data=[{"key_name": "备注", "error": "过于笼统"}])
    await client.apply()
    await client.control(status=4)
    await client.control(sms_verify_status=3)
    await client.apply()
    await client.control(status=6)
    await received.until(lambda messages: len(messages) == 2)
    assert [(m["authorizer_appid"], m["beian_status"]) for m in received.of(FILING)] == [
        (APPID, "3"),
        (APPID, "6"),
    ]
    assert "audit_data" not in received.messages[0]
    assert {m["AppId"] for m in received.messages} == {PLATFORM["component_appid"]}
    log = await _log(client)
    assert [(p["info_type"], p["attempts"], p["error"]) for p in log] == [(FILING, 1, None)] * 2


async def test_a_face_checks_end_is_pushed(client: PlainClient, received: Received) -> None:
    task_id = await client.face()
    await client.face(along_with_auth=True)
    plain, along = await received.until(lambda messages: len(messages) == 2)
    assert plain["InfoType"] == "notify_icpfiling_verify_result"
    assert (plain["task_id"], plain["verify_appid"], plain["result"]) == (task_id, APPID, "3")
    assert "along_with_auth_result" not in plain
    assert along["along_with_auth_result"] == "9"


async def test_a_ticket_that_was_pushed_is_required_from_then_on(
    client: PlainClient, received: Received
) -> None:
    begin = {"component_appid": PLATFORM["component_appid"], "component_secret": "?"}
    start = "/cgi-bin/component/api_start_push_ticket"
    assert (await client.http.post(start, json=begin)).json()["errcode"] == 40125
    begin["component_secret"] = PLATFORM["component_appsecret"]
    assert (await client.http.post(start, json=begin)).json()["errcode"] == 0
    [ticket] = await received.until(lambda messages: len(messages) == 1)
    assert ticket["InfoType"] == "component_verify_ticket"

    async def code(given: str) -> int | None:
        reply = await client.http.post(
            "/cgi-bin/component/api_component_token",
            json=PLATFORM | {"component_verify_ticket": given},
        )
        found: int | None = reply.json().get("errcode")
        return found

    await _first(client, "delivered_at")
    assert await code(PLATFORM["component_verify_ticket"]) == 61006
    assert await code(ticket["ComponentVerifyTicket"]) is None
    assert ticket["ComponentVerifyTicket"] not in str(await _log(client))
    await client.http.post("/sandbox/push-ticket")
    await received.until(lambda messages: len(messages) == 2)
    assert await code(ticket["ComponentVerifyTicket"]) is None


async def test_what_is_not_answered_with_success_is_pushed_again(
    client: PlainClient, received: Received
) -> None:
    received.answers = ["error"]
    await client.face()
    await received.until(lambda messages: len(messages) == 1)
    assert len(received.raw) == 2
    [first, second] = received.raw
    assert first[0]["nonce"] != second[0]["nonce"]


async def test_pushes_outlive_the_server_and_go_where_the_control_api_says(
    tmp_path: Path, received: Received
) -> None:
    database = tmp_path / "a.sqlite"
    async with sandbox(database) as client:
        nowhere = {"url": "http://127.0.0.1:9/", "token": TOKEN, "encoding_aes_key": KEY}
        assert (await client.http.post("/sandbox/callback", json=nowhere)).status_code == 200
        await client.face()
        await _first(client, "error")
    async with sandbox(database) as client:
        await client.http.post("/sandbox/callback", json=nowhere | {"url": received.url})
        await received.until(lambda messages: len(messages) == 1)


async def test_a_push_comes_again_on_demand_anew_or_as_a_replay(
    client: PlainClient, received: Received
) -> None:
    await client.face()
    await received.until(lambda messages: len(messages) == 1)
    await _first(client, "delivered_at")
    await client.http.post("/sandbox/pushes/1/again")
    await received.until(lambda messages: len(messages) == 2)
    await client.http.post("/sandbox/pushes/1/again", json={"identical": True})
    await received.until(lambda messages: len(messages) == 3)
    assert received.messages[0] == received.messages[1]
    assert received.raw[0] != received.raw[1]
    assert received.raw[2] in received.raw[:1]
    assert (await client.http.post("/sandbox/pushes/99/again")).status_code == 404


async def test_pushes_are_lost_and_doubled_as_faults_say(
    tmp_path: Path, received: Received
) -> None:
    faults = [Fault("push_lost", next=1), Fault("push_twice", next=1)]
    callback = Callback(received.url, TOKEN, KEY)
    async with sandbox(tmp_path / "a.sqlite", callback=callback, faults=faults) as client:
        lost, doubled, once = [await client.face() for _ in range(3)]
        await received.until(lambda messages: len(messages) == 3)
        assert sorted(m["task_id"] for m in received.messages) == sorted([doubled, doubled, once])
        assert lost not in str(await _log(client))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "http://example.com", "encoding_aes_key": "short"}, "encoding_aes_key"),
        ({"url": "http://example.com", "token": ""}, "token"),
    ],
)
async def test_a_callback_that_cannot_be_is_refused(
    client: PlainClient, body: dict[str, Any], field: str
) -> None:
    reply = await client.http.post("/sandbox/callback", json=body)
    assert [e["field"] for e in reply.json()["errors"]] == [field]
