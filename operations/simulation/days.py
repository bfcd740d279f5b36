"""Days of a simulated year: windows and counts by the rules of `filing/`, kept once computed.

Nothing is counted here by rules of its own: a window of days depends on its start's *day* only, so
it is opened once a day, stage and offset by `filing.window_rules`, and used again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from filing.vocabulary import Status
from filing.window_rules import RULES, Unit, open_window
from filing.windows import Arrangement, Window, WindowRequest, WindowTerms
from filing.workdays import is_working_day, start_of

ONE_DAY = timedelta(days=1)
NEVER = 1 << 40
"""An instant that no simulated year reaches, in seconds since 1970."""


class Days:
    """The working days of an arrangement, in a year and the one after."""

    def __init__(self, arrangement: Arrangement, terms: WindowTerms, year: int) -> None:
        self.arrangement = arrangement
        self.terms = terms
        self._known = lru_cache(None)(self._open_at_midnight)
        first, last = date(year - 1, 12, 31), date(year + 1, 12, 31)
        self._first = first.toordinal()
        days = (first + ONE_DAY * n for n in range((last - first).days + 1))
        self._worked = list(accumulate(map(self.is_working, days)))
        """Working days up to each day."""

    def is_working(self, day: date) -> bool:
        """Whether offices work."""
        return is_working_day(self.arrangement, day)

    def working(self, first: date, last: date) -> list[date]:
        """The working days from `first` to `last`."""
        days = (first + ONE_DAY * n for n in range((last - first).days + 1))
        return [day for day in days if self.is_working(day)]

    def open(self, request: WindowRequest) -> Window:
        """What `open_window` gives for the request, most of it from memory."""
        unit = RULES[request.stage].unit
        if request.holds or unit is Unit.HOURS:
            return open_window(request, self.arrangement, self.terms)
        entered_at = request.entered_at
        known = self._known(request.stage, request.start.date(), request.offset_seconds)
        if entered_at >= known.due_at:  # more escalations may have to be named
            return open_window(request, self.arrangement, self.terms)
        alarms = known.alarms
        told_until = request.told_until or entered_at
        if alarms and alarms[0].at <= told_until:
            alarms = tuple(alarm for alarm in alarms if alarm.at > told_until)
        return known.model_copy(
            update={"round": request.round, "start": request.start, "alarms": alarms}
        )

    def _open_at_midnight(self, stage: Status, day: date, offset_seconds: int) -> Window:
        if offset_seconds == 0:
            start = start_of(day)
            request = WindowRequest(stage=stage, round=1, start=start, entered_at=start)
            return open_window(request, self.arrangement, self.terms)
        plain = self._known(stage, day, 0)
        offset = timedelta(seconds=offset_seconds)
        alarms = tuple(a.model_copy(update={"at": a.at + offset}) for a in plain.alarms)
        return plain.model_copy(update={"alarms": alarms})

    def between(self, start: datetime, end: datetime) -> int:
        """What `working_days_between` gives, of instants in China time in the year or the next."""
        if end <= start:
            return 0
        # An end at 00:00 is 24:00 of the day before.
        last = (end - timedelta(microseconds=1)).date()
        return (
            self._worked[last.toordinal() - self._first]
            - (self._worked[start.toordinal() - self._first])
        )


class OfficeHours:
    """When an office works, as one line of seconds that leaves out all other time."""

    def __init__(self, days: Sequence[date], spans: Sequence[tuple[float, float]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = []
        """Office seconds before each span, then those after it."""
        self._after: list[int] = []
        total = 0
        for day in days:
            midnight = int(start_of(day).timestamp())
            for begin, end in spans:
                self._starts.append(midnight + round(begin * 3600))
                self._ends.append(midnight + round(end * 3600))
                self._before.append(total)
                total += self._ends[-1] - self._starts[-1]
                self._after.append(total)

    def at(self, instant: int) -> int:
        """How many office seconds lie before an instant (seconds since 1970)."""
        n = bisect_right(self._starts, instant) - 1
        if n < 0:
            return 0
        return self._before[n] + min(instant, self._ends[n]) - self._starts[n]

    def instant(self, office: int) -> int:
        """The instant at which so many office seconds have been worked; `NEVER` after its last day."""
        n = bisect_left(self._after, office)
        if n == len(self._after):
            return NEVER
        return self._starts[n] + office - self._before[n]
