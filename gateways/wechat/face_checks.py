"""The face check (人脸核身) of a mini program's administrator (reference section 6)."""

from datetime import UTC, datetime, timedelta

from filing.application import Application
from filing.authority import FaceCheck
from filing.vocabulary import Kind
from gateways.submissions import FaceTask, Round, SubmissionLedger
from gateways.wechat.client import APPLY, CREATE_VERIFY, QUERY_VERIFY, WechatClient
from gateways.wechat.errors import (
    ApiRefusal,
    AuthorityError,
    AuthorityUnavailable,
)

GONE = frozenset({1, 86328})
"""The task has expired, or there never was one."""
PASSED = 3

NOTICE_FOR = timedelta(hours=24)
"""How long the notice in WeChat leads to the check."""
TASK_FOR = timedelta(days=3)
TASK_WITH_VERIFICATION_FOR = timedelta(days=1)
"""How long a check that was passed can be applied with."""
EARLY = timedelta(minutes=10)
"""What a passed check must still be good for when it is applied with."""


def needs_face_check(application: Application) -> bool:
    """Whether somebody new answers for the mini program."""
    filed = application.on_file
    if application.kind is Kind.CHANGE_MINI_PROGRAM:
        return filed is None or filed.mini_program.principal != application.mini_program.principal
    return application.kind is Kind.NEW


class FaceChecks:
    """Begins face checks, one at a time for each round, and follows them."""

    def __init__(self, client: WechatClient, ledger: SubmissionLedger) -> None:
        self._client, self._ledger = client, ledger

    async def passed(self, of: Round, *, with_verification: bool) -> str | FaceCheck:
        """The id of the task that was passed, or the check that is to be passed.

        Call it once all else is ready. Where none is under way, or the last one failed or ran out,
        a new one is begun; a crash in between leaves one more than is needed, which hurts nobody.
        """
        waiting: FaceTask | None = None
        for task in await self._ledger.face_checks(of):
            over = await self._over(of.appid, task, with_verification)
            if over == "passed":  # whichever of the notices the administrator has opened
                return task.task_id
            if over is None:
                waiting = waiting or task
            else:
                await self._ledger.face_check_over(of, task.task_id, over)
        if waiting is not None:
            return _shown(waiting)
        await self._require_quota(of.appid)
        task = await self._begin(of, with_verification)
        if await self._over(of.appid, task, with_verification) == "passed":
            return task.task_id
        return _shown(task)

    async def refused(self, of: Round, task_id: str) -> bool:
        """An application was refused for its face check. Whether another one may help: once."""
        again = await self._ledger.face_checks_refused(of) == 0
        await self._ledger.face_check_over(of, task_id, "refused")
        return again

    async def _begin(self, of: Round, with_verification: bool) -> FaceTask:
        try:
            created = await self._client.create_verify_task(
                of.appid, along_with_auth=with_verification
            )
        except ApiRefusal as refusal:
            raise refusal.unexpected(CREATE_VERIFY) from None
        task_id, link = created.task_id, created.verify_url
        await self._ledger.face_check_begun(of, task_id, link)
        # Where two attempts began one at the same time, both tell of the first.
        begun = await self._ledger.face_checks(of)
        return begun[0] if begun else FaceTask(task_id, link, datetime.now(UTC))

    async def _over(self, appid: str, task: FaceTask, with_verification: bool) -> str | None:
        """How a check ended: `passed`, `failed` or `expired`; None while it can be passed."""
        try:
            state = await self._client.verify_task(appid, task.task_id)
        except ApiRefusal as refusal:
            if refusal.code in GONE:
                return "expired"
            raise refusal.unexpected(QUERY_VERIFY) from None
        age = datetime.now(UTC) - task.created_at
        if state.is_finish:  # before that, no status is final
            good_for = TASK_WITH_VERIFICATION_FOR if with_verification else TASK_FOR
            if state.face_status != PASSED:
                return "failed"
            return "passed" if age < good_for - EARLY else "expired"
        return "expired" if age >= NOTICE_FOR else None

    async def _require_quota(self, appid: str) -> None:
        """A check is good for days only, and asked of a person: not where the application could not
        follow. Where the quota cannot be read, it may be there."""
        try:
            quota = await self._client.quota(APPLY, appid)
        except (ApiRefusal, AuthorityError):
            return
        if quota.daily_limit is not None and quota.remain is not None and quota.remain <= 0:
            raise AuthorityUnavailable(
                f"{APPLY}: the day's quota is used up, so no face check is begun"
            )


def _shown(task: FaceTask) -> FaceCheck:
    return FaceCheck(task_id=task.task_id, link=task.link, expires_at=task.created_at + NOTICE_FOR)
