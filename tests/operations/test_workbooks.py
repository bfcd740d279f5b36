"""Excel workbooks as agencies have them, and as they should not be."""

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from filing.application import Application
from filing.parse import parse_application
from operations import workbook
from operations.columns import template
from operations.reading import Document, read_documents

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(
        *rows: Sequence[Any], formats: dict[str, str] | None = None, name: str = "批量.xlsx"
    ) -> str:
        path = tmp_path / name
        path.write_bytes(made(*rows, formats=formats))
        return str(path)

    return written


def made(*rows: Sequence[Any], formats: dict[str, str] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for place, number_format in (formats or {}).items():
        sheet[place].number_format = number_format
    # What Excel adds by itself: a drop-down list, and a sheet beside it.
    sheet.add_data_validation(DataValidation(type="list", formula1='"新增备案"'))
    book.create_sheet("说明").append(["kind"])
    stream = io.BytesIO()
    book.save(stream)
    return with_shared_texts(stream.getvalue())


SHARED = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_shared_texts(content: bytes) -> bytes:
    """The workbook as Excel saves it: its texts in one table, of which openpyxl writes none."""
    texts: list[str] = []

    def share(found: re.Match[str]) -> str:
        texts.append(found[2])
        return f'<c{found[1]} t="s"><v>{len(texts) - 1}</v></c>'

    with zipfile.ZipFile(io.BytesIO(content)) as old:
        parts = {name: old.read(name).decode() for name in old.namelist()}
    for name in [name for name in parts if name.startswith("xl/worksheets/sheet")]:
        parts[name] = re.sub(
            r'<c([^>]*) t="inlineStr"[^>]*><is>(.*?)</is></c>', share, parts[name], flags=re.DOTALL
        )
    items = "".join(f"<si>{text}</si>" for text in texts)
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{items}</sst>'
    for name, last, added in (
        (
            "[Content_Types].xml",
            "</Types>",
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED}"/>',
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "</Relationships>",
            f'<Relationship Id="rShared" Type="{RELATION}" Target="sharedStrings.xml"/>',
        ),
    ):
        if "sharedStrings" not in parts[name]:
            parts[name] = parts[name].replace(last, added + last)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name, text in parts.items():
            new.writestr(name, text)
    return stream.getvalue()


def codes(documents: Sequence[Document]) -> list[str | None]:
    return [d.problems[0].code if d.problems else None for d in documents]


def test_cells_are_read_as_a_person_sees_them(write: Write) -> None:
    path = write(
        ["kind", "subject.address", "subject.principal.mobile", "contact.email", "effective_on"],
        ["新增备案", "示例路1号_x000D_", 13900000001, " a@b.c　", date(2026, 11, 24)],
        [],
        [None, "  ", "", None, None],
        ["变更小程序", 12, "013900000001", 5, datetime.combine(date(2026, 11, 24), time(8, 30))],
        ["取消接入", 1.5, 7, True, "2026年1月5日"],
        formats={"C6": "000000"},
    )
    first, second, third = read_documents(path)
    assert [d.name for d in (first, second, third)] == [f"{path}:{n}" for n in (2, 5, 6)]
    assert [d.row for d in (first, second, third)] == [2, 5, 6]
    assert first.data == {
        "kind": "new",
        "subject": {"address": "示例路1号", "principal": {"mobile": "13900000001"}},
        "contact": {"email": "a@b.c"},
        "effective_on": "2026-11-24",
    }
    assert second.data == {
        "kind": "change_mini_program",
        "subject": {"address": "12", "principal": {"mobile": "013900000001"}},
        "contact": {"email": "5"},
        "effective_on": "2026-11-24 08:30:00",
    }
    assert third.data == {
        "kind": "cancel_access",
        "subject": {"address": "1.5", "principal": {"mobile": "000007"}},
        "contact": {"email": "true"},
        "effective_on": "2026-01-05",
    }


NUMBERS = "subject.principal.certificate.number"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (110101199003077777, "number_mangled"),
        (1.10101199003077e17, "number_mangled"),
        ("1.10101E+17", "number_mangled"),
        (999_999_999_999_999, None),
        ("110101199003077777", None),
        ("#N/A", "cell_error"),
        ("#REF!", "cell_error"),
    ],
)
def test_a_cell_that_lost_what_was_written_is_refused(
    write: Write, cell: Any, expected: str | None
) -> None:
    documents = list(read_documents(write(["kind", NUMBERS], ["new", cell])))
    assert codes(documents) == [expected]
    if expected:
        assert documents[0].problems[0].path == NUMBERS
        assert "110101" not in str(documents[0])


def test_the_headings_may_stand_below_a_title(write: Write) -> None:
    path = write(
        ["小程序备案信息收集表"], [], ["序号", "备案类型*", "联系 邮箱(必填)"], [1, "new", "a@b.c"]
    )
    (document,) = read_documents(path)
    assert (document.data, document.row) == ({"kind": "new", "contact": {"email": "a@b.c"}}, 4)


def test_papers_have_columns_of_their_own(write: Write) -> None:
    path = write(
        ["备案类型", "主办单位证件", "主体负责人证件(正面)", "主体负责人证件反面", "承诺书"],
        ["new", "a.png", None, "c.png", "d.png"],
    )
    (document,) = read_documents(path)
    assert document.data == {
        "kind": "new",
        "materials": [
            {"type": "subject_certificate", "file": "a.png"},
            {"type": "subject_principal_certificate", "side": "back", "file": "c.png"},
            {"type": "commitment_letter", "file": "d.png"},
        ],
    }


def test_the_template_takes_a_whole_application_in_chinese(write: Write) -> None:
    values: dict[str, str | int] = {
        "备案类型": "新增备案",
        "小程序AppID": "wx1a2b3c4d5e6f7a8b",
        "小程序名称": "昆山示例商城",
        "小程序备注": "面向昆山本地商户的线上商城",
        "服务内容标识": "网上购物、工具",
        "前置审批类别": "以上都不涉及",
        "主体性质": "企业",
        "主体名称": "苏州示例信息技术有限公司",
        "主体证件类型": "营业执照",
        "主体证件号码": "91320583MAEXAMP14T",
        "主体证件住所": "江苏省苏州市昆山市示例路1号",
        "省份": "江苏省",
        "城市": "苏州市",
        "区县": "昆山市",
        "通讯地址": "示例路1号",
        "主办单位证件": "licence.png",
        "联系邮箱": "ops@example.com",
    }
    for person in ("小程序负责人", "主体负责人"):
        values |= {
            f"{person}姓名": "王芳",
            f"{person}证件类型": "身份证",
            f"{person}证件号码": "320599196802020021",
            f"{person}证件有效期起": "2016/3/1",
            f"{person}证件有效期止": "长期",
            f"{person}手机号码": 13900000003,
            f"{person}电子邮箱": "wang.fang@example.com",
            f"{person}应急手机号码": "13900000004",
        }
    headings = template()
    assert set(values) <= set(headings)
    (document,) = read_documents(write(headings, [values.get(heading) for heading in headings]))
    application = parse_application(document.data)
    assert isinstance(application, Application), application
    assert application.mini_program.service_contents == ("ecommerce", "tools")
    assert application.mini_program.pre_approvals == ()
    assert application.subject.principal.certificate.valid_from == date(2016, 3, 1)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["备案类型", "主体名"], "主体名称"),
        (["备案类型", "客户经理"], "客户经理"),
        (["备案类型", "kind"], "重复"),
        (["备案类型", "承诺书", "materials.0.file"], "同时出现"),
        (["主体名称"], "kind"),
        (["备案类型", None, "省份"], "第 2 列"),
    ],
)
def test_a_wrong_heading_is_named(write: Write, header: list[str | None], said: str) -> None:
    rows: list[list[str]] = [[]] * 9
    (document,) = read_documents(write(*rows, header, ["new", "x", "y"]))
    assert codes([document]) == ["csv_header"]
    assert said in document.problems[0].message


def test_what_is_no_workbook_is_one_problem(tmp_path: Path) -> None:
    plain = made(["kind"], ["new"])
    contents = {
        "empty.xlsx": b"",
        "text.xlsx": b"kind\nnew\n",
        "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        "old.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        "cut.xlsx": plain[: len(plain) // 2],
        "headless.xlsx": made(["kind"]),
        "blank.xlsx": made(),
    }
    found = {}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        (document,) = read_documents(str(tmp_path / name))
        found[name] = document.problems[0].code
    assert found == {
        "empty.xlsx": "syntax",
        "text.xlsx": "syntax",
        "old.xls": "file_format",
        "old.xlsx": "file_format",
        "cut.xlsx": "syntax",
        "headless.xlsx": "file_empty",
        "blank.xlsx": "csv_header",
    }


def with_part(content: bytes, part: str, data: bytes) -> bytes:
    """The workbook with other bytes as one of its parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", 8) as new:
        for info in old.infolist():
            new.writestr(info.filename, data if info.filename == part else old.read(info))
    return stream.getvalue()


def test_a_bomb_is_not_unpacked(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(write(["kind"], ["new"]))
    plain = path.read_bytes()
    laughs = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><worksheet>&c;</worksheet>'
    path.write_bytes(with_part(plain, "xl/worksheets/sheet1.xml", laughs))
    assert codes(list(read_documents(str(path)))) == ["syntax"]
    monkeypatch.setattr(workbook, "MAX_UNPACKED", 1024)
    path.write_bytes(plain)
    assert codes(list(read_documents(str(path)))) == ["file_too_large"]


def test_a_cell_far_away_costs_nothing(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["kind"])
    sheet.append(["new"])
    sheet["XFD200000"] = "x"
    book.save(tmp_path / "a.xlsx")
    documents = list(read_documents(str(tmp_path / "a.xlsx")))
    assert codes(documents) == [None, "csv_row"]
    assert documents[1].row == 200_000


PLAIN = made(["kind", "主体名称", "联系邮箱"], ["new", "a", 1], ["取消接入", date(2026, 1, 1), "c"])


@settings(max_examples=150, deadline=None)
@given(
    part=st.sampled_from(
        ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"]
    ),
    at=st.floats(0, 1),
    scrap=st.one_of(
        st.binary(max_size=6),
        st.sampled_from(
            [b"<v>9e999</v>", b't="d"', b't="e"', b"<row/>", b'r="A0"', b"&lt;", b"-1"]
        ),
    ),
    cut=st.integers(0, 12),
)
def test_no_workbook_raises(
    tmp_path_factory: pytest.TempPathFactory, part: str, at: float, scrap: bytes, cut: int
) -> None:
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as book:
        data = book.read(part)
    place = int(at * len(data))
    path = tmp_path_factory.getbasetemp() / "fuzzed.xlsx"
    path.write_bytes(with_part(PLAIN, part, data[:place] + scrap + data[place + cut :]))
    for document in read_documents(str(path)):
        assert (document.data is None) is bool(document.problems)


_CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(date(1901, 1, 1), date(2100, 1, 1)),
    st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=20),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_CELLS, min_size=2, max_size=2), max_size=5))
def test_every_row_that_holds_something_is_told_once(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "cells.xlsx"
    path.write_bytes(made(["kind", "subject.name"], *rows))
    expected = [
        number
        for number, row in enumerate(rows, start=2)
        if any(c is not None and str(c).strip() for c in row)
    ]
    documents = list(read_documents(str(path)))
    if expected:
        assert [d.row for d in documents] == expected
    else:
        assert codes(documents) == ["file_empty"]
