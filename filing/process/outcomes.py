"""How a review ends: approved with a number, rejected, or sent back."""

from filing.authority import Reason
from filing.numbers import canonical, check_mini_program_number, parse_number
from filing.process.events import FindOut, Message, Reported
from filing.process.turn import Turn
from filing.vocabulary import CANCELLATIONS, STATUS_LABELS, Kind, Status


def standing_sentence(turn: Turn) -> str:
    """Where the filing stands, for somebody whose message does not fit."""
    state = turn.state
    label = STATUS_LABELS[state.status]
    if state.status.final:
        return f"该备案已结束({label}),不再接受任何操作"
    return f"当前为第 {state.round} 轮的「{label}」"


def approve_number(
    turn: Turn, event: Message | Reported, name: str, number: str | None, by: str
) -> bool:
    """Approve with the number that was given, once it is known to be right and free.

    Only a new filing needs one; a change keeps its own. True when the filing is approved, False
    when it was refused or the registry has to be asked first.
    """
    state = turn.state
    if state.application.kind is Kind.NEW:
        subject = state.application.subject
        if not number:
            turn.refuse(
                name,
                "number_missing",
                "新增备案通过时必须给出小程序备案号(filing_number),如 苏ICP备2026000001号-1X",
                by,
            )
            return False
        problem = check_mini_program_number(number, subject.province, subject.subject_number)
        if problem is not None:
            turn.refuse(name, problem.code, problem.explanation, by)
            return False
        parsed = parse_number(number)
        assert parsed is not None
        if event.lookup.number_free is None:
            turn.do(FindOut(event=event, number=str(parsed)))
            return False
        if not event.lookup.number_free:
            turn.refuse(name, "number_taken", "该备案号已属于另一备案或另一主体,请核对后重发", by)
            return False
        turn.change(filing_number=str(parsed), subject_number=parsed.stem)
    elif isinstance(event, Message) and number and canonical(number) != state.filing_number:
        kept = state.filing_number or "无"
        explanation = f"变更与注销不授予新号,本备案的备案号是 {kept};请核对后重发,或不填备案号"
        turn.refuse(name, "number_differs", explanation, by)
        return False
    turn.change(reasons=())
    turn.enter(Status.APPROVED, by, "管局审核通过")
    return True


def reject(turn: Turn, by: str, reasons: tuple[Reason, ...]) -> None:
    """End the filing: the bureau will not grant it."""
    turn.change(reasons=reasons)
    turn.enter(Status.REJECTED, by, "管局审核不通过", reasons=reasons)


def send_back(
    turn: Turn, by: str, note: str, reasons: tuple[Reason, ...], *, sms_lapsed: bool = False
) -> None:
    """Back to the applicant. What cannot be corrected ends instead: a cancellation is rejected,
    or lapses where its SMS check was missed."""
    turn.change(reasons=reasons, sms_lapsed=sms_lapsed)
    if turn.state.application.kind not in CANCELLATIONS:
        turn.enter(Status.CORRECTION, by, note, reasons=reasons)
    elif sms_lapsed:
        turn.enter(Status.LAPSED, by, note, reasons=reasons)
    else:
        reject(turn, by, reasons)
