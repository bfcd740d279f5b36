"""What is on file with the bureaus, as the registry knows it: subjects and their mini programs.

A filing that goes through changes it by its kind; a filing that is open has claimed what it is
about, so that no second one touches the same (`domain.md` 0.8: one open order of a subject).
"""

from collections.abc import Callable
from enum import Enum

from filing.application import Application, OnFile, Subject
from filing.model import Model
from filing.vocabulary import CHANGES, Kind

QUEUE = "queue"
"""Key of the memo of a filing that waits for another's end; without it, it is refused."""


class Filed(str, Enum):
    """Whether a record is in force."""

    FILED = "filed"
    CANCELLED = "cancelled"
    ACCESS_CANCELLED = "access_cancelled"


class HeldSubject(Model):
    """A subject on file."""

    subject_number: str | None
    province: str
    status: Filed


class HeldMiniProgram(Model):
    """A mini program on file."""

    appid: str
    filing_number: str | None
    status: Filed


class Holdings(Model):
    """What is on file that an application touches; `filed` counts the subject's mini programs."""

    subject: HeldSubject | None = None
    mini_program: HeldMiniProgram | None = None
    of_same_subject: bool = True
    """Whether the mini program, where it is on file, is this subject's."""
    filed: int = 0
    on_file: OnFile | None = None
    """The data in force of both, where they are known."""
    subject_data: Subject | None = None
    """The subject's data in force, also where the mini program is not on file."""
    number_of_another: bool = False
    """Whether the subject's number that the application states is another subject's."""


def brought_up_to_date(application: Application, holdings: Holdings) -> Application:
    """The application after it has waited for others: with what they have put on file since."""
    if application.kind in CHANGES and holdings.on_file is not None:
        return application.model_copy(update={"on_file": holdings.on_file})
    held = holdings.subject
    if (
        application.kind is Kind.NEW
        and held is not None
        and held.status is Filed.FILED
        and application.subject.subject_number is None
    ):
        numbered = {"subject_number": held.subject_number}
        subject = application.subject.model_copy(update=numbered)
        return application.model_copy(update={"subject": subject})
    return application


class Effect(Model):
    """What a kind makes of the records when it goes through; None leaves one as it is."""

    subject: Filed | None = None
    mini_program: Filed | None = None
    all_mini_programs: bool = False


EFFECTS = {
    Kind.NEW: Effect(subject=Filed.FILED, mini_program=Filed.FILED),
    Kind.CHANGE_SUBJECT: Effect(subject=Filed.FILED, mini_program=Filed.FILED),
    Kind.CHANGE_MINI_PROGRAM: Effect(mini_program=Filed.FILED),
    Kind.CANCEL_MINI_PROGRAM: Effect(mini_program=Filed.CANCELLED),
    Kind.CANCEL_ACCESS: Effect(mini_program=Filed.ACCESS_CANCELLED),
    Kind.CANCEL_SUBJECT: Effect(
        subject=Filed.CANCELLED, mini_program=Filed.CANCELLED, all_mini_programs=True
    ),
}
"""Source: `domain.md` 3.4, table of the three cancellations."""


class Claim(Model):
    """Whether a filing has its subject and mini program for itself, or who has them (workflow id)."""

    granted: bool
    holder: str | None = None


def claim_keys(application: Application, identity: Callable[[str], str]) -> tuple[str, ...]:
    """What a filing claims; `identity` is a keyed hash of the certificate's number, which is never
    a key itself."""
    certificate = application.subject.certificate.number
    return (
        f"mini_program:{application.mini_program.appid}",
        f"subject:{identity(certificate)}",
    )
