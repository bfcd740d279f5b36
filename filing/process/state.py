"""The state of one filing: everything the process knows, in one object that is carried whole."""

from datetime import datetime

from filing.application import Application, one_phone
from filing.authority import AuthorityReport, Reason
from filing.model import Model
from filing.vocabulary import AuthorityMode, Party, Principal, Status
from filing.windows import Window

REFUSALS_KEPT = 50
RULES = 1
"""Version of the rules that new filings begin with."""


class TimelineEntry(Model):
    """One thing that happened: the status that it led to, who did it, and a note in Chinese."""

    at: datetime
    status: Status
    by: str
    note: str


class Refusal(Model):
    """A message that was not applied, and what would have been right (Chinese)."""

    at: datetime
    message: str
    """Name of the signal or update."""
    by: str | None = None
    code: str
    explanation: str


class SmsCheck(Model):
    """One completed SMS check. `at` is when it was passed, as far as it is known."""

    person: Principal
    at: datetime
    source: str


class Stretch(Model):
    """A closed stretch during which one party had the filing."""

    party: Party
    start: datetime
    end: datetime
    working_days: int


class EarlyFact(Model):
    """A fact of the current round that came before its stage; it counts when the stage opens."""

    name: str
    at: datetime
    source: str
    report: AuthorityReport | None = None
    check: SmsCheck | None = None


class State(Model):
    """One filing. All instants are aware; what people read of them is China time."""

    rules: int = RULES
    filing_id: str
    uid: str
    application: Application
    mode: AuthorityMode
    status: Status
    round: int = 1
    sequence: int = 0
    """Number of the last entry in the registry; goes on over continue-as-new."""
    started_at: datetime
    entered_at: datetime
    window: Window | None = None
    overdue: bool = False
    submitted_at: datetime | None = None
    received_at: datetime | None = None
    """The authority's receipt: the SMS window runs from it."""
    sms: tuple[SmsCheck, ...] = ()
    early: tuple[EarlyFact, ...] = ()
    standing: str | None = None
    """The authority's last known standing of this round (`filing.authority.Standing`)."""
    reasons: tuple[Reason, ...] = ()
    filing_number: str | None = None
    subject_number: str | None = None
    decision_ids: tuple[str, ...] = ()
    """Ids of applied decisions: a second one of the same id is a duplicate."""
    duplicates_recorded: tuple[str, ...] = ()
    events_seen: tuple[str, ...] = ()
    """Ids of the authority's events that were applied or kept."""
    refused: tuple[Refusal, ...] = ()
    """The last `REFUSALS_KEPT`; all are in the registry."""
    refused_count: int = 0
    timeline: tuple[TimelineEntry, ...] = ()
    time_with: tuple[Stretch, ...] = ()

    @property
    def principals_due(self) -> tuple[Principal, ...]:
        """Who must pass the SMS check: both for `new`, once where one phone serves both."""
        if one_phone(self.application):
            return (Principal.SUBJECT,)
        return (Principal.SUBJECT, Principal.MINI_PROGRAM)
