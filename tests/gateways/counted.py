"""The figures of `stats` counted once more, in plain Python, from what truly happened."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from filing.process.facts import SMS_LAPSE
from filing.stats import Figures, ReasonFigures, StageFigures, held_by, share
from filing.vocabulary import FINAL, Status
from filing.windows import Arrangement
from filing.workdays import working_days_between


@dataclass
class Life:
    """A filing as it was: its statuses with when each began, and what befell it there."""

    stays: list[tuple[Status, int, datetime]] = field(default_factory=list)
    """Status, round, since when."""
    overdue: set[int] = field(default_factory=set)
    """Indices of the stays whose window ran out."""
    reasons: list[tuple[tuple[str, str], ...]] = field(default_factory=list)
    """Field and text of the reasons of each return."""

    @property
    def status(self) -> Status:
        return self.stays[-1][0]


def counted(lives: Sequence[Life], arrangement: Arrangement, now: datetime) -> Figures:
    """The figures of these filings together, without a key."""
    stages: dict[Status, list[tuple[int, bool, bool]]] = {}
    for life in lives:
        for index, (status, _, since) in enumerate(life.stays):
            if status in FINAL:
                continue
            left = index + 1 < len(life.stays)
            end = life.stays[index + 1][2] if left else now
            days = working_days_between(arrangement, since, end)
            stages.setdefault(status, []).append((days, left, index in life.overdue))
    approved = [life for life in lives if life.status is Status.APPROVED]
    to_approval = [
        working_days_between(arrangement, life.stays[0][2], life.stays[-1][2]) for life in approved
    ]
    first = sum(life.stays[-1][1] == 1 for life in approved)
    ended = Counter(life.status for life in lives if life.status in FINAL)
    told = Counter(reason for life in lives for reasons in life.reasons for reason in set(reasons))
    lapse = (SMS_LAPSE.field, SMS_LAPSE.reason)
    of_stages = tuple(_stage(status, stages[status]) for status in Status if status in stages)
    return Figures(
        key=None,
        filings=len(lives),
        open=len(lives) - ended.total(),
        overdue_now=sum(
            life.status not in FINAL and len(life.stays) - 1 in life.overdue for life in lives
        ),
        ended={status: ended[status] for status in Status if status in FINAL},
        ended_from_outside=0,
        first_time_approved=first,
        first_time_approval_rate=share(first, ended.total()),
        median_working_days_to_approval=_nearest(to_approval, 0.5),
        p95_working_days_to_approval=_nearest(to_approval, 0.95),
        sms_lapses=told.pop(lapse, 0),
        stages=of_stages,
        held=held_by(of_stages, len(lives)),
        reasons=tuple(
            ReasonFigures(field=name, reason=text, count=count)
            for (name, text), count in sorted(told.items(), key=lambda item: (-item[1], item[0]))
        ),
    )


def _stage(status: Status, stays: list[tuple[int, bool, bool]]) -> StageFigures:
    ended = [days for days, left, _ in stays if left]
    overdue = sum(late for *_, late in stays)
    return StageFigures(
        stage=status,
        entered=len(stays),
        left=len(ended),
        open=len(stays) - len(ended),
        overdue=overdue,
        overdue_share=share(overdue, len(stays)),
        median_working_days=_nearest(ended, 0.5),
        p95_working_days=_nearest(ended, 0.95),
        working_days=sum(days for days, *_ in stays),
    )


def _nearest(values: list[int], part: float) -> int | None:
    """The smallest value that so large a part of them does not exceed."""
    return sorted(values)[ceil(part * len(values)) - 1] if values else None
