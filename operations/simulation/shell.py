"""Plays one filing in memory: what `workflows/filing.py` is on Temporal, with invented people.

The process is the real one (`filing.process.transition`); here are its clock, its inbox and the
outside world: who sends what, when, and what the authority answers. The platform's review is the one
thing that filings share, so a filing stops there until it is told when its turn at the desk is over.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any, NamedTuple

from filing.application import mini_program_filing_id
from filing.authority import Standing, WithdrawalAnswer
from filing.model import unchecked
from filing.notices import LAST_NOTICE_FOR, NOTICE_FOR, Notice
from filing.problems import Problem
from filing.process.events import (
    AskOnce,
    AskWithdrawal,
    Clock,
    Effect,
    Event,
    FindOut,
    Follow,
    HandOver,
    Lookup,
    Message,
    Record,
    Recorded,
    Reported,
    Step,
    StopAsking,
    StopWithdrawing,
    Tell,
    Undelivered,
    Watch,
    WithdrawalAnswered,
)
from filing.process.state import State
from filing.process.transition import begin, transition
from filing.vocabulary import AuthorityMode, Status
from operations.simulation.arrivals import Applicants, Start, corrected, hours, moment
from operations.simulation.days import NEVER, ONE_DAY, Days
from operations.simulation.habits import Habits
from operations.simulation.outside import Asking, Chance, Closures, News, Order
from operations.simulation.tally import Tally

WITHDRAWAL_ANSWERED_AFTER = timedelta(minutes=2)

_PLATFORM_REASONS = [
    {"field": "mini_program.name", "reason": "名称与服务内容不符", "suggestion": "请修改名称"},
    {"field": "subject.certificate.number", "reason": "证件号码与照片不一致"},
    {"field": "mini_program.remark", "reason": "备注未写明实际服务", "suggestion": "请写明服务"},
    {"field": "materials", "reason": "照片不清晰,无法辨认", "suggestion": "请重新拍摄"},
]
_REJECTED = [{"field": "mini_program", "reason": "所涉服务不予备案"}]
_INVALID = (
    Problem(path="mini_program.remark", code="remark.too_short", message="备注过短", fix="请补充"),
)

OFFSETS = 8

_recorded = unchecked(Recorded)

Observer = Callable[[State | None, Event | None, Step], None]
"""Sees every step of the process: state before, event, step."""


class Entry(NamedTuple):
    """A filing begins to wait at the reviewers' desk. Instants are seconds since 1970."""

    at: int
    number: int
    takes: int
    """Seconds of a reviewer's time."""
    due: int
    leaves: int
    """When its applicant takes it back, or `NEVER`."""


@dataclass(frozen=True)
class World:
    """What all filings of a year have in common."""

    habits: Habits
    days: Days
    end: datetime
    """Nothing is played from here on."""
    closures: Closures
    asking: Asking
    tally: Tally
    applicants: Applicants
    observe: Observer | None = None


class Filing:
    """One filing, and the people around it."""

    def __init__(self, world: World, start: Start) -> None:
        self._world = world
        self._start = start
        self._bureau = world.habits.bureaus[start.bureau]
        self._chance = Chance(start.seed)
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._planned = 0
        self._at = moment(start.at)
        self._asked = 0
        """Number of the open question to the authority; another one answers nothing."""
        self._made: tuple[int, Order] | None = None
        self._at_desk_in = 0
        self._leaves = NEVER
        self._problems: tuple[Problem, ...] = ()
        """What the checks find in the correction that is sent next."""
        self._follow: list[Event] = []
        application = world.applicants.application(start)
        step = begin(
            application,
            mini_program_filing_id(application.mini_program.appid),
            # The process takes only the offset of notices from the uid; with few offsets, windows
            # can be used again.
            f"simulated-{start.number % OFFSETS}",
            AuthorityMode.SANDBOX,
            self._at,
        )
        self.state = step.state
        world.tally.daily["started", self._at.date()] += 1
        self._plan_withdrawal()
        self._apply(None, None, step)

    # --- the shell ---

    def play(self) -> Entry | None:
        """Go on until the filing waits at the desk, or nothing more happens to it this year."""
        world = self._world
        agenda = self._agenda
        while True:
            state = self.state
            if state.status is Status.PLATFORM_REVIEW and self._at_desk_in < state.round:
                return self._to_desk()
            instant = state.next_instant
            # What was sent comes before what the clock says.
            if agenda and (instant is None or agenda[0][0] <= instant):
                at, _, happen = agenda[0]
                if at >= world.end:
                    break
                heappop(agenda)
                self._at = max(self._at, at)
                happen()
            elif instant is not None and instant < world.end:
                self._at = max(self._at, instant)
                self._turn(Clock(at=self._at))
            else:
                break
        agenda.clear()
        if not self.state.status.final:
            world.tally.stays(self.state)
        return None

    def _turn(self, event: Event) -> None:
        before = self.state
        self._apply(before, event, transition(before, event))
        while self._follow:
            self._turn(self._follow.pop(0))

    def _apply(self, before: State | None, event: Event | None, step: Step) -> None:
        world = self._world
        world.tally.events += 1
        self.state = step.state
        if world.observe is not None:
            world.observe(before, event, step)
        if step.refusal is not None:
            world.tally.refusals[step.refusal.code] += 1
        follow: list[Event] = []
        for effect in step.effects:
            match effect:
                case Tell(notice=notice):
                    self._tell(notice)
                case FindOut():
                    self._find_out(effect)
                    return
                case Follow():
                    follow.append(effect.event)
                case Record():
                    self._record(effect)
                case _:
                    self._carry_out(effect)
        self._follow[:0] = follow
        if before is None or before.status is not step.state.status:
            self._moved(before, step.state)

    def _record(self, record: Record) -> None:
        days, tally = self._world.days, self._world.tally
        tally.entries += len(record.entries)
        window = days.open(record.opens) if record.opens else None
        if window is not None and window.provisional:
            tally.provisional += 1
        recorded = _recorded(
            window=window,
            stretches=tuple(
                s.model_copy(update={"working_days": days.between(s.start, s.end)})
                for s in record.closes
            ),
            at=self._at,
        )
        before = self.state
        self._apply(before, recorded, transition(before, recorded))

    def _find_out(self, effect: FindOut) -> None:
        # Numbers are free: they are made of the filing's own index.
        number = effect.number is not None
        found = Lookup(number_free=True) if number else Lookup(problems=self._problems)
        self._turn(replace(effect.event, lookup=found))

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case HandOver(known=known):
                habits = self._world.habits.principals
                first = Order.face_check(habits, self._chance, self._at, known.standing)
                self._learn(first or self._order.receipt())
            case Watch(known=known):
                self._watch(known.standing)
            case StopAsking():
                self._asked += 1
            case AskOnce():
                self._ask_once()
            case AskWithdrawal():
                self._asked += 1
                asked_in = self.state.round
                self._plan(
                    self._at + WITHDRAWAL_ANSWERED_AFTER,
                    lambda: self._answer_withdrawal(effect, asked_in),
                )
            case StopWithdrawing():
                pass  # its answer comes all the same, too late
            case _:
                raise AssertionError(effect)

    def _plan(self, at: datetime, happen: Callable[[], None]) -> None:
        if at < self._world.end:
            self._planned += 1
            heappush(self._agenda, (at, self._planned, happen))

    def _send(self, name: str, payload: dict[str, Any]) -> None:
        self._turn(Message(name=name, args=(payload,), at=self._at))

    def _moved(self, before: State | None, after: State) -> None:
        """Another status: count it, and whoever has the filing now makes plans."""
        tally, days = self._world.tally, self._world.days
        if before is not None:
            stretches = self.state.time_with  # the one that ended is counted by now
            spent = stretches[-1].working_days if after.entered_at > before.entered_at else 0
            tally.moved(before, after, spent)
        if after.status.final:
            tally.ended(after, days.between(after.started_at, after.entered_at))
        elif after.status is Status.PLATFORM_REVIEW:
            tally.daily["reviews", self._at.date()] += 1
        elif after.status is Status.CORRECTION:
            self._plan_correction(after)
        elif after.status is Status.BUREAU_REVIEW:
            self._plan_hold()

    # --- the reviewers ---

    def _to_desk(self) -> Entry:
        self._at_desk_in = self.state.round
        window = self.state.window  # a hold leaves it unopened
        reviewing = self._world.habits.reviewers
        spread = self._chance.rng.uniform(-reviewing.minutes_spread, reviewing.minutes_spread)
        return Entry(
            at=int(self._at.timestamp()),
            number=self._start.number,
            takes=max(round(reviewing.minutes * 60 * (1 + spread)), 1),
            due=int(window.due_at.timestamp()) if window else NEVER,
            leaves=self._leaves if self._leaves > self._at.timestamp() else NEVER,
        )

    def reviewed(self, at: int) -> None:
        """The desk says when the review that the filing waits for is done."""
        reviewing = self._world.habits.reviewers
        round_ = self.state.round
        returned = self._chance.happens(
            reviewing.returned_first if round_ == 1 else reviewing.returned_later
        )
        decision: dict[str, Any] = {
            "outcome": "return" if returned else "approve",
            "reviewer": "模拟审核",
            "decision_id": f"d-{round_}",
        }
        if returned:
            decision["reasons"] = [self._chance.rng.choice(_PLATFORM_REASONS)]
        payload = {"stage": "platform_review", "round": round_, "decision": decision}
        twice = self._chance.happens(reviewing.double_click)
        if at < NEVER:
            done = moment(at)
            self._plan(done, lambda: self._send("decide", payload))
            if twice:
                again = done + timedelta(seconds=2)
                self._plan(again, lambda: self._send("decide", payload))

    # --- the applicant ---

    def _plan_withdrawal(self) -> None:
        applicants = self._world.habits.applicants
        if self._chance.happens(applicants.withdraws):
            days = self._chance.rng.expovariate(1 / applicants.withdraws_after_days)
            at = (self._at + hours(min(days, 1000) * 24)).replace(microsecond=0)
            self._leaves = int(at.timestamp())
            self._plan(at, self._withdraw)

    def _withdraw(self) -> None:
        if not self.state.status.final:
            self._send("withdraw", {"by": "applicant", "reason": "模拟撤回"})

    def _plan_correction(self, state: State) -> None:
        """What the applicant will do about a return, the next day at the earliest."""
        applicants = self._world.habits.applicants
        days = max(round(self._chance.some(applicants.correction_days)), 1)
        at = self._chance.within(self._at.date() + ONE_DAY * min(days, 1000), 9, 21)
        chance = self._chance.rng.random()
        round_ = state.round
        if state.sms_lapsed:
            if chance < applicants.resubmits_after_sms:
                self._plan(at, lambda: self._resubmit(round_))
        elif chance < applicants.corrects:
            invalid = self._chance.happens(applicants.invalid_correction)
            self._plan(at, lambda: self._amend(round_, invalid=invalid))
        elif chance < applicants.corrects + applicants.sends_unchanged:
            self._plan(at, lambda: self._resubmit(round_))

    def _resubmit(self, round_: int) -> None:
        if self._still(round_):
            self._send("resubmit", {"by": "applicant", "reason": None})

    def _amend(self, round_: int, *, invalid: bool) -> None:
        if not self._still(round_):
            return
        new = corrected(self.state.application, round_ + 1).model_dump(mode="json")
        self._problems = _INVALID if invalid else ()
        self._send("amend", {"application": new, "by": "applicant"})
        if invalid:
            self._plan(self._at + ONE_DAY, lambda: self._amend(round_, invalid=False))

    def _still(self, round_: int) -> bool:
        """Whether the applicant still thinks of that round. One whose filing has lapsed does, and
        is refused."""
        return self.state.round == round_ and self.state.status is not Status.WITHDRAWN

    def _tell(self, notice: Notice) -> None:
        tally = self._world.tally
        tally.notices[notice.purpose.value, notice.audience.value] += 1
        tally.daily["notices", self._at.date()] += 1
        if self._chance.happens(self._world.habits.applicants.undeliverable):
            final = self.state.status.final
            given_up = self._at + (LAST_NOTICE_FOR if final else NOTICE_FOR)
            self._plan(given_up, lambda: self._turn(Undelivered(notice=notice, at=self._at)))

    # --- the authority, the principals, the bureau ---

    @property
    def _order(self) -> Order:
        """With the authority, in this round; made when it is first handed over."""
        if self._made is None or self._made[0] != self.state.round:
            order = Order(self._chance, self._world.habits.authority, self._at)
            self._made = self.state.round, order
        return self._made[1]

    def _sms(self) -> News:
        return self._order.sms(self._world.habits.principals, len(self.state.principals_due))

    def _watch(self, known: Standing | None) -> None:
        if known is Standing.SMS_WAITING:
            self._learn(self._sms())
            return
        assert known is Standing.BUREAU_REVIEW, known
        order = self._order
        start = self.state.window_start.date()
        closures = self._world.closures
        decision = order.decision(self._bureau, closures, start, self._start.number)
        if decision is not None:
            self._learn(decision)
        elif order.rejects_at is not None:  # a final refusal comes only from a person
            payload = {"outcome": "reject", "reviewer": self._bureau.name, "reasons": _REJECTED}
            self._plan(order.rejects_at, lambda: self._send("bureau_decision", payload))

    def _ask_once(self) -> None:
        """The window ran out: the authority is asked at once, and its word wins."""
        _, report = self._sms()
        round_ = self.state.round
        self._plan(self._at, lambda: self._turn(Reported(report=report, at=self._at, round=round_)))

    def _plan_hold(self) -> None:
        """Operations hold what waits for a bureau whose system is down, until it works again."""
        outage = self._world.closures.outage_of(self._bureau.name)
        if outage is not None and self._at < outage[1]:
            self._plan(max(self._at, outage[0]), lambda: self._hold(outage[1]))

    def _hold(self, until: datetime) -> None:
        if self.state.status is Status.BUREAU_REVIEW and self.state.held_since is None:
            self._world.tally.holds += 1
            self._send("hold", {"by": "运营", "reason": "管局系统故障"})
            self._plan(until, self._resume)

    def _resume(self) -> None:
        if self.state.held_since is not None:
            self._send("resume", {"by": "运营", "reason": "系统恢复"})

    def _answer_withdrawal(self, asked: AskWithdrawal, round_: int) -> None:
        answer = WithdrawalAnswer(withdrawn=self._at < self._order.received_at)
        self._turn(
            WithdrawalAnswered(
                answer=answer,
                at=self._at,
                round=round_,
                by=asked.by,
                reason=asked.reason,
            )
        )

    def _learn(self, news: News) -> None:
        """The open question is answered at the first asking after something came about."""
        came_about, report = news
        self._asked += 1
        asked, round_ = self._asked, self.state.round

        def answer() -> None:
            if self._asked == asked:
                self._asked += 1
                self._turn(Reported(report=report, at=self._at, round=round_))

        self._plan(self._world.asking.first_after(self._at, came_about), answer)
