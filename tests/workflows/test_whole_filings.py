"""Whole filings on the real server, by time travel: by signals, by updates, and each window's end."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from commands.show import IN_THE_WAY, _facts
from filing.view import StatusAnswer
from filing.vocabulary import Status
from filing.workdays import end_of_calendar_days, end_of_working_days
from gateways.calendar import packaged_arrangement
from gateways.registry import NoticeRecord
from operations.filings import show
from tests.playing import Begin, Filing, eventually, notices_of

UNEVENTFUL_EVENTS = 60 + 6
"""Six of the notice before the SMS check: its activity, and the workflow task that its end causes."""


def number_for(filing: Filing) -> str:
    """A filing number of the right province that no other test uses."""
    return f"苏ICP备2026{int(filing.uid[-12:], 16) % 1_000_000:06d}号-1X"


async def to_deadline(filing: Filing, short_by: timedelta) -> StatusAnswer:
    """Move on to just before the present deadline; gives what stood then."""
    answer = await filing.status()
    assert answer.due_at is not None
    await filing.player.pass_time(
        seconds=(answer.due_at - await filing.player.time() - short_by).total_seconds()
    )
    return await filing.status()


async def test_by_signals_from_file_to_number(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.to_sms()
    await filing.player.to_bureau()
    number = number_for(filing)
    await filing.player.signal(
        "bureau_decision",
        {"outcome": "approve", "reviewer": "苏通管局", "filing_number": number},
    )
    answer = await filing.result()
    assert (answer.status, answer.filing_number) == (Status.APPROVED, number)
    assert answer.subject_number == number.rsplit("-", 1)[0]
    assert [entry.status for entry in answer.timeline] == [
        Status.PLATFORM_REVIEW,
        Status.SUBMISSION,
        Status.SMS_VERIFICATION,
        Status.SMS_VERIFICATION,
        Status.SMS_VERIFICATION,
        Status.BUREAU_REVIEW,
        Status.APPROVED,
    ]
    assert answer.refused_count == 0


async def test_by_updates_each_answers_with_the_new_status(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)

    async def decide(stage: str, **decision: Any) -> dict[str, Any]:
        payload = {"stage": stage, "round": 1, "decision": {"reviewer": "li.na", **decision}}
        return dict(await filing.handle.execute_update("decide", payload))

    answer = await decide("platform_review", outcome="approve")
    assert (answer["accepted"], answer["status"]["status"]) == (True, "submission")
    late = await decide("platform_review", outcome="approve")
    assert (late["accepted"], late["refusal"]["code"]) == (False, "out_of_turn")
    await filing.player.to_sms_from_submission()
    for person in ("subject_principal", "mini_program_principal"):
        answer = await filing.handle.execute_update(
            "sms_verified", {"person": person, "source": "test"}
        )
        assert answer["accepted"]
    assert answer["status"]["status"] == "bureau_review"
    answer = await decide("bureau_review", outcome="approve", filing_number=number_for(filing))
    assert (answer["accepted"], answer["status"]["status"]) == (True, "approved")
    assert (await filing.result()).refused_count == 1


async def test_it_is_told_that_another_order_is_in_the_way(begin_filing: Begin) -> None:
    """As after a bureau's decision of which the authority does not know."""
    filing = await begin_filing()
    player = filing.player
    await player.to_sms()
    await player.to_bureau()
    reasons = [{"field": "mini_program.remark", "reason": "过于笼统"}]
    returned = {"outcome": "return", "reviewer": "苏通管局", "reasons": reasons}
    await player.signal("bureau_decision", returned)
    await player.until(Status.CORRECTION)
    await player.signal("resubmit", {"by": "applicant", "reason": "已说明"})
    await player.until(Status.PLATFORM_REVIEW, 2)
    assert not (await show(filing.uid, filing.services)).order_in_the_way
    await player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await player.until(Status.SUBMISSION, 2)
    await player.handed_over()  # tried, at least
    shown = await show(filing.uid, filing.services)
    assert shown.order_in_the_way
    assert dict(_facts(shown))["待处理"] == IN_THE_WAY


async def test_the_registry_tells_the_same_story(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.to_sms()
    await filing.player.to_bureau()
    await filing.player.signal(
        "bureau_decision",
        {
            "outcome": "reject",
            "reviewer": "苏通管局",
            "reasons": [{"field": "mini_program.remark", "reason": "过于笼统"}],
        },
    )
    answer = await filing.result()
    assert answer.status is Status.REJECTED
    shown = await show(filing.uid, filing.services)
    assert shown.as_of is not None
    assert shown.answer == answer
    recorded = [(e.at, e.status, e.note) for e in shown.events if e.purpose != "note"]
    assert recorded == [(t.at, t.status, t.note) for t in answer.timeline]
    assert [e.sequence for e in shown.events] == list(range(1, len(shown.events) + 1))
    assert {(n.purpose, n.audience, n.state) for n in shown.notices} == {
        ("submitted", "applicant", "sent"),
        ("sms_due", "applicant", "sent"),
        ("rejected", "applicant", "sent"),
        *((n.purpose, n.audience, n.state) for n in shown.notices if n.purpose == "reminder"),
    }


async def test_platform_review_overdue_exactly_at_its_deadline(begin_filing: Begin) -> None:
    filing = await begin_filing()
    began = await filing.player.until(Status.PLATFORM_REVIEW)
    assert began.due_at == end_of_working_days(packaged_arrangement(), began.entered_at, 2)
    assert not (await to_deadline(filing, timedelta(seconds=2))).overdue
    await filing.player.pass_time(seconds=2)
    late = await eventually(filing, lambda a: a.overdue)
    assert late.status is Status.PLATFORM_REVIEW
    assert late.timeline[-1].at - began.due_at < timedelta(seconds=2)
    # It still waits, and a decision still counts.
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    assert not (await filing.player.until(Status.SUBMISSION)).overdue


async def test_submission_overdue_keeps_trying(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    await to_deadline(filing, timedelta(seconds=-1))
    await eventually(filing, lambda a: a.overdue)
    await filing.player.authority(status=4, sms_verify_status=1)
    await filing.player.pass_check()
    await filing.player.until(Status.SMS_VERIFICATION)


@pytest.mark.parametrize(
    ("sms", "expected", "overdue"),
    [
        (1, Status.SMS_VERIFICATION, True),
        (2, Status.BUREAU_REVIEW, False),
        (3, Status.CORRECTION, False),
    ],
    ids=["still waiting", "done", "timed out"],
)
async def test_at_the_sms_deadline_the_authoritys_word_wins(
    begin_filing: Begin, sms: int, expected: Status, overdue: bool
) -> None:
    filing = await begin_filing()
    await filing.player.to_sms()
    began = await filing.status()
    assert began.due_at is not None
    assert timedelta(hours=23, minutes=59) < began.due_at - began.entered_at <= timedelta(days=1)
    before = await to_deadline(filing, timedelta(seconds=2))
    assert before.status is Status.SMS_VERIFICATION
    await filing.player.authority(status=4, sms_verify_status=sms)
    await filing.player.pass_time(seconds=3)
    answer = await eventually(filing, lambda a: (a.status, a.overdue) == (expected, overdue))
    if expected is Status.CORRECTION:
        assert [reason.field for reason in answer.reasons] == ["sms_verification"]


async def test_bureau_review_overdue_counts_twenty_working_days(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.to_sms()
    await filing.player.to_bureau()
    answer = await filing.status()
    last = max(check.at for check in answer.sms_verified)
    assert answer.due_at == end_of_working_days(packaged_arrangement(), last, 20)
    await to_deadline(filing, timedelta(seconds=-1))
    late = await eventually(filing, lambda a: a.overdue)
    assert late.status is Status.BUREAU_REVIEW
    # The next working days at 09:00 operations are told, and told again.
    await filing.player.pass_time(days=12)
    await told(filing, "overdue", 2)


async def test_a_returned_filing_that_nobody_corrects_lapses(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal(
        "platform_decision",
        {
            "outcome": "return",
            "reviewer": "li.na",
            "reasons": [{"field": "subject.name", "reason": "与执照不一致"}],
        },
    )
    answer = await filing.player.until(Status.CORRECTION)
    assert answer.due_at == end_of_calendar_days(answer.entered_at, 45)
    await to_deadline(filing, timedelta(seconds=2))
    assert (await filing.status()).status is Status.CORRECTION
    await filing.player.pass_time(seconds=2)
    ended = await filing.result()
    assert ended.status is Status.LAPSED
    assert await told(filing, "reminder", 3) == 3


async def told(filing: Filing, purpose: str, times: int) -> int:
    """How often it was told, as soon as that is so often."""

    def count(notices: list[NoticeRecord]) -> int:
        return sum(n.purpose == purpose for n in notices)

    return count(await notices_of(filing, lambda notices: count(notices) >= times))


async def on_record(filing: Filing, status: Status) -> None:
    """Wait by the registry: a query may come between and cost a workflow task."""
    end = time.monotonic() + 20
    while True:
        record = await filing.services.registry.find(filing.uid)
        if record is not None and record.view["status"] == status.value:
            return
        assert time.monotonic() < end, record
        await asyncio.sleep(0.05)


async def test_an_uneventful_filing_stays_small(begin_filing: Begin) -> None:
    """The least of three, for a busy machine prolongs workflow tasks, which are events too."""
    lengths = [await uneventful(await begin_filing()) for _ in range(3)]
    assert min(lengths) <= UNEVENTFUL_EVENTS, lengths


async def uneventful(filing: Filing) -> int:
    """Events of a filing that learns everything by asking the authority; what time travel itself
    adds is not counted."""
    await on_record(filing, Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await on_record(filing, Status.SUBMISSION)
    await filing.player.handed_over()
    await filing.player.authority(status=4, sms_verify_status=1)
    await filing.player.pass_check()
    await on_record(filing, Status.SMS_VERIFICATION)
    await filing.player.authority(status=4, sms_verify_status=2)
    await filing.player.pass_time(hours=23, minutes=59)
    await filing.player.authority(status=6, number=number_for(filing))
    await filing.player.pass_time(days=1)
    ended = await filing.result()
    assert ended.status is Status.APPROVED
    kinds = [EventType.Name(e.event_type) for e in (await filing.handle.fetch_history()).events]
    travel = ("TIME_SKIPPING", "OPTIONS_UPDATED")
    return len([kind for kind in kinds if not any(part in kind for part in travel)])
