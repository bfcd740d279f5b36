"""The daily sweep of the inventory by the listing rule: mark first, then tell."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.sweep import Batch, Marked, SweepActivities, Told
    from filing.errors import INVALID_SWEEP
    from filing.model import CHINA
    from filing.sweep import Deliveries, SweepOrder, SweepReport

AT_ONCE = 1000
"""Mini programs of a batch."""
TOLD_AT_ONCE = 50
"""Notices of a batch."""
AGAIN_AFTER = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
"""When those who could not be told are tried again; after that it is tomorrow's sweep that does."""
SIGN_OF_LIFE = timedelta(seconds=10)
"""What a killed worker had begun is taken up by another after this."""
MARK_WITHIN = timedelta(minutes=2)
TELL_WITHIN = timedelta(hours=2)
"""For one batch, whose every notice may take the channels' full time."""
_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60)
)


@workflow.defn
class ListingSweepWorkflow:
    """One sweep. Killed half way, it goes on where it was: marks and notices have names, so that
    what was done is not done again."""

    @workflow.run
    async def run(self, *args: Any) -> SweepReport:
        """Sweep as of the day on which it starts, or of `{"day": "2024-04-01"}`."""
        order = _parsed(args)
        day = order.day or workflow.now().astimezone(CHINA).date()
        report = order.report or SweepReport(day=day)
        after, marking, round_ = order.after, order.marking, order.round
        while True:
            if marking:
                marked = await _mark(Batch(day=day, after=after, size=AT_ONCE))
                report = _with_marks(report, marked)
                after, marking = marked.last or "", marked.last is not None
            else:
                told = await _tell(
                    Batch(day=day, after=after, size=AT_ONCE, most_told=TOLD_AT_ONCE)
                )
                report = _with_notices(report, told.deliveries, again=round_ > 0)
                after = told.last or ""
                if told.last is None:
                    last_round = order.once or round_ == len(AGAIN_AFTER)
                    if last_round or not report.notices.undelivered:
                        return report
                    await workflow.sleep(AGAIN_AFTER[round_], summary="tell the rest again")
                    round_ += 1
                    # The next round meets them again.
                    rest = report.notices.model_copy(update={"undelivered": 0})
                    report = _with(report, notices=rest)
            if workflow.info().is_continue_as_new_suggested():
                came = {"day": day, "after": after, "marking": marking, "round": round_}
                workflow.continue_as_new(order.model_copy(update=came | {"report": report}))


def _parsed(args: tuple[Any, ...]) -> SweepOrder:
    try:
        match args:
            case () | (None,):
                return SweepOrder()
            case (given,):
                return SweepOrder.model_validate(given)
    except ValidationError:
        pass
    raise ApplicationError(
        'a sweep is started with nothing, or with {"day": "2024-04-01"}',
        type=INVALID_SWEEP,
        non_retryable=True,
    )


async def _mark(batch: Batch) -> Marked:
    return await workflow.execute_activity_method(
        SweepActivities.mark_unfiled,
        batch,
        start_to_close_timeout=MARK_WITHIN,
        heartbeat_timeout=SIGN_OF_LIFE,
        retry_policy=_PATIENT,
        summary=f"after {batch.after or 'the start'}",
    )


async def _tell(batch: Batch) -> Told:
    return await workflow.execute_activity_method(
        SweepActivities.tell_unfiled,
        batch,
        start_to_close_timeout=TELL_WITHIN,
        heartbeat_timeout=SIGN_OF_LIFE,
        retry_policy=_PATIENT,
        summary=f"after {batch.after or 'the start'}",
    )


def _with_marks(report: SweepReport, marked: Marked) -> SweepReport:
    return _with(
        report,
        examined=report.examined + marked.examined,
        marked=report.marked + marked.marked,
        lifted=report.lifted + marked.lifted,
    )


def _with_notices(report: SweepReport, deliveries: Deliveries, *, again: bool) -> SweepReport:
    if again:
        # Those of the round before are met again.
        deliveries = deliveries.model_copy(update={"already_sent": 0, "no_channel": 0})
    return _with(report, notices=report.notices + deliveries)


def _with(report: SweepReport, **changes: Any) -> SweepReport:
    return report.model_copy(update=changes)
