"""Holds what the authority is sent, and what it answers, to the reference's shapes.

`wechat/` has a JSON Schema for each request and each reply. A request may hold nothing else; of a
reply what is not named is let through, for the authority may add to it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

SCHEMAS = Path(__file__).parent / "wechat"
_LISTS = (
    "certificate_types",
    "district_code",
    "nrlx_types",
    "service_content_types",
    "subject_types",
)
_POSTS = (
    *("apply_icp_filing", "cancel_apply_icp_filing", "cancel_icp_filing", "create_icp_verifytask"),
    *("query_icp_verifytask", "upload_icp_media"),
)
_GETS = ("get_icp_entrance_info", "get_icp_media", "get_online_icp_order")
_PLATFORM = (
    *("api_start_push_ticket", "api_component_token", "api_create_preauthcode"),
    *("api_query_auth", "api_authorizer_token"),
)
_COMBINED = ("submit_auth_and_icp", "query_auth_and_icp")
CALLS: dict[str, tuple[str, str]] = {
    **{f"/wxa/icp/query_icp_{name}": ("GET", f"query_icp_{name}") for name in _LISTS},
    **{f"/wxa/icp/{name}": ("GET", name) for name in _GETS},
    **{f"/wxa/icp/{name}": ("POST", name) for name in _POSTS},
    **{f"/wxa/sec/{name}": ("POST", name) for name in _COMBINED},
    **{f"/cgi-bin/component/{name}": ("POST", name) for name in _PLATFORM},
    "/cgi-bin/openapi/quota/get": ("POST", "quota_get"),
}
"""Every call of the reference: its method, and what its schemas are called."""
_MAY_BE_EMPTY = ("cancel_apply_icp_filing", "create_icp_verifytask")


@cache
def validator(name: str) -> Draft202012Validator:
    """Of `<call>.request` or `<call>.reply`."""
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))


def faults_of(name: str, value: Any) -> list[str]:
    """Where a value is not of the shape `name`; values themselves are left out."""
    return [
        f"{name}: {'.'.join(map(str, error.absolute_path)) or '(top)'} breaks {error.validator}"
        for error in validator(name).iter_errors(value)
    ]


def faults_of_reply(path: str, content_type: str, body: bytes) -> list[str]:
    """Where an answer with HTTP 200 is not of the reference's shape."""
    if path not in CALLS:
        return []
    if path.endswith("get_icp_media") and content_type in ("image/jpeg", "video/mp4"):
        return [] if body else [f"{path}: an empty file"]
    try:
        value = json.loads(body)
    except ValueError:
        return [f"{path}: not JSON"]
    return faults_of(f"{CALLS[path][1]}.reply", value)


async def faults_of_request(request: Request) -> list[str]:
    """Where a request is not of the reference's shape."""
    path = request.url.path
    if path not in CALLS:
        return []
    method, name = CALLS[path]
    if request.method != method:
        return [f"{path}: {request.method} in place of {method}"]
    if method == "GET":
        return []
    if name == "upload_icp_media":
        async with request.form() as form:
            fields = {key: value for key, value in form.items() if key != "media"}
            found = faults_of(f"{name}.request", fields)
            media = form.get("media")
            if not isinstance(media, UploadFile) or not media.filename:
                found.append(f"{path}: media is no file with a name")
            return found
    body = await request.body()
    if not body and name in _MAY_BE_EMPTY:
        return []
    try:
        value = json.loads(body)
    except ValueError:
        return [f"{path}: not JSON"]
    return faults_of(f"{name}.request", value)


class Held:
    """Around the sandbox: collects in `faults` where its replies are not of the reference's shapes,
    and where a request is not that the sandbox has taken. One that it refuses may be anything."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self.faults: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path not in CALLS:
            await self._app(scope, receive, send)
            return
        taken: list[Message] = []
        while not taken or taken[-1].get("more_body"):
            taken.append(await receive())
        request = Request(scope, _again(taken, receive))
        found = await faults_of_request(request)
        if self._filed(request):
            # Of what is filed the papers are there already, as the sandbox reads it.
            found = [fault for fault in found if not fault.endswith(" required")]
        status, kind, body = 0, "", bytearray()

        async def keep(message: Message) -> None:
            nonlocal status, kind
            if message["type"] == "http.response.start":
                status = message["status"]
                kind = dict(message["headers"]).get(b"content-type", b"").decode()
            body.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, _again(taken, receive), keep)
        if status == 200 and not self._app.state.sandbox.faults.injected.get(path):
            self.faults += faults_of_reply(path, kind, bytes(body))
            if b'"errcode":' not in body or b'"errcode":0,' in body:
                self.faults += found

    def _filed(self, request: Request) -> bool:
        sandbox = self._app.state.sandbox
        owner = sandbox.tokens.owner(request.query_params.get("access_token", ""), "authorizer")
        order = sandbox.orders.find(owner[0]) if owner else None
        return order is not None and order.number is not None


def _again(taken: list[Message], receive: Receive) -> Receive:
    left = list(taken)

    async def give() -> Message:
        return left.pop(0) if left else await receive()

    return give
