"""Importing an inventory into a real registry: all of a file or nothing, told line by line."""

import asyncio
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from embedded.stack import Stack
from filing.inventory import InventoryItem
from gateways.inventory import Inventory
from gateways.registry import Registry
from operations.inventory import Imported, LineProblem, import_inventory
from operations.services import Services
from tests.playing import fresh_appid

TODAY = date(2026, 11, 24)
HEADER = "appid,name,contact,listed_since"


@pytest.fixture
def registry(services: Services) -> Registry:
    return services.registry


def row(appid: str, name: str = "昆山示例商城", contact: str = "a@b.test", since: str = "") -> str:
    return f"{appid},{name},{contact},{since}"


async def read(
    registry: Registry, file: Path, text: str | bytes, *, dry_run: bool = False
) -> tuple[Imported, list[LineProblem]]:
    await asyncio.to_thread(file.write_bytes, text.encode() if isinstance(text, str) else text)
    problems: list[LineProblem] = []
    imported = await import_inventory(str(file), registry, TODAY, problems.append, dry_run=dry_run)
    return imported, problems


async def stored(registry: Registry, appid: str) -> InventoryItem | None:
    known = await Inventory(registry).known(appid)
    if known is None or known.name is None or known.contact is None:
        return None
    return InventoryItem(
        appid=appid, name=known.name, contact=known.contact, listed_since=known.facts.listed_since
    )


def numbers(imported: Imported) -> tuple[int, int, int]:
    return imported.new, imported.changed, imported.unchanged


async def test_the_same_file_again_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    one, two = fresh_appid(), fresh_appid()
    text = "\n".join([HEADER, row(one, since="2022-05-01"), "", row(two), ""])
    file = tmp_path / "inventory.csv"
    imported, problems = await read(registry, file, text)
    assert (numbers(imported), imported.imported, problems) == ((2, 0, 0), True, [])
    before = await registry.pool.fetch(
        "select *, xmin from inventory where appid = any($1)", [one, two]
    )
    imported, _ = await read(registry, file, text)
    assert numbers(imported) == (0, 0, 2)
    assert before == await registry.pool.fetch(
        "select *, xmin from inventory where appid = any($1)", [one, two]
    )
    # What a later file says of one changes that one; an empty day means: not listed (any more).
    imported, _ = await read(registry, file, "\n".join([HEADER, row(one, name="新名称"), row(two)]))
    assert numbers(imported) == (0, 1, 1)
    found = await stored(registry, one)
    assert found is not None
    assert (found.name, found.listed_since) == ("新名称", None)


async def test_json_lines_and_csv_say_the_same(registry: Registry, tmp_path: Path) -> None:
    appid = fresh_appid()
    item = {"appid": appid, "name": '带"引号",和逗号', "contact": "a@b.test"}
    lines = json.dumps(item | {"listed_since": "2022-05-01"}, ensure_ascii=False)
    for name, text, expected in (
        ("a.jsonl", lines + "\n", (1, 0, 0)),
        ("without-ending", lines, (0, 0, 1)),
        ("a.csv", f'\ufeff{HEADER}\r\n{appid},"带""引号"",和逗号",a@b.test,2022-05-01', (0, 0, 1)),
        ("b.csv", f'contact, listed_since,appid,name\na@b.test,2022-05-01,{appid},"带""引号"",和逗号"\n',
         (0, 0, 1)),
    ):  # fmt: skip
        imported, problems = await read(registry, tmp_path / name, text)
        assert problems == [], name
        assert numbers(imported) == expected, name
    found = await stored(registry, appid)
    assert found is not None
    assert found == InventoryItem.model_validate(item | {"listed_since": "2022-05-01"})


async def test_one_wrong_line_and_nothing_is_imported(registry: Registry, tmp_path: Path) -> None:
    good, also = fresh_appid(), fresh_appid()
    text = "\n".join(
        [
            HEADER,
            row(good),
            row("WX1", "", "zhang.san", "2023/05/01"),
            row(fresh_appid(), since="2026-11-25"),
            row(fresh_appid(), since="2023-02-30"),
            row(fresh_appid(), since="20230501"),
            row(fresh_appid(), since="1999-01-01"),
            row(fresh_appid(), name="长" * 61),
            row(fresh_appid()) + ",surplus",
            row(also),
        ]
    )
    imported, problems = await read(registry, tmp_path / "a.csv", text)
    assert [(p.line, p.path, p.code) for p in problems] == [
        (3, "appid", "appid"),
        (3, "name", "missing"),
        (3, "contact", "email"),
        (3, "listed_since", "date"),
        (4, "listed_since", "in_future"),
        (5, "listed_since", "date"),
        (6, "listed_since", "date"),
        (7, "listed_since", "too_early"),
        (8, "name", "name"),
        (9, "", "csv_row"),
    ]
    assert all(problem.fix for problem in problems)
    messages = [problem.message for problem in problems]
    assert [word in text for word, text in zip(
        ("WX1", "", "", "2023/05/01", "2026-11-25", "2023-02-30"), messages, strict=False
    )] == [True] * 6  # fmt: skip
    assert "zhang.san" not in "".join(messages)
    assert (imported.lines, imported.bad_lines, imported.imported) == (9, 7, False)
    assert await stored(registry, good) is None
    assert await stored(registry, also) is None


async def test_an_appid_may_stand_in_one_line_only(registry: Registry, tmp_path: Path) -> None:
    appid = fresh_appid()
    text = "\n".join([HEADER, row(appid), row(fresh_appid()), row(appid), row(appid, name="又")])
    imported, problems = await read(registry, tmp_path / "a.csv", text)
    assert [(p.line, p.path, p.code) for p in problems] == [
        (4, "appid", "twice"),
        (5, "appid", "twice"),
    ]
    assert "第 2、4、5 行" in problems[0].message
    assert imported.imported is False
    assert await stored(registry, appid) is None


@pytest.mark.parametrize(
    ("name", "content", "line", "code"),
    [
        ("a.csv", b"", 0, "file_empty"),
        ("a.csv", HEADER.encode(), 0, "file_empty"),
        ("a.csv", b"appid,name\nx,y\n", 0, "csv_header"),
        ("a.csv", f"{HEADER},owner\n".encode(), 0, "csv_header"),
        ("a.csv", f"{HEADER}\n{'x' * 70_000}".encode(), 0, "line_too_long"),
        ("a.csv", f'{HEADER}\nwx,"open'.encode(), 0, "syntax"),
        ("a.csv", f"{HEADER}\n".encode() + row("wx").encode("gbk"), 2, "encoding"),
        ("a.jsonl", b'{"appid": 1}', 1, "appid"),
        ("a.jsonl", b'{"appid": "wx", "appid": "wx"}', 1, "duplicate_key"),
        ("a.jsonl", b"[]", 1, "not_a_mapping"),
        ("a.jsonl", b"{", 1, "syntax"),
        ("a.jsonl", b"[" * 60_000, 1, "too_deep"),
        ("a.jsonl", b'{"owner": "x"}', 1, "unknown_field"),
        ("a.jsonl", b'{"name": ["x"]}', 1, "not_text"),
        ("a.jsonl", b'{"name": "\\u0000"}', 1, "bad_character"),
    ],
)
async def test_files_that_are_none(
    registry: Registry, tmp_path: Path, name: str, content: bytes, line: int, code: str
) -> None:
    imported, problems = await read(registry, tmp_path / name, content)
    assert (line, code) in [(p.line, p.code) for p in problems]
    assert imported.bad_lines
    assert not imported.imported


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "file_missing"),
        (lambda path: path.mkdir(), "not_a_file"),
        (lambda path: os.mkfifo(path), "not_a_file"),
    ],
)
async def test_paths_that_are_no_files(
    registry: Registry, tmp_path: Path, make: Callable[[Path], None], code: str
) -> None:
    make(tmp_path / "a.csv")
    problems: list[LineProblem] = []
    await import_inventory(str(tmp_path / "a.csv"), registry, TODAY, problems.append)
    assert [p.code for p in problems] == [code]


async def test_a_dry_run_tells_what_would_change(registry: Registry, tmp_path: Path) -> None:
    appid = fresh_appid()
    imported, _ = await read(registry, tmp_path / "a.csv", f"{HEADER}\n{row(appid)}", dry_run=True)
    assert (numbers(imported), imported.imported) == ((1, 0, 0), False)
    assert await stored(registry, appid) is None


async def test_imports_at_the_same_time_count_one_after_the_other(
    registry: Registry, tmp_path: Path
) -> None:
    text = "\n".join([HEADER, *(row(fresh_appid()) for _ in range(50))])
    done = await asyncio.gather(*(read(registry, tmp_path / f"{n}.csv", text) for n in range(4)))
    counted = sorted(numbers(imported) for imported, _ in done)
    assert counted == [(0, 0, 50)] * 3 + [(50, 0, 0)]


async def test_an_import_that_is_killed_leaves_nothing(
    registry: Registry, services: Services, stack: Stack, tmp_path: Path
) -> None:
    """A real process, killed while it waits for the rest of its standard input."""
    appids = [fresh_appid() for _ in range(3000)]
    starter = Path(__file__).parents[2] / "starter.py"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, starter, "inventory", "import", "-"),
        stdin=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"BEIAN_HOME": str(services.settings.home)},
    )
    assert process.stdin is not None
    process.stdin.write("\n".join([HEADER, *map(row, appids)]).encode())
    await process.stdin.drain()
    keeping = (
        "select pid from pg_stat_activity"
        " where state = 'idle in transaction' and query ilike 'copy%incoming%'"
    )
    end = time.monotonic() + 20
    # As the owner: the role that we work as does not see what other sessions are at.
    owner = await asyncpg.connect(stack.info.database_url)
    while (pid := await owner.fetchval(keeping)) is None:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    process.kill()
    await process.wait()
    while await owner.fetchval("select true from pg_stat_activity where pid = $1", pid):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    await owner.close()
    count = "select count(*) from inventory where appid = any($1)"
    assert await registry.pool.fetchval(count, appids) == 0


async def test_memory_does_not_grow_with_the_file(registry: Registry, tmp_path: Path) -> None:
    def lines(count: int) -> Iterator[str]:
        yield HEADER
        for number in range(count):
            yield row(f"wx{number:016x}", contact="wrong")

    peaks = []
    for count in (2_000, 20_000):
        file = tmp_path / f"{count}.csv"
        file.write_text("\n".join(lines(count)), encoding="utf-8")
        told = 0

        def report(problem: LineProblem) -> None:
            nonlocal told
            told += 1

        tracemalloc.start()
        imported = await import_inventory(str(file), registry, TODAY, report)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (imported.bad_lines, told) == (count, count)
    assert peaks[1] < peaks[0] * 2, peaks
