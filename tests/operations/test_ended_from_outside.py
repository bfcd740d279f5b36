"""Filings whose workflow somebody ended past the process: closed as soon as a command finds it."""

from filing.application import Application
from filing.records import ListQuery
from filing.vocabulary import Status
from operations.bulk import Bulk, carry_out, plan
from operations.filings import Verdict, decide, find, settle, show
from operations.services import Services
from operations.start import Started, start_application
from tests.playing import Begin, Filing, of_another_subject

APPROVE = Verdict(decision={"outcome": "approve", "reviewer": "li.na"})


async def terminated(begin_filing: Begin) -> Filing:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.handle.terminate("by mistake")
    return filing


async def is_listed(filing: Filing, services: Services) -> bool:
    listed = await services.registry.list_filings(ListQuery(limit=100_000))
    return filing.uid in {one.uid for one in listed}


async def test_show_closes_it_and_says_so(begin_filing: Begin, services: Services) -> None:
    filing = await terminated(begin_filing)
    assert await is_listed(filing, services)
    shown = await show(filing.id, services)
    assert shown.ended_from_outside
    assert shown.answer.status is Status.PLATFORM_REVIEW
    assert shown.answer.status_label == "平台初审,流程已被外部终止(Temporal:TERMINATED)"
    assert (shown.answer.due_at, shown.answer.waiting_for) == (None, None)
    assert shown.answer.timeline[-1].note == "流程已被外部终止(Temporal:TERMINATED)"
    assert not await is_listed(filing, services)
    assert await show(filing.id, services) == shown


async def test_a_decision_is_refused_with_what_to_do(
    begin_filing: Begin, services: Services
) -> None:
    filing = await terminated(begin_filing)
    for _ in range(2):
        refusal = (await decide(filing.id, APPROVE, services)).refusal
        assert refusal is not None
        assert refusal["code"] == "ended_from_outside"
        assert "start" in refusal["explanation"]
    assert not await is_listed(filing, services)


async def test_many_are_held_and_it_counts_as_ended(
    begin_filing: Begin, services: Services
) -> None:
    filing = await terminated(begin_filing)
    planned = await plan(Bulk.HOLD, ListQuery(), services)
    only = planned.model_copy(
        update={"due": tuple(one for one in planned.due if one.uid == filing.uid)}
    )
    report = await carry_out(Bulk.HOLD, only, "ops", "x", services)
    assert (report.ended, report.refused, report.done) == (1, 0, 0)
    assert not await is_listed(filing, services)


async def test_the_next_filing_of_the_mini_program_closes_it(
    begin_filing: Begin, services: Services
) -> None:
    filing = await terminated(begin_filing)
    started = await start_application(filing.application, "test", services)
    assert isinstance(started, Started)
    assert started.uid != filing.uid
    assert not await is_listed(filing, services)
    assert (await show(filing.id, services)).answer.uid == started.uid
    assert (await show(filing.uid, services)).ended_from_outside


async def test_what_runs_or_is_not_known_to_temporal_stays_open(
    begin_filing: Begin, services: Services
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    record = await find(filing.id, services)
    assert (await settle(record, services)).closed_at is None
    stray = record.model_copy(update={"filing_id": "filing-nowhere"})
    assert (await settle(stray, services)).closed_at is None


async def test_what_it_had_claimed_is_free_again(
    begin_filing: Begin, services: Services, stored_example: Application
) -> None:
    filing = await terminated(begin_filing)
    another = of_another_subject(stored_example)
    same = another.model_copy(update={"subject": filing.application.subject})
    started = await start_application(same, "test", services)
    assert isinstance(started, Started)
