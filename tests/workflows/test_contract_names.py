"""The contract's names as Temporal itself tells them, and what it shows of refusals."""

import json
from typing import Any

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from embedded.stack import Stack
from filing.vocabulary import Status
from gateways.temporal import SEARCH_ATTRIBUTES
from tests.filing.test_process_machine import private
from tests.playing import Begin, Filing, eventually, fresh_appid

SIGNALS = {
    "platform_decision",
    "bureau_decision",
    "sms_verified",
    "amend",
    "resubmit",
    "withdraw",
    "hold",
    "resume",
    "authority_event",
    "calendar_changed",
}
UPDATES = {"decide", "amend", "resubmit", "withdraw", "hold", "resume"}
ATTRIBUTES = {
    "FilingStatus": ("Keyword", "platform_review"),
    "FilingKind": ("Keyword", "new"),
    "ApplicantType": ("Keyword", "enterprise"),
    "Province": ("Keyword", "江苏省"),
    "WaitingFor": ("Keyword", "platform"),
    "DueAt": ("Datetime", None),
    "Overdue": ("Bool", False),
    "DeadlineProvisional": ("Bool", None),
    "Round": ("Int", 1),
}


async def metadata(filing: Filing, stack: Stack) -> WorkflowMetadata:
    """What Temporal's UI asks of a workflow: its messages, and its current details."""
    client = await Client.connect(stack.info.temporal_address)
    handle = client.get_workflow_handle(filing.id)
    told = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert isinstance(told, WorkflowMetadata)
    return told


async def test_the_workflow_is_known_by_its_names(begin_filing: Begin, stack: Stack) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    definition = (await metadata(filing, stack)).definition
    assert definition.type == "FilingWorkflow"
    assert "status" in {query.name for query in definition.query_definitions}
    signals = {signal.name for signal in definition.signal_definitions}
    assert signals - {""} == SIGNALS  # the one without a name takes all others
    assert {update.name for update in definition.update_definitions} >= UPDATES
    described = await filing.handle.describe()
    assert (described.namespace, described.task_queue) == ("default", "filings")
    assert described.workflow_type == "FilingWorkflow"
    assert filing.id == f"filing-{filing.application.mini_program.appid}"
    assert (await filing.status()).uid == described.run_id == filing.uid


async def test_the_search_attributes_have_their_names_types_and_values(
    begin_filing: Begin,
) -> None:
    filing = await begin_filing()
    answer = await filing.player.until(Status.PLATFORM_REVIEW)
    described = await filing.handle.describe()
    found: dict[str, tuple[str, Any]] = {
        pair.key.name: (pair.key.indexed_value_type.name.title(), pair.value)
        for pair in described.typed_search_attributes
        if pair.key.name in ATTRIBUTES
    }
    assert found.keys() == ATTRIBUTES.keys()
    client = filing.services.client
    registered = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    types = {
        name: IndexedValueType.Name(kind) for name, kind in registered.custom_attributes.items()
    }
    assert found["DueAt"][1] == answer.due_at
    for name, (kind, value) in ATTRIBUTES.items():
        assert found[name][0] == kind
        assert types[name] == f"INDEXED_VALUE_TYPE_{kind.upper()}"
        if value is not None:
            assert found[name][1] == value


def test_a_server_of_ones_own_is_given_the_same_search_attributes() -> None:
    assert {name: kind for name, (kind, _) in ATTRIBUTES.items()} == SEARCH_ATTRIBUTES


async def failure(filing: Filing, application: dict[str, Any]) -> ApplicationError:
    """How a run of this application ends."""
    handle = await filing.services.client.start_workflow(
        "FilingWorkflow",
        application,
        id=f"filing-{application['mini_program']['appid']}",
        task_queue="filings",
    )
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, ApplicationError)
    return caught.value.cause


async def test_an_invalid_application_fails_for_good_with_paths_and_codes_only(
    begin_filing: Begin,
) -> None:
    filing = await begin_filing()
    wrong_values = filing.application.model_dump(mode="json")
    wrong_values["mini_program"]["appid"] = fresh_appid()
    wrong_values["mini_program"]["principal"]["mobile"] = "12345"
    wrong_values["subject"]["principal"]["email"] = "nobody at all"
    wrong_shape = json.loads(json.dumps(wrong_values))
    wrong_shape["subject"]["secret-key"] = "x"
    secrets = private(filing.application) | {"12345", "nobody at all"}
    named = {}
    for application in (wrong_values, wrong_shape):
        error = await failure(filing, application)
        assert (error.type, error.non_retryable) == ("InvalidApplication", True)
        assert not [secret for secret in secrets if secret in str(error)]
        told = [problem.split(": ") for problem in error.message.split(", ")]
        for path, code in told:
            assert path.isascii()
            assert code.replace("_", "").replace(".", "").isalpha()
        named[id(application)] = {path for path, _ in told}
    expected = {"mini_program.principal.mobile", "subject.principal.email"}
    assert expected <= named[id(wrong_values)]
    assert named[id(wrong_shape)] >= {"subject.secret-key"}


async def test_refusals_are_answered_shown_and_kept_the_last_fifty_and_all(
    begin_filing: Begin, stack: Stack
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    before = await filing.status()
    for index in range(59):
        decision = {"outcome": "approve", "reviewer": f"r{index:02}", "round": 2}
        await filing.player.signal("platform_decision", decision)
    refused = await filing.handle.execute_update("resubmit", {"by": "last", "reason": "x"})
    assert (refused["accepted"], refused["refusal"]["code"]) == (False, "out_of_turn")
    answer = await eventually(filing, lambda a: a.refused_count == 60)
    assert [r.by for r in answer.refused] == [*(f"r{n:02}" for n in range(10, 59)), "last"]
    unchanged = {"refused", "refused_count"}
    assert answer.model_dump(exclude=unchanged) == before.model_dump(exclude=unchanged)
    details = (await metadata(filing, stack)).current_details
    assert "共 60 条" in details
    assert details.split("### 未被采纳的消息")[1].count("\n- ") == 50
    entries = await filing.services.registry.events(filing.uid)
    recorded = [e for e in entries if e.purpose == "refusal"]
    assert [e.by for e in recorded] == [*(f"r{n:02}" for n in range(59)), "last"]
    assert all(e.note and e.detail["code"] for e in recorded)


async def test_the_update_amend_answers_with_the_new_status(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    reasons = [{"field": "mini_program.remark", "reason": "过于笼统"}]
    returned = await filing.handle.execute_update(
        "decide",
        {
            "stage": "platform_review",
            "round": 1,
            "decision": {"outcome": "return", "reviewer": "li.na", "reasons": reasons},
        },
    )
    assert returned["status"]["status"] == "correction"
    corrected = filing.application.model_dump(mode="json")
    corrected["mini_program"]["remark"] = "面向昆山本地商户的线上商城,提供日用百货的浏览与下单服务"
    wrong = json.loads(json.dumps(corrected))
    wrong["contact"]["email"] = "nobody"
    answer = await filing.handle.execute_update("amend", {"application": wrong, "by": "a"})
    assert (answer["accepted"], answer["refusal"]["code"]) == (False, "invalid_application")
    assert answer["status"]["status"] == "correction"
    answer = await filing.handle.execute_update("amend", {"application": corrected, "by": "a"})
    assert (answer["accepted"], answer["refusal"]) == (True, None)
    assert (answer["status"]["status"], answer["status"]["round"]) == ("platform_review", 2)
    assert answer["status"]["changes"] == ["mini_program.remark"]
