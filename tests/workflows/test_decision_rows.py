"""Rows of a file of decisions: what each is taken for, and what is told of one that is none."""

from pathlib import Path
from typing import Any

import pytest

from filing.batches import RowResult
from filing.vocabulary import Status
from operations.batch_work import BatchWork
from operations.column_templates import application_columns
from operations.decisions import COLUMNS, DECISIONS, read_decision
from operations.reading import Document
from operations.services import Services
from tests.playing import Begin, eventually
from tests.workflows.test_file_decisions import reviewed, work_of


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"reviewer": None}, "reviewer"),
        ({"reviewer": " "}, "reviewer"),
        ({"outcome": "maybe"}, "outcome"),
        ({"stage": "已办结"}, "stage"),
        ({"stage": "备案成功"}, "stage"),
        ({"round": "0"}, "round"),
        ({"round": True}, "round"),
        ({"round": "9" * 4000}, "round"),
        ({"number": "苏" * 61}, "number"),
        ({"id": "x" * 201}, "id"),
        ({"reasons": [{"field": "a", "reason": "b"}] * 101}, "reasons"),
        ({"reasons": [{"field": "a", "reason": "b" * 10_001}]}, "reasons"),
        ({"reasons": [{"field": "a", "reason": ""}]}, "reason"),
        ({"reason": ["subject.name=x"]}, "reason"),
        ({"reason": "subject.name=x", "reasons": []}, "reason"),
        ({"心情": "好"}, "心情"),
        ({"reasons": "x"}, "reasons"),
        ({"reasons": [{"field": "a"}]}, "reasons.0.reason"),
        ({"reasons": [{"field": "a", "reason": "b", "note": "c"}]}, "reasons.0.note"),
        ({"reason": "no field"}, "reason"),
    ],
    ids=ascii,
)
async def test_what_is_no_decision_is_named_in_the_words_of_its_row(
    begin_filing: Begin, services: Services, tmp_path: Path, changed: dict[str, Any], path: str
) -> None:
    (filing,) = await reviewed(begin_filing, 1)
    data = {"id": filing.uid, "outcome": "return", "reviewer": "li.na"} | changed
    row = await read_decision(
        Document("x.jsonl:2", data, (), tmp_path, row=2), services, reviewer=None
    )
    # Its filing is known all the same.
    assert row.filing_id == (None if path == "id" else filing.handle.id)
    [problem] = row.problems
    assert problem.path == path
    assert '{"stage"' not in problem.message + problem.fix
    if path == "reviewer":
        assert "--reviewer" in problem.fix


async def test_a_row_of_nothing_but_faults_has_few_problems(
    services: Services, tmp_path: Path
) -> None:
    for data in ({"reasons": [1] * 50_000}, {str(n): "x" for n in range(50_000)}):
        row = await read_decision(
            Document("x.jsonl:2", data, (), tmp_path, row=2), services, reviewer="li.na"
        )
        assert 1 <= len(row.problems) <= 5


async def test_a_line_may_give_its_reasons_as_a_cell_does_and_leave_things_empty(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    (filing,) = await reviewed(begin_filing, 1)
    data = {
        "id": filing.uid,
        "outcome": "退回",
        "reviewer": None,
        "round": "",
        "reason": "subject.name=与执照不一致|请核对\nmini_program.remark=太笼统",
    }
    row = await read_decision(
        Document("x.jsonl:2", data, (), tmp_path, row=2), services, reviewer="li.na"
    )
    assert row.problems == ()
    assert row.work is not None
    decision = row.work["verdict"]["decision"]
    assert decision["reviewer"] == "li.na"
    assert [reason["field"] for reason in decision["reasons"]] == [
        "subject.name",
        "mini_program.remark",
    ]


async def test_a_decision_is_for_the_stage_at_which_its_filing_stood(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    """Of a row that names none it is pinned when the file is taken in: what is decided meanwhile is
    not decided again, for another stage."""
    (filing,) = await reviewed(begin_filing, 1)
    data = {"id": filing.uid, "outcome": "approve", "reviewer": "li.na"}
    row = await read_decision(
        Document("x.jsonl:1", data, (), tmp_path, row=1), services, reviewer=None
    )
    assert row.work is not None
    assert (row.work["verdict"]["stage"], row.work["verdict"]["round"]) == ("platform_review", 1)
    await filing.player.to_sms()
    outcome = await BatchWork(services)._decide(work_of(row))
    assert (outcome.result, outcome.code) == (RowResult.REFUSED, "out_of_turn")
    waiting = await read_decision(
        Document("x.jsonl:1", data, (), tmp_path, row=1), services, reviewer=None
    )
    assert waiting.work is None
    assert waiting.problems[0].code == "not_waiting"
    assert "短信核验" in waiting.problems[0].message


async def test_a_platform_reviewers_row_never_becomes_the_bureaus_decision(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    """Unless the row says so, or who gives the file does."""
    (filing,) = await reviewed(begin_filing, 1)
    await filing.player.to_sms()
    await filing.player.to_bureau()
    data = {"id": filing.uid, "outcome": "approve", "reviewer": "li.na"}
    document = Document("x.jsonl:1", data, (), tmp_path, row=1)
    row = await read_decision(document, services, reviewer=None)
    assert row.work is None
    assert (row.problems[0].path, row.problems[0].code) == ("stage", "not_waiting")
    bureau = await read_decision(document, services, None, Status.BUREAU_REVIEW)
    named = await read_decision(
        Document("x.jsonl:1", data | {"stage": "管局审核"}, (), tmp_path, row=1), services, None
    )
    for one in (bureau, named):
        assert one.work is not None
        assert one.work["verdict"]["stage"] == "bureau_review"


async def test_a_later_round_is_not_decided_by_a_row_that_names_none(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    """As by a file in which other rows were mended, or that is ordered again."""
    (filing,) = await reviewed(begin_filing, 1)
    data = {"id": filing.uid, "outcome": "return", "reason": "小程序备注=太笼统"}
    document = Document("x.jsonl:1", data, (), tmp_path, row=1)
    row = await read_decision(document, services, reviewer="li.na")
    assert row.work is not None
    assert row.work["verdict"]["decision"]["reasons"][0]["field"] == "mini_program.remark"
    assert (await BatchWork(services)._decide(work_of(row))).result is RowResult.DECIDED
    await filing.player.signal("resubmit", {"by": "applicant", "reason": "已说明"})
    await eventually(filing, lambda a: a.round == 2 and a.due_at is not None)
    approve = Document(
        "x.jsonl:1", data | {"outcome": "approve", "reason": ""}, (), tmp_path, row=1
    )
    for again in (document, approve):
        row = await read_decision(again, services, reviewer="li.na")
        assert [(p.path, p.code) for p in row.problems] == [("round", "round_missing")]
    meant = await read_decision(
        Document("x.jsonl:1", data | {"round": "2"}, (), tmp_path, row=1), services, "li.na"
    )
    assert meant.work is not None


async def test_every_column_of_a_table_may_be_what_is_wrong(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    """Papers and what the application lacks too."""
    (filing,) = await reviewed(begin_filing, 1)
    for heading in (one.heading for one in application_columns()):
        if heading in COLUMNS.values():
            continue
        columns = DECISIONS.columns_of(["id", "outcome", heading])
        data = DECISIONS.from_row(columns, [filing.uid, "return", "照片模糊"])
        row = await read_decision(
            Document("x.csv:2", data, (), tmp_path, row=2), services, reviewer="li.na"
        )
        assert (heading, row.problems) == (heading, ())


async def test_a_field_that_the_application_does_not_have_is_named_with_the_one_that_is_like_it(
    begin_filing: Begin, services: Services, tmp_path: Path
) -> None:
    (filing,) = await reviewed(begin_filing, 1)
    data = {"id": filing.uid, "outcome": "return", "reason": "mini_program.nmae=错字"}
    row = await read_decision(
        Document("x.jsonl:1", data, (), tmp_path, row=1), services, reviewer="li.na"
    )
    [problem] = row.problems
    assert (problem.code, "mini_program.name" in problem.fix) == ("unknown_field", True)
