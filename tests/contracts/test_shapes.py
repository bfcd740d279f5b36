"""The shapes themselves: there is one for each call, they take the reference's samples, and they can
refuse."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from sandbox.app import create_app
from sandbox.server import serve
from tests.contracts.shapes import CALLS, SCHEMAS, Held, faults_of, faults_of_reply
from tests.sandbox.wechat_client import PlainClient


def test_every_call_has_its_shapes_and_no_shape_is_without_a_call() -> None:
    names = {f"{name}.reply" for _, name in CALLS.values()}
    names |= {f"{name}.request" for method, name in CALLS.values() if method == "POST"}
    assert {path.stem for path in SCHEMAS.glob("*.json")} == names
    for path in SCHEMAS.glob("*.json"):
        Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))


OK = {"errcode": 0, "errmsg": "ok"}
REFUSED = {"errcode": 40001, "errmsg": "invalid credential rid: 1-2"}


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("get_icp_entrance_info.reply", {**OK, "info": {"status": 1031, "available": 1}}),
        ("get_icp_entrance_info.reply", {**OK, "info": {"status": 7, "is_canceling": False}}),
        ("get_icp_entrance_info.reply", REFUSED),
        ("get_online_icp_order.reply", {**OK, "icp_subject": {}, "icp_applets": {}}),
        ("get_online_icp_order.reply", {**OK, "icp_subject": {}, "icp_applets": [{}]}),
        ("api_component_token.reply", {"component_access_token": "t", "expires_in": 7200}),
        ("api_component_token.reply", REFUSED),
        ("query_icp_verifytask.reply", {**OK, "is_finish": True, "face_status": 3}),
        ("cancel_icp_filing.request", {"cancel_type": 1}),
        (
            "upload_icp_media.request",
            {"type": "image", "icp_order_field": "icp_materials.commitment_letter"},
        ),
    ],
)
def test_right_ones_are_taken(name: str, right: dict[str, Any]) -> None:
    assert faults_of(name, right) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("get_icp_entrance_info.reply", OK),
        ("get_icp_entrance_info.reply", {**OK, "info": {"status": "6"}}),
        ("get_icp_entrance_info.reply", {**OK, "info": {"status": 6, "available": True}}),
        ("get_icp_entrance_info.reply", {"errmsg": "ok"}),
        ("api_component_token.reply", {"expires_in": 7200}),
        ("query_icp_verifytask.reply", {**OK, "is_finish": 1, "face_status": 3}),
        ("query_icp_district_code.reply", {**OK, "items": []}),
        ("cancel_icp_filing.request", {"cancel_type": 4}),
        ("cancel_icp_filing.request", {"cancel_type": 1, "reason": "x"}),
        ("quota_get.request", {"cgi_path": "wxa/icp"}),
        (
            "upload_icp_media.request",
            {"type": "image", "icp_order_field": "icp_subject.organize_info.certificate_photo"},
        ),
        ("apply_icp_filing.request", {"icp_subject": {}, "icp_applets": {}}),
    ],
)
def test_wrong_ones_are_found(name: str, wrong: dict[str, Any]) -> None:
    assert faults_of(name, wrong)


def test_what_is_found_tells_no_value() -> None:
    body = {"icp_subject": {"principal_info": {"mobile": 13800000001}}}
    told = " ".join(faults_of("apply_icp_filing.request", body))
    assert "icp_subject.principal_info.mobile" in told
    assert "13800000001" not in told


def test_a_reply_that_is_no_json_is_found() -> None:
    assert faults_of_reply("/wxa/icp/get_icp_entrance_info", "application/json", b'{"errc')
    assert faults_of_reply("/wxa/icp/get_icp_media", "image/jpeg", b"")


async def test_the_holder_finds_a_request_that_the_sandbox_took_though_it_is_wrong(
    tmp_path: Path,
) -> None:
    app = Held(create_app(tmp_path / "a.sqlite", automatic=False))
    async with serve(app) as base_url, httpx.AsyncClient(base_url=base_url) as http:
        client = PlainClient(http)
        await client.authorise()
        assert (await client.apply())["errcode"] == 0
        assert app.faults == []
        # The sandbox does not look at what is no field of this call.
        await client.post("create_icp_verifytask", json={"unheard_of": 1})
    assert app.faults == ["create_icp_verifytask.request: (top) breaks additionalProperties"]
