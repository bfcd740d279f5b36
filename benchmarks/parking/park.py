"""Parking filings: as operations would, by one file of JSON Lines that becomes a durable batch.

Which filings there are is written in the registry, so that a second call starts only those that are
missing. Their number decides their mini program, so that the same ones are meant each time.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.parking.home import Parked, Progress, each, say, used
from filing.application import Application, workflow_id
from filing.batches import MOST_ROWS_A_SECOND, BatchAction, RowResult
from filing.vocabulary import Status
from gateways.batches import NewRow
from operations.batches import Ordered, Taken, find_batch, see_to, take_in
from operations.example_parts import invented_credit_code
from operations.reading import Document, opened
from tests.playing import store_example

LOOK_EVERY = 0.5
AGENCIES = 300
PLACES = (
    ("江苏省", "苏州市", "昆山市"),
    ("浙江省", "杭州市", "西湖区"),
    ("广东省", "深圳市", "南山区"),
    ("四川省", "成都市", "武侯区"),
    ("湖北省", "武汉市", "洪山区"),
)
BY = "benchmark"


def appid(number: int) -> str:
    """The mini program of the n-th parked filing."""
    return f"wx{hashlib.sha256(f'parked {number}'.encode()).hexdigest()[:16]}"


def application(example: Application, number: int) -> Application:
    """The n-th: a mini program and a subject of its own, of one of many agencies and some provinces."""
    province, city, district = PLACES[number % len(PLACES)]
    subject = example.subject
    certificate = subject.certificate.model_copy(
        update={"number": invented_credit_code(appid(number))}
    )
    return example.model_copy(
        update={
            "mini_program": example.mini_program.model_copy(
                update={"appid": appid(number), "name": f"昆山示例商城{number}"}
            ),
            "subject": subject.model_copy(
                update={
                    "certificate": certificate,
                    "province": province,
                    "city": city,
                    "district": district,
                }
            ),
            "agency": f"代理机构{number % AGENCIES}",
            "customer": f"C-{number}",
        }
    )


async def park(parked: Parked, count: int) -> dict[str, Any]:
    """Start what is missing of the first `count` filings, and wait until each waits in its window."""
    there = await _there(parked)
    missing = [number for number in range(count) if appid(number) not in there]
    before = parked.processor()
    if not missing:
        return {"open": await parked.statuses(), "started": 0, "mib": await parked.sizes()}
    example = await store_example(parked.services, parked.home / "parking" / "example")
    lines = parked.home / "parking" / f"filings-{missing[0]}-{count}-{len(missing)}.jsonl"
    _write(lines, (application(example, number) for number in missing))
    reading = Progress("taken in", len(missing))
    with opened(str(lines)) as source:
        taken = await take_in(
            source,
            parked.services,
            Ordered(by=BY, rate=MOST_ROWS_A_SECOND),
            BatchAction.START,
            _row,
            twins=RowResult.ALREADY_OPEN,
            progress=reading.came,
        )
    assert isinstance(taken, Taken), taken
    taking_in = reading.seconds
    waiting = (
        "select count(*) from filings where closed_at is null"
        " and (due_at is not null or status <> 'platform_review')"
    )
    goal = len(there) + len(missing)
    starting = Progress("started", goal)
    # The registry tells nobody.
    while True:
        starting.came(await parked.ask(waiting))
        if starting.done >= goal:
            break
        await asyncio.sleep(LOOK_EVERY)
    batch = await find_batch(taken.batch.id, parked.services.registry)
    return {
        "started": len(missing),
        "taking_in_seconds": round(taking_in, 1),
        "taken_in_per_second": round(len(missing) / taking_in, 1),
        "starting_seconds": round(starting.seconds, 1),
        "started_per_second": round(len(missing) / starting.seconds, 1),
        "rows": {result.value: n for result, n in batch.counts.results.items()},
        "cpu_seconds": used(before, parked.processor()),
        "open": await parked.statuses(),
        "mib": await parked.sizes(),
        "mix": f"one kind (new), {len(PLACES)} provinces, {AGENCIES} agencies, all of platform_review",
    }


async def _there(parked: Parked) -> set[str]:
    """The mini programs of what was parked; batches that were interrupted are carried out first."""
    pending = await parked.rows("select distinct batch from batch_rows where result = 'pending'")
    for row in pending:
        batch = await find_batch(row["batch"], parked.services.registry)
        await see_to(batch, parked.services)
        going_on = Progress("went on with what was interrupted", batch.counts.rows)
        left = "select count(*) from batch_rows where batch = $1 and result = 'pending'"
        while pending_rows := await parked.ask(left, batch.id):
            going_on.came(batch.counts.rows - pending_rows)
            await asyncio.sleep(LOOK_EVERY)
    rows = await parked.rows("select appid from filings where closed_at is null")
    return {row["appid"] for row in rows}


async def _row(document: Document) -> NewRow:
    """As `start` takes a row in, but for its pictures, which are the example's: to read and judge the
    same seven again for every row is most of what taking in costs."""
    found = Application.model_validate_json(json.dumps(document.data))
    return NewRow(
        row=document.row,
        filing_id=workflow_id(found),
        mini_program=found.mini_program.name,
        work=found.model_dump(mode="json", exclude_defaults=True),
    )


def _write(lines: Path, applications: Iterable[Application]) -> None:
    with lines.open("w", encoding="utf-8") as file:
        for one in applications:
            data = one.model_dump(mode="json", exclude_defaults=True)
            file.write(json.dumps(data, ensure_ascii=False) + "\n")


async def onwards(parked: Parked, count: int) -> dict[str, Any]:
    """Bring filings to the bureau's review until `count` are there, where they are asked about: by
    our reviewers' approval, the authority's, and the principals' SMS checks."""
    there = (await parked.statuses()).get(Status.BUREAU_REVIEW.value, 0)
    begun = await parked.ask(
        "select count(*) from filings where closed_at is null and status in"
        " ('submission', 'sms_verification')"
    )
    chosen = await parked.rows(
        "select filing_id from filings where closed_at is null and status = 'platform_review'"
        " and not overdue order by appid limit $1",
        max(count - there - begun, 0),
    )
    if there >= count:
        return {"bureau_review": there}
    await parked.desk.prepare()
    going, before = Progress("in the bureau's review", count), parked.processor()
    await signal_all(
        parked,
        [(row["filing_id"], "platform_decision", approval(row["filing_id"])) for row in chosen],
    )
    confirmed: set[str] = set()
    while True:
        going.came((await parked.statuses()).get(Status.BUREAU_REVIEW.value, 0))
        if going.done >= count:
            break
        due = await parked.rows(
            "select filing_id from filings where closed_at is null and status = 'sms_verification'"
        )
        ids = [row["filing_id"] for row in due if row["filing_id"] not in confirmed]
        await signal_all(
            parked,
            [
                (id_, "sms_verified", {"person": person, "source": BY})
                for id_ in ids
                for person in ("subject_principal", "mini_program_principal")
            ],
        )
        confirmed.update(ids)
        await asyncio.sleep(LOOK_EVERY)
    say(f"{going.done} filings are with the bureau")
    return {
        "bureau_review": going.done,
        "seconds": round(going.seconds, 1),
        "per_second": round((going.done - there) / going.seconds, 2),
        "cpu_seconds": used(before, parked.processor()),
        "open": await parked.statuses(),
        "mib": await parked.sizes(),
    }


def approval(filing_id: str) -> dict[str, Any]:
    """Our reviewers' decision, under a name of its own."""
    return {"outcome": "approve", "reviewer": "li.na", "decision_id": f"parked-{filing_id}"}


AT_ONCE = 32


async def signal_all(parked: Parked, signals: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Send (filing, name, payload) each."""

    async def send(signal: tuple[str, str, dict[str, Any]]) -> None:
        filing_id, name, payload = signal
        await parked.services.client.get_workflow_handle(filing_id).signal(name, payload)

    await each(AT_ONCE, signals, send)
