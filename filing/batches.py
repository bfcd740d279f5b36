"""Batches: many applications, or decisions, of one file, carried out by a workflow of their own."""

from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import Field

from filing.model import Model
from filing.problems import Problem

BATCH_WORKFLOW = "BatchWorkflow"
ROWS_A_SECOND = 20.0
MOST_ROWS_A_SECOND = 1000.0
TWICE_IN_FILE = "twice_in_file"
"""Code of a row about the same filing as another of its file."""
SHORT = 16
"""Digits of a batch's id by which people name it."""


class BatchAction(str, Enum):
    """What is done with each row."""

    START = "start"
    DECIDE = "decide"


ACTION_LABELS = {BatchAction.START: "启动备案", BatchAction.DECIDE: "审核决定"}


class RowResult(str, Enum):
    """What became of a row."""

    PENDING = "pending"
    """It is valid, and not its turn yet."""
    STARTED = "started"
    QUEUED = "queued"
    """Started, and waits for the end of another filing."""
    ALREADY_OPEN = "already_open"
    BUSY = "busy"
    """Another filing has its subject or mini program; nothing was started."""
    DECIDED = "decided"
    ALREADY = "already"
    """The same decision was received before."""
    REFUSED = "refused"
    INVALID = "invalid"
    """It was wrong before anything was done with it."""
    FAILED = "failed"
    """A service refused it, and would again."""


GOOD = frozenset(
    {RowResult.PENDING, RowResult.STARTED, RowResult.QUEUED, RowResult.DECIDED, RowResult.ALREADY}
)
"""Results that are what was wanted, or may still become so."""
RESULT_LABELS = {
    RowResult.PENDING: "待处理",
    RowResult.STARTED: "已启动",
    RowResult.QUEUED: "已启动,排队等候",
    RowResult.ALREADY_OPEN: "已在办理",
    RowResult.BUSY: "主体或小程序被占用",
    RowResult.DECIDED: "已决定",
    RowResult.ALREADY: "此前已收到",
    RowResult.REFUSED: "未被采纳",
    RowResult.INVALID: "有误",
    RowResult.FAILED: "失败",
}


def batch_workflow_id(batch: str) -> str:
    """The Temporal workflow id of a batch, as in `batch-3f2a…`: 16 of its 64 digits."""
    return f"batch-{batch[:SHORT]}"


class BatchOrder(Model):
    """What `BatchWorkflow` is started with. Everything else is in the registry."""

    batch: str = Field(pattern=r"[0-9a-f]{64}")
    """SHA-256 of the file."""


class BatchCounts(Model):
    """How many rows of a batch have come to what."""

    rows: int
    results: dict[RowResult, int]

    def of(self, *results: RowResult) -> int:
        """How many rows have one of these results."""
        return sum(self.results.get(result, 0) for result in results)

    @property
    def pending(self) -> int:
        """How many rows are still to be done."""
        return self.of(RowResult.PENDING)

    @property
    def good(self) -> bool:
        """Whether no row came to what nobody wanted."""
        return self.of(*GOOD) == self.rows


class Batch(Model):
    """A batch: how it was ordered, and how far it has come."""

    id: str
    action: BatchAction
    file: str
    """Its name when it came."""
    by: str
    rate: float
    """Rows a second, at most."""
    queue: bool
    """Start what must wait for another filing all the same, and let it wait."""
    times: int
    """How often it was ordered: counts from 1, one more for each `--again`."""
    created_at: datetime
    counts: BatchCounts


class BatchRow(Model):
    """One row, as it is reported. Holds nothing of the application but its mini program's name."""

    row: int
    """Line or row of the file, from 1."""
    result: RowResult
    filing_id: str | None = None
    uid: str | None = None
    mini_program: str | None = None
    waits_for: str | None = None
    """Workflow id of the filing that has its subject or mini program."""
    code: str | None = None
    """Why it was refused or failed."""
    explanation: str | None = None
    problems: tuple[Problem, ...] = ()
    done_at: datetime | None = None


class Work(Model):
    """A row that is to be done."""

    batch: str
    row: int
    times: int
    filing_id: str
    work: dict[str, Any]
    """The application, or what is decided, as JSON."""
    begun: bool
    """An attempt began, whose end is unknown."""

    @property
    def key(self) -> str:
        """Names this row of this order for ever: what is done under it is done once."""
        return f"{self.batch[:SHORT]}-{self.row}-{self.times}"


class RowOutcome(Model):
    """What a row came to."""

    result: RowResult
    uid: str | None = None
    waits_for: str | None = None
    code: str | None = None
    explanation: str | None = None
    problems: tuple[Problem, ...] = ()
