"""The state of one filing: everything the process knows, in one object that is carried whole."""

import hashlib
from datetime import datetime
from functools import lru_cache

from filing.application import Application
from filing.authority import AuthorityReport, FaceCheck, Known, Reason, Standing
from filing.changes import sms_addressees
from filing.model import Model, unchecked
from filing.process.stages import STAGES
from filing.vocabulary import CHANGES, AuthorityMode, Party, Principal, Status
from filing.windows import Window

REFUSALS_KEPT = 50
TIMELINE_KEPT = 300
"""Entries of the timeline that the state carries; the registry has all. A bound, for anybody may
hold and resume a filing without end, and a payload must stay below Temporal's 2 MB."""
TIMELINE_CHARACTERS = 40_000
"""Text of all these entries together; long notes leave room for fewer."""
EXPLANATION_CHARACTERS = 1_000
"""Text of one refusal."""
STRETCHES_KEPT = 300
RULES = 1
"""Version of the rules that new filings begin with."""

_known = unchecked(Known)


class TimelineEntry(Model):
    """One thing that happened: the status that it led to, who did it, and a note in Chinese."""

    at: datetime
    status: Status
    by: str
    note: str


def latest(timeline: tuple[TimelineEntry, ...]) -> tuple[TimelineEntry, ...]:
    """The newest entries, as many as are kept."""
    room = TIMELINE_CHARACTERS
    kept = 0
    for entry in reversed(timeline[-TIMELINE_KEPT:]):
        room -= len(entry.note) + len(entry.by)
        if room < 0:
            break
        kept += 1
    return timeline[-kept:] if kept else ()


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


def folded(stretches: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """The stretches, the oldest of each party as one where there are many, so that the working days
    of a party are always their sum."""
    if len(stretches) <= STRETCHES_KEPT:
        return stretches
    oldest: dict[Party, Stretch] = {}
    for stretch in stretches[:-STRETCHES_KEPT]:
        before = oldest.get(stretch.party)
        if before is not None:
            days = before.working_days + stretch.working_days
            stretch = before.model_copy(update={"end": stretch.end, "working_days": days})
        oldest[stretch.party] = stretch
    return (*oldest.values(), *stretches[-STRETCHES_KEPT:])


class PendingWithdrawal(Model):
    """A withdrawal about which the authority is being asked."""

    message: str
    """Name of the signal or update, or `cancel`."""
    by: str
    reason: str | None = None


class EarlyFact(Model):
    """A fact of the current round that came before its stage; it counts when the stage opens."""

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
    queued_behind: str | None = None
    """Workflow id of the filing that it waits, or waited, for."""
    automatic: bool = False
    """Whether the platform's review of the first round passes by itself; known when it leaves the
    queue."""
    started_at: datetime
    entered_at: datetime
    with_since: datetime | None = None
    """Since when who has it now has it, where that changed within the stage."""
    window_start: datetime
    """When the present stage's window began to run; kept while a hold leaves it unopened."""
    window: Window | None = None
    told_until: datetime | None = None
    """Up to when the clock was looked at in the present stage; None: not since it was entered."""
    announced: bool = False
    """Whether the applicant was told that this stage began, or that the filing ended."""
    closing_note: str | None = None
    """Why it ended, where whoever ended it said so."""
    overdue: bool = False
    sent_at: datetime | None = None
    """When this round went on to the authority: nothing that it says can be older."""
    submitted_at: datetime | None = None
    received_at: datetime | None = None
    """The authority's receipt: the SMS window runs from it."""
    sms: tuple[SmsCheck, ...] = ()
    early: tuple[EarlyFact, ...] = ()
    standing: Standing = Standing.ABSENT
    """The authority's last known standing in this round."""
    available: bool = True
    """Whether its entry for filings is open, as it said last in this round."""
    face_check: FaceCheck | None = None
    """The face check that the applicant was told of in this round, without its link: that is in the
    notice alone."""
    authority_note: str | None = None
    """What operations were told to do about the authority, as it stands."""
    hastened: tuple[datetime, ...] = ()
    """When news that was pushed last made the filing ask at once."""
    withdrawal: PendingWithdrawal | None = None
    missing: bool = False
    """The authority says that the order which it had in this round is there no more."""
    sms_lapsed: bool = False
    """The present correction follows a lapse of the SMS check: unchanged, it need not be reviewed again."""
    changes: tuple[str, ...] = ()
    """Paths that the last resubmission changed."""
    held_since: datetime | None = None
    held_by_authority: bool = False
    """Whether the present hold is the authority's, whose entry is closed, and not a person's."""
    holds: tuple[tuple[datetime, datetime], ...] = ()
    """Closed holds that touch the present stage."""
    reasons: tuple[Reason, ...] = ()
    previous_reasons: tuple[Reason, ...] = ()
    """Why the round before was sent back; those of all rounds are in the registry."""
    filing_number: str | None = None
    subject_number: str | None = None
    decision_ids: tuple[str, ...] = ()
    """Ids of applied decisions, the last 300: a second one of the same id is a duplicate."""
    refused_ids: tuple[str, ...] = ()
    """Ids of refused decisions, the last 200: a copy of one is a duplicate too."""
    duplicates_recorded: tuple[str, ...] = ()
    events_seen: tuple[str, ...] = ()
    """Ids of the authority's events that were applied or kept."""
    refused: tuple[Refusal, ...] = ()
    """The last `REFUSALS_KEPT`; all are in the registry."""
    refused_count: int = 0
    timeline: tuple[TimelineEntry, ...] = ()
    time_with: tuple[Stretch, ...] = ()

    @property
    def offset_seconds(self) -> int:
        """The filing's own spread of 09:00 notices, 0 to 3599 s, so that thousands never coincide."""
        return notice_offset(self.uid)

    @property
    def next_instant(self) -> datetime | None:
        """The next instant at which the clock matters, or None: the deadline, or an alarm."""
        if self.status.final or self.window is None or self.held_since is not None:
            return None
        alarms = self.window.alarms
        due_at = None if self.overdue else self.window.due_at
        if alarms and (due_at is None or alarms[0].at < due_at):
            return alarms[0].at
        return due_at

    @property
    def by_hand(self) -> bool:
        """Whether a person carries it to the authority, whose API has no call for its kind."""
        return self.mode is AuthorityMode.WECHAT and self.application.kind in CHANGES

    @property
    def asks_authority(self) -> bool:
        """Whether there is an authority that can be asked about it."""
        return self.mode is not AuthorityMode.MANUAL and not self.by_hand

    @property
    def awaits_face_check(self) -> bool:
        """Whether it waits for a face check, and is not with the authority yet."""
        return self.status is Status.SUBMISSION and self.standing is Standing.FACE_CHECK

    @property
    def waits_for(self) -> Party | None:
        """Who has the next step; None once it has ended."""
        if self.awaits_face_check:
            return Party.PRINCIPALS
        stage = STAGES.get(self.status)
        return stage.waits_for if stage else None

    @property
    def known(self) -> Known:
        """What is known of the authority in this round: only something else is news."""
        told = self.standing is not Standing.ABSENT or self.missing or not self.available
        return _known(
            standing=self.standing if told else None,
            available=self.available,
            face_check=self.face_check.task_id if self.face_check else None,
            note=self.authority_note,
        )

    @property
    def principals_due(self) -> tuple[Principal, ...]:
        """Who must pass the SMS check; where nobody must, there is no such stage."""
        return sms_addressees(self.application)


@lru_cache(1024)
def notice_offset(uid: str) -> int:
    """Seconds after 09:00, 0 to 3599, at which notices about this filing go out."""
    return int.from_bytes(hashlib.sha256(uid.encode()).digest()[:4]) % 3600
