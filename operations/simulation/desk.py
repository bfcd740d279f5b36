"""The reviewers' desk: one queue, first come, first served, by so many reviewers in office hours."""

from collections.abc import Sequence
from heapq import heapify, heapreplace

from operations.simulation.days import NEVER, OfficeHours
from operations.simulation.shell import Entry

MOST_REVIEWERS = 100_000


class Desk:
    """Reviews entries in the order in which they are given: that of their arrival."""

    def __init__(self, office: OfficeHours, reviewers: int) -> None:
        self._office = office
        self._free = [0] * reviewers
        """Office second from which each reviewer is free; a heap."""

    def review(self, entry: Entry) -> int:
        """When the review is done; `NEVER` where the filing was taken back before its turn."""
        turn = max(self._office.at(entry.at), self._free[0])
        if entry.leaves < NEVER and self._office.at(entry.leaves) <= turn:
            return NEVER
        heapreplace(self._free, turn + entry.takes)
        return self._office.instant(turn + entry.takes)


class Demand:
    """The reviews of a year that was played, to be done again by other numbers of reviewers.

    Their arrivals are taken as they were. Nobody takes a filing back here, so that one reviewer
    more makes each review end as early or earlier: the smallest number can be searched by halves.
    """

    def __init__(self, office: OfficeHours, entries: Sequence[Entry]) -> None:
        counted = [entry for entry in entries if entry.due < NEVER]
        self._work = [(office.at(e.at), e.takes, office.at(e.due)) for e in counted]

    @property
    def seconds(self) -> int:
        """Seconds of reviewers' time that all of them take."""
        return sum(takes for _, takes, _ in self._work)

    def share_in_time(self, reviewers: int) -> float:
        """Share of the reviews that end inside their window."""
        if not self._work:
            return 1.0
        free = [0] * reviewers
        heapify(free)
        in_time = 0
        for arrives, takes, due in self._work:
            done = max(arrives, free[0]) + takes
            heapreplace(free, done)
            in_time += done <= due
        return in_time / len(self._work)

    def reviewers_for(self, share: float) -> int | None:
        """The fewest with whom at least this share ends in time; None where no number is enough."""
        high = 1
        while self.share_in_time(high) < share:
            if high >= MOST_REVIEWERS or high > len(self._work):
                return None
            high *= 2
        low = high // 2  # not enough, or 0
        while high - low > 1:
            middle = (low + high) // 2
            if self.share_in_time(middle) < share:
                low = middle
            else:
                high = middle
        return high
