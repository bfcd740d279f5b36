"""Each call of the client, as it goes over the wire: against an authority that answers as the reference
says and keeps what it was sent."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from yarl import URL

from filing.model import CHINA
from gateways.wechat.client import ApiList, Upload, WechatClient
from gateways.wechat.errors import (
    CODES,
    HEALING_CODES,
    TOKEN_CODES,
    ApiRefusal,
    AuthorityRefused,
    AuthorityUnavailable,
    Follows,
    judged,
    said,
    until_tomorrow,
)
from gateways.wechat.transport import Transport
from sandbox.server import serve
from settings import WrongSettings

APPID = "wx1a2b3c4d5e6f7a8b"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


class Answers:
    """Answers every call with `reply`, and keeps the calls."""

    def __init__(self, reply: Response | None = None, **fields: Any) -> None:
        self._reply = reply
        self._fields = fields
        self.calls: list[tuple[str, str, bytes]] = []

    async def _token(self, request: Request) -> Response:
        names = ("component_access_token", "authorizer_access_token")
        return JSONResponse(dict.fromkeys(names, "a-secret-token") | {"expires_in": 7200})

    async def _any(self, request: Request) -> Response:
        self.calls.append((request.method, request.url.path, await request.body()))
        assert request.query_params["access_token"] == "a-secret-token"
        return self._reply or JSONResponse({"errcode": 0, "errmsg": "ok", **self._fields})

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[WechatClient]:
        routes = [
            Route("/cgi-bin/component/{name}", self._token, methods=["POST"]),
            Route("/{path:path}", self._any, methods=["GET", "POST"]),
        ]
        async with (
            serve(Starlette(routes=routes)) as base_url,
            client(base_url, **options) as made,
        ):
            yield made


def client(base_url: str, **options: Any) -> WechatClient:
    secret = SecretStr("s")
    return WechatClient(base_url, "component", secret, secret, secret, **options)


Call = Callable[[WechatClient], Awaitable[Any]]

CALLS: list[tuple[Call, str, str, Any, dict[str, Any], Any]] = [
    (
        *(lambda c: c.apply(APPID, {"icp_subject": {}}), "POST", "/wxa/icp/apply_icp_filing"),
        *({"icp_subject": {}}, {"hints": []}, None),
    ),
    (lambda c: c.withdraw(APPID), "POST", "/wxa/icp/cancel_apply_icp_filing", {}, {}, None),
    (
        *(lambda c: c.cancel(APPID, 2, 1), "POST", "/wxa/icp/cancel_icp_filing"),
        *({"cancel_type": 2, "reason_type": 1}, {}, None),
    ),
    (
        *(lambda c: c.cancel(APPID, 1), "POST", "/wxa/icp/cancel_icp_filing"),
        *({"cancel_type": 1}, {}, None),
    ),
    (
        *(lambda c: c.entrance(APPID), "GET", "/wxa/icp/get_icp_entrance_info", None),
        {"info": {"status": "4", "available": None, "sms_verify_status": 1, "new": [1]}},
        {"status": 4, "available": None, "sms_verify_status": 1, "is_canceling": False},
    ),
    (
        *(lambda c: c.online_order(APPID), "GET", "/wxa/icp/get_online_icp_order", None),
        *({"icp_applets": [1]}, {"errcode": 0, "errmsg": "ok", "icp_applets": [1]}),
    ),
    *(
        (
            *(lambda c, which=which: c.items(APPID, which), "GET", which.value, None),
            *({"items": [{"type": 1}, 2]}, ({"type": 1},)),
        )
        for which in ApiList
    ),
    (
        *(lambda c: c.create_verify_task(APPID), "POST", "/wxa/icp/create_icp_verifytask", None),
        *({"task_id": "t"}, {"task_id": "t", "verify_url": None}),
    ),
    (
        lambda c: c.create_verify_task(APPID, along_with_auth=True),
        *("POST", "/wxa/icp/create_icp_verifytask", {"along_with_auth": True}),
        *({"task_id": "t", "verify_url": "https://x"},) * 2,
    ),
    (
        *(lambda c: c.verify_task(APPID, "t"), "POST", "/wxa/icp/query_icp_verifytask"),
        *({"task_id": "t"}, {"is_finish": True, "face_status": 3}),
        {"is_finish": True, "face_status": 3, "along_with_auth_result": None},
    ),
    (
        *(lambda c: c.submit_both(APPID, {"auth_data": {}}), "POST"),
        *("/wxa/sec/submit_auth_and_icp", {"auth_data": {}}),
        *({"procedure_id": "p", "hints": None}, {"procedure_id": "p", "hints": ()}),
    ),
    (
        *(lambda c: c.procedure(APPID, "p"), "POST", "/wxa/sec/query_auth_and_icp"),
        {"procedure_id": "p"},
        {"procedure_status": 24, "icp_audit": {"sms_verify_status": 3}, "fail_reason": ""},
        {"procedure_status": 24, "fail_reason": None},
    ),
    (
        *(lambda c: c.quota("/wxa/x", APPID), "POST", "/cgi-bin/openapi/quota/get"),
        *({"cgi_path": "/wxa/x"}, {"quota": {"daily_limit": 9, "remain": "3"}}),
        {"daily_limit": 9, "remain": 3, "used": None},
    ),
]


@pytest.mark.parametrize(("call", "method", "path", "body", "reply", "gives"), CALLS)
async def test_a_call_goes_over_the_wire_as_the_reference_says(
    call: Call, method: str, path: str, body: Any, reply: dict[str, Any], gives: Any
) -> None:
    authority = Answers(**reply)
    async with authority.client() as made:
        given = await call(made)
    [(used, asked, sent)] = authority.calls
    assert (used, asked) == (method, path)
    assert (json.loads(sent) if sent else None) == body
    if hasattr(given, "model_dump"):
        given = {key: value for key, value in given.model_dump().items() if key in gives}
    assert given == gives


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        (lambda c: c.entrance(APPID), "no status"),
        (lambda c: c.items(APPID, ApiList.DISTRICTS), "empty list"),
        (lambda c: c.create_verify_task(APPID), "no task_id"),
        (lambda c: c.upload(APPID, Upload(PNG, "icp_materials.x", None)), "no media_id"),
        (lambda c: c.submit_both(APPID, {}), "no procedure_id"),
        (lambda c: c.media(APPID, "m"), "no file"),
    ],
)
async def test_an_answer_without_its_point_is_asked_for_again(call: Call, missing: str) -> None:
    async with Answers().client() as made:
        with pytest.raises(AuthorityUnavailable, match=missing):
            await call(made)


@pytest.mark.parametrize(
    ("upload", "parts", "without"),
    [
        (Upload(PNG, "a.front", 2), [b"\r\na.front\r\n", b"\r\n2\r\n", b"image/png"], b"null"),
        (Upload(b"\xff\xd8\xff", "a.b", None), [b"image/jpeg"], b"certificate_type"),
        (Upload(b"film", "a.v", None, "video"), [b"\r\nvideo\r\n", b"video/mp4"], b"image"),
    ],
)
async def test_files_go_as_multipart(upload: Upload, parts: list[bytes], without: bytes) -> None:
    authority = Answers(media_id="m", created_at=1)
    async with authority.client() as made:
        assert (await made.upload(APPID, upload)).media_id == "m"
    [(_, _, sent)] = authority.calls
    assert all(part in sent for part in (*parts, upload.data))
    assert without not in sent


async def test_a_file_comes_as_bytes_and_an_error_as_json() -> None:
    async with Answers(Response(PNG, media_type="image/jpeg")).client() as made:
        fetched = await made.media(APPID, "m")
    assert (fetched.data, fetched.content_type) == (PNG, "image/jpeg")
    refusal = JSONResponse({"errcode": 86205, "errmsg": "illegal media_id rid: 1-2"})
    async with Answers(refusal).client() as made:
        with pytest.raises(ApiRefusal) as caught:
            await made.media(APPID, "m")
    assert caught.value.code == 86205


class Cut:
    """A server that closes each connection once it has read a request, and counts them."""

    def __init__(self) -> None:
        self.requests: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode().partition("?")[0]
        if "component" in path:
            reply = json.dumps(
                {
                    "component_access_token": "t",
                    "authorizer_access_token": "t",
                    "expires_in": 7200,
                }
            )
            writer.write(
                f"HTTP/1.1 200 OK\r\ncontent-length: {len(reply)}\r\n"
                f"connection: close\r\n\r\n{reply}".encode()
            )
            await writer.drain()
        else:
            self.requests.append(path)
        writer.close()


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        (lambda c: c.entrance(APPID), 6),  # aiohttp sends a GET twice by itself
        (lambda c: c.verify_task(APPID, "t"), 3),
        (lambda c: c.quota("/x", APPID), 3),
        (lambda c: c.apply(APPID, {}), 1),
        (lambda c: c.cancel(APPID, 1), 1),
        (lambda c: c.withdraw(APPID), 1),
        (lambda c: c.create_verify_task(APPID), 1),
        (lambda c: c.submit_both(APPID, {}), 1),
        (lambda c: c.upload(APPID, Upload(PNG, "a", None)), 1),
    ],
)
async def test_only_what_changes_nothing_is_sent_again(call: Call, sent: int) -> None:
    cut = Cut()
    server = await asyncio.start_server(cut.serve, "127.0.0.1", family=socket.AF_INET)
    port = server.sockets[0].getsockname()[1]
    async with server, client(f"http://127.0.0.1:{port}") as made:
        with pytest.raises(AuthorityUnavailable):
            await call(made)
    assert len(cut.requests) == sent


@pytest.mark.parametrize("code", sorted(CODES))
async def test_every_errcode_becomes_its_typed_error(code: int) -> None:
    reply = JSONResponse({"errcode": code, "errmsg": "王芳 said no rid: 12-ab", "hints": []})
    row = CODES[code]
    async with Answers(reply).client() as made:
        with pytest.raises((AuthorityUnavailable, AuthorityRefused, ApiRefusal)) as caught:
            await made.entrance(APPID)
    error = caught.value
    if row.follows in (Follows.APPLICANT, Follows.ANSWER):
        assert isinstance(error, ApiRefusal)
        assert error.code == code
        return
    stops = row.follows in (Follows.STOP, Follows.STOP_ALL)
    assert isinstance(error, AuthorityRefused) == stops
    assert str(code) in str(error)
    assert "王芳" not in str(error)
    if stops:
        assert isinstance(error, AuthorityRefused)
        assert error.for_all == (row.follows is Follows.STOP_ALL)
        assert str(error) == f"errcode {code}; {row.meaning}: {row.remedy}"
    elif row.follows is not Follows.TOKEN:
        assert "rid 12-ab" in str(error)


def test_each_code_is_in_one_place() -> None:
    assert len(CODES) == 34
    assert {40001, 40014, 42001} == TOKEN_CODES
    assert {-1, 45009, 45011, 86301} == HEALING_CODES
    assert all(row.field for row in CODES.values() if row.follows is Follows.APPLICANT)


NOW = datetime(2026, 11, 24, 22, 30, tzinfo=CHINA)


def test_a_limit_says_when_it_ends_each_at_its_own_instant() -> None:
    afters = []
    for appid in ("wx1", "wx2", "wx3"):
        error = judged("/x", 45009, "", NOW, appid)
        assert isinstance(error, AuthorityUnavailable)
        assert error.after is not None
        assert timedelta(hours=1.5) <= error.after < timedelta(hours=2.5)
        afters.append(error.after)
        minute = judged("/x", 45011, "", NOW, appid)
        assert isinstance(minute, AuthorityUnavailable)
        assert minute.after is not None
        assert timedelta(seconds=60) <= minute.after < timedelta(seconds=90)
    assert len(set(afters)) == 3
    busy = judged("/x", -1, "", NOW, "wx1")
    assert isinstance(busy, AuthorityUnavailable)
    assert busy.after is None


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (NOW, timedelta(hours=1.5)),
        (NOW.replace(hour=0, minute=0), timedelta(days=1)),
        (datetime.fromisoformat("2026-11-24T15:59:59Z"), timedelta(seconds=1)),
        (datetime.fromisoformat("2026-11-24T16:00:00Z"), timedelta(days=1)),
    ],
)
def test_the_day_is_chinas(now: datetime, left: timedelta) -> None:
    assert until_tomorrow(now) == left


async def test_a_sandboxs_day_is_over_sooner() -> None:
    reply = JSONResponse({"errcode": 45009, "errmsg": "reach max api daily quota limit"})
    async with Answers(reply).client(longest_wait=timedelta(seconds=30)) as made:
        with pytest.raises(AuthorityUnavailable) as caught:
            await made.entrance(APPID)
    assert caught.value.after == timedelta(seconds=30)


def test_of_their_texts_only_the_requests_id_is_kept() -> None:
    assert said(86202, "王芳 13800000001 rid: 6743-1a2b-3c") == "86202 (rid 6743-1a2b-3c)"
    assert said(86202, "王芳 13800000001") == "86202"


async def test_the_requests_id_is_logged_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    reply = JSONResponse({"errcode": 86202, "errmsg": "王芳 rid: 12-ab"})
    with caplog.at_level(logging.DEBUG):
        async with Answers(reply).client() as made:
            with pytest.raises(ApiRefusal):
                await made.apply(APPID, {})
    assert "errcode 86202 (rid 12-ab)" in caplog.text
    assert "a-secret-token" not in caplog.text
    assert "王芳" not in caplog.text


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"HTTPS_PROXY": "proxy.test:3128"}, "http://proxy.test:3128"),
        ({"ALL_PROXY": "http://proxy.test:3128"}, "http://proxy.test:3128"),
        ({"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "api.example.com"}, None),
        ({}, None),
    ],
)
def test_the_environments_proxy(
    given: dict[str, str], taken: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _in_an_environment_of(given, monkeypatch)
    expected = None if taken is None else URL(taken)
    assert Transport("https://api.example.com").proxy == expected
    assert Transport("http://127.0.0.1:8000").proxy is None


@pytest.mark.parametrize("given", ["https://proxy.test", "socks5://u:s3cret@proxy.test", "a:b:c"])
def test_a_proxy_that_cannot_be_used_is_not_passed_by(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _in_an_environment_of({"HTTPS_PROXY": given}, monkeypatch)
    with pytest.raises(WrongSettings, match="HTTPS_PROXY") as wrong:
        Transport("https://api.example.com")
    assert given not in str(wrong.value)


def _in_an_environment_of(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        for spelling in (f"{name}_proxy", f"{name}_proxy".upper()):
            monkeypatch.delenv(spelling, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
