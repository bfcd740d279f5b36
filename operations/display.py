"""Putting on record that a number is shown."""

from datetime import datetime
from typing import Any

from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from filing.display import display_id
from filing.display_view import DisplayAnswer
from filing.model import Model
from gateways.displays import DisplayRegistry
from operations.filings import no_worker, update
from operations.services import Services


class NoSuchDisplay(Exception):
    """No number is to be shown under that id."""

    def __init__(self, id_: str) -> None:
        super().__init__(
            f"no number to be shown for {id_}: give a number, a workflow id, a uid or an appid of "
            "a new filing that was approved; `starter.py show` tells where it stands"
        )


class DisplayOutcome(Model):
    """What became of a message."""

    accepted: bool
    refusal: dict[str, Any] | None
    status: DisplayAnswer | None


async def displayed(
    id_: str, by: str, at: datetime | None, note: str | None, services: Services
) -> DisplayOutcome:
    """Put on record that a number is shown: of its own, or of its filing's workflow id, uid or
    appid. Raises `NoSuchDisplay`, `ServiceUnreachable`."""
    displays = DisplayRegistry(services.registry)
    found = await displays.find(id_)
    if found is None:
        raise NoSuchDisplay(id_)
    payload: dict[str, Any] = {"by": by}
    if at is not None:
        payload["at"] = at.isoformat()
    if note is not None:
        payload["note"] = note
    handle = services.client.get_workflow_handle(display_id(found.number))
    try:
        answer = await update(handle, "displayed", payload)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return _too_late(await displays.of_number(found.number) or found)
        raise no_worker("displayed") from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise no_worker("displayed") from error
    return DisplayOutcome.model_validate(answer)


def _too_late(answer: DisplayAnswer) -> DisplayOutcome:
    refusal = {
        "message": "displayed",
        "code": "final",
        "explanation": f"该备案号的展示事项已结束({answer.status_label}),不再接受任何操作",
    }
    return DisplayOutcome(accepted=False, refusal=refusal, status=answer)
