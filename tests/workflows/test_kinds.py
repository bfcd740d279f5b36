"""Every kind of filing on the real server, to each of its final statuses, and what it leaves on file."""

from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from filing.application import Application, workflow_id
from filing.holdings import Filed, Holdings
from filing.vocabulary import CANCELLATIONS, CHANGES, CancellationReason, Kind, Status
from gateways.temporal import TASK_QUEUE, WORKFLOW
from operations.filings import find
from operations.start import Busy, _on_record, start_application
from tests.playing import Begin, Filing, eventually, filed, fresh_appid, of_another_subject

MOBILE = "13900000009"
REMARK = "面向昆山本地商户的线上商城,提供商品浏览、下单与到店自提服务"
RETURN = {
    "outcome": "return",
    "reviewer": "li.na",
    "reasons": [{"field": "mini_program.remark", "reason": "备注过于笼统"}],
}


def after(filing: Filing, number: str | None, kind: Kind, **changed: Any) -> Application:
    """An application of another kind about what a filing has put on file."""
    application = filing.application
    program, subject = application.mini_program, application.subject
    stem = number.rsplit("-", 1)[0] if number else None
    principal = subject.principal.model_copy(update={"mobile": MOBILE})
    updates: dict[str, Any] = {
        "kind": kind,
        "filing_number": number,
        "subject": subject.model_copy(update={"subject_number": stem}),
    }
    if kind is Kind.CHANGE_SUBJECT:
        legal = subject.legal_representative
        assert legal is not None
        changes = {
            "subject_number": stem,
            "principal": principal,
            "legal_representative": legal.model_copy(update={"mobile": MOBILE}),
        }
        updates["subject"] = subject.model_copy(update=changes)
    elif kind in CANCELLATIONS:
        updates["cancellation_reason"] = CancellationReason.NO_LONGER_OPERATED
    elif kind is Kind.CHANGE_MINI_PROGRAM:
        updates["mini_program"] = program.model_copy(update={"name": "昆山示例新商城"})
    return application.model_copy(update=updates | changed)


async def on_file(filing: Filing) -> Holdings:
    return await filing.services.registry.holdings(filing.application)


async def begun(begin: Begin, kind: Kind, **changed: Any) -> tuple[Filing, str]:
    """A filing of that kind about one that went through, and that one's number."""
    first = await filed(begin)
    number = (await first.result()).filing_number
    assert number is not None
    application = after(first, number, kind, **changed)
    filing = await begin(application)
    assert filing.id == workflow_id(application)
    return filing, number


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.NEW])
async def test_each_kind_goes_through_and_changes_what_is_on_file(
    kind: Kind, begin_filing: Begin
) -> None:
    filing, number = await begun(begin_filing, kind)
    await filing.player.reviewed()
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    await filing.player.authority(status=4, sms_verify_status=1)
    await filing.player.pass_check()
    if kind is Kind.CANCEL_ACCESS:
        await filing.player.until(Status.BUREAU_REVIEW)
    else:
        await filing.player.until(Status.SMS_VERIFICATION)
        await filing.player.to_bureau()
    await filing.player.authority(status=6)
    await filing.player.pass_time(days=2)
    answer = await filing.result()
    assert answer.status is Status.APPROVED
    assert answer.filing_number == number
    assert answer.status_label == ("变更成功" if kind in CHANGES else "注销成功")
    held = await on_file(filing)
    assert held.subject is not None
    assert held.mini_program is not None
    expected = {
        Kind.CHANGE_SUBJECT: (Filed.FILED, Filed.FILED, 1),
        Kind.CHANGE_MINI_PROGRAM: (Filed.FILED, Filed.FILED, 1),
        Kind.CANCEL_SUBJECT: (Filed.CANCELLED, Filed.CANCELLED, 0),
        Kind.CANCEL_MINI_PROGRAM: (Filed.FILED, Filed.CANCELLED, 0),
        Kind.CANCEL_ACCESS: (Filed.FILED, Filed.ACCESS_CANCELLED, 0),
    }[kind]
    assert (held.subject.status, held.mini_program.status, held.filed) == expected
    assert held.mini_program.filing_number == number
    assert held.on_file is not None
    if kind is Kind.CHANGE_SUBJECT:
        assert held.on_file.subject.principal.mobile == MOBILE
        assert [c.before for c in answer.replaces] == ["139******01", "139******01"]
    if kind is Kind.CHANGE_MINI_PROGRAM:
        assert held.on_file.mini_program.name == "昆山示例新商城"
        assert [(c.path, c.after) for c in answer.replaces] == [
            ("mini_program.name", "昆山示例新商城")
        ]


async def test_old_data_stay_in_force_until_a_change_is_approved(begin_filing: Begin) -> None:
    filing, _ = await begun(begin_filing, Kind.CHANGE_MINI_PROGRAM)
    await filing.player.reviewed()
    await filing.player.until(Status.SUBMISSION)
    held = await on_file(filing)
    assert held.on_file
    assert held.on_file.mini_program.name != "昆山示例新商城"
    await filing.player.handed_over()
    await filing.player.signal("bureau_decision", {"outcome": "reject", "reviewer": "x"})
    await filing.player.authority(status=4, sms_verify_status=2)
    await filing.player.pass_check()
    await filing.player.until(Status.BUREAU_REVIEW)
    reject = {"outcome": "reject", "reviewer": "苏通管局", "reasons": RETURN["reasons"]}
    await filing.player.signal("bureau_decision", reject)
    assert (await filing.result()).status is Status.REJECTED
    assert await on_file(filing) == held


async def test_a_change_of_the_remark_alone_needs_no_sms_check(begin_filing: Begin) -> None:
    first = await filed(begin_filing)
    number = (await first.result()).filing_number
    program = first.application.mini_program.model_copy(update={"remark": REMARK})
    change = after(first, number, Kind.CHANGE_MINI_PROGRAM, mini_program=program)
    filing = await begin_filing(change)
    await filing.player.reviewed()
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    await filing.player.authority(status=4, sms_verify_status=2)
    await filing.player.pass_check()
    await filing.player.until(Status.BUREAU_REVIEW)
    await filing.player.authority(status=6)
    await filing.player.pass_time(days=2)
    answer = await filing.result()
    assert answer.status is Status.APPROVED
    assert Status.SMS_VERIFICATION not in [entry.status for entry in answer.timeline]


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        (Kind.CHANGE_MINI_PROGRAM, Status.WITHDRAWN),
        (Kind.CHANGE_MINI_PROGRAM, Status.LAPSED),
        (Kind.CHANGE_SUBJECT, Status.WITHDRAWN),
        (Kind.CHANGE_SUBJECT, Status.LAPSED),
        (Kind.CHANGE_SUBJECT, Status.REJECTED),
        (Kind.CANCEL_MINI_PROGRAM, Status.REJECTED),
        (Kind.CANCEL_ACCESS, Status.REJECTED),
        (Kind.CANCEL_SUBJECT, Status.REJECTED),
        (Kind.CANCEL_SUBJECT, Status.LAPSED),
        (Kind.CANCEL_MINI_PROGRAM, Status.LAPSED),
    ],
)
async def test_what_does_not_go_through_leaves_everything_on_file(
    kind: Kind, ends: Status, begin_filing: Begin
) -> None:
    filing, _ = await begun(begin_filing, kind)
    held = await on_file(filing)
    await filing.player.until(Status.PLATFORM_REVIEW)
    if ends is Status.WITHDRAWN:
        await filing.player.signal("withdraw", {"by": "applicant", "reason": "不再变更"})
    elif kind in CHANGES and ends is Status.REJECTED:
        await filing.player.to_sms()
        await filing.player.authority(sms_verify_status=2)
        await filing.player.pass_check()
        await filing.player.until(Status.BUREAU_REVIEW)
        reject = {"outcome": "reject", "reviewer": "苏通管局", "reasons": RETURN["reasons"]}
        await filing.player.signal("bureau_decision", reject)
    elif kind in CHANGES:
        await filing.player.signal("platform_decision", RETURN)
        await filing.player.until(Status.CORRECTION)
        await filing.player.pass_time(days=47)
    elif ends is Status.REJECTED:
        await filing.player.signal("withdraw", {"by": "applicant", "reason": "不再注销"})
        await filing.player.signal("platform_decision", RETURN)
    else:
        await filing.player.to_sms()
        await filing.player.authority(sms_verify_status=3)
        await filing.player.pass_check()
    answer = await filing.result()
    assert answer.status is ends
    tried = ends is Status.REJECTED and kind not in CHANGES
    assert [r.code for r in answer.refused] == (["cancellation_not_withdrawable"] if tried else [])
    assert await on_file(filing) == held


async def test_a_second_filing_of_a_subject_is_refused_or_waits(
    begin_filing: Begin, stored_example: Application
) -> None:
    first = await begin_filing()
    services = first.services
    await first.player.until(Status.PLATFORM_REVIEW)
    another = of_another_subject(stored_example)
    second = another.model_copy(update={"subject": first.application.subject})
    refused = await start_application(second, "test", services)
    assert isinstance(refused, Busy)
    assert refused.waits_for == first.id
    # As if the first had begun between the look for it and the second's start.
    handle = await services.client.start_workflow(
        WORKFLOW, second, id=workflow_id(second), task_queue=TASK_QUEUE
    )
    told = await _on_record(
        second, handle.first_execution_run_id or "", queue=False, file="test", services=services
    )
    assert isinstance(told, Busy)
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    between = await find(handle.first_execution_run_id or "", services)
    assert between.view["status_label"] == "主体或小程序正由另一备案占用,未受理"
    assert ["排队" in entry["note"] for entry in between.view["timeline"]] == [False]
    queued = await start_application(second, "test", services, queue=True)
    assert not isinstance(queued, Busy)
    record = await services.registry.find(second.mini_program.appid)
    assert record is not None
    assert record.view["status"] == "queued"
    waiting = services.client.get_workflow_handle(workflow_id(second))
    await first.player.signal("withdraw", {"by": "applicant", "reason": "测试"})
    await first.result()
    begun_later = replace(first, handle=waiting)
    answer = await eventually(begun_later, lambda a: a.status is Status.PLATFORM_REVIEW)
    assert answer.queued_behind is None
    assert await services.registry.holder(first.application) == workflow_id(second)
    await waiting.signal("withdraw", {"by": "applicant", "reason": "测试"})
    await waiting.result()
    assert await services.registry.holder(first.application) is None


async def test_a_number_under_another_subjects_is_not_free(begin_filing: Begin) -> None:
    first = await filed(begin_filing)
    number = (await first.result()).filing_number
    assert number is not None
    taken = f"{number.rsplit('-', 1)[0]}-77X"
    registry = first.services.registry
    assert not await registry.claim_number(taken, "somebody else's uid")
    own = after(first, number, Kind.NEW, filing_number=None)
    program = own.mini_program.model_copy(update={"appid": fresh_appid()})
    further = await begin_filing(own.model_copy(update={"mini_program": program}))
    await further.player.until(Status.PLATFORM_REVIEW)
    assert await registry.claim_number(taken, further.uid)
