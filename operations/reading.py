"""Application files: from bytes that somebody else wrote to documents, or problems. Never raises.

Formats, by the name's ending: YAML (`.yaml`, `.yml`) and JSON (`.json`), one application each; JSON
Lines (`.jsonl`, `.ndjson`), one a line; CSV (`.csv`) and Excel (`.xlsx`, its first sheet), one a row.
Anything else, and standard input (`-`), is a workbook where it begins like one, JSON or JSON Lines
where it begins with a bracket, else YAML. What data they become is told in `formats.py` and
`tables.py`.

A file of many is copied first, so that it is read, hashed and read again as it was at one moment, and
is then read row by row: memory stays small however long it is.
"""

import csv
import hashlib
import io
import os
import stat
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from filing.problems import Problem
from operations import workbook
from operations.formats import MAX_DOCUMENT, Unreadable, from_json, from_yaml, too_large
from operations.tables import APPLICATIONS, Table, mangled, trimmed

if TYPE_CHECKING:
    import _csv

MAX_BATCH = 512 * 1024 * 1024
"""The largest file of many applications, in bytes."""

STDIN = "-"
BOM = b"\xef\xbb\xbf"
"""What Windows programs put before UTF-8; passed over."""
YAML = frozenset({".yaml", ".yml"})
JSON = frozenset({".json"})
JSON_LINES = frozenset({".jsonl", ".ndjson"})
CSV = frozenset({".csv"})
EXCEL = frozenset({".xlsx", ".xlsm"})
CHUNK = 1024 * 1024
IN_MEMORY = 2 * 1024 * 1024
HEADER_WITHIN = 10
"""Rows of a sheet among which its headings are looked for: agencies put a title above them."""


class Form(Enum):
    """How a file holds applications."""

    ONE = "one"
    JSON_LINES = "json_lines"
    CSV = "csv"
    EXCEL = "excel"


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
    row: int = 0
    """In a file of many: its line or row, from 1."""


@dataclass(frozen=True)
class Source:
    """A file as it was when it was opened."""

    path: str
    folder: Path
    suffix: str
    form: Form
    sha256: str
    """Of its bytes, 64 hex digits."""
    stream: BinaryIO

    @property
    def many(self) -> bool:
        """Whether it is a file of many applications, though it may hold one or none."""
        return self.form is not Form.ONE

    def documents(self, table: Table[Any] = APPLICATIONS) -> Iterator[Document]:
        """What it holds, one after the other: applications, or what `table` reads. Raises `Unreadable`
        where no more can be read of it, or where it has none."""
        self.stream.seek(0)
        match self.form:
            case Form.JSON_LINES:
                yield from _json_lines(self, table)
            case Form.CSV:
                yield from _csv_rows(self, table)
            case Form.EXCEL:
                yield from _excel_rows(self, table)
            case Form.ONE:
                yield _one(self.path, self.folder, self.suffix, self.stream.read())


def read_documents(path: str) -> Iterator[Document]:
    """The applications of a file, one after the other; a file without any gives one problem."""
    folder = Path.cwd() if path == STDIN else Path(path).parent
    try:
        with opened(path) as source:
            yield from source.documents()
    except Unreadable as error:
        yield Document(path, None, (error.problem,), folder)


@contextmanager
def opened(path: str) -> Iterator[Source]:
    """A private copy of standard input or of a plain file. Raises `Unreadable`."""
    folder = Path.cwd() if path == STDIN else Path(path).parent
    suffix = "" if path == STDIN else Path(path).suffix.lower()
    limit = MAX_DOCUMENT if suffix in YAML | JSON else MAX_BATCH
    with ExitStack() as stack:
        copy = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
        stream = cast(BinaryIO, copy)
        sha256 = _copy(path, stream, limit)
        form = _form(suffix, stream)
        if form is Form.ONE and stream.seek(0, os.SEEK_END) > MAX_DOCUMENT:
            raise too_large(MAX_DOCUMENT)
        yield Source(path, folder, suffix, form, sha256, stream)


def _form(suffix: str, stream: BinaryIO) -> Form:
    for suffixes, form in ((JSON_LINES, Form.JSON_LINES), (CSV, Form.CSV), (EXCEL, Form.EXCEL)):
        if suffix in suffixes:
            return form
    if suffix not in YAML | JSON:
        if workbook.begins_like_one(stream):
            return Form.EXCEL
        if _is_json_lines(stream):
            return Form.JSON_LINES
    return Form.ONE


def _one(name: str, folder: Path, suffix: str, data: bytes) -> Document:
    """A file that holds one application."""
    text = _text(data)
    bracket = text.lstrip().startswith(("{", "["))
    if suffix in JSON or (bracket and suffix not in YAML):
        return Document(name, from_json(text), (), folder)
    lines: dict[str, int] = {}
    return Document(name, from_yaml(text, lines), (), folder, lines)


def _copy(path: str, copy: BinaryIO, limit: int) -> str:
    """Copy all bytes of standard input or of a plain file, at most `limit`; their SHA-256."""
    digest = hashlib.sha256()
    size = 0
    try:
        with ExitStack() as stack:
            stream = sys.stdin.buffer if path == STDIN else stack.enter_context(_plain_file(path))
            while chunk := stream.read(min(CHUNK, limit + 1 - size)):
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                digest.update(chunk)
                copy.write(chunk)
    except FileNotFoundError:
        raise Unreadable("file_missing", "文件不存在", "请核对路径和文件名") from None
    except (OSError, ValueError, AttributeError):
        # No permission, a name with a NUL, standard input closed or not there at all.
        raise Unreadable("file_unreadable", "文件无法读取", "请核对路径和读取权限") from None
    return digest.hexdigest()


def _plain_file(path: str) -> BinaryIO:
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise Unreadable(
            "not_a_file", "不是普通文件", "请给出文件路径；管道的内容请用 - 从标准输入读入"
        )
    # It may have become a FIFO since, which nobody should wait for.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return os.fdopen(handle, "rb")


def _text(data: bytes, line: int = 1) -> str:
    """The text of UTF-8 bytes, which begin in that line, with or without the mark that Windows programs
    put before it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _utf16()
    if b"\x00" in data:
        raise _binary()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(data.count(b"\n", 0, error.start) + line) from None
    if not text.strip():
        raise _empty()
    return text


def _utf16() -> Unreadable:
    return Unreadable("file_encoding", "文件是 UTF-16 编码", "请另存为 UTF-8 编码")


def _binary() -> Unreadable:
    return Unreadable(
        "file_binary",
        "文件是二进制内容，不是文本",
        "请给出 YAML、JSON、JSON Lines、CSV 或 Excel（.xlsx）文件",
    )


def _not_utf8(line: int) -> Unreadable:
    return Unreadable(
        "file_encoding",
        f"第 {line} 行起不是 UTF-8 编码（可能是 GBK 或二进制内容）",
        "请另存为 UTF-8 编码；表格软件请选“CSV UTF-8”，或直接给出 .xlsx 文件",
    )


def _empty() -> Unreadable:
    return Unreadable(
        "file_empty",
        "内容为空",
        "可用 starter.py example 生成申请样例；多行的表用 starter.py schema columns 或 decision_columns",
    )


def _is_json_lines(stream: BinaryIO) -> bool:
    """Whether several lines begin with a whole JSON object each; a JSON file's first line is part of
    one."""
    stream.seek(0)
    first = b""
    for line in _lines(stream):
        if line is None:
            return False
        line = line.removeprefix(BOM).strip()
        if first and line:
            break
        first = first or line
    else:
        return False
    if not first.startswith(b"{"):
        return False
    try:
        from_json(_text(first))
    except Unreadable as error:
        return error.problem.code != "syntax"
    return True


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Line by line; None for one that is longer than an application."""
    while line := stream.readline(MAX_DOCUMENT + 1):
        if len(line) <= MAX_DOCUMENT:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(CHUNK)
        yield None


def _json_lines(source: Source, table: Table[Any]) -> Iterator[Document]:
    """One object a line; a line that is wrong stops no other. Empty lines are passed over."""
    found = False
    for number, line in enumerate(_lines(source.stream), start=1):
        name = f"{source.path}:{number}"
        try:
            if line is None:
                raise too_large(MAX_DOCUMENT)
            line = line.removeprefix(BOM) if number == 1 else line
            if not line.strip():
                continue
            text = _text(line, number)
            # Any blanks before it, as the same number of those that JSON knows: columns stay right.
            text = " " * (len(text) - len(text.lstrip())) + text.strip()
            data = from_json(text, line=number, row=table.what)
            yield Document(name, data, (), source.folder, row=number)
        except Unreadable as error:
            yield Document(name, None, (error.problem,), source.folder, row=number)
        found = True
    if not found:
        raise _empty()


def _csv_rows(source: Source, table: Table[Any]) -> Iterator[Document]:
    """One application a row; the first row names the columns."""
    with closing(_csv_text(source.stream)) as text:
        yield from _csv_documents(source, table, csv.reader(text, strict=True))


def _csv_documents(source: Source, table: Table[Any], rows: "_csv.Reader") -> Iterator[Document]:
    try:
        columns = table.columns_of(next(rows, []))
        start = rows.line_num + 1
        found = False
        for row in rows:
            line, start = start, rows.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            found = True
            yield _row(source, line, table, columns, row)
    except csv.Error:
        raise Unreadable(
            "syntax",
            f"CSV 语法不正确：第 {rows.line_num} 行附近",
            "请检查成对的双引号；单元格内的双引号写两次",
        ) from None
    if not found:
        raise _no_rows(table)


def _csv_text(stream: BinaryIO) -> Generator[str]:
    """The lines as text. Raises `Unreadable`."""
    if stream.read(2) in (b"\xff\xfe", b"\xfe\xff"):
        raise _utf16()
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    empty = True
    try:
        while line := text.readline(MAX_DOCUMENT + 1):
            if len(line) > MAX_DOCUMENT:
                raise too_large(MAX_DOCUMENT)
            if "\x00" in line:
                raise _binary()
            empty = empty and not line.strip()
            yield line
    except UnicodeDecodeError:
        raise _not_utf8(_first_undecodable(stream)) from None
    finally:
        text.detach()  # else it closes the copy
    if empty:
        raise _empty()


def _first_undecodable(stream: BinaryIO) -> int:
    """The first line that is not UTF-8."""
    stream.seek(0)
    for number, line in enumerate(_lines(stream), start=1):
        try:
            (line or b"").decode()
        except UnicodeDecodeError:
            return number
    return 1  # in the midst of a character at the very end


def _excel_rows(source: Source, table: Table[Any]) -> Iterator[Document]:
    """One application a row; the headings may stand below a title."""
    columns: Sequence[Any] | None = None
    found = False
    for number, cells in workbook.rows(source.stream):
        if columns is None:
            if table.is_header(cells) or number >= HEADER_WITHIN:
                columns = table.columns_of(list(trimmed(cells)))
            continue
        found = True
        yield _row(source, number, table, columns, list(trimmed(cells)))
    if columns is None:
        table.columns_of([])
    if not found:
        raise _no_rows(table)


def _row(
    source: Source, number: int, table: Table[Any], columns: Sequence[Any], row: list[str]
) -> Document:
    name = f"{source.path}:{number}"
    try:
        _check_cells([table.path_of(column) for column in columns], row)
        return Document(name, table.from_row(columns, row), (), source.folder, row=number)
    except Unreadable as error:
        return Document(name, None, (error.problem,), source.folder, row=number)


def _check_cells(paths: list[str | None], row: list[str]) -> None:
    for path, cell in zip(paths, row, strict=False):
        if path is None or not isinstance(cell, workbook.WrongCell):
            continue
        if cell == workbook.WrongCell.MANGLED:
            raise mangled(path)
        raise Unreadable(
            "cell_error", "单元格是错误值（如 #N/A、#REF!）", "请修正公式，或填写内容", path
        )


def _no_rows(table: Table[Any]) -> Unreadable:
    return Unreadable(
        "file_empty", f"表头之下没有一{table.what}", f"请在表头之下每行写一{table.what}"
    )
