"""For everybody: one filing, where it stands and how it came there."""

from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from commands.console import Id, Json, line, out, plain, print_json, run, settings
from filing.display_view import told_of_display
from filing.instants import since, when
from filing.process.hindrances import ENTRY_CLOSED
from filing.view import BY_HAND, FACE_CHECKED
from filing.vocabulary import PARTY_LABELS

if TYPE_CHECKING:
    from filing.authority import Reason
    from filing.view import StatusAnswer
    from operations.filings import Shown

app = typer.Typer()

IN_THE_WAY = "备案系统中该小程序的另一份申请单仍在审核,办结后才能提交;请在备案系统中核对并办结"


@app.command()
def show(id_: Id, json_: Json = False) -> None:
    """Show where one filing stands, and how it came there.

    What it waits for and until when, who decided what, what was sent and what was refused. Asks the
    filing itself; where it has ended or no worker answers, the registry (`as_of`).
    """
    shown = run(_show(id_))
    if json_:
        answer = shown.answer.model_dump(mode="json")
        extra = shown.model_dump(
            mode="json",
            include={
                "as_of",
                "notices",
                "returns",
                "ended_from_outside",
                "display",
                "order_in_the_way",
            },
        )
        print_json({**answer, **extra})
        return
    _print_shown(shown)


async def _show(id_: str) -> "Shown":
    from operations.filings import show as show_filing
    from operations.services import open_services

    async with open_services(settings()) as services:
        return await show_filing(id_, services)


def _print_shown(shown: "Shown") -> None:
    answer = shown.answer
    line((f"{answer.mini_program}  {answer.filing_id}", "bold"))
    facts = Table(show_header=False, box=None)
    facts.add_column()
    facts.add_column(overflow="fold")
    for label, value in _facts(shown):
        facts.add_row(label, Text(plain(value)))
    out().print(facts)
    if shown.ended_from_outside:
        advice = "备案没有结果;要重新办理,请用 starter.py start FILE 再次提交申请"
        line(("流程已被外部终止", "yellow"), f":{advice}")
    for reason in answer.reasons:
        _print_reason("  原因 ", reason)
    line(("经过", "bold"))
    for entry in answer.timeline:
        line(f"  {when(entry.at)}  {entry.note}({entry.by})")
    _print_returns(shown)
    if answer.time_with:
        line(("各方用时", "bold"))
    for stretch in answer.time_with:
        days = f"{stretch.working_days} 个工作日"
        party = PARTY_LABELS[stretch.party]
        line(f"  {since(stretch.start)} 至 {when(stretch.end)}  {party}:{days}")
    if shown.notices:
        line(("通知", "bold"))
    for notice in shown.notices:
        line(f"  {notice.purpose} → {notice.audience}: {notice.state}")
    if answer.refused_count:
        line((f"未被采纳的消息(共 {answer.refused_count} 条)", "bold"))
    for refusal in answer.refused:
        line(f"  {when(refusal.at)}  {refusal.message}:{refusal.explanation}({refusal.code})")


def _print_returns(shown: "Shown") -> None:
    """What was asked for in earlier rounds, for whoever reviews whether it was done."""
    earlier = [one for one in shown.returns if one.round < shown.answer.round]
    if earlier:
        line(("以前各轮的退回", "bold"))
    for one in earlier:
        line(f"  {when(one.at)}  第 {one.round} 轮,{one.note}({one.by})")
        for reason in one.reasons:
            _print_reason("    ", reason)


def _print_reason(lead: str, reason: "Reason") -> None:
    line(f"{lead}{reason.field}:{reason.reason} {reason.suggestion or ''}".rstrip())


def _awaited(answer: "StatusAnswer") -> str:
    if answer.face_check_until:
        return FACE_CHECKED
    return PARTY_LABELS[answer.waiting_for] if answer.waiting_for else "—"


def _facts(shown: "Shown") -> list[tuple[str, str]]:
    answer = shown.answer
    due = "—" if answer.due_at is None else when(answer.due_at)
    marks = [
        mark
        for mark, on in (
            ("逾期", answer.overdue),
            ("暂定", answer.provisional),
            ("已暂停", answer.held and not answer.held_by_authority),
            (f"已暂停({ENTRY_CLOSED})", answer.held_by_authority),
        )
        if on
    ]
    facts = [
        ("状态", f"{answer.status_label}({answer.status.value}),第 {answer.round} 轮"),
        ("等待", _awaited(answer)),
        ("期限", " ".join([due, *marks])),
        *([("办理方式", BY_HAND)] if answer.by_hand else []),
        *([("人脸核身", f"有效至 {when(until)}")] if (until := answer.face_check_until) else []),
        *([("待处理", answer.authority_note)] if answer.authority_note else []),
        *([("待处理", IN_THE_WAY)] if shown.order_in_the_way else []),
        ("备案号", answer.filing_number or "—"),
        *([("代理机构", answer.agency)] if answer.agency else []),
        *([("客户编号", answer.customer)] if answer.customer else []),
        *([("展示备案号", told_of_display(shown.display))] if shown.display else []),
        ("uid", answer.uid),
    ]
    if shown.as_of is not None:
        facts.append(("截至", f"{when(shown.as_of)}(来自登记簿)"))
    return facts
