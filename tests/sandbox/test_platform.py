"""Tokens, authorisations, quota and face checks of the sandbox, over real HTTP."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.wechat_client import APPID, PLATFORM, PNG, PlainClient, sandbox

APPLY = "/wxa/icp/apply_icp_filing"
INFO = "/wxa/icp/get_icp_entrance_info"
VERIFY = "icp_applets.principal_info.verify_task_id"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[PlainClient]:
    async with sandbox(tmp_path / "sandbox.sqlite") as client:
        yield client


async def _component(http: httpx.AsyncClient, name: str, **more: Any) -> dict[str, Any]:
    token = (await http.post("/cgi-bin/component/api_component_token", json=PLATFORM)).json()
    reply = await http.post(
        f"/cgi-bin/component/{name}",
        params={"access_token": token["component_access_token"]},
        json={"component_appid": PLATFORM["component_appid"], **more},
    )
    result: dict[str, Any] = reply.json()
    return result


async def test_an_authorisation_gives_tokens_once_and_ends_the_refresh_token_before(
    client: PlainClient,
) -> None:
    preauth = await _component(client.http, "api_create_preauthcode")
    assert (preauth["pre_auth_code"] != "", preauth["expires_in"]) == (True, 1800)
    code = (await client.http.post("/sandbox/authorise", json={"appid": APPID})).json()
    given = (await _component(client.http, "api_query_auth", **code))["authorization_info"]
    assert given["authorizer_appid"] == APPID
    assert {f["funcscope_category"]["id"] for f in given["func_info"]} == {18, 156}
    client.token = given["authorizer_access_token"]
    assert (await client.info())["status"] == 1024
    assert (await _component(client.http, "api_query_auth", **code))["errcode"] == 61010
    refreshed = [
        await _component(
            client.http,
            "api_authorizer_token",
            authorizer_appid=APPID,
            authorizer_refresh_token=token,
        )
        for token in ("refreshtoken@@@sandbox", given["authorizer_refresh_token"])
    ]
    assert refreshed[0]["errcode"] == 61023
    assert refreshed[1]["authorizer_refresh_token"] == given["authorizer_refresh_token"]


async def test_a_newer_token_ends_the_one_before_where_there_is_no_overlap(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite", token_overlap=0.0) as client:
        before = client.token
        await client.authorise()
        assert (await client.info())["status"] == 1024
        client.token = before
        assert (await client.get("get_icp_entrance_info"))["errcode"] == 42001


async def test_quota_is_counted_by_day_and_enforced(client: PlainClient) -> None:
    await client.info()
    before = (await client.quota(INFO))["quota"]
    assert before["used"] == 1
    assert before["remain"] == before["daily_limit"] - 1
    await client.http.post("/sandbox/quota", json={"path": INFO, "daily": 3})
    await client.info()
    await client.info()
    assert (await client.get("get_icp_entrance_info"))["errcode"] == 45009
    assert (await client.quota(INFO))["quota"] == {"daily_limit": 3, "used": 3, "remain": 0}
    other = PlainClient(client.http, "wx00000000000000ff")
    await other.authorise()
    assert (await other.info())["status"] == 1024


async def test_a_limit_of_the_platform_counts_every_mini_program(client: PlainClient) -> None:
    limit = {"path": INFO, "per_minute": 2, "daily": 100, "per": "platform"}
    await client.http.post("/sandbox/quota", json=limit)
    other = PlainClient(client.http, "wx00000000000000ff")
    await other.authorise()
    calls = [each for _ in range(3) for each in (client, other)]
    codes = [(await each.get("get_icp_entrance_info"))["errcode"] for each in calls]
    # A minute may turn between the calls, once: of six calls, four may pass at most.
    assert set(codes) == {0, 45011}
    assert 2 <= codes.count(0) <= 4
    shown = await client.quota(INFO)
    assert shown["component_rate_limit"]["call_count"] == 2
    assert shown["quota"]["used"] == codes.count(0)


async def test_the_days_count_and_the_limit_outlive_the_server(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        await client.http.post("/sandbox/quota", json={"path": INFO, "daily": 1})
        await client.info()
    async with sandbox(tmp_path / "a.sqlite") as client:
        assert (await client.get("get_icp_entrance_info"))["errcode"] == 45009


async def test_what_was_uploaded_comes_back_as_a_placeholder(client: PlainClient) -> None:
    photo = await client.upload("icp_materials.commitment_letter")
    film = await client.post(
        "upload_icp_media",
        data={"type": "video", "icp_order_field": "icp_materials.promise_video"},
        files={"media": ("a.mp4", b"\0\0\0\x14ftypisom\0\0\2\0isom")},
    )
    for media_id, kind in ((photo, "image/jpeg"), (film["media_id"], "video/mp4")):
        reply = await client.http.get(
            "/wxa/icp/get_icp_media", params={"access_token": client.token, "media_id": media_id}
        )
        assert reply.headers["content-type"] == kind
        assert reply.content != PNG
    reply = await client.http.get(
        "/wxa/icp/get_icp_media", params={"access_token": client.token, "media_id": "?"}
    )
    assert reply.json()["errcode"] == 86205


async def test_by_itself_a_face_check_passes_at_once_and_an_application_needs_it(
    tmp_path: Path,
) -> None:
    async with sandbox(tmp_path / "a.sqlite", faces="automatic") as client:
        body = await client.body()
        reply = await client.post("apply_icp_filing", json=body)
        assert [(h["errcode"], h["err_field"]) for h in reply["hints"]] == [(40097, VERIFY)]
        task_id = await client.face()
        assert (await client.face_status(task_id))["face_status"] == 3
        body["icp_applets"]["principal_info"]["verify_task_id"] = task_id
        # The client's two principals are one object.
        person = dict(body["icp_subject"]["principal_info"])
        del person["verify_task_id"]
        body["icp_subject"]["principal_info"] = person
        assert (await client.post("apply_icp_filing", json=body))["errcode"] == 0
        await client.control(status=6)
        del body["icp_applets"]["principal_info"]["verify_task_id"]
        assert (await client.post("apply_icp_filing", json=body))["errcode"] == 0


async def test_the_control_api_says_how_face_checks_go_from_now_on(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite", faces="automatic") as client:
        assert (await client.http.get("/sandbox/faces")).json() == {"mode": "automatic"}
        for mode, status in (("manual", 0), ("automatic", 3)):
            reply = await client.http.post("/sandbox/faces", json={"mode": mode})
            assert reply.json() == {"mode": mode}
            assert (await client.face_status(await client.face()))["face_status"] == status


async def test_by_hand_a_face_check_goes_as_the_control_api_says(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite", faces="manual") as client:
        body = await client.body()
        task_id = await client.face()
        principal = dict(body["icp_applets"]["principal_info"], verify_task_id=task_id)
        body["icp_applets"]["principal_info"] = principal

        async def play(result: str) -> None:
            reply = await client.http.post(f"/sandbox/faces/{APPID}", json={"result": result})
            assert reply.status_code == 200

        async def hint() -> list[int]:
            reply = await client.post("apply_icp_filing", json=body)
            return [h["errcode"] for h in reply["hints"]]

        assert await client.face_status(task_id) == {
            "errcode": 0,
            "errmsg": "ok",
            "is_finish": False,
            "face_status": 0,
        }
        assert await hint() == [40097]
        await play("retry")
        assert (await client.face_status(task_id))["is_finish"] is False
        await play("pass")
        assert (await client.face_status(task_id))["is_finish"] is True
        await play("expire")
        assert (await client.face_status(task_id))["errcode"] == 1
        assert await hint() == [1]
        reply = await client.http.post(f"/sandbox/faces/{APPID}", json={"result": "pass"})
        assert reply.status_code == 400
        listed = (await client.http.get(f"/sandbox/faces/{APPID}")).json()["faces"]
        assert [(t["task_id"], t["expired"]) for t in listed] == [(task_id, True)]


async def test_a_face_check_is_of_its_mini_program_and_never_the_subjects(
    client: PlainClient,
) -> None:
    other = PlainClient(client.http, "wx00000000000000ff")
    await other.authorise()
    foreign = await other.face()
    assert (await client.face_status(foreign))["errcode"] == 86328
    body = await client.body()
    subject = dict(body["icp_subject"]["principal_info"], verify_task_id=await client.face())
    applets = dict(body["icp_applets"]["principal_info"], verify_task_id=foreign)
    body["icp_subject"]["principal_info"] = subject
    body["icp_applets"]["principal_info"] = applets
    hints = (await client.post("apply_icp_filing", json=body))["hints"]
    assert {(h["errcode"], h["err_field"].partition(".")[0]) for h in hints} == {
        (40097, "icp_subject"),
        (86328, "icp_applets"),
    }


async def test_the_combined_flow_gets_an_address_and_its_sms_result(client: PlainClient) -> None:
    reply = await client.post("create_icp_verifytask", json={"along_with_auth": True})
    assert reply["verify_url"].startswith("http")
    assert (await client.face_status(reply["task_id"]))["along_with_auth_result"] == 9
    assert "verify_url" not in await client.post("create_icp_verifytask")
    wrong = await client.post("create_icp_verifytask", json={"along_with_auth": "yes"})
    assert wrong["errcode"] == 47001


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("quota", {"daily": 3}, "path"),
        ("quota", {"path": "apply"}, "path"),
        ("quota", {"path": APPLY, "daily": -1}, "daily"),
        ("quota", {"path": APPLY, "per": "day"}, "per"),
        ("faces", {"mode": "lost"}, "mode"),
        (f"faces/{APPID}", {"result": "won"}, "result"),
        (f"faces/{APPID}", {"results": "pass"}, "results"),
        ("authorise", {}, "appid"),
    ],
)
async def test_the_control_api_names_the_wrong_field(
    client: PlainClient, path: str, body: dict[str, Any], field: str
) -> None:
    reply = await client.http.post(f"/sandbox/{path}", json=body)
    assert reply.status_code == 400
    assert [e["field"] for e in reply.json()["errors"]] == [field]


OLD = """
create table tokens (token text primary key, kind text not null, appid text,
    expires_at real not null);
create table media (media_id text primary key, appid text not null, order_field text not null,
    certificate_type integer, created_at integer not null);
create table orders (appid text primary key, status integer not null, sms integer not null,
    available integer not null, canceling integer not null, number text unique,
    subject_number text, audit_data text not null, body text, applied_at real,
    applications integer not null);
create table counters (stem text primary key, last integer not null);
insert into orders values ('wx1a2b3c4d5e6f7a8b', 6, 0, 1, 0, '苏ICP备2026900001号-1X',
    '苏ICP备2026900001号', '[]',
    '{"icp_subject": {"organize_info": {"certificate_number": "91320583MA00000000"},
      "base_info": {"province": "320000"}}}', 0, 1);
insert into counters values ('苏ICP备2026900001号', 1);
"""


async def test_a_file_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.sqlite") as old:
        old.executescript(OLD)
    old.close()
    async with sandbox(tmp_path / "a.sqlite") as client:
        assert (await client.info())["status"] == 6
        other = PlainClient(client.http, "wx00000000000000ff")
        await other.authorise()
        await other.apply()
        assert (await other.control(status=6)).json()["number"] == "苏ICP备2026900001号-2X"
