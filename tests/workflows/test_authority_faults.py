"""Many filings through the authority while its calls and pushes fail in every way: each reaches what
the authority holds, with one order for each round, and no notice is lost or doubled."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from filing.notices import Audience
from filing.vocabulary import Status
from gateways.registry import NoticeRecord
from sandbox.faults import EVERY_KIND_OF_CALL, KINDS
from tests.own_stack import OwnStack, own_stack
from tests.playing import Filing, notices_of

PERCENT = 5 / len(EVERY_KIND_OF_CALL)
"""Of the calls that fail so; together one in twenty."""
STEP = 1.0
"""Seconds that the authority's people take for each step."""
AT_ONCE = 20
APPROVE = {"outcome": "approve", "reviewer": "li.na"}
HELD = {
    3: Status.CORRECTION,
    5: Status.CORRECTION,
    6: Status.APPROVED,
}
"""What a filing is at when the authority holds its order so."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    statuses: Counter[str]
    calls_per_filing: float
    faults: Counter[str]
    seconds: float


async def faulty(control: httpx.AsyncClient) -> None:
    rules = [{"kind": kind, "percent": PERCENT, "seconds": 1.0, "seed": 7} for kind in KINDS]
    (await control.post("/sandbox/faults", json={"faults": rules})).raise_for_status()
    steps = {"check": STEP, "sms": STEP, "number": STEP, "returned": 10, "bureau_returned": 10}
    (await control.post("/sandbox/timetable", json={**steps, "seed": 7})).raise_for_status()


async def orders(control: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await control.get("/sandbox/orders", params={"limit": 1000})
    return {order["appid"]: order for order in answer.raise_for_status().json()["orders"]}


async def settled(filing: Filing, control: httpx.AsyncClient, patience: float) -> Status:
    """Where the filing stands once that is where the authority holds it, for good."""
    end = time.monotonic() + patience
    appid = filing.application.mini_program.appid
    while True:
        record = await filing.services.registry.find(filing.uid)
        order = (await control.get(f"/sandbox/orders/{appid}")).json()
        held = HELD.get(order.get("status"))
        if record is not None and held is not None and record.view["status"] == held.value:
            return held
        assert time.monotonic() < end, (record and record.view["status"], order)
        await asyncio.sleep(1)


def all_sent(last: str, notices: list[NoticeRecord]) -> bool:
    return any(n.purpose == last for n in notices) and all(n.state == "sent" for n in notices)


async def play(own: OwnStack, count: int, patience: float) -> Outcome:
    began = time.monotonic()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> Filing:
        async with gate:
            filing = await own.begin()
            await filing.handle.signal("platform_decision", APPROVE)
            return filing

    async with httpx.AsyncClient(base_url=own.stack.info.authority, timeout=30) as control:
        await faulty(control)
        filings = await asyncio.gather(*(one() for _ in range(count)))
        statuses = await asyncio.gather(*(settled(f, control, patience) for f in filings))
        seconds = time.monotonic() - began
        held = await orders(control)
        counts = (await control.get("/sandbox/calls")).raise_for_status().json()["calls"]
        end = time.monotonic() + 60
        for filing, status in zip(filings, statuses, strict=True):
            order = held[filing.application.mini_program.appid]
            assert order["applications"] == 1, order
            record = await filing.services.registry.find(filing.uid)
            assert record is not None
            assert record.view["status"] == status.value
            if status is Status.APPROVED:
                assert record.view["filing_number"] == order["number"]
            last = "approved" if status is Status.APPROVED else "returned"
            notices = await notices_of(filing, partial(all_sent, last), end - time.monotonic())
            purposes = [n.purpose for n in notices if n.audience == Audience.APPLICANT.value]
            assert purposes.count("submitted") == purposes.count(last) == 1, purposes
        mails = Counter(
            line.split(":", 1)[1].strip()
            for file in (own.home / "mail").rglob("*.eml")
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
            if line.startswith("X-Beian-Notice:")
        )
        assert mails
        assert max(mails.values()) == 1, mails.most_common(3)
    calls = sum(path["calls"] for path in counts.values())
    faults: Counter[str] = Counter()
    for path in counts.values():
        faults.update(path["faults"])
    return Outcome(Counter(s.value for s in statuses), calls / count, faults, seconds)


async def played(folder: Path, count: int, patience: float) -> Outcome:
    async with own_stack(folder, time_travel=False, poll_first=0.5, poll_longest=5.0) as own:
        return await play(own, count, patience)


async def test_every_filing_reaches_what_the_authority_holds_with_one_order(
    tmp_path: Path,
) -> None:
    outcome = await played(tmp_path, 12, 120)
    assert outcome.statuses.total() == 12
    assert outcome.faults.total() > 0


@pytest.mark.torture
@pytest.mark.timeout(1200)
async def test_three_hundred_filings_while_calls_fail_in_every_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = await played(tmp_path, 300, 900)
    with capsys.disabled():
        print(f"\n300 filings in {outcome.seconds:.0f} s: {outcome}")  # noqa: T201 - for reports
    assert set(outcome.statuses) == {"approved", "correction"}
    for kind in EVERY_KIND_OF_CALL:
        assert outcome.faults[kind] > 10, outcome.faults
