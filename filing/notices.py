"""Notices: who is told what. The texts are templates in `gateways/templates/`."""

from datetime import timedelta
from enum import Enum

from filing.changes import Change
from filing.model import Model
from filing.vocabulary import MaterialType

NOTICE_FOR = timedelta(hours=24)
"""How long a notice still makes sense; then operations are told instead."""
LAST_NOTICE_FOR = timedelta(hours=1)
"""The same for notices of an ended filing: a failing channel must not keep its id occupied."""
SAME_CAUSE_FOR = timedelta(hours=24)
"""How long a cause that stops every filing is told once, and not by each of them."""


class Audience(str, Enum):
    """Who is told."""

    APPLICANT = "applicant"
    OPERATIONS = "operations"


class NoticePurpose(str, Enum):
    """What a notice is about; a template of the same name exists for each."""

    RETURNED = "returned"
    """To the applicant: to be corrected, with reasons per field and the last day."""
    SUBMITTED = "submitted"
    """To the applicant: it is on its way to the bureau; what the principals are to expect, and when."""
    FACE_CHECK = "face_check"
    """To the applicant: the mini program's administrator has to pass a face check."""
    BY_HAND = "by_hand"
    """To operations: to be carried to the authority by hand, with what it takes."""
    SMS_DUE = "sms_due"
    """To the applicant: the principals must confirm by SMS within 24 hours."""
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    REMINDER = "reminder"
    """To those who must act: the window ends soon."""
    OVERDUE = "overdue"
    """To operations: a window ran out and the filing still waits."""
    TROUBLE = "trouble"
    """To operations: something needs a person (a record conflict, an undelivered notice)."""
    LISTING_ENDS = "listing_ends"
    """To the owner: listed without a number, and until when it may stay."""
    CLEAR_OUT = "clear_out"
    """To the owner: listed without a number, and marked for clear-out. To operations: a filing of
    such a one is open."""
    DISPLAY_REMINDER = "display_reminder"
    """To the applicant: the number that was granted is to be shown."""
    DISPLAY_UNSEEN = "display_unseen"
    """To operations: nobody has said that the number is shown."""


class NoticeReason(Model):
    """One reason inside a notice."""

    field: str
    reason: str
    suggestion: str | None = None


class Notice(Model):
    """One notice to one audience. (`uid`, `sequence`, `purpose`, `audience`) names it for ever.

    `email` is the application's contact; it goes to no log. Texts are Chinese; instants are
    formatted in China time, as in `2026-11-26 24:00`.
    """

    uid: str
    filing_id: str
    sequence: int
    purpose: NoticePurpose
    audience: Audience
    email: str | None = None
    mini_program: str
    kind_label: str
    status_label: str
    round: int = 1
    due: str | None = None
    note: str | None = None
    number: str | None = None
    cause: str | None = None
    """What stops every filing alike, in the same words for all: told once in `SAME_CAUSE_FOR`, by
    whichever filing comes first."""
    link: str | None = None
    """Where a face check is passed; nowhere else is it told."""
    changes: tuple[Change, ...] = ()
    """Of what is carried by hand: old and new, what is private masked."""
    materials: tuple[MaterialType, ...] = ()
    """Its papers, each type once."""
    reasons: tuple[NoticeReason, ...] = ()
    time_spent: tuple[str, ...] = ()
    """Who had the filing for how long, a line each; where it has ended."""
    working_days_ahead: tuple[int, int] | None = None
    """How many working days it may still take, at least and at most; where it is submitted."""
    sms_due: bool = True
    """Whether somebody has to pass an SMS check; told where it is submitted."""


class Delivery(str, Enum):
    """How sending a notice ended."""

    SENT = "sent"
    ALREADY_SENT = "already_sent"
    POSSIBLY_DOUBLED = "possibly_doubled"
    """Sent, and a crash left open whether an earlier attempt had arrived too."""
    SHARED = "shared"
    """Not sent: another filing's notice had told of the same cause."""
    NO_CHANNEL = "no_channel"
    """No channel is set for this audience: recorded, nothing to send by."""
