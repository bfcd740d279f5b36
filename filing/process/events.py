"""Events that a filing meets, and effects that follow, as data.

What travels to an activity or to the next run is a model; the rest is made and read inside one
process, by us alone, and is a dataclass, which costs a third.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from filing.application import Application
from filing.authority import NOTHING_KNOWN, AuthorityReport, Known, WithdrawalAnswer
from filing.model import Model
from filing.notices import Notice
from filing.problems import Problem
from filing.process.state import Refusal, State, Stretch
from filing.records import Entry
from filing.windows import Window, WindowRequest


@dataclass(frozen=True, slots=True)
class Lookup:
    """What was found out for a message before it is applied; None where it was not asked."""

    number_free: bool | None = None
    problems: tuple[Problem, ...] | None = None
    automatic: bool = False
    """Whether the platform's review is passed by itself: set so, and no check warned."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a person or a system sent; `args` as they came (JSON)."""

    name: str
    args: tuple[Any, ...]
    at: datetime
    lookup: Lookup = Lookup()

    @property
    def shown_name(self) -> str:
        """Its name as it may be shown: what a sender made up is cut and stripped."""
        return "".join(c for c in self.name if c.isprintable())[:60] or "?"


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Temporal's own cancel request: a withdrawal."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Reported:
    """What the authority said when it was asked. `round`: the round that it was asked in."""

    report: AuthorityReport
    at: datetime
    round: int
    by: str = "authority"
    answers: bool = True
    """Whether it answers a question of ours; else somebody told it, and it may tell but a part."""
    lookup: Lookup = Lookup()


@dataclass(frozen=True, slots=True)
class WithdrawalAnswered:
    """What the authority said when asked to give the order back."""

    answer: WithdrawalAnswer
    at: datetime
    round: int
    """The round that it was asked in."""
    by: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Clock:
    """An instant that the filing waited for has come."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """The filings that had the subject or the mini program have ended; both are this one's now.
    `application` holds what is on file by then, `problems` what is wrong with it."""

    at: datetime
    application: Application
    problems: tuple[Problem, ...] = ()


class Recorded(Model):
    """Written down: with the window that was opened, and the stretches that closed, counted."""

    window: Window | None = None
    stretches: tuple[Stretch, ...] = ()
    conflicts: tuple[int, ...] = ()
    instants: tuple[datetime, ...] = ()
    """When each entry happened, as it is on record."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A notice could not be delivered while it still made sense."""

    notice: Notice
    at: datetime


Event = (
    Message
    | CancelRequested
    | Reported
    | WithdrawalAnswered
    | Clock
    | Claimed
    | Recorded
    | Undelivered
)


class Record(Model):
    """Write the entries; open the window; count the working days of the stretches that closed."""

    entries: tuple[Entry, ...]
    opens: WindowRequest | None = None
    closes: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a notice."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class HandOver:
    """Hand the application to the authority and wait until it has taken it to the bureau, or says
    something else than what is known."""

    known: Known = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Watch:
    """Ask the authority until it says something else than what is known."""

    known: Known


@dataclass(frozen=True, slots=True)
class AwaitClaim:
    """Claim the subject and the mini program as soon as no other filing has them."""


@dataclass(frozen=True, slots=True)
class StopAsking:
    """Nothing more is expected of the authority in this round."""


@dataclass(frozen=True, slots=True)
class AskOnce:
    """Ask the authority now: the window ran out and its word wins."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Ask what is being asked of the authority again, at once: something has changed there."""


@dataclass(frozen=True, slots=True)
class AskWithdrawal:
    """Ask the authority to give the order back."""

    by: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class StopWithdrawing:
    """The order is not to be given back any more; an attempt under way may do it all the same."""


@dataclass(frozen=True, slots=True)
class FindOut:
    """Find out about a number or an application, then hand the same event in again with it."""

    event: Message | Reported
    number: str | None = None
    application: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    """Hand this event in next: a fact that came early counts now."""

    event: Reported


Effect = (
    Record
    | Tell
    | HandOver
    | Watch
    | AwaitClaim
    | StopAsking
    | AskOnce
    | AskAgain
    | AskWithdrawal
    | StopWithdrawing
    | FindOut
    | Follow
)


class Step(NamedTuple):
    """The outcome of one event: the new state, the effects in order, and the refusal, if it was one.
    `withdrawal` is the refusal of a withdrawal that was pending."""

    state: State
    effects: tuple[Effect, ...] = ()
    refusal: Refusal | None = None
    withdrawal: Refusal | None = None


class Untold(Model):
    """A notice that is still to be sent, and until when it makes sense."""

    notice: Notice
    until: datetime


class Carried(Model):
    """What a run hands to the next when the history has grown long: the whole state, and what
    was still under way."""

    state: State
    notices: tuple[Untold, ...] = ()
    ask_once: bool = False
    unrecorded: tuple[Entry, ...] = ()
    """Refusals that are still to be written."""
