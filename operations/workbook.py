"""Excel workbooks (.xlsx): rows as text, one after the other, whatever a workbook holds.

Read by openpyxl's read-only mode, which streams a sheet; what it keeps is the table of shared texts,
which is bounded here before it is read. The values are those that Excel has saved: of a formula its
last result.
"""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from itertools import islice
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from operations.formats import Unreadable, too_large

MAX_UNPACKED = 256 * 1024 * 1024
"""The largest sum of a workbook's parts, unpacked, in bytes; 10,000 applications have some 40 MB."""
MOST_DIGITS = 15
"""Of a number: Excel keeps no more, and puts zeros in place of the others."""
AT_ONCE = 200

_OLD = b"\xd0\xcf\x11\xe0"
"""How .xls files begin, and workbooks with a password."""
_NEW = b"PK\x03\x04"
_CARRIAGE_RETURN = re.compile("_x000[dD]_")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What openpyxl and what it is built on raise for files that are no workbooks, or broken ones."""

Row = tuple[int, list[str]]


class WrongCell(str):
    """A cell of which nothing can be made; its text is the code of why."""

    ERROR = "cell_error"
    MANGLED = "number_mangled"

    __slots__ = ()


def begins_like_one(stream: BinaryIO) -> bool:
    """Whether it is to be read as a workbook, whatever its name says."""
    stream.seek(0)
    return stream.read(len(_NEW)) in (_OLD, _NEW)


def rows(stream: BinaryIO) -> Iterator[Row]:
    """The rows of the first sheet that are not empty, each with its number. Raises `Unreadable`."""
    stream.seek(0)
    if stream.read(len(_OLD)) == _OLD:
        raise Unreadable(
            "file_format",
            "是旧版 Excel（.xls）文件，或设有打开密码",
            "请在表格软件中去掉密码，另存为 .xlsx",
        )
    stream.seek(0)
    try:
        _check_size(stream)
        yield from _rows(stream)
    except _BROKEN:
        raise Unreadable(
            "syntax", "不是 .xlsx 文件，或文件已损坏", "请用表格软件打开并另存为 .xlsx"
        ) from None


def _check_size(stream: BinaryIO) -> None:
    with zipfile.ZipFile(stream) as parts:
        if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED:
            raise too_large(MAX_UNPACKED)


def _rows(stream: BinaryIO) -> Iterator[Row]:
    # A third of a second to import, which only workbooks need.
    from openpyxl import load_workbook

    with _quiet():
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise Unreadable("file_empty", "工作簿中没有工作表", "请把申请写在第一张工作表中")
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is often wrong
        cells = sheet.iter_rows()
    number = 0
    while True:
        with _quiet():
            some = [[_text(cell) for cell in row] for row in islice(cells, AT_ONCE)]
        for row in some:
            number += 1
            if any(cell.strip() for cell in row):
                yield number, row
        if len(some) < AT_ONCE:
            return


def _quiet() -> AbstractContextManager[object]:
    """It warns of what it leaves out (drop-down lists, styles), which is nothing to us."""
    return warnings.catch_warnings(action="ignore")


def _text(cell: Any) -> str:
    """What a person sees in a cell, as far as it matters: a number without exponent or fraction, with
    the zeros before it where its format shows them; a day in ISO form."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        return WrongCell(WrongCell.ERROR)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return _CARRIAGE_RETURN.sub("", str(value))


def _number(value: float, number_format: str) -> str:
    if abs(value) >= 10**MOST_DIGITS:
        return WrongCell(WrongCell.MANGLED)
    if value != int(value):
        return repr(value)
    digits = str(int(value))
    padded = number_format if set(number_format) == {"0"} else ""
    return digits.zfill(len(padded))
