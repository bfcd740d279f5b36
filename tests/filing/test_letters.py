"""What the letters say: filled in from the application, for each sort of applicant."""

from typing import Any

import pytest

from filing.application import Application
from filing.letters import Letter, letter_texts, letters
from filing.vocabulary import Kind
from tests.filing.checking import TODAY, Edit
from tests.filing.rule_cases import individual


def by_type(application: Application) -> dict[str, Letter]:
    return {letter.type.value: letter for letter in letters(application, TODAY)}


def values(letter: Letter) -> dict[str, str]:
    return {entry.label: entry.value for entry in letter.entries}


def test_an_organisations_commitment(edited: Edit) -> None:
    letter = by_type(edited({}))["service_commitment"]
    assert letter.addressee == "江苏省通信管理局"
    assert letter.opening.startswith("本单位申请办理微信小程序“昆山示例商城”")
    assert values(letter) == {
        "主办单位名称": "苏州示例信息技术有限公司",
        "营业执照号码": "91320583MAEXAMP14T",
        "法定代表人": "李明",
        "小程序名称": "昆山示例商城",
        "小程序 AppID": "wx1a2b3c4d5e6f7a8b",
    }
    assert len(letter.clauses) == 8
    assert (letter.signatures, letter.sealed) == (("法定代表人（签字）",), True)
    assert letter.date == TODAY


def test_an_organisations_checklist_holds_all_that_was_filled_in(
    edited: Edit, example_data: dict[str, Any]
) -> None:
    letter = by_type(edited({}))["authenticity_checklist"]
    told = " ".join(values(letter).values())
    for person in (example_data["subject"]["principal"], example_data["mini_program"]["principal"]):
        assert person["name"] in told
        assert person["certificate"]["number"] in told
        for field in ("mobile", "emergency_mobile", "email"):
            assert person[field] in told
    assert values(letter)["通讯地址"] == "江苏省苏州市昆山市示例路1号"
    assert values(letter)["前置审批"] == "以上都不涉及"
    assert letter.signatures == ("主体负责人（签字）", "小程序负责人（签字）")


def test_a_municipality_is_named_once(edited: Edit) -> None:
    place = {"subject.province": "上海市", "subject.city": "市辖区", "subject.district": "黄浦区"}
    letter = by_type(edited(place))["authenticity_checklist"]
    assert values(letter)["通讯地址"] == "上海市黄浦区示例路1号"


def test_an_individual_signs_alone_and_seals_nothing() -> None:
    found = by_type(Application.model_validate(individual()))
    commitment, checklist = found["service_commitment"], found["authenticity_checklist"]
    assert commitment.opening.startswith("本人申请")
    assert commitment.signatures == ("承诺人（本人签字）",)
    assert checklist.signatures == ("本人（签字）",)
    assert values(checklist)["小程序负责人"] == "与主体负责人为同一人"
    assert not commitment.sealed
    assert not checklist.sealed


def test_a_name_with_braces_is_taken_as_it_is(edited: Edit) -> None:
    letter = by_type(edited({"mini_program.name": "{party}{name}"}))["service_commitment"]
    assert "“{party}{name}”" in letter.opening


@pytest.mark.parametrize("kind", [Kind.CANCEL_SUBJECT, Kind.CANCEL_ACCESS])
def test_a_cancellation_has_none(edited: Edit, kind: Kind) -> None:
    assert letters(edited({"kind": kind.value}), TODAY) == ()


def test_every_clause_says_which_rule_it_keeps_to() -> None:
    for text in letter_texts().values():
        assert all(clause.source for clause in text.clauses)
