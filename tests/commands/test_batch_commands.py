"""Files of many by the command line: started, killed, listed, reported."""

import asyncio
import csv
import signal
import sys
from pathlib import Path

import asyncpg
from openpyxl import load_workbook

from filing.application import Application
from operations.column_templates import application_columns
from tests.commands.conftest import (
    PATIENCE,
    PERSONAL,
    STARTER,
    Call,
    Cli,
    Running,
    environment,
    fresh_appid,
)
from tests.commands.test_lives import one_line

READS = (
    "select exists (select from pg_stat_activity where state = 'idle in transaction'"
    " and query like '%into batches%')"
)
"""Whether a file of many is being read."""


def file_of(cli: Cli, name: str, *lines: str) -> str:
    (cli.folder / name).write_text("\n".join(lines), encoding="utf-8")
    return name


async def begun(
    cli: Cli, running: Running, call: tuple[str, ...], until: str, *values: str
) -> asyncio.subprocess.Process:
    """The command, which has come so far that the database answers yes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        STARTER,
        *call,
        cwd=cli.folder,
        env=environment(cli.home),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    connection = await asyncpg.connect(running.info.database_url)
    try:
        async with asyncio.timeout(PATIENCE):
            while not await connection.fetchval(until, *values):
                assert process.returncode is None, "it was not met at that"
                await asyncio.sleep(0.01)
    finally:
        await connection.close()
    return process


async def test_a_small_file_is_waited_for_and_told_in_the_contracts_shape(cli: Cli) -> None:
    first, second = fresh_appid(), fresh_appid()
    lines = (one_line(first), one_line("wxBAD"), one_line(second))
    file = file_of(cli, "small.jsonl", *lines)
    told = await cli.json("start", file, code=1)
    assert [s["file"] for s in told["started"]] == [f"{file}:1", f"{file}:3"]
    assert all(s.keys() == {"filing_id", "uid", "file"} for s in told["started"])
    assert [one["file"] for one in told["invalid"]] == [f"{file}:2"]
    assert (told["already_open"], told["busy"], told["pending"]) == ([], [], [])
    [batch] = told["batches"]
    shown = await cli.json("show", first)
    assert shown["uid"] == told["started"][0]["uid"]

    again = await cli("start", file, code=1)
    assert "nothing of it is started twice" in again.err
    assert "2 started, 1 invalid" in again.out
    tried = await cli("start", file, "--again", code=1)
    assert "1 rows taken up, 2 stay as they are" in tried.err

    short = batch["id"][:16]
    listed, rows, wrong, unknown = await asyncio.gather(
        cli.json("batches"),
        cli.json("batches", short, code=1),
        cli("batches", short, "--result", "invalid", "--report", "report.csv", code=1),
        cli("batches", "0000", code=1),
    )
    assert short in {one["id"][:16] for one in listed}
    assert [row["result"] for row in rows["rows"]] == ["started", "invalid", "started"]
    assert "no batch 0000" in unknown.err
    assert "✓ wrote report.csv: 1 rows" in wrong.out
    with (cli.folder / "report.csv").open(encoding="utf-8-sig", newline="") as report:
        [header, line] = list(csv.reader(report))
    assert header[:3] == ["行", "结果", "result"]
    assert line[:3] == ["2", "有误", "invalid"]
    assert "mini_program.appid" in line[6]
    assert [n for n in PERSONAL if n in rows.__repr__() + str(line)] == []


async def test_a_start_that_is_killed_while_it_reads_has_started_nothing(
    cli: Cli, running: Running
) -> None:
    """And the same command again does all of it."""
    appids = [fresh_appid() for _ in range(60)]
    file = file_of(cli, "killed.jsonl", *map(one_line, appids))
    process = await begun(cli, running, ("start", file, "--no-follow"), READS)
    process.kill()
    await process.communicate()
    assert file not in {one["file"] for one in await cli.json("batches")}
    told = await cli.json("start", file, "--follow", "--rate", "100")
    assert len(told["started"]) == 60
    [batch] = told["batches"]
    assert (batch["times"], batch["counts"]) == (1, {"rows": 60, "results": {"started": 60}})


async def test_ctrl_c_says_that_a_batch_goes_on(cli: Cli, running: Running) -> None:
    """And that what was named after it is not read; at one start a second, it is watched by the second."""
    file = file_of(cli, "interrupted.jsonl", *(one_line(fresh_appid()) for _ in range(20)))
    process = await begun(
        cli,
        running,
        ("start", file, "later.jsonl", "--follow", "--rate", "1"),
        "select count(*) >= 2 from batch_rows join batches on batch = id"
        " where file = $1 and result = 'started'",
        file,
    )
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    told = out.decode() + err.decode()
    assert process.returncode == 130, told
    assert "goes on by itself" in err.decode()
    assert "not read: later.jsonl" in err.decode()
    assert "Traceback" not in told
    assert "20 rows:" in out.decode()


async def test_ctrl_c_while_a_second_file_is_read_undoes_that_alone(
    cli: Cli, running: Running
) -> None:
    first = file_of(cli, "first.jsonl", one_line(fresh_appid()))
    second = file_of(cli, "second.jsonl", *(one_line(fresh_appid()) for _ in range(150)))
    process = await begun(
        cli,
        running,
        ("start", first, second),
        f"{READS} and exists (select from batches where file = $1)",
        first,
    )
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 130, err.decode()
    assert "interrupted at second.jsonl" in err.decode()
    assert "1 rows: 1 started" in out.decode()
    files = {one["file"] for one in await cli.json("batches")}
    assert (first in files, second in files) == (True, False)


async def test_a_file_may_be_all_or_nothing(cli: Cli) -> None:
    appid = fresh_appid()
    file = file_of(cli, "all.jsonl", one_line(appid), one_line("wxBAD"))
    told, shown = await asyncio.gather(
        cli.json("start", file, "--all-or-nothing", code=1),
        cli("start", file, "--all-or-nothing", code=1),
    )
    assert told["started"] == []
    assert [one["file"] for one in told["invalid"]] == [f"{file}:2"]
    assert "nothing started" in shown.out
    await cli("show", appid, code=1)


async def test_decisions_of_a_file(cli: Cli) -> None:
    first, second = fresh_appid(), fresh_appid()
    await cli("start", file_of(cli, "two.jsonl", one_line(first), one_line(second)))
    rows = ("备案,审核结论,小程序备注", f"{first},通过,", f"{second},退回,过于笼统|请写明")
    file = file_of(cli, "决定.csv", *rows)
    dry = await cli("decide", "--from", file, "--reviewer", "li.na", "--dry-run")
    assert "would send 1 × platform_review approve, 1 × platform_review return" in dry.out
    told = await cli.json("decide", "--from", file, "--reviewer", "li.na", "--dry-run")
    assert [(one["row"], one["stage"], one["round"]) for one in told["would_send"]] == [
        (2, "platform_review", 1),
        (3, "platform_review", 1),
    ]
    assert (told["taken_before"], told["rows"]) == (False, [])
    assert (await cli.json("show", first))["status"] == "platform_review"
    done = await cli.json("decide", "--from", file, "--reviewer", "li.na")
    assert [row["result"] for row in done["rows"]] == ["decided", "decided"]
    returned = await cli.json("show", second)
    assert (returned["status"], returned["reasons"][0]["field"]) == (
        "correction",
        "mini_program.remark",
    )
    known = await cli("decide", "--from", file, "--reviewer", "li.na", "--dry-run")
    assert "was taken before" in known.err
    assert known.out == "2 rows: 2 decided\nwould send nothing\n"
    told = await cli.json("decide", "--from", file, "--reviewer", "li.na", "--dry-run")
    assert told == {"taken_before": True, "would_send": [], "rows": []}
    later = file_of(cli, "again.csv", rows[0], f"{second},通过,")
    refused = await cli("decide", "--from", later, "--reviewer", "li.na", code=1)
    assert "not_waiting" in refused.out
    await cli("decide", "--from", "none.csv", code=1)
    (cli.folder / "one.yaml").write_text("id: x", encoding="utf-8")
    await cli("decide", "--from", "one.yaml", code=2)


async def test_withdrawing_many_says_first_what_it_would_do(cli: Cli) -> None:
    line = one_line(fresh_appid())
    place = {"江苏省": "青海省", "苏州市": "西宁市", "昆山市": "城东区"}
    for old, new in place.items():
        line = line.replace(f'"{old}"', f'"{new}"')
    await cli("start", file_of(cli, "far.jsonl", line))
    which = ("--province", "青海省", "--reason", "客户取消")
    dry = await cli("withdraw-many", *which)
    assert "would withdraw 1" in dry.out
    assert "--yes" in dry.out
    done = await cli("withdraw-many", *which, "--yes")
    assert done.out == "1 open filings fit, 1 withdrawn\n"


def test_the_templates_of_tables(call: Call, tmp_path: Path) -> None:
    wrote = call("schema", "columns", "--xlsx", "a.xlsx", "--csv", "a.csv", code=0)
    assert "starter.py start a.xlsx" in wrote.out
    assert "not overwritten" in call("schema", "columns", "--csv", "a.csv", code=2).err
    call("schema", "decision_columns", "--csv", "d.csv", code=0)
    assert (tmp_path / "d.csv").read_text(encoding="utf-8-sig").startswith("备案,审核结论,审核人")
    for name in ("a.xlsx", "a.csv"):
        checked = call("check", name, "--json", code=1).json
        assert [p["code"] for p in checked[0]["problems"]] == ["file_empty"]
    book = load_workbook(tmp_path / "a.xlsx")
    sheet = book["填写"]
    headings = [cell.value for cell in sheet[1]]
    assert headings == [one.heading for one in application_columns()]
    # What is typed there is text, so that no number loses digits.
    assert sheet.column_dimensions["C"].number_format == "@"
    assert sheet.data_validations.count


def test_every_field_of_an_application_has_a_column() -> None:
    """But `on_file`, which `start` fills in from the registry, and `verification`, of any shape."""
    paths = {one.path for one in application_columns()}
    top = set(Application.model_fields) - {"on_file", "verification", "materials"}
    assert {name for name in top if not any(p.split(".")[0] == name for p in paths)} == set()
    assert any(path.startswith("materials/") for path in paths)
