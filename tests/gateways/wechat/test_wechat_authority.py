"""The gateway against the served sandbox, over real HTTP."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from activities.ports import Authority
from filing.authority import Standing
from gateways.authority import (
    AuthorityRefused,
    AuthorityUnavailable,
    ManualAuthority,
)
from gateways.registry import Registry
from gateways.wechat.errors import CODES, ApiRefusal
from sandbox.app import create_app
from sandbox.server import serve
from tests.gateways.wechat.house import House, authority
from tests.sandbox.wechat_client import APPID, LI, WANG, MemoryMaterials, organisation


async def test_from_submission_to_number(house: House) -> None:
    assert (await house.wechat.status(APPID)).standing is Standing.ABSENT
    report = await house.submit(organisation(house.materials))
    assert report.standing is Standing.CHECKING, report
    assert len(house.materials.reads) == 6
    for changes, standing in (
        ({"status": 4}, Standing.SMS_WAITING),
        ({"sms_verify_status": 3}, Standing.SMS_LAPSED),
        ({"sms_verify_status": 2}, Standing.BUREAU_REVIEW),
    ):
        await house.client.control(**changes)
        assert (await house.wechat.status(APPID)).standing is standing
    granted = (await house.client.control(status=6)).json()
    report = await house.wechat.status(APPID)
    assert report.standing is Standing.APPROVED
    assert (report.number, report.subject_number) == (granted["number"], granted["subject_number"])


async def test_submitting_twice_applies_once(house: House) -> None:
    application = organisation(house.materials)
    await house.submit(application)
    assert (await house.submit(application)).standing is Standing.CHECKING
    await house.client.control(status=4)
    assert (await house.submit(application)).standing is Standing.SMS_WAITING
    await house.client.control(status=6)
    assert (await house.submit(application)).standing is Standing.APPROVED
    assert await house.applications() == 1


async def test_submitting_at_the_same_time_applies_once(house: House) -> None:
    application = organisation(house.materials)
    reports = await asyncio.gather(*(house.submit(application) for _ in range(3)))
    assert {r.standing for r in reports} == {Standing.CHECKING}
    assert await house.applications() == 1


@pytest.mark.parametrize(
    "ended", [{"status": 3}, {"status": 5}, {"status": 4, "sms_verify_status": 3}]
)
async def test_what_came_back_is_applied_for_again(house: House, ended: dict[str, Any]) -> None:
    application = organisation(house.materials)
    await house.submit(application)
    await house.client.control(**ended)
    assert (await house.submit(application, 2)).standing is Standing.CHECKING
    assert await house.applications() == 2


@pytest.mark.parametrize(
    ("ended", "standing"),
    [
        ({"status": 3}, Standing.RETURNED),
        ({"status": 5}, Standing.BUREAU_RETURNED),
        ({"status": 4, "sms_verify_status": 3}, Standing.SMS_LAPSED),
    ],
)
async def test_a_round_that_came_back_is_not_sent_again_by_itself(
    house: House, ended: dict[str, Any], standing: Standing
) -> None:
    application = organisation(house.materials)
    assert (await house.submit(application)).standing is Standing.CHECKING
    await house.client.control(**ended)
    assert (await house.submit(application)).standing is standing
    assert await house.applications() == 1


async def test_a_return_gives_our_paths_where_they_are_known(house: House) -> None:
    await house.submit(organisation(house.materials))
    audit = [
        {"key_name": "主办单位证件号码", "error": "与照片不一致", "suggest": "请核对"},
        {"key_name": "从未见过的字段", "error": "不清楚"},
    ]
    await house.client.control(status=5, audit_data=audit)
    report = await house.wechat.status(APPID)
    assert report.standing is Standing.BUREAU_RETURNED
    first, second = report.reasons
    assert (first.field, first.reason) == ("subject.certificate.number", "与照片不一致")
    assert first.suggestion == "请核对"
    assert (second.field, second.suggestion) == ("从未见过的字段", None)


async def test_hints_are_a_return_by_our_paths(house: House) -> None:
    wrong = organisation(
        house.materials,
        papers=[{"type": "subject_certificate", "file": "licence.png"}],
        mini_program={
            "remark": "太短",
            "pre_approvals": [{"category": "news", "number": " ", "valid_to": "长期"}],
        },
        subject={"principal": LI | {"mobile": "1"}},
    )
    report = await house.submit(wrong)
    assert report.standing is Standing.RETURNED
    fields = {reason.field for reason in report.reasons}
    assert fields == {
        "subject.principal.mobile",
        "subject.principal.certificate",
        "mini_program.principal.certificate",
        "mini_program.remark",
        "mini_program.pre_approvals.0",
        "mini_program.pre_approvals.0.number",
    }
    assert await house.applications() == 0


@pytest.mark.parametrize(
    ("part", "change", "field"),
    [
        ("subject", {"province": "新江苏省"}, "subject.province"),
        ("subject", {"city": "新苏州市"}, "subject.city"),
        ("subject", {"district": "新昆山市"}, "subject.district"),
        (
            "mini_program",
            {"service_contents": ["tools", "teleport"]},
            "mini_program.service_contents.1",
        ),
        (
            "mini_program",
            {"pre_approvals": [{"category": "magic", "number": "1", "valid_to": "长期"}]},
            "mini_program.pre_approvals.0.category",
        ),
        ("subject", {"type": "foundation"}, "subject.certificate.type"),
    ],
)
async def test_a_name_that_is_not_listed_is_a_return(
    house: House, part: str, change: dict[str, Any], field: str
) -> None:
    changes: dict[str, Any] = {part: change}
    report = await house.submit(organisation(house.materials, **changes))
    assert report.standing is Standing.RETURNED
    assert [reason.field for reason in report.reasons] == [field]
    assert house.materials.reads == []
    assert await house.applications() == 0


@pytest.mark.parametrize(
    ("province", "city", "district"),
    [
        ("北京市", "北京市", "东城区"),
        ("北京市", "市辖区", "东城区"),
        ("重庆市", "重庆市", "城口县"),
        ("河南省", "省直辖县", "济源市"),
        ("河南省", "济源市", "济源市"),
        ("广东省", "东莞市", "东莞市"),
        ("新疆维吾尔自治区", "自治区直辖县级行政区划", "石河子市"),
    ],
)
async def test_places_are_found_however_their_city_is_written(
    house: House, province: str, city: str, district: str
) -> None:
    place = {"province": province, "city": city, "district": district}
    report = await house.submit(organisation(house.materials, subject=place))
    assert report.standing is Standing.CHECKING, report


async def test_one_person_is_photographed_once(house: House) -> None:
    papers = [
        {"type": "subject_certificate", "file": "licence.png"},
        {"type": "subject_principal_certificate", "side": "front", "file": "front.png"},
        {"type": "subject_principal_certificate", "side": "back", "file": "back.png"},
        {"type": "authorisation_letter", "file": "letter.png"},
        {"type": "pre_approval", "category": "news", "file": "news.png"},
        {"type": "other", "file": "front.png"},
    ]
    application = organisation(
        house.materials,
        papers=papers,
        mini_program={
            "principal": WANG,
            "pre_approvals": [{"category": "news", "number": "1", "valid_to": "长期"}],
        },
        subject={"principal": WANG},
    )
    report = await house.submit(application)
    assert report.standing is Standing.CHECKING, report
    # Once as a certificate, and once more as something else.
    reads = house.materials.reads
    assert (len(reads), len(set(reads))) == (6, 5)


async def test_an_individual_files_with_an_identity_card(house: House) -> None:
    papers = [
        {"type": "subject_principal_certificate", "side": "front", "file": "front.png"},
        {"type": "subject_principal_certificate", "side": "back", "file": "back.png"},
        {"type": "residence_permit", "file": "permit.png"},
    ]
    number = WANG["certificate"]["number"]
    subject = {
        "type": "individual",
        "name": "王芳",
        "certificate": {"type": "resident_id", "number": number, "address": "昆山市示例路 1 号"},
        "principal": WANG,
        "legal_representative": None,
    }
    report = await house.submit(organisation(house.materials, papers=papers, subject=subject), 1)
    assert report.standing is Standing.CHECKING, report


async def test_a_file_that_is_no_image_is_a_return(house: House) -> None:
    application = organisation(house.materials)
    sha256 = application.materials[5].sha256
    assert sha256 is not None
    house.materials.held[sha256] = b"%PDF-1.7"
    report = await house.submit(application)
    assert report.standing is Standing.RETURNED
    assert [reason.field for reason in report.reasons] == ["materials.5.file"]
    assert await house.applications() == 0


@pytest.mark.parametrize("code", [c for c, row in CODES.items() if "upload_icp" in row.where])
async def test_what_an_upload_is_refused_for_is_a_return(
    house: House, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise ApiRefusal(code, "", ())

    monkeypatch.setattr(house.wechat.client, "upload", refuse)
    report = await house.submit(organisation(house.materials))
    assert report.standing is Standing.RETURNED
    assert all(reason.field.startswith("materials.") for reason in report.reasons)


async def test_expired_tokens_are_renewed(house: House) -> None:
    await house.submit(organisation(house.materials))
    await house.client.http.post("/sandbox/expire-tokens")
    statuses = await asyncio.gather(*(house.wechat.status(APPID) for _ in range(5)))
    assert {s.standing for s in statuses} == {Standing.CHECKING}


async def test_withdrawing_is_allowed_then_refused(house: House) -> None:
    application = organisation(house.materials)
    await house.submit(application)
    assert (await house.wechat.withdraw(APPID)).withdrawn
    assert (await house.wechat.withdraw(APPID)).withdrawn, "twice is one withdrawal"
    assert (await house.wechat.status(APPID)).standing is Standing.ABSENT
    await house.submit(application, 2)
    await house.client.control(status=4)
    answer = await house.wechat.withdraw(APPID)
    assert not answer.withdrawn
    assert answer.reason


async def test_a_change_applies_again_and_keeps_its_number(house: House) -> None:
    await house.submit(organisation(house.materials))
    number = (await house.client.control(status=6)).json()["number"]
    report = await house.submit(
        organisation(house.materials, kind="change_mini_program"), filing="later"
    )
    assert report.standing is Standing.CHECKING
    await house.client.control(status=6)
    change = organisation(house.materials, kind="change_mini_program")
    assert (await house.submit(change, filing="later")).number == number
    assert await house.applications() == 2


async def test_a_cancellation_is_never_taken_for_an_approval(house: House) -> None:
    await house.submit(organisation(house.materials))
    await house.client.control(status=6)
    cancellation = organisation(house.materials, kind="cancel_mini_program")
    for _ in range(2):
        assert (await house.submit(cancellation, filing="later")).standing is Standing.CHECKING
    await house.client.control(status=4)
    assert (await house.submit(cancellation, filing="later")).standing is Standing.SMS_WAITING
    assert await house.applications() == 2
    await house.client.control(status=6)
    assert (await house.wechat.status(APPID)).standing is Standing.ABSENT
    # With an attempt of ours before it went through; without one there was nothing to cancel.
    assert (await house.submit(cancellation, filing="later")).standing is Standing.ABSENT
    report = await house.submit(cancellation, 2, filing="later")
    assert [r.field for r in report.reasons] == ["mini_program.appid"]


async def test_a_closed_entry_is_told_and_nothing_is_created(house: House) -> None:
    await house.client.control(available=0)
    report = await house.submit(organisation(house.materials))
    assert (report.standing, report.available) == (Standing.ABSENT, False)
    assert not (await house.wechat.status(APPID)).available
    assert await house.applications() == 0
    assert house.materials.reads == []
    await house.client.control(available=1)
    assert (await house.submit(organisation(house.materials))).standing is Standing.CHECKING


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"component_secret": "wrong"}, "BEIAN_WECHAT_COMPONENT_SECRET"),
        ({"component_ticket": "wrong"}, "BEIAN_WECHAT_COMPONENT_TICKET"),
        ({"authorizer_refresh_token": "wrong"}, "BEIAN_WECHAT_AUTHORIZER_REFRESH_TOKEN"),
    ],
)
async def test_a_wrong_setting_is_refused_with_its_name(
    house: House, registry: Registry, wrong: dict[str, str], hint: str
) -> None:
    base_url = str(house.client.http.base_url)
    async with authority(base_url, house.materials, registry, other=wrong) as wechat:
        with pytest.raises(AuthorityRefused, match=hint):
            await wechat.status(APPID)


async def test_nobody_there_is_unavailable_and_healed_by_a_restart(
    tmp_path: Path, registry: Registry, uid: str
) -> None:
    database = tmp_path / "sandbox.sqlite"
    async with serve(create_app(database, automatic=False), 0) as base_url:
        port = int(base_url.rpartition(":")[2])
    materials = MemoryMaterials()
    async with authority(base_url, materials, registry) as wechat:
        with pytest.raises(AuthorityUnavailable, match="no connection"):
            await wechat.status(APPID)
        async with serve(create_app(database, automatic=False), port):
            report = await wechat.submit(organisation(materials), uid, 1)
        assert report.standing is Standing.CHECKING
        async with serve(create_app(database, automatic=False), port):
            assert (await wechat.status(APPID)).standing is Standing.CHECKING


async def test_no_token_and_no_person_in_the_logs(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await house.submit(organisation(house.materials))
        await house.wechat.status(APPID)
    for private in ("access_token", "李明", "13800000001", "320583198001011234"):
        assert private not in caplog.text


async def test_by_hand_everything_passes_to_a_person() -> None:
    manual: Authority = ManualAuthority()
    report = await manual.submit(organisation(MemoryMaterials()), "run-1", 1)
    assert (report.standing, report.at) == (Standing.SMS_WAITING, None)
    assert (await manual.status(APPID)).standing is Standing.UNKNOWN
    assert (await manual.withdraw(APPID, "run-1")).withdrawn
