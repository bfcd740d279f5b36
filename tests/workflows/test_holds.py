"""Holds on the real server: what stops, what goes on, and many filings held at once."""

import asyncio
import time as time_
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from filing.application import Application
from filing.model import CHINA
from filing.records import ListQuery
from filing.vocabulary import Status
from filing.workdays import is_working_day
from gateways.calendar import packaged_arrangement
from gateways.discovery import ServiceUnreachable
from gateways.registry import FilingRecord, Registry
from operations import bulk
from operations.bulk import Bulk, BulkReport, BulkResult, Result, carry_out, plan
from operations.filings import Outcome, find, send
from operations.services import Services
from operations.start import Started, start_application
from tests.commands.conftest import Cli
from tests.playing import Begin, Filing, of_another_subject

KNOWN = packaged_arrangement()
ONE_DAY = timedelta(days=1)
PROVINCE = {"province": "青海省", "city": "西宁市", "district": "城东区"}
"""Where no other test has filings."""
REASON = "通管局系统维护"


async def hold(filing: Filing) -> None:
    answer = await filing.handle.execute_update("hold", {"by": "ops", "reason": REASON})
    assert answer["accepted"]
    assert (answer["status"]["held"], answer["status"]["due_at"]) == (True, None)


async def resume(filing: Filing) -> tuple[datetime, datetime]:
    """From when to when it was held."""
    answer = await filing.handle.execute_update("resume", {"by": "ops", "reason": "恢复"})
    assert answer["accepted"]
    entries = await filing.services.registry.events(filing.uid)
    at = {entry.purpose: entry.at for entry in entries}
    return at["hold"], at["resume"]


async def test_a_hold_across_a_holiday_takes_exactly_its_working_days(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.to_sms()
    await filing.player.to_bureau()
    answer = await filing.status()
    start = max(check.at for check in answer.sms_verified).astimezone(CHINA).date()
    due_at = answer.due_at
    assert due_at is not None
    # Into the window, then held until a week after the next holiday that falls on a weekday.
    await filing.player.pass_time(days=3)
    today = (await filing.player.time()).astimezone(CHINA).date()
    holiday = next(
        day
        for day in (today + ONE_DAY * n for n in range(2, 300))
        if day.weekday() < 5 and day in KNOWN.holidays
    )
    await hold(filing)
    await filing.player.pass_time(days=(holiday - today).days + 7)
    stands = await filing.status()
    assert (stands.held, stands.overdue, stands.due_at) == (True, False, None)
    began, ended = await resume(filing)
    touched: set[date] = set()
    day = began.astimezone(CHINA).date()
    while day <= ended.astimezone(CHINA).date():
        touched.add(day)
        day += ONE_DAY
    assert holiday in touched
    day, left = start, 20
    while left:
        day += ONE_DAY
        left -= day not in touched and is_working_day(KNOWN, day)
    answer = await filing.status()
    assert answer.due_at == datetime.combine(day + ONE_DAY, time(), CHINA)
    assert answer.due_at > due_at
    assert not answer.held


async def test_the_hours_of_a_hold_are_added_to_an_sms_window(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.to_sms()
    due_at = (await filing.status()).due_at
    assert due_at is not None
    await filing.player.pass_time(hours=20)
    await hold(filing)
    await filing.player.pass_time(hours=30, minutes=7)  # beyond its end, had it not been held
    assert (await filing.status()).status is Status.SMS_VERIFICATION
    began, ended = await resume(filing)
    answer = await filing.status()
    assert answer.due_at == due_at + (ended - began)
    assert timedelta(hours=30) < ended - began < timedelta(hours=31)
    assert not answer.overdue


async def test_a_decision_while_held_applies_and_the_hold_goes_on(begin_filing: Begin) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await hold(filing)
    await filing.player.signal(
        "platform_decision",
        {
            "outcome": "return",
            "reviewer": "li.na",
            "reasons": [{"field": "subject.name", "reason": "与执照不一致"}],
        },
    )
    await filing.player.until(Status.CORRECTION)
    await filing.player.pass_time(days=50)  # it would have lapsed
    answer = await filing.status()
    assert (answer.status, answer.held, answer.due_at) == (Status.CORRECTION, True, None)
    _, ended = await resume(filing)
    answer = await filing.status()
    whole_days = ended.astimezone(CHINA).date() + ONE_DAY * 46
    assert answer.due_at == datetime.combine(whole_days, time(), CHINA)


# --- many at once ---

QUERY = ListQuery(province=PROVINCE["province"], status="platform_review")
BEGUN = QUERY.model_copy(update={"due_before": datetime(2100, 1, 1, tzinfo=CHINA)})
"""Those whose workflow has taken its first step: it has opened the window."""


@pytest.fixture(scope="module")
async def five(services: Services, stored_example: Application) -> list[str]:
    """The uids of five filings of one province."""
    uids: list[str] = []
    for _ in range(5):
        application = of_another_subject(stored_example)
        subject = application.subject.model_copy(update=PROVINCE)
        application = application.model_copy(update={"subject": subject})
        started = await start_application(application, "test", services)
        assert isinstance(started, Started)
        uids.append(started.uid)
    end = time_.monotonic() + 20
    while len((planned := await plan(Bulk.HOLD, BEGUN, services)).due) < 5:
        assert time_.monotonic() < end, planned
        await asyncio.sleep(0.05)
    return uids


async def act(action: Bulk, services: Services, held_for: str | None = None) -> BulkReport:
    planned = await plan(action, QUERY, services, held_for=held_for)
    return await carry_out(action, planned, "ops", REASON, services, rate=200)


def counts(report: BulkReport) -> tuple[int, int, int, int, int]:
    assert report.stopped is None
    return report.matched, report.done, report.already, report.refused, report.ended


async def test_a_province_is_held_and_what_was_interrupted_goes_on(
    services: Services, five: list[str]
) -> None:
    planned = await plan(Bulk.HOLD, QUERY, services)
    assert (planned.matched, {f.uid for f in planned.due}) == (5, set(five))

    class Interrupted(Exception):
        pass

    reached: list[BulkResult] = []

    def stop(result: BulkResult) -> None:
        reached.append(result)
        if len(reached) == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        await carry_out(Bulk.HOLD, planned, "ops", REASON, services, rate=5, progress=stop)
    assert [r.result for r in reached] == [Result.DONE] * 2
    # What was under way then may have been held as well.
    report = await act(Bulk.HOLD, services)
    assert report.done + report.already == report.matched == 5
    assert report.already >= 2
    assert report.done >= 1
    for uid in five:
        record = await find(uid, services)
        holds = [e for e in await services.registry.events(uid) if e.purpose == "hold"]
        assert record.view["held"] is True
        # What was under way when it was interrupted may be asked once more, and is not held twice.
        assert {r["code"] for r in record.view["refused"]} <= {"already_held"}
        assert [(e.by, e.note) for e in holds] == [("ops", f"暂停:{REASON}")]
    assert counts(await act(Bulk.HOLD, services)) == (5, 0, 5, 0, 0)


async def test_only_those_held_for_that_reason_are_resumed(
    services: Services, five: list[str]
) -> None:
    await act(Bulk.HOLD, services)
    # One of them is held for a reason of its own.
    own = services.client.get_workflow_handle((await find(five[0], services)).filing_id)
    await own.execute_update("resume", {"by": "ops", "reason": "改由客户暂停"})
    await own.execute_update("hold", {"by": "ops", "reason": "等待客户"})
    assert counts(await act(Bulk.RESUME, services, REASON)) == (5, 4, 1, 0, 0)
    assert counts(await act(Bulk.RESUME, services, REASON)) == (5, 0, 5, 0, 0)
    assert (await find(five[0], services)).view["held"] is True
    assert counts(await act(Bulk.RESUME, services)) == (5, 1, 4, 0, 0)


async def test_who_ended_or_was_held_since_the_plan_is_told_apart(
    services: Services, five: list[str]
) -> None:
    await act(Bulk.RESUME, services)
    planned = await plan(Bulk.HOLD, QUERY, services)
    records = [await find(uid, services) for uid in five[:2]]
    gone, held = (services.client.get_workflow_handle(record.filing_id) for record in records)
    await gone.execute_update("withdraw", {"by": "test", "reason": "结束"})
    await gone.result()
    await held.execute_update("hold", {"by": "ops", "reason": "等待客户"})
    report = await carry_out(Bulk.HOLD, planned, "ops", REASON, services, rate=200)
    assert counts(report) == (5, 3, 1, 0, 1)


async def test_where_a_service_goes_away_the_rest_is_left_and_said_so(
    services: Services, five: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await act(Bulk.RESUME, services)

    async def nobody_answers(
        record: FilingRecord, name: str, payload: dict[str, Any], services: Services
    ) -> Outcome:
        raise ServiceUnreachable("no worker answered")

    monkeypatch.setattr(bulk, "send", nobody_answers)
    report = await act(Bulk.HOLD, services)
    assert (report.stopped, report.done) == ("no worker answered", 0)
    assert report.failed == bulk.MOST_FAILURES
    assert report.not_reached == report.matched - report.already - report.failed > 0
    monkeypatch.undo()
    again = await act(Bulk.HOLD, services)
    assert (again.stopped, again.not_reached, again.failed) == (None, 0, 0)


async def test_one_filing_that_fails_stops_no_other(
    services: Services, five: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await act(Bulk.RESUME, services)
    failing = (await plan(Bulk.HOLD, QUERY, services)).due[1].uid

    async def send_but_for_one(
        record: FilingRecord, name: str, payload: dict[str, Any], services: Services
    ) -> Outcome:
        if record.uid == failing:
            raise WorkflowUpdateFailedError(ValueError("broken"))
        return await send(record, name, payload, services)

    monkeypatch.setattr(bulk, "send", send_but_for_one)
    report = await act(Bulk.HOLD, services)
    assert (report.stopped, report.failed, report.not_reached) == (None, 1, 0)
    assert report.done == report.matched - 1 - report.already
    assert [one.uid for one in report.filings if one.result is Result.FAILED] == [failing]


async def test_where_the_registry_goes_away_the_report_tells_what_was_done(
    services: Services, five: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await act(Bulk.RESUME, services)
    planned = await plan(Bulk.HOLD, QUERY, services)
    found: list[str] = []

    async def find_until_it_goes_away(id_: str, services: Services) -> FilingRecord:
        found.append(id_)
        if len(found) > 1:
            await Registry.open("postgresql://beian@127.0.0.1:1/beian")  # nobody is there
        return await find(id_, services)

    monkeypatch.setattr(bulk, "find", find_until_it_goes_away)
    report = await carry_out(Bulk.HOLD, planned, "ops", REASON, services, rate=200)
    assert "PostgreSQL" in (report.stopped or "")
    assert (report.done, report.not_reached) == (1, len(planned.due) - 1)


async def test_from_the_command_line(
    services: Services, five: list[str], stack_home: Path, tmp_path: Path
) -> None:
    cli = Cli(stack_home, tmp_path, [])
    await act(Bulk.RESUME, services)
    ours = ("--province", PROVINCE["province"])
    planned = await cli.json("hold-many", *ours, "--reason", REASON, "--dry-run")
    assert planned["action"] == "hold"
    assert planned["matched"] == planned["due"] == len(planned["filings"]) >= 4
    assert {f["uid"] for f in planned["filings"]} <= set(five)
    held = await cli.json("hold-many", *ours, "--reason", REASON, "--by", "ops")
    assert (held["done"], held["already"]) == (planned["due"], 0)
    assert "needed nothing" in (await cli("hold-many", *ours, "--reason", REASON)).out
    others = await cli("resume-many", *ours, "--held-for", "别的原因", code=1)
    assert f"{REASON} ({planned['due']})" in others.err
    assert "0 resumed" in others.out
    assert "resumed" in (await cli("resume-many", *ours, "--held-for", REASON)).out
    assert not (await find(planned["filings"][0]["uid"], services)).view["held"]
    await cli("hold-many", "--reason", REASON, code=2)
    await cli("hold-many", *ours, "--reason", "长" * 501, code=2)
    none = await cli("resume-many", *ours, "--held-for", REASON, "--dry-run", code=1)
    assert "none is held" in none.err
    assert "did you mean 青海省?" in (await cli("list", "--province", "青海", code=2)).err
    assert (
        "江苏省"
        in (await cli("hold-many", "--province", "不存在省", "--reason", REASON, code=2)).err
    )
    alone = Cli(tmp_path / "nowhere", tmp_path, [])
    await alone("hold-many", *ours, "--reason", REASON, code=3)
