"""`FilingWorkflow`: the durable shell around the process.

It starts from a state, waits (inbox first, then the clock), feeds each event to the pure function
of `filing.process`, and carries out the effects in order. It knows nothing of bureaus.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.display import DisplayActivities
    from activities.filing import CheckOrder, FilingActivities, NotAccepted, Opening, refused
    from filing.application import Application, workflow_id
    from filing.display import aftermath_of
    from filing.errors import INVALID_APPLICATION, SUBJECT_BUSY
    from filing.holdings import QUEUE
    from filing.parse import parse_application
    from filing.problems import Problem, errors
    from filing.process.acts import undecided
    from filing.process.events import (
        AskAgain,
        AskWithdrawal,
        Carried,
        Clock,
        Event,
        FindOut,
        Follow,
        Lookup,
        Record,
        Step,
    )
    from filing.process.instants import differing, moved
    from filing.process.state import Refusal, State
    from filing.process.transition import begin, resumed, transition
    from filing.view import (
        brief_answer,
        details,
        search_attributes,
        status_answer,
        timer_summary,
    )
    from filing.vocabulary import Status
    from workflows.effects import Effects, quickly
    from workflows.messages import Mailbox, answer, plain

CARRIED = "carried"
ENTRIES_AT_ONCE = 200
"""Refusals written together while more messages wait."""
ENTRIES_CARRIED = 30
"""Refusals that the next run writes, at most: while a run ends, messages may come faster than the
registry answers, and would put its end off for ever."""
LONG_HISTORY = 5_000
"""Events after which a run goes on as a new one, also where the server would suggest it later; it
ends a run at 51,200, and takes 10,000 signals a run."""

_KEYWORDS = ("FilingStatus", "FilingKind", "ApplicantType", "Province", "WaitingFor")
_ATTRIBUTES: dict[str, SearchAttributeKey[Any]] = {
    **{name: SearchAttributeKey.for_keyword(name) for name in _KEYWORDS},
    "DueAt": SearchAttributeKey.for_datetime("DueAt"),
    "Overdue": SearchAttributeKey.for_bool("Overdue"),
    "DeadlineProvisional": SearchAttributeKey.for_bool("DeadlineProvisional"),
    "Round": SearchAttributeKey.for_int("Round"),
}


@workflow.defn(name="FilingWorkflow")
class FilingWorkflow(Mailbox[Event]):
    """One filing, from its start to its final status."""

    @workflow.init
    def __init__(self, *args: Any) -> None:
        self._args = args
        super().__init__()
        self._withdrawal: int | None = None
        self._state: State | None = None
        self._unrecorded: list[Record] = []
        self._shown: dict[str, Any] = {}
        self._effects = Effects(self._receive)
        self._timer: tuple[datetime, bool, asyncio.Task[None]] | None = None
        self._written_at = 0
        self._handing_on = False

    @workflow.run
    async def run(self, *args: Any) -> Any:
        """Live until a final status; the result is what `status` answers."""
        return await self._outlive_cancelling(self._live())

    # --- messages: handlers only append to the inbox, and never raise ---

    @workflow.signal(name="platform_decision")
    def _platform_decision(self, *args: Any) -> None:
        self._message("platform_decision", args)

    @workflow.signal(name="bureau_decision")
    def _bureau_decision(self, *args: Any) -> None:
        self._message("bureau_decision", args)

    @workflow.signal(name="sms_verified")
    def _sms_verified(self, *args: Any) -> None:
        self._message("sms_verified", args)

    @workflow.signal(name="authority_event")
    def _authority_event(self, *args: Any) -> None:
        self._message("authority_event", args)

    @workflow.signal(name="calendar_changed")
    def _calendar_changed(self, *args: Any) -> None:
        self._message("calendar_changed", args)

    @workflow.signal(name="amend")
    def _amend(self, *args: Any) -> None:
        self._message("amend", args)

    @workflow.signal(name="resubmit")
    def _resubmit(self, *args: Any) -> None:
        self._message("resubmit", args)

    @workflow.signal(name="withdraw")
    def _withdraw(self, *args: Any) -> None:
        self._message("withdraw", args)

    @workflow.signal(name="hold")
    def _hold(self, *args: Any) -> None:
        self._message("hold", args)

    @workflow.signal(name="resume")
    def _resume(self, *args: Any) -> None:
        self._message("resume", args)

    @workflow.signal(dynamic=True)
    def _any_signal(self, name: str, args: Sequence[RawValue]) -> None:
        self._message(name, plain(args))

    @workflow.update(name="decide")
    async def _decide_update(self, *args: Any) -> Any:
        return await self._ask("decide", args)

    @workflow.update(name="sms_verified")
    async def _sms_verified_update(self, *args: Any) -> Any:
        return await self._ask("sms_verified", args)

    @workflow.update(name="amend")
    async def _amend_update(self, *args: Any) -> Any:
        return await self._ask("amend", args)

    @workflow.update(name="resubmit")
    async def _resubmit_update(self, *args: Any) -> Any:
        return await self._ask("resubmit", args)

    @workflow.update(name="withdraw")
    async def _withdraw_update(self, *args: Any) -> Any:
        return await self._ask("withdraw", args)

    @workflow.update(name="hold")
    async def _hold_update(self, *args: Any) -> Any:
        return await self._ask("hold", args)

    @workflow.update(name="resume")
    async def _resume_update(self, *args: Any) -> Any:
        return await self._ask("resume", args)

    @workflow.update(dynamic=True)
    async def _any_update(self, name: str, args: Sequence[RawValue]) -> Any:
        return await self._ask(name, plain(args))

    @workflow.query(name="status")
    def _status(self) -> Any:
        """Where the filing stands; null until its application is accepted."""
        return self._answer_status()

    def _answer_status(self) -> Any:
        return None if self._state is None else status_answer(self._state).model_dump(mode="json")

    # --- the shell ---

    async def _live(self) -> Any:
        try:
            try:
                await self._start()
            except ApplicationError as invalid:
                order = NotAccepted(
                    uid=workflow.info().first_execution_run_id,
                    code=invalid.type or INVALID_APPLICATION,
                    what=invalid.message,
                    at=workflow.now(),
                )
                await quickly(FilingActivities.refuse_application, order, "登记无效申请")
                raise
            while not self._living.status.final:
                await self._next()
            await self._finish()
        finally:
            self._ended = True
        return self._answer_status()

    @property
    def _living(self) -> State:
        assert self._state is not None
        return self._state

    async def _start(self) -> None:
        carried = self._carried()
        if carried is not None:
            self._state = carried.state
            if carried.unrecorded:
                self._unrecorded.append(Record(entries=carried.unrecorded))
            self._effects.resume(carried, resumed(carried.state))
            self._show()
            return
        application, raw = self._parsed()
        info = workflow.info()
        # The run id may change by a reset or a continuation; the first one names the filing.
        opening = Opening(filing_id=info.workflow_id, uid=info.first_execution_run_id)
        checked = await quickly(
            FilingActivities.check_application,
            CheckOrder(application=raw, at=workflow.now(), opens=opening),
            "核对申请内容与材料",
        )
        if errors(checked.problems):
            raise _invalid(checked.problems)
        assert checked.claim is not None
        behind = checked.claim.holder
        if behind is not None and not workflow.memo_value(QUEUE, False, type_hint=bool):
            raise ApplicationError(
                f"{behind} has its subject or mini program", type=SUBJECT_BUSY, non_retryable=True
            )
        step = begin(
            application,
            opening.filing_id,
            opening.uid,
            checked.mode,
            workflow.now(),
            automatic=checked.automatic,
            queued_behind=behind,
        )
        await self._apply(step, None)

    def _carried(self) -> Carried | None:
        """The state that the run before handed over. Only a continued run believes it."""
        if workflow.info().continued_run_id is None or len(self._args) != 1:
            return None
        argument = self._args[0]
        if isinstance(argument, dict) and CARRIED in argument:
            return Carried.model_validate(argument[CARRIED], strict=False)
        return None

    def _parsed(self) -> tuple[Application, Any]:
        if len(self._args) != 1:
            raise _invalid((_problem("", "one_argument", "应恰好有一个参数:申请"),))
        raw = self._args[0]
        parsed = parse_application(raw)
        if not isinstance(parsed, Application):
            raise _invalid(parsed)
        if workflow.info().workflow_id != workflow_id(parsed):
            raise _invalid((_problem("workflow_id", "not_implied", "工作流 id 与申请不符"),))
        return parsed, raw

    async def _next(self) -> None:
        """One event: what was sent comes before what the clock says."""
        if not self._inbox:
            await self._write()
            if self._long:
                await self._hand_on()
                return
            self._show_details()
        instant = self._living.next_instant
        self._set_timer(instant)
        await workflow.wait_condition(lambda: bool(self._inbox) or self._rung)
        if self._inbox:
            event, ticket = self._inbox.popleft()
            await self._turn(event, ticket)
        else:
            self._timer = None
            await self._turn(Clock(at=workflow.now()), None)

    def _set_timer(self, instant: datetime | None) -> None:
        """One timer, until the next instant; one that is still right is left alone, for each
        setting and cancelling is an event."""
        named = self._living.awaits_face_check  # the one thing within a stage that its name tells
        if self._timer is not None:
            if self._timer[:2] == (instant, named):
                return
            self._timer[2].cancel()
        self._timer = None
        if instant is not None:
            ahead = max(instant - workflow.now(), timedelta(0))
            sleeping = workflow.sleep(ahead, summary=timer_summary(self._living))
            self._timer = (instant, named, asyncio.create_task(sleeping))

    @property
    def _rung(self) -> bool:
        return self._timer is not None and self._timer[2].done()

    async def _turn(self, event: Event, ticket: int | None) -> None:
        step = transition(self._living, event)
        await self._apply(step, ticket)

    async def _apply(self, step: Step, ticket: int | None) -> None:
        self._state = step.state
        follow: list[Follow] = []
        for effect in step.effects:
            match effect:
                case Record():
                    others = [e for e in step.effects if not isinstance(e, Record | AskAgain)]
                    await self._record(effect, not others)
                case FindOut():
                    await self._find_out(effect, ticket)
                    return
                case Follow():
                    follow.append(effect)
                case AskWithdrawal() if ticket is not None:
                    # Answered when the authority has answered.
                    self._withdrawal, ticket = ticket, None
                    self._effects.carry_out(effect, self._living)
                case _:
                    self._effects.carry_out(effect, self._living)
        self._inbox.extendleft((f.event, None) for f in reversed(follow))
        self._show()
        if ticket is not None:
            self._answers[ticket] = self._answered(step.refusal)
        if step.withdrawal is not None or self._living.status is Status.WITHDRAWN:
            self._answer_withdrawal(step.withdrawal)

    def _answered(self, refusal: Refusal | None) -> dict[str, Any]:
        return answer(refusal, brief_answer(self._living).model_dump(mode="json"))

    def _answer_withdrawal(self, refusal: Refusal | None) -> None:
        if self._withdrawal is not None:
            self._answers[self._withdrawal] = self._answered(refusal)
            self._withdrawal = None

    async def _record(self, record: Record, alone: bool) -> None:
        self._unrecorded.append(record)
        waits_for_nothing = alone and not record.opens and not record.closes
        entries = sum(len(r.entries) for r in self._unrecorded)
        more_comes = bool(self._inbox) and entries < ENTRIES_AT_ONCE
        next_run_writes = self._handing_on and entries <= ENTRIES_CARRIED
        if not (waits_for_nothing and (more_comes or next_run_writes)):
            await self._write()

    async def _write(self) -> None:
        """Write down what was not yet, in one go; its answer is an event like any other."""
        if not self._unrecorded:
            return
        together = Record(
            entries=tuple(e for r in self._unrecorded for e in r.entries),
            opens=self._unrecorded[-1].opens,
            closes=tuple(c for r in self._unrecorded for c in r.closes),
        )
        self._unrecorded.clear()
        self._show_details()
        # Shown with its window, but not kept back while the registry is away.
        recorded = await self._effects.record(self._living, together, self._show)
        self._written_at = workflow.info().get_current_history_length()
        # The SDK tells another time where it replays a task that was prolonged for a local activity.
        self._state = moved(self._living, differing(together.entries, recorded.instants))
        await self._turn(recorded, None)

    async def _find_out(self, effect: FindOut, ticket: int | None) -> None:
        lookup = Lookup()
        if effect.number is not None:
            free = await self._effects.claim_number(self._living, effect.number)
            lookup = Lookup(number_free=free)
        elif effect.application is not None:
            state = self._living
            opens = Opening(filing_id=state.filing_id, uid=state.uid)
            checked = await quickly(
                FilingActivities.check_application,
                CheckOrder(application=effect.application, at=workflow.now(), opens=opens),
                "核对修改后的申请",
            )
            problems = checked.problems
            if checked.claim is not None and checked.claim.holder is not None:
                problems = (*problems, _busy(checked.claim.holder))
            lookup = Lookup(problems=problems, automatic=checked.automatic)
        await self._turn(replace(effect.event, lookup=lookup), ticket)

    def _show(self) -> None:
        """Search attributes that changed, for whoever looks at Temporal's UI."""
        state = self._living
        updates: list[SearchAttributeUpdate[Any]] = []
        for name, value in search_attributes(state).items():
            if name not in self._shown or self._shown[name] != value:
                key = _ATTRIBUTES[name]
                updates.append(key.value_unset() if value is None else key.value_set(value))
                self._shown[name] = value
        if updates:
            workflow.upsert_search_attributes(updates)

    def _show_details(self) -> None:
        """Where it stands, once for all that was done at once: it is a page of text."""
        workflow.set_current_details(details(self._living))

    async def _finish(self) -> None:
        """Nothing that was sent is lost: late messages are refused, notices are sent, handlers end."""
        aftermath = aftermath_of(self._living)
        self._effects.hurry()
        while True:
            while self._inbox:
                event, ticket = self._inbox.popleft()
                await self._turn(event, ticket)
            await self._write()
            if aftermath is not None:
                await quickly(DisplayActivities.see_to_displays, aftermath, "安排备案号的展示")
                aftermath = None
            elif self._effects.busy:
                await workflow.wait_condition(lambda: bool(self._inbox) or not self._effects.busy)
            elif not workflow.all_handlers_finished():
                await workflow.wait_condition(
                    lambda: bool(self._inbox) or workflow.all_handlers_finished()
                )
            elif not self._inbox:
                return

    @property
    def _long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or (
            info.get_current_history_length() >= LONG_HISTORY
        )

    async def _hand_on(self) -> None:
        """Continue as new, with every handler finished, all that was sent read, and nothing under
        way; or return, where what was read meanwhile ended the filing."""
        self._effects.rest()
        await self._write()
        self._handing_on = True
        while not self._living.status.final:
            self._answer_withdrawal(undecided(self._living, workflow.now()))
            if self._inbox:
                event, ticket = self._inbox.popleft()
                await self._turn(event, ticket)
            elif not (self._effects.at_rest and workflow.all_handlers_finished()):
                await workflow.wait_condition(
                    lambda: (
                        bool(self._inbox)
                        or (self._effects.at_rest and workflow.all_handlers_finished())
                    )
                )
            elif self._written_at == workflow.info().get_current_history_length():
                # In a task of its own: the server refuses to end a run while messages come in, and
                # what was written in that task would be written again.
                await workflow.sleep(timedelta(milliseconds=1), summary="历史较长,换新继续")
            else:
                unrecorded = tuple(e for r in self._unrecorded for e in r.entries)
                carried = self._effects.carried(self._living, unrecorded)
                workflow.continue_as_new(args=[{CARRIED: carried.model_dump(mode="json")}])
        self._handing_on = False
        self._effects.wake()


def _busy(holder: str) -> Problem:
    return Problem(
        path="subject.certificate.number",
        code="subject_busy",
        message=f"{holder} 正在办理同一主体或小程序",
        fix="请在其结束后再发送修改",
    )


def _problem(path: str, code: str, message: str) -> Problem:
    return Problem(path=path, code=code, message=message, fix="请用 starter.py start 启动")


def _invalid(problems: tuple[Problem, ...]) -> ApplicationError:
    return ApplicationError(refused(problems), type=INVALID_APPLICATION, non_retryable=True)
