"""The stage table: what differs between stages is data here; the transition function reads it.

Sources: contract 3 and 4; `domain.md` 0.4 (withdrawal), 3.3 (SMS check).
"""

from enum import Enum

from filing.model import Model
from filing.notices import Audience, NoticePurpose
from filing.vocabulary import Kind, Party, Status


class Expiry(str, Enum):
    """What happens when a stage's window runs out."""

    ESCALATE = "escalate"
    """Mark overdue, tell operations, keep waiting."""
    ASK_AUTHORITY = "ask_authority"
    """Mark overdue and ask the authority, whose word wins; by hand (`manual`) the check lapses."""
    LAPSE = "lapse"
    """The filing ends as lapsed."""
    NEVER = "never"
    """It has no window."""


class Withdrawal(str, Enum):
    """Whether a filing may be taken back in a stage."""

    FREELY = "freely"
    IF_AUTHORITY_ALLOWS = "if_authority_allows"
    NEVER = "never"


class Stage(Model):
    """One row of the table."""

    status: Status
    waits_for: Party
    decided_by: str | None
    """Name of the signal that decides it, where a person does."""
    expiry: Expiry
    withdrawal: Withdrawal
    with_authority: bool
    """Whether the authority is asked for news while the stage waits."""
    reminds: Audience
    """Who is told that the window is ending."""
    announces: NoticePurpose | None = None
    """What the applicant is told when the stage begins."""


_ROWS = (
    Stage(
        status=Status.QUEUED,
        waits_for=Party.EARLIER_FILING,
        decided_by=None,
        expiry=Expiry.NEVER,
        withdrawal=Withdrawal.FREELY,
        with_authority=False,
        reminds=Audience.OPERATIONS,
    ),
    Stage(
        status=Status.PLATFORM_REVIEW,
        waits_for=Party.PLATFORM,
        decided_by="platform_decision",
        expiry=Expiry.ESCALATE,
        withdrawal=Withdrawal.FREELY,
        with_authority=False,
        reminds=Audience.OPERATIONS,
    ),
    Stage(
        status=Status.CORRECTION,
        waits_for=Party.APPLICANT,
        decided_by=None,
        expiry=Expiry.LAPSE,
        withdrawal=Withdrawal.FREELY,
        with_authority=False,
        reminds=Audience.APPLICANT,
        announces=NoticePurpose.RETURNED,
    ),
    Stage(
        status=Status.SUBMISSION,
        waits_for=Party.AUTHORITY,
        decided_by=None,
        expiry=Expiry.ESCALATE,
        withdrawal=Withdrawal.IF_AUTHORITY_ALLOWS,
        with_authority=True,
        reminds=Audience.OPERATIONS,
        announces=NoticePurpose.SUBMITTED,
    ),
    Stage(
        status=Status.SMS_VERIFICATION,
        waits_for=Party.PRINCIPALS,
        decided_by=None,
        expiry=Expiry.ASK_AUTHORITY,
        withdrawal=Withdrawal.NEVER,
        with_authority=True,
        reminds=Audience.APPLICANT,
        announces=NoticePurpose.SMS_DUE,
    ),
    Stage(
        status=Status.BUREAU_REVIEW,
        waits_for=Party.BUREAU,
        decided_by="bureau_decision",
        expiry=Expiry.ESCALATE,
        withdrawal=Withdrawal.NEVER,
        with_authority=True,
        reminds=Audience.OPERATIONS,
    ),
)

STAGES: dict[Status, Stage] = {row.status: row for row in _ROWS}

_WITH_SMS = (
    Status.PLATFORM_REVIEW,
    Status.SUBMISSION,
    Status.SMS_VERIFICATION,
    Status.BUREAU_REVIEW,
)
PATHS: dict[Kind, tuple[Status, ...]] = {
    kind: tuple(s for s in _WITH_SMS if s is not Status.SMS_VERIFICATION)
    if kind is Kind.CANCEL_ACCESS
    else _WITH_SMS
    for kind in Kind
}
"""The stages of each kind when nothing is sent back (`domain.md` 3.3: no SMS for 取消接入)."""
