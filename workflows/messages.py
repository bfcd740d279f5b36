"""What every workflow of ours does with messages: read what came, and answer an update."""

from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from filing.process.state import Refusal
    from filing.view import shown_refusal


def plain(args: Sequence[RawValue]) -> tuple[Any, ...]:
    """What came under a name without a handler of its own: a known one counts by either door, and
    of an unknown one nothing is read but the name. The codec has made every payload readable."""
    converter = workflow.payload_converter()
    return tuple(converter.from_payload(arg.payload) for arg in args)


def answer(refusal: Refusal | None, status: Any) -> dict[str, Any]:
    """What an update answers: whether it was applied, why not, and where it stands."""
    return {
        "accepted": refusal is None,
        "refusal": shown_refusal(refusal).model_dump(mode="json") if refusal else None,
        "status": status,
    }
