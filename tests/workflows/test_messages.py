"""Whatever a person can really send is applied or is a recorded refusal, and never stops a filing."""

from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.service import RPCError

from filing.vocabulary import Status
from tests.playing import Begin, Filing, eventually

GOOD = b'{"outcome": "approve", "reviewer": "li.na"}'


def json_payload(data: bytes, encoding: bytes = b"json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding}, data=data)


SHAPES: dict[str, tuple[list[Payload], str]] = {
    "no argument": ([], "wrong_argument_count"),
    "two arguments": ([json_payload(GOOD), json_payload(GOOD)], "wrong_argument_count"),
    "null": ([json_payload(b"null")], "not_an_object"),
    "binary null": ([json_payload(b"", b"binary/null")], "not_an_object"),
    "bytes": ([json_payload(b"\x00\xff", b"binary/plain")], "not_an_object"),
    "text": ([json_payload(b'"approve"')], "not_an_object"),
    "list": ([json_payload(b"[" + GOOD + b"]")], "not_an_object"),
    "fails validation": ([json_payload(b'{"outcome": "maybe"}')], "malformed"),
    "unknown key": (
        [json_payload(b'{"outcome": "approve", "reviewer": "li.na", "id": 110101199003077777}')],
        "malformed",
    ),
    "deep": (
        [json_payload(b'{"outcome":' + b"[" * 400 + b"]" * 400 + b"}")],
        "undecodable_payload",
    ),
    "unknown encoding": ([json_payload(GOOD, b"binary/encrypted")], "undecodable_payload"),
    "protobuf JSON": ([json_payload(GOOD, b"json/protobuf")], "undecodable_payload"),
    "broken JSON": ([json_payload(b'{"outcome"')], "undecodable_payload"),
    "no encoding": ([Payload(data=GOOD)], "undecodable_payload"),
}


async def raw_signal(filing: Filing, name: str, payloads: list[Payload]) -> None:
    """A signal as Temporal's UI or any other program sends it, past our own converter."""
    await filing.services.client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=filing.services.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=filing.id),
            signal_name=name,
            input=Payloads(payloads=payloads),
        )
    )


@pytest.mark.parametrize("name", ["platform_decision", "no_such_signal"])
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_wrong_signal_is_refused_on_record_and_the_next_is_applied(
    begin_filing: Begin, name: str, shape: str
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    payloads, code = SHAPES[shape]
    await raw_signal(filing, name, payloads)
    answer = await eventually(filing, lambda a: a.refused_count == 1)
    assert answer.status is Status.PLATFORM_REVIEW
    assert answer.refused[0].code == (code if name in SHAPES_OF else "unknown_message")
    assert answer.refused[0].explanation
    assert "110101199003077777" not in answer.model_dump_json()
    await raw_signal(filing, "platform_decision", [json_payload(GOOD)])
    await filing.player.until(Status.SUBMISSION)
    [refusal] = [
        e for e in await filing.services.registry.events(filing.uid) if e.purpose == "refusal"
    ]
    assert refusal.detail["message"] == name


SHAPES_OF = {"platform_decision"}


async def test_what_an_update_gets_wrong_is_answered_and_on_record(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    for name, args in (("decide", []), ("decide", [None]), ("decide", [1, 2]), ("nonsense", [{}])):
        answer = await filing.handle.execute_update(name, args=args)
        assert answer["accepted"] is False
        assert answer["refusal"]["explanation"]
        assert answer["status"]["status"] == "platform_review"
    assert (await filing.status()).refused_count == 4


async def test_a_cancel_request_is_a_withdrawal_where_one_is_allowed(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.handle.cancel()
    assert (await filing.result()).status is Status.WITHDRAWN


async def test_a_cancel_request_at_the_bureau_is_refused_and_the_filing_goes_on(
    begin_filing: Begin,
) -> None:
    filing = await begin_filing()
    await filing.player.to_sms()
    await filing.handle.cancel()
    answer = await eventually(filing, lambda a: a.refused_count == 1)
    assert (answer.refused[0].message, answer.refused[0].code) == ("cancel", "too_late")
    # What follows the request is done as ever: activities, timers, updates.
    await filing.player.to_bureau()
    late = await filing.handle.execute_update("withdraw", {"by": "applicant", "reason": "x"})
    assert late["refusal"]["code"] == "too_late"


async def test_facts_that_come_early_count_when_their_stage_opens(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    for person in ("subject_principal", "mini_program_principal"):
        await filing.player.signal("sms_verified", {"person": person, "source": "early"})
    await eventually(filing, lambda a: len(a.timeline) == 3)
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await filing.player.until(Status.SUBMISSION)
    await filing.player.signal(
        "authority_event", {"source": "test", "event_id": "e1", "kind": "received"}
    )
    answer = await filing.player.until(Status.BUREAU_REVIEW)
    assert {check.source for check in answer.sms_verified} == {"early"}


@pytest.mark.parametrize(
    "argument",
    [[], [None], [{}], ["x"], [{"kind": "new"}], [{"carried": {"state": {}}}], [1, 2]],
    ids=str,
)
async def test_nonsense_from_the_ui_fails_with_paths_and_codes(
    begin_filing: Begin, argument: list[Any]
) -> None:
    filing = await begin_filing()
    client = filing.services.client
    handle = await client.start_workflow(
        "FilingWorkflow", args=argument, id=f"nonsense-{filing.uid}", task_queue="filings"
    )
    with pytest.raises(Exception, match="Workflow execution failed") as caught:
        await handle.result()
    cause = caught.value.__cause__
    assert getattr(cause, "type", None) == "InvalidApplication", cause


async def test_a_valid_application_under_another_id_is_refused(begin_filing: Begin) -> None:
    filing = await begin_filing()
    handle = await filing.services.client.start_workflow(
        "FilingWorkflow", filing.application, id=f"other-{filing.uid}", task_queue="filings"
    )
    with pytest.raises(Exception, match="Workflow execution failed") as caught:
        await handle.result()
    assert "workflow_id: not_implied" in str(caught.value.__cause__)


async def test_a_decision_is_an_update_too_and_after_the_end_temporal_refuses_a_signal(
    begin_filing: Begin,
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    decision = {
        "outcome": "return",
        "reviewer": "li.na",
        "reasons": [{"field": "subject.name", "reason": "不符"}],
    }
    answer = await filing.handle.execute_update("platform_decision", decision)
    assert (answer["accepted"], answer["status"]["status"]) == (True, "correction")
    await filing.handle.execute_update("withdraw", {"by": "applicant", "reason": "x"})
    ended = await filing.result()
    with pytest.raises(RPCError, match="workflow execution already completed"):
        await filing.handle.signal("platform_decision", decision)
    record = await filing.services.registry.find(filing.uid)
    assert record is not None
    assert record.view["refused_count"] == ended.refused_count == 0


async def test_an_update_to_an_ended_filing_is_an_error_to_the_sender(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.handle.execute_update("withdraw", {"by": "applicant", "reason": "x"})
    await filing.result()
    with pytest.raises(RPCError, match="workflow execution already completed"):
        await filing.handle.execute_update("withdraw", {"by": "applicant", "reason": "x"})
