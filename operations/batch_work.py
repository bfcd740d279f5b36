"""What a worker does with the rows of a batch: each once, whoever had begun it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from weakref import WeakValueDictionary

import asyncpg
from pydantic import ValidationError
from temporalio.service import RPCError, RPCStatusCode

from filing.application import Application
from filing.batches import Batch, BatchAction, BatchCounts, RowOutcome, RowResult, Work
from gateways.batches import Batches
from operations.filings import DecisionWork, NoSuchFiling, decide
from operations.pace import Pace
from operations.services import Services
from operations.start import AlreadyOpen, Busy, Invalid, Outcome, Queued, start_application

AT_ONCE = 8
"""Rows that are waited for at the same time."""


class BatchWork:
    """Implements `activities.ports.Rows`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._batches = Batches(services.registry)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def carry_out(
        self, batch: str, size: int, *, stopping: Callable[[], bool]
    ) -> BatchCounts:
        """See the protocol. Raises what Temporal's client and the registry do."""
        found = await self._batches.find(batch)
        if found is not None:
            pace = Pace(found.rate)
            # One iterator for all: each takes the next that nobody has taken.
            rows = iter(await self._batches.pending(batch, size))
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(AT_ONCE):
                        group.create_task(self._some(found, rows, pace, stopping))
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from None
        return await self._batches.counts(batch)

    async def _some(
        self, batch: Batch, rows: Iterator[Work], pace: Pace, stopping: Callable[[], bool]
    ) -> None:
        for work in rows:
            await pace.pass_()
            if stopping():
                return
            if not work.begun:
                await self._batches.begin(work)
            await self._batches.end(work, await self._one(batch, work))

    async def _one(self, batch: Batch, work: Work) -> RowOutcome:
        try:
            if batch.action is BatchAction.DECIDE:
                return await self._decide(work)
            return await self._start(batch, work)
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
            # As for what is too large: it would be refused for ever.
            return RowOutcome(result=RowResult.FAILED, code="temporal_refused")
        except ValidationError:
            # Written by a version with other shapes.
            return RowOutcome(result=RowResult.FAILED, code="not_understood")
        except asyncpg.DataError as error:
            return RowOutcome(result=RowResult.FAILED, code=type(error).__name__)

    async def _start(self, batch: Batch, work: Work) -> RowOutcome:
        application = Application.model_validate_json(json.dumps(work.work))
        # One at a time of a subject: of two at once, one is started only to be refused.
        number = application.subject.certificate.number
        turn = self._turns.setdefault(number, asyncio.Lock())
        async with turn:
            outcome = await start_application(
                application,
                f"{batch.file}:{work.row}",
                self._services,
                queue=batch.queue,
                mark=work.key,
                begun=work.begun,
            )
        return _outcome(outcome)

    async def _decide(self, work: Work) -> RowOutcome:
        order = DecisionWork.model_validate_json(json.dumps(work.work))
        try:
            decided = await decide(order.uid, order.verdict, self._services, key=work.key)
        except NoSuchFiling:
            return RowOutcome(result=RowResult.REFUSED, code="no_such_filing")
        uid = decided.status.uid if decided.status else None
        if decided.accepted:
            return RowOutcome(result=RowResult.DECIDED, uid=uid)
        refusal = decided.refusal or {}
        again = work.begun and refusal.get("code") == "duplicate"
        return RowOutcome(
            result=RowResult.ALREADY if again else RowResult.REFUSED,
            uid=uid,
            code=refusal.get("code"),
            explanation=refusal.get("explanation"),
        )


def _outcome(outcome: Outcome) -> RowOutcome:
    match outcome:
        case Queued():
            return RowOutcome(
                result=RowResult.QUEUED, uid=outcome.uid, waits_for=outcome.queued_behind
            )
        case AlreadyOpen():
            return RowOutcome(result=RowResult.ALREADY_OPEN, uid=outcome.uid)
        case Busy():
            return RowOutcome(result=RowResult.BUSY, waits_for=outcome.waits_for)
        case Invalid():
            return RowOutcome(result=RowResult.INVALID, problems=outcome.problems)
    return RowOutcome(result=RowResult.STARTED, uid=outcome.uid)
