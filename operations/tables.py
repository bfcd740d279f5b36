"""From a row of a table to an application's data. Pure; raises `Unreadable`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from filing.vocabulary import NO_PRE_APPROVAL
from operations.columns import SPLIT_COLUMN, Column, meant_by, paper_of, template, value_of
from operations.formats import MAX_DOCUMENT, Unreadable, shown, storable, too_large

MAX_COLUMNS = 1000
"""How many columns a table may have."""
MAX_ITEMS = 100
"""How many items a list may have in columns."""

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+?\d+")
_COLUMN = re.compile(r"[a-z_]+(?:\.(?:[a-z_]+|0|[1-9]\d{0,2})){0,9}")

C = TypeVar("C")

Columns = Sequence[Column | None]
"""One for each cell of a row; None: passed over."""


@dataclass(frozen=True)
class Table(Generic[C]):
    """How a table of one kind is read."""

    columns_of: Callable[[Sequence[str]], Sequence[C]]
    """What the headings mean. Raises `Unreadable` at the first that means nothing."""
    from_row: Callable[[Sequence[C], Sequence[str]], dict[str, Any]]
    """The data of a row. Raises `Unreadable`."""
    is_header: Callable[[Sequence[str]], bool]
    """Whether a row of a sheet, which may begin with a title, is its headings."""
    path_of: Callable[[C], str | None]
    """Where a column's cells are told to be; None for one that is passed over."""
    what: str
    """What a row holds, with its measure word: 一 comes before it."""


def columns_of(header: Sequence[str]) -> Columns:
    """What the headings mean. Raises at the first that means nothing."""
    if len(header) > MAX_COLUMNS:
        raise _bad_header(f"表头有 {len(header)} 列，超过 {MAX_COLUMNS} 列")
    columns: list[Column | None] = []
    headings: dict[str, str] = {}
    papers = 0
    for number, cell in enumerate(header, start=1):
        heading = cell.strip()
        meant = heading if _COLUMN.fullmatch(heading) and heading != "appid" else meant_by(heading)
        if meant == "":
            columns.append(None)
            continue
        if meant is None or any(p.isdigit() and int(p) >= MAX_ITEMS for p in meant.split(".")):
            raise _unknown(number, heading)
        if meant in headings:
            raise _bad_header(f"表头 {shown(heading)} 重复出现")
        headings[meant] = heading
        paper = paper_of(meant)
        if paper is None:
            columns.append(Column(meant))
        else:
            columns.append(_paper(papers, *paper))
            papers += 1
    paths = [column.path for column in columns if column]
    if papers and any(path.startswith("materials.") for path in headings):
        raise _bad_header("表头中材料的中文列与 materials 列不能同时出现")
    _check_together(paths, headings)
    return columns


def _paper(index: int, type_: str, side: str | None) -> Column:
    here = f"materials.{index}"
    sided = {f"{here}.side": side} if side else {}
    return Column(f"{here}.file", {f"{here}.type": type_, **sided})


def _check_together(paths: list[str], headings: dict[str, str]) -> None:
    for path in paths:
        if clash := next((other for other in paths if other.startswith(f"{path}.")), None):
            raise _bad_header(f"表头 {path} 与 {clash} 不能同时出现")
    if "kind" not in headings:
        raise _bad_header("表头缺少 kind 列（备案类型）")
    groups: dict[str, bool] = {}
    for path in paths:
        parts = path.split(".")
        for depth, part in enumerate(parts):
            if groups.setdefault(".".join(parts[:depth]), part.isdigit()) is not part.isdigit():
                raise _bad_header(f"表头 {path} 的序号与同级字段混用")


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row of a sheet, which may begin with a title, is its headings."""
    return any(cell.strip() == "kind" or meant_by(cell) == "kind" for cell in cells)


def _unknown(number: int, heading: str) -> Unreadable:
    near = get_close_matches(heading, template(), 1)
    hint = f"，是否为“{near[0]}”？" if near else ""
    return _bad_header(f"第 {number} 列的表头“{shown(heading)}”不是字段路径或已知的列名{hint}")


def _bad_header(message: str) -> Unreadable:
    return Unreadable(
        "csv_header",
        message,
        "表头写字段路径（如 kind、mini_program.appid、materials.0.type）或其中文列名；"
        "schema columns 可生成样表",
    )


def from_row(columns: Columns, row: Sequence[str]) -> dict[str, Any]:
    """The application of a row. An empty cell is absent; a list's items close up; 以上都不涉及 as the
    pre-approvals, or as the only one's category, is their empty list."""
    if any(cell.strip() for cell in row[len(columns) :]):
        raise Unreadable(
            "csv_row", f"单元格比表头多（表头 {len(columns)} 列）", "含逗号的内容请加双引号"
        )
    if sum(map(len, row)) > MAX_DOCUMENT:
        raise too_large(MAX_DOCUMENT)
    data: dict[str, Any] = {}
    for column, cell in zip(columns, row, strict=False):
        if column is None:
            continue
        text = storable(cell.strip(), column.path)
        if not text:
            continue
        if _SCIENTIFIC.fullmatch(text):
            raise mangled(column.path)
        _put(data, column.path, _meaning(column.path, text))
        for path, constant in column.constants.items():
            _put(data, path, constant)
    # An empty cell says nothing, so that none is said in the authority's words.
    program = data.get("mini_program")
    stated = (NO_PRE_APPROVAL, {"0": {"category": NO_PRE_APPROVAL}})
    if isinstance(program, dict) and program.get("pre_approvals") in stated:
        program["pre_approvals"] = []
    return {key: _with_lists(value) for key, value in data.items()}


def mangled(path: str) -> Unreadable:
    """A number of which a spreadsheet has kept only the beginning."""
    return Unreadable(
        "number_mangled",
        "号码已被表格软件改写成科学计数法或丢失末尾数字",
        "请把该列设为文本格式后重新填写完整号码",
        path,
    )


def _meaning(path: str, text: str) -> Any:
    if path != SPLIT_COLUMN:
        return value_of(path, text)
    parts = re.split("[;；、]", text)
    return [value_of(path, part.strip()) for part in parts if part.strip()]


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place = data
    for part in parents:
        place = place.setdefault(part, {})
    place[last] = value


def _with_lists(value: Any) -> Any:
    """Mappings whose keys are numbers as the lists that they stand for, in order of the numbers."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_with_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _with_lists(item) for key, item in value.items()}


def trimmed(cells: Sequence[str]) -> Iterator[str]:
    """The cells without the empty ones at the end, which spreadsheets like to add."""
    last = max((index for index, cell in enumerate(cells) if cell.strip()), default=-1)
    yield from cells[: last + 1]


APPLICATIONS = Table(
    columns_of,
    from_row,
    is_header,
    path_of=lambda column: column.path if column else None,
    what="份申请",
)
