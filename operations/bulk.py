"""Holding, resuming and withdrawing many filings at once, as when a bureau's system is down."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum

from temporalio.exceptions import TemporalError

from filing.model import Model
from filing.process.hindrances import HELD, held_note
from filing.records import ListedFiling, ListQuery
from gateways.discovery import ServiceUnreachable
from gateways.event_log import storable
from operations.filings import ENDED, NoSuchFiling, find, send
from operations.pace import Pace
from operations.services import REGISTRY_AWAY, Services, unreachable

FILINGS_A_SECOND = 20.0
AT_ONCE = 8
"""How many filings are waited for at the same time."""
MOST_FAILURES = 3
"""In a row: then it is not one filing that fails, but what serves them all."""
EVERY_ONE = 10_000_000


class Bulk(str, Enum):
    """What is done to many filings: the name of the message."""

    HOLD = "hold"
    RESUME = "resume"
    WITHDRAW = "withdraw"


class Result(str, Enum):
    """What became of one filing."""

    DONE = "done"
    ALREADY = "already"
    """A person held it already, or it is not held: nothing was sent."""
    REFUSED = "refused"
    ENDED = "ended"
    """It ended before it was its turn."""
    FAILED = "failed"
    """Nobody answered for it, or its answer was a failure: it may still be done."""


class BulkResult(Model):
    """One filing."""

    filing_id: str
    uid: str
    result: Result
    code: str | None = None
    """Why it was refused, or what failed."""
    explanation: str | None = None
    """The same in the filing's own words."""


class BulkReport(Model):
    """What became of all of them. `stopped` tells why some were not reached: running the same
    again goes on with those."""

    matched: int
    done: int
    already: int
    refused: int
    ended: int
    failed: int
    not_reached: int
    stopped: str | None
    filings: tuple[BulkResult, ...]


class Plan(Model):
    """Which filings fit, and which of them need it."""

    matched: int
    already: tuple[ListedFiling, ...]
    due: tuple[ListedFiling, ...]
    held_otherwise: dict[str, int]
    """Of those that fit and stay held: for which reasons, and how many."""


async def plan(
    action: Bulk, query: ListQuery, services: Services, *, held_for: str | None = None
) -> Plan:
    """The open filings that fit the query. `held_for`: resume only those whose hold gave exactly
    this reason, so that who is held for another one stays so."""
    everyone = query.model_copy(update={"open_only": True, "limit": EVERY_ONE})
    fitting = await services.registry.list_filings(everyone)
    due = [f for f in fitting if _due(action, f.held, f.held_by_authority)]
    otherwise: Counter[str] = Counter()
    if held_for is not None:
        notes = await services.registry.hold_notes()
        # What came to be held since it was listed is left alone.
        meant = storable(held_note(held_for))
        otherwise.update(
            notes[filing.uid].removeprefix(HELD)
            for filing in due
            if notes.get(filing.uid, meant) != meant
        )
        due = [filing for filing in due if notes.get(filing.uid) == meant]
    uids = {filing.uid for filing in due}
    already = tuple(filing for filing in fitting if filing.uid not in uids)
    return Plan(
        matched=len(fitting),
        already=already,
        due=tuple(due),
        held_otherwise=dict(otherwise.most_common()),
    )


async def carry_out(
    action: Bulk,
    planned: Plan,
    by: str,
    reason: str,
    services: Services,
    *,
    rate: float = FILINGS_A_SECOND,
    progress: Callable[[BulkResult], None] = lambda result: None,
) -> BulkReport:
    """Hold, resume or withdraw each filing that needs it, one answer each. What fails for one filing stops no
    other. Where a service goes away the rest is left, and the report says so: the same again goes
    on where this one stopped."""
    results: list[BulkResult] = []
    stopped: list[str] = []
    failed_in_a_row = 0
    pace = Pace(rate)
    payload = {"by": by, "reason": reason}

    async def work(filings: Iterator[ListedFiling]) -> None:
        nonlocal failed_in_a_row
        for filing in filings:
            await pace.pass_()
            if stopped:
                return
            try:
                result = await _one(action, filing, payload, services)
                failed_in_a_row = 0
            except REGISTRY_AWAY as error:
                stopped.append(str(unreachable(error)))
                return
            except (ServiceUnreachable, TemporalError) as error:
                result = _became(filing, Result.FAILED, type(error).__name__)
                failed_in_a_row += 1
                if failed_in_a_row >= MOST_FAILURES:
                    stopped.append(str(error))
            results.append(result)
            progress(result)

    # One iterator for all: each takes the next that nobody has taken.
    filings = iter(planned.due)
    tasks = [asyncio.create_task(work(filings)) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    count = {one: sum(r.result is one for r in results) for one in Result}
    return BulkReport(
        matched=planned.matched,
        done=count[Result.DONE],
        already=len(planned.already) + count[Result.ALREADY],
        refused=count[Result.REFUSED],
        ended=count[Result.ENDED],
        failed=count[Result.FAILED],
        not_reached=len(planned.due) - len(results),
        stopped=stopped[0] if stopped else None,
        filings=tuple(results),
    )


def _became(
    filing: ListedFiling, result: Result, code: str | None = None, explanation: str | None = None
) -> BulkResult:
    return BulkResult(
        filing_id=filing.filing_id,
        uid=filing.uid,
        result=result,
        code=code,
        explanation=explanation,
    )


def _due(action: Bulk, held: bool, held_by_authority: bool) -> bool:
    """Whether it needs that: what the authority holds is held by a person only from then on."""
    if action is Bulk.WITHDRAW:
        return True
    return held if action is Bulk.RESUME else not held or held_by_authority


async def _one(
    action: Bulk, filing: ListedFiling, payload: dict[str, str], services: Services
) -> BulkResult:
    """As it stands now: since it was listed somebody may have held it, or it may have ended."""
    try:
        record = await find(filing.uid, services)
    except NoSuchFiling:
        return _became(filing, Result.ENDED)
    if record.closed_at:
        return _became(filing, Result.ENDED)
    if not _due(action, record.view["held"], record.view.get("held_by_authority", False)):
        return _became(filing, Result.ALREADY)
    outcome = await send(record, action.value, dict(payload), services)
    if outcome.accepted:
        return _became(filing, Result.DONE)
    refusal = outcome.refusal or {}
    code = refusal.get("code")
    if code in ("final", ENDED):
        return _became(filing, Result.ENDED)
    already = code in ("already_held", "not_held")
    return _became(
        filing,
        Result.ALREADY if already else Result.REFUSED,
        code,
        refusal.get("explanation"),
    )
