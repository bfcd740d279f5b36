"""From plain data to an application, or to every fault of its shape."""

import json
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filing import parse
from filing.application import Application
from filing.parse import parse_application, parse_leniently
from filing.problems import Problem

KEYS = [
    *parse.LABELS,
    "sha256",
    "person",
    "0",
    "valid_form",
]

# marked, so that a trace of it anywhere is seen
SECRETS = ["138§1234567", "王芳§", "3205§199701010012", "§@example.com"]

values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(SECRETS)
    | st.dates()
    | st.datetimes()
    | st.binary()
    | st.sampled_from(["new", "enterprise", "resident_id", "2026-01-31", "长期"]),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.sampled_from(KEYS) | st.sampled_from(SECRETS), inner)
        | st.dictionaries(st.text() | st.integers() | st.booleans() | st.none(), inner)
    ),
    max_leaves=25,
)


def _problems(data: Any) -> tuple[Problem, ...]:
    found = parse_application(data)
    assert not isinstance(found, Application)
    return found


def _one(data: Any) -> Problem:
    (problem,) = _problems(data)
    return problem


def test_the_example(example_data: dict[str, Any]) -> None:
    application = parse_application(example_data)
    assert isinstance(application, Application)
    assert application.subject.certificate.number == "91320583MAEXAMP14T"
    assert application.subject.principal.certificate.valid_from == date(2018, 6, 1)


def test_what_was_parsed_survives_json(example_data: dict[str, Any]) -> None:
    application = parse_application(example_data)
    assert isinstance(application, Application)
    assert parse_application(json.loads(application.model_dump_json())) == application
    assert parse_application(application) is application


def test_every_problem_at_once() -> None:
    paths = {p.path: p.code for p in _problems({"kind": "new", "subject": {"typ": "x"}})}
    assert paths["mini_program"] == "missing"
    assert paths["contact"] == "missing"
    assert paths["subject.principal"] == "missing"
    assert paths["subject.typ"] == "unknown_key"


@pytest.mark.parametrize("data", [None, [], "kind: new", 1, 1.5, True, b"x", object(), {1, 2}])
def test_what_is_no_mapping(data: Any) -> None:
    problem = _one(data)
    assert (problem.path, problem.code) == ("", "wrong_type")


@pytest.mark.parametrize(
    ("path", "value", "code", "told"),
    [
        ("kind", "newest", "unknown_value", "cancel_access"),
        ("mini_program.principal.mobile", 13800000000, "wrong_type", "加引号"),
        ("subject.certificate.number", None, "wrong_type", ""),
        ("subject.certificate", "x", "wrong_type", "examples/"),
        ("mini_program.service_contents", "ecommerce", "wrong_type", "列表"),
        ("materials.0.type", "photo", "unknown_value", "on_site_photo"),
        ("materials.0.side", "top", "unknown_value", "front"),
        ("materials.0.signed_on", "yesterday", "wrong_date", "2026-01-31"),
        ("subject.principal.certificate.valid_to", "2026-02-30", "wrong_date", "长期"),
        ("subject.principal.certificate.valid_to", "长", "wrong_date", "长期"),
        ("subject.principal.certificate.valid_from", "长期", "wrong_date", "2026-01-31"),
        ("subject.principal.certificate.valid_from", datetime(2026, 1, 1), "wrong_date", ""),  # noqa: DTZ001
        # pydantic alone would read these as seconds since 1970
        ("subject.principal.certificate.valid_from", 1577836800, "wrong_date", ""),
        ("subject.principal.certificate.valid_from", "1577836800", "wrong_date", ""),
        ("subject.principal.certificate.valid_from", "-86400", "wrong_date", ""),
        ("subject.principal.certificate.valid_from", "2020-01-01T00:00:00", "wrong_date", ""),
        ("subject.name", "苏州\u200b示例", "invisible_character", "重新输入"),
        ("subject.name", "苏州\x00示例", "invisible_character", "重新输入"),
        ("subject.name", "苏州\ud800示例", "invisible_character", "重新输入"),
        ("subject.name", "苏州\n示例", "invisible_character", "重新输入"),
        ("subject.type", "enter\u200bprise", "invisible_character", "重新输入"),
        ("mini_program.remark", "长" * 3000, "too_long", "2000"),
    ],
)
def test_one_wrong_value(
    example_data: dict[str, Any], path: str, value: Any, code: str, told: str
) -> None:
    at: Any = example_data
    *parents, last = path.split(".")
    for part in parents:
        at = at[int(part)] if part.isdecimal() else at[part]
    at[last] = value
    problem = _one(example_data)
    assert (problem.path, problem.code) == (path, code)
    assert told in problem.fix


def test_a_remark_may_have_lines(example_data: dict[str, Any]) -> None:
    example_data["mini_program"]["remark"] += "\n第二行"
    assert isinstance(parse_application(example_data), Application)


def test_space_around_a_text_is_no_fault(example_data: dict[str, Any]) -> None:
    example_data["mini_program"]["appid"] += " \n"
    application = parse_application(example_data)
    assert isinstance(application, Application)
    assert application.mini_program.appid == "wx1a2b3c4d5e6f7a8b"


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("adress", "是否应为 address?"),
        ("districts", "是否应为 district?"),
        ("zzz", "可用的键:type、name"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(
    example_data: dict[str, Any], key: str, fix: str
) -> None:
    example_data["subject"][key] = "x"
    problem = _one(example_data)
    assert (problem.path, problem.code) == (f"subject.{key}", "unknown_key")
    assert key in problem.message
    assert fix in problem.fix


def test_an_unknown_key_deep_inside(example_data: dict[str, Any]) -> None:
    example_data["materials"][1]["sides"] = "front"
    example_data["subject"]["legal_representative"]["certificate"]["valid"] = "x"
    problems = {p.path: p.fix for p in _problems(example_data)}
    assert "side" in problems["materials.1.sides"]
    assert "valid_to" in problems["subject.legal_representative.certificate.valid"]


@pytest.mark.parametrize(
    "key",
    [
        "13800001234",
        "id13800001234",
        "a@example.com",
        "a b",
        "x" * 41,
        "\u202ename",
        "王芳",
        5,
        None,
    ],
)
def test_an_odd_key_is_not_repeated(example_data: dict[str, Any], key: Any) -> None:
    example_data["subject"][key] = "x"
    problem = _one(example_data)
    assert (problem.path, problem.code) == ("subject.?", "unknown_key")
    assert str(key) not in problem.message + problem.fix


def test_at_most_so_many_problems(example_data: dict[str, Any]) -> None:
    example_data["materials"] = [{} for _ in range(300)]
    problems = _problems(example_data)
    assert len(problems) == parse.MOST_PROBLEMS
    assert problems[-1].code == "too_many_problems"
    assert "401" in problems[-1].message


def test_too_large_or_endless() -> None:
    endless: dict[str, Any] = {}
    endless["subject"] = endless
    wide: dict[str, Any] = {"materials": [{} for _ in range(parse.MOST_VALUES)]}
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for data in (endless, wide, deep):
        assert _one(data).code == "too_large"
    while deep:  # taken apart here: freed at once, it would overflow the interpreter's stack
        deep = deep.pop()


@given(values)
def test_total_and_discreet(data: Any) -> None:
    for problem in _problems(data):
        assert problem.severity == "error"
        assert problem.message
        assert problem.fix
        assert "§" not in problem.model_dump_json()


@settings(max_examples=40)
@given(st.data())
def test_a_private_value_is_never_repeated(data: st.DataObject) -> None:
    """Any subset of the fields holds a secret, in the right shape or in a wrong one."""
    secret = st.sampled_from(SECRETS) | st.lists(st.sampled_from(SECRETS))
    person = st.fixed_dictionaries(
        {"name": secret, "certificate": st.dictionaries(st.sampled_from(KEYS), secret)},
        optional={key: secret for key in KEYS if key not in ("name", "certificate")},
    )
    subject = st.fixed_dictionaries(
        {"principal": person}, optional={k: secret for k in KEYS if k != "principal"}
    )
    material = st.dictionaries(st.sampled_from(KEYS), secret)
    application = st.fixed_dictionaries(
        {"subject": subject, "materials": st.lists(material)},
        optional={k: secret for k in KEYS if k not in ("subject", "materials")},
    )
    for problem in _problems(data.draw(application)):
        assert "§" not in problem.model_dump_json()


def test_an_unknown_key_does_not_hide_what_else_is_wrong(example_data: dict[str, Any]) -> None:
    example_data["mini_program"]["nickname"] = "x"
    example_data["contact"]["wechat"] = "x"
    application, problems = parse_leniently(example_data)
    assert {(p.path, p.code) for p in problems} == {
        ("mini_program.nickname", "unknown_key"),
        ("contact.wechat", "unknown_key"),
    }
    assert application is not None
    assert application.mini_program.name == example_data["mini_program"]["name"]
    assert parse_application(example_data) == problems


def test_what_is_missing_leaves_nothing_to_check(example_data: dict[str, Any]) -> None:
    del example_data["mini_program"]["name"]
    example_data["mini_program"]["nmae"] = "x"
    application, problems = parse_leniently(example_data)
    assert application is None
    assert len(problems) == 2
