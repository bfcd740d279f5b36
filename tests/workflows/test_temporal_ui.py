"""The queries of docs/temporal-ui.md on the real server: none is stale, and each finds what it says."""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from filing.view import StatusAnswer
from filing.vocabulary import Party, Status
from gateways.temporal import SEARCH_ATTRIBUTES
from operations.services import Services
from tests.playing import Begin, Filing, eventually

PAGE = (Path(__file__).parents[2] / "docs/temporal-ui.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([^|]+) \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)
VIEWS = {name: (query, link) for name, query, link in ROW.findall(PAGE)}
BEFORE = datetime.fromisoformat("2026-12-01T00:00:00+08:00")

Says = Callable[[StatusAnswer], bool]


def _open(says: Says) -> Says:
    return lambda answer: not answer.status.final and says(answer)


FINDS: dict[str, Says] = {
    "Overdue": _open(lambda a: a.overdue),
    "Waiting for our reviewers": _open(lambda a: a.waiting_for is Party.PLATFORM),
    "Waiting for the bureau, one province": _open(lambda a: a.waiting_for is Party.BUREAU),
    "Waiting for the bureau, overdue": _open(lambda a: a.waiting_for is Party.BUREAU and a.overdue),
    "Waiting for the applicant": _open(lambda a: a.waiting_for is Party.APPLICANT),
    "SMS check under way": _open(lambda a: a.status is Status.SMS_VERIFICATION),
    "Provisional deadline": _open(lambda a: a.provisional),
    "Due before an instant": _open(lambda a: a.due_at is not None and a.due_at < BEFORE),
    "Nothing due: on hold, or in a queue": _open(lambda a: a.due_at is None),
    "Waiting behind another filing": _open(lambda a: a.status is Status.QUEUED),
    "In its third round or later: sent back, or an SMS check missed, twice": _open(
        lambda a: a.round >= 3
    ),
    "Of individuals": lambda _: False,
    "Changes and cancellations": lambda _: False,
    "One mini program, all its filings": lambda _: False,
    "Approved": lambda a: a.status is Status.APPROVED,
    "Ended without a number": lambda a: a.status.final and a.status is not Status.APPROVED,
    "Not accepted": lambda _: False,
    "Ended past the process": lambda _: False,
}
"""By view: whether it is to find a filing that says this of itself."""


def test_every_view_has_its_link_and_is_tested() -> None:
    assert set(VIEWS) == set(FINDS)
    for query, link in VIEWS.values():
        assert link == f"/namespaces/default/workflows?query={quote(query, safe='')}"
        named = set(re.findall(r"\b([A-Z][A-Za-z]+)(?= (?:=|!=|<|>=|IN|IS)\s)", query))
        assert named <= {*SEARCH_ATTRIBUTES, "WorkflowType", "WorkflowId", "ExecutionStatus"}


@pytest.fixture(scope="module")
async def filings(begin_filing: Begin) -> dict[Filing, StatusAnswer]:
    """One in each stage, one overdue, one held, one of the third round, an ended one; and what they say."""

    async def staying() -> Filing:
        filing = await begin_filing()
        await filing.player.until(Status.PLATFORM_REVIEW)
        return filing

    async def late() -> Filing:
        filing = await staying()
        await filing.player.pass_time(days=14)
        await eventually(filing, lambda answer: answer.overdue)
        return filing

    async def held() -> Filing:
        filing = await staying()
        await filing.handle.execute_update("hold", {"by": "ops", "reason": "等待补充"})
        return filing

    async def returned_twice() -> Filing:
        filing = await staying()
        for _ in (1, 2):
            decision = {"reviewer": "li.na", "reasons": [{"field": "kind", "reason": "不符"}]}
            await filing.player.signal("platform_decision", {"outcome": "return", **decision})
            await filing.handle.execute_update("resubmit", {"by": "applicant"})
        return filing

    async def in_correction() -> Filing:
        filing = await staying()
        decision = {"reviewer": "li.na", "reasons": [{"field": "kind", "reason": "不符"}]}
        await filing.player.signal("platform_decision", {"outcome": "return", **decision})
        await filing.player.until(Status.CORRECTION)
        return filing

    async def at_sms() -> Filing:
        filing = await begin_filing()
        await filing.player.to_sms()
        return filing

    async def at_bureau() -> Filing:
        filing = await at_sms()
        await filing.player.to_bureau()
        return filing

    async def late_at_bureau() -> Filing:
        filing = await at_bureau()
        await filing.player.pass_time(days=45)
        await eventually(filing, lambda answer: answer.overdue)
        return filing

    async def withdrawn() -> Filing:
        filing = await staying()
        await filing.handle.execute_update("withdraw", {"by": "applicant", "reason": "不办了"})
        await filing.result()
        return filing

    async def approved() -> Filing:
        filing = await at_bureau()
        await filing.player.through_bureau(days=2)
        await filing.result()
        return filing

    stories = (staying, late, held, returned_twice, in_correction, at_sms, at_bureau)
    begun = [*stories, late_at_bureau, withdrawn, approved]
    made = await asyncio.gather(*(story() for story in begun))
    return {filing: await filing.status() for filing in made}


async def _found(services: Services, query: str) -> set[str]:
    return {run.id async for run in services.client.list_workflows(query)}


@pytest.mark.parametrize("name", VIEWS)
async def test_a_view_finds_what_it_says(
    services: Services, filings: dict[Filing, StatusAnswer], name: str
) -> None:
    query, _ = VIEWS[name]
    ours = {filing.id for filing in filings}
    expected = {filing.id for filing, answer in filings.items() if FINDS[name](answer)}
    end = time.monotonic() + 20
    # The server takes up what a filing says of itself a little later.
    while (found := await _found(services, query) & ours) != expected:
        assert time.monotonic() < end, (found ^ expected, query)
        await asyncio.sleep(0.1)


async def test_a_terminated_filing_is_found_by_its_view(
    services: Services, begin_filing: Begin
) -> None:
    filing = await begin_filing()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.handle.terminate()
    query, _ = VIEWS["Ended past the process"]
    end = time.monotonic() + 20
    while filing.id not in await _found(services, query):
        assert time.monotonic() < end
        await asyncio.sleep(0.1)
