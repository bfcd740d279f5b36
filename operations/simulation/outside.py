"""The world outside of one filing: what the authority knows, the principals, the bureau; and chance."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log
from random import Random

from filing.authority import AuthorityReport, FaceCheck, Reason, Standing
from filing.divisions import abbreviation
from filing.model import unchecked
from filing.workdays import start_of
from operations.simulation.arrivals import hours
from operations.simulation.days import ONE_DAY
from operations.simulation.habits import AuthorityHabits, Bureau, Delay, Principals

LAPSE_AFTER = timedelta(hours=24)
"""The authority's own 24 hours for the SMS check, from its receipt (`domain.md` 3.3)."""
FACE_CHECK_FOR = timedelta(hours=24)
"""How long a face check can be passed."""
_LONGEST = 10_000.0
"""Hours or days after which a delay is cut off: no year is that long."""

_AUTHORITY_REASONS = (Reason(field="materials", reason="证件照片不清晰"),)
_BUREAU_REASONS = (Reason(field="mini_program.remark", reason="备注与实际服务不符"),)

_report = unchecked(AuthorityReport)

News = tuple[datetime, AuthorityReport]
"""What the authority will say, and from when."""


class Chance:
    """All that is random about one filing: the same for the same seed, whatever others do."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)  # noqa: S311 - nothing secret: a simulation

    def happens(self, share: float) -> bool:
        """Whether something does that does in this share of cases."""
        return self.rng.random() < share

    def some(self, delay: Delay) -> float:
        """One of the times that a delay takes."""
        return min(self.rng.lognormvariate(log(delay.median), delay.spread), _LONGEST)

    def within(self, day: date, first: int, last: int) -> datetime:
        """An instant between two hours of a day."""
        return start_of(day) + timedelta(seconds=self.rng.randrange(first * 3600, last * 3600))


@dataclass(frozen=True)
class Closures:
    """When the bureaus of a year work."""

    working_days: tuple[date, ...]
    """Of this year and the next."""
    outage: tuple[datetime, datetime] | None
    province: str | None
    """Whose bureau's system is down in the outage."""

    def outage_of(self, province: str) -> tuple[datetime, datetime] | None:
        """When that bureau's system is down, if ever."""
        return self.outage if province == self.province else None

    def working_day(self, province: str, start: date, count: int) -> date:
        """The `count`-th day after `start` on which that bureau works."""
        outage = self.outage_of(province)
        days = self.working_days
        for n in range(bisect_right(days, start), len(days)):
            if outage is None or not outage[0].date() <= days[n] < outage[1].date():
                count -= 1
            if count == 0:
                return days[n]
        return days[-1]


class Order:
    """One round's order with the authority. What it will say lies ahead until it has come."""

    def __init__(self, chance: Chance, habits: AuthorityHabits, handed_over: datetime) -> None:
        self._chance = chance
        self.received_at = handed_over + hours(chance.some(habits.hours))
        """By the bureau; or returned then."""
        self._returned = chance.happens(habits.returned)
        self._verified_at: datetime | None = None
        """The last SMS check that was due; far away where somebody forgets."""
        self._decision: News | None = None
        self.rejects_at: datetime | None = None
        """When the bureau refuses for good, which only a person tells us."""

    def receipt(self) -> News:
        """What comes of the submission."""
        if self._returned:
            report = _report(standing=Standing.RETURNED, reasons=_AUTHORITY_REASONS)
        else:
            report = _report(standing=Standing.SMS_WAITING, at=self.received_at)
        return self.received_at, report

    def sms(self, habits: Principals, persons: int) -> News:
        """What comes of the SMS check."""
        if self._verified_at is None:
            self._verified_at = max(self._check(habits) for _ in range(persons))
        lapses_at = self.received_at + LAPSE_AFTER
        if self._verified_at <= lapses_at:
            at = self._verified_at
            return at, _report(standing=Standing.BUREAU_REVIEW, at=at)
        return lapses_at, _report(standing=Standing.SMS_LAPSED, at=lapses_at)

    @staticmethod
    def face_check(
        habits: Principals, chance: Chance, at: datetime, standing: Standing | None
    ) -> News | None:
        """What the authority says at `at` of the face check that it wants first; None where there
        is none, or none any more."""
        if habits.face_check is None or standing is Standing.CHECKING:
            return None
        ends_at = at + FACE_CHECK_FOR
        if standing is Standing.FACE_CHECK:
            passed_at = at + hours(chance.some(habits.face_check))
            if passed_at <= ends_at:
                return passed_at, AuthorityReport(standing=Standing.CHECKING)
            at, ends_at = ends_at, ends_at + FACE_CHECK_FOR
        task = FaceCheck(task_id=at.isoformat(), expires_at=ends_at)
        return at, AuthorityReport(standing=Standing.FACE_CHECK, face_check=task)

    def _check(self, habits: Principals) -> datetime:
        """When one person confirms."""
        first, last = habits.awake
        forgets = self._chance.happens(habits.forgets)
        at = self.received_at + hours(self._chance.some(habits.hours))
        if not first <= at.hour < last:
            day = at.date() if at.hour < first else at.date() + ONE_DAY
            at = self._chance.within(day, first, min(first + 2, last))
        return start_of(date.max) if forgets else at

    def decision(self, bureau: Bureau, closures: Closures, start: date, index: int) -> News | None:
        """What comes of the bureau's review, `start` being its window's day; None where it rejects."""
        if self._decision is None and self.rejects_at is None:
            needed = max(round(self._chance.some(bureau.days)), 1)
            day = closures.working_day(bureau.name, start, needed)
            at = self._chance.within(day, 9, 17)
            chance = self._chance.rng.random()
            if chance < bureau.rejected:
                self.rejects_at = at
            elif chance < bureau.rejected + bureau.returned:
                report = _report(standing=Standing.BUREAU_RETURNED, reasons=_BUREAU_REASONS)
                self._decision = at, report
            else:
                year = closures.working_days[0].year
                number = f"{abbreviation(bureau.name)}ICP备{year}{index + 1:06d}号-1X"
                self._decision = (
                    at,
                    _report(standing=Standing.APPROVED, at=at, number=number),
                )
        return self._decision


class Asking:
    """When somebody who asks at growing intervals, as the shell's retries do, hears of something."""

    def __init__(self, first: float, longest: float) -> None:
        self._longest = longest
        self._growing = [0.0]
        """Seconds after the first asking at which it is asked again, while the intervals grow."""
        pause = first
        while pause < longest:
            self._growing.append(self._growing[-1] + pause)
            pause *= 2

    def first_after(self, begun: datetime, came_about: datetime) -> datetime:
        """The first asking at or after something came about, where asking began at `begun`."""
        needed = (came_about - begun).total_seconds()
        growing = self._growing
        if needed <= growing[-1]:
            waited = growing[bisect_left(growing, needed)]
        else:
            waited = growing[-1] + self._longest * -(-(needed - growing[-1]) // self._longest)
        return begun + timedelta(seconds=waited)
