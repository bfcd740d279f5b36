"""`BatchWorkflow`: the rows of a file, some at a time, until none is left.

Its rows and what became of them are in the registry, so that its history holds counts only.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.batches import BatchActivities, Some
    from filing.batches import BATCH_WORKFLOW, BatchCounts, BatchOrder, RowResult
    from filing.errors import INVALID_BATCH

AT_ONCE = 200
"""Rows of one activity."""
LONG_HISTORY = 1_000
"""Events after which it goes on as a new run; 200 rows cost 6."""
SIGN_OF_LIFE = timedelta(seconds=10)
"""What a killed worker had begun is taken up by another after this."""
WITHIN = timedelta(hours=1)
"""For some rows, however slowly they are paced (200 at one in 10 s); what is left is the next's."""
_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60)
)


@workflow.defn(name=BATCH_WORKFLOW)
class BatchWorkflow:
    """One batch. Killed half way it goes on where it was: every row is done under a name of its own,
    so that what was done is not done again."""

    def __init__(self) -> None:
        self._more = False
        self._counts: BatchCounts | None = None

    @workflow.run
    async def run(self, *args: Any) -> BatchCounts:
        """Do every row that is to be done of `{"batch": "<SHA-256>"}`."""
        order = _parsed(args)
        while True:
            self._more = False
            counts = await workflow.execute_activity_method(
                BatchActivities.carry_out_rows,
                Some(batch=order.batch, size=AT_ONCE),
                start_to_close_timeout=WITHIN,
                heartbeat_timeout=SIGN_OF_LIFE,
                retry_policy=_PATIENT,
                summary=self._next(),
            )
            self._counts = counts
            workflow.set_current_details(_details(counts))
            if counts.pending:
                info = workflow.info()
                long = info.get_current_history_length() >= LONG_HISTORY
                if long or info.is_continue_as_new_suggested():
                    workflow.continue_as_new(order)
            elif not self._more:
                return counts

    @workflow.signal(name="more")
    def _told_of_more(self, *args: Any) -> None:
        # Sent with every start: one that is just ending looks once more.
        self._more = True

    @workflow.query(name="counts")
    def _answer(self) -> BatchCounts | None:
        return self._counts

    def _next(self) -> str:
        done = self._counts.rows - self._counts.pending if self._counts else 0
        return f"after {done} rows"


def _details(counts: BatchCounts) -> str:
    lines = [f"- {result.value}: {counts.of(result)}" for result in RowResult if counts.of(result)]
    return "\n".join([f"{counts.rows} rows", *lines])


def _parsed(args: tuple[Any, ...]) -> BatchOrder:
    try:
        [given] = args
        return BatchOrder.model_validate(given)
    except (ValueError, ValidationError):
        raise ApplicationError(
            'a batch is started with {"batch": "<SHA-256 of its file>"}, by starter.py start',
            type=INVALID_BATCH,
            non_retryable=True,
        ) from None
