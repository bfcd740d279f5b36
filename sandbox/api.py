"""The authority's endpoints (reference sections 1 to 5). Every answer is HTTP 200 with JSON."""

import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import lists
from sandbox.checks import LONG_TERM, hints, is_certificate
from sandbox.orders import (
    ABSENT,
    BUREAU,
    CHECKING,
    FILED,
    SMS_LAPSED,
    TOKEN_SECONDS,
    Order,
    Orders,
)

COMPONENT_APPID = "wxc0ffee0000000001"
COMPONENT_SECRET = "sandbox-component-secret"  # noqa: S105 - opens nothing but a sandbox
COMPONENT_TICKET = "ticket@@@sandbox"
REFRESH_TOKEN = "refreshtoken@@@sandbox"  # noqa: S105
"""What a third-party platform has to show; any mini program has authorised it."""

MEDIA_LIMIT = 10 * 1024 * 1024
"""Bytes of one upload. The real limit was not found: this one only keeps memory bounded."""
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")

log = logging.getLogger("sandbox")

Handler = Callable[[Request], Awaitable[Response]]
AppHandler = Callable[[Orders, str, Request], Awaitable[Response]]


class Refusal(Exception):
    """An answer other than errcode 0."""

    def __init__(self, code: int, text: str, **more: Any) -> None:
        super().__init__(code)
        self.code, self.text, self.more = code, text, more


def answer(code: int = 0, text: str = "ok", **more: Any) -> JSONResponse:
    """A reply in the authority's form; a refusal carries a request id in its text."""
    suffix = f" rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}" if code else ""
    return JSONResponse({"errcode": code, "errmsg": text + suffix, **more})


def _store(request: Request) -> Orders:
    store: Orders = request.app.state.orders
    return store


def _answering(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            log.info("%s refused: %s", request.url.path, refusal.code)
            return answer(refusal.code, refusal.text, **refusal.more)

    return handle


def _for_mini_program(handler: AppHandler) -> Handler:
    """Only with a good authorizer token, which says whose order is meant."""

    async def handle(request: Request) -> Response:
        appid = _appid(request, "authorizer", "access_token")
        return await handler(_store(request), appid or "", request)

    return _answering(handle)


def _appid(request: Request, kind: str, *parameters: str) -> str | None:
    given = next((request.query_params[p] for p in parameters if p in request.query_params), "")
    found = _store(request).token(given, kind)
    if found is None:
        raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
    appid, good = found
    if not good:
        raise Refusal(42001, "access_token expired")
    return appid


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refusal(47001, "data format error") from None
    if not isinstance(body, dict):
        raise Refusal(47001, "data format error")
    return body


async def component_token(request: Request) -> Response:
    """The platform's own token."""
    body = await _json(request)
    if body.get("component_appid") != COMPONENT_APPID:
        raise Refusal(40013, "invalid appid")
    if body.get("component_appsecret") != COMPONENT_SECRET:
        raise Refusal(40125, "invalid appsecret")
    if body.get("component_verify_ticket") != COMPONENT_TICKET:
        raise Refusal(61006, "component ticket is invalid")
    token = _store(request).issue_token("component", None)
    return JSONResponse({"component_access_token": token, "expires_in": TOKEN_SECONDS})


async def authorizer_token(request: Request) -> Response:
    """A mini program's token. Pages differ over the query parameter's name: both are taken."""
    _appid(request, "component", "access_token", "component_access_token")
    body = await _json(request)
    if body.get("component_appid") != COMPONENT_APPID:
        raise Refusal(40013, "invalid appid")
    appid = body.get("authorizer_appid")
    if not isinstance(appid, str) or not appid:
        raise Refusal(40013, "invalid appid")
    if body.get("authorizer_refresh_token") != REFRESH_TOKEN:
        raise Refusal(61023, "refresh_token is invalid")
    return JSONResponse(
        {
            "authorizer_access_token": _store(request).issue_token("authorizer", appid),
            "expires_in": TOKEN_SECONDS,
            "authorizer_refresh_token": REFRESH_TOKEN,
        }
    )


async def upload(orders: Orders, appid: str, request: Request) -> Response:
    """Take a file; its certificate type is judged at apply, as with the real one."""
    async with request.form(max_files=1, max_fields=10) as form:
        kind, field, media = form.get("type"), form.get("icp_order_field"), form.get("media")
        if kind not in ("image", "video") or not isinstance(field, str) or not field:
            raise Refusal(40097, "invalid args")
        if not isinstance(media, UploadFile):
            raise Refusal(40097, "invalid args")
        certificate = form.get("certificate_type")
        if certificate is None and is_certificate(field):
            raise Refusal(40097, "invalid args: certificate_type")
        if certificate is not None and not (isinstance(certificate, str) and certificate.isdigit()):
            raise Refusal(40097, "invalid args: certificate_type")
        data = await media.read(MEDIA_LIMIT + 1)
    if kind == "image" and not data.startswith(_IMAGES):
        raise Refusal(40004, "invalid media type")
    if not data or len(data) > MEDIA_LIMIT:
        raise Refusal(86201, "upload icp media fail")
    media_id = orders.add_media(appid, field, int(certificate) if certificate else None)
    return answer(type=kind, media_id=media_id, created_at=int(time.time()))


async def apply(orders: Orders, appid: str, request: Request) -> Response:
    """Apply for a filing. After a return, an SMS time-out or a withdrawal it is a second apply.

    A filed mini program may apply again: the reference names no call that changes a filing, so the
    sandbox takes a plain apply as one, and the number stays.
    """
    body = await _json(request)
    order = orders.find(appid) or Order(appid)
    if order.status == CHECKING:
        raise Refusal(86324, "icp order is auditing, do not resubmit")
    if order.canceling or (order.status == BUREAU and order.sms != SMS_LAPSED):
        raise Refusal(86358, "an unfinished icp order exists")
    if not order.available:
        raise Refusal(86301, "icp entrance is closed")
    found = hints(body, orders.media(appid), filed=order.number is not None)
    if found:
        raise Refusal(86202, "apply icp filing fail", hints=found)
    orders.save(
        replace(
            order,
            status=CHECKING,
            sms=0,
            audit_data=(),
            body=body,
            applied_at=time.time(),
            applications=order.applications + 1,
        )
    )
    log.info("%s applied", appid)
    return answer(hints=[])


async def withdraw(orders: Orders, appid: str, _request: Request) -> Response:
    """Take an order back: only while the platform's review is not complete."""
    order = orders.find(appid)
    if order is None or order.status == ABSENT:
        raise Refusal(86368, "no icp order to cancel")
    if order.status != CHECKING or order.canceling:
        raise Refusal(86330, "icp order can not be canceled in this status")
    # A change that is taken back leaves what was filed before.
    back = FILED if order.number is not None else ABSENT
    orders.save(replace(order, status=back, sms=0, applied_at=None))
    log.info("%s withdrawn", appid)
    return answer()


async def cancel_filing(orders: Orders, appid: str, request: Request) -> Response:
    """Start the cancellation (注销) of a filing. A mini program that the sandbox has never seen
    counts as filed elsewhere before."""
    body = await _json(request)
    if body.get("cancel_type") not in (1, 2, 3):
        raise Refusal(40097, "invalid args: cancel_type")
    if body.get("reason_type") not in (None, 1, 2):
        raise Refusal(40097, "invalid args: reason_type")
    order = orders.find(appid) or Order(appid, status=FILED)
    if order.canceling or order.status in (CHECKING, BUREAU):
        raise Refusal(86324, "icp order is auditing, do not resubmit")
    if order.status != FILED and order.number is None:
        raise Refusal(86353, "not filed, can not cancel")
    orders.save(
        replace(
            order,
            status=CHECKING,
            sms=0,
            canceling=True,
            audit_data=(),
            applied_at=time.time(),
            applications=order.applications + 1,
        )
    )
    log.info("%s cancelling", appid)
    return answer()


async def entrance_info(orders: Orders, appid: str, _request: Request) -> Response:
    """Where an order stands."""
    order = orders.find(appid) or Order(appid)
    info: dict[str, Any] = {
        "status": order.status,
        "is_canceling": order.canceling,
        "available": int(order.available),
    }
    if order.status == BUREAU:
        info["sms_verify_status"] = order.sms
    if order.audit_data:
        info["audit_data"] = list(order.audit_data)
    return answer(info=info)


async def online_order(orders: Orders, appid: str, _request: Request) -> Response:
    """A granted filing's detail: the subject's data masked, no image in it."""
    order = orders.find(appid)
    if order is None or order.number is None:
        raise Refusal(86353, "not filed")
    body = order.body or {}
    subject = _masked(body.get("icp_subject", {}))
    applets = _masked(body.get("icp_applets", {}), mask=False)
    subject.setdefault("base_info", {})["record_number"] = order.subject_number
    applets.setdefault("base_info", {}).update(appid=appid, record_number=order.number)
    return answer(icp_subject=subject, icp_applets=applets)


def _masked(value: Any, mask: bool = True) -> Any:
    if isinstance(value, dict):
        media = ("photo", "letter", "permit", "media", "verify_task")
        return {
            key: _masked(item, mask)
            for key, item in value.items()
            if not any(word in key for word in media)
        }
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    if mask and isinstance(value, str) and value != LONG_TERM and not value.isascii():
        return value[:1] + "*" * (len(value) - 1)
    if mask and isinstance(value, str) and len(value) > 6:
        return value[:2] + "*" * (len(value) - 4) + value[-2:]
    return value


def _list(items: Callable[[], list[dict[str, Any]]]) -> AppHandler:
    async def handle(_orders: Orders, _appid: str, _request: Request) -> Response:
        return answer(items=items())

    return handle


_GET: dict[str, AppHandler] = {
    "get_icp_entrance_info": entrance_info,
    "get_online_icp_order": online_order,
    "query_icp_certificate_types": _list(lists.certificate_items),
    "query_icp_district_code": _list(lists.district_items),
    "query_icp_nrlx_types": _list(lists.nrlx_items),
    "query_icp_service_content_types": _list(lists.service_content_items),
    "query_icp_subject_types": _list(lists.subject_items),
}
_POST: dict[str, AppHandler] = {
    "upload_icp_media": upload,
    "apply_icp_filing": apply,
    "cancel_apply_icp_filing": withdraw,
    "cancel_icp_filing": cancel_filing,
}


def routes() -> list[Route]:
    """Every endpoint that the sandbox has of the authority's."""
    tokens = {"api_component_token": component_token, "api_authorizer_token": authorizer_token}
    return [
        *(
            Route(f"/cgi-bin/component/{name}", _answering(handler), methods=["POST"])
            for name, handler in tokens.items()
        ),
        *(
            Route(f"/wxa/icp/{name}", _for_mini_program(handler), methods=[method])
            for method, table in (("GET", _GET), ("POST", _POST))
            for name, handler in table.items()
        ),
    ]
