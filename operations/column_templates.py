"""Empty tables to be filled in: the columns of applications and of decisions, as CSV or workbook."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from operations import columns, decisions


class ColumnHelp(NamedTuple):
    """A column: its heading, the path that it stands for, and the values that it takes."""

    heading: str
    path: str
    values: tuple[str, ...]


def application_columns() -> list[ColumnHelp]:
    """The columns of a table of applications."""
    return [
        ColumnHelp(heading, path, columns.values_of(path))
        for heading, path in zip(columns.template(), columns.template_paths(), strict=True)
    ]


def decision_columns() -> list[ColumnHelp]:
    """The columns of a table of decisions; one for a field's reason may be added for each field."""
    values = {"outcome": tuple(list(decisions.OUTCOMES)[:3])}
    return [ColumnHelp(h, key, values.get(key, ())) for key, h in decisions.COLUMNS.items()]


def schema_of(help_: Sequence[ColumnHelp]) -> dict[str, Any]:
    """The JSON Schema of a row, by its headings."""
    properties = {
        one.heading: {"type": "string", "description": one.path}
        | ({"examples": list(one.values)} if one.values else {})
        for one in help_
    }
    return {"type": "object", "properties": properties}


def write_csv(path: Path, help_: Sequence[ColumnHelp]) -> None:
    """Its headings, with the mark by which Excel knows UTF-8. Raises `OSError`; overwrites nothing."""
    with path.open("x", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerow([one.heading for one in help_])


def write_workbook(path: Path, help_: Sequence[ColumnHelp]) -> None:
    """A sheet whose columns are text, so that no number loses digits, with lists to choose from, and
    a sheet that explains them. Raises `OSError`; overwrites nothing."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "填写"
    sheet.append([one.heading for one in help_])
    sheet.freeze_panes = "B2"
    guide = book.create_sheet("说明")
    guide.append(["列名", "字段", "可填的值"])
    for number, one in enumerate(help_, start=1):
        letter = get_column_letter(number)
        dimension = sheet.column_dimensions[letter]
        dimension.number_format = "@"
        dimension.width = max(12, 2 * len(one.heading) + 2)
        sheet[f"{letter}1"].number_format = "@"
        guide.append([one.heading, one.path, "、".join(one.values)])
        if one.values and one.path != columns.SPLIT_COLUMN:
            # From the guide's cells: a list within the rule itself may have 255 characters.
            choices = book["说明"]
            row = choices.max_row
            for place, value in enumerate(one.values, start=4):
                choices.cell(row=row, column=place, value=value)
            last = get_column_letter(3 + len(one.values))
            rule = DataValidation(type="list", formula1=f"=说明!$D${row}:${last}${row}")
            rule.add(f"{letter}2:{letter}10001")
            sheet.add_data_validation(rule)
    with path.open("xb") as file:
        book.save(file)
