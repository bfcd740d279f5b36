"""Decisions: of our reviewers, and of the bureau. Refused out of turn, applied otherwise."""

from filing.process.events import Message
from filing.process.facts import submit
from filing.process.messages import Decide, Decision
from filing.process.outcomes import approve_number, reject, send_back, standing_sentence
from filing.process.stages import STAGES
from filing.process.turn import Turn
from filing.vocabulary import STATUS_LABELS, Status

DECISION_IDS_KEPT = 300
REFUSED_IDS_KEPT = 200
DUPLICATES_KEPT = 400

REJECT_IS_THE_BUREAUS = (
    "reject_is_the_bureaus",
    "平台初审不能作出最终的不通过,请用 return 退回修改;reject 只属于管局审核",
)
"""Code and explanation."""

_STAGE_OF = {
    "platform_decision": Status.PLATFORM_REVIEW,
    "bureau_decision": Status.BUREAU_REVIEW,
}


def decide(turn: Turn, event: Message, message: Decision | Decide) -> None:
    """Apply a decision, or refuse it with the reason; either way its id is known from then on, so
    that a copy delivered late is never applied."""
    seen = message.decision if isinstance(message, Decide) else message
    refused_before = turn.state.refused_count
    _decide(turn, event, message)
    state = turn.state
    known = (*state.decision_ids, *state.refused_ids)
    if state.refused_count > refused_before and seen.decision_id not in (None, *known):
        turn.change(refused_ids=(*state.refused_ids, seen.decision_id)[-REFUSED_IDS_KEPT:])


def _decide(turn: Turn, event: Message, message: Decision | Decide) -> None:
    stage, decision, seen_round = _unpack(event.name, message)
    if _refused_out_of_turn(turn, event.name, stage, decision, seen_round):
        return
    by = decision.reviewer
    bureau = stage is Status.BUREAU_REVIEW
    reasons = tuple(reason for reason in decision.reasons if reason.reason)
    if decision.outcome != "approve" and not reasons:
        turn.refuse(
            event.name,
            "reason_missing",
            "退回或不通过必须至少说明一条原因:reasons 中填写 field 与 reason",
            by,
        )
    elif decision.outcome == "reject" and not bureau:
        turn.refuse(event.name, *REJECT_IS_THE_BUREAUS, by)
    elif decision.outcome == "approve" and bureau:
        if approve_number(turn, event, event.name, decision.filing_number, by):
            _applied(turn, decision)
    elif decision.outcome == "approve":
        _applied(turn, decision)
        turn.change(reasons=())
        submit(turn, by, "平台初审通过,提交管局")
    elif decision.outcome == "return":
        _applied(turn, decision)
        who = "管局" if bureau else "平台初审"
        send_back(turn, by, f"{who}退回修改", reasons)
    else:
        _applied(turn, decision)
        reject(turn, by, reasons)


def _unpack(name: str, message: Decision | Decide) -> tuple[Status, Decision, int | None]:
    if isinstance(message, Decide):
        return message.stage, message.decision, message.round
    return _STAGE_OF[name], message, message.round


def _refused_out_of_turn(
    turn: Turn, name: str, stage: Status, decision: Decision, seen_round: int | None
) -> bool:
    state = turn.state
    by = decision.reviewer
    if decision.decision_id in (*state.decision_ids, *state.refused_ids):
        explanation = "同一决定(decision_id)已经收到过,重复的不再处理;新的决定请用新的 decision_id"
        if decision.decision_id in state.duplicates_recorded:
            turn.decline(name, "duplicate", explanation, by)
        else:
            turn.refuse(name, "duplicate", explanation, by)
            recorded = (*state.duplicates_recorded, str(decision.decision_id))
            turn.change(duplicates_recorded=recorded[-DUPLICATES_KEPT:])
        return True
    rounds = {r for r in (seen_round, decision.round) if r is not None}
    if state.status.final:
        turn.refuse(name, "final", _standing(turn), by)
    elif rounds - {state.round}:
        turn.refuse(name, "stale_round", f"该决定不是针对当前这一轮的;{_standing(turn)}", by)
    elif stage not in _STAGE_OF.values():
        turn.refuse(
            name,
            "not_decided_here",
            f"「{STATUS_LABELS[stage]}」不由审核决定推进;{_standing(turn)}",
            by,
        )
    elif state.status is not stage:
        turn.refuse(
            name,
            "out_of_turn",
            f"「{STATUS_LABELS[stage]}」现在不在等待决定;{_standing(turn)}",
            by,
        )
    else:
        return False
    return True


def _standing(turn: Turn) -> str:
    """Where the filing stands, and what decides it there, for somebody who decides."""
    stage = STAGES.get(turn.state.status)
    hint = f",此时应发送 {stage.decided_by}" if stage and stage.decided_by else ""
    return f"{standing_sentence(turn)}{hint}"


def _applied(turn: Turn, decision: Decision) -> None:
    if decision.decision_id is not None:
        known = (*turn.state.decision_ids, decision.decision_id)
        turn.change(decision_ids=known[-DECISION_IDS_KEPT:])
