"""Two clocks run for the SMS check, the authority's and ours. Its word wins; where they differ, both
are put on record."""

from datetime import datetime

from filing.authority import Standing
from filing.instants import since
from filing.process.turn import Turn
from filing.vocabulary import Status


def compare_clocks(turn: Turn, standing: Standing, told: datetime | None, by: str) -> None:
    """Record a difference. `told`: when it came about by the authority's clock, where it says so."""
    state = turn.state
    at = told or turn.at
    theirs = since(at) if told else f"{since(at)} 得知"
    if standing is Standing.SMS_LAPSED and state.status is Status.BUREAU_REVIEW:
        passed = max((check.at for check in state.sms), default=state.window_start)
        _record(turn, by, f"已超时({theirs})", f"已于 {since(passed)} 记为完成", at, passed)
        return
    if state.status is not Status.SMS_VERIFICATION or state.window is None:
        return
    ours = state.window.due_at
    if state.held_since is not None:
        if standing is Standing.SMS_LAPSED:
            _record(turn, by, f"已超时({theirs})", "期限已暂停", at, state.held_since)
    elif standing is Standing.SMS_LAPSED and at < ours:
        _record(turn, by, f"已超时({theirs})", f"期限为 {since(ours)}", at, ours)
    elif standing is Standing.SMS_WAITING and state.overdue and told in (None, state.received_at):
        now = f"仍在等待({since(turn.at)} 得知)"
        _record(turn, by, now, f"期限为 {since(ours)}", turn.at, ours)
    elif standing is Standing.BUREAU_REVIEW and state.overdue and at > ours:
        _record(turn, by, f"已完成({theirs})", f"期限为 {since(ours)}", at, ours)


def _record(
    turn: Turn, by: str, theirs: str, ours: str, their_clock: datetime, our_clock: datetime
) -> None:
    apart = _apart(their_clock, our_clock)
    turn.remember(
        "fact", by, f"备案系统认定短信核验{theirs},我方{ours},相差 {apart};以备案系统为准"
    )


def _apart(one: datetime, other: datetime) -> str:
    hours, minutes = divmod(int(abs((one - other).total_seconds()) // 60), 60)
    parts = [f"{hours} 小时"] * bool(hours) + [f"{minutes} 分钟"] * bool(minutes)
    return " ".join(parts) or "不到 1 分钟"
