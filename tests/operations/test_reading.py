"""Application files: what people and programs really write, and what they should not have written."""

import io
import json
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from operations import formats, reading
from operations.reading import Document, read_documents

Write = Callable[[str, bytes | str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: bytes | str) -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return written


def only(path: str) -> Document:
    (document,) = read_documents(path)
    return document


def code(document: Document) -> str | None:
    if not document.problems:
        return None
    (problem,) = document.problems
    assert document.data is None
    assert problem.message
    assert problem.fix
    assert problem.severity == "error"
    return problem.code


YAML = """\
kind: new
mini_program:
  appid: wx1a2b3c4d5e6f7a8b
  service_contents: [ecommerce, tools]
subject:
  certificate: {number: 0512345, valid_to: 2030-01-01}
  principal:
    mobile: 13800000000
    number: 110101199003077777
    name: "true"
  subject_number: null
  city: no
  district: ~
  address:
materials:
  - {type: other, file: a.png}
  - {type: other, file: b.png}
flag: true
"""


def test_yaml_is_read_as_text_with_the_lines_of_its_paths(write: Write, tmp_path: Path) -> None:
    document = only(write("a.yaml", YAML))
    assert document.problems == ()
    assert document.folder == tmp_path
    assert document.name.endswith("a.yaml")
    assert document.data == {
        "kind": "new",
        "mini_program": {
            "appid": "wx1a2b3c4d5e6f7a8b",
            "service_contents": ["ecommerce", "tools"],
        },
        "subject": {
            "certificate": {"number": "0512345", "valid_to": "2030-01-01"},
            "principal": {
                "mobile": "13800000000",
                "number": "110101199003077777",
                "name": "true",
            },
            "subject_number": None,
            "city": "no",
            "district": None,
            "address": None,
        },
        "materials": [{"type": "other", "file": "a.png"}, {"type": "other", "file": "b.png"}],
        "flag": True,
    }
    assert document.lines["kind"] == 1
    assert document.lines["subject.principal.number"] == 9
    assert document.lines["materials.1.file"] == 17


def test_json_is_read_with_numbers_as_they_were_written(write: Write) -> None:
    text = '{"kind": "new", "a": [110101199003077777, 1.50, true, null, {"b": "\\u4e2d"}]}'
    document = only(write("a.json", text))
    assert document.data == {
        "kind": "new",
        "a": ["110101199003077777", "1.50", True, None, {"b": "中"}],
    }


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.yaml", b"", "file_empty"),
        ("a.json", b" \n\t", "file_empty"),
        ("a.jsonl", b"\n\n", "file_empty"),
        ("a.csv", b"", "file_empty"),
        ("a.csv", "kind,mini_program.appid\n,\n", "file_empty"),
        ("a.yaml", b"# only a remark\n", "not_a_mapping"),
        ("a.yaml", "kind: 新".encode("gbk"), "file_encoding"),
        ("a.csv", "kind\n新\n".encode("gbk"), "file_encoding"),
        ("a.json", '{"kind": "new"}'.encode("utf-16"), "file_encoding"),
        ("a.yaml", b"\x89PNG\r\n\x1a\n\x00\x00", "file_binary"),
        ("a.yaml", b"kind: a\x00b", "file_binary"),
        ("a.csv", b"kind\n\x00\n", "file_binary"),
        ("a.yaml", "kind: \x07", "syntax"),
        ("a.yaml", 'kind: "\\x07"', "bad_character"),
        ("a.yaml", 'kind: "\\0"', "bad_character"),
        ("a.json", '{"kind": "\\u0000"}', "bad_character"),
        ("a.json", '{"kind": ["\\ud800"]}', "bad_character"),
        ("a.json", '{"\\ud800": 1}', "bad_character"),
        ("a.csv", "kind\n\x07x\n", "bad_character"),
        ("a.yaml", "- kind: new", "not_a_mapping"),
        ("a.yaml", "只是一句话", "not_a_mapping"),
        ("a.json", "[]", "not_a_mapping"),
        ("a.json", "12", "not_a_mapping"),
        ("a.yaml", "kind: [new", "syntax"),
        ("a.yaml", "a: b: c", "syntax"),
        ("a.yaml", "kind:\tnew\n\tb: c", "syntax"),
        ("a.json", "{'kind': 1}", "syntax"),
        ("a.json", '{"kind": 1,}', "syntax"),
        ("a.json", '{"kind": 1} {"kind": 2}', "syntax"),
        ("a.json", '{"kind": "abc\\', "syntax"),
        ("a.json", '{"kind": NaN}', "not_json"),
        ("a.json", '{"kind": -Infinity}', "not_json"),
        ("a.yaml", "kind: new\nkind: new\n", "duplicate_key"),
        ("a.yaml", "kind: new\n'kind': new\n", "duplicate_key"),
        ("a.json", '{"kind": 1, "\\u006bind": 2}', "duplicate_key"),
        ("a.yaml", "kind: new\n---\nkind: new\n", "many_documents"),
        ("a.yaml", "a: &x 1\nb: *x\n", "alias"),
        ("a.yaml", "a: *x\n", "alias"),
        ("a.yaml", "a: {<<: &b {c: 1}}\n", "alias"),
        ("a.yaml", "a: !!python/object/apply:os.system [ls]\n", "tag"),
        ("a.yaml", "a: !!binary aGk=\n", "tag"),
        ("a.yaml", "? [a, b]\n: c\n", "bad_key"),
        ("a.yaml", "{{a: b}: c}\n", "bad_key"),
    ],
)
def test_what_cannot_be_an_application_is_one_problem(
    write: Write, name: str, content: bytes | str, expected: str
) -> None:
    assert code(only(write(name, content))) == expected


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.jsonl", "a.csv", "a.txt"])
def test_a_mark_before_utf8_is_passed_over(write: Write, name: str) -> None:
    content = {
        "a.yaml": "kind: new",
        "a.csv": "kind\nnew",
        "a.txt": '{"kind": "new"}\n{"kind": "new"}',
    }.get(name, '{"kind": "new"}')
    for document in read_documents(write(name, b"\xef\xbb\xbf" + content.encode())):
        assert document.data == {"kind": "new"}


def test_a_duplicate_is_named_with_its_path_and_both_lines(write: Write) -> None:
    document = only(write("a.yaml", "subject:\n  name: a\n  type: b\n  name: c\n"))
    (problem,) = document.problems
    assert problem.path == "subject.name"
    assert "第 2 行" in problem.message
    assert "第 4 行" in problem.message


def test_no_message_repeats_a_number(write: Write) -> None:
    number = "110101199003077777"
    for name, content in (
        ("a.yaml", f"{number}: a\n{number}: b\n"),
        ("b.yaml", f"a: *n{number}\n"),
        ("c.yaml", f"a: '{number}\nb: 1"),
        ("d.json", f'{{"{number}": 1, "{number}": 2}}'),
        ("e.json", f'{{"a": "{number}'),
        ("f.csv", f"kind,{number}\nnew,1\n"),
        ("g.csv", f'kind,name\nnew,"{number}'),
    ):
        document = only(write(name, content))
        assert code(document)
        assert number not in str(document)


def test_what_is_no_file_is_one_problem(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    assert code(only(str(tmp_path))) == "not_a_file"
    assert code(only(str(tmp_path / "fifo.yaml"))) == "not_a_file"
    assert code(only("/dev/zero")) == "not_a_file"
    assert code(only(str(tmp_path / "gone.yaml"))) == "file_missing"
    assert code(only(str(tmp_path / "round.yaml"))) == "file_unreadable"
    assert code(only("a\x00b.yaml")) == "file_unreadable"
    assert code(only("")) == "not_a_file"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", "[" * 500_000, "too_deep"),
        ("a.json", '{"a":' * 100_000, "too_deep"),
        ("a.yaml", "[" * 500_000, "too_deep"),
        ("a.yaml", "{a: " * 100_000, "too_deep"),
        ("a.yaml", "- " * 500_000, "too_deep"),
        ("a.yaml", "? " * 500_000, "bad_key"),
        ("a.yaml", "a: [" + "[]," * 300_000 + "]", None),
        ("a.json", '{"a":"' + '\\"' * 400_000, "syntax"),
        ("a.json", '"' * 1_000_000, "syntax"),
        ("a.json", '{"a": ' + "9" * 1_000_000 + "}", None),
        ("a.yaml", "a: " + "x" * formats.MAX_DOCUMENT, "file_too_large"),
        ("a.json", " " * formats.MAX_DOCUMENT + "{}", "file_too_large"),
        ("a.jsonl", '{"a": "' + "x" * formats.MAX_DOCUMENT + '"}', "file_too_large"),
        ("a.csv", "kind" + ",a" * 300_000, "csv_header"),
        ("a.csv", "kind\n" + "x" * 200_000, "syntax"),
    ],
)
def test_a_bomb_is_one_problem_and_takes_no_time(
    write: Write, name: str, content: str, expected: str | None
) -> None:
    path = write(name, content)
    begun = time.process_time()
    assert code(only(path)) == expected
    assert time.process_time() - begun < 10


def test_a_billion_laughs_are_not_laughed(write: Write) -> None:
    lines = ["a0: &a0 [ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert code(only(write("a.yaml", "\n".join(lines)))) == "alias"


def test_long_paths_do_not_fill_the_memory(write: Write) -> None:
    deep = ("{" + "k" * 60 + ": ") * (formats.MAX_DEPTH - 2)
    document = only(write("a.yaml", deep + "[" + "x," * 100_000 + "]" + "}" * 48))
    assert document.problems == ()
    assert sum(map(len, document.lines)) < 10_000


def test_json_lines_are_read_one_by_one(write: Write, tmp_path: Path) -> None:
    content = '\u3000{"kind": "new"}\n\n  {"kind": \r\n' + '{"kind": "cancel_access"}'
    path = write("batch.jsonl", content.encode() + b'\n\xff\n["new"]\n')
    documents = list(read_documents(path))
    assert [document.name for document in documents] == [f"{path}:{n}" for n in (1, 3, 4, 5, 6)]
    codes = [None, "syntax", None, "file_encoding", "not_a_mapping"]
    assert [code(document) for document in documents] == codes
    assert documents[2].data == {"kind": "cancel_access"}
    # The file's lines, not the row's own.
    assert "第 3 行第 11 列" in documents[1].problems[0].message
    assert "第 5 行" in documents[3].problems[0].message
    assert "YAML" not in documents[4].problems[0].fix
    assert all(document.folder == tmp_path for document in documents)


CSV = (
    "\ufeffkind, mini_program.appid ,mini_program.service_contents,subject.certificate.number,"
    "materials.1.file,materials.0.file,materials.0.type,mini_program.remark\r\n"
    'new,wx1,ecommerce; tools；travel,0512,b.png,a.png,other,"一，""二"",\r\n三"\r\n'
    "\r\n"
    "change_subject,wx2,,,b.png,,,\r\n"
)


def test_csv_columns_are_paths(write: Write) -> None:
    path = write("batch.csv", CSV)
    first, second = read_documents(path)
    assert first.name == f"{path}:2"
    assert first.data == {
        "kind": "new",
        "mini_program": {
            "appid": "wx1",
            "service_contents": ["ecommerce", "tools", "travel"],
            "remark": '一，"二",\r\n三',
        },
        "subject": {"certificate": {"number": "0512"}},
        "materials": [{"file": "a.png", "type": "other"}, {"file": "b.png"}],
    }
    assert second.name == f"{path}:5"
    assert second.data == {
        "kind": "change_subject",
        "mini_program": {"appid": "wx2"},
        "materials": [{"file": "b.png"}],
    }


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("kind;mini_program.appid", "kind;mini_program.appid"),
        ("类型,名称", "类型"),
        ("kind,", "第 2 列"),
        ("kind,subject..name", "subject..name"),
        ("kind,subject.name,subject.name", "subject.name 重复"),
        ("kind,subject,subject.name", "subject.name"),
        ("kind,subject.name,subject", "subject.name"),
        ("mini_program.appid", "kind"),
        ("kind,materials.100.file", "materials.100.file"),
        ("kind,materials.0.file,materials.type", "materials.type"),
        ("kind,materials.00.file", "materials.00.file"),
        ("", "kind"),
        (",kind", "第 1 列"),
    ],
)
def test_a_wrong_header_is_named(write: Write, header: str, said: str) -> None:
    document = only(write("a.csv", f"{header}\nnew,a,b\n"))
    assert code(document) == "csv_header"
    assert said in document.problems[0].message


def test_a_row_says_in_words_that_there_are_no_pre_approvals(write: Write) -> None:
    document = only(write("a.csv", "kind,mini_program.pre_approvals\nnew,以上都不涉及\n"))
    assert document.data == {"kind": "new", "mini_program": {"pre_approvals": []}}
    first = "mini_program.pre_approvals.0"
    rows = "new,以上都不涉及,\nnew,culture,1\nnew,,\nnew,以上都不涉及,1\n"
    documents = read_documents(write("b.csv", f"kind,{first}.category,{first}.number\n{rows}"))
    assert [(d.data or {}).get("mini_program") for d in documents] == [
        {"pre_approvals": []},
        {"pre_approvals": [{"category": "culture", "number": "1"}]},
        None,
        {"pre_approvals": [{"category": "以上都不涉及", "number": "1"}]},
    ]


def test_a_wrong_row_stops_no_other(write: Write) -> None:
    content = "kind,subject.certificate.number\nnew,1,2\nnew,1.10101E+17\nnew,1,\nnew\n"
    documents = list(read_documents(write("a.csv", content)))
    assert [code(document) for document in documents] == [
        "csv_row",
        "number_mangled",
        None,
        None,
    ]
    assert documents[1].problems[0].path == "subject.certificate.number"
    assert documents[3].data == {"kind": "new"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"kind": "new"}', [{"kind": "new"}]),
        (b'\n {\n "kind": "new"\n}\n', [{"kind": "new"}]),
        (b'{"kind": "new"}\n{"kind": "new"}\n', [{"kind": "new"}, {"kind": "new"}]),
        (b"kind: new\n", [{"kind": "new"}]),
        (b"[1]", [None]),
        (b"", [None]),
        (b"\xff\xfe\x00", [None]),
    ],
)
def test_standard_input_is_read_for_what_it_is(
    monkeypatch: pytest.MonkeyPatch, content: bytes, expected: list[Any]
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    documents = list(read_documents("-"))
    assert [document.data for document in documents] == expected
    assert all(document.folder == Path.cwd() for document in documents)
    assert documents[0].name.startswith("-")


def test_standard_input_that_is_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert code(only("-")) == "file_unreadable"


def test_a_batch_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    monkeypatch.setattr(reading, "MAX_BATCH", 10)
    assert code(only(write("a.jsonl", '{"kind": "new"}'))) == "file_too_large"


_SUFFIXES = (".yaml", ".json", ".jsonl", ".csv", "")
_SCRAPS = st.lists(
    st.sampled_from(
        [*'{}[]"\\,:;-?&*!|>#%@` \t\r\n~', "kind", "a: b", "\u2028", "\ufeff", "<<", "---", "\x85"]
    ),
    max_size=40,
).map(lambda parts: "".join(parts).encode())


@settings(max_examples=150, deadline=None)
@given(data=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode), _SCRAPS))
def test_nothing_that_is_read_raises(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    for suffix in _SUFFIXES:
        for content in (data, b"kind\n" + data, b"kind: new\nb: " + data):
            path = folder / f"a{suffix}"
            path.write_bytes(content)
            for document in read_documents(str(path)):
                assert (document.data is None) is bool(document.problems)


_JSON = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(categories=["L", "N", "P", "Zs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc中"), inner, max_size=4)
    ),
    max_leaves=15,
)


@settings(deadline=None)  # a busy machine is slow
@given(st.dictionaries(st.text("abc中"), _JSON, max_size=4))
def test_data_survives_being_written(data: dict[str, Any]) -> None:
    assert formats.from_json(json.dumps(data)) == data
    assert formats.from_yaml(json.dumps(data, ensure_ascii=False), {}) == data


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".xlsx"])
def test_ten_thousand_rows_are_read_within_little_memory(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"many{suffix}"
    remark = "面向本地商户的线上商城" * 20
    if suffix == ".xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(["kind", "小程序AppID", "小程序备注"])
        for number in range(10_000):
            sheet.append(["new", f"wx{number}", remark])
        book.save(path)
    else:
        with path.open("w", encoding="utf-8") as file:
            if suffix == ".csv":
                file.write("kind,mini_program.appid,mini_program.remark\n")
            for number in range(10_000):
                row = {"kind": "new", "mini_program": {"appid": f"wx{number}", "remark": remark}}
                csv_row = f"new,wx{number},{remark}"
                file.write((csv_row if suffix == ".csv" else json.dumps(row)) + "\n")
    tracemalloc.start()
    try:
        count = sum(document.data is not None for document in read_documents(str(path)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 10_000
    # Kept, the rows would be 15 MB; the modules of the reader itself count here too.
    assert peak < 12_000_000, peak
