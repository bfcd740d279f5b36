"""For each stage: what the real Web UI says, in Chinese, to somebody who sees a filing for the first
time; and a reviewer who decides there, with what the page itself tells to send."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from filing.vocabulary import Status
from tests.playing import Begin, Filing, eventually
from tests.ui.conftest import Pages

pytestmark = pytest.mark.ui

RETURN = {
    "outcome": "return",
    "reviewer": "li.na",
    "reasons": [
        {"field": "mini_program.remark", "reason": "备注过于笼统", "suggestion": "写明服务内容"}
    ],
}


async def in_review(begin: Begin) -> Filing:
    filing = await begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await eventually(filing, lambda a: a.due_at is not None)
    return filing


async def test_platform_review(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    due = (await filing.status()).due_at
    assert due is not None
    last_day = f"{due - timedelta(days=1):%Y-%m-%d} 24:00"
    seen = pages(filing)
    await seen.timeline(f"平台初审:期限 {last_day}")
    await seen.details(
        "新增备案 · 平台初审 · 第 1 轮", "平台审核人员", last_day, "发送信号 platform_decision"
    )
    await seen.picture("platform-review")


async def test_the_list_with_what_a_filing_waits_for(begin_filing: Begin, pages: Pages) -> None:
    returned, checked, reviewed = [await in_review(begin_filing) for _ in range(3)]
    await returned.player.signal("platform_decision", RETURN)
    await returned.player.until(Status.CORRECTION)
    await checked.player.to_sms()
    seen = pages(reviewed)
    await seen.columns(
        add=("FilingStatus", "WaitingFor", "DueAt", "Overdue", "Round"),
        remove=("Run ID", "Type", "Start", "End"),
    )
    row = await seen.row("WorkflowType='FilingWorkflow' AND ExecutionStatus='Running'")
    for text in ("platform_review", "platform", "false", "1"):
        await expect(row.get_by_role("cell", name=text, exact=True)).to_be_visible()
    await seen.picture("list")
    row = await pages(returned).row("WaitingFor='applicant'")
    await expect(row.get_by_role("cell", name="correction", exact=True)).to_be_visible()


async def test_a_reviewer_approves_from_the_page(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    seen = pages(filing)
    await seen.send("platform_decision", await seen.example_of("platform_decision"))
    answer = await filing.player.until(Status.SUBMISSION)
    assert answer.timeline[-1].by == "li.na"


async def test_a_wrong_message_says_what_would_be_right(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    seen = pages(filing)
    await seen.timeline()
    await seen.send("platform_decision", {"outcome": "yes"})
    await eventually(filing, lambda a: a.refused_count == 1)
    await seen.details("未被采纳的消息(共 1 条", "platform_decision", "正确写法如")
    await seen.picture("refused", down_to="正确写法如")


async def test_correction(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    seen = pages(filing)
    await seen.timeline()
    await seen.send("platform_decision", RETURN)
    await filing.player.until(Status.CORRECTION)
    await eventually(filing, lambda a: a.due_at is not None)
    await seen.timeline("待修改:期限", "通知:returned → applicant")
    await seen.details("待修改", "申请人", "备注过于笼统", "写明服务内容", "starter.py draft")
    await seen.picture("correction")


async def test_submission(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    await filing.player.reviewed()
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    seen = pages(filing)
    await seen.timeline("提交备案系统,等待送达管局")
    await seen.details("提交管局", "通常无需操作", "authority_event")
    await seen.picture("submission")


async def test_sms_verification_and_bureau_review(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    seen = pages(filing)
    await filing.player.to_sms()
    await eventually(filing, lambda a: a.due_at is not None)
    await seen.timeline("短信核验:期限")
    await seen.details("短信核验", "负责人", "尚待核验", "sms_verified")
    await seen.picture("sms-verification")
    await filing.player.to_bureau()
    await eventually(filing, lambda a: a.due_at is not None)
    await seen.timeline("管局审核:期限", "查询备案系统状态")
    await seen.details("管局审核", "通信管理局", "bureau_decision", "不予通过")
    await seen.picture("bureau-review")
    await filing.player.signal("hold", {"by": "ops", "reason": "管局系统维护"})
    await eventually(filing, lambda a: a.held)
    await seen.details("已暂停", "管局系统维护")
    await seen.picture("held")
    await filing.player.signal("resume", {"by": "ops", "reason": "恢复"})
    await eventually(filing, lambda a: not a.held)
    await filing.player.through_bureau(5)
    ended = await filing.result()
    assert ended.filing_number is not None
    await seen.timeline(ended.filing_number)
    await seen.details("备案成功", ended.filing_number)
    await seen.picture("approved")


async def test_overdue(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    due = (await filing.status()).due_at
    assert due is not None
    ahead = due - await filing.player.time()
    await filing.player.pass_time(seconds=ahead.total_seconds() + 1)
    await eventually(filing, lambda a: a.overdue)
    seen = pages(filing)
    await seen.details("平台初审", "已逾期")
    await seen.picture("overdue")
    await seen.row(f"Overdue=true AND WorkflowId='{filing.id}'")


async def test_rejected(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    await filing.player.to_sms()
    await filing.player.to_bureau()
    seen = pages(filing)
    await seen.timeline()
    await seen.send(
        "bureau_decision",
        {
            "outcome": "reject",
            "reviewer": "苏通管局",
            "reasons": [{"field": "application", "reason": "不符合备案条件"}],
        },
    )
    assert (await filing.result()).status is Status.REJECTED
    await seen.details("审核不通过", "不符合备案条件")
    await seen.picture("rejected")


async def test_withdrawn(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    seen = pages(filing)
    await seen.timeline()
    await seen.send("withdraw", {"by": "applicant", "reason": "暂不上线"})
    assert (await filing.result()).status is Status.WITHDRAWN
    await seen.details("已撤回", "暂不上线")
    await seen.picture("withdrawn")


async def test_lapsed(begin_filing: Begin, pages: Pages) -> None:
    filing = await in_review(begin_filing)
    await filing.player.signal("platform_decision", RETURN)
    await filing.player.until(Status.CORRECTION)
    answer = await eventually(filing, lambda a: a.due_at is not None)
    assert answer.due_at is not None
    ahead = answer.due_at - await filing.player.time()
    await filing.player.pass_time(seconds=ahead.total_seconds() + 1)
    assert (await filing.result()).status is Status.LAPSED
    seen = pages(filing)
    await seen.details("已失效")
    await seen.picture("lapsed")
