"""The life of an order: reviews, SMS check, numbers, withdrawal, restarts."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.wechat_client import APPID, PlainClient, sandbox


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[PlainClient]:
    async with sandbox(tmp_path / "sandbox.sqlite") as client:
        yield client


def _year() -> int:
    return (datetime.now(UTC) + timedelta(hours=8)).year


async def test_from_application_to_number(client: PlainClient) -> None:
    assert await client.info() == {"status": 1024, "is_canceling": False, "available": 1}
    assert (await client.apply())["errcode"] == 0
    assert (await client.info())["status"] == 2
    assert (await client.get("get_online_icp_order"))["errcode"] == 86353
    await client.control(status=4)
    assert (await client.info())["sms_verify_status"] == 1
    await client.control(sms_verify_status=2)
    assert (await client.info())["sms_verify_status"] == 2
    granted = (await client.control(status=6)).json()
    stem = f"苏ICP备{_year()}900001号"
    assert (granted["subject_number"], granted["number"]) == (stem, f"{stem}-1X")
    detail = await client.get("get_online_icp_order")
    assert detail["icp_subject"]["base_info"]["record_number"] == stem
    assert detail["icp_applets"]["base_info"]["record_number"] == f"{stem}-1X"
    assert "王芳" not in str(detail["icp_subject"])
    assert "certificate_photo_front" not in str(detail)


async def test_an_order_goes_to_the_bureau_by_itself(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite", automatic=True, receive_after=0.5) as client:
        applied = asyncio.get_running_loop().time()
        await client.apply()
        deadline = asyncio.get_running_loop().time() + 5
        while (info := await client.info())["status"] == 2:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
        assert (info["status"], info["sms_verify_status"]) == (4, 1)
        assert asyncio.get_running_loop().time() - applied >= 0.5


async def test_without_time_of_its_own_it_waits_for_the_control_api(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite", automatic=False, receive_after=0) as client:
        await client.apply()
        assert (await client.info())["status"] == 2


async def test_one_order_under_review_at_a_time(client: PlainClient) -> None:
    await client.apply()
    assert (await client.apply())["errcode"] == 86324
    await client.control(status=4)
    assert (await client.apply())["errcode"] == 86358
    orders = (await client.http.get("/sandbox/orders")).json()["orders"]
    assert [(o["appid"], o["applications"]) for o in orders] == [(APPID, 1)]


@pytest.mark.parametrize(
    "ended",
    [
        {"status": 3, "audit_data": [{"key_name": "证件号码", "error": "不一致"}]},
        {"status": 5, "audit_data": []},
        {"status": 4, "sms_verify_status": 3},
    ],
)
async def test_after_a_return_or_a_time_out_it_is_applied_for_again(
    client: PlainClient, ended: dict[str, Any]
) -> None:
    await client.apply()
    await client.control(**ended)
    assert (await client.apply())["errcode"] == 0
    info = await client.info()
    assert info["status"] == 2
    assert "audit_data" not in info


async def test_withdrawal_only_before_the_review_is_complete(client: PlainClient) -> None:
    withdraw = "cancel_apply_icp_filing"
    assert (await client.post(withdraw))["errcode"] == 86368
    await client.apply()
    assert (await client.post(withdraw))["errcode"] == 0
    assert (await client.info())["status"] == 1024
    assert (await client.post(withdraw))["errcode"] == 86368
    await client.apply()
    await client.control(status=4)
    assert (await client.post(withdraw))["errcode"] == 86330


async def test_a_subject_gets_its_mini_programs_under_one_number(client: PlainClient) -> None:
    other = PlainClient(client.http, "wx00000000000000ff")
    await other.authorise()
    for each in (client, other):
        await each.apply()
        await each.control(status=6)
    numbers = [o["number"] for o in (await client.http.get("/sandbox/orders")).json()["orders"]]
    stem = f"苏ICP备{_year()}900001号"
    assert sorted(numbers) == [f"{stem}-1X", f"{stem}-2X"]


async def test_a_change_keeps_its_number(client: PlainClient) -> None:
    await client.apply()
    number = "苏ICP备2024000123号-1X"
    assert (await client.control(status=6, number=number)).json()["number"] == number
    assert (await client.apply())["errcode"] == 0
    assert (await client.control(status=6)).json()["number"] == number


async def test_a_cancellation_ends_with_nothing_filed(client: PlainClient) -> None:
    await client.apply()
    assert (await client.post("cancel_icp_filing", json={"cancel_type": 2}))["errcode"] == 86324
    await client.control(status=6)
    assert (await client.post("cancel_icp_filing", json={"cancel_type": 9}))["errcode"] == 40097
    assert (await client.post("cancel_icp_filing", json={"cancel_type": 2}))["errcode"] == 0
    assert (await client.info())["is_canceling"] is True
    await client.control(status=6)
    assert await client.info() == {"status": 1024, "is_canceling": False, "available": 1}
    assert (await client.get("get_online_icp_order"))["errcode"] == 86353
    assert (await client.post("cancel_icp_filing", json={"cancel_type": 2}))["errcode"] == 86353


async def test_a_closed_entry_takes_nothing(client: PlainClient) -> None:
    assert (await client.control(available=0)).status_code == 200
    assert (await client.info())["available"] == 0
    assert (await client.apply())["errcode"] == 86301


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": 1}, "status"),
        ({"status": "4"}, "status"),
        ({"sms_verify_status": 2}, "sms_verify_status"),
        ({"status": 4, "sms_verify_status": 0}, "sms_verify_status"),
        ({"number": "京B2-1"}, "number"),
        (
            {
                "status": 6,
                "number": "苏ICP备2026000001号-1X",
                "subject_number": "苏ICP备2026000002号",
            },
            "subject_number",
        ),
        ({"audit_data": [{"error": "x"}]}, "audit_data"),
        ({"audit_data": [{"key_name": "a", "error": "x"}]}, "audit_data"),
        ({"available": True}, "available"),
        ({"state": 4}, "state"),
        ({}, "body"),
    ],
)
async def test_the_control_api_names_the_wrong_field(
    client: PlainClient, changes: dict[str, Any], field: str
) -> None:
    await client.apply()
    reply = await client.control(**changes)
    assert reply.status_code == 400
    assert [e["field"] for e in reply.json()["errors"]] == [field]
    assert (await client.info())["status"] == 2


async def test_a_number_belongs_to_one_mini_program(client: PlainClient) -> None:
    other = PlainClient(client.http, "wx00000000000000ff")
    await other.authorise()
    await client.apply()
    await other.apply()
    number = (await client.control(status=6)).json()["number"]
    assert (await other.control(status=6, number=number)).status_code == 400


async def test_an_order_that_never_was_is_not_found(client: PlainClient) -> None:
    assert (await client.control(status=4)).status_code == 404
    assert (await client.control(status=6)).status_code == 404
    assert (await client.http.get("/sandbox/orders/wx0")).status_code == 404


async def test_orders_numbers_and_tokens_outlive_the_server(tmp_path: Path) -> None:
    database = tmp_path / "sandbox.sqlite"
    async with sandbox(database) as client:
        await client.apply()
        await client.control(status=5, audit_data=[{"key_name": "备注", "error": "过于笼统"}])
        token = client.token
    async with sandbox(database) as client:
        client.token = token
        info = await client.info()
        assert info["status"] == 5
        assert info["audit_data"] == [{"suggest": "", "key_name": "备注", "error": "过于笼统"}]
        await client.apply()
        number = (await client.control(status=6)).json()["number"]
    async with sandbox(database) as client:
        assert (await client.http.get(f"/sandbox/orders/{APPID}")).json()["number"] == number


PROGRAM = """
import asyncio, sys
from pathlib import Path
from sandbox.app import create_app
from sandbox.server import serve

async def main():
    async with serve(create_app(Path(sys.argv[1]), automatic=False)) as base_url:
        Path(sys.argv[2]).write_text(base_url)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_an_acknowledged_order_outlives_a_kill(tmp_path: Path) -> None:
    database, address = tmp_path / "sandbox.sqlite", tmp_path / "address"
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(database), str(address), cwd=root
    )
    deadline = asyncio.get_running_loop().time() + 20
    while not address.exists() or not address.read_text():
        assert process.returncode is None
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)
    async with httpx.AsyncClient(base_url=address.read_text(), trust_env=False) as http:
        client = PlainClient(http)
        await client.authorise()
        await client.apply()
        process.kill()
        await process.wait()
    async with sandbox(database) as client:
        assert (await client.info())["status"] == 2


async def test_what_was_filed_elsewhere_is_told_to_the_sandbox_and_may_be_changed(
    client: PlainClient,
) -> None:
    number = "苏ICP备2024000007号-1X"
    filed = (await client.control(status=6, number=number)).json()
    assert (filed["status"], filed["number"], filed["applications"]) == (6, number, 0)
    assert (await client.apply())["errcode"] == 0
    assert (await client.control(status=6)).json()["number"] == number
