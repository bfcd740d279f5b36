"""How a number's display is shown: the `status` answer, and the details in Temporal's UI.

Nothing here holds a certificate's or phone number, or an individual's name.
"""

from datetime import datetime

from filing.display import (
    DISPLAY_EXAMPLES,
    DISPLAY_LABELS,
    QUERY_SITE,
    DisplayEntry,
    DisplayState,
    DisplayStatus,
    Duty,
    display_id,
    how_to_show,
)
from filing.instants import when
from filing.model import CHINA, Model
from filing.process.state import Refusal
from filing.view import escaped, item, refused_lines, sent, shown_refusal


class DisplayAnswer(Model):
    """What the query `status` of a display workflow answers. Instants in China time, `+08:00`."""

    display_id: str
    number: str
    link: str
    """What the number links to."""
    how: tuple[str, ...]
    """What to do, a sentence each."""
    filing_id: str
    uid: str
    """The filing's."""
    appid: str
    mini_program: str
    status: DisplayStatus
    status_label: str
    approved_at: datetime
    remind_at: tuple[datetime, ...]
    """Reminders still ahead."""
    ends_at: datetime | None
    """Until when is waited; null once it has ended."""
    reminded: int
    displayed_at: datetime | None
    by: str | None
    note: str | None
    refused: tuple[Refusal, ...]
    refused_count: int
    timeline: tuple[DisplayEntry, ...]


def display_answer(state: DisplayState) -> DisplayAnswer:
    """The duty as it stands."""
    duty, open_ = state.duty, not state.status.final
    alarms = state.plan.alarms if open_ else ()
    return DisplayAnswer(
        display_id=display_id(duty.number),
        number=duty.number,
        link=QUERY_SITE,
        how=how_to_show(duty.number),
        filing_id=duty.filing_id,
        uid=duty.uid,
        appid=duty.appid,
        mini_program=duty.mini_program,
        status=state.status,
        status_label=DISPLAY_LABELS[state.status],
        approved_at=duty.approved_at.astimezone(CHINA),
        remind_at=tuple(alarm.at.astimezone(CHINA) for alarm in alarms),
        ends_at=state.plan.ends_at.astimezone(CHINA) if open_ else None,
        reminded=state.reminded,
        displayed_at=state.displayed_at.astimezone(CHINA) if state.displayed_at else None,
        by=state.by,
        note=state.note,
        refused=tuple(shown_refusal(refusal) for refusal in state.refused),
        refused_count=state.refused_count,
        timeline=tuple(
            entry.model_copy(update={"at": entry.at.astimezone(CHINA)}) for entry in state.timeline
        ),
    )


def told_of_display(answer: DisplayAnswer) -> str:
    """One line for whoever looks at the filing: 待展示, or 已于…展示."""
    if answer.displayed_at is not None:
        return f"已于 {answer.displayed_at:%Y-%m-%d} 展示({answer.by})"
    if answer.status is DisplayStatus.WAITING and answer.reminded:
        return f"{answer.status_label}(已提醒 {answer.reminded} 次)"
    return answer.status_label


def display_summary(duty: Duty) -> str:
    """The workflow's name in Temporal's UI, in one line."""
    return (
        f"展示备案号 {duty.number} · 首页底部中央,链接 {QUERY_SITE} · {duty.mini_program} · "
        f"{duty.appid} · {duty.province}"
    )


def display_timer_summary(state: DisplayState) -> str:
    """The name of the timer, in the history of Temporal's UI."""
    what = "等待展示备案号,下次提醒" if state.plan.alarms else "等待展示备案号,至"
    return f"{what} {when(state.next_instant)}"


def display_details(state: DisplayState) -> str:
    """The current details in Temporal's UI (Markdown): what to show, and what to send."""
    answer = display_answer(state)
    lines = [
        *(f"## 展示备案号 · {answer.status_label}", ""),
        item("小程序", escaped(answer.mini_program)),
        item("备案号", escaped(answer.number)),
        item("链接", QUERY_SITE),
        item("备案", escaped(answer.filing_id)),
    ]
    if answer.displayed_at is not None:
        lines.append(item("展示时间", f"{answer.displayed_at:%Y-%m-%d %H:%M}"))
    if answer.ends_at is not None:
        lines += [item("提醒", when(at)) for at in answer.remind_at]
        lines.append(item("等待至", when(answer.ends_at)))
        lines += ["", "### 怎样展示", ""]
        lines += [f"{place}. {sentence}" for place, sentence in enumerate(answer.how, start=1)]
        lines += sent("展示后", "displayed", DISPLAY_EXAMPLES["displayed"])
    lines += ["", "### 经过", ""]
    lines += [f"- {when(t.at)} {escaped(t.note)}({escaped(t.by)})" for t in answer.timeline]
    lines += refused_lines(answer.refused, answer.refused_count)
    return "\n".join(lines)
