"""Cancelling what is filed (注销): a call of its own (reference section 1)."""

from filing.application import Application
from filing.authority import AuthorityReport, Reason, Standing
from filing.vocabulary import CancellationReason, Kind
from gateways.wechat.client import CANCEL, WechatClient
from gateways.wechat.errors import UNDER_REVIEW, ApiRefusal, AuthorityUnavailable

NOT_FILED = 86353

CANCEL_TYPES = {Kind.CANCEL_SUBJECT: 1, Kind.CANCEL_MINI_PROGRAM: 2, Kind.CANCEL_ACCESS: 3}
"""3 is 注销微信小程序 in the reference; that it is 取消接入 is an inference [UNVERIFIED]."""

REASON_TYPES = {
    CancellationReason.NO_LONGER_OPERATED: 1,
    CancellationReason.SUBJECT_CHANGED: 2,
}


async def cancel(client: WechatClient, application: Application) -> AuthorityReport | None:
    """Ask for it. None: it is on its way; a report where there is nothing to cancel."""
    reason = application.cancellation_reason or CancellationReason.NO_LONGER_OPERATED
    types = CANCEL_TYPES[application.kind], REASON_TYPES[reason]
    try:
        await client.cancel(application.mini_program.appid, *types)
    except ApiRefusal as refusal:
        if refusal.code == NOT_FILED:
            nothing = Reason(field="mini_program.appid", reason="该小程序没有可注销的备案")
            return AuthorityReport(standing=Standing.RETURNED, reasons=(nothing,))
        if refusal.code not in UNDER_REVIEW:
            raise refusal.unexpected(CANCEL) from None
        # Something is under review that is no cancellation, or it was not seen to begin.
        raise AuthorityUnavailable(f"{CANCEL}: another order is under review") from None
    return None
