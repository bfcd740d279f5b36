"""Importing an inventory: a CSV or JSON Lines file of any size, all of it or nothing.

The file is read line by line, and what is right in it waits in a table of the import's own, so that
memory stays small. Every wrong line is told, as soon as it is read.
"""

import csv
import json
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from filing.inventory import COLUMNS, InventoryItem, parse_item, shown
from filing.model import Model
from filing.problems import Problem
from gateways.inventory import ImportCounts, Inventory, InventoryImport
from gateways.registry import Registry
from operations.formats import Unreadable, from_json

MAX_LINE = 64 * 1024
"""The longest line, in bytes; a right one has some hundred."""
BATCH = 1000
MOST_TWICE = 1000
"""How many appids that stand in several lines are told."""
STDIN = "-"
JSON_LINES = frozenset({".jsonl", ".ndjson"})


class LineProblem(Problem):
    """A problem and its line, from 1; 0 where it is the whole file's. `path` is the column."""

    line: int


class Imported(Model):
    """What became of a file. Nothing was imported where `bad_lines` is not 0, or in a dry run."""

    file: str
    lines: int
    """Mini programs in it, right or wrong."""
    bad_lines: int
    new: int
    changed: int
    unchanged: int
    imported: bool


Report = Callable[[LineProblem], None]


async def import_inventory(
    path: str, registry: Registry, today: date, report: Report, *, dry_run: bool = False
) -> Imported:
    """Bring the inventory to what the file says; mini programs that it does not name stay.

    `path`: `.csv`, or `.jsonl`; anything else and `-` (standard input) is JSON Lines where it
    begins with a brace. `report` hears of every problem. Raises what `Registry` raises.
    """
    reading = _Reading(report, today)
    async with Inventory(registry).importing() as importing:
        async for batch in reading.batches(path):
            await importing.add(batch)
        await _report_twice(importing, reading)
        counts = ImportCounts(new=0, changed=0, unchanged=0)
        if not reading.bad:
            counts = await importing.counts()
            if not dry_run:
                await importing.apply()
    return Imported(
        file=path,
        lines=reading.lines,
        bad_lines=reading.bad,
        imported=not reading.bad and not dry_run,
        **counts.model_dump(),
    )


async def _report_twice(importing: InventoryImport, reading: "_Reading") -> None:
    for one in await importing.twice(MOST_TWICE):
        lines = "、".join(map(str, one.lines[:10]))
        for line in one.lines[1:11]:
            problem = Problem(
                path="appid",
                code="twice",
                message=f"“{one.appid}”在文件中出现 {len(one.lines)} 次(第 {lines} 行)",
                fix="每个小程序只保留一行",
            )
            reading.wrong(line, problem)


class _Reading:
    """A file as it is read: its lines are counted, and its problems are told."""

    def __init__(self, report: Report, today: date) -> None:
        self._report = report
        self._today = today
        self.lines = 0
        self.bad = 0

    def wrong(self, line: int, *problems: Problem) -> None:
        """Tell what is wrong with a line."""
        self.bad += 1
        for problem in problems:
            self._report(LineProblem(line=line, **problem.model_dump()))

    async def batches(self, path: str) -> AsyncIterator[list[tuple[int, InventoryItem]]]:
        """The right mini programs, each with its line, some at a time."""
        batch: list[tuple[int, InventoryItem]] = []
        try:
            with _opened(path) as stream:
                for line, data in self._rows(path, stream):
                    self.lines += 1
                    item = parse_item(data, self._today)
                    if isinstance(item, InventoryItem):
                        batch.append((line, item))
                    else:
                        self.wrong(line, *item)
                    if len(batch) == BATCH:
                        yield batch
                        batch = []
        except Unreadable as error:
            self.wrong(0, error.problem)
            return
        if batch:
            yield batch
        if not self.lines and not self.bad:
            self.wrong(0, _EMPTY)

    def _rows(self, path: str, stream: BinaryIO) -> Iterator[tuple[int, dict[str, object]]]:
        suffix = "" if path == STDIN else Path(path).suffix.lower()
        texts = self._texts(stream)
        first = next(texts, None)
        if first is None:
            return
        number, text = first
        if suffix in JSON_LINES or (suffix != ".csv" and text.startswith("{")):
            yield from self._json_lines(number, text, texts)
        else:
            yield from self._csv(number, text, texts)

    def _texts(self, stream: BinaryIO) -> Iterator[tuple[int, str]]:
        """The lines that are text, with their numbers; those without any are passed over."""
        number = 0
        while data := stream.readline(MAX_LINE + 1):
            number += 1
            if len(data) > MAX_LINE:
                raise _unreadable(
                    "line_too_long", f"第 {number} 行超过 {MAX_LINE // 1024} KB", _ONE_A_LINE
                )
            if number == 1:
                data = data.removeprefix(b"\xef\xbb\xbf")
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                self.lines += 1
                self.wrong(number, _NOT_UTF8)
                continue
            if text.strip():
                yield number, text

    def _json_lines(
        self, number: int, text: str, texts: Iterator[tuple[int, str]]
    ) -> Iterator[tuple[int, dict[str, object]]]:
        while True:
            try:
                yield number, from_json(text.rstrip(), line=number)
            except Unreadable as error:
                self.lines += 1
                self.wrong(number, _reworded(error.problem))
            following = next(texts, None)
            if following is None:
                return
            number, text = following

    def _csv(
        self, number: int, text: str, texts: Iterator[tuple[int, str]]
    ) -> Iterator[tuple[int, dict[str, object]]]:
        at = number

        def following() -> Iterator[str]:
            nonlocal at
            yield text
            for at, line in texts:  # noqa: B007  where the reader is, for the row that it gives
                yield line

        rows = csv.reader(following(), strict=True)
        try:
            columns = _columns(next(rows, []))
            for row in rows:
                if len(row) != len(columns):
                    self.lines += 1
                    self.wrong(at, _cells(len(row), len(columns)))
                else:
                    yield at, dict(zip(columns, row, strict=True))
        except csv.Error:
            raise _unreadable(
                "syntax",
                f"CSV 语法不正确:第 {at} 行附近",
                "请检查成对的双引号;单元格内的双引号写两次",
            ) from None


def _columns(header: list[str]) -> list[str]:
    columns = [column.strip() for column in header]
    if sorted(columns) != sorted(COLUMNS):
        given = ",".join(shown(column) for column in columns[:10])
        raise _unreadable(
            "csv_header",
            f"表头应为 {','.join(COLUMNS)}(次序不限),而不是“{given}”",
            "第一行写这四个列名,以逗号分隔;多余的列请删除",
        )
    return columns


def _cells(found: int, wanted: int) -> Problem:
    return Problem(
        path="",
        code="csv_row",
        message=f"有 {found} 个单元格,表头有 {wanted} 列",
        fix="每行填满各列,没有内容的留空;含逗号的内容请加双引号",
    )


_ONE_A_LINE = "每行写一个小程序"
_EMPTY = Problem(
    path="",
    code="file_empty",
    message="文件中没有小程序",
    fix=f"第一行写 {','.join(COLUMNS)},其下每行一个小程序;或写 JSON Lines",
)
_NOT_UTF8 = Problem(
    path="",
    code="encoding",
    message="这一行不是 UTF-8 编码",
    fix="请把文件另存为 UTF-8 编码;表格软件请选“CSV UTF-8”",
)


def _unreadable(code: str, message: str, fix: str) -> Unreadable:
    return Unreadable(code, message, fix)


def _reworded(problem: Problem) -> Problem:
    """A problem of a line of JSON, which is no application here."""
    if problem.code != "not_a_mapping":
        return problem
    example = json.dumps(dict.fromkeys(COLUMNS, "…"), ensure_ascii=False)
    return problem.model_copy(
        update={"message": "这一行不是 JSON 对象", "fix": f"每行写一个 {example}"}
    )


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Standard input or a plain file, to be read as it comes. Raises `Unreadable`."""
    if path == STDIN:
        yield sys.stdin.buffer
        return
    try:
        # Never waits for a FIFO that nobody writes to.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _unreadable("file_missing", "文件不存在", "请核对路径和文件名") from None
    except (OSError, ValueError):
        raise _unreadable("file_unreadable", "文件无法读取", "请核对路径和读取权限") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        fix = "请给出文件路径;管道的内容请用 - 从标准输入读入"
        raise _unreadable("not_a_file", "不是普通文件", fix)
    with os.fdopen(handle, "rb") as stream:
        yield stream
