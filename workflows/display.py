"""`DisplayWorkflow`: the durable shell around the duty to show a number, after approval.

As `workflows.filing`: it waits (inbox first, then the clock), feeds each event to the pure function
of `filing.display`, and carries out what follows. One at a time per number.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.display import DisplayActivities, PlanOrder
    from filing.display import (
        DISPLAY_WORKFLOW,
        DisplayEvent,
        DisplayState,
        DisplayStep,
        Duty,
        begin_display,
        display_id,
        display_transition,
        parse_duty,
    )
    from filing.display_view import (
        display_answer,
        display_details,
        display_timer_summary,
    )
    from filing.errors import INVALID_DISPLAY
    from filing.notices import NOTICE_FOR, Notice
    from filing.process.events import Clock, Undelivered
    from filing.process.state import notice_offset
    from workflows.effects import deliver, quickly
    from workflows.messages import Mailbox, answer, plain

CARRIED = "carried"
LONG_HISTORY = 5_000
"""Events after which a run goes on as a new one; see `workflows.filing`."""


@workflow.defn(name=DISPLAY_WORKFLOW)
class DisplayWorkflow(Mailbox[DisplayEvent]):
    """One number, from its being granted to its being shown, or not."""

    @workflow.init
    def __init__(self, *args: Any) -> None:
        self._args = args
        super().__init__()
        self._state: DisplayState | None = None
        self._written = 0
        self._telling: set[asyncio.Task[None]] = set()

    @workflow.run
    async def run(self, *args: Any) -> Any:
        """Live until the number is shown, is cancelled, or nobody waits any more; the result is
        what `status` answers."""
        return await self._outlive_cancelling(self._live())

    # --- messages: handlers only append to the inbox, and never raise ---

    @workflow.signal(name="displayed")
    def _displayed(self, *args: Any) -> None:
        self._message("displayed", args)

    @workflow.signal(name="number_cancelled")
    def _number_cancelled(self, *args: Any) -> None:
        self._message("number_cancelled", args)

    @workflow.signal(dynamic=True)
    def _any_signal(self, name: str, args: Sequence[RawValue]) -> None:
        self._message(name, plain(args))

    @workflow.update(name="displayed")
    async def _displayed_update(self, *args: Any) -> Any:
        return await self._ask("displayed", args)

    @workflow.update(dynamic=True)
    async def _any_update(self, name: str, args: Sequence[RawValue]) -> Any:
        return await self._ask(name, plain(args))

    @workflow.query(name="status")
    def _status(self) -> Any:
        """Where it stands; null until its reminders are planned."""
        return None if self._state is None else display_answer(self._state).model_dump(mode="json")

    # --- the shell ---

    async def _live(self) -> Any:
        try:
            await self._start()
            while not self._living.status.final:
                await self._next()
            await self._finish()
        finally:
            self._ended = True
        return self._status()

    @property
    def _living(self) -> DisplayState:
        assert self._state is not None
        return self._state

    async def _start(self) -> None:
        carried = self._carried()
        if carried is not None:
            self._state, self._written = carried, carried.sequence
            return
        duty = parse_duty(self._args)
        if not isinstance(duty, Duty):
            raise _invalid(duty)
        if workflow.info().workflow_id != display_id(duty.number):
            raise _invalid("workflow_id: not_implied")
        order = PlanOrder(start=duty.approved_at, offset_seconds=notice_offset(duty.uid))
        plan = await quickly(DisplayActivities.plan_display, order, "计算提醒日期")
        self._apply(begin_display(duty, plan, workflow.info().start_time), None)

    def _carried(self) -> DisplayState | None:
        """The state that the run before handed over. Only a continued run believes it."""
        if workflow.info().continued_run_id is None or len(self._args) != 1:
            return None
        argument = self._args[0]
        if isinstance(argument, dict) and CARRIED in argument:
            return DisplayState.model_validate(argument[CARRIED], strict=False)
        return None

    async def _next(self) -> None:
        """One event: what was sent comes before what the clock says."""
        if not self._inbox:
            await self._write()
        if not self._inbox:
            if self._long:
                workflow.continue_as_new(
                    args=[{CARRIED: self._living.model_dump(mode="json")}],
                )
            ahead = max(self._living.next_instant - workflow.now(), timedelta(0))
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: bool(self._inbox),
                    timeout=ahead,
                    timeout_summary=display_timer_summary(self._living),
                )
        if self._inbox:
            self._turn(*self._inbox.popleft())
        else:
            self._turn(Clock(at=workflow.now()), None)

    def _turn(self, event: DisplayEvent, ticket: int | None) -> None:
        self._apply(display_transition(self._living, event), ticket)

    def _apply(self, step: DisplayStep, ticket: int | None) -> None:
        self._state = step.state
        for effect in step.effects:
            task = asyncio.create_task(self._notify(effect.notice))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        if ticket is not None:
            self._answers[ticket] = answer(step.refusal, self._status())

    async def _notify(self, notice: Notice) -> None:
        try:
            await deliver(notice, NOTICE_FOR)
        except ActivityError:
            if not self._living.status.final:  # else it was given up, for it is out of date
                self._receive(Undelivered(notice=notice, at=workflow.now()))

    async def _write(self) -> None:
        """Write down where it stands, once for all that was done at once."""
        if self._written == self._living.sequence:
            return
        self._written = self._living.sequence
        workflow.set_current_details(display_details(self._living))
        await quickly(DisplayActivities.record_display, self._living, "登记展示情况")

    async def _finish(self) -> None:
        """Late messages are refused, reminders that are out of date are given up, handlers end."""
        for task in self._telling:
            task.cancel()
        while True:
            while self._inbox:
                self._turn(*self._inbox.popleft())
            await self._write()
            if not self._inbox and self._at_rest:
                return
            await workflow.wait_condition(lambda: bool(self._inbox) or self._at_rest)

    @property
    def _at_rest(self) -> bool:
        return not self._telling and workflow.all_handlers_finished()

    @property
    def _long(self) -> bool:
        """Whether to go on as a new run: a notice under way is waited for."""
        info = workflow.info()
        return self._at_rest and (
            info.is_continue_as_new_suggested() or info.get_current_history_length() >= LONG_HISTORY
        )


def _invalid(what: str) -> ApplicationError:
    return ApplicationError(what, type=INVALID_DISPLAY, non_retryable=True)
