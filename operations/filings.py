"""One filing: finding it, where it stands, and what is sent to it."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import QueryRejectCondition
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from filing.authority import Reason
from filing.display_view import DisplayAnswer
from filing.errors import ORDER_IN_THE_WAY
from filing.model import CHINA, Model
from filing.paths import nearest_path
from filing.view import StatusAnswer
from filing.vocabulary import Status
from gateways.discovery import ServiceUnreachable
from gateways.displays import DisplayRegistry
from gateways.registry import FilingRecord, NoticeRecord, RecordedEntry
from operations.services import Services, now

ANSWER_WITHIN = timedelta(seconds=3)
"""How long `show` waits for the workflow before it asks the registry."""
APPLIED_WITHIN = timedelta(seconds=30)
"""How long a decision waits to be applied."""
UPDATE_TRIES = 5
ENDED = "ended_from_outside"
"""Code of the refusal of what is sent to a filing whose workflow was ended past the process."""
ENDED_FROM_OUTSIDE = "流程已被外部终止"
UNSEEN = "UnprocessedUpdate"


class NoSuchFiling(Exception):
    """Nothing is known under that id."""

    def __init__(self, id_: str) -> None:
        super().__init__(
            f"no filing {id_}: give a workflow id (filing-wx…), a uid or an appid; `starter.py list --all` shows them"
        )


class Returned(Model):
    """A return, or a final rejection, as it is on record."""

    at: datetime
    round: int
    by: str
    note: str
    reasons: tuple[Reason, ...]


class Shown(Model):
    """A filing as `show` prints it. `as_of` is None where the workflow itself answered."""

    answer: StatusAnswer
    as_of: datetime | None
    notices: tuple[NoticeRecord, ...]
    events: tuple[RecordedEntry, ...]
    returns: tuple[Returned, ...]
    """Of all rounds, in order."""
    ended_from_outside: bool
    """Its workflow was ended past the process, so that it has no outcome."""
    display: DisplayAnswer | None
    """Whether its number is shown; None where it has none that anybody waits for."""
    order_in_the_way: bool = False
    """Whether it waits to be handed over until the authority has decided on another order."""


class Outcome(Model):
    """What became of a message."""

    accepted: bool
    refusal: dict[str, Any] | None
    status: StatusAnswer | None


class Verdict(Model):
    """A decision (`filing.process.messages.Decision` as JSON), and what the reviewer saw."""

    decision: dict[str, Any]
    stage: Status | None = None
    round: int | None = None


class DecisionWork(Model):
    """A decision that is to be made of a filing, as a batch keeps it."""

    uid: str
    verdict: Verdict


class Decided(Outcome):
    """What became of a decision, and for which stage and round it was made."""

    stage: Status
    round: int
    unknown_fields: dict[str, str | None]
    """Fields of its reasons that the application does not have, with the nearest that it has."""


async def find(id_: str, services: Services) -> FilingRecord:
    """The filing of a workflow id, a uid or an appid; the open one first. Raises `NoSuchFiling`."""
    record = await services.registry.find(id_)
    if record is None:
        raise NoSuchFiling(id_)
    return record


def handle_of(record: FilingRecord, services: Services) -> WorkflowHandle[Any, Any]:
    """The filing's workflow: pinned to its first run, so that the next filing of the same mini
    program, which has the same workflow id, is never meant by mistake."""
    return services.client.get_workflow_handle(record.filing_id, first_execution_run_id=record.uid)


async def status(record: FilingRecord, services: Services) -> StatusAnswer | None:
    """What the workflow says, or None where it is closed or nobody answers in time."""
    handle = services.client.get_workflow_handle(record.filing_id)
    try:
        answer = await asyncio.wait_for(
            handle.query(
                "status",
                reject_condition=QueryRejectCondition.NOT_OPEN,
                rpc_timeout=ANSWER_WITHIN,
            ),
            ANSWER_WITHIN.total_seconds(),
        )
    except (TimeoutError, RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
        return None
    if not answer or answer["uid"] != record.uid:
        return None
    return StatusAnswer.model_validate(answer)


async def settle(record: FilingRecord, services: Services) -> FilingRecord:
    """The record as it is now: closed where the filing's workflow was ended from outside (as by
    `temporal workflow terminate`), which the workflow itself could not write down."""
    if record.closed_at is None and (how := await _ended_from_outside(record, services)):
        note = f"{ENDED_FROM_OUTSIDE}(Temporal:{how})"
        await services.registry.close_from_outside(record.uid, note, now())
    return await find(record.uid, services)


async def _ended_from_outside(record: FilingRecord, services: Services) -> str | None:
    """How the workflow ended. None while it runs, and where Temporal does not know it: then this may
    be another server than the filing's."""
    handle = services.client.get_workflow_handle(record.filing_id)
    try:
        latest = await handle.describe(rpc_timeout=ANSWER_WITHIN)
    except RPCError:
        return None
    if latest.raw_info.first_run_id != record.uid:
        return "id in use by the next filing"  # one at a time is open under an id
    if latest.status in (None, WorkflowExecutionStatus.RUNNING):
        return None
    return latest.status.name


async def show(id_: str, services: Services) -> Shown:
    """Where a filing stands: asks the workflow, else the registry. Raises `NoSuchFiling`."""
    record = await find(id_, services)
    answer = None if record.closed_at else await status(record, services)
    if answer is None:
        record = await settle(record, services)
    events = await services.registry.events(record.uid)
    shown = answer or StatusAnswer.model_validate(record.view)
    number = shown.filing_number
    return Shown(
        answer=shown,
        as_of=None if answer else record.updated_at.astimezone(CHINA),
        notices=tuple(await services.registry.notices(record.uid)),
        events=tuple(events),
        returns=tuple(
            Returned(
                at=event.at,
                round=event.round,
                by=event.by,
                note=event.note,
                reasons=event.detail["reasons"],
            )
            for event in events
            if event.purpose == "transition" and "reasons" in event.detail
        ),
        ended_from_outside=record.closed_at is not None and not shown.status.final,
        display=None
        if number is None
        else await DisplayRegistry(services.registry).of_number(number),
        order_in_the_way=answer is not None
        and answer.status is Status.SUBMISSION
        and await _order_in_the_way(record, services),
    )


async def _order_in_the_way(record: FilingRecord, services: Services) -> bool:
    """By what the last attempt to hand it over has found: no event of its history tells it."""
    try:
        described = await handle_of(record, services).describe()
    except RPCError:
        return False
    pending = described.raw_description.pending_activities
    return any(
        one.last_failure.application_failure_info.type == ORDER_IN_THE_WAY for one in pending
    )


async def send(
    record: FilingRecord,
    name: str,
    payload: dict[str, Any],
    services: Services,
    *,
    key: str | None = None,
) -> Outcome:
    """Send a message as an update, and learn what became of it; of two under one `key` the second
    is told what became of the first. Raises `ServiceUnreachable`."""
    if record.closed_at:
        return await _too_late(record, name)
    try:
        answer = await update(handle_of(record, services), name, payload, key=key)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return await _too_late(await settle(record, services), name)
        raise no_worker(name) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise no_worker(name) from error
    return Outcome.model_validate(answer)


async def update(
    handle: WorkflowHandle[Any, Any], name: str, payload: dict[str, Any], *, key: str | None = None
) -> Any:
    """Send an update, again where it certainly did not arrive. Raises what Temporal's client does."""
    key = key or str(uuid.uuid4())
    for attempt in range(UPDATE_TRIES):
        try:
            return await handle.execute_update(
                name, payload, id=f"{key}-{attempt}", rpc_timeout=APPLIED_WITHIN
            )
        except WorkflowUpdateFailedError as error:
            # The server's own answer where a task ended just as the message came (a filing that
            # thousands of messages reach): the workflow has not seen it.
            unseen = isinstance(error.cause, ApplicationError) and UNSEEN in error.cause.message
            if not unseen or attempt + 1 == UPDATE_TRIES:
                raise
    raise AssertionError


def no_worker(name: str) -> ServiceUnreachable:
    """What is told where nobody answered a message in time."""
    return ServiceUnreachable(
        f"no worker answered `{name}` within {APPLIED_WITHIN.total_seconds():.0f} s; it may still be applied: "
        "see `starter.py show`, and whether a worker runs"
    )


async def _too_late(record: FilingRecord, name: str) -> Outcome:
    answer = StatusAnswer.model_validate(record.view)
    code, explanation = "final", f"该备案已结束({answer.status_label}),不再接受任何操作"
    if record.closed_at is None:
        code = "not_running"
        explanation = "Temporal 中没有该备案正在运行的流程;请核对连接的是否为它所在的 Temporal"
    elif not answer.status.final:
        code = ENDED
        explanation = f"该备案没有结果({answer.status_label});重新办理请用 start 再次提交申请"
    refusal = {"message": name, "code": code, "explanation": explanation}
    return Outcome(accepted=False, refusal=refusal, status=answer)


async def decide(
    id_: str, verdict: Verdict, services: Services, *, key: str | None = None
) -> Decided:
    """Decide for the stage and round that the reviewer saw, else for those that are waiting as we
    see it now, so that a late or doubled call is refused and never applied to another stage. Under
    one `key` it is decided once."""
    record = await find(id_, services)
    seen = await status(record, services) or StatusAnswer.model_validate(record.view)
    decision = verdict.decision | {"decision_id": key or str(uuid.uuid4())}
    stage, round_ = verdict.stage or seen.status, verdict.round or seen.round
    payload = {"stage": stage.value, "round": round_, "decision": decision}
    outcome = await send(record, "decide", payload, services, key=key)
    application = await services.registry.application(record.uid)
    meant = {
        field: nearest_path(field, application)
        for field in (reason["field"] for reason in decision.get("reasons", ()))
        if application is not None
    }
    return Decided(
        **dict(outcome),
        stage=stage,
        round=round_,
        unknown_fields={field: path for field, path in meant.items() if path != field},
    )


async def verify_sms(id_: str, person: str, source: str, services: Services) -> Outcome:
    """Record one completed SMS check, for the round as we see it now."""
    record = await find(id_, services)
    seen = await status(record, services) or StatusAnswer.model_validate(record.view)
    payload = {"person": person, "source": source, "round": seen.round}
    return await send(record, "sms_verified", payload, services)
