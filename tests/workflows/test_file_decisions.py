"""Decisions of a file on the real server: each once, at the stage that was seen, refusals told."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from temporalio.client import WorkflowFailureError

from filing.batches import Batch, BatchAction, BatchRow, RowResult, Work, batch_workflow_id
from filing.records import ListQuery
from filing.view import StatusAnswer
from filing.vocabulary import Status
from gateways.batches import Batches, NewRow
from operations.batch_work import BatchWork
from operations.batches import (
    NotTaken,
    Ordered,
    Planned,
    Taken,
    find_batch,
    follow,
    invalid,
    stop,
    take_in,
)
from operations.bulk import Bulk, Result, carry_out, plan
from operations.decisions import order_decisions, read_decision
from operations.formats import Unreadable
from operations.reading import Document, opened
from operations.services import Services
from tests.playing import Begin, Filing, of_another_subject

ORDERED = Ordered(by="ops", rate=1000)
PATIENCE = 60.0


def workbook(path: Path, *rows: Sequence[Any]) -> str:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return str(path)


async def decide(
    services: Services, path: str, ordered: Ordered = ORDERED
) -> tuple[Taken, list[BatchRow]]:
    with opened(path) as source:
        taken = await order_decisions(source, services, ordered, reviewer="li.na")
    assert isinstance(taken, Taken), taken
    async with asyncio.timeout(PATIENCE):
        await follow(taken.batch, services, lambda counts: None)
    return taken, [row async for row in Batches(services.registry).rows(taken.batch.id)]


async def reviewed(begin: Begin, count: int) -> list[Filing]:
    filings = [await begin() for _ in range(count)]
    for filing in filings:
        await filing.player.until(Status.PLATFORM_REVIEW)
    return filings


async def test_each_row_is_decided_once_and_refusals_are_told(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    first, second, third, fourth = await reviewed(begin_filing, 4)
    path = workbook(
        tmp_path / "审核.xlsx",
        ["七月待审清单"],
        ["备案", "审核结论", "审核人", "小程序备注", "退回原因", "轮次", "环节"],
        [first.uid, "通过", None, None, None, 1],
        [
            second.handle.id,
            "退回",
            "wang.wu",
            "过于笼统|请写明服务对象",
            "subject.name=与执照不一致",
        ],
        [third.uid, "不通过", None, "不予通过"],
        [fourth.uid, "通过", None, None, None, 2],
        ["wx0000000000000000", "通过"],
        [fourth.uid, "退回"],
        [fourth.uid, "也许"],
        [fourth.uid, "通过", None, None, None, None, "已办结"],
    )
    _, rows = await decide(services, path)
    assert [(row.row, row.result.value, row.code) for row in rows] == [
        (3, "decided", None),
        (4, "decided", None),
        (5, "invalid", None),
        (6, "refused", "stale_round"),
        (7, "invalid", None),
        (8, "invalid", None),
        (9, "invalid", None),
        (10, "invalid", None),
    ]
    wrong = [(p.path, p.code) for row in rows for p in row.problems]
    assert wrong == [
        ("outcome", "reject_is_the_bureaus"),
        ("id", "no_such_filing"),
        ("reason", "reason"),
        ("outcome", "decision_row"),
        ("stage", "decision_row"),
    ]
    assert {row.mini_program for row in rows[:4]} == {"昆山示例商城"}
    answer = await first.player.until(Status.SUBMISSION)
    assert [entry.by for entry in answer.timeline][-1] == "li.na"
    answer = await second.player.until(Status.CORRECTION)
    assert answer.timeline[-1].by == "wang.wu"
    assert {(r.field, r.reason, r.suggestion) for r in answer.reasons} == {
        ("mini_program.remark", "过于笼统", "请写明服务对象"),
        ("subject.name", "与执照不一致", None),
    }

    # The same file changes nothing; --again takes up what was refused, and is refused anew.
    kept, same = await decide(services, path)
    assert kept.kept
    assert same == rows
    again, rows = await decide(services, path, ORDERED.model_copy(update={"again": True}))
    assert (again.kept, again.taken_up) == (False, 6)
    assert rows[3].code == "stale_round"


async def planned_of(services: Services, path: str, **how: bool) -> Planned | NotTaken:
    dry = ORDERED.model_copy(update={"dry_run": True} | how)
    with opened(path) as source:
        planned = await order_decisions(source, services, dry, reviewer="li.na")
    assert not isinstance(planned, Taken)
    return planned


async def test_a_dry_run_says_what_the_file_would_come_to_and_does_nothing(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    """Also of rows about one filing, of which the first counts."""
    first, second = await reviewed(begin_filing, 2)
    rows = [
        (first.uid, "通过"),
        (second.uid, "通过"),
        (first.handle.id, "退回", "平台初审", "太笼统"),
    ]
    path = workbook(tmp_path / "a.xlsx", ["备案", "审核结论", "环节", "小程序备注"], *rows)
    for _ in range(2):
        planned = await planned_of(services, path)
        assert isinstance(planned, Planned)
        assert not planned.kept
        assert [work.row for work in planned.due] == [2, 3]
        [twin] = planned.bad
        assert (twin.row, [p.code for p in twin.problems]) == (4, ["twice_in_file"])
        assert "内容却不同" in twin.problems[0].message
    nothing = await planned_of(services, path, all_or_nothing=True)
    assert isinstance(nothing, NotTaken)
    assert [row.row for row in nothing.invalid] == [4]
    assert (await first.status()).status is Status.PLATFORM_REVIEW

    _, done = await decide(services, path)
    assert [row.result.value for row in done] == ["decided", "decided", "invalid"]
    for how in ({}, {"again": True}):
        planned = await planned_of(services, path, **how)
        assert isinstance(planned, Planned)
        assert planned.kept is not bool(how)
        assert planned.due == ()
        # The first row of that filing is decided, and still the one that counts.
        [twin] = planned.bad
        codes = {twin.code, *(problem.code for problem in twin.problems)} - {None}
        assert (twin.row, codes) == (4, {"twice_in_file"})


async def test_a_dry_run_of_a_batch_that_was_stopped_says_that_the_rest_would_be_done(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    filings = await reviewed(begin_filing, 3)
    path = tmp_path / "a.csv"
    path.write_text(
        "\n".join(["id,outcome", *(f"{one.uid},approve" for one in filings)]), encoding="utf-8"
    )
    slow = ORDERED.model_copy(update={"rate": 0.1})
    with opened(str(path)) as source:
        taken = await order_decisions(source, services, slow, reviewer="li.na")
    assert isinstance(taken, Taken)
    assert await stop(taken.batch, services)
    batch = services.client.get_workflow_handle(batch_workflow_id(taken.batch.id))
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(batch.result(), PATIENCE)
    planned = await planned_of(services, str(path))
    assert isinstance(planned, Planned)
    assert planned.kept
    left = planned.counts.pending
    assert left
    assert len(planned.due) == left


async def test_a_file_that_was_started_is_not_decided(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    """Unless every row was wrong, as of decisions that somebody gave to `start`."""
    (filing,) = await reviewed(begin_filing, 1)
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": filing.uid, "outcome": "approve"}), encoding="utf-8")

    async def as_start(work: dict[str, Any] | None) -> None:
        async def row(document: Document) -> NewRow:
            return invalid(document, ()).model_copy(update={"work": work, "filing_id": "x"})

        with opened(str(path)) as source:
            twins = RowResult.ALREADY_OPEN
            await take_in(source, services, ORDERED, BatchAction.START, row, twins=twins)

    await as_start(None)
    _, [row] = await decide(services, str(path))
    assert row.result is RowResult.DECIDED
    with pytest.raises(Unreadable) as wrong:
        await as_start({})
    assert wrong.value.problem.code == "other_batch"
    assert "审核决定" in wrong.value.problem.message


def work_of(row: NewRow, *, begun: bool = False) -> Work:
    assert row.work is not None
    assert row.filing_id is not None
    return Work(
        batch="e" * 64, row=row.row, times=1, filing_id=row.filing_id, work=row.work, begun=begun
    )


async def test_a_decision_whose_answer_was_lost_is_told_as_it_was(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    approved, refused = await reviewed(begin_filing, 2)
    for filing, round_, expected in (
        (approved, "1", RowResult.DECIDED),
        (refused, "2", RowResult.REFUSED),
    ):
        data = {"id": filing.uid, "outcome": "approve", "reviewer": "li.na", "round": round_}
        row = await read_decision(
            Document("x.jsonl:1", data, (), tmp_path, row=1), services, reviewer=None
        )
        first = await BatchWork(services)._decide(work_of(row))
        assert first.result is expected
        before = await filing.status()
        again = await BatchWork(services)._decide(work_of(row, begun=True))
        assert (again.result, again.code) == (first.result, first.code)
        after: StatusAnswer = await filing.status()
        assert (after.refused_count, after.round) == (before.refused_count, before.round)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,reviewer", "outcome"),
        ("outcome,reviewer", "id"),
        ("id,outcome,心情", "心情"),
        ("id,outcome,审核结论", "重复"),
    ],
)
async def test_a_wrong_heading_is_named(
    services: Services, tmp_path: Path, header: str, said: str
) -> None:
    (tmp_path / "a.csv").write_text(f"{header}\nx,y,z\n", encoding="utf-8")
    with opened(str(tmp_path / "a.csv")) as source, pytest.raises(Unreadable) as wrong:
        await order_decisions(source, services, ORDERED, reviewer="li.na")
    assert wrong.value.problem.code == "csv_header"
    assert said in wrong.value.problem.message


async def test_all_or_nothing_decides_nothing(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    (filing,) = await reviewed(begin_filing, 1)
    lines = [
        {"id": filing.uid, "outcome": "approve"},
        {"id": filing.uid, "outcome": "approve", "心情": "好"},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    how = ORDERED.model_copy(update={"all_or_nothing": True})
    with opened(str(path)) as source:
        taken = await order_decisions(source, services, how, reviewer="li.na")
    assert isinstance(taken, NotTaken)
    assert [row.row for row in taken.invalid] == [2]
    assert (await filing.status()).status is Status.PLATFORM_REVIEW


async def test_many_are_withdrawn_where_that_is_allowed(
    begin_filing: Begin, services: Services, stored_example: Any
) -> None:
    place = {"province": "宁夏回族自治区", "city": "银川市", "district": "兴庆区"}
    filings = []
    for _ in range(3):
        fresh = of_another_subject(stored_example)
        subject = fresh.subject.model_copy(update=place)
        filings.append(await begin_filing(fresh.model_copy(update={"subject": subject})))
    for filing in filings:
        await filing.player.until(Status.PLATFORM_REVIEW)
    await filings[0].player.to_sms()
    query = ListQuery(province=place["province"])
    planned = await plan(Bulk.WITHDRAW, query, services)
    assert (planned.matched, len(planned.due)) == (3, 3)
    report = await carry_out(Bulk.WITHDRAW, planned, "ops", "客户取消", services, rate=100)
    assert (report.done, report.refused) == (2, 1)
    (told,) = [one for one in report.filings if one.result is Result.REFUSED]
    assert told.uid == filings[0].uid
    assert told.explanation
    assert (await filings[0].status()).status is Status.SMS_VERIFICATION
    for filing in filings[1:]:
        assert (await filing.result()).status is Status.WITHDRAWN
    # Those that are left are refused again; nothing else is touched.
    report = await carry_out(
        Bulk.WITHDRAW, await plan(Bulk.WITHDRAW, query, services), "ops", "客户取消", services
    )
    assert (report.matched, report.done, report.refused) == (1, 0, 1)


async def test_a_batch_of_decisions_is_told_as_one(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    (filing,) = await reviewed(begin_filing, 1)
    path = tmp_path / "决定.csv"
    path.write_text(f"id,outcome\n{filing.uid},approve\n", encoding="utf-8")
    taken, _ = await decide(services, str(path))
    found: Batch = await find_batch(taken.batch.id[:10], services.registry)
    assert found.action.value == "decide"
    assert found.counts.results == {RowResult.DECIDED: 1}
