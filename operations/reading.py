"""Application files: from bytes that somebody else wrote to documents, or problems. Never raises.

Formats, by the name's ending: YAML (`.yaml`, `.yml`) and JSON (`.json`), one application each; JSON
Lines (`.jsonl`, `.ndjson`), one a line; CSV (`.csv`), one a row. Anything else, and standard input
(`-`), is JSON or JSON Lines where it begins with a bracket, else YAML. What data they become is
told in `formats.py`.
"""

import csv
import io
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filing.problems import Problem
from operations.formats import (
    MAX_DOCUMENT,
    Unreadable,
    columns_of,
    from_json,
    from_row,
    from_yaml,
    too_large,
)

MAX_BATCH = 64 * 1024 * 1024
"""The largest file of many applications, in bytes."""

STDIN = "-"
BOM = b"\xef\xbb\xbf"
"""What Windows programs put before UTF-8; passed over."""
YAML = frozenset({".yaml", ".yml"})
JSON = frozenset({".json"})
JSON_LINES = frozenset({".jsonl", ".ndjson"})
CSV = frozenset({".csv"})


@dataclass(frozen=True)
class Document:
    """One application as read. `data` is None where `problems` say why there is none."""

    name: str
    """The file; in a file of many followed by `:` and the line, as in `batch.csv:3`."""
    data: dict[str, Any] | None
    problems: tuple[Problem, ...]
    folder: Path
    """What its material paths are relative to."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line, from 1, of what has a path (`subject.name`), where the format tells it: YAML."""


def read_documents(path: str) -> Iterator[Document]:
    """The applications of a file, one after the other; a file without any gives one problem."""
    folder = Path.cwd() if path == STDIN else Path(path).parent
    suffix = "" if path == STDIN else Path(path).suffix.lower()
    try:
        data = _read(path, MAX_DOCUMENT if suffix in YAML | JSON else MAX_BATCH)
        named = suffix in YAML | JSON | CSV
        if suffix in JSON_LINES or (not named and _is_json_lines(data)):
            yield from _json_lines(path, folder, data)
        elif suffix in CSV:
            yield from _csv_rows(path, folder, _text(data))
        else:
            yield _one(path, folder, suffix, data)
    except Unreadable as error:
        yield Document(path, None, (error.problem,), folder)


def _one(name: str, folder: Path, suffix: str, data: bytes) -> Document:
    """A file, or a line, that holds one application."""
    if len(data) > MAX_DOCUMENT:
        raise too_large(MAX_DOCUMENT)
    text = _text(data)
    bracket = text.lstrip().startswith(("{", "["))
    if suffix in JSON | JSON_LINES or (bracket and suffix not in YAML):
        return Document(name, from_json(text), (), folder)
    lines: dict[str, int] = {}
    return Document(name, from_yaml(text, lines), (), folder, lines)


def _read(path: str, limit: int) -> bytes:
    """All bytes of standard input or of a plain file, at most `limit`."""
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(limit + 1)
        else:
            if not stat.S_ISREG(Path(path).stat().st_mode):
                raise Unreadable(
                    "not_a_file",
                    "不是普通文件",
                    "请给出文件路径；管道的内容请用 - 从标准输入读入",
                )
            # It may have become a FIFO since, which nobody should wait for.
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as stream:
                data = stream.read(limit + 1)  # one more, so that a larger file shows
    except FileNotFoundError:
        raise Unreadable("file_missing", "文件不存在", "请核对路径和文件名") from None
    except (OSError, ValueError, AttributeError):
        # No permission, a name with a NUL, standard input closed or not there at all.
        raise Unreadable("file_unreadable", "文件无法读取", "请核对路径和读取权限") from None
    if len(data) > limit:
        raise too_large(limit)
    return data


def _text(data: bytes) -> str:
    """The text of UTF-8 bytes, with or without the mark that Windows programs put before it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("file_encoding", "文件是 UTF-16 编码", "请另存为 UTF-8 编码")
    if b"\x00" in data:
        raise Unreadable(
            "file_binary", "文件是二进制内容，不是文本", "请给出 YAML、JSON、JSON Lines 或 CSV 文件"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            "file_encoding",
            f"第 {line} 行起不是 UTF-8 编码（可能是 GBK 或二进制内容）",
            "请另存为 UTF-8 编码；表格软件请选“CSV UTF-8”",
        ) from None
    if not text.strip():
        raise _empty()
    return text


def _empty() -> Unreadable:
    return Unreadable("file_empty", "内容为空", "可用 python starter.py example 生成一份样例")


def _is_json_lines(data: bytes) -> bool:
    """Whether several lines begin with a whole JSON object each; a JSON file's first line is part of
    one."""
    first, _, rest = data.removeprefix(BOM).strip().partition(b"\n")
    if not first.startswith(b"{") or not rest or len(first) > MAX_DOCUMENT:
        return False
    try:
        from_json(_text(first))
    except Unreadable as error:
        return error.problem.code != "syntax"
    return True


def _json_lines(path: str, folder: Path, data: bytes) -> Iterator[Document]:
    """One application a line; a line that is wrong stops no other. Empty lines are passed over."""
    found = False
    for number, line in enumerate(io.BytesIO(data.removeprefix(BOM)), start=1):
        if not line.strip():
            continue
        found = True
        name = f"{path}:{number}"
        try:
            yield _one(name, folder, ".jsonl", line)
        except Unreadable as error:
            yield Document(name, None, (error.problem,), folder)
    if not found:
        raise _empty()


def _csv_rows(path: str, folder: Path, text: str) -> Iterator[Document]:
    """One application a row; the first row names the columns."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = columns_of(next(rows, []))
        start = rows.line_num + 1
        found = False
        for row in rows:
            line, start = start, rows.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            found = True
            name = f"{path}:{line}"
            try:
                yield Document(name, from_row(columns, row), (), folder)
            except Unreadable as error:
                yield Document(name, None, (error.problem,), folder)
    except csv.Error:
        raise Unreadable(
            "syntax",
            f"CSV 语法不正确：第 {rows.line_num} 行附近",
            "请检查成对的双引号；单元格内的双引号写两次",
        ) from None
    if not found:
        raise Unreadable("file_empty", "表头之下没有申请", "请在表头之下每行写一份申请")
