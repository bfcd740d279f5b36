"""What applicants and operations ask for: amend, resubmit, withdraw, hold, resume."""

from datetime import datetime

from pydantic import ValidationError
from pydantic_core import to_json

from filing.application import Application, workflow_id
from filing.changes import REFERENCES, amended_paths
from filing.notices import Audience, NoticePurpose
from filing.numbers import canonical
from filing.problems import errors
from filing.process.events import AskWithdrawal, FindOut, Message, WithdrawalAnswered
from filing.process.facts import AUTOMATIC, submit
from filing.process.hindrances import MOST_HOLDS, held_note
from filing.process.messages import Act, Amend
from filing.process.outcomes import standing_sentence
from filing.process.stages import STAGES, Withdrawal
from filing.process.state import PendingWithdrawal, Refusal, State
from filing.process.turn import Turn
from filing.vocabulary import CANCELLATIONS, Status

MOST_CHANGES = 200
"""Changed paths that are kept; a correction changes a few."""


def amend(turn: Turn, event: Message, message: Amend) -> None:
    """A corrected application: a new round, once it was checked."""
    if _not_in_correction(turn, event.name, message.by):
        return
    old = turn.state.application
    if event.lookup.problems is None:
        # What is in force does not change with the correction.
        on_file = old.on_file.model_dump(mode="json") if old.on_file else None
        known = {"on_file": on_file} if on_file else {}
        turn.do(FindOut(event=event, application={**message.application, **known}))
        return
    wrong = errors(event.lookup.problems)
    if wrong:
        listed = ";".join(f"{p.path}({p.code})" for p in wrong[:20])
        turn.refuse(
            event.name,
            "invalid_application",
            f"修改后的申请仍有问题,请改正后重发:{listed}",
            message.by,
        )
        return
    try:
        new = Application.model_validate_json(to_json(message.application))
    except ValidationError:
        turn.refuse(
            event.name, "invalid_application", "修改后的申请无法读取,请核对后重发", message.by
        )
        return
    if old.on_file is not None:
        new = new.model_copy(update={"on_file": old.on_file})
    # Who corrects a file by hand does not take the filing from its agency.
    unnamed = {name: getattr(old, name) for name in REFERENCES if getattr(new, name) is None}
    new = new.model_copy(update=unnamed)
    if workflow_id(new) != workflow_id(old) or new.kind is not old.kind:
        turn.refuse(
            event.name,
            "another_filing",
            "修改后的申请必须仍是同一小程序(appid)、同一类型;否则请撤回后另行备案",
            message.by,
        )
        return
    _next_round(turn, message.by, new, automatic=event.lookup.automatic)


def resubmit(turn: Turn, event: Message, message: Act) -> None:
    """The same application again: a new round."""
    if not _not_in_correction(turn, event.name, message.by):
        _next_round(turn, message.by, turn.state.application)


def _not_in_correction(turn: Turn, name: str, by: str) -> bool:
    if turn.state.status is Status.CORRECTION:
        return False
    code = "final" if turn.state.status.final else "out_of_turn"
    turn.refuse(name, code, f"只有「待修改」时才能重新提交;{standing_sentence(turn)}", by)
    return True


def _next_round(turn: Turn, by: str, application: Application, *, automatic: bool = False) -> None:
    changes = amended_paths(turn.state.application, application)
    straight = turn.state.sms_lapsed and not changes
    turn.forget_authority()
    turn.change(
        round=turn.state.round + 1,
        application=application,
        filing_number=canonical(application.filing_number),
        subject_number=canonical(application.subject.subject_number),
        changes=changes[:MOST_CHANGES],
        reasons=(),
        previous_reasons=turn.state.reasons,
        sms_lapsed=False,
    )
    note = f"第 {turn.state.round} 轮:" + ("修改后重新提交" if changes else "未作修改,重新提交")
    if straight:
        submit(turn, by, note)
    else:
        turn.enter(Status.PLATFORM_REVIEW, by, note)
        if changes:
            turn.write("note", by, "本轮修改的内容", changes=list(changes)[:MOST_CHANGES])
        if automatic and changes:
            submit(turn, AUTOMATIC, "自动通过平台初审,提交管局")


def withdraw(turn: Turn, name: str, by: str, reason: str | None) -> None:
    """Take the filing back, where that is still allowed (`domain.md` 0.4)."""
    state = turn.state
    if state.status.final:
        turn.refuse(name, "final", standing_sentence(turn), by)
    elif state.application.kind in CANCELLATIONS and state.status is not Status.QUEUED:
        turn.refuse(name, "cancellation_not_withdrawable", "注销类备案提交后不能撤回", by)
    elif state.withdrawal is not None:
        turn.refuse(name, "already_asked", "已在询问备案系统能否撤回,请等待其答复", by)
    elif STAGES[state.status].withdrawal is Withdrawal.NEVER:
        turn.refuse(name, "too_late", f"已到管局,不能撤回;{standing_sentence(turn)}", by)
    elif STAGES[state.status].withdrawal is Withdrawal.IF_AUTHORITY_ALLOWS and state.asks_authority:
        turn.write("note", by, "申请撤回,正在询问备案系统")
        turn.change(withdrawal=PendingWithdrawal(message=name, by=by, reason=reason))
        turn.do(AskWithdrawal(by=by, reason=reason))
    else:
        _withdrawn(turn, by, reason)
        if state.by_hand and state.status is Status.SUBMISSION:
            note = "申请已撤回,请勿再办理;已经提交的,请在备案系统撤回"
            turn.tell(NoticePurpose.WITHDRAWN, Audience.OPERATIONS, note=note)


def _withdrawn(turn: Turn, by: str, reason: str | None) -> None:
    turn.enter(Status.WITHDRAWN, by, f"撤回:{reason}" if reason else "撤回")
    turn.change(closing_note=reason)


def withdrawal_answered(turn: Turn, event: WithdrawalAnswered) -> None:
    """The authority's answer: given back, or too late."""
    pending = turn.state.withdrawal
    if pending is None or event.round != turn.state.round:
        if event.answer.withdrawn:
            turn.write("note", event.by, "备案系统交还了订单,而该备案未按撤回处理")
            turn.tell(
                NoticePurpose.TROUBLE,
                Audience.OPERATIONS,
                note="备案系统交还了订单,而撤回申请因备案已进入其他环节未执行,请人工核对",
            )
        return
    if event.answer.withdrawn:
        turn.change(withdrawal=None)
        _withdrawn(turn, event.by, event.reason)
        return
    turn.refuse_withdrawal("authority_refused", f"备案系统已不允许撤回;{standing_sentence(turn)}")
    turn.ask_on()  # the question was stopped for this one


def undecided(state: State, at: datetime) -> Refusal:
    """What is answered to a withdrawal about which the authority has not decided yet, where the
    answer cannot be waited for: it goes on, and is on record when it is decided."""
    pending = state.withdrawal
    return Refusal(
        at=at,
        message=pending.message if pending else "withdraw",
        by=pending.by if pending else None,
        code="undecided",
        explanation="备案系统尚未答复能否撤回,目前未撤回;结果请稍后查看该备案的状态",
    )


def hold(turn: Turn, event: Message, message: Act) -> None:
    """Stop the clock; decisions and facts still count."""
    state = turn.state
    if state.status.final:
        turn.refuse(event.name, "final", standing_sentence(turn), message.by)
    elif state.held_by_authority:
        # From here on it is theirs, and the authority does not end it.
        turn.change(held_by_authority=False)
        turn.remember("hold", message.by, held_note(message.reason))
    elif state.held_since is not None:
        turn.refuse(event.name, "already_held", "该备案已经暂停", message.by)
    elif len(state.holds) >= MOST_HOLDS:
        turn.refuse(
            event.name, "too_many_holds", f"该环节已暂停过 {MOST_HOLDS} 次,不能再暂停", message.by
        )
    else:
        turn.change(held_since=turn.at)
        turn.remember("hold", message.by, held_note(message.reason))


def resume(turn: Turn, event: Message, message: Act) -> None:
    """Let the clock go on: the window is counted again without the days held."""
    state = turn.state
    if state.status.final:
        turn.refuse(event.name, "final", standing_sentence(turn), message.by)
        return
    if state.held_since is None:
        turn.refuse(event.name, "not_held", "该备案没有暂停", message.by)
        return
    turn.release(message.by, f"恢复:{message.reason or '未说明原因'}")
    turn.open_window(state.window_start)
