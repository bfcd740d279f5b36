"""What operations would have seen of a simulated year. Pure; the same tally gives the same report."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import chain

from filing.model import Model
from filing.vocabulary import Status
from filing.windows import WindowTerms
from operations.simulation.arrivals import moment
from operations.simulation.days import Days
from operations.simulation.desk import Demand
from operations.simulation.habits import Habits
from operations.simulation.tally import OPEN, Stretches, Tally

BUSIEST = 5
SHARES = (0.95, 0.99)


class Peak(Model):
    """The most at once, and when that was first so (China time)."""

    count: int
    at: datetime | None


class NeededReviewers(Model):
    """How many reviewers it takes for this share of reviews to end inside their window."""

    share: float
    reviewers: int | None
    """None: no number is enough, for what arrives late in the day waits until the next."""


class Reviewers(Model):
    """The platform's review as a queue."""

    count: int
    reviews_per_hour: float
    """Of one reviewer, in a working hour."""
    utilisation: float
    """Share of their working time that the year's reviews took."""
    queue_peak: Peak
    share_in_time: float
    """Of the reviews that were done, also in the days after the year."""
    needed: tuple[NeededReviewers, ...]


class StageReport(Model):
    """All stays in one stage."""

    stage: Status
    entered: int
    left: int
    open: int
    overdue: int
    overdue_share: float | None
    median_working_days: int | None
    p95_working_days: int | None
    median_hours: float | None
    p95_hours: float | None
    peak: Peak


class TotalTime(Model):
    """From the start to the approval, of the filings that were approved."""

    approved: int
    median_working_days: int | None
    p95_working_days: int | None


class NoticeCount(Model):
    """Notices of one purpose to one audience."""

    purpose: str
    audience: str
    count: int


class BusyDay(Model):
    """One day."""

    day: date
    started: int
    reviews: int
    """Filings that began to wait for the platform's review."""
    decided: int
    """Filings that left the platform's review."""
    ended: int
    notices: int


class CalendarUsed(Model):
    """The working-day calendar of the year."""

    version: str
    announced: bool
    """Whether the State Council's arrangement of the year is known."""
    working_days: int
    provisional_windows: int


class Report(Model):
    """The whole report; `simulate --json` prints it."""

    filings: int
    seed: int
    year: int
    started: int
    ended: int
    open: int
    by_status: dict[Status, int]
    open_peak: Peak
    reviewers: Reviewers
    stages: tuple[StageReport, ...]
    total: TotalTime
    sms_lapses: int
    first_time_approval: float | None
    """Approved in the first round, of all that ended."""
    first_review_passed: float | None
    """Of the platform's first reviews."""
    rounds: dict[int, int]
    """Ended filings by how many rounds they took."""
    holds: int
    refusals: dict[str, int]
    notices: tuple[NoticeCount, ...]
    busiest: tuple[BusyDay, ...]
    calendar: CalendarUsed
    entries: int
    events: int
    terms: WindowTerms
    habits: Habits


def build_report(
    *,
    plan: tuple[int, int, int],
    reviewers: int,
    demand: Demand,
    tally: Tally,
    days: Days,
    habits: Habits,
) -> Report:
    """Read the report off a year that was played; `plan` is filings, seed and year."""
    filings, seed, year = plan
    working = days.working(date(year, 1, 1), date(year, 12, 31))
    ended = sum(count for status, count in tally.standing.items() if status.final)
    queue = tally.stages[Status.PLATFORM_REVIEW]
    seconds = len(working) * habits.reviewers.minutes_a_day * 60
    return Report(
        filings=filings,
        seed=seed,
        year=year,
        started=len(tally.filings.entered),
        ended=ended,
        open=sum(tally.standing.values()) - ended,
        by_status={status: tally.standing[status] for status in Status},
        open_peak=_peak(tally.filings),
        reviewers=Reviewers(
            count=reviewers,
            reviews_per_hour=_rounded(60 / habits.reviewers.minutes),
            utilisation=_rounded(min(demand.utilisation(reviewers, seconds), 1)),
            queue_peak=_peak(queue),
            share_in_time=_rounded(demand.share_in_time(reviewers)),
            needed=tuple(
                NeededReviewers(share=share, reviewers=demand.reviewers_for(share))
                for share in SHARES
            ),
        ),
        stages=tuple(_stage(status, stretches) for status, stretches in tally.stages.items()),
        total=TotalTime(
            approved=tally.standing[Status.APPROVED],
            median_working_days=_percentile(tally.filings.working_days, 50),
            p95_working_days=_percentile(tally.filings.working_days, 95),
        ),
        sms_lapses=tally.sms_lapses,
        first_time_approval=_share(tally.approved_first, ended),
        first_review_passed=_share(
            tally.first_reviews["passed"], sum(tally.first_reviews.values())
        ),
        rounds=dict(sorted(tally.rounds.items())),
        holds=tally.holds,
        refusals=dict(sorted(tally.refusals.items())),
        notices=tuple(
            NoticeCount(purpose=purpose, audience=audience, count=count)
            for (purpose, audience), count in sorted(tally.notices.items())
        ),
        busiest=_busiest(tally),
        calendar=CalendarUsed(
            version=days.arrangement.version,
            announced=year in days.arrangement.published_years,
            working_days=len(working),
            provisional_windows=tally.provisional,
        ),
        entries=tally.entries,
        events=tally.events,
        terms=days.terms,
        habits=habits,
    )


def _stage(status: Status, stretches: Stretches) -> StageReport:
    entered = len(stretches.entered)
    seconds = [
        left - begun
        for begun, left in zip(stretches.entered, stretches.left, strict=True)
        if left != OPEN
    ]
    median, p95 = _percentile(seconds, 50), _percentile(seconds, 95)
    return StageReport(
        stage=status,
        entered=entered,
        left=len(seconds),
        open=entered - len(seconds),
        overdue=stretches.overdue,
        overdue_share=_share(stretches.overdue, entered),
        median_working_days=_percentile(stretches.working_days, 50),
        p95_working_days=_percentile(stretches.working_days, 95),
        median_hours=None if median is None else round(median / 3600, 1),
        p95_hours=None if p95 is None else round(p95 / 3600, 1),
        peak=_peak(stretches),
    )


def _peak(stretches: Stretches) -> Peak:
    changes = sorted(
        chain(
            ((at, 1) for at in stretches.entered),
            # At the same instant who leaves makes room first.
            ((at, -1) for at in stretches.left if at != OPEN),
        ),
    )
    count, most, when = 0, 0, None
    for at, change in changes:
        count += change
        if count > most:
            most, when = count, at
    return Peak(count=most, at=None if when is None else moment(when))


def _percentile(values: Sequence[int], percent: int) -> int | None:
    """By nearest rank: one of the values, never between two."""
    if not values:
        return None
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def _share(part: int, whole: int) -> float | None:
    return _rounded(part / whole) if whole else None


def _rounded(share: float) -> float:
    return round(share, 4)


def _busiest(tally: Tally) -> tuple[BusyDay, ...]:
    """The days on which most filings began to wait for our reviewers."""
    days = sorted({day for _, day in tally.daily})
    days.sort(key=lambda day: -tally.daily["reviews", day])
    return tuple(
        BusyDay(
            day=day,
            started=tally.daily["started", day],
            reviews=tally.daily["reviews", day],
            decided=tally.daily["decided", day],
            ended=tally.daily["ended", day],
            notices=tally.daily["notices", day],
        )
        for day in days[:BUSIEST]
    )
