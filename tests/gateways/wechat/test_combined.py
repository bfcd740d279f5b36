"""Verification and filing in one, against the served sandbox."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from filing.application import Verification
from filing.authority import AuthorityReport, Standing
from gateways.authority import AuthorityUnavailable
from gateways.registry import Registry
from gateways.wechat.client import SUBMIT_BOTH as SUBMIT
from tests.cutting_proxy import cutting_proxy
from tests.gateways.wechat.house import House, authority, served
from tests.sandbox.wechat_client import organisation


@pytest.fixture
async def flow(house: House) -> House:
    """A house with a mini program of its own: what is asked of it depends on what was submitted."""
    house.client.appid = f"wx{secrets.token_hex(8)}"
    return house


async def submit(house: House, round: int = 1, **auth_data: Any) -> AuthorityReport:
    application = organisation(house.materials, mini_program={"appid": house.client.appid})
    verification = Verification(auth_data={"pay_type": 1} | auth_data)
    return await house.submit(application.model_copy(update={"verification": verification}), round)


async def procedure(house: House, **change: Any) -> dict[str, Any]:
    path = f"/sandbox/procedures/{house.client.appid}"
    if change:
        (await house.client.http.post(path, json=change)).raise_for_status()
    found: dict[str, Any] = (await house.client.http.get(path)).json()
    return found


async def standing(house: House) -> Standing:
    watched = await house.wechat.status(house.client.appid)
    handed = await submit(house)
    assert watched == handed
    return watched.standing


async def test_from_verification_to_number(flow: House) -> None:
    assert (await submit(flow)).standing is Standing.CHECKING
    first = await procedure(flow)
    for status in (9, 17, 19, 22):
        await procedure(flow, status=status)
        assert await standing(flow) is Standing.CHECKING
    for change, expected in (
        ({"status": 4}, Standing.SMS_WAITING),
        ({"status": 4, "sms_verify_status": 2}, Standing.BUREAU_REVIEW),
    ):
        await flow.client.control(**change)
        assert await standing(flow) is expected
    granted = (await flow.client.control(status=6)).json()
    report = await flow.wechat.status(flow.client.appid)
    assert (report.standing, report.number) == (Standing.APPROVED, granted["number"])
    assert (await procedure(flow))["procedure_id"] == first["procedure_id"]
    assert await flow.applications() == 1


async def test_an_entry_that_is_closed_is_told_once_there_is_an_order(flow: House) -> None:
    assert (await submit(flow)).available
    await procedure(flow, status=22)
    for change in ({}, {"status": 4}, {"status": 4, "sms_verify_status": 2}):
        for entry in (0, 1):
            await flow.client.control(**change, available=entry)
            assert (await submit(flow)).available is bool(entry)


async def test_a_fee_is_told_to_operations_until_it_is_paid(flow: House) -> None:
    report = await submit(flow, pay_type=2)
    assert report.standing is Standing.CHECKING
    assert report.note is not None
    assert "http" in report.note
    assert (await flow.wechat.status(flow.client.appid)).note == report.note
    await procedure(flow, status=16)
    assert (await flow.wechat.status(flow.client.appid)).note is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": 18, "refill_reason": "名称不符"}, "认证被打回:名称不符"),
        ({"status": 20, "fail_reason": "资料虚假"}, "认证最终未通过:资料虚假"),
        ({"status": 27}, "认证备案流程已过期"),
        ({"status": 28}, "认证备案流程已终止"),
    ],
)
async def test_a_verification_that_failed_is_a_return(
    flow: House, change: dict[str, Any], reason: str
) -> None:
    await submit(flow)
    await procedure(flow, **change)
    report = await submit(flow)
    assert report.standing is Standing.RETURNED
    assert [(r.field, r.reason) for r in report.reasons] == [("verification", reason)]


@pytest.mark.parametrize(
    ("status", "expected"), [(3, Standing.RETURNED), (5, Standing.BUREAU_RETURNED)]
)
async def test_a_filing_that_failed_is_submitted_again_by_the_same_call(
    flow: House, status: int, expected: Standing
) -> None:
    await submit(flow)
    await procedure(flow, status=22)
    audit = [{"key_name": "主办单位名称", "error": "不符", "suggest": "请核对"}]
    await flow.client.control(status=status, audit_data=audit)
    report = await flow.wechat.status(flow.client.appid)
    assert report.standing is expected
    assert [(r.field, r.suggestion) for r in report.reasons] == [("subject.name", "请核对")]
    assert (await submit(flow, 2)).standing is Standing.CHECKING
    assert (await procedure(flow))["procedure_status"] == 22
    assert await flow.applications() == 2


async def test_what_is_wrong_with_it_is_told_by_our_paths(flow: House) -> None:
    report = await submit(flow, pay_type=3)
    assert report.standing is Standing.RETURNED
    assert [r.field for r in report.reasons] == ["verification.auth_data"]


async def test_it_is_withdrawn_in_its_filing_alone(flow: House) -> None:
    await submit(flow)
    answer = await flow.wechat.withdraw(flow.client.appid)
    assert not answer.withdrawn
    assert answer.reason
    await procedure(flow, status=22)
    assert (await flow.wechat.withdraw(flow.client.appid)).withdrawn
    assert (await flow.wechat.withdraw(flow.client.appid)).withdrawn
    assert (await flow.wechat.status(flow.client.appid)).standing is Standing.ABSENT


async def test_the_face_check_is_asked_for_along_with_it(
    tmp_path: Path, registry: Registry, uid: str
) -> None:
    async with served(tmp_path / "s.sqlite", registry, uid, faces="manual") as house:
        house.client.appid = f"wx{uid}"
        check = (await submit(house)).face_check
        assert check is not None
        assert check.link is not None
        assert check.link.startswith("http")
        faces = (await house.client.http.get(f"/sandbox/faces/wx{uid}")).json()["faces"]
        assert [face["along_with_auth"] for face in faces] == [True]


@pytest.fixture
async def torn(flow: House, registry: Registry) -> AsyncIterator[House]:
    """A house whose line breaks once the combined call has been made."""
    async with (
        cutting_proxy(str(flow.client.http.base_url)) as proxy,
        authority(proxy.url, flow.materials, registry) as wechat,
    ):
        flow.wechat = wechat
        proxy.cut(SUBMIT, worked=True)
        with pytest.raises(AuthorityUnavailable):
            await submit(flow)
        yield flow


async def test_an_id_that_was_lost_is_told_and_the_order_is_ours_once_it_is_there(
    torn: House,
) -> None:
    first = await procedure(torn)
    report = await submit(torn)
    assert report.standing is Standing.STOPPED
    assert report.note is not None
    assert "procedure id" in report.note
    assert (await procedure(torn))["procedure_id"] == first["procedure_id"]
    await procedure(torn, status=22)
    assert (await submit(torn)).standing is Standing.CHECKING
    await torn.client.control(status=4)
    assert (await submit(torn)).standing is Standing.SMS_WAITING
    assert await torn.applications() == 1


async def test_of_what_it_asks_nothing_reaches_the_logs(
    flow: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0):
        await submit(flow, contact="someone private")
        await submit(flow, pay_type=3, contact="someone private")
    assert "someone private" not in caplog.text
