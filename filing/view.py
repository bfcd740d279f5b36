"""How a filing is shown: the `status` answer, the search attributes, the details in Temporal's UI.

Nothing here holds a certificate's or phone number, or an individual's name.
"""

import json
from datetime import datetime
from functools import cache
from textwrap import fill

from pydantic import ConfigDict, Field

from filing.authority import Reason
from filing.changes import Change, changes
from filing.instants import since, when
from filing.model import CHINA, Model
from filing.process.hindrances import ENTRY_CLOSED
from filing.process.messages import DECISION_EXAMPLES, EXAMPLES, RIGHT
from filing.process.stages import STAGES
from filing.process.state import Refusal, SmsCheck, State, TimelineEntry
from filing.process.turn import status_label
from filing.vocabulary import (
    KIND_LABELS,
    PARTY_LABELS,
    PRINCIPAL_LABELS,
    Party,
    Principal,
    Status,
)

MOST_CHANGES_SHOWN = 50
"""Values of a change in the details; `show` tells all."""
PAGE_WIDTH = 56
"""Characters of a line of code that the page shows whole on a usual screen."""
BY_HAND = "由人工办理(备案系统没有变更接口)"
FACE_CHECKED = "小程序管理员(负责人)"
EMPTY = "(空)"
OUTCOME_LABELS = {"return": "退回修改", "reject": "不予通过"}


class ShownStretch(Model):
    """A closed stretch: who had the filing, from when to when, and how many working days."""

    model_config = ConfigDict(
        serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    party: Party
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    working_days: int


class StatusAnswer(Model):
    """What the query `status` answers (contract, section 3). Instants in China time, `+08:00`."""

    filing_id: str
    uid: str
    kind: str
    mini_program: str
    status: Status
    status_label: str
    round: int
    waiting_for: Party | None
    entered_at: datetime
    due_at: datetime | None
    overdue: bool
    provisional: bool
    held: bool
    held_by_authority: bool = False
    """Whether the hold is the authority's: its entry is closed."""
    by_hand: bool = False
    """Whether a person carries it to the authority, which has no call for its kind."""
    face_check_until: datetime | None = None
    """Until when the face check can be passed that it waits for."""
    authority_note: str | None = None
    """What operations have to do before the authority goes on with it."""
    filing_number: str | None
    subject_number: str | None
    agency: str | None = None
    customer: str | None = None
    reasons: tuple[Reason, ...]
    previous_reasons: tuple[Reason, ...] = ()
    """Why the round before was sent back."""
    changes: tuple[str, ...]
    sms_verified: tuple[SmsCheck, ...]
    refused: tuple[Refusal, ...]
    refused_count: int
    queued_behind: str | None
    """Workflow id of the filing whose end it waits for; null once it has left the queue."""
    replaces: tuple[Change, ...]
    """For a change: old and new of what is on file; persons' data are masked."""
    time_with: tuple[ShownStretch, ...]
    timeline: tuple[TimelineEntry, ...]
    calendar: str | None
    """The calendar that the window was counted by."""


SHOWN_IN_ANSWER = 20
"""Entries of each list that the answer to an update holds: ten may be answered in one workflow
task, whose answers must stay below gRPC's 4 MB together. The query tells all that is kept."""


def _china(at: datetime) -> datetime:
    return at.astimezone(CHINA)


def shown_refusal(refusal: Refusal) -> Refusal:
    """A refusal as it is shown: in China time."""
    return refusal.model_copy(update={"at": _china(refusal.at)})


def waiting_for(state: State) -> Party | None:
    """Who has the next step; None once the filing has ended."""
    return state.waits_for


def face_check_until(state: State) -> datetime | None:
    """Until when the face check can be passed that the filing waits for."""
    waits = state.awaits_face_check and state.face_check
    return _china(state.face_check.expires_at) if waits and state.face_check else None


def authority_note(state: State) -> str | None:
    """What operations have to do before the authority goes on with the filing."""
    stage = STAGES.get(state.status)
    return state.authority_note if stage and stage.with_authority else None


def due_at(state: State) -> datetime | None:
    """The present window's end; None where nothing is due, as while the filing is held."""
    if state.window is None or state.held_since is not None or state.status.final:
        return None
    return _china(state.window.due_at)


def provisional(state: State) -> bool:
    """Whether the present window rests on an arrangement that is not published yet."""
    return bool(state.window and due_at(state) and state.window.provisional)


def status_answer(state: State) -> StatusAnswer:
    """The filing as it stands."""
    return StatusAnswer(
        filing_id=state.filing_id,
        uid=state.uid,
        kind=state.application.kind.value,
        mini_program=state.application.mini_program.name,
        status=state.status,
        status_label=status_label(state),
        round=state.round,
        waiting_for=waiting_for(state),
        entered_at=_china(state.entered_at),
        due_at=due_at(state),
        overdue=state.overdue,
        provisional=provisional(state),
        held=state.held_since is not None,
        held_by_authority=state.held_by_authority,
        by_hand=state.by_hand,
        face_check_until=face_check_until(state),
        authority_note=authority_note(state),
        filing_number=state.filing_number,
        subject_number=state.subject_number,
        agency=state.application.agency,
        customer=state.application.customer,
        reasons=state.reasons,
        previous_reasons=state.previous_reasons,
        changes=state.changes,
        sms_verified=tuple(c.model_copy(update={"at": _china(c.at)}) for c in state.sms),
        refused=tuple(shown_refusal(refusal) for refusal in state.refused),
        refused_count=state.refused_count,
        queued_behind=state.queued_behind if state.status is Status.QUEUED else None,
        replaces=changes(state.application),
        time_with=tuple(
            ShownStretch(
                party=s.party,
                start=_china(s.start),
                end=_china(s.end),
                working_days=s.working_days,
            )
            for s in state.time_with
        ),
        timeline=tuple(t.model_copy(update={"at": _china(t.at)}) for t in state.timeline),
        calendar=state.window.calendar if state.window else None,
    )


def brief_answer(state: State) -> StatusAnswer:
    """The filing as it stands, for the answer to an update: the newest of each list only."""
    answer = status_answer(state)
    return answer.model_copy(
        update={
            "refused": answer.refused[-SHOWN_IN_ANSWER:],
            "time_with": answer.time_with[-SHOWN_IN_ANSWER:],
            "timeline": answer.timeline[-SHOWN_IN_ANSWER:],
        }
    )


def search_attributes(state: State) -> dict[str, str | int | bool | datetime | None]:
    """Temporal's search attributes by name; None takes one off. Enumerations and dates only."""
    party = waiting_for(state)
    return {
        "FilingStatus": state.status.value,
        "FilingKind": state.application.kind.value,
        "ApplicantType": state.application.subject.type.value,
        "Province": state.application.subject.province,
        "WaitingFor": party.value if party else None,
        "DueAt": due_at(state),
        "Overdue": state.overdue,
        "DeadlineProvisional": provisional(state),
        "Round": state.round,
    }


def timer_summary(state: State) -> str:
    """The name of the timer, in the history of Temporal's UI."""
    due = due_at(state)
    return f"{status_label(state)}:期限 {when(due)}" if due else status_label(state)


def details(state: State) -> str:
    """The current details in Temporal's UI (Markdown): where it stands, and what to send."""
    label = status_label(state)
    lines = [f"## {KIND_LABELS[state.application.kind]} · {label} · 第 {state.round} 轮", ""]
    lines.append(item("小程序", escaped(state.application.mini_program.name)))
    lines.append(item("省份", escaped(state.application.subject.province)))
    party = waiting_for(state)
    until = face_check_until(state)
    if until:
        lines.append(item("等待", f"{FACE_CHECKED}人脸核身,有效至 {when(until)}"))
    elif party:
        lines.append(item("等待", PARTY_LABELS[party]))
    if state.by_hand:
        lines.append(item("办理方式", BY_HAND))
    note = authority_note(state)
    if note:
        lines.append(item("待处理", escaped(note)))
    due = due_at(state)
    if state.held_since is not None:
        why = f",{ENTRY_CLOSED}" if state.held_by_authority else ""
        lines.append(item("期限", f"已暂停(自 {since(state.held_since)}{why})"))
    elif due:
        mark = ",**已逾期**" if state.overdue else ""
        mark += "(暂定:次年放假安排未公布)" if provisional(state) else ""
        lines.append(item("期限", f"{when(due)}{mark}"))
    if state.filing_number:
        lines.append(item("备案号", state.filing_number))
    if state.status is Status.QUEUED:
        lines.append(item("排在其后", escaped(state.queued_behind or "")))
    if state.status is Status.SMS_VERIFICATION:
        waiting = "、".join(PRINCIPAL_LABELS[p] for p in _unverified(state))
        lines.append(item("尚待核验", waiting))
    lines += _what_to_send(state)
    replaced = changes(state.application)
    if replaced:
        lines += ["", "### 变更内容", ""]
        lines += [
            item(c.path, f"{escaped(c.before or EMPTY)} → {escaped(c.after or EMPTY)}")
            for c in replaced[:MOST_CHANGES_SHOWN]
        ]
    lines += _reasons("退回原因", state.reasons)
    lines += _reasons("上一轮的退回原因", state.previous_reasons)
    lines += ["", "### 经过", ""]
    lines += [f"- {when(t.at)} {escaped(t.note)}({escaped(t.by)})" for t in state.timeline[-30:]]
    lines += refused_lines(state.refused, state.refused_count)
    return "\n".join(lines)


def refused_lines(refused: tuple[Refusal, ...], count: int) -> list[str]:
    """The messages that were not applied, in Markdown: the latest first, `count` in all."""
    if not count:
        return []
    return [
        *("", f"### 未被采纳的消息(共 {count} 条,最近在前)", ""),
        *(
            f"- {when(r.at)} `{_code(r.message)}`:{_explained(r.explanation)}"
            for r in reversed(refused)
        ),
    ]


def _explained(text: str) -> str:
    """With the example as code, which is copied as it is: the page makes other quotes curly."""
    why, mark, example = text.partition(RIGHT)
    return escaped(why) + (f"{mark}`{_code(example)}`" if mark else "")


def _reasons(heading: str, reasons: tuple[Reason, ...]) -> list[str]:
    if not reasons:
        return []
    return [
        *("", f"### {heading}", ""),
        *(
            item(
                r.field,
                escaped(r.reason) + (f";建议:{escaped(r.suggestion)}" if r.suggestion else ""),
            )
            for r in reasons
        ),
    ]


def _what_to_send(state: State) -> list[str]:
    stage = STAGES.get(state.status)
    if stage is None:
        return []
    lead = "下一步"
    if stage.decided_by:
        signal = stage.decided_by
    elif state.status is Status.SMS_VERIFICATION:
        signal = "sms_verified"
    elif state.status is Status.CORRECTION:
        signal = "resubmit"
        draft, amend = (f"starter.py {c} {state.filing_id}" for c in ("draft", "amend"))
        lines = ["", f"{lead}:修改后重新提交,在命令行:", "", "```sh", draft, f"{amend} FILE", "```"]
        return [*lines, *sent("不修改而重新提交", signal, EXAMPLES[signal])]
    elif state.status is Status.QUEUED:
        return ["", "前一备案结束后自动开始,无需操作"]
    elif state.by_hand:
        lead, signal = "在备案系统办理;送达管局后", "authority_event"
    elif authority_note(state):
        lead, signal = "请先解决上述待处理事项,之后自动继续;已由人工送达管局时", "authority_event"
    elif face_check_until(state):
        lead, signal = "人脸核身完成后自动提交,无需操作;已由人工送达管局时", "authority_event"
    else:
        lead, signal = "通常无需操作;备案系统的消息未能自动收到时", "authority_event"
    lines = sent(lead, signal, _example(state, signal))
    for outcome, example in DECISION_EXAMPLES.get(signal, {}).items():
        lines += sent(OUTCOME_LABELS[outcome], signal, example)
    return lines


def _unverified(state: State) -> tuple[Principal, ...]:
    done = {c.person for c in state.sms}
    return tuple(p for p in state.principals_due if p not in done)


def _example(state: State, signal: str) -> str:
    """A payload that is taken as it is pasted: an SMS check names somebody whose check is due."""
    due = _unverified(state)
    if signal == "sms_verified" and due:
        return json.dumps({"person": due[0].value, "source": "li.na"})
    return EXAMPLES[signal]


def sent(lead: str, signal: str, example: str) -> list[str]:
    """Which signal to send, and with what, in Markdown."""
    return ["", f"{lead}:发送信号 `{signal}`,内容如:", "", "```json", _wrapped(example), "```"]


@cache
def _wrapped(example: str) -> str:
    """An example in lines that the page does not cut off: the same JSON, for its texts hold no blank."""
    return fill(
        example,
        PAGE_WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _code(text: str) -> str:
    """Text from outside, safe between backticks: nothing but another one ends them."""
    return "".join(c if c.isprintable() else " " for c in text).replace("`", "'")


def item(label: str, text: str) -> str:
    """A line of a Markdown list. No table: the page sets its cells without a space between them."""
    return f"- **{escaped(label)}**:{text}"


def escaped(text: str) -> str:
    """Text from outside, safe inside Markdown."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    for mark in "\\|`*_[]<>#":
        plain = plain.replace(mark, "\\" + mark)
    return plain
