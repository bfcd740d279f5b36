"""Verification (认证) and filing in one (reference section 8): a procedure with an id of its own, whose
second part is an order like any other."""

from collections.abc import Mapping
from typing import Any

from filing.authority import AuthorityReport, Reason, Standing
from gateways.submissions import Handing, Round, SubmissionLedger
from gateways.wechat.client import QUERY_BOTH, WechatClient
from gateways.wechat.errors import ApiRefusal
from gateways.wechat.orders import Orders
from gateways.wechat.reasons import hinted
from gateways.wechat.reports import audit_reasons, available, sms_standing, without_texts

AWAITING_FEE, SENT_BACK, FAILED, NOT_CREATED = 15, 18, 20, 21
CHECKING, RETURNED, BUREAU, BUREAU_RETURNED, DONE = 22, 23, 24, 25, 26
EXPIRED, TERMINATED, WITHDRAWN = 27, 28, 29
_VERIFYING = frozenset({9, AWAITING_FEE, 16, 17, 19})

_STANDINGS = {
    **dict.fromkeys((*_VERIFYING, CHECKING), Standing.CHECKING),
    **dict.fromkeys((SENT_BACK, FAILED, NOT_CREATED, RETURNED), Standing.RETURNED),
    **dict.fromkeys((EXPIRED, TERMINATED), Standing.RETURNED),
    BUREAU_RETURNED: Standing.BUREAU_RETURNED,
    DONE: Standing.APPROVED,
    WITHDRAWN: Standing.ABSENT,
}
"""`procedure_status`; 9 and 27 to 29 from one source only. 24 is told by the SMS check."""

_WHY = {
    SENT_BACK: "认证被打回",
    FAILED: "认证最终未通过",
    NOT_CREATED: "认证已通过,备案订单未能生成",
    EXPIRED: "认证备案流程已过期",
    TERMINATED: "认证备案流程已终止",
}
"""What is said where the API gives no reason."""

ID_LOST = (
    "a combined verification and filing is under way whose procedure id was lost between the call "
    "and its record: it goes on by itself once its filing is under review; look in the platform's "
    "back office whether the verification waits for something"
)


class CombinedFlow:
    """Submits, and follows the procedure."""

    def __init__(self, client: WechatClient, orders: Orders, ledger: SubmissionLedger) -> None:
        self._client, self._orders, self._ledger = client, orders, ledger

    async def submit(
        self, of: Round, body: Mapping[str, Any], auth_data: Mapping[str, Any]
    ) -> None:
        """Begin a procedure, or its failed filing part again. Raises `ApiRefusal`."""
        begun = await self._client.submit_both(of.appid, {**body, "auth_data": dict(auth_data)})
        await self._ledger.taken(of, begun.procedure_id, begun.pay_url)

    async def report(self, appid: str, handing: Handing) -> AuthorityReport:
        """Where it stands."""
        reply = await self._ask(appid, handing)
        status = reply.get("procedure_status")
        audit = reply.get("icp_audit")
        told: Mapping[str, Any] = audit if isinstance(audit, dict) else {}
        standing = Standing.UNKNOWN
        if status == BUREAU:
            standing = sms_standing(told)
        elif isinstance(status, int):
            standing = _STANDINGS.get(status, Standing.UNKNOWN)
        reasons, understood = _reasons(status, reply, told)
        known = standing is not Standing.UNKNOWN and understood
        note = None
        if status == AWAITING_FEE and handing.pay_url is not None:
            note = f"pay the fee of the verification of {appid}: {handing.pay_url}"
        # Of the entry only the order's own call tells, and until there is an order it matters to none.
        with_order = status in (CHECKING, BUREAU)
        report = AuthorityReport(
            standing=standing,
            available=not with_order or available(await self._orders.info(appid)),
            reasons=reasons,
            note=note,
            raw=None if known else without_texts(reply),
        )
        return await self._orders.numbered(appid, report)

    async def withdrawable(self, appid: str, handing: Handing) -> bool | None:
        """Whether its order can be asked back: only once its filing part is there. None: it is over,
        and nothing is there to be asked back."""
        status = (await self._ask(appid, handing)).get("procedure_status")
        if status in (FAILED, EXPIRED, TERMINATED, WITHDRAWN):
            return None
        return status not in (*_VERIFYING, SENT_BACK, NOT_CREATED)

    async def _ask(self, appid: str, handing: Handing) -> dict[str, Any]:
        assert handing.procedure_id is not None
        try:
            return await self._client.procedure_reply(appid, handing.procedure_id)
        except ApiRefusal as refusal:
            raise refusal.unexpected(QUERY_BOTH) from None


def _reasons(
    status: Any, reply: Mapping[str, Any], audit: Mapping[str, Any]
) -> tuple[tuple[Reason, ...], bool]:
    if status in (RETURNED, BUREAU_RETURNED):
        return audit_reasons(audit.get("audit_data"))
    if status not in _WHY:
        return (), True
    hints = audit.get("hints")
    known = [h for h in hints if isinstance(h, dict)] if isinstance(hints, list) else []
    if status == NOT_CREATED and known:
        return tuple(hinted(hint, {}) for hint in known), True
    said = reply.get({SENT_BACK: "refill_reason", FAILED: "fail_reason"}.get(status, ""))
    why = _WHY[status] + (f":{said}" if isinstance(said, str) and said else "")
    return (Reason(field="verification", reason=why),), True
