"""What keeps the authority from going on with a filing: a face check that somebody has to pass,
calls that it does not take, an entry that is closed. It says so in its answers, beside where the
order stands."""

from filing.authority import AuthorityReport, FaceCheck, Standing, kept_note
from filing.instants import when
from filing.notices import Audience, NoticePurpose
from filing.process.stages import STAGES
from filing.process.turn import Turn
from filing.vocabulary import Status

HELD = "暂停:"
"""How the note of every hold begins."""
MOST_HOLDS = 200
"""Holds of one stage: each is carried in the state, which must stay small."""
NO_REASON = "未说明原因"
ENTRY_CLOSED = "备案入口关闭"
"""Why the authority holds a filing."""
MOST_WHY = 200
"""Characters of why there is another face check."""

_PASSED_ON = (Standing.CHECKING, Standing.SMS_WAITING, Standing.BUREAU_REVIEW)
"""Where an order stands that was taken after its face check."""


def held_note(reason: str | None) -> str:
    """What is on record of a hold: found by it are those held for the same reason."""
    return f"{HELD}{reason or NO_REASON}"


def heed_entry(turn: Turn, report: AuthorityReport, by: str) -> None:
    """Hold what waits for an authority whose entry is closed, and let it go on when it is open
    again. A person's hold is a person's to end."""
    state = turn.state
    stage = STAGES.get(state.status)
    if stage is None or not stage.with_authority or report.available is state.available:
        return
    turn.change(available=report.available)
    if report.available and state.held_by_authority:
        turn.release(by, "备案入口已重新开放,恢复计时")
        turn.open_window(state.window_start)
    elif report.available:
        turn.remember("fact", by, "备案入口已重新开放")
    elif state.held_since is None and len(state.holds) < MOST_HOLDS:
        turn.change(held_since=turn.at, held_by_authority=True)
        turn.remember("hold", by, held_note(ENTRY_CLOSED))
    else:
        turn.remember("fact", by, ENTRY_CLOSED)


def moves_on(turn: Turn, report: AuthorityReport, by: str) -> None:
    """Say where it waits no longer for what it waited for."""
    before, now = turn.state.standing, report.standing
    if before is Standing.FACE_CHECK and now in _PASSED_ON:
        turn.remember("fact", by, "人脸核身已完成,申请已提交备案系统")
    elif before is Standing.STOPPED and now not in (Standing.STOPPED, Standing.UNKNOWN):
        turn.remember("fact", by, "备案系统已恢复受理")
        if now is Standing.FACE_CHECK:
            turn.change_hands(turn.at)
    else:
        return
    turn.change(standing=now, authority_note=None)


def learn(turn: Turn, report: AuthorityReport, by: str) -> None:
    """What an answer says that left the filing in its stage."""
    standing = report.standing
    if standing is Standing.UNKNOWN:
        standing = turn.state.standing  # what is not understood is kept, and changes nothing
    waits = turn.state.status is Status.SUBMISSION and standing is Standing.FACE_CHECK
    if waits and not turn.state.awaits_face_check:
        turn.change_hands(turn.at)
    gone = turn.state.missing and standing is Standing.ABSENT
    stood, note = turn.state.standing, kept_note(report.note)
    turn.change(standing=standing, missing=gone)
    _face_check(turn, report.face_check, _why(turn, report), by)
    _note(turn, stood, note, by, cause=note if report.for_all else None)


def _face_check(turn: Turn, check: FaceCheck | None, why: str | None, by: str) -> None:
    """Tell the applicant of each task once: the last one failed, or was not passed in time."""
    told = turn.state.face_check
    if check is None or (told is not None and told.task_id == check.task_id):
        return
    turn.change(face_check=check.model_copy(update={"link": None}))
    if turn.state.status is not Status.SUBMISSION:
        return
    until = f"有效至 {when(check.expires_at)}"
    again = f"须重新进行人脸核身({why})" if why else "等待负责人人脸核身"
    turn.remember("fact", by, f"{again},{until}")
    turn.tell(
        NoticePurpose.FACE_CHECK,
        Audience.APPLICANT,
        due=check.expires_at,
        note=f"须重新进行:{why}" if why else None,
        link=check.link,
    )


def _why(turn: Turn, report: AuthorityReport) -> str | None:
    """Why there is another task; None for the first of a round."""
    before = turn.state.face_check
    if before is None:
        return None
    said = ";".join(reason.reason for reason in report.reasons)[:MOST_WHY]
    return said or ("上一次已过期" if before.expires_at <= turn.at else "上一次未通过")


def _note(turn: Turn, stood: Standing, note: str | None, by: str, *, cause: str | None) -> None:
    """Tell operations once what they have to do; `stood`: where the order stood before; `cause`: what
    stops every filing alike, and is told once for all."""
    state = turn.state
    if state.standing is Standing.STOPPED:
        if stood is not Standing.STOPPED or note not in (None, state.authority_note):
            what = f"备案系统现不受理我方调用,须先处理:{note or NO_REASON}"
            turn.remember("fact", by, what)
            turn.tell(
                NoticePurpose.TROUBLE,
                Audience.OPERATIONS,
                note=f"{what};处理后自动继续",
                cause=cause,
            )
    elif note not in (None, state.authority_note):
        turn.write("note", by, "备案系统有待办事项,已通知运营人员")
        turn.tell(NoticePurpose.TROUBLE, Audience.OPERATIONS, note=f"备案系统的待办事项:{note}")
    if note is not None or stood is not state.standing:
        turn.change(authority_note=note)
