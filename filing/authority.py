"""What the authority knows of a filing, in our words; gateways translate from the API's."""

from datetime import datetime
from enum import Enum

from filing.model import Model


class Reason(Model):
    """Why something was sent back: a field (our path where it is known), the reason, the advice."""

    field: str
    reason: str
    suggestion: str | None = None


MOST_REASONS = 100
MOST_REASON_TEXT = 10_000
"""Characters of all reasons of one return together; they travel with the state."""


def kept_reasons(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """The reasons as far as the state can carry them: an authority may give any number."""
    kept: list[Reason] = []
    room = MOST_REASON_TEXT
    for reason in reasons[:MOST_REASONS]:
        cut = Reason(
            field=reason.field[:200],
            reason=reason.reason[:room],
            suggestion=reason.suggestion[:room] if reason.suggestion else reason.suggestion,
        )
        room -= len(cut.field) + len(cut.reason) + len(cut.suggestion or "")
        if kept and room < 0:
            break
        kept.append(cut)
    return tuple(kept)


class Standing(str, Enum):
    """Where the order stands with the authority (WX-API/geticpentranceinfo `status`, `sms_verify_status`)."""

    ABSENT = "absent"
    """No order (1024 and its variants)."""
    CHECKING = "checking"
    """The authority's own check (2)."""
    RETURNED = "returned"
    """The authority returned it (3), or refused to take it (hints)."""
    SMS_WAITING = "sms_waiting"
    """With the bureau, SMS check outstanding (4, sms 1)."""
    SMS_LAPSED = "sms_lapsed"
    """With the bureau, SMS check timed out (4, sms 3)."""
    BUREAU_REVIEW = "bureau_review"
    """With the bureau, SMS check done (4, sms 2)."""
    BUREAU_RETURNED = "bureau_returned"
    """The bureau returned it (5)."""
    APPROVED = "approved"
    """Filed (6); `number` is set."""
    UNKNOWN = "unknown"
    """A number that the reference does not know: kept, never an error."""


class AuthorityReport(Model):
    """One answer of the authority."""

    standing: Standing
    at: datetime | None = None
    """When it came about, where the authority says so; never in the future."""
    number: str | None = None
    """小程序备案号, at `approved`."""
    subject_number: str | None = None
    reasons: tuple[Reason, ...] = ()
    raw: str | None = None
    """The body as it came, where it was not understood; free of personal data."""


class WithdrawalAnswer(Model):
    """Whether the authority let an order be taken back."""

    withdrawn: bool
    reason: str | None = None
