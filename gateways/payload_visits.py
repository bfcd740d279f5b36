"""Spares a worker the SDK's walks through payloads of which nothing comes.

The SDK (temporalio 1.35, `temporalio/bridge/worker.py`) goes through all payloads of a workflow task three
times each way and copies them each time: for the codec, for external storage, and for references to
what lies there. Of ours only what others send has to be looked at, once: the rest is a tenth of the
worker's CPU, and there is no switch.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import temporalio.bridge.worker as bridge
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import DataConverter
from temporalio.converter._extstore import StorageOperationMetrics

from gateways.temporal import UndecodableCodec, marker, readable

DECODE: Final = "decode_activation"
ENCODE: Final = "encode_completion"
_Visit = Callable[..., Awaitable[StorageOperationMetrics]]


def spare_visits() -> None:
    """For the whole process. A converter with another codec, or a storage, is served as ever."""
    setattr(bridge, DECODE, _decoding(getattr(bridge, DECODE)))
    setattr(bridge, ENCODE, _encoding(getattr(bridge, ENCODE)))


def _decoding(visit: _Visit) -> _Visit:
    async def decode(
        activation: WorkflowActivation, data_converter: DataConverter, *args: Any, **options: Any
    ) -> StorageOperationMetrics:
        if not _ours(data_converter):
            return await visit(activation, data_converter, *args, **options)
        for job in activation.jobs:
            for payload in _of_others(job):
                if not readable(payload):
                    payload.CopyFrom(marker())
        return StorageOperationMetrics()

    return decode


def _encoding(visit: _Visit) -> _Visit:
    async def encode(
        completion: WorkflowActivationCompletion,
        data_converter: DataConverter,
        *args: Any,
        **options: Any,
    ) -> StorageOperationMetrics:
        if not _ours(data_converter):
            return await visit(completion, data_converter, *args, **options)
        return StorageOperationMetrics()

    return encode


def _ours(converter: DataConverter) -> bool:
    return type(converter.payload_codec) is UndecodableCodec and converter.external_storage is None


def _of_others(job: WorkflowActivationJob) -> Iterator[Payload]:
    """What anybody may have sent: what activities of ours gave is readable."""
    match job.WhichOneof("variant"):
        case "initialize_workflow":
            yield from job.initialize_workflow.arguments
            yield from job.initialize_workflow.memo.fields.values()
        case "signal_workflow":
            yield from job.signal_workflow.input
        case "do_update":
            yield from job.do_update.input
        case "query_workflow":
            yield from job.query_workflow.arguments
