"""Plays one filing in memory: runs the process and carries out its effects as the shell does."""

import copy
import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from filing.application import Application, workflow_id
from filing.authority import AuthorityReport, Reason, Standing, WithdrawalAnswer
from filing.checks import check
from filing.model import CHINA
from filing.notices import Notice
from filing.parse import parse_application
from filing.problems import Problem
from filing.process.events import (
    AskAgain,
    AskOnce,
    AskWithdrawal,
    AwaitClaim,
    CancelRequested,
    Carried,
    Claimed,
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
from filing.process.state import Refusal, State
from filing.process.transition import begin, resumed, transition
from filing.records import Entry
from filing.view import PAGE_WIDTH
from filing.vocabulary import AuthorityMode, Status
from filing.window_rules import open_window
from filing.windows import Arrangement, WindowTerms
from filing.workdays import working_days_between
from gateways.calendar import packaged_arrangement

START = datetime(2026, 11, 24, 10, 0, tzinfo=CHINA)
"""A Tuesday."""
FREE = "苏ICP备2026000001号-1X"
TAKEN = "苏ICP备2026000009号-1X"
REASONS = [
    {"field": "subject.certificate.number", "reason": "与照片不一致", "suggestion": "请核对"}
]
REASON = Reason(field="mini_program.name", reason="名称与业务无关")
MANUAL, SANDBOX, WECHAT = AuthorityMode.MANUAL, AuthorityMode.SANDBOX, AuthorityMode.WECHAT
ASKED = (SANDBOX, WECHAT)
"""Modes in which there is an authority to ask."""
WAITING = [
    (mode, status)
    for mode in AuthorityMode
    for status in Status
    if not status.final
    and status is not Status.QUEUED
    and (mode, status) != (MANUAL, Status.SUBMISSION)
]
"""Wherever a filing waits for a window's end; by hand submission passes at once."""
PRINCIPALS = ("subject_principal", "mini_program_principal")

APPROVE = {"outcome": "approve", "reviewer": "li.na"}
RETURN = {"outcome": "return", "reviewer": "li.na", "reasons": REASONS}
REJECT = {"outcome": "reject", "reviewer": "苏通管局", "reasons": REASONS}
GRANT = {"outcome": "approve", "reviewer": "苏通管局", "filing_number": FREE}
ACT = {"by": "wang.fang", "reason": "主动"}


def china(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CHINA)


@cache
def _example() -> dict[str, Any]:
    file = Path(__file__).parents[2] / "examples" / "new-organisation.yaml"
    example = Application.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    return example.model_dump(mode="json")  # as a message holds it: dates are texts


def application_data(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The example as JSON, with other values at dotted paths."""
    data = copy.deepcopy(_example())
    for path, value in (changes or {}).items():
        at: Any = data
        *parents, last = path.split(".")
        for part in parents:
            at = at[part]
        at[last] = value
    return data


def application(changes: Mapping[str, Any] | None = None) -> Application:
    return Application.model_validate(application_data(changes))


CORRECTED = {
    "mini_program.remark": "面向昆山本地商户的线上商城,提供商品浏览、下单与支付服务,已更正"
}
ONE_PHONE = {"mini_program.principal": _example()["subject"]["principal"]}


@dataclass(frozen=True)
class Happened:
    """What one thing that was done to a filing led to."""

    refusal: Refusal | None
    entries: tuple[Entry, ...]
    notices: tuple[Notice, ...]

    @property
    def recorded(self) -> list[tuple[str, str]]:
        """Purpose and author of each new entry."""
        return [(entry.purpose, entry.by) for entry in self.entries]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Purpose and audience of each new notice."""
        return [(notice.purpose.value, notice.audience.value) for notice in self.notices]

    @property
    def code(self) -> str | None:
        return self.refusal.code if self.refusal else None


@dataclass
class Play:
    """One filing, and the world around it: registry, calendar, authority, people who are told."""

    state: State
    at: datetime
    entries: list[Entry] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    asking: HandOver | Watch | AwaitClaim | None = None
    """The question to the authority, or to the registry, that is open, and its round."""
    asked_in: int = 1
    asked_again: int = 0
    """How often the open question was stopped and asked anew."""
    once: list[int] = field(default_factory=list)
    """Rounds in which the authority was asked at once, not answered yet."""
    withdrawing: AskWithdrawal | None = None
    """What the authority is asked to give back, and the round it was asked in."""
    withdrawing_in: int = 1
    too_late: list[tuple[AskWithdrawal, int]] = field(default_factory=list)
    """What it is not to give back any more, and may have given back all the same."""
    taken: set[str] = field(default_factory=lambda: {TAKEN})
    problems: tuple[Problem, ...] | None = None
    """What the check of an amended application finds; None: the real check, without files."""
    automatic: bool = False
    arrangement: Arrangement = field(default_factory=packaged_arrangement)
    conflicts: tuple[int, ...] = ()
    """Sequences that the registry will call a conflict when it is next written to."""
    _inbox: deque[Event] = field(default_factory=deque)

    @classmethod
    def begin(
        cls,
        mode: AuthorityMode = SANDBOX,
        changes: Mapping[str, Any] | None = None,
        *,
        at: datetime = START,
        automatic: bool = False,
        queued_behind: str | None = None,
    ) -> "Play":
        begun = application(changes)
        step = begin(
            begun,
            workflow_id(begun),
            "run-1",
            mode,
            at,
            automatic=automatic,
            queued_behind=queued_behind,
        )
        play = cls(state=step.state, at=at, automatic=automatic)
        play._apply(step)
        play._drain()
        return play

    def waits_in(self, status: Status) -> bool:
        """Whether it waits in this stage; for a test that sees it leave after (a type checker
        would hold on to what `is` has told it)."""
        return self.state.status is status

    # --- what is done to it ---

    def send(self, name: str, *args: Any) -> Happened:
        """A signal or an update, just as it came."""
        return self._happen(Message(name=name, args=args, at=self.at))

    def cancel(self) -> Happened:
        return self._happen(CancelRequested(at=self.at))

    def answer(self, standing: Standing, **fields: Any) -> Happened:
        """The authority answers the question that is open."""
        assert self.asking is not None, "nothing is asked"
        self.asking = None
        return self.report(standing, round_=self.asked_in, **fields)

    def tell(self, kind: str, event_id: str = "e-1", **more: Any) -> Happened:
        """News from the authority that somebody or something sends."""
        payload = {"source": "webhook", "event_id": event_id, "kind": kind, **more}
        return self.send("authority_event", payload)

    def answer_once(self, standing: Standing, **fields: Any) -> Happened:
        """The authority answers what it was asked when the window ran out."""
        return self.report(standing, round_=self.once.pop(0), **fields)

    def report(self, standing: Standing, *, round_: int | None = None, **fields: Any) -> Happened:
        report = AuthorityReport(standing=standing, **fields)
        return self._happen(
            Reported(report=report, at=self.at, round=round_ or self.state.round, by="authority")
        )

    def answer_withdrawal(self, *, withdrawn: bool) -> Happened:
        asked = self.withdrawing
        assert asked is not None, "nothing is asked"
        self.withdrawing = None
        return self._answered(asked, self.withdrawing_in, withdrawn=withdrawn)

    def answer_too_late(self, *, withdrawn: bool) -> Happened:
        """The authority had begun to answer when it was not to any more."""
        return self._answered(*self.too_late.pop(0), withdrawn=withdrawn)

    def _answered(self, asked: AskWithdrawal, round_: int, *, withdrawn: bool) -> Happened:
        answer = WithdrawalAnswer(withdrawn=withdrawn)
        return self._happen(
            WithdrawalAnswered(
                answer=answer, at=self.at, round=round_, by=asked.by, reason=asked.reason
            )
        )

    def claim(self, application: Application | None = None, *problems: Problem) -> Happened:
        """The filing ahead has ended."""
        assert isinstance(self.asking, AwaitClaim), "it is not queued"
        self.asking = None
        begins = application or self.state.application
        return self._happen(Claimed(at=self.at, application=begins, problems=problems))

    def undelivered(self, notice: Notice) -> Happened:
        return self._happen(Undelivered(notice=notice, at=self.at))

    def wait(self, **length: float) -> Happened:
        return self.wait_until(self.at + timedelta(**length))

    def wait_until(self, until: datetime) -> Happened:
        """Let time pass; the clock strikes at each instant that the filing waits for."""
        assert until >= self.at
        before = len(self.entries), len(self.notices)
        strikes = 0
        while (instant := self.state.next_instant) is not None and instant <= until:
            moved = instant > self.at
            strikes = 0 if moved else strikes + 1
            assert strikes < 10, "the clock strikes without end"
            self.at = max(self.at, instant)
            self._turn(Clock(at=self.at))
            self._drain()
        self.at = until
        return self._since(before, None)

    def wake_late(self, at: datetime) -> Happened:
        """No worker ran until now: the clock strikes once, for all that has passed."""
        self.at = at
        return self._happen(Clock(at=at))

    def to_deadline(self) -> Happened:
        assert self.state.window is not None
        return self.wait_until(self.state.window.due_at)

    def reload(self) -> None:
        """Continue as new: everything through JSON, and what was under way is begun again."""
        carried = Carried(state=self.state, ask_once=bool(self.once), notices=())
        again = Carried.model_validate_json(carried.model_dump_json())
        assert again == carried
        self.state = again.state
        self.asking = self.withdrawing = None
        self.too_late.clear()  # a run ends only when nothing is under way
        self.once = self.once[-1:] if again.ask_once else []
        for effect in resumed(again.state):
            self._carry_out(effect)

    # --- the usual way ---

    def reach(self, status: Status) -> "Play":
        """Go the usual way to a status; by hand, submission passes at once."""
        if status is Status.PLATFORM_REVIEW:
            return self
        if status is Status.WITHDRAWN:
            self.send("withdraw", ACT)
        elif status in (Status.CORRECTION, Status.LAPSED):
            self.send("platform_decision", RETURN)
            if status is Status.LAPSED:
                self.to_deadline()
        else:
            self._go_on_to(status)
        assert self.state.status is status, self.state.status
        return self

    def _go_on_to(self, status: Status) -> None:
        self.send("platform_decision", APPROVE)
        if status is Status.SUBMISSION:
            return
        if self.state.mode is not MANUAL:
            self.answer(Standing.SMS_WAITING)
        if status is Status.SMS_VERIFICATION:
            return
        self.pass_sms()
        if status is not Status.BUREAU_REVIEW:
            self.send("bureau_decision", GRANT if status is Status.APPROVED else REJECT)

    def pass_sms(self) -> None:
        for person in PRINCIPALS:
            self.send("sms_verified", {"person": person, "source": "ops"})

    def notice_time(self, month: int, day: int, *, year: int = 2026) -> datetime:
        """09:00 of a day, plus the filing's own offset."""
        return china(month, day, 9, year=year) + timedelta(seconds=self.state.offset_seconds)

    # --- the shell ---

    def _happen(self, event: Event) -> Happened:
        before = len(self.entries), len(self.notices)
        refusal = self._turn(event)
        self._drain()
        # What is due is due: the clock is looked at when the inbox is empty.
        self.wait_until(self.at)
        return self._since(before, refusal)

    def _since(self, before: tuple[int, int], refusal: Refusal | None) -> Happened:
        entries, notices = before
        return Happened(refusal, tuple(self.entries[entries:]), tuple(self.notices[notices:]))

    def _drain(self) -> None:
        while self._inbox:
            self._turn(self._inbox.popleft())

    def _turn(self, event: Event) -> Refusal | None:
        return self._apply(transition(self.state, event))

    def _apply(self, step: Step) -> Refusal | None:
        self.state = step.state
        follow: list[Event] = []
        for effect in step.effects:
            match effect:
                case Record():
                    self._record(effect)
                case FindOut():
                    found = self._found_out(effect)
                    return self._turn(replace(effect.event, lookup=found))
                case Follow():
                    follow.append(effect.event)
                case _:
                    self._carry_out(effect)
        self._inbox.extendleft(reversed(follow))
        return step.refusal

    def _record(self, record: Record) -> None:
        self.entries += record.entries
        arrangement = self.arrangement
        opens = record.opens
        recorded = Recorded(
            window=open_window(opens, arrangement, WindowTerms()) if opens else None,
            stretches=tuple(
                s.model_copy(
                    update={"working_days": working_days_between(arrangement, s.start, s.end)}
                )
                for s in record.closes
            ),
            conflicts=self.conflicts,
            at=self.at,
        )
        self.conflicts = ()
        self._turn(recorded)

    def _found_out(self, effect: FindOut) -> Lookup:
        if effect.number is not None:
            return Lookup(number_free=effect.number not in self.taken)
        problems = self.problems
        if problems is None:
            parsed = parse_application(effect.application)
            today = self.at.astimezone(CHINA).date()
            problems = (
                check(parsed, None, today) if isinstance(parsed, Application) else tuple(parsed)
            )
        return Lookup(problems=problems, automatic=self.automatic and not problems)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Tell(notice=notice):
                self.notices.append(notice)
            case HandOver() | Watch() | AwaitClaim():
                if self.asking is None:
                    self.asking, self.asked_in = effect, self.state.round
            case StopAsking():
                self.asking = None
            case AskAgain():
                assert isinstance(self.asking, HandOver | Watch)
                self.asked_again += 1
            case AskOnce():
                self.once.append(self.state.round)
            case AskWithdrawal():
                assert self.withdrawing is None
                self.withdrawing, self.withdrawing_in = effect, self.state.round
                self.asking = None
            case StopWithdrawing():
                assert self.withdrawing is not None
                self.too_late.append((self.withdrawing, self.withdrawing_in))
                self.withdrawing = None
            case _:
                raise AssertionError(effect)


def assert_refused(play: Play, code: str, name: str, *args: Any) -> Refusal:
    """Refused with this code, on record and in Chinese; and nothing else changed."""
    before, asking = play.state, (play.asking, play.withdrawing, tuple(play.once))
    happened = play.send(name, *args)
    refusal = happened.refusal
    assert refusal is not None
    assert refusal.code == code, refusal
    assert (refusal.message, refusal.at) == (name, play.at)
    assert any("\u4e00" <= c <= "\u9fff" for c in refusal.explanation)
    assert [(e.purpose, e.status, e.round) for e in happened.entries] == [
        ("refusal", before.status, before.round)
    ]
    assert happened.entries[0].detail == {"message": name, "code": code}
    assert happened.entries[0].note == refusal.explanation
    assert happened.notices == ()
    assert play.state == before.model_copy(
        update={
            "sequence": before.sequence + 1,
            "refused": (*before.refused, refusal)[-50:],
            "refused_count": before.refused_count + 1,
        }
    )
    assert (play.asking, play.withdrawing, tuple(play.once)) == asking
    return refusal


def refusal_codes(play: Play) -> Sequence[str]:
    return [refusal.code for refusal in play.state.refused]


def to_send(text: str) -> list[dict[str, Any]]:
    """The payloads that the details show, in lines that the page does not cut off."""
    found = re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)
    assert all(len(line) <= PAGE_WIDTH for one in found for line in one.splitlines())
    return [json.loads(one) for one in found]
