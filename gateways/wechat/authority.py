"""The authority port over WeChat's ICP filing API; the sandbox speaks the same."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

from pydantic import SecretStr

from activities.ports import Materials, OrderInTheWay
from filing.application import Application
from filing.authority import AuthorityReport, FaceCheck, Standing, WithdrawalAnswer
from filing.vocabulary import CANCELLATIONS, Kind
from gateways.registry import Registry
from gateways.submissions import Handing, Round, SubmissionLedger
from gateways.wechat import reports
from gateways.wechat.cancellations import cancel
from gateways.wechat.client import APPLY, WechatClient
from gateways.wechat.combined import ID_LOST, CombinedFlow
from gateways.wechat.errors import HEALING_CODES, UNDER_REVIEW, ApiRefusal, AuthorityRefused
from gateways.wechat.face_checks import FaceChecks, needs_face_check
from gateways.wechat.kept_lists import KeptLists
from gateways.wechat.live_lists import LiveLists
from gateways.wechat.media import UNKNOWN_MEDIA, Media
from gateways.wechat.names import Ids, identify
from gateways.wechat.orders import Orders, fingerprint
from gateways.wechat.papers import Paper, papers
from gateways.wechat.tokens import Tokens
from gateways.wechat.translate import body

CONTENT_REFUSED = frozenset({86202, 86205, 86302, 86308, 86328, 86355})
BODY_REFUSED = 40097
NOT_WITHDRAWABLE, NOTHING_TO_WITHDRAW = 86330, 86368

_THERE = frozenset({Standing.CHECKING, Standing.SMS_WAITING, Standing.BUREAU_REVIEW})
_OUTCOMES = frozenset(
    {Standing.RETURNED, Standing.BUREAU_RETURNED, Standing.SMS_LAPSED, Standing.APPROVED}
)


class WechatAuthority:
    """Files through WeChat, or through the sandbox: only `base_url` differs.

    Every method raises `AuthorityUnavailable` where trying again can heal it, `AuthorityRefused`
    where a setting or an authorisation has to be changed first, and what `Registry` raises, in
    which it keeps what was submitted. Close it with `aclose`, or use it as an async context manager.
    """

    def __init__(
        self,
        base_url: str,
        component_appid: str,
        component_secret: SecretStr | str,
        component_ticket: SecretStr | str,
        authorizer_refresh_token: SecretStr | str,
        materials: Materials,
        registry: Registry,
        *,
        tokens: Tokens | None = None,
        longest_wait: timedelta | None = None,
        face_check: bool = True,
    ) -> None:
        self._client = WechatClient(
            base_url,
            component_appid,
            _secret(component_secret),
            _secret(component_ticket),
            _secret(authorizer_refresh_token),
            tokens=tokens,
            longest_wait=longest_wait,
        )
        self._ledger = SubmissionLedger(registry)
        self._lists = LiveLists(self._client, KeptLists(registry))
        self._orders = Orders(self._client)
        self._media = Media(self._client, materials, self._ledger)
        self._face_checks = FaceChecks(self._client, self._ledger)
        self._combined = CombinedFlow(self._client, self._orders, self._ledger)
        self._face_check = face_check

    @property
    def client(self) -> WechatClient:
        """The API's calls."""
        return self._client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def submit(self, application: Application, uid: str, round: int) -> AuthorityReport:
        """Hand the application over, once; gives where it stands then. Call it again to learn what
        became of it.

        The API has no key for a request, so the order itself is asked for first, and the ledger
        whose it is: what is there and may be this round's is not sent again; another's raises
        `OrderInTheWay`. A change is a plain second application (no call for it was found
        [UNVERIFIED]), a cancellation is a call of its own. A refusal for its content is a report
        `RETURNED` with reasons by our paths.
        """
        appid = application.mini_program.appid
        of = Round(uid, round, appid)
        handing = await self._ledger.handing(of)
        if handing.procedure_id is not None:
            return await self._combined.report(appid, handing)
        info = await self._orders.info(appid)
        if _is_outcome(application.kind, handing, info):
            if not handing.taken:
                await self._ledger.taken(of)
            return await self._orders.report(appid, info)
        there = reports.standing(info)
        if there in _THERE:
            raise OrderInTheWay
        if application.kind in CANCELLATIONS:
            return await self._cancel(application, of, info)
        if there is Standing.APPROVED and application.kind is Kind.NEW:
            return await self._orders.report(appid, info)  # filed past us
        if not reports.available(info):
            return AuthorityReport(standing=Standing.ABSENT, available=False)
        return await self._file(application, of, info)

    async def status(self, appid: str) -> AuthorityReport:
        """Where the order stands now; an approval comes with its number."""
        latest = await self._ledger.latest(appid)
        if latest.procedure_id is not None:
            return await self._combined.report(appid, latest)
        return await self._orders.report(appid, await self._orders.info(appid))

    async def withdraw(self, appid: str, uid: str | None = None) -> WithdrawalAnswer:
        """Take the order back. Doing it twice is one withdrawal: where nothing is there (any more)
        the answer is yes. Where the filing has handed nothing over, what is there is another's."""
        latest = await self._ledger.latest(appid, uid)
        if uid is not None and not latest.begun:
            return WithdrawalAnswer(withdrawn=True)
        if latest.procedure_id is not None:
            withdrawable = await self._combined.withdrawable(appid, latest)
            if withdrawable is None:
                return WithdrawalAnswer(withdrawn=True)
            if not withdrawable:
                text = "认证尚未完成,备案系统到备案审核时才受理撤回"
                return WithdrawalAnswer(withdrawn=False, reason=text)
        try:
            await self._client.withdraw(appid)
        except ApiRefusal as refusal:
            if refusal.code == NOTHING_TO_WITHDRAW:
                if reports.standing(await self._orders.info(appid)) is Standing.ABSENT:
                    return WithdrawalAnswer(withdrawn=True)
                return WithdrawalAnswer(withdrawn=False, reason="备案系统中没有可撤回的订单")
            if refusal.code == NOT_WITHDRAWABLE:
                text = "备案系统审核已完成,订单已不能撤回"
                return WithdrawalAnswer(withdrawn=False, reason=text)
            raise refusal.unexpected("withdrawal") from None
        return WithdrawalAnswer(withdrawn=True)

    async def refresh_lists(self, appid: str) -> None:
        """Fetch the authority's lists anew, as this mini program; they are the same for all."""
        await self._lists.fetch(appid)

    async def _file(
        self, application: Application, of: Round, info: Mapping[str, Any]
    ) -> AuthorityReport:
        """Make everything ready, then apply. What the authority does not know (any more) of that is
        made ready once more."""
        ids = identify(application, await self._lists.get(of.appid))
        if not isinstance(ids, Ids):
            return AuthorityReport(standing=Standing.RETURNED, reasons=ids)
        placed = papers(application, ids)
        uploaded_anew = False
        while True:
            media, refused = await self._media.upload(of, placed)
            if refused:
                return AuthorityReport(standing=Standing.RETURNED, reasons=refused)
            task: str | None = None
            if self._face_check and needs_face_check(application):
                # Last, for it is asked of a person and good for days only.
                check = await self._face_checks.passed(
                    of, with_verification=application.verification is not None
                )
                if isinstance(check, FaceCheck):
                    return AuthorityReport(standing=Standing.FACE_CHECK, face_check=check)
                task = check
            await self._ledger.begin(of, fingerprint(info))
            parts = body(application, ids, media, face_check=task)
            try:
                return await self._apply(application, of, parts, info)
            except ApiRefusal as refusal:
                if UNKNOWN_MEDIA in refusal.codes and not uploaded_anew:
                    await self._media.forget(of)
                    uploaded_anew = True
                elif (
                    task is None
                    or not reports.of_face_check(refusal)
                    or not await self._face_checks.refused(of, task)
                ):
                    return _returned(refusal, placed)

    async def _apply(
        self,
        application: Application,
        of: Round,
        parts: dict[str, Any],
        before: Mapping[str, Any],
    ) -> AuthorityReport:
        """The call that makes an order, and where it stands then. Raises `ApiRefusal`."""
        verification = application.verification
        try:
            if verification is None:
                await self._client.apply(of.appid, parts)
            else:
                await self._combined.submit(of, parts, verification.auth_data)
                return await self._combined.report(of.appid, await self._ledger.handing(of))
        except ApiRefusal as refusal:
            if not refusal.codes & UNDER_REVIEW:
                raise
            handing = await self._ledger.handing(of)
            if handing.procedure_id is not None:  # another attempt of ours was at it
                return await self._combined.report(of.appid, handing)
            report = await self._applied(of, before)
            if verification is not None and report.standing is Standing.CHECKING:
                return AuthorityReport(standing=Standing.STOPPED, note=ID_LOST)
            return report
        await self._ledger.taken(of)
        return await self._applied(of, before)

    async def _applied(self, of: Round, before: Mapping[str, Any]) -> AuthorityReport:
        """Where it stands right after."""
        info = await self._orders.info(of.appid)
        if reports.standing(info) is Standing.ABSENT or fingerprint(info) == fingerprint(before):
            # Taken, and not shown yet: what was there before is not this one's outcome.
            return AuthorityReport(standing=Standing.CHECKING)
        return await self._orders.report(of.appid, info)

    async def _cancel(
        self, application: Application, of: Round, info: Mapping[str, Any]
    ) -> AuthorityReport:
        await self._ledger.begin(of, fingerprint(info))
        refused = await cancel(self._client, application)
        if refused is not None:
            return refused
        await self._ledger.taken(of)
        return await self._applied(of, info)


def _is_outcome(kind: Kind, handing: Handing, info: Mapping[str, Any]) -> bool:
    """Whether what is there is this round's, or what came of it."""
    if handing.taken or (kind in CANCELLATIONS and info.get("is_canceling") is True):
        return True
    if not handing.begun:
        return False
    there = reports.standing(info)
    if there in _THERE:
        return True
    # What stands there as it did before this round was applied for is not what came of it.
    changed = handing.before != fingerprint(info)
    if kind in CANCELLATIONS and there is Standing.ABSENT:
        return changed
    return there in _OUTCOMES and changed and handing.before is not None


def _returned(refusal: ApiRefusal, placed: tuple[Paper, ...]) -> AuthorityReport:
    """An application that was not taken: for what it says, or else an error."""
    if refusal.codes & HEALING_CODES:
        raise refusal.unexpected(APPLY)
    if refusal.hints or refusal.code in CONTENT_REFUSED:
        return reports.returned(refusal, placed)
    if refusal.code == BODY_REFUSED:
        raise AuthorityRefused(
            f"{APPLY}: errcode {refusal.code}; the body is malformed: report this as a defect"
        )
    raise refusal.unexpected(APPLY)


def _secret(value: SecretStr | str) -> SecretStr:
    return value if isinstance(value, SecretStr) else SecretStr(value)
