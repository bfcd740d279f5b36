"""The sandbox's own API under `/sandbox`: plays the platform, the phones and the bureau.

| call | does |
|---|---|
| `GET /sandbox/orders` | orders, a page at a time |
| `GET /sandbox/orders/{appid}` | one order |
| `POST /sandbox/orders/{appid}` | sets any of `FIELDS` |

The rest is in the other `control_…` files, and all of it in docs/sandbox.md. Errors: 400
`{"errors": [{"field", "message"}]}`, 404 `{"error"}`.
"""

import re
import sqlite3
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import control_page, control_play, control_pushes, control_services
from sandbox.control_input import Problems, Unknown, controlled, page, read_object
from sandbox.desk import Desk, NoProvince
from sandbox.lists import PROVINCE_LETTERS
from sandbox.orders import (
    ABSENT_FAMILY,
    BUREAU,
    BUREAU_RETURNED,
    CHECKING,
    FILED,
    RETURNED,
    SMS_DONE,
    SMS_LAPSED,
    SMS_WAITING,
    Order,
    province_code,
)
from sandbox.state import sandbox_of

PAGE, LONGEST_PAGE = 100, 1000

STATUSES = (CHECKING, RETURNED, BUREAU, BUREAU_RETURNED, FILED, *ABSENT_FAMILY)
SMS_STATUSES = (SMS_WAITING, SMS_DONE, SMS_LAPSED)
FIELDS = ("status", "sms_verify_status", "number", "subject_number", "audit_data", "available")

_SUBJECT_NUMBER = re.compile(rf"[{''.join(PROVINCE_LETTERS.values())}]ICP备\d{{8,10}}号")
_NUMBER = re.compile(_SUBJECT_NUMBER.pattern + r"-\d+X")


def shown(order: Order) -> dict[str, Any]:
    """An order as the control API shows it: nothing of the application but where it is filed."""
    return {
        "appid": order.appid,
        "status": order.status,
        "sms_verify_status": order.sms if order.status == BUREAU else None,
        "is_canceling": order.canceling,
        "available": int(order.available),
        "number": order.number,
        "subject_number": order.subject_number,
        "audit_data": list(order.audit_data),
        "province": province_code(order),
        "applications": order.applications,
        "applied_at": order.applied_at,
    }


async def list_orders(request: Request) -> Response:
    """Orders by appid, a page at a time: `search` (how an appid or a number begins), `status`,
    `after` (an appid), `limit`; `next` is the `after` of the next page. And how many there are."""
    query = request.query_params
    limit, status = page(request, LONGEST_PAGE, PAGE), query.get("status", "")
    if status and status not in map(str, STATUSES):
        raise Problems(("status", f"allowed: {', '.join(map(str, STATUSES))}"))
    sandbox = sandbox_of(request)
    found = sandbox.orders.page(
        query.get("search", ""), int(status) if status else None, query.get("after", ""), limit
    )
    return JSONResponse(
        {
            "orders": [shown(sandbox.desk.settled(order)) for order in found],
            "next": found[-1].appid if len(found) == limit else None,
            "counts": sandbox.orders.counts(),
        }
    )


async def show_order(request: Request) -> Response:
    """One order, or 404."""
    appid = request.path_params["appid"]
    order = sandbox_of(request).desk.find(appid)
    if order is None:
        raise _unknown(appid)
    return JSONResponse(shown(order))


async def set_order(request: Request) -> Response:
    """Change an order. For a mini program without one only `available` may be set, and that it was
    filed elsewhere: status 6 with its number."""
    appid = request.path_params["appid"]
    desk = sandbox_of(request).desk
    changes = _read(await read_object(request, FIELDS))
    order = desk.find(appid)
    if order is None:
        elsewhere = changes.get("status") == FILED and "number" in changes
        if set(changes) - {"available"} and not elsewhere:
            raise _unknown(appid)
        order = Order(appid)
    return JSONResponse(shown(_apply(desk, order, changes)))


def _unknown(appid: str) -> Unknown:
    return Unknown(
        f"no order of {appid}: it has not applied; GET /sandbox/orders lists what there is"
    )


def _read(changes: dict[str, Any]) -> dict[str, Any]:
    if not changes:
        raise Problems(("body", f"an object with any of {', '.join(FIELDS)}"))
    problems: list[tuple[str, str]] = []
    allowed: dict[str, tuple[int, ...]] = {
        "status": STATUSES,
        "sms_verify_status": SMS_STATUSES,
        "available": (0, 1),
    }
    for field, value in changes.items():
        if field in allowed:
            if type(value) is not int or value not in allowed[field]:
                problems.append((field, f"allowed: {', '.join(map(str, allowed[field]))}"))
        elif field == "number":
            if not isinstance(value, str) or not _NUMBER.fullmatch(value):
                problems.append((field, "allowed: as in 苏ICP备2026000001号-1X"))
        elif field == "subject_number":
            if not isinstance(value, str) or not _SUBJECT_NUMBER.fullmatch(value):
                problems.append((field, "allowed: as in 苏ICP备2026000001号"))
        elif not isinstance(value, list) or not all(map(_is_reason, value)):
            problems.append((field, 'allowed: a list of {"key_name", "error", "suggest"}, strings'))
    if problems:
        raise Problems(*problems)
    return changes


def _is_reason(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"key_name", "error"} <= set(value) <= {"key_name", "error", "suggest"}
        and all(isinstance(text, str) for text in value.values())
    )


def _apply(desk: Desk, order: Order, changes: dict[str, Any]) -> Order:
    status = changes.get("status", order.status)
    sms = order.sms if status == BUREAU else 0
    if "sms_verify_status" in changes:
        if status != BUREAU:
            raise Problems(("sms_verify_status", "only at status 4; set both"))
        sms = changes["sms_verify_status"]
    audit = order.audit_data
    if status != order.status:
        audit = ()
    if "audit_data" in changes:
        if status not in (RETURNED, BUREAU_RETURNED) and changes["audit_data"]:
            raise Problems(("audit_data", "only at status 3 or 5; set both"))
        audit = tuple({"suggest": "", **reason} for reason in changes["audit_data"])
    number = changes.get("number", order.number)
    subject_number = changes.get("subject_number", order.subject_number)
    if "number" in changes and "subject_number" not in changes:
        subject_number = changes["number"].rpartition("-")[0]
    if number is not None and subject_number != number.rpartition("-")[0]:
        raise Problems(
            ("subject_number", f"allowed: {number.rpartition('-')[0]}, as in the number")
        )
    changed = replace(
        order,
        status=status,
        sms=sms or (SMS_WAITING if status == BUREAU else 0),
        available=bool(changes.get("available", order.available)),
        number=number,
        subject_number=subject_number,
        audit_data=audit,
    )
    try:
        return desk.decide(order, changed)
    except NoProvince:
        raise Problems(
            ("number", "required: it never applied, so its province is not known")
        ) from None
    except sqlite3.IntegrityError:
        raise Problems(("number", "another mini program has it; any other is allowed")) from None


def routes() -> list[Route]:
    """Every endpoint of the control API."""
    return [
        Route("/sandbox/orders", controlled(list_orders), methods=["GET"]),
        Route("/sandbox/orders/{appid}", controlled(show_order), methods=["GET"]),
        Route("/sandbox/orders/{appid}", controlled(set_order), methods=["POST"]),
        *control_services.routes(),
        *control_pushes.routes(),
        *control_play.routes(),
        *control_page.routes(),
    ]
