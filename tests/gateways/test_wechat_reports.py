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

from filing.authority import Standing
from gateways.authority import AuthorityRefused, AuthorityUnavailable, WechatAuthority
from gateways.wechat.errors import ApiRefusal
from gateways.wechat.reports import our_path, report, returned
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


@pytest.mark.parametrize("info", [{}, {"status": "4"}, {"status": 4, "sms_verify_status": 9}])
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
    }
    assert our_path(theirs, materials) == ours


def test_a_refusal_without_hints_still_has_a_reason() -> None:
    found = returned(ApiRefusal(86202, "apply icp filing fail rid: 1-2", ()), ())
    assert [(r.field, r.reason) for r in found.reasons] == [
        ("application", "apply icp filing fail")
    ]


@asynccontextmanager
async def answering(answer: Response) -> AsyncIterator[WechatAuthority]:
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
        WechatAuthority(base_url, "a", "b", "c", "d", MemoryMaterials()) as wechat,
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
async def test_what_can_heal_is_unavailable_and_shows_no_token(answer: Response) -> None:
    async with answering(answer) as wechat:
        with pytest.raises(AuthorityUnavailable) as caught:
            await wechat.status(APPID)
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("code", [48001, 61004, 61007])
async def test_what_cannot_heal_is_refused_with_what_to_do(code: int) -> None:
    async with answering(JSONResponse({"errcode": code, "errmsg": "no"})) as wechat:
        with pytest.raises(AuthorityRefused, match=f"{code}; .+"):
            await wechat.status(APPID)


async def test_an_errcode_may_be_left_out() -> None:
    async with answering(JSONResponse({"info": {"status": 2}})) as wechat:
        assert (await wechat.status(APPID)).standing is Standing.CHECKING


async def test_what_is_there_already_is_not_sent_again() -> None:
    materials = MemoryMaterials()
    async with answering(JSONResponse({"info": {"status": 2}})) as wechat:
        found = await wechat.submit(organisation(materials), 1, ours=True)
    assert found.standing is Standing.CHECKING
    assert materials.reads == []
