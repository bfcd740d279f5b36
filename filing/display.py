"""The duty to show the filing number once it is granted: a total, pure function of state and event.

Source: Order 33 Art. 13 (`domain.md` 1, SEED). First paragraph: the number at the bottom centre of
the home page at launch, and beneath it a link to the ministry's system, so that the public can look
it up. Second paragraph: the electronic mark, which was written for websites: told as advice. The
reminders, and how long anybody is waited for, are our own.
"""

import json
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from pydantic import AwareDatetime, Field, ValidationError

from filing.instants import when
from filing.model import CHINA, Model
from filing.notices import Audience, Notice, NoticePurpose
from filing.process.events import CancelRequested, Clock, Message, Tell, Undelivered
from filing.process.messages import RIGHT, Instant, Malformed, instant, read
from filing.process.state import REFUSALS_KEPT, Refusal, State
from filing.vocabulary import KIND_LABELS, Kind, Status
from filing.window_rules import NoticeTimes
from filing.windows import Alarm, AlarmKind, Arrangement
from filing.workdays import calendar_days_after, china_time, end_of_calendar_days, take

QUERY_SITE = "https://beian.miit.gov.cn/"
"""Where the public looks numbers up: what the number links to."""
REMINDER_DAYS = (7, 14)
"""Calendar days after which the applicant is reminded; with the last one operations are told."""
FURTHER_DAYS = 30
"""Calendar days that are waited after the last reminder."""


class DisplayStatus(str, Enum):
    """Where the duty stands. The last three are final."""

    WAITING = "waiting"
    DISPLAYED = "displayed"
    NOT_SHOWN = "not_shown"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more is waited for."""
        return self is not DisplayStatus.WAITING


DISPLAY_LABELS = {
    DisplayStatus.WAITING: "待展示",
    DisplayStatus.DISPLAYED: "已展示",
    DisplayStatus.NOT_SHOWN: "未展示",
    DisplayStatus.CANCELLED: "备案号已注销",
}


class Duty(Model):
    """Whose number is to be shown: what the workflow is started with."""

    number: str = Field(min_length=1)
    """The mini program's own (小程序备案号)."""
    uid: str = Field(min_length=1)
    """The filing's, which the notices and the record go by."""
    filing_id: str
    appid: str
    mini_program: str
    province: str
    round: int = 1
    email: str | None = None
    approved_at: AwareDatetime


DISPLAY_WORKFLOW = "DisplayWorkflow"
"""Type of the workflow."""


def display_id(number: str) -> str:
    """The id of the workflow that sees to a number's being shown."""
    return f"display-{number}"


class Aftermath(Model):
    """What a filing that went through leaves to be done about the display of numbers."""

    begins: Duty | None = None
    """A number that was granted is to be shown."""
    ends: str | None = None
    """A number that is no longer in force, or a subject's with all below it."""
    filing_id: str
    note: str = ""


def aftermath_of(state: State) -> Aftermath | None:
    """None where nothing is to be done: a change keeps its number, and its display."""
    if state.status is not Status.APPROVED:
        return None
    application, filing_id = state.application, state.filing_id
    match application.kind:
        case Kind.NEW if state.filing_number is not None:
            duty = Duty(
                number=state.filing_number,
                uid=state.uid,
                filing_id=filing_id,
                appid=application.mini_program.appid,
                mini_program=application.mini_program.name,
                province=application.subject.province,
                round=state.round,
                email=application.contact.email,
                approved_at=state.entered_at,
            )
            return Aftermath(begins=duty, filing_id=filing_id)
        case Kind.CANCEL_SUBJECT:
            note = KIND_LABELS[application.kind]
            return Aftermath(ends=state.subject_number, filing_id=filing_id, note=note)
        case Kind.CANCEL_MINI_PROGRAM | Kind.CANCEL_ACCESS:
            note = KIND_LABELS[application.kind]
            return Aftermath(ends=state.filing_number, filing_id=filing_id, note=note)
    return None


def parse_duty(args: tuple[Any, ...]) -> Duty | str:
    """The one argument that a display workflow is started with; else paths and codes of what is
    wrong, and nothing of what it holds."""
    if len(args) != 1:
        return "(argument): one_argument"
    try:
        return Duty.model_validate_json(json.dumps(args[0]))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_context=False)[:20]
        # Only paths of ours: a sender's own keys may hold anything.
        paths = (str(e["loc"][0]) if e["loc"] else "" for e in wrong)
        named = (path if path in Duty.model_fields else "(argument)" for path in paths)
        return ", ".join(f"{path}: {e['type']}" for path, e in zip(named, wrong, strict=True))
    except (TypeError, ValueError, RecursionError):
        return "(argument): not_json"


def how_to_show(number: str) -> tuple[str, ...]:
    """What to do, a sentence each, as applicants read it."""
    return (
        f"在小程序首页底部的中央位置标明备案号:{number}",
        f"在备案号下方链接工业和信息化部备案查询网站 {QUERY_SITE} ,供公众查询核对;"
        "不能直接打开该网站的,可在点按备案号时复制网址",
        "建议:备案系统提供备案电子验证标识的,按其要求放置(信息产业部令第 33 号第十三条"
        "第二款;该款为网站而定,小程序没有网站目录,仅作提示)",
    )


class Plan(Model):
    """When people are told, and until when is waited, by the calendar as it was known."""

    alarms: tuple[Alarm, ...]
    ends_at: datetime
    """00:00, China time, after the last day."""
    calendar: str


def plan(start: datetime, offset_seconds: int, arrangement: Arrangement) -> Plan:
    """Reminders at 09:00, China time, plus the filing's own offset, of the 7th and 14th calendar
    day after the start's, or of the next working day; the end is after 30 days more.

    Where a long holiday brings two to one working day the later one's label stays. Raises
    `ValueError` for a naive instant.
    """
    start = china_time(start)
    days = take(calendar_days_after(start), max(REMINDER_DAYS))
    times = NoticeTimes(arrangement, offset_seconds)
    labels = {times.on(days[count - 1]): f"day_{count}" for count in REMINDER_DAYS}
    return Plan(
        alarms=tuple(
            Alarm(at=at, kind=AlarmKind.REMINDER, label=label) for at, label in labels.items()
        ),
        ends_at=end_of_calendar_days(start, max(REMINDER_DAYS) + FURTHER_DAYS),
        calendar=arrangement.version,
    )


class Displayed(Model):
    """Somebody has seen that the number is shown."""

    by: str = Field(min_length=1, max_length=100)
    at: Instant | None = None
    note: str | None = Field(default=None, max_length=500)


class NumberCancelled(Model):
    """The number is no longer in force: nothing is left to be shown."""

    by: str = Field(min_length=1, max_length=100)
    note: str | None = Field(default=None, max_length=500)


DISPLAY_SHAPES: dict[str, type[Model]] = {
    "displayed": Displayed,
    "number_cancelled": NumberCancelled,
}

DISPLAY_EXAMPLES: dict[str, str] = {
    "displayed": '{"by": "li.na", "at": "2026-12-01T10:00:00+08:00", "note": "首页底部"}',
    "number_cancelled": '{"by": "li.na", "note": "小程序已注销备案"}',
}


class DisplayEntry(Model):
    """One thing that happened: the status that it led to, who did it, and a note in Chinese."""

    at: datetime
    status: DisplayStatus
    by: str
    note: str


class DisplayState(Model):
    """One number's display. All instants are aware."""

    duty: Duty
    status: DisplayStatus = DisplayStatus.WAITING
    sequence: int = 0
    """Grows with everything that happens: names notices, and keeps the record from going back."""
    started_at: datetime
    plan: Plan
    """`alarms`: those still ahead."""
    reminded: int = 0
    displayed_at: datetime | None = None
    by: str | None = None
    """Who ended it."""
    note: str | None = None
    ended_at: datetime | None = None
    refused: tuple[Refusal, ...] = ()
    """The last `REFUSALS_KEPT`."""
    refused_count: int = 0
    timeline: tuple[DisplayEntry, ...] = ()

    @property
    def next_instant(self) -> datetime:
        """The next instant at which the clock matters."""
        return min((*(alarm.at for alarm in self.plan.alarms), self.plan.ends_at))


DisplayEvent = Message | CancelRequested | Clock | Undelivered


class DisplayStep(NamedTuple):
    """The outcome of one event: the new state, the notices to be sent, and the refusal, if it was
    one. That it is written down where `sequence` has grown goes without saying."""

    state: DisplayState
    effects: tuple[Tell, ...] = ()
    refusal: Refusal | None = None


def begin_display(duty: Duty, plan: Plan, at: datetime) -> DisplayStep:
    """The number was granted: it waits to be shown."""
    turn = _Turn(DisplayState(duty=duty, started_at=at, plan=plan), at)
    turn.remember("bureau", f"已取得备案号 {duty.number},等待在小程序首页展示")
    return turn.step()


def display_transition(state: DisplayState, event: DisplayEvent) -> DisplayStep:
    """What `event` makes of `state`. Total: it never raises, whatever was sent."""
    turn = _Turn(state, event.at)
    match event:
        case Message():
            _message(turn, event)
        case CancelRequested():
            turn.refuse(
                "cancel",
                "not_by_cancel",
                "展示备案号的义务不因取消工作流而消失;备案号已注销的,请发送 number_cancelled,"
                f"{RIGHT}{DISPLAY_EXAMPLES['number_cancelled']}",
                "Temporal",
            )
        case Clock() if not state.status.final:
            _strike(turn)
        case Undelivered():
            _undelivered(turn, event)
    return turn.step()


def _message(turn: "_Turn", event: Message) -> None:
    name = event.shown_name
    message = read(event.name, event.args, DISPLAY_SHAPES, DISPLAY_EXAMPLES)
    match message:
        case Malformed():
            turn.refuse(name, message.code, message.explanation, message.by)
        case Displayed(by=by) | NumberCancelled(by=by) if turn.state.status.final:
            label = DISPLAY_LABELS[turn.state.status]
            turn.refuse(name, "final", f"该备案号的展示事项已结束({label}),不再接受任何操作", by)
        case Displayed():
            _displayed(turn, message)
        case NumberCancelled(by=by, note=note):
            turn.end(DisplayStatus.CANCELLED, by, note, "备案号已注销,无须再展示")


def _displayed(turn: "_Turn", message: Displayed) -> None:
    granted = turn.state.duty.approved_at.astimezone(CHINA).date()
    if message.at is not None and message.at.astimezone(CHINA).date() < granted:
        turn.refuse(
            "displayed",
            "before_approval",
            f"展示时间(at)早于取得备案号的日期 {granted},请核对;不知道确切时间的可以省略 at",
            message.by,
        )
        return
    turn.change(displayed_at=instant(message.at, turn.at))
    turn.end(DisplayStatus.DISPLAYED, message.by, message.note, "已在小程序展示备案号")


def _strike(turn: "_Turn") -> None:
    state = turn.state
    if turn.at >= state.plan.ends_at:
        turn.end(DisplayStatus.NOT_SHOWN, "clock", None, "期限内无人确认已展示备案号")
        return
    due = [alarm for alarm in state.plan.alarms if alarm.at <= turn.at]
    if not due:
        return
    ahead = tuple(alarm for alarm in state.plan.alarms if alarm.at > turn.at)
    turn.change(plan=state.plan.model_copy(update={"alarms": ahead}), reminded=state.reminded + 1)
    told = "已提醒申请人展示备案号" if ahead else "已再次提醒申请人展示备案号,并告知运营人员"
    turn.remember("clock", told)
    turn.tell(NoticePurpose.DISPLAY_REMINDER, Audience.APPLICANT)
    if not ahead:
        turn.tell(NoticePurpose.DISPLAY_UNSEEN, Audience.OPERATIONS)


def _undelivered(turn: "_Turn", event: Undelivered) -> None:
    """A notice never arrived: on record, and operations reach the applicant by other means."""
    to_applicant = event.notice.audience is Audience.APPLICANT
    to = "申请人" if to_applicant else "运营人员"
    turn.remember("notices", f"发给{to}的通知未能送达")
    if to_applicant and not turn.state.status.final:
        turn.tell(
            NoticePurpose.DISPLAY_UNSEEN,
            Audience.OPERATIONS,
            note="发给申请人的提醒未能送达,请以其他方式联系",
        )


class _Turn:
    """What one event leads to."""

    def __init__(self, state: DisplayState, at: datetime) -> None:
        self.state = state
        self.at = at
        self._effects: list[Tell] = []
        self._refusal: Refusal | None = None

    def change(self, **fields: Any) -> None:
        self.state = self.state.model_copy(update=fields)

    def remember(self, by: str, note: str) -> None:
        entry = DisplayEntry(at=self.at, status=self.state.status, by=by, note=note)
        self.change(sequence=self.state.sequence + 1, timeline=(*self.state.timeline, entry))

    def end(self, status: DisplayStatus, by: str, note: str | None, what: str) -> None:
        self.change(status=status, by=by, note=note, ended_at=self.at)
        self.remember(by, f"{what}:{note}" if note else what)

    def refuse(self, message: str, code: str, explanation: str, by: str | None = None) -> None:
        self._refusal = Refusal(
            at=self.at, message=message, by=by, code=code, explanation=explanation
        )
        self.change(
            sequence=self.state.sequence + 1,
            refused=(*self.state.refused, self._refusal)[-REFUSALS_KEPT:],
            refused_count=self.state.refused_count + 1,
        )

    def tell(self, purpose: NoticePurpose, audience: Audience, note: str | None = None) -> None:
        state, duty = self.state, self.state.duty
        to_operations = audience is Audience.OPERATIONS
        notice = Notice(
            uid=duty.uid,
            filing_id=duty.filing_id,
            sequence=state.sequence,
            purpose=purpose,
            audience=audience,
            email=None if to_operations else duty.email,
            mini_program=duty.mini_program,
            kind_label=KIND_LABELS[Kind.NEW],
            status_label=f"{DISPLAY_LABELS[state.status]}备案号",
            round=duty.round,
            due=when(state.plan.ends_at) if to_operations else None,
            note=note,
            number=duty.number,
        )
        self._effects.append(Tell(notice=notice))

    def step(self) -> DisplayStep:
        return DisplayStep(self.state, tuple(self._effects), self._refusal)
