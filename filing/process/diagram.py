"""The process as a diagram, drawn from the stage table: `docs/process.md` holds what this gives."""

from collections.abc import Iterable, Iterator

from filing.process.stages import PATHS, STAGES, Expiry, Stage, Withdrawal
from filing.vocabulary import CANCELLATIONS, FINAL, KIND_LABELS, STATUS_LABELS, Kind, Status

_GOES_ON = {
    Status.PLATFORM_REVIEW: "初审通过",
    Status.SUBMISSION: "送达管局",
    Status.SMS_VERIFICATION: "应核验的负责人均已通过",
    Status.BUREAU_REVIEW: "管局通过",
}
"""What carries a filing from a stage to the next of its path."""


def diagram() -> str:
    """A Mermaid state diagram: every status, and every way from one to another."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{STATUS_LABELS[status]}" as {status.value}' for status in Status]
    first = {Status.QUEUED, *(path[0] for path in PATHS.values())}
    lines += [f"    [*] --> {status.value}: 受理" for status in Status if status in first]
    for stage in STAGES.values():
        ways: dict[Status, list[str]] = {}
        for to, why in _ways(stage):
            reasons = ways.setdefault(to, [])
            if why not in reasons:
                reasons.append(why)
        lines += [
            f"    {stage.status.value} --> {to.value}: {'、'.join(whys)}"
            for to, whys in sorted(ways.items(), key=lambda way: list(Status).index(way[0]))
        ]
    lines += [f"    {status.value} --> [*]" for status in Status if status in FINAL]
    return "\n".join(lines) + "\n"


def _ways(stage: Stage) -> Iterator[tuple[Status, str]]:
    """Where a filing can go from a stage, and why."""
    yield from _onwards(stage.status)
    if stage.status is Status.QUEUED:
        yield Status.PLATFORM_REVIEW, "前一备案结束"
        yield Status.CORRECTION, "前一备案结束后须修改"
        yield Status.REJECTED, f"前一备案结束后不能再办({_labels(CANCELLATIONS)})"
    cancels = _labels(kind for kind in CANCELLATIONS if stage.status in PATHS[kind])
    if stage.decided_by or stage.with_authority:
        yield Status.CORRECTION, "退回"
        yield Status.REJECTED, f"退回({cancels})"
    if stage.decided_by == "bureau_decision":
        yield Status.REJECTED, "不通过"
    elif stage.with_authority:
        # The authority's word wins, however far we thought that the filing was.
        yield Status.BUREAU_REVIEW, "备案系统称短信核验已完成"
        yield Status.APPROVED, "备案系统称已通过"
    if stage.with_authority:
        yield Status.CORRECTION, "短信超时"
        yield Status.LAPSED, f"短信超时({cancels})"
    if stage.status is Status.CORRECTION:
        yield Status.PLATFORM_REVIEW, "重新提交"
        yield Status.SUBMISSION, "短信超时后原样重新提交"
    if stage.expiry is Expiry.LAPSE:
        yield Status.LAPSED, "逾期"
    if stage.status is Status.QUEUED:
        yield Status.WITHDRAWN, "撤回"
    elif stage.withdrawal is Withdrawal.FREELY:
        yield Status.WITHDRAWN, "撤回(注销类除外)"
    elif stage.withdrawal is Withdrawal.IF_AUTHORITY_ALLOWS:
        yield Status.WITHDRAWN, "撤回(注销类除外,备案系统允许时)"


def _onwards(status: Status) -> Iterator[tuple[Status, str]]:
    """Along the paths; a way that some kinds take alone names them."""
    following: dict[Status, list[Kind]] = {}
    for kind, path in PATHS.items():
        if status in path:
            ahead = path[path.index(status) + 1 :]
            following.setdefault(ahead[0] if ahead else Status.APPROVED, []).append(kind)
    most = max((len(kinds) for kinds in following.values()), default=0)
    for to, kinds in following.items():
        only = "" if len(kinds) == most else f"({_labels(kinds)})"
        yield to, _GOES_ON[status] + only


def _labels(kinds: Iterable[Kind]) -> str:
    return "、".join(KIND_LABELS[kind] for kind in sorted(kinds, key=list(Kind).index))
