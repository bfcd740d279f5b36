"""Spares a worker the SDK's walks through payloads of which nothing comes.

The SDK (temporalio 1.35, `temporalio/bridge/worker.py`) goes through all payloads of a workflow task three
times each way and copies them each time: for the codec, for external storage, and for references to
what lies there. Of ours only what comes in has to be looked at, once: the rest is 4 to 8 % of the
worker's CPU, and there is no switch.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import temporalio.bridge.worker as bridge
from temporalio import service
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.converter import DataConverter

from gateways.temporal import UndecodableCodec, marker, readable

DECODE: Final = "decode_activation"
ENCODE: Final = "encode_completion"
KNOWN: Final = "1.35."
"""The SDK's version whose functions these are."""
_Walk = Callable[..., Awaitable[Any]]

log = logging.getLogger("beian.worker")


def spare_visits() -> None:
    """For the whole process. A converter with another codec, or a storage, is served as ever; so are
    all under another version of the SDK."""
    if not service.__version__.startswith(KNOWN):
        log.warning("temporalio is %s: payloads are walked as it does", service.__version__)
        return
    setattr(bridge, DECODE, _instead_of(getattr(bridge, DECODE), _mark_unreadable))
    setattr(bridge, ENCODE, _instead_of(getattr(bridge, ENCODE), lambda completion: None))


def _instead_of(walk: _Walk, look: Callable[[Any], None]) -> _Walk:
    """Of what is ours do this alone."""
    from temporalio.converter._extstore import StorageOperationMetrics

    async def looked_at(
        message: Any, data_converter: DataConverter, *args: Any, **options: Any
    ) -> Any:
        if not _ours(data_converter):
            return await walk(message, data_converter, *args, **options)
        look(message)
        return StorageOperationMetrics()

    return looked_at


def _mark_unreadable(activation: WorkflowActivation) -> None:
    for job in activation.jobs:
        for payload in _incoming(job):
            if not readable(payload):
                payload.CopyFrom(marker())


def _ours(converter: DataConverter) -> bool:
    return type(converter.payload_codec) is UndecodableCodec and converter.external_storage is None


def _incoming(job: WorkflowActivationJob) -> Iterator[Payload]:
    """What workflow code is given. (Of a run before ours asks nothing.)"""
    match job.WhichOneof("variant"):
        case "initialize_workflow":
            yield from job.initialize_workflow.arguments
            yield from job.initialize_workflow.memo.fields.values()
        case "signal_workflow":
            yield from job.signal_workflow.input
        case "do_update":
            yield from job.do_update.input
        case "resolve_activity" if job.resolve_activity.result.completed.HasField("result"):
            yield job.resolve_activity.result.completed.result
        case "query_workflow":
            yield from job.query_workflow.arguments
