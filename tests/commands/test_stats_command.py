"""`stats` and the list's searches as people and scripts call them."""

import asyncio
import contextlib
import csv
import io
import os
import pty
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from filing.stats import Figures, Stats
from filing.vocabulary import Status
from tests.commands.conftest import (
    STARTER,
    Call,
    Cli,
    Running,
    application,
    environment,
    fresh_appid,
)


async def started(cli: Cli, agency: str, name: str = "昆山示例商城") -> str:
    """A filing of this agency; gives its workflow id."""
    text = application(fresh_appid()).replace("昆山示例商城", name)
    printed = await cli.json("start", "-", stdin=f"agency: {agency}\ncustomer: C-17\n{text}")
    return str(printed["started"][0]["filing_id"])


async def test_a_list_by_agency_customer_and_name(cli: Cli) -> None:
    agency = f"云帆{fresh_appid()}"
    id_ = await started(cli, agency)
    [listed] = await cli.json("list", "--agency", agency)
    assert (listed["filing_id"], listed["agency"], listed["customer"]) == (id_, agency, "C-17")
    assert await cli.json("list", "--agency", agency, "--customer", "C-18") == []
    [named] = await cli.json("list", "--customer", "C-17", "--name", "示例商", "--agency", agency)
    # Not the whole rows: the workflow's first entry may have come between.
    assert named["uid"] == listed["uid"]
    assert await cli.json("list", "--number", "苏ICP备2099", "--agency", agency) == []
    for command in ("list", "stats"):
        for meant in (agency[:-1], agency.replace("帆", "凡")):
            told = (await cli(command, "--agency", meant)).err
            assert "names count as they are written" in told
            assert agency in told
    printed = await cli("list", "--agency", agency)
    assert "代理机构" in printed.out
    assert agency in printed.out
    shown = await cli.json("show", id_)
    assert (shown["agency"], shown["customer"]) == (agency, "C-17")
    assert "C-17" in (await cli("show", id_)).out


async def test_figures_as_tables_json_and_files(cli: Cli) -> None:
    agency = f"海天{fresh_appid()}"
    for _ in range(2):
        await started(cli, agency)
    # The row is there before the workflow has written its first entry.
    printed = await cli.json("stats", "--agency", agency, "--by", "customer")
    figures = Stats.model_validate(printed)
    assert (figures.agency, figures.total.filings, figures.total.open) == (agency, 2, 2)
    assert [(group.key, group.filings) for group in figures.groups] == [("C-17", 2)]
    assert [(one.stage, one.open) for one in figures.total.stages] == [(Status.PLATFORM_REVIEW, 2)]
    files = [cli.folder / name for name in ("figures.csv", "figures.png", "figures.pdf")]
    options = [
        x for pair in zip(("--csv", "--chart", "--report"), files, strict=True) for x in pair
    ]
    ran = await cli("stats", "--agency", agency, *options)
    assert f"小程序备案统计 · 代理机构 {agency}" in ran.out
    assert ran.out.count("✓ wrote") == len(files)
    [row] = csv.DictReader(io.StringIO(files[0].read_text(encoding="utf-8-sig")))
    assert (row["group"], row["filings"], row["platform_review.open"]) == ("total", "2", "2")
    assert None not in row  # as many cells as headings
    with Image.open(files[1]) as picture:
        assert picture.format == "PNG"
        assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 10
    text = PdfReader(files[2]).pages[0].extract_text()
    assert agency in text
    assert "平台初审" in text
    there = files[0].read_bytes()
    refused = await cli("stats", "--csv", files[0], code=2)
    assert "--force" in refused.err
    assert files[0].read_bytes() == there
    await cli("stats", "--csv", files[0], "--force")
    assert files[0].read_bytes() != there


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (("stats", "--chart", "x.jpg"), "--chart x.jpg"),
        (("stats", "--csv", "x.xlsx"), "--csv x.xlsx"),
        (("stats", "--report", "x.txt"), "--report x.txt"),
        (("stats", "--from", "2026-12-01", "--to", "2026-11-01"), "--to 2026-11-01"),
        (("stats", "--from", "gestern"), "--from"),
        (("stats", "--by", "colour"), "--by"),
        (("stats", "--agency", " "), "--agency"),
        (("list", "--watch"), "--watch"),
        (("list", "--watch", "--json"), "--json"),
        (("list", "--name", ""), "--name"),
        (("list", "--unfiled", "--agency", "x"), "--unfiled"),
    ],
)
def test_what_is_called_wrongly_is_told_before_anything_is_asked(
    call: Call, args: tuple[str, ...], names: str
) -> None:
    assert names in call(*args, code=2).err


async def test_a_watched_list_shows_what_is_new_and_ends_on_ctrl_c(
    running: Running, cli: Cli
) -> None:
    agency = f"watch{fresh_appid()}"
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, STARTER, "list", "--watch", "--agency", agency),
        env=environment(cli.home) | {"TERM": "xterm", "COLUMNS": "160", "LINES": "40"},
        cwd=cli.folder,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    os.set_blocking(master, False)
    seen = b""

    async def until(text: str) -> None:
        nonlocal seen
        end = time.monotonic() + 30
        while text.encode() not in seen:
            assert process.returncode is None, seen.decode(errors="replace")
            assert time.monotonic() < end, seen.decode(errors="replace")
            try:
                seen += os.read(master, 65536)
            except BlockingIOError:
                await asyncio.sleep(0.05)

    try:
        await until("0 filings at")
        id_ = await started(cli, agency)
        await until(id_)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        with contextlib.suppress(OSError):  # all was read
            seen += os.read(master, 65536)
        assert b"Traceback" not in seen
        assert b"Aborted" not in seen
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)


def _figures(**fields: Any) -> Figures:
    return Figures(
        **{
            "key": None,
            "filings": 0,
            "open": 0,
            "overdue_now": 0,
            "ended": {s: 0 for s in Status if s.final},
            "ended_from_outside": 0,
            "first_time_approved": 0,
            "first_time_approval_rate": None,
            "median_working_days_to_approval": None,
            "p95_working_days_to_approval": None,
            "sms_lapses": 0,
        }
        | fields
    )


async def test_an_empty_registry_gives_empty_figures_and_files(cli: Cli, tmp_path: Path) -> None:
    nobody = ("stats", "--agency", "nobody")
    figures = Stats.model_validate(await cli.json(*nobody))
    assert figures.total == _figures()
    assert figures.groups == ()
    chart, report = tmp_path / "none.svg", tmp_path / "none.pdf"
    await cli(*nobody, "--chart", chart, "--report", report)
    assert "尚无数据" in chart.read_text(encoding="utf-8")
    assert len(PdfReader(report).pages) >= 1
