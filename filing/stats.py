"""Figures about many filings: how many, how long in which stage, who held them, and why they came
back. What each counts is written down in `docs/stats.md`; the registry computes them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from math import ceil

from pydantic import Field

from filing.model import Model
from filing.process.stages import STAGES
from filing.vocabulary import Party, Status


class By(str, Enum):
    """What filings are put together by."""

    STAGE = "stage"
    PROVINCE = "province"
    AGENCY = "agency"
    CUSTOMER = "customer"
    KIND = "kind"


class StatsQuery(Model):
    """Which filings count: those that began in [start, end), of an agency; None means any."""

    by: By = By.STAGE
    agency: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    groups: int = 50
    """So many of the largest groups."""
    reasons: int = 10
    """So many of the most common reasons, of each group."""


class StageFigures(Model):
    """All stays in one stage. A filing that comes again stays again."""

    stage: Status
    entered: int
    left: int
    open: int
    overdue: int
    """Stays that went on after their window's end, ended or not."""
    overdue_share: float | None
    """Of all that entered."""
    median_working_days: int | None
    """Of the stays that ended; None where none has."""
    p95_working_days: int | None
    working_days: int
    """Of all stays together; of open ones what has passed so far."""


class PartyFigures(Model):
    """How long one party held the filings."""

    party: Party
    working_days: int
    share: float | None
    """Of the working days of all parties."""
    per_filing: float | None
    """Mean working days, over all filings that count."""


class ReasonFigures(Model):
    """How many returns and rejections gave this reason."""

    field: str
    reason: str
    count: int


class Figures(Model):
    """The figures of one group of filings."""

    key: str | None
    """What they have in common, as in 江苏省; None: all of them, or those without it."""
    filings: int
    open: int
    overdue_now: int
    ended: dict[Status, int]
    """By outcome; the four final statuses."""
    ended_from_outside: int
    """Their workflow was ended past the process: they have no outcome."""
    first_time_approved: int
    """Approved in their first round."""
    first_time_approval_rate: float | None
    """Of those with an outcome."""
    median_working_days_to_approval: int | None
    """From the start to the approval, of those that were approved."""
    p95_working_days_to_approval: int | None
    sms_lapses: int
    stages: tuple[StageFigures, ...] = ()
    held: tuple[PartyFigures, ...] = ()
    reasons: tuple[ReasonFigures, ...] = ()


class Stats(Model):
    """The report that `stats` prints."""

    as_of: datetime
    calendar: str
    """Version of the calendar that all working days were counted by."""
    by: By
    agency: str | None
    start: datetime | None
    end: datetime | None
    not_accepted: int
    """Applications that a worker refused: they count nowhere else."""
    conflicts: int
    """Filings of whose log two accounts exist, as after a reset; the older one counts."""
    total: Figures
    groups: tuple[Figures, ...] = Field(default=())
    """The largest first; none by stage, for the total's stages are these."""
    groups_left_out: int = 0
    """How many more groups there are."""


def share(part: int, whole: int) -> float | None:
    """A share, to four digits; None of nothing."""
    return round(part / whole, 4) if whole else None


@dataclass
class Stays:
    """Stays in one stage, counted by their length in working days."""

    ended: Counter[int] = field(default_factory=Counter)
    open: Counter[int] = field(default_factory=Counter)
    overdue: int = 0

    def add(self, days: int, count: int, *, left: bool, overdue: bool) -> None:
        """So many more, of so many working days."""
        (self.ended if left else self.open)[days] += count
        self.overdue += count if overdue else 0

    def figures(self, stage: Status) -> StageFigures:
        """What they come to."""
        left, open_ = self.ended.total(), self.open.total()
        return StageFigures(
            stage=stage,
            entered=left + open_,
            left=left,
            open=open_,
            overdue=self.overdue,
            overdue_share=share(self.overdue, left + open_),
            median_working_days=nearest_rank(self.ended, 0.5),
            p95_working_days=nearest_rank(self.ended, 0.95),
            working_days=sum(n * days for days, n in (*self.ended.items(), *self.open.items())),
        )


def nearest_rank(counts: Counter[int], part: float) -> int | None:
    """The smallest value that so large a part of all does not exceed; None of nothing."""
    rank, seen = ceil(part * counts.total()), 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= rank:
            return value
    return None


def held_by(stages: Iterable[StageFigures], filings: int) -> tuple[PartyFigures, ...]:
    """Who held the filings for how long, from how long they were in which stage. A face check, which
    the principals pass while the filing is in submission, is the authority's here."""
    days: dict[Party, int] = {}
    for figures in stages:
        party = STAGES[figures.stage].waits_for
        days[party] = days.get(party, 0) + figures.working_days
    whole = sum(days.values())
    return tuple(
        PartyFigures(
            party=party,
            working_days=days[party],
            share=share(days[party], whole),
            per_filing=share(days[party], filings),
        )
        for party in Party
        if party in days
    )
