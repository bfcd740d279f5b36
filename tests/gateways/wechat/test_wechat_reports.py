"""Answers that the sandbox never gives: numbers nobody knows, servers that are not themselves."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from activities.ports import OrderInTheWay
from filing.authority import Standing
from gateways.authority import AuthorityRefused, AuthorityUnavailable, WechatAuthority
from gateways.registry import Registry
from gateways.wechat.errors import ApiRefusal
from gateways.wechat.papers import Paper
from gateways.wechat.reasons import our_path
from gateways.wechat.reports import report, returned
from sandbox.server import serve
from tests.sandbox.wechat_client import APPID, MemoryMaterials, organisation


@pytest.mark.parametrize("status", range(1024, 1032))
def test_every_variant_of_not_filed_is_absent(status: int) -> None:
    assert report({"status": status}).standing is Standing.ABSENT


def test_an_unknown_number_is_kept_without_its_texts() -> None:
    found = report({"status": 7, "audit_data": [{"key_name": "王芳", "error": "…"}], "x": True})
    assert found.standing is Standing.UNKNOWN
    assert found.raw is not None
    assert json.loads(found.raw)["status"] == 7
    assert "王芳" not in found.raw


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"status": "4"},
        {"status": [4]},
        {"status": 4, "sms_verify_status": 9},
        {"status": 4, "sms_verify_status": {}},
        {"status": 4, "sms_verify_status": [1]},
    ],
)
def test_what_makes_no_sense_is_unknown(info: dict[str, Any]) -> None:
    assert report(info).standing is Standing.UNKNOWN


def test_a_filing_under_cancellation_is_no_approval() -> None:
    assert report({"status": 6, "is_canceling": True}).standing is Standing.SMS_WAITING


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("icp_subject.principal_info.certificate_photo_front", "subject.principal.certificate"),
        ("icp_subject.organize_info.certificate_photo", "subject.certificate"),
        ("icp_applets.principal_info.mobile", "mini_program.principal.mobile"),
        ("icp_applets.base_info.nrlx_details[1].media", "materials.7.file"),
        ("icp_applets.base_info.nrlx_details[0].media", "mini_program.pre_approvals.0"),
        ("icp_applets.base_info.nrlx_details.0.code", "mini_program.pre_approvals.0.number"),
        ("icp_materials.commitment_letter", "materials.5.file"),
        ("icp_materials.subject_other_materials[1]", "materials.9.file"),
        ("icp_materials.subject_other_materials", "materials"),
        ("icp_applets.base_info.service_content_types[1]", "mini_program.service_contents.1"),
        ("icp_applets.base_info.service_content_types", "mini_program.service_contents"),
        ("icp_applets.principal_info.verify_task_id", "mini_program.principal"),
        ("icp_subject.legal_person_info.name", "subject.legal_representative.name"),
        ("icp_materials.promise_video", "materials"),
        ("icp_subject.personal_info.residence_permit", "materials"),
        ("icp_subject.base_info.something_new", "subject"),
        ("never_heard_of", "never_heard_of"),
        ("", "application"),
    ],
)
def test_paths(theirs: str, ours: str) -> None:
    materials = {
        "icp_materials.commitment_letter": 5,
        "icp_applets.base_info.nrlx_details.1.media": 7,
        "icp_materials.subject_other_materials.0": 8,
        "icp_materials.subject_other_materials.1": 9,
    }
    assert our_path(theirs, materials) == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("主办单位名称", "subject.name"),
        ("小程序负责人-手机号码", "mini_program.principal.mobile"),
        ("主体负责人(姓名)", "subject.principal.name"),
        (" 小程序负责人 / 证件国徽面 ", "mini_program.principal.certificate"),
        ("统一社会信用代码", "subject.certificate.number"),
        ("小程序服务内容", "mini_program.service_contents"),
        ("互联网信息服务承诺书", "materials"),
        ("从未见过的字段", "从未见过的字段"),
        ("", "application"),
    ],
)
def test_chinese_names_of_a_return(theirs: str, ours: str) -> None:
    audit = [{"key_name": theirs, "error": "不符", "suggest": ""}]
    found = report({"status": 5, "audit_data": audit})
    assert [(r.field, r.reason, r.suggestion) for r in found.reasons] == [(ours, "不符", None)]
    assert found.raw is None


@pytest.mark.parametrize(
    "audit", ["备注太短", {"error": "不符"}, ["备注太短"], [{"key_name": "备注"}], [{"error": 5}]]
)
def test_a_return_that_is_not_understood_is_one_and_keeps_its_shape(audit: Any) -> None:
    found = report({"status": 3, "audit_data": audit})
    assert found.standing is Standing.RETURNED
    assert found.raw is not None
    assert "太短" not in found.raw
    assert "audit_data" in found.raw


def test_what_is_kept_of_a_body_names_nobody() -> None:
    strange = {"status": 7, "13800000001": 13800000002, "name": "王芳", "x": [1.5, None, True]}
    raw = report(strange).raw
    assert raw is not None
    assert json.loads(raw) == {"status": 7, "…": "…", "name": "…", "x": [1.5, None, True]}
    assert len(report({"status": 7} | {f"k{i}": i for i in range(1000)}).raw or "") == 2000


@pytest.mark.parametrize(
    ("available", "is_open"), [(0, False), (1, True), (None, True), (2, True), ("0", True)]
)
def test_an_entry_is_closed_where_that_is_said(available: Any, is_open: bool) -> None:
    assert report({"status": 4, "available": available}).available is is_open
    assert report({"status": 4}).available


def test_a_hint_about_one_of_several_files_names_it() -> None:
    field = "icp_materials.applets_other_materials"
    hints = tuple(
        {"errcode": 86205, "errmsg": "media_id 无效", "err_field": err}
        for err in (f"{field}[1]", field, "icp_materials.commitment_letter")
    )
    held = (
        Paper(field, 3, "a"),
        Paper(field, 6, "b"),
        Paper("icp_materials.commitment_letter", 1, "c"),
    )
    found = returned(ApiRefusal(86202, "fail", hints), held)
    assert [r.field for r in found.reasons] == ["materials.6.file", "materials", "materials.1.file"]


def test_a_hint_without_a_field_keeps_its_shape() -> None:
    found = returned(ApiRefusal(86202, "fail", ({"errcode": 86302, "errmsg": "不一致"},)), ())
    assert [(r.field, r.reason) for r in found.reasons] == [("application", "不一致")]
    assert found.reasons[0].suggestion
    assert found.raw == '{"hints": [{"errcode": 86302, "errmsg": "…"}]}'


def test_a_refusal_without_hints_still_has_a_reason() -> None:
    found = returned(ApiRefusal(86202, "apply icp filing fail rid: 1-2", ()), ())
    assert [(r.field, r.reason) for r in found.reasons] == [
        ("application", "apply icp filing fail")
    ]


@asynccontextmanager
async def answering(answer: Response, registry: Registry) -> AsyncIterator[WechatAuthority]:
    """An authority whose every call but those for tokens gets `answer`."""

    async def token(request: Request) -> Response:
        keys = ("component_access_token", "authorizer_access_token")
        return JSONResponse(dict.fromkeys(keys, "secret-token") | {"expires_in": 7200})

    async def other(request: Request) -> Response:
        return answer

    app = Starlette(
        routes=[
            Route("/cgi-bin/component/{name}", token, methods=["POST"]),
            Route("/{path:path}", other, methods=["GET", "POST"]),
        ]
    )
    async with (
        serve(app, 0) as base_url,
        WechatAuthority(base_url, "a", "b", "c", "d", MemoryMaterials(), registry) as wechat,
    ):
        yield wechat


@pytest.mark.parametrize(
    "answer",
    [
        Response("oops", 500),
        Response("<html>", 200),
        Response("[]", 200),
        JSONResponse({"errcode": -1, "errmsg": "system error"}),
        JSONResponse({"errcode": 45009, "errmsg": "reach max api daily quota limit"}),
        JSONResponse({"errcode": 45011, "errmsg": "api minute-quota reach limit"}),
        JSONResponse({"errcode": 42001, "errmsg": "access_token expired"}),
        JSONResponse({"errcode": 12345, "errmsg": "?"}),
        JSONResponse({"errcode": "x"}),
        JSONResponse({"errcode": 0}),
    ],
)
async def test_what_can_heal_is_unavailable_and_shows_no_token(
    answer: Response, registry: Registry
) -> None:
    async with answering(answer, registry) as wechat:
        with pytest.raises(AuthorityUnavailable) as caught:
            await wechat.status(APPID)
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("code", [48001, 61004, 61007])
async def test_what_cannot_heal_is_refused_with_what_to_do(code: int, registry: Registry) -> None:
    async with answering(JSONResponse({"errcode": code, "errmsg": "no"}), registry) as wechat:
        with pytest.raises(AuthorityRefused, match=f"{code}; .+"):
            await wechat.status(APPID)


async def test_an_errcode_may_be_left_out(registry: Registry) -> None:
    async with answering(JSONResponse({"info": {"status": 2}}), registry) as wechat:
        assert (await wechat.status(APPID)).standing is Standing.CHECKING


async def test_what_is_there_already_is_not_sent_again(registry: Registry, uid: str) -> None:
    materials = MemoryMaterials()
    async with answering(JSONResponse({"info": {"status": 2}}), registry) as wechat:
        with pytest.raises(OrderInTheWay):
            await wechat.submit(organisation(materials), uid, 1)
    assert materials.reads == []
