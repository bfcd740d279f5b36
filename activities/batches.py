"""A batch's activity: do its next rows."""

from temporalio import activity

from activities.alive import alive, not_yet
from activities.ports import Rows
from filing.batches import BatchCounts
from filing.model import Model


class Some(Model):
    """The next rows of a batch, at most `size` of them."""

    batch: str
    size: int


class BatchActivities:
    """Needs what does rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @activity.defn
    async def carry_out_rows(self, some: Some) -> BatchCounts:
        """Do the next rows, at the batch's pace; how far it has come then.

        An attempt after a lost one does what is left: each row's result is on record at once.
        """
        async with alive():
            counts = await self._rows.carry_out(
                some.batch, some.size, stopping=activity.is_worker_shutdown
            )
        if activity.is_worker_shutdown() and counts.pending:
            raise not_yet("the worker stops", "NotNow")
        return counts
