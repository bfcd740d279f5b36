"""Verification and filing in one (reference section 8)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.checks import INVALID, application_hints
from sandbox.orders import CHECKING, Order
from sandbox.procedures import (
    AWAITING_FEE,
    FILING_BUREAU,
    FILING_BUREAU_RETURNED,
    FILING_CHECKING,
    FILING_RETURNED,
    IN_FILING,
    IN_VERIFICATION,
    NOT_CREATED,
    PAY_BY_MERCHANT,
    PAY_BY_PLATFORM,
    SENT_BACK,
    VERIFICATION_FAILED,
    VERIFYING,
)
from sandbox.replies import Refusal, answer, json_body
from sandbox.state import Sandbox

SUBJECT_TYPES = (4, 5, 17)
"""Enterprises, with which the sandbox counts 个体工商户, and individuals."""


async def submit(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """Take in both. Where only the filing failed before, the verification holds, and the filing
    begins at once. What `auth_data` holds was not found, save `pay_type`: the rest is not looked
    into."""
    body = await json_body(request)
    auth = body.pop("auth_data", None)
    order = sandbox.desk.find(appid) or Order(appid)
    before = sandbox.procedures.latest(appid)
    again = before is not None and before.filing_failed(order)
    running = before is not None and before.status in IN_VERIFICATION | IN_FILING
    if (running and not again) or order.canceling or order.status == CHECKING:
        raise Refusal(86358, "an unfinished icp order exists")
    hints = application_hints(body, order, sandbox.orders, sandbox.faces)
    if not isinstance(auth, dict):
        hints.append(_hint("auth_data", "必填,且应为对象"))
        auth = {}
    pay_type = auth.get("pay_type", PAY_BY_PLATFORM)
    if pay_type not in (PAY_BY_PLATFORM, PAY_BY_MERCHANT) or isinstance(pay_type, bool):
        hints.append(_hint("auth_data.pay_type", "应为 1 或 2"))
    if order.number is not None:
        hints.append(_hint("", "该小程序已备案"))
    if _subject_type(body) not in SUBJECT_TYPES:
        hints.append(_hint("icp_subject.base_info.type", "仅企业和个人可以同时认证和备案"))
    if hints:
        raise Refusal(86202, "apply icp filing fail", hints=hints)
    fee = pay_type == PAY_BY_MERCHANT and not again
    first = FILING_CHECKING if again else AWAITING_FEE if fee else VERIFYING
    procedure = sandbox.desk.submit(appid, first, pay_type, body)
    more: dict[str, Any] = {"procedure_id": procedure.procedure_id, "hints": []}
    if fee:
        more["pay_url"] = f"{request.base_url}sandbox?search={appid}"
    return answer(**more)


async def query(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """How far a procedure is."""
    procedure_id = (await json_body(request)).get("procedure_id")
    if not isinstance(procedure_id, str) or not procedure_id:
        raise Refusal(47001, "data format error")
    order = sandbox.desk.find(appid)
    procedure = sandbox.procedures.find(procedure_id)
    if procedure is None or procedure.appid != appid:
        raise Refusal(86328, "resource not found")
    more: dict[str, Any] = {
        "procedure_status": procedure.status,
        "orderid": procedure.order_id,
    }
    if procedure.status == SENT_BACK:
        more["refill_reason"] = procedure.refill_reason or ""
    if procedure.status == VERIFICATION_FAILED:
        more["fail_reason"] = procedure.fail_reason or ""
    audit: dict[str, Any] = {}
    if procedure.status == NOT_CREATED:
        audit["hints"] = list(procedure.hints)
    if order is not None and procedure.status in (FILING_RETURNED, FILING_BUREAU_RETURNED):
        audit["audit_data"] = list(order.audit_data)
    if order is not None and procedure.status == FILING_BUREAU:
        audit["sms_verify_status"] = order.sms
    if audit:
        more["icp_audit"] = audit
    return answer(**more)


def _hint(field: str, text: str) -> dict[str, Any]:
    return {"errcode": INVALID, "errmsg": text, "err_field": field}


def _subject_type(body: dict[str, Any]) -> Any:
    subject = body.get("icp_subject")
    base = subject.get("base_info") if isinstance(subject, dict) else None
    return base.get("type") if isinstance(base, dict) else None
