"""That the SDK's payloads are visited where there is a reason to, and only there."""

import inspect
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import temporalio.bridge.worker as bridge
from temporalio import service
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import DataConverter, PayloadCodec

from filing.process.messages import UNDECODABLE
from gateways.payload_visits import DECODE, ENCODE, spare_visits
from gateways.temporal import data_converter

GARBAGE = Payload(metadata={"encoding": b"binary/encrypted"}, data=b"?")
GOOD = Payload(metadata={"encoding": b"json/plain"}, data=b"1")


class Counting(PayloadCodec):
    """Counts what it is asked to do."""

    def __init__(self) -> None:
        self.asked = 0

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        self.asked += len(payloads)
        return list(payloads)

    decode = encode


@contextmanager
def sparing() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in (DECODE, ENCODE):
            patch.setattr(bridge, name, getattr(bridge, name))  # put back at the end
        spare_visits()
        yield


@pytest.fixture
def spared() -> Iterator[None]:
    with sparing():
        yield


@pytest.fixture
def unvisited(spared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails whoever has all payloads visited."""

    class NoVisit:
        def __init__(self, **options: object) -> None:
            raise AssertionError("visited")

    monkeypatch.setattr(bridge, "CommandAwarePayloadVisitor", NoVisit)


@pytest.mark.parametrize(("name", "message"), [(DECODE, "activation"), (ENCODE, "completion")])
def test_the_sdk_s_functions_are_as_we_know_them(name: str, message: str) -> None:
    parameters = list(inspect.signature(getattr(bridge, name)).parameters)
    assert parameters[:2] == [message, "data_converter"]


def activation() -> WorkflowActivation:
    """One of all that others send, and a result of an activity."""
    made = WorkflowActivation()
    start = made.jobs.add().initialize_workflow
    start.arguments.append(GARBAGE)
    start.memo.fields["queue"].CopyFrom(GARBAGE)
    made.jobs.add().signal_workflow.input.extend([GOOD, GARBAGE])
    made.jobs.add().do_update.input.append(GARBAGE)
    made.jobs.add().query_workflow.arguments.append(GARBAGE)
    made.jobs.add().resolve_activity.result.completed.result.CopyFrom(GARBAGE)
    made.jobs.add().resolve_activity.result.completed.SetInParent()
    made.jobs.add().resolve_activity.result.failed.failure.message = "it failed"
    made.jobs.add().fire_timer.seq = 1
    return made


async def decode(converter: DataConverter) -> WorkflowActivation:
    made = activation()
    await bridge.decode_activation(
        made, converter, decode_headers=True, storage_concurrency_limit=1
    )
    return made


async def encode(converter: DataConverter) -> WorkflowActivationCompletion:
    completion = WorkflowActivationCompletion()
    command = completion.successful.commands.add()
    command.complete_workflow_execution.result.CopyFrom(GOOD)
    await bridge.encode_completion(
        completion, converter, encode_headers=True, storage_concurrency_limit=1
    )
    return completion


async def test_what_others_send_is_looked_at_as_the_sdk_would(unvisited: None) -> None:
    start, signal, update, query, result, nothing, failed, _ = (await decode(data_converter())).jobs
    for payload in (
        start.initialize_workflow.arguments[0],
        start.initialize_workflow.memo.fields["queue"],
        signal.signal_workflow.input[1],
        update.do_update.input[0],
        query.query_workflow.arguments[0],
        result.resolve_activity.result.completed.result,
    ):
        assert json.loads(payload.data) == {UNDECODABLE: True}
    assert signal.signal_workflow.input[0] == GOOD
    assert not nothing.resolve_activity.result.completed.HasField("result")
    assert failed.resolve_activity.result.WhichOneof("status") == "failed"


async def test_what_goes_out_is_left_as_it_is(unvisited: None) -> None:
    completion = await encode(data_converter())
    assert completion.successful.commands[0].complete_workflow_execution.result == GOOD


async def test_the_same_comes_of_it_as_without() -> None:
    plain = await decode(data_converter())
    with sparing():
        assert await decode(data_converter()) == plain


async def test_another_codec_is_asked_as_ever(spared: None) -> None:
    codec = Counting()
    await encode(DataConverter(payload_codec=codec))
    assert codec.asked == 1
    await decode(DataConverter(payload_codec=codec))
    assert codec.asked > 5


def test_another_version_of_the_sdk_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "__version__", "1.36.0")
    before = bridge.decode_activation
    spare_visits()
    assert bridge.decode_activation is before
