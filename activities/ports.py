"""What activities need of the outside: one small protocol each. Gateways implement them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import Protocol

from filing.application import Application
from filing.authority import AuthorityReport, Standing, WithdrawalAnswer
from filing.batches import BatchCounts
from filing.display import DisplayState, Duty, NumberCancelled
from filing.files import FileFacts
from filing.holdings import Claim, Holdings
from filing.listing import Verdict
from filing.notices import Delivery, Notice
from filing.problems import Problem
from filing.process.state import State
from filing.records import Entry, Told
from filing.sweep import Known
from filing.windows import Arrangement


class Records(Protocol):
    """The registry, as a filing's record."""

    async def write(
        self, state: State, entries: tuple[Entry, ...], told: Told | None = None
    ) -> tuple[int, ...]:
        """Upsert the filing's row (never backwards in `sequence`, or in what one run told), append
        the entries, all in one transaction; the current round's application is kept beside it.

        Other content under a sequence supersedes the older where the same run told it before: that
        was in a task that was lost. Else it is a conflict: the older stays in force, the new one is
        kept under a purpose of its own (`conflict-…`), and its sequence is in the answer.
        """
        ...

    async def refuse(self, uid: str, entry: Entry) -> None:
        """Put on record that an application was not accepted, and close the row that `start` may
        have written of it."""
        ...

    async def instants(self, uid: str, entries: tuple[Entry, ...]) -> dict[int, datetime]:
        """When those of the entries that are on record already happened, by sequence: the same but
        for their instant. An attempt that was lost had written them."""
        ...

    async def claim(self, opening: State) -> Claim:
        """Claim the subject and the mini program of a filing that begins, both or neither, keyed by
        its uid: claiming again is no second claim. An ended filing holds nothing any more."""
        ...

    async def holdings(self, application: Application) -> Holdings:
        """What is on file with the bureaus that the application touches."""
        ...

    async def claim_number(self, number: str, uid: str) -> bool:
        """Whether the filing number is free or this filing's own; claims it in the same step."""
        ...


class NotSent(Exception):
    """A channel refused a notice for certain: nothing arrived, so it may be sent again.
    The text names the kind of channel and holds no address."""


class MayHaveArrived(Exception):
    """A channel neither took a notice nor refused it for certain. The text holds no address."""


class AnotherTells(Exception):
    """Another filing's notice is about to tell of the same cause: ask again whether it did."""


class Ledger(Protocol):
    """The notice ledger: makes a repeated activity send once."""

    async def begin(self, notice: Notice, since: datetime | None = None) -> Delivery | None:
        """Before sending; `since` is when the filing had it to tell. `ALREADY_SENT` and `SHARED`: do
        not send. `POSSIBLY_DOUBLED`: an attempt began and its end is unknown; send, and say so.
        None: send. Raises `AnotherTells`."""
        ...

    async def end(self, notice: Notice, delivery: Delivery) -> None:
        """After sending."""
        ...

    async def failed(self, notice: Notice, reason: str) -> None:
        """The channel refused it for certain: nothing arrived. `reason` holds no address."""
        ...

    async def doubtful(self, notice: Notice, again_after: timedelta) -> None:
        """It may have arrived, and is sent once more after so long."""
        ...


class Channels(Protocol):
    """The ways in which people are told."""

    async def send(self, notice: Notice) -> Delivery:
        """Send through every channel of the audience: `SENT` or `NO_CHANNEL`. Raises `NotSent` when
        a channel refused, `MayHaveArrived` where that is left open."""
        ...


class OrderInTheWay(Exception):
    """An order of another round or filing is still under review with the authority, which the
    bureau decided on past us: it must end there first."""


class NotNow(Exception):
    """The authority cannot be asked now, and trying again heals it: no sooner than `after`, where
    that is known. The text holds no personal data."""

    after: timedelta | None = None


class MustBeMended(Exception):
    """The authority takes no such call until somebody changes a setting or an authorisation, which
    the text names, in plain English and free of personal data. `for_all`: the same setting stops
    every filing, as the platform's secret does."""

    for_all: bool = False


class Stops(Protocol):
    """What is known of stops that all filings share."""

    async def over(self) -> None:
        """The authority takes calls again: a stop from here on is another one."""
        ...


class Pace(Protocol):
    """How often the authority may be asked about one filing that waits."""

    async def pause(self, appid: str, standing: Standing) -> timedelta | None:
        """The least pause before the next question about this mini program, whose order stands so;
        None where any is fine. Never raises."""
        ...


class Authority(Protocol):
    """What takes a filing to the bureau. Raises `NotNow` and `MustBeMended`."""

    async def submit(self, application: Application, uid: str, round: int) -> AuthorityReport:
        """Hand the application of a filing's round over, once, however often this is called; gives
        where it stands then. Asks first whether an order is there already: another round's or
        filing's is in the way, `OrderInTheWay`. A refusal for its content is a report `RETURNED` with
        reasons, not an error. `ABSENT` with an open entry: it was there, and is not any more."""
        ...

    async def status(self, appid: str) -> AuthorityReport:
        """Where the order stands now."""
        ...

    async def withdraw(self, appid: str, uid: str | None) -> WithdrawalAnswer:
        """Take the order back, where the authority still allows it: the filing's own, whose uid this
        is. Where it handed nothing over, nothing is there to be taken back."""
        ...


class ListedNames(Protocol):
    """What the authority's lists were when they were fetched last."""

    async def unlisted(self, application: Application) -> tuple[Problem, ...]:
        """A warning for each name of the application that they do not know; none where they were
        never fetched. Asks nobody."""
        ...


class Materials(Protocol):
    """The materials store: files by content."""

    async def facts(self, sha256: str, file: str) -> FileFacts:
        """Facts of a stored file; `problem="missing"` where the store has no such content, `unreadable`
        where its bytes are no longer those of its name."""
        ...

    async def read(self, sha256: str) -> bytes:
        """A stored file's bytes, checked against their hash."""
        ...


class Listed(Protocol):
    """The inventory of mini programs, and which of them are marked for clear-out."""

    async def page(self, after: str, size: int) -> list[Known]:
        """The next mini programs of the inventory, in order of their appids."""
        ...

    async def mark(self, verdicts: dict[str, Verdict], day: date) -> tuple[int, int]:
        """Mark those whose clear-out has begun, and lift the marks that hold no more; how many of
        each are new. `verdicts`: those of the day, by appid. The same twice changes nothing."""
        ...

    def alone(self) -> AbstractAsyncContextManager[bool]:
        """Whether nobody else is telling people now; nobody will while this is open."""
        ...


class OpenDisplays(Protocol):
    """The workflows that see to it that numbers are shown."""

    async def begin(self, duty: Duty) -> None:
        """Start one; a second for the same number does nothing."""
        ...

    async def end(self, number: str, message: NumberCancelled) -> None:
        """Tell one that its number is no longer in force; nothing where none is open."""
        ...


class Rows(Protocol):
    """What does the rows of batches."""

    async def carry_out(
        self, batch: str, size: int, *, stopping: Callable[[], bool]
    ) -> BatchCounts:
        """Do the next rows, at most `size`, at the batch's pace, none any more once `stopping`; how
        far the batch has come. A row that was done is not done again, whoever had begun it.

        Raises what trying again can heal; nobody's number or name is in its text."""
        ...


class Displays(Protocol):
    """The registry, as the record of whether numbers are shown."""

    async def waiting(self, number: str) -> tuple[str, ...]:
        """The numbers not shown yet: this one, or all of this subject's."""
        ...

    async def write(self, state: DisplayState) -> None:
        """Upsert the number's row, never backwards in `sequence`; the same twice changes nothing."""
        ...


class Calendar(Protocol):
    """The working-day calendar."""

    async def arrangement(self) -> Arrangement:
        """What is known now."""
        ...
