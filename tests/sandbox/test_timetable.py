"""Orders that go on by themselves, and those that do not."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.orders import BUREAU, CHECKING, SMS_DONE, SMS_WAITING, Order
from sandbox.pushes import Callback
from sandbox.timetable import Timetable
from tests.sandbox.receiver import KEY, TOKEN, receiving
from tests.sandbox.wechat_client import APPID, PlainClient, sandbox

NOW = Timetable(check=0.0, sms=0.0, number=0.0, verification=0.0)


async def test_an_order_is_filed_with_nobody_asking_and_pushed(tmp_path: Path) -> None:
    async with receiving() as received:
        callback = Callback(received.url, TOKEN, KEY)
        timetable = Timetable(check=0.1, sms=0.1, number=0.1)
        async with sandbox(tmp_path / "a.sqlite", timetable=timetable, callback=callback) as client:
            await client.apply()
            [pushed] = await received.until(lambda messages: len(messages) == 1)
            assert pushed["beian_status"] == "6"
            assert (await client.info())["status"] == 6


async def test_steps_without_a_time_wait_for_the_control_api(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite", timetable=Timetable(check=0.0)) as client:
        await client.apply()
        assert (await client.info())["sms_verify_status"] == 1
        await client.control(sms_verify_status=2)
        assert (await client.info())["sms_verify_status"] == 2


async def test_a_new_timetable_counts_for_what_waits_and_outlives_the_server(
    tmp_path: Path,
) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        await client.apply()
        assert (await client.info())["status"] == 2
        given = {"check": 0, "sms": 0, "number": None, "seed": 7}
        assert (await client.http.post("/sandbox/timetable", json=given)).status_code == 200
        assert (await client.info())["sms_verify_status"] == 2
    async with sandbox(tmp_path / "a.sqlite") as client:
        kept = (await client.http.get("/sandbox/timetable")).json()
        assert (kept["check"], kept["number"], kept["seed"]) == (0, None, 7)


async def test_a_cancellation_ends_by_itself(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite", timetable=NOW) as client:
        await client.apply()
        assert (await client.info())["status"] == 6
        await client.post("cancel_icp_filing", json={"cancel_type": 2})
        assert await client.info() == {"status": 1024, "is_canceling": False, "available": 1}


async def test_an_order_is_applied_for_again_until_it_is_taken(tmp_path: Path) -> None:
    table = Timetable(check=0.0, sms=0.0, number=0.0, returned=60.0, bureau_returned=30.0, seed=3)
    async with sandbox(tmp_path / "a.sqlite", timetable=table) as client:
        for _ in range(100):
            assert (await client.apply())["errcode"] == 0
            info = await client.info()
            if info["status"] == 6:
                break
            assert info["status"] in (3, 5)
            assert info["audit_data"][0]["error"]
        else:
            raise AssertionError("never filed")
        assert (await client.http.get(f"/sandbox/orders/{APPID}")).json()["applications"] > 1


def test_shares_are_of_the_orders_and_follow_from_the_seed() -> None:
    table = Timetable(returned=20.0, sms_lapsed=10.0, bureau_returned=5.0, seed=1)
    orders = [Order(f"wx{number:016x}", applications=1) for number in range(4000)]

    def outcomes(table: Timetable, **stands: int) -> list[tuple[int, int]]:
        steps = [table.step(replace(order, **stands)) for order in orders]  # type: ignore[arg-type]
        return [(order.status, order.sms) for order in steps]

    checked = outcomes(table, status=CHECKING)
    assert checked == outcomes(table, status=CHECKING)
    assert checked != outcomes(Timetable(returned=20.0, seed=2), status=CHECKING)
    assert 0.17 < Counter(checked)[3, 0] / 4000 < 0.23
    lapsed = Counter(outcomes(table, status=BUREAU, sms=SMS_WAITING))
    assert 0.08 < lapsed[4, 3] / 4000 < 0.12
    ended = Counter(outcomes(table, status=BUREAU, sms=SMS_DONE))
    assert 0.035 < ended[5, 0] / 4000 < 0.065


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"check": -1}, "check"),
        ({"returned": 101}, "returned"),
        ({"sms": "1"}, "sms"),
        ({"x": 1}, "x"),
    ],
)
async def test_a_timetable_that_cannot_be_is_refused(
    tmp_path: Path, body: dict[str, Any], field: str
) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        reply = await client.http.post("/sandbox/timetable", json=body)
        assert [e["field"] for e in reply.json()["errors"]] == [field]


async def test_many_orders_are_listed_by_pages_and_found(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite", timetable=NOW) as client:

        async def filed(number: int) -> str:
            one = PlainClient(client.http, f"wx{number:016x}")
            await one.authorise()
            await one.apply()
            return one.appid

        appids = await asyncio.gather(*(filed(number) for number in range(25)))

        async def page(after: str) -> dict[str, Any]:
            query = {"limit": "10", "after": after}
            given: dict[str, Any] = (await client.http.get("/sandbox/orders", params=query)).json()
            return given

        pages = [await page("")]
        while pages[-1]["next"] is not None:
            pages.append(await page(pages[-1]["next"]))
        assert [len(page["orders"]) for page in pages] == [10, 10, 5]
        listed = [order["appid"] for page in pages for order in page["orders"]]
        assert listed == sorted(appids)
        assert pages[0]["counts"] == {"6": 25}
        query = {"search": "wx000000000000001"}
        found = (await client.http.get("/sandbox/orders", params=query)).json()["orders"]
        assert [order["appid"] for order in found] == sorted(appids)[16:]
        by_number = {"search": found[0]["number"], "status": "6"}
        [one] = (await client.http.get("/sandbox/orders", params=by_number)).json()["orders"]
        assert one["appid"] == found[0]["appid"]
        wrong = await client.http.get("/sandbox/orders", params={"limit": "0"})
        assert wrong.status_code == 400
