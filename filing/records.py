"""What is written down of a filing: entries of the append-only log, and what lists show."""

from datetime import datetime
from typing import Any

from pydantic import Field

from filing.model import Model
from filing.vocabulary import Status


class Entry(Model):
    """One entry of the log. `sequence` is given once in a filing: the same one with other content is
    a task that was done again, or a conflict. `detail` is small, and free of certificate and phone
    numbers; of a return it holds the `reasons`."""

    sequence: int
    purpose: str
    """`transition`, `fact`, `refusal`, `window`, `note`."""
    at: datetime
    status: Status
    round: int
    by: str
    note: str
    detail: dict[str, Any] = Field(default_factory=dict)


class Told(Model):
    """Which run of the workflow wrote something down, and the workflow's own time then: of two
    accounts that one run gives of the same, the later one is true."""

    run: str
    at: datetime


class ListedFiling(Model):
    """A filing as `list` shows it."""

    filing_id: str
    uid: str
    kind: str
    applicant_type: str
    province: str
    mini_program: str
    status: str
    status_label: str
    round: int
    waiting_for: str | None
    entered_at: datetime
    due_at: datetime | None
    overdue: bool
    provisional: bool
    filing_number: str | None
    held: bool = False
    held_by_authority: bool = False
    """Whether the hold is the authority's, which it ends itself."""
    agency: str | None = None
    customer: str | None = None


class ListQuery(Model):
    """Filters of `list`; None means any."""

    open_only: bool = True
    status: str | None = None
    kind: str | None = None
    province: str | None = None
    waiting_for: str | None = None
    overdue: bool | None = None
    due_before: datetime | None = None
    held: bool | None = None
    agency: str | None = None
    customer: str | None = None
    name: str | None = None
    """What the mini program's name holds; width and case make no difference."""
    number: str | None = None
    """How the mini program's or the subject's number begins."""
    limit: int = 100
