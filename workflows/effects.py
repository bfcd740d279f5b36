"""Carrying out effects by activities.

Short local work (registry, calendar) is a local activity first and the same work as a regular one
when that runs out (design, 13). What can be slow or fail for long (the authority, notices) is a
regular activity in a task of its own, whose answer comes back as an event.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.exceptions import TimeoutError as TimedOut

with workflow.unsafe.imports_passed_through():
    from activities.asking import AUTHORITY_QUEUE
    from activities.authority import AuthorityActivities, Order, Submission, Watched
    from activities.filing import FilingActivities, NumberClaim, RecordOrder
    from activities.notices import NoticeActivities
    from filing.authority import AuthorityReport
    from filing.notices import LAST_NOTICE_FOR, NOTICE_FOR, Notice
    from filing.process.events import (
        AskAgain,
        AskOnce,
        AskWithdrawal,
        AwaitClaim,
        Carried,
        Claimed,
        Effect,
        Event,
        HandOver,
        Record,
        Recorded,
        Reported,
        StopAsking,
        StopWithdrawing,
        Tell,
        Undelivered,
        Untold,
        Watch,
        WithdrawalAnswered,
    )
    from filing.process.state import State
    from filing.records import Entry

_Argument = TypeVar("_Argument")

LOCAL_FOR = timedelta(seconds=5)
"""A local activity's whole time: below the 8 s after which it would cost further events."""
_LOCAL = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=5)
"""For 3 s. The attempts are counted because temporalio 1.35 lets one that fails quickly go on for
ever: its time begins anew with each attempt."""
ATTEMPT = timedelta(seconds=60)
SIGN_OF_LIFE = timedelta(seconds=10)
"""What a killed worker had begun is taken up by another after this."""
_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60)
)
_NOTICE = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=15))


async def quickly(
    activity: Callable[[Any, _Argument], Any],
    argument: _Argument,
    summary: str,
    when_slow: Callable[[], None] = lambda: None,
) -> Any:
    """Short local work: as a local activity, and patiently as a regular one when that runs out;
    `when_slow` is called before."""
    # What a local activity raised at last comes as it is; its time-out as an `ActivityError`, and bare
    # where the task is replayed (temporalio 1.35).
    with contextlib.suppress(ActivityError, ApplicationError, TimedOut):
        return await workflow.execute_local_activity_method(
            activity,
            argument,
            schedule_to_close_timeout=LOCAL_FOR,
            retry_policy=_LOCAL,
            summary=summary,
        )
    when_slow()
    return await workflow.execute_activity_method(
        activity,
        argument,
        start_to_close_timeout=ATTEMPT,
        retry_policy=_PATIENT,
        summary=summary,
    )


async def deliver(notice: Notice, ahead: timedelta) -> None:
    """Send a notice, trying for so long. Raises `ActivityError` where it never arrived, or where
    this was cancelled."""
    await workflow.execute_activity_method(
        NoticeActivities.notify,
        notice,
        start_to_close_timeout=ATTEMPT * 3,  # channels are tried one after the other
        heartbeat_timeout=SIGN_OF_LIFE,
        schedule_to_close_timeout=ahead,
        retry_policy=_NOTICE,
        # An attempt under way ends by itself, and tells how.
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=f"通知:{notice.purpose.value} → {notice.audience.value}",
    )


def _over(task: asyncio.Task[None] | None) -> bool:
    return task is None or task.done()


def _cancelling() -> bool:
    """Whether this task was cancelled, and waited for how its last attempt ended."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _ended(before: asyncio.Task[None]) -> bool:
    """Wait until what was asked before has ended; whether this was cancelled meanwhile. It waits all
    the same, for whoever comes after this one must not meet that one either."""
    while not before.done():
        with contextlib.suppress(asyncio.CancelledError):
            await workflow.wait([before])
    return _cancelling()


class Effects:
    """What a filing has under way outside. Answers go to `receive`, as events."""

    def __init__(self, receive: Callable[[Event], None]) -> None:
        self._receive = receive
        self._asking: asyncio.Task[None] | None = None
        self._question: workflow.ActivityHandle[AuthorityReport] | None = None
        self._again = False
        """Whether what is being asked is to be asked anew, at once."""
        self._once: asyncio.Task[None] | None = None
        self._withdrawing: asyncio.Task[None] | None = None
        self._telling: dict[asyncio.Task[None], Untold] = {}
        self._resting = False
        self._untold: list[Untold] = []
        self._hurrying: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is still under way that a filing's end waits for: notices until they are
        sent or given up, and a withdrawal that came too late until it is known how it ended."""
        return bool(self._telling) or not _over(self._withdrawing)

    def rest(self) -> None:
        """Begin nothing from here on, and end what is under way, so that of each it is known
        whether it was done; what was not is in `carried`. Done once `at_rest`."""
        self._resting = True
        for task in self._under_way():
            task.cancel()

    @property
    def at_rest(self) -> bool:
        """Whether all that was under way has ended since `rest`."""
        return not self._under_way()

    def wake(self) -> None:
        """Go on: what `rest` kept back of notices is sent. For a filing that has ended meanwhile,
        which asks nobody anything any more."""
        self._resting = False
        for untold in self._untold:
            self._tell(untold)
        self._untold.clear()

    def carried(self, state: State, unrecorded: tuple[Entry, ...]) -> Carried:
        """What the next run has to go on with, once this one is at rest."""
        return Carried(
            state=state,
            notices=tuple(self._untold),
            ask_once=self._once is not None,
            unrecorded=unrecorded,
        )

    def resume(self, carried: Carried, effects: tuple[Effect, ...]) -> None:
        """Go on with what the run before had under way; each is safe to do again."""
        for untold in carried.notices:
            self._tell(untold)
        for effect in effects:
            self.carry_out(effect, carried.state)
        if carried.ask_once:
            self.carry_out(AskOnce(), carried.state)

    def hurry(self) -> None:
        """The filing has ended: earlier notices, too, are given up when its own would be."""
        until = workflow.now() + LAST_NOTICE_FOR
        if any(untold.until > until for untold in self._telling.values()):
            self._hurrying = asyncio.create_task(self._give_up())

    async def _give_up(self) -> None:
        await workflow.sleep(LAST_NOTICE_FOR, summary="未送达的通知至此为止")
        for task in list(self._telling):
            task.cancel()

    def _under_way(self) -> list[asyncio.Task[Any]]:
        tasks: list[asyncio.Task[Any] | None] = [
            self._asking,
            self._once,
            self._withdrawing,
            *self._telling,
        ]
        return [task for task in tasks if task is not None and not task.done()]

    async def record(self, state: State, record: Record, when_slow: Callable[[], None]) -> Recorded:
        """Write down, and open the window; `when_slow` is called once where that takes long."""
        order = RecordOrder(state=state, record=record, at=workflow.now())
        recorded = await quickly(FilingActivities.record, order, "登记并计算期限", when_slow)
        assert isinstance(recorded, Recorded)
        return recorded

    async def claim_number(self, state: State, number: str) -> bool:
        """Claim a filing number for this filing, if it is free."""
        claim = NumberClaim(number=number, uid=state.uid)
        return bool(await quickly(FilingActivities.claim_number, claim, "核对备案号"))

    def carry_out(self, effect: Effect, state: State) -> None:
        """Begin an effect whose answer, if it has one, comes later."""
        match effect:
            case Tell(notice=notice):
                limit = LAST_NOTICE_FOR if state.status.final else NOTICE_FOR
                self._tell(Untold(notice=notice, until=workflow.now() + limit))
            case HandOver() | Watch() | AwaitClaim():
                # One question at a time: the one under way learns of any change too. At rest, the
                # next run asks what the state says.
                if self._resting:
                    return
                if self._asking is None or self._asking.done():
                    self._asking = asyncio.create_task(self._ask(effect, state, None))
                elif self._asking.cancelling():
                    self._asking = asyncio.create_task(self._ask(effect, state, self._asking))
            case StopAsking():
                if self._asking is not None:
                    self._asking.cancel()
            case AskAgain():
                # However many come: one question, that is stopped and begun anew.
                self._again = True
                if self._question is not None:
                    self._question.cancel()
            case AskOnce():
                self._once = self._begin(self._ask_once(state))
            case AskWithdrawal():
                asking = self._ask_withdrawal(effect, state, self._withdrawing)
                self._withdrawing = self._begin(asking)
            case StopWithdrawing():
                if self._withdrawing is not None:
                    self._withdrawing.cancel()
            case _:
                raise AssertionError(effect)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        if self._resting:
            task.cancel()  # before it began: the next run does it
        return task

    def _tell(self, untold: Untold) -> None:
        if self._resting:
            self._untold.append(untold)
            return
        task = asyncio.create_task(self._notify(untold))
        self._telling[task] = untold
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        untold = self._telling.pop(task)
        if task.cancelled():  # before it began
            self._untold.append(untold)

    async def _notify(self, untold: Untold) -> None:
        ahead = max(untold.until - workflow.now(), timedelta(seconds=1))
        try:
            await deliver(untold.notice, ahead)
        except ActivityError as error:
            if self._resting and is_cancelled_exception(error):
                self._untold.append(untold)
            else:
                self._receive(Undelivered(notice=untold.notice, at=workflow.now()))

    async def _ask(
        self,
        effect: HandOver | Watch | AwaitClaim,
        state: State,
        before: asyncio.Task[None] | None,
    ) -> None:
        if before is not None and await _ended(before):
            return
        if isinstance(effect, AwaitClaim):
            await self._await_claim(state)
            return
        if isinstance(effect, HandOver) and self._withdrawing is not None:
            # An attempt to take the last round's order back must not meet this one.
            await workflow.wait([self._withdrawing])
        pace = state.window
        first = timedelta(seconds=pace.poll_first_seconds if pace else 60)
        longest = timedelta(seconds=pace.poll_longest_seconds if pace else 3600)
        retry = RetryPolicy(initial_interval=first, maximum_interval=longest)
        report = None
        while report is None:
            self._again = False
            self._question = self._begin_asking(effect, state, retry)
            try:
                report = await self._question
            except (ActivityError, asyncio.CancelledError) as error:
                if _cancelling() or (is_cancelled_exception(error) and not self._again):
                    return
                if not self._again:
                    # Given up by the server or refused for good: the filing must not stop asking.
                    await self._rest_from_asking(longest)
            finally:
                self._question = None
        self._receive(Reported(report=report, at=workflow.now(), round=state.round))

    async def _rest_from_asking(self, longest: timedelta) -> None:
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._again, timeout=longest, timeout_summary="稍后再询问备案系统"
            )

    async def _await_claim(self, state: State) -> None:
        try:
            granted = await workflow.execute_activity_method(
                FilingActivities.await_claim,
                state,
                start_to_close_timeout=ATTEMPT,
                retry_policy=_PATIENT,
                summary=f"排队等候 {state.queued_behind} 结束",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                return  # the next run asks
            raise
        self._receive(
            Claimed(at=workflow.now(), application=granted.application, problems=granted.problems)
        )

    def _begin_asking(
        self, effect: HandOver | Watch, state: State, retry: RetryPolicy
    ) -> workflow.ActivityHandle[AuthorityReport]:
        if isinstance(effect, HandOver):
            return workflow.start_activity_method(
                AuthorityActivities.hand_over,
                Submission(
                    uid=state.uid,
                    application=state.application,
                    round=state.round,
                    known=effect.known,
                ),
                task_queue=AUTHORITY_QUEUE,
                start_to_close_timeout=ATTEMPT * 2,
                heartbeat_timeout=SIGN_OF_LIFE,
                retry_policy=retry,
                # An attempt under way must have ended before the order is asked back.
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary="提交备案系统,等待送达管局",
            )
        return workflow.start_activity_method(
            AuthorityActivities.watch_authority,
            Watched(appid=state.application.mini_program.appid, known=effect.known),
            task_queue=AUTHORITY_QUEUE,
            start_to_close_timeout=ATTEMPT,
            heartbeat_timeout=SIGN_OF_LIFE,
            retry_policy=retry,
            summary="查询备案系统状态",
        )

    async def _ask_once(self, state: State) -> None:
        try:
            report = await workflow.execute_activity_method(
                AuthorityActivities.ask_authority,
                Order(appid=state.application.mini_program.appid),
                task_queue=AUTHORITY_QUEUE,
                start_to_close_timeout=ATTEMPT,
                heartbeat_timeout=SIGN_OF_LIFE,
                retry_policy=_PATIENT,
                summary="期限已到,询问备案系统",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                return  # the next run asks
            raise
        self._once = None
        self._receive(Reported(report=report, at=workflow.now(), round=state.round))

    async def _ask_withdrawal(
        self, effect: AskWithdrawal, state: State, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None and await _ended(before):
            return
        if self._asking is not None and not self._asking.done():
            self._asking.cancel()
            await workflow.wait([self._asking])
        try:
            answer = await workflow.execute_activity_method(
                AuthorityActivities.withdraw_from_authority,
                Order(appid=state.application.mini_program.appid, uid=state.uid),
                task_queue=AUTHORITY_QUEUE,
                start_to_close_timeout=ATTEMPT,
                heartbeat_timeout=SIGN_OF_LIFE,
                retry_policy=_PATIENT,
                # An attempt under way ends by itself, and tells how.
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary="向备案系统申请撤回",
            )
        except ActivityError as error:
            if is_cancelled_exception(error) or _cancelling():
                return  # the next run asks, or it is too late
            raise
        self._receive(
            WithdrawalAnswered(
                answer=answer,
                at=workflow.now(),
                round=state.round,
                by=effect.by,
                reason=effect.reason,
            )
        )
