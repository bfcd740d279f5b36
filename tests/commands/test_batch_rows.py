"""Rows of a batch without a service: what is kept of a wrong one, and which are shown."""

from pathlib import Path
from typing import Any

import pytest

from commands.start import _print_batch
from filing.batches import Batch, BatchAction, BatchCounts, BatchRow, RowResult
from filing.model import CHINA
from operations.batches import invalid
from operations.reading import Document
from tests.filing.process_play import START

APPID = "wx1a2b3c4d5e6f7a8b"


@pytest.mark.parametrize(
    ("data", "filing_id"),
    [
        (None, None),
        ({}, None),
        ({"mini_program": []}, None),
        ({"mini_program": {"appid": [APPID]}}, None),
        ({"mini_program": {"appid": "WX1"}}, None),
        ({"kind": ["new"], "mini_program": {"appid": APPID}}, f"filing-{APPID}"),
        ({"kind": "new", "mini_program": {"appid": APPID}}, f"filing-{APPID}"),
        # Its id is the subject's number's.
        ({"kind": "change_subject", "mini_program": {"appid": APPID}}, None),
    ],
    ids=ascii,
)
def test_a_wrong_row_is_named_by_its_filing_and_by_nothing_that_somebody_wrote(
    data: dict[str, Any] | None, filing_id: str | None
) -> None:
    if data and isinstance(data.get("mini_program"), dict):
        data["mini_program"]["name"] = "110101199003077777"
    row = invalid(Document("x.csv:7", data, (), Path(), row=7), ())
    assert (row.row, row.filing_id, row.mini_program, row.work) == (7, filing_id, None, None)


def rows_of(*results: tuple[RowResult, int, str | None]) -> list[BatchRow]:
    kinds = [(result, why) for result, count, why in results for _ in range(count)]
    return [
        BatchRow(row=n, result=result, explanation=why) for n, (result, why) in enumerate(kinds, 1)
    ]


def printed(capsys: pytest.CaptureFixture[str], rows: list[BatchRow]) -> str:
    results = {result: sum(row.result is result for row in rows) for result in RowResult}
    batch = Batch(
        id="f" * 64,
        action=BatchAction.START,
        file="x.jsonl",
        by="ops",
        rate=20,
        queue=False,
        times=1,
        created_at=START.astimezone(CHINA),
        counts=BatchCounts(rows=len(rows), results=results),
    )
    _print_batch(batch, rows, runs=True)
    return capsys.readouterr().out


def test_of_a_large_batch_those_are_shown_with_which_something_has_to_be_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = rows_of(
        (RowResult.STARTED, 10, None),
        (RowResult.ALREADY_OPEN, 900, None),
        (RowResult.ALREADY_OPEN, 1, "与第 1 行是同一项备案"),
        (RowResult.BUSY, 60, None),
    )
    told = printed(capsys, rows)
    assert told.count("│ busy ") == 49
    assert "… and 11 more rows" in told
    assert told.count("│ already_open ") == 1
    assert "│ started " not in told
    assert "971 rows: 10 started, 901 already open, 60 busy" in told


def test_of_a_small_batch_each_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, rows_of((RowResult.STARTED, 2, None), (RowResult.ALREADY_OPEN, 3, None)))
    assert (told.count("│ started "), told.count("│ already_open ")) == (2, 3)
