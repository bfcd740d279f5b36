"""What is handed over is handed over once, wherever the line breaks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.ports import OrderInTheWay
from filing.authority import Standing
from gateways.authority import AuthorityUnavailable
from gateways.registry import Registry
from gateways.submissions import Round, SubmissionLedger
from gateways.wechat.client import APPLY, UPLOAD
from gateways.wechat.client import CREATE_VERIFY as CREATE
from tests.cutting_proxy import CuttingProxy, cutting_proxy
from tests.gateways.wechat.house import House, authority
from tests.sandbox.wechat_client import APPID, organisation

Torn = tuple[House, CuttingProxy]

OUTCOMES: list[tuple[dict[str, Any], Standing]] = [
    ({}, Standing.CHECKING),
    ({"status": 3}, Standing.RETURNED),
    ({"status": 5}, Standing.BUREAU_RETURNED),
    ({"status": 4}, Standing.SMS_WAITING),
    ({"status": 4, "sms_verify_status": 3}, Standing.SMS_LAPSED),
    ({"status": 6}, Standing.APPROVED),
]


@pytest.fixture
async def torn(house: House, registry: Registry) -> AsyncIterator[Torn]:
    """A house whose line to the sandbox can be cut."""
    async with (
        cutting_proxy(str(house.client.http.base_url)) as proxy,
        authority(proxy.url, house.materials, registry) as wechat,
    ):
        house.wechat = wechat
        yield house, proxy


async def fails(house: House, round: int = 1) -> None:
    with pytest.raises(AuthorityUnavailable):
        await house.submit(organisation(house.materials), round)


@pytest.mark.parametrize(("change", "standing"), OUTCOMES)
async def test_an_answer_that_was_lost_makes_no_second_order(
    torn: Torn, change: dict[str, Any], standing: Standing
) -> None:
    house, proxy = torn
    proxy.cut(APPLY, worked=True)
    await fails(house)
    assert await house.applications() == 1
    if change:
        await house.client.control(**change)
    for _ in range(2):
        report = await house.submit(organisation(house.materials))
        assert report.standing is standing
    assert await house.applications() == 1


async def test_a_call_that_never_arrived_is_made_again(torn: Torn) -> None:
    house, proxy = torn
    proxy.cut(APPLY, worked=False)
    await fails(house)
    assert await house.applications() == 0
    assert (await house.submit(organisation(house.materials))).standing is Standing.CHECKING
    assert await house.applications() == 1


@pytest.mark.parametrize(
    "ended", [{"status": 3}, {"status": 5}, {"status": 4, "sms_verify_status": 3}]
)
async def test_what_came_of_the_last_round_is_not_taken_for_this_ones(
    torn: Torn, ended: dict[str, Any]
) -> None:
    house, proxy = torn
    await house.submit(organisation(house.materials))
    await house.client.control(**ended)
    proxy.cut(APPLY, worked=False)
    await fails(house, 2)
    report = await house.submit(organisation(house.materials), 2)
    assert report.standing is Standing.CHECKING
    assert await house.applications() == 2


async def test_what_came_of_this_round_is_not_taken_for_the_last_ones(torn: Torn) -> None:
    house, proxy = torn
    await house.submit(organisation(house.materials))
    await house.client.control(status=3, audit_data=[{"key_name": "备注", "error": "太短"}])
    proxy.cut(APPLY, worked=True)
    await fails(house, 2)
    await house.client.control(status=3, audit_data=[{"key_name": "备注", "error": "仍太短"}])
    report = await house.submit(organisation(house.materials), 2)
    assert [r.reason for r in report.reasons] == ["仍太短"]
    assert await house.applications() == 2


async def test_an_order_of_another_round_or_filing_is_in_the_way(torn: Torn) -> None:
    house, _ = torn
    await house.client.apply()
    with pytest.raises(OrderInTheWay):
        await house.submit(organisation(house.materials))
    assert await house.applications() == 1


async def test_what_was_never_handed_over_takes_nobodys_order_back(torn: Torn) -> None:
    house, _ = torn
    await house.client.apply()
    with pytest.raises(OrderInTheWay):
        await house.submit(organisation(house.materials))
    assert (await house.wechat.withdraw(APPID, house.uid)).withdrawn
    assert (await house.order())["status"] == 2


async def test_an_order_whose_answer_was_lost_is_taken_back(torn: Torn) -> None:
    house, proxy = torn
    proxy.cut(APPLY, worked=True)
    await fails(house)
    assert (await house.wechat.withdraw(APPID, house.uid)).withdrawn
    assert (await house.order())["status"] == 1024


async def test_a_change_whose_answer_was_lost_is_told_from_what_was_filed(torn: Torn) -> None:
    house, proxy = torn
    await house.submit(organisation(house.materials))
    await house.client.control(status=6)
    change = organisation(house.materials, kind="change_mini_program")
    proxy.cut(APPLY, worked=True)
    with pytest.raises(AuthorityUnavailable):
        await house.submit(change, filing="change")
    report = await house.submit(change, filing="change")
    assert report.standing is Standing.CHECKING
    assert await house.applications() == 2


async def test_a_cancellation_whose_answer_was_lost_is_asked_for_once(torn: Torn) -> None:
    house, proxy = torn
    await house.submit(organisation(house.materials))
    await house.client.control(status=6)
    cancellation = organisation(house.materials, kind="cancel_mini_program")
    proxy.cut("/wxa/icp/cancel_icp_filing", worked=True)
    with pytest.raises(AuthorityUnavailable):
        await house.submit(cancellation, filing="cancel")
    await house.client.control(status=6)  # the bureau's yes
    assert (await house.submit(cancellation, filing="cancel")).standing is Standing.ABSENT
    assert await house.applications() == 2


async def test_files_are_uploaded_once_though_one_of_them_fails(torn: Torn) -> None:
    house, proxy = torn
    proxy.cut(UPLOAD, worked=False)
    await fails(house)
    assert (await house.submit(organisation(house.materials))).standing is Standing.CHECKING
    assert sorted(house.materials.reads) == sorted(
        [*set(house.materials.reads), max(house.materials.reads, key=house.materials.reads.count)]
    )


async def test_media_ids_that_are_not_known_any_more_are_uploaded_again_once(
    torn: Torn, registry: Registry
) -> None:
    house, proxy = torn
    ledger, of = SubmissionLedger(registry), Round(house.uid, 1, APPID)
    proxy.cut(APPLY, worked=False)
    await fails(house)
    kept = await ledger.uploads(of)
    await ledger.forget_uploads(of)
    for key in kept:
        await ledger.uploaded(of, key, "an id that ran out")
    house.materials.reads.clear()
    assert (await house.submit(organisation(house.materials))).standing is Standing.CHECKING
    assert len(house.materials.reads) == len(kept) == 6
    assert await house.applications() == 1


async def test_a_face_check_whose_answer_was_lost_costs_one_more_at_most(torn: Torn) -> None:
    house, proxy = torn
    proxy.cut(CREATE, worked=True)
    await fails(house)
    assert (await house.submit(organisation(house.materials))).standing is Standing.CHECKING
    tasks = (await house.client.http.get(f"/sandbox/faces/{APPID}")).json()["faces"]
    assert len(tasks) == 2
    assert await house.applications() == 1


async def test_a_face_check_that_runs_out_on_the_way_is_followed_by_one_other(torn: Torn) -> None:
    house, proxy = torn

    async def expire() -> None:
        expired = {"result": "expire"}
        (await house.client.http.post(f"/sandbox/faces/{APPID}", json=expired)).raise_for_status()

    async def expire_this_and_the_next() -> None:
        await expire()
        proxy.before(APPLY, expire)

    proxy.before(APPLY, expire)
    assert (await house.submit(organisation(house.materials))).standing is Standing.CHECKING
    assert await house.applications() == 1
    await house.client.control(status=3)
    proxy.before(APPLY, expire_this_and_the_next)
    report = await house.submit(organisation(house.materials), 2)
    assert report.standing is Standing.RETURNED, "no third one: something else is wrong"
    assert await house.applications() == 1
