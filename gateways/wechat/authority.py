"""The authority port over WeChat's ICP filing API; the sandbox speaks the same."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Self

from pydantic import SecretStr

from activities.ports import Materials, OrderInTheWay
from filing.application import Application
from filing.authority import AuthorityReport, Reason, Standing, WithdrawalAnswer
from filing.vocabulary import CHANGES, CancellationReason, Kind
from gateways.wechat import reports
from gateways.wechat.client import Upload, WechatClient
from gateways.wechat.errors import (
    HEALING_CODES,
    ApiRefusal,
    AuthorityRefused,
    AuthorityUnavailable,
)
from gateways.wechat.lists import LiveLists
from gateways.wechat.tokens import Tokens
from gateways.wechat.translate import Ids, Paper, body, identify, papers

STATUS = "/wxa/icp/get_icp_entrance_info"
DETAIL = "/wxa/icp/get_online_icp_order"
APPLY = "/wxa/icp/apply_icp_filing"
WITHDRAW = "/wxa/icp/cancel_apply_icp_filing"
CANCEL = "/wxa/icp/cancel_icp_filing"
UPLOAD = "/wxa/icp/upload_icp_media"

UNDER_REVIEW = frozenset({86324, 86358})
CONTENT_REFUSED = frozenset({86202, 86205, 86302, 86308, 86328, 86355})
BODY_REFUSED = frozenset({40097, 47001})
FILE_REFUSED = frozenset({40004, 86201, 86205})
NOT_WITHDRAWABLE, NOTHING_TO_WITHDRAW, NOT_FILED = 86330, 86368, 86353

CANCEL_TYPES = {Kind.CANCEL_SUBJECT: 1, Kind.CANCEL_MINI_PROGRAM: 2, Kind.CANCEL_ACCESS: 3}
"""3 is 注销微信小程序 in the reference; that it is 取消接入 is an inference [UNVERIFIED]."""

REASON_TYPES = {
    CancellationReason.NO_LONGER_OPERATED: 1,
    CancellationReason.SUBJECT_CHANGED: 2,
}

UPLOADS_AT_ONCE = 4

_THERE = frozenset({Standing.CHECKING, Standing.SMS_WAITING, Standing.BUREAU_REVIEW})
_OUTCOMES = frozenset({Standing.RETURNED, Standing.BUREAU_RETURNED, Standing.SMS_LAPSED})


async def nothing() -> None:
    """Where nobody has to know that an order may be made."""


class WechatAuthority:
    """Files through WeChat, or through the sandbox: only `base_url` differs.

    Every method raises `AuthorityUnavailable` where trying again can heal it, and
    `AuthorityRefused` where a setting or an authorisation has to be changed first. Close it with
    `aclose`, or use it as an async context manager.
    """

    def __init__(
        self,
        base_url: str,
        component_appid: str,
        component_secret: SecretStr | str,
        component_ticket: SecretStr | str,
        authorizer_refresh_token: SecretStr | str,
        materials: Materials,
        *,
        tokens: Tokens | None = None,
        longest_wait: timedelta | None = None,
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
        self._lists = LiveLists(self._client)
        self._materials = materials
        # Submissions whose check was seen to go on: a return that follows is theirs, where
        # without this it would be an earlier round's, after which one applies again.
        self._under_way: set[tuple[str, Kind, int]] = set()

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

    async def submit(
        self,
        application: Application,
        round: int,
        *,
        ours: bool,
        applying: Callable[[], Awaitable[None]] = nothing,
    ) -> AuthorityReport:
        """Hand the application over, once; gives where it stands then. Call it again while that is
        `CHECKING`, to learn what became of it.

        The API has no key for a request, so the order itself is asked for first: what is under
        review there and may be `ours` is not sent again; another's raises `OrderInTheWay`.
        Waits for `applying` right before the call that may make an order.
        A change is a plain second application (no call for it was found [UNVERIFIED]), a
        cancellation is a call of its own. A refusal for its content is a report `RETURNED` with reasons by our paths.
        """
        key = (application.mini_program.appid, application.kind, round)
        report = await self._submit(
            application, ours=ours, under_way=key in self._under_way, applying=applying
        )
        if report.standing is Standing.CHECKING:
            self._under_way.add(key)
        elif report.standing is not Standing.UNKNOWN:
            self._under_way.discard(key)
        return report

    async def _submit(
        self,
        application: Application,
        *,
        ours: bool,
        under_way: bool,
        applying: Callable[[], Awaitable[None]],
    ) -> AuthorityReport:
        appid, kind = application.mini_program.appid, application.kind
        info = await self._info(appid)
        there = reports.standing(info)
        came_of_it = under_way and there in _OUTCOMES
        if kind in CANCEL_TYPES:
            # With an attempt of ours before, nothing filed any more means that it went through.
            gone = ours and there is Standing.ABSENT
            if info.get("is_canceling") is True or came_of_it or gone:
                return await self._report(appid, info)
            await applying()
            return await self._cancel(application)
        filed = there is Standing.APPROVED and (kind is Kind.NEW or under_way)
        if there in _THERE and not (ours or under_way):
            raise OrderInTheWay
        if there in _THERE or came_of_it or filed:
            return await self._report(appid, info)
        if info.get("available") == 0:
            raise AuthorityUnavailable(
                f"{STATUS}: the filing entry is closed (available=0): the bureau's system is down, "
                "or the mini program's name holds a word that is not allowed"
            )
        return await self._apply(application, applying)

    async def status(self, appid: str) -> AuthorityReport:
        """Where the order stands now; an approval comes with its number."""
        return await self._report(appid, await self._info(appid))

    async def withdraw(self, appid: str) -> WithdrawalAnswer:
        """Take the order back. Doing it twice is one withdrawal: where nothing is there (any more)
        the answer is yes."""
        try:
            # The real one takes an empty body, and some clients send an empty object.
            await self._client.call("POST", WITHDRAW, appid, json={})
        except ApiRefusal as refusal:
            if refusal.code == NOTHING_TO_WITHDRAW:
                if reports.standing(await self._info(appid)) is Standing.ABSENT:
                    return WithdrawalAnswer(withdrawn=True)
                return WithdrawalAnswer(withdrawn=False, reason="备案系统中没有可撤回的订单")
            if refusal.code == NOT_WITHDRAWABLE:
                text = "备案系统审核已完成,订单已不能撤回"
                return WithdrawalAnswer(withdrawn=False, reason=text)
            raise refusal.unexpected(WITHDRAW) from None
        return WithdrawalAnswer(withdrawn=True)

    async def _info(self, appid: str) -> dict[str, Any]:
        try:
            reply = await self._client.call("GET", STATUS, appid)
        except ApiRefusal as refusal:
            raise refusal.unexpected(STATUS) from None
        info = reply.get("info")
        if not isinstance(info, dict):
            raise AuthorityUnavailable(f"{STATUS}: no status in the answer")
        return info

    async def _report(self, appid: str, info: dict[str, Any]) -> AuthorityReport:
        report = reports.report(info)
        if report.standing is not Standing.APPROVED:
            return report
        try:
            detail = await self._client.call("GET", DETAIL, appid)
        except ApiRefusal as refusal:
            raise refusal.unexpected(DETAIL) from None
        number = _record_number(detail.get("icp_applets"), appid)
        if number is None:
            raise AuthorityUnavailable(f"{DETAIL}: filed, but its number is not there yet")
        return report.model_copy(
            update={
                "number": number,
                "subject_number": _record_number(detail.get("icp_subject"), None),
            }
        )

    async def _apply(
        self, application: Application, applying: Callable[[], Awaitable[None]]
    ) -> AuthorityReport:
        appid = application.mini_program.appid
        ids = identify(application, await self._lists.get(appid))
        if not isinstance(ids, Ids):
            return AuthorityReport(standing=Standing.RETURNED, reasons=ids)
        placed = papers(application, ids)
        media, refused = await self._upload(appid, placed)
        if refused:
            return AuthorityReport(standing=Standing.RETURNED, reasons=refused)
        await applying()
        try:
            await self._client.call("POST", APPLY, appid, json=body(application, ids, media))
        except ApiRefusal as refusal:
            if not refusal.codes & UNDER_REVIEW:
                return self._refused(refusal, placed)
        info = await self._info(appid)
        if application.kind in CHANGES and reports.standing(info) is Standing.APPROVED:
            # Taken, and not shown yet: the old filing's approval is not this one's.
            return AuthorityReport(standing=Standing.CHECKING)
        return await self._report(appid, info)

    @staticmethod
    def _refused(refusal: ApiRefusal, placed: tuple[Paper, ...]) -> AuthorityReport:
        """An application that was not taken: for what it says, or else an error."""
        if refusal.codes & HEALING_CODES:
            raise refusal.unexpected(APPLY) from None
        if refusal.hints or refusal.code in CONTENT_REFUSED:
            return reports.returned(refusal, placed)
        if refusal.code in BODY_REFUSED:
            raise AuthorityRefused(
                f"{APPLY}: errcode {refusal.code}; the body is malformed: report this as a defect"
            ) from None
        raise refusal.unexpected(APPLY) from None

    async def _cancel(self, application: Application) -> AuthorityReport:
        appid = application.mini_program.appid
        try:
            await self._client.call(
                "POST",
                CANCEL,
                appid,
                json={
                    "cancel_type": CANCEL_TYPES[application.kind],
                    "reason_type": REASON_TYPES[
                        application.cancellation_reason or CancellationReason.NO_LONGER_OPERATED
                    ],
                },
            )
        except ApiRefusal as refusal:
            if refusal.code == NOT_FILED:
                reason = Reason(field="mini_program.appid", reason="该小程序没有可注销的备案")
                return AuthorityReport(standing=Standing.RETURNED, reasons=(reason,))
            if refusal.code not in UNDER_REVIEW:
                raise refusal.unexpected(CANCEL) from None
            # Something is under review that is no cancellation, or it was not seen to begin.
            raise AuthorityUnavailable(f"{CANCEL}: another order is under review") from None
        info = await self._info(appid)
        if reports.standing(info) is Standing.APPROVED:
            # Taken, and not shown yet: the old filing's approval is not this one's.
            return AuthorityReport(standing=Standing.CHECKING)
        return await self._report(appid, info)

    async def _upload(
        self, appid: str, placed: tuple[Paper, ...]
    ) -> tuple[dict[str, str], tuple[Reason, ...]]:
        """Media ids by content, each content uploaded once; and the files that were refused."""
        unique: dict[str, Paper] = {}
        for paper in placed:
            if paper.sha256 is not None:
                unique.setdefault(paper.sha256, paper)
        limit = asyncio.Semaphore(UPLOADS_AT_ONCE)

        async def upload(sha256: str, paper: Paper) -> str | Reason:
            async with limit:
                data = await self._materials.read(sha256)
                # A place in a list has no name of its own among the upload's fields.
                field = ".".join(part for part in paper.field.split(".") if not part.isdigit())
                sent = Upload(data, field, paper.certificate_type)
                try:
                    reply = await self._client.call("POST", UPLOAD, appid, upload=sent)
                except ApiRefusal as refusal:
                    if refusal.code in FILE_REFUSED:
                        return reports.material_refused(refusal.code, paper)
                    raise refusal.unexpected(UPLOAD) from None
            media_id = reply.get("media_id")
            if not isinstance(media_id, str):
                raise AuthorityUnavailable(f"{UPLOAD}: no media id in the answer")
            return media_id

        answers = await asyncio.gather(*(upload(*item) for item in unique.items()))
        media = {s: a for s, a in zip(unique, answers, strict=True) if isinstance(a, str)}
        return media, tuple(a for a in answers if isinstance(a, Reason))


def _secret(value: SecretStr | str) -> SecretStr:
    return value if isinstance(value, SecretStr) else SecretStr(value)


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
