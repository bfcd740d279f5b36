"""Applications and what becomes of them (reference sections 1 to 3)."""

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.checks import LONG_TERM, application_hints
from sandbox.orders import ABSENT_FAMILY, BUREAU, CHECKING, FILED, SMS_LAPSED, Order
from sandbox.procedures import IN_VERIFICATION
from sandbox.replies import Refusal, answer, json_body
from sandbox.state import Sandbox

log = logging.getLogger("sandbox")


async def apply(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """Apply for a filing. After a return, an SMS time-out or a withdrawal it is a second apply.

    A filed mini program may apply again: the reference names no call that changes a filing, so the
    sandbox takes a plain apply as one, and the number stays.
    """
    body = await json_body(request)
    order = sandbox.desk.find(appid) or Order(appid)
    if order.status == CHECKING:
        raise Refusal(86324, "icp order is auditing, do not resubmit")
    if order.canceling or (order.status == BUREAU and order.sms != SMS_LAPSED):
        raise Refusal(86358, "an unfinished icp order exists")
    procedure = sandbox.procedures.latest(appid)
    if procedure is not None and (
        procedure.status in IN_VERIFICATION or procedure.filing_failed(order)
    ):
        raise Refusal(86358, "an unfinished icp order exists: use submit_auth_and_icp")
    if not order.available:
        raise Refusal(86301, "icp entrance is closed")
    found = application_hints(body, order, sandbox.orders, sandbox.faces)
    if found:
        raise Refusal(86202, "apply icp filing fail", hints=found)
    sandbox.desk.take(order, body=body)
    log.info("%s applied", appid)
    return answer(hints=[])


async def withdraw(sandbox: Sandbox, appid: str, _request: Request) -> Response:
    """Take an order back: only while the platform's review is not complete."""
    order = sandbox.desk.find(appid)
    procedure = sandbox.procedures.latest(appid)
    if procedure is not None and procedure.status in IN_VERIFICATION:
        raise Refusal(86330, "icp order can not be canceled in this status")
    if order is None or order.status in ABSENT_FAMILY:
        raise Refusal(86368, "no icp order to cancel")
    if order.status != CHECKING or order.canceling:
        raise Refusal(86330, "icp order can not be canceled in this status")
    sandbox.desk.withdraw(order)
    log.info("%s withdrawn", appid)
    return answer()


async def cancel_filing(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """Start the cancellation (注销) of a filing. A mini program that the sandbox has never seen
    counts as filed elsewhere before."""
    body = await json_body(request)
    if body.get("cancel_type") not in (1, 2, 3):
        raise Refusal(40097, "invalid args: cancel_type")
    if body.get("reason_type") not in (None, 1, 2):
        raise Refusal(40097, "invalid args: reason_type")
    order = sandbox.desk.find(appid) or Order(appid, status=FILED)
    if order.canceling or order.status in (CHECKING, BUREAU):
        raise Refusal(86324, "icp order is auditing, do not resubmit")
    if order.status != FILED and order.number is None:
        raise Refusal(86353, "not filed, can not cancel")
    sandbox.desk.take(order, canceling=True)
    log.info("%s cancelling", appid)
    return answer()


async def entrance_info(sandbox: Sandbox, appid: str, _request: Request) -> Response:
    """Where an order stands."""
    order = sandbox.desk.find(appid) or Order(appid)
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


async def online_order(sandbox: Sandbox, appid: str, _request: Request) -> Response:
    """A granted filing's detail: the subject's data masked, no image in it."""
    order = sandbox.desk.find(appid)
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
