"""The process: one total, pure function from state and event to state and effects."""

from datetime import datetime

from filing.application import Application
from filing.authority import Reason
from filing.model import unchecked
from filing.numbers import canonical
from filing.problems import errors
from filing.process.acts import amend, hold, resubmit, resume, withdraw, withdrawal_answered
from filing.process.clock import recorded, strike, undelivered
from filing.process.decisions import decide
from filing.process.events import (
    AwaitClaim,
    CancelRequested,
    Claimed,
    Clock,
    Effect,
    Event,
    Message,
    Recorded,
    Reported,
    Step,
    Undelivered,
    WithdrawalAnswered,
)
from filing.process.facts import AUTOMATIC, apply_report, receive_event, submit, verify_sms
from filing.process.hindrances import heed_entry, learn
from filing.process.messages import (
    Act,
    Amend,
    AuthorityEvent,
    CalendarChanged,
    Decide,
    Decision,
    Malformed,
    SmsVerified,
    read,
)
from filing.process.outcomes import send_back, standing_sentence
from filing.process.stages import STAGES
from filing.process.state import State, TimelineEntry
from filing.process.turn import Turn
from filing.vocabulary import KIND_LABELS, AuthorityMode, Status

_state = unchecked(State)


def begin(
    application: Application,
    filing_id: str,
    uid: str,
    mode: AuthorityMode,
    at: datetime,
    *,
    automatic: bool = False,
    queued_behind: str | None = None,
) -> Step:
    """A valid application has been started: it waits for the platform's initial review, which
    passes by itself where that is set and no check warned (`automatic`); or first for the end of
    the filing `queued_behind` (a workflow id), which has its subject or mini program."""
    status = Status.PLATFORM_REVIEW if queued_behind is None else Status.QUEUED
    label = KIND_LABELS[application.kind]
    note = (
        f"{label}已受理,进入平台初审"
        if queued_behind is None
        else f"{label}已受理,排队等候 {queued_behind} 结束"
    )
    state = _state(
        filing_id=filing_id,
        uid=uid,
        application=application,
        mode=mode,
        status=status,
        queued_behind=queued_behind,
        automatic=automatic,
        started_at=at,
        entered_at=at,
        window_start=at,
        filing_number=canonical(application.filing_number),
        subject_number=canonical(application.subject.subject_number),
        timeline=(TimelineEntry(at=at, status=status, by="applicant", note=note),),
    )
    turn = Turn(state, at)
    turn.write("transition", "applicant", note)
    if queued_behind is not None:
        turn.do(AwaitClaim())
        return turn.step()
    turn.open_window(at)
    _pass_automatically(turn)
    return turn.step()


def _leave_queue(turn: Turn, event: Claimed) -> None:
    """It begins, unless what is on file by now is against it: then the applicant has to act."""
    application = event.application
    turn.change(
        application=application, subject_number=canonical(application.subject.subject_number)
    )
    wrong = errors(event.problems)
    if wrong:
        reasons = tuple(
            Reason(field=p.path or "application", reason=p.message, suggestion=p.fix)
            for p in wrong[:20]
        )
        send_back(turn, "registry", "前面的备案已结束,按现在的备案情况须先修改", reasons)
        return
    turn.enter(Status.PLATFORM_REVIEW, "registry", "前面的备案已结束,进入平台初审")
    _pass_automatically(turn)


def _pass_automatically(turn: Turn) -> None:
    if turn.state.automatic and turn.state.held_since is None:
        submit(turn, AUTOMATIC, "自动通过平台初审,提交管局")


def transition(state: State, event: Event) -> Step:
    """What `event` makes of `state`. Total: it never raises, whatever was sent."""
    turn = Turn(state, event.at)
    match event:
        case Message():
            _message(turn, event)
        case CancelRequested():
            withdraw(turn, "cancel", "Temporal", "Temporal 的取消请求")
        case Reported() if event.round == state.round:
            apply_report(turn, event, "authority", event.report, event.by)
            if event.answers:
                _go_on(turn, state, event)
        case WithdrawalAnswered():
            withdrawal_answered(turn, event)
        case Clock():
            strike(turn)
        case Claimed() if state.status is Status.QUEUED:
            _leave_queue(turn, event)
        case Recorded():
            recorded(turn, event)
        case Undelivered():
            undelivered(turn, event)
    return turn.step()


def _go_on(turn: Turn, before: State, event: Reported) -> None:
    """The question ended with its answer: where the stage did not change, ask on from that answer."""
    stage = STAGES.get(before.status)
    if stage is None or not stage.with_authority or turn.finding_out:
        return
    if turn.state.status is before.status:
        learn(turn, event.report, event.by)
        heed_entry(turn, event.report, event.by)
        if turn.state.withdrawal is None:  # when that is answered, it is asked on
            turn.ask_on()


def _message(turn: Turn, event: Message) -> None:
    message = read(event.name, event.args)
    match message:
        case Malformed():
            turn.refuse(event.shown_name, message.code, message.explanation, message.by)
        case Decision() | Decide():
            decide(turn, event, message)
        case SmsVerified():
            verify_sms(turn, event, message)
        case AuthorityEvent():
            receive_event(turn, event, message)
        case Amend():
            amend(turn, event, message)
        case CalendarChanged():
            _calendar_changed(turn, event.name)
        case Act(by=by, reason=reason) if event.name == "withdraw":
            withdraw(turn, event.name, by, reason)
        case Act() if event.name == "resubmit":
            resubmit(turn, event, message)
        case Act() if event.name == "hold":
            hold(turn, event, message)
        case Act():
            resume(turn, event, message)


def _calendar_changed(turn: Turn, name: str) -> None:
    """Count the open window again, while held at its end; a calendar that changes nothing leaves
    it as it is."""
    if turn.state.status.final:
        turn.refuse(name, "final", standing_sentence(turn), "calendar")
    else:
        turn.write("window", "calendar", "工作日历有变,重新计算期限")
        turn.open_window(turn.state.window_start)


def resumed(state: State) -> tuple[Effect, ...]:
    """What has to be going on for a filing whose run was continued as a new one."""
    if state.status is Status.QUEUED:
        return (AwaitClaim(),)
    turn = Turn(state, state.entered_at)
    turn.ask_on()
    return turn.step().effects
