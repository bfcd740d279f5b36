"""Time: reminders, escalations, and what happens when a window runs out."""

from filing.instants import when
from filing.notices import Audience, NoticePurpose
from filing.process.events import AskOnce, Recorded, Undelivered
from filing.process.facts import lapse_sms
from filing.process.stages import STAGES, Expiry
from filing.process.state import folded
from filing.process.turn import Turn
from filing.vocabulary import STATUS_LABELS, Status
from filing.windows import ON_TIME, AlarmKind


def strike(turn: Turn) -> None:
    """An instant has come: tell those who must act, and end the window if it is its end."""
    state = turn.state
    window = state.window
    if state.status.final or window is None or state.held_since is not None:
        return
    if turn.at >= window.due_at and not state.overdue:
        _run_out(turn)
        if turn.state.status is not state.status:
            return
    due = [alarm for alarm in window.alarms if alarm.at <= turn.at]
    escalations = [alarm for alarm in due if alarm.kind is AlarmKind.ESCALATION]
    if escalations and turn.at - escalations[-1].at > ON_TIME:
        turn.open_window(state.window_start)  # which puts off what is late
        return
    if not due:
        return
    ahead = tuple(alarm for alarm in window.alarms if alarm.at > turn.at)
    turn.change(window=window.model_copy(update={"alarms": ahead}), told_until=turn.at)
    # Coinciding ones are told once, by the most pressing; a reminder of what is over is none.
    label = STATUS_LABELS[state.status]
    if escalations:
        turn.write("note", "clock", f"「{label}」已逾期,已提醒运营人员", label=due[-1].label)
        turn.tell(NoticePurpose.OVERDUE, Audience.OPERATIONS, due=window.due_at)
        if not ahead:
            turn.open_window(state.window_start)
    elif not turn.state.overdue:
        turn.write("note", "clock", f"「{label}」即将到期,已提醒", label=due[-1].label)
        turn.tell(NoticePurpose.REMINDER, STAGES[state.status].reminds, due=window.due_at)


def _run_out(turn: Turn) -> None:
    status = turn.state.status
    expiry = STAGES[status].expiry
    label = STATUS_LABELS[status]
    assert expiry is not Expiry.NEVER, status
    if expiry is Expiry.LAPSE:
        turn.enter(Status.LAPSED, "clock", f"「{label}」期限已过,备案失效")
        return
    if expiry is Expiry.ASK_AUTHORITY and not turn.state.asks_authority:
        lapse_sms(turn, "clock")
        return
    turn.change(overdue=True)
    turn.remember("overdue", "clock", f"「{label}」期限已过,继续等待")
    if expiry is Expiry.ASK_AUTHORITY:
        turn.do(AskOnce())


def recorded(turn: Turn, event: Recorded) -> None:
    """It is on record: the window is in force, the stretches are counted."""
    state = turn.state
    if event.stretches:
        turn.change(time_with=folded((*state.time_with, *event.stretches)))
    window = event.window
    if window is not None and (window.stage, window.round) == (state.status, state.round):
        overdue = state.overdue and window.due_at <= turn.at
        before = state.window
        turn.change(window=window, overdue=overdue)
        if before and before.calendar != window.calendar and before.due_at != window.due_at:
            moved = f"期限由 {when(before.due_at)} 改为 {when(window.due_at)}"
            turn.remember("window", "calendar", f"工作日历有变,{moved}")
    if window is not None or state.status.final:
        turn.announce()
    for sequence in event.conflicts:
        turn.refuse(
            "record",
            "record_conflict",
            f"登记簿中第 {sequence} 条已有不同内容(可能是重置所致),两者均已保留,请人工核对",
            "registry",
        )
        turn.tell(
            NoticePurpose.TROUBLE,
            Audience.OPERATIONS,
            note=f"登记簿第 {sequence} 条记录内容不一致,两者均已保留",
        )


def undelivered(turn: Turn, event: Undelivered) -> None:
    """A notice never arrived: on record, and operations reach the people by other means."""
    notice = event.notice
    turn.write(
        "note", "notices", "通知未能送达,已转交运营人员", notice=notice.purpose, to=notice.audience
    )
    if notice.audience is not Audience.OPERATIONS:
        turn.tell(
            NoticePurpose.TROUBLE,
            Audience.OPERATIONS,
            note=f"发给申请人的通知({notice.purpose.value})未能送达,请以其他方式联系",
        )
