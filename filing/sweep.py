"""The sweep: whom the listing rule tells what. Marks and notices are by (appid, clear-out's first
day), so that a cancellation, from which the clear-out begins anew, is told anew."""

from datetime import date, datetime

from filing.listing import (
    AFTER,
    STANDING_LABELS,
    ListingRule,
    MiniProgramFacts,
    Verdict,
    step_due,
)
from filing.model import Model
from filing.notices import Audience, Notice, NoticePurpose
from filing.vocabulary import KIND_LABELS, Kind


class OpenFiling(Model):
    """The filing that is under way for a mini program."""

    uid: str
    filing_id: str
    kind: Kind
    status: str
    status_label: str


class Known(Model):
    """What the registry knows of a mini program. Without `name` and `contact` it is not in the
    inventory."""

    appid: str
    name: str | None
    contact: str | None
    facts: MiniProgramFacts
    open_filing: OpenFiling | None


class Told(Model):
    """The last notice that a mini program's owner got of a clear-out."""

    step: int
    """Days before the last day on which it may stay, or `listing.AFTER`."""
    at: datetime


def listing_uid(appid: str, clear_out_from: date) -> str:
    """The `uid` of notices about a clear-out: they belong to no filing."""
    return f"listing-{appid}-{clear_out_from}"


def notices_due(known: Known, verdict: Verdict, rule: ListingRule) -> tuple[Notice, ...]:
    """The notices that those concerned should have by the verdict's day. The ledger knows which of
    them were sent."""
    step = step_due(verdict, rule)
    if step is None or verdict.clear_out_from is None or verdict.may_stay_until is None:
        return ()
    owner = Notice(
        uid=listing_uid(known.appid, verdict.clear_out_from),
        filing_id=known.appid,
        sequence=step,
        purpose=NoticePurpose.CLEAR_OUT if step == AFTER else NoticePurpose.LISTING_ENDS,
        audience=Audience.APPLICANT,
        email=known.contact,
        mini_program=known.name or known.appid,
        kind_label="上架核查",
        status_label=STANDING_LABELS[verdict.standing],
        due=f"{verdict.may_stay_until} 24:00",
        note=f"{verdict.sentence}。依据:{verdict.rule}",
    )
    filing = known.open_filing
    if not verdict.marked or filing is None:
        return (owner,)
    # Named by the filing: a second one of the same mini program is told too, and `show` has it.
    operations = owner.model_copy(
        update={
            "uid": filing.uid,
            "filing_id": filing.filing_id,
            "audience": Audience.OPERATIONS,
            "email": None,
            "kind_label": KIND_LABELS[filing.kind],
            "status_label": filing.status_label,
        }
    )
    return (owner, operations)


class Deliveries(Model):
    """Notices of a sweep, counted by how they ended."""

    sent: int = 0
    already_sent: int = 0
    possibly_doubled: int = 0
    """Sent, and a crash left open whether an earlier attempt had arrived too."""
    no_channel: int = 0
    undelivered: int = 0
    """Refused, or not known to have arrived."""

    def __add__(self, other: "Deliveries") -> "Deliveries":
        fields = type(self).model_fields
        return Deliveries(**{name: getattr(self, name) + getattr(other, name) for name in fields})


class SweepReport(Model):
    """What a sweep did."""

    day: date
    examined: int = 0
    marked: int = 0
    """Newly marked for clear-out."""
    lifted: int = 0
    """Marked before, and listed with a number or not listed any more."""
    notices: Deliveries = Deliveries()


class SweepOrder(Model):
    """What `ListingSweepWorkflow` is started with: nothing, or the day to sweep as of. The rest is
    how far it came, where it goes on as a new run."""

    day: date | None = None
    """None: the day, in China, on which it starts."""
    once: bool = False
    """Those who could not be told are left to the next sweep."""
    after: str = ""
    marking: bool = True
    round: int = 0
    """How often those who could not be told were tried again."""
    report: SweepReport | None = None
