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
    FACE_CHECK = "face_check"
    """Ready to be applied for, but for the face check (人脸核身) of the mini program's principal;
    `face_check` is set."""
    STOPPED = "stopped"
    """It takes no call of ours until somebody changes a setting or an authorisation; `note` says
    which."""
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


MOST_NOTE = 500
"""Characters of a report's note that are kept; it travels with the state."""


def kept_note(note: str | None) -> str | None:
    """A note as far as the state carries it."""
    return note[:MOST_NOTE] if note else None


class FaceCheck(Model):
    """A face check (人脸核身) that the mini program's administrator is to pass
    (WX-API/createicpverifytask): a notice in WeChat leads to it for 24 hours, `link` too where the
    authority gives one."""

    task_id: str
    expires_at: datetime
    link: str | None = None


class Known(Model):
    """What the process knows of the authority already: only something else is news."""

    standing: Standing | None = None
    available: bool = True
    face_check: str | None = None
    """Id of the task that the principal has been told of."""
    note: str | None = None
    """What operations have been told to do; cut as `kept_note` does."""

    def news(self, report: "AuthorityReport") -> bool:
        """Whether a report says anything else."""
        task = report.face_check.task_id if report.face_check else None
        return (
            report.standing not in (self.standing, Standing.UNKNOWN)
            or report.available is not self.available
            or (task is not None and task != self.face_check)
            or kept_note(report.note) not in (None, self.note)
        )


NOTHING_KNOWN = Known()


class AuthorityReport(Model):
    """One answer of the authority."""

    standing: Standing
    available: bool = True
    """Whether the entry for filings is open (`available`): closed, nothing can be applied for."""
    face_check: FaceCheck | None = None
    note: str | None = None
    """What operations have to do; plain English, free of personal data. The same cause has the same
    text, for another one is news."""
    for_all: bool = False
    """Of `STOPPED`: whether what `note` names stops every filing alike."""
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
