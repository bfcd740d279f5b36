"""What happened to the filings of one part of a simulated year, counted; parts are added up."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self

from filing.process.state import State
from filing.vocabulary import Status
from filing.window_rules import RULES

OPEN = -1
"""The end of what has none yet."""


@dataclass
class Stretches:
    """Each time that a filing was in a stage, or was open at all: numbers side by side."""

    entered: "array[int]" = field(default_factory=lambda: array("q"))
    left: "array[int]" = field(default_factory=lambda: array("q"))
    """Seconds since 1970; `OPEN`."""
    working_days: "array[int]" = field(default_factory=lambda: array("q"))
    """Of those that ended."""
    overdue: int = 0

    def closed(self, entered: datetime, left: datetime, working_days: int) -> None:
        """One that ended."""
        self.entered.append(int(entered.timestamp()))
        self.left.append(int(left.timestamp()))
        self.working_days.append(working_days)

    def still(self, entered: datetime) -> None:
        """One that goes on after the year."""
        self.entered.append(int(entered.timestamp()))
        self.left.append(OPEN)

    def __iadd__(self, other: Self) -> Self:
        self.entered += other.entered
        self.left += other.left
        self.working_days += other.working_days
        self.overdue += other.overdue
        return self


@dataclass
class Tally:
    """Counts. Adding up is in any order: the sum is the same."""

    stages: dict[Status, Stretches] = field(
        default_factory=lambda: {status: Stretches() for status in RULES}
    )
    filings: Stretches = field(default_factory=Stretches)
    """From start to end; `working_days` of the approved ones only."""
    standing: Counter[Status] = field(default_factory=Counter)
    """Where the filings stand at the end."""
    approved_first: int = 0
    """Approved in their first round."""
    first_reviews: Counter[str] = field(default_factory=Counter)
    """First platform reviews: `passed`, `returned`."""
    sms_lapses: int = 0
    rounds: Counter[int] = field(default_factory=Counter)
    """Rounds of the filings that ended."""
    notices: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By purpose and audience."""
    refusals: Counter[str] = field(default_factory=Counter)
    """By code."""
    holds: int = 0
    provisional: int = 0
    """Windows that rested on a year not announced, when they were opened."""
    entries: int = 0
    """Entries in the registry."""
    events: int = 0
    """Events that the process was given."""
    daily: Counter[tuple[str, date]] = field(default_factory=Counter)
    """`started`, `reviews` (begun waiting), `decided`, `notices`, `ended`, by day."""

    def moved(self, before: State, after: State, working_days: int) -> None:
        """A filing left a stage."""
        stretches = self.stages[before.status]
        stretches.closed(before.entered_at, after.entered_at, working_days)
        stretches.overdue += before.overdue
        if before.status is Status.PLATFORM_REVIEW:
            if before.round == 1 and after.status is not Status.WITHDRAWN:
                passed = after.status is Status.SUBMISSION
                self.first_reviews["passed" if passed else "returned"] += 1
            self.daily["decided", after.entered_at.date()] += 1
        if after.sms_lapsed and not before.sms_lapsed:
            self.sms_lapses += 1

    def ended(self, state: State, working_days: int) -> None:
        """A filing reached its final status."""
        status = state.status
        self.standing[status] += 1
        self.rounds[state.round] += 1
        self.filings.entered.append(int(state.started_at.timestamp()))
        self.filings.left.append(int(state.entered_at.timestamp()))
        if status is Status.APPROVED:
            self.filings.working_days.append(working_days)
            self.approved_first += state.round == 1
        self.daily["ended", state.entered_at.date()] += 1

    def stays(self, state: State) -> None:
        """A filing is open at the end of the year."""
        self.standing[state.status] += 1
        self.filings.still(state.started_at)
        self.stages[state.status].still(state.entered_at)
        self.stages[state.status].overdue += state.overdue

    def __iadd__(self, other: Self) -> Self:
        for status, stretches in other.stages.items():
            self.stages[status] += stretches
        self.filings += other.filings
        self.standing += other.standing
        self.first_reviews += other.first_reviews
        self.rounds += other.rounds
        self.notices += other.notices
        self.refusals += other.refusals
        self.daily += other.daily
        self.approved_first += other.approved_first
        self.sms_lapses += other.sms_lapses
        self.holds += other.holds
        self.provisional += other.provisional
        self.entries += other.entries
        self.events += other.events
        return self
