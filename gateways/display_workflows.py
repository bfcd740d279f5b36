"""The workflows that see to it that numbers are shown, started and told by Temporal's client."""

from temporalio.client import Client
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from filing.display import DISPLAY_WORKFLOW, Duty, NumberCancelled, display_id, how_to_show
from filing.display_view import display_summary
from gateways.temporal import TASK_QUEUE

_PROVINCE = SearchAttributeKey.for_keyword("Province")


class DisplayWorkflows:
    """Implements `activities.ports.OpenDisplays`. Raises `RPCError` where Temporal is away."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def begin(self, duty: Duty) -> None:
        """See the protocol."""
        try:
            await self._client.start_workflow(
                DISPLAY_WORKFLOW,
                duty.model_dump(mode="json"),
                id=display_id(duty.number),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                # None of those that list filings: it is none.
                search_attributes=TypedSearchAttributes(
                    [SearchAttributePair(_PROVINCE, duty.province)]
                ),
                static_summary=display_summary(duty),
                static_details="\n".join(f"- {sentence}" for sentence in how_to_show(duty.number)),
            )
        except WorkflowAlreadyStartedError:
            return

    async def end(self, number: str, message: NumberCancelled) -> None:
        """See the protocol."""
        handle = self._client.get_workflow_handle(display_id(number))
        try:
            await handle.signal("number_cancelled", message.model_dump(mode="json"))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
