"""Where a mini program's order stands, and its number once it is filed (reference sections 2.5, 3)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from filing.authority import AuthorityReport, Standing
from gateways.wechat import reports
from gateways.wechat.client import ENTRANCE, ONLINE_ORDER, WechatClient
from gateways.wechat.errors import ApiRefusal, AuthorityUnavailable


class Orders:
    """Asks; changes nothing."""

    def __init__(self, client: WechatClient) -> None:
        self._client = client

    async def info(self, appid: str) -> dict[str, Any]:
        """Where it stands, as the API has it."""
        try:
            return await self._client.entrance_info(appid)
        except ApiRefusal as refusal:
            raise refusal.unexpected(ENTRANCE) from None

    async def report(self, appid: str, info: Mapping[str, Any]) -> AuthorityReport:
        """The same in our words; an approval comes with its number."""
        return await self.numbered(appid, reports.report(info))

    async def numbered(self, appid: str, report: AuthorityReport) -> AuthorityReport:
        """The report; an approval with its number."""
        if report.standing is not Standing.APPROVED:
            return report
        try:
            detail = await self._client.online_order(appid)
        except ApiRefusal as refusal:
            raise refusal.unexpected(ONLINE_ORDER) from None
        number = _record_number(detail.get("icp_applets"), appid)
        if number is None:
            raise AuthorityUnavailable(f"{ONLINE_ORDER}: filed, but its number is not there yet")
        return report.model_copy(
            update={
                "number": number,
                "subject_number": _record_number(detail.get("icp_subject"), None),
            }
        )


def fingerprint(info: Mapping[str, Any]) -> str:
    """Tells one state of an order from another, and nothing of what it holds."""
    told = {key: info.get(key) for key in ("status", "sms_verify_status", "audit_data")}
    told["is_canceling"] = info.get("is_canceling") is True
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _record_number(part: Any, appid: str | None) -> str | None:
    """The number in one half of a granted filing; pages differ on whether the mini program's half
    is an object or a list."""
    for item in part if isinstance(part, list) else [part]:
        base = item.get("base_info") if isinstance(item, dict) else None
        if isinstance(base, dict) and (appid is None or base.get("appid") in (None, "", appid)):
            number = base.get("record_number")
            if isinstance(number, str) and number:
                return number
    return None
