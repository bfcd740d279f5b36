"""Every rule: in the table, sourced, met by a valid application, and broken by its case."""

from collections.abc import Callable
from fnmatch import fnmatchcase

import pytest

from filing.holdings import Holdings
from filing.problems import Problem
from filing.rules import Rule, by_code, leveled, levels_of, rules_of, table
from tests.filing import (
    material_cases,
    pre_approval_cases,
    rule_cases_applicants,
    rule_cases_form,
    rule_cases_kinds,
)
from tests.filing.rule_cases import Case, Data, problems_of
from tests.filing.rule_codes import all_codes

CASES: dict[str, Case] = (
    {code: Case(change) for code, change in pre_approval_cases.CASES.items()}
    | rule_cases_form.CASES
    | rule_cases_applicants.CASES
    | rule_cases_kinds.CASES
    | material_cases.CASES
)


def test_every_code_has_a_rule_and_every_rule_its_code() -> None:
    assert all_codes() == set(table())


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == set(table())


@pytest.mark.parametrize(("base", "holdings"), rule_cases_kinds.MET)
def test_a_valid_application_breaks_none(base: Callable[[], Data], holdings: Holdings) -> None:
    assert problems_of(base(), holdings=holdings) == ()


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_rule_is_broken_by_its_case_and_told_where(code: str) -> None:
    case = CASES[code]
    assert problems_of(case.base()) == ()
    problems = problems_of(case.data(), case.facts, case.holdings)
    assert {p.code for p in problems} == {code, *case.also}
    rule = table()[code]
    for found in problems:
        if found.code == code:
            assert found.severity == rule.severity
            assert any(fnmatchcase(found.path, f) for f in rule.field.split(" | ")), found.path


GOOD = {
    "code": "a.b",
    "field": "kind",
    "rule": "x",
    "source": "HW",
    "mark": "S",
    "severity": "warning",
}


def test_what_is_unsure_may_only_warn() -> None:
    for mark in ("S", "UNVERIFIED"):
        with pytest.raises(ValueError, match="may only warn"):
            Rule.model_validate({**GOOD, "mark": mark, "severity": "error"})


def test_a_rule_that_is_there_twice_or_misspelt_is_refused() -> None:
    rule = Rule.model_validate(GOOD)
    with pytest.raises(ValueError, match=r"a\.b is there twice"):
        by_code([rule, rule])
    with pytest.raises(ValueError, match="severty"):
        rules_of("- {code: a.b, field: kind, rule: x, source: HW, mark: V, severty: error}")


def test_levels_as_an_operator_writes_them() -> None:
    assert levels_of("") == {}
    wanted = levels_of(" mobile.shared=warning, name.national=error,email.shared=off,")
    assert wanted == {
        "mobile.shared": "warning",
        "name.national": "error",
        "email.shared": "off",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mobile.shared", r"'mobile\.shared': write CODE=error"),
        ("mobile.shared=fatal", "write CODE=error, CODE=warning or CODE=off"),
        ("mobile.shard=off", r"did you mean mobile\.shared"),
        ("appid.malformed=off", "not a rule that can be switched"),
        ("mobile.shared=off,mobile.shared=error", "twice"),
    ],
)
def test_levels_that_are_wrong_say_how_to_mend_them(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        levels_of(text)


def test_levels_change_and_drop_problems() -> None:
    found = [
        Problem(path="a", code=code, message="m", fix="f", severity="error")
        for code in ("mobile.shared", "email.shared", "appid.malformed")
    ]
    switched = leveled(found, levels_of("mobile.shared=warning,email.shared=off"))
    assert [(p.code, p.severity) for p in switched] == [
        ("mobile.shared", "warning"),
        ("appid.malformed", "error"),
    ]
