"""The reviewers' desk: one queue, first come, first served, by so many reviewers in office hours."""

from collections.abc import Sequence
from heapq import heapreplace

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

    They arrive, and are taken back, as they did; by as many reviewers as there were they end as
    they did. One reviewer more makes each end as early or earlier, but for the few that nobody takes
    back any more, so that the smallest number that is enough can be searched by halves.
    """

    def __init__(self, office: OfficeHours, entries: Sequence[Entry]) -> None:
        self._work = [
            (office.at(e.at), e.takes, office.at(e.due), office.at(e.leaves)) for e in entries
        ]
        self._known: dict[int, tuple[float, int]] = {}

    def share_in_time(self, reviewers: int) -> float:
        """Share of the reviews that end inside their window."""
        return self._reviewed(reviewers)[0]

    def utilisation(self, reviewers: int, seconds: float) -> float:
        """Share of `seconds` of each reviewer's time that the reviews take."""
        return self._reviewed(reviewers)[1] / (reviewers * seconds)

    def _reviewed(self, reviewers: int) -> tuple[float, int]:
        """The share that ends in time, and the seconds worked."""
        if reviewers not in self._known:
            self._known[reviewers] = self._play(reviewers)
        return self._known[reviewers]

    def _play(self, reviewers: int) -> tuple[float, int]:
        free = [0] * reviewers
        in_time = reviewed = worked = 0
        for arrives, takes, due, leaves in self._work:
            turn = max(arrives, free[0])
            if leaves <= turn:
                continue
            done = turn + takes
            heapreplace(free, done)
            reviewed += 1
            worked += takes
            in_time += done <= due
        return (in_time / reviewed if reviewed else 1.0), worked

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
