"""Which papers are asked for: by kind, sort of applicant, province and change; and every code."""

from datetime import date
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from filing.application import Application
from filing.checks import check
from filing.checks_materials import check_materials
from filing.material_rules import material_rules, parse_material_rules
from filing.materials import Requirement, required_materials
from filing.vocabulary import CANCELLATIONS, ApplicantType, Kind
from tests.filing.checking import TODAY, Edit
from tests.filing.material_cases import GUANGDONG, changing
from tests.filing.rule_cases import individual, organisation


def asked(application: Application, need: str = "required", today: date = TODAY) -> list[str]:
    return [_shown(one) for one in required_materials(application, today) if one.need == need]


def _shown(one: Requirement) -> str:
    return "/".join([one.type.value, *filter(None, (one.side, one.category))])


IDENTITY = [
    "subject_certificate",
    "subject_principal_certificate/front",
    "subject_principal_certificate/back",
    "mini_program_principal_certificate/front",
    "mini_program_principal_certificate/back",
]


def test_an_organisation_needs_its_certificate_and_both_persons(edited: Edit) -> None:
    assert asked(edited({"materials": []})) == IDENTITY
    assert asked(edited({}), "conditional") == []


@pytest.mark.parametrize("sort", [a for a in ApplicantType if a is not ApplicantType.INDIVIDUAL])
def test_every_sort_of_organisation_does(edited: Edit, sort: ApplicantType) -> None:
    assert asked(edited({"subject.type": sort.value})) == IDENTITY


def test_an_individual_needs_an_identity_card_alone() -> None:
    one = Application.model_validate(individual())
    assert asked(one) == IDENTITY[1:3]
    assert asked(one, "conditional") == []
    assert "party_building_proof" not in asked(one, "optional")


@pytest.mark.parametrize(
    ("province", "need"), [("浙江省", "conditional"), ("陕西省", "optional"), ("江苏省", None)]
)
def test_a_residence_permit_depends_on_the_province(province: str, need: str | None) -> None:
    data = individual()  # from 江苏
    data["subject"]["province"] = province
    one = Application.model_validate(data)
    needs = [o.need for o in required_materials(one, TODAY) if "residence" in o.type.value]
    assert needs == ([need] if need else [])


def test_one_person_in_both_charges_shows_one_card(
    edited: Edit, example_data: dict[str, Any]
) -> None:
    application = edited({"mini_program.principal": example_data["subject"]["principal"]})
    assert asked(application) == IDENTITY[:3]
    assert "mini_program_principal_certificate/front" in asked(application, "optional")


def test_a_passport_is_one_page(edited: Edit) -> None:
    application = edited({"mini_program.principal.certificate.type": "passport"})
    assert asked(application) == [*IDENTITY[:3], "mini_program_principal_certificate"]


def test_a_pre_approval_for_each_that_is_declared(edited: Edit) -> None:
    declared = [
        {"category": category, "number": "1", "valid_to": "长期"}
        for category in ("culture", "news", "culture", "magic")
    ]
    application = edited({"mini_program.pre_approvals": declared})
    assert asked(application)[5:] == ["pre_approval/culture", "pre_approval/news"]


def test_a_delegate_needs_a_letter(edited: Edit, example_data: dict[str, Any]) -> None:
    delegate = example_data["mini_program"]["principal"]
    assert "authorisation_letter" in asked(edited({"subject.principal": delegate}))


@pytest.mark.parametrize(
    ("day", "need"), [(date(2021, 6, 20), None), (date(2021, 6, 21), "conditional")]
)
def test_guangdong_asks_for_the_commitment_since_its_day(
    edited: Edit, day: date, need: str | None
) -> None:
    application = edited({"subject.province": "广东省"})
    found = {o.type.value: o.need for o in required_materials(application, day)}
    assert found.get("service_commitment") == need


def test_another_letter_does_for_guangdongs(edited: Edit) -> None:
    letter = {"materials.5": {"type": "commitment_letter", "file": "c.png"}}
    assert list(check_materials(edited({**GUANGDONG, **letter}), None, TODAY)) == []


class TestChange:
    @pytest.fixture
    def change(self) -> dict[str, Any]:
        return changing(organisation())

    @pytest.mark.parametrize(
        ("part", "key", "value", "papers"),
        [
            ("subject", "name", "苏州新名有限公司", [IDENTITY[0], "situation_statement"]),
            ("subject", "address", "示例路2号", []),
            ("subject.principal", "mobile", "13900000009", []),
            ("subject.principal", "name", "李鸣", [*IDENTITY[1:3]]),
            ("mini_program", "remark", "面向昆山本地商户的线上商城,提供浏览、下单与售后", []),
            ("mini_program.principal", "name", "王方", [*IDENTITY[3:]]),
        ],
    )
    def test_only_what_changed_asks_for_papers(
        self, change: dict[str, Any], part: str, key: str, value: str, papers: list[str]
    ) -> None:
        at = change
        for step in part.split("."):
            at = at[step]
        at[key] = value
        if part.startswith("mini_program"):
            change["kind"] = "change_mini_program"
        assert asked(Application.model_validate(change)) == papers

    def test_a_pre_approval_that_is_on_file_is_not_asked_for_again(
        self, change: dict[str, Any]
    ) -> None:
        old = {"category": "culture", "number": "1", "valid_to": "长期"}
        change["kind"] = "change_mini_program"
        change["on_file"]["mini_program"]["pre_approvals"] = [old]
        change["mini_program"]["pre_approvals"] = [old, {**old, "category": "news"}]
        application = Application.model_validate(change)
        assert asked(application) == ["pre_approval/news"]
        told = [p.fix for p in check(application, None, TODAY) if "missing_pre" in p.code]
        assert len(told) == 1
        assert "category: news" in told[0]

    def test_nothing_known_makes_it_depend(self, change: dict[str, Any]) -> None:
        change["on_file"] = None
        application = Application.model_validate(change)
        assert asked(application) == []
        assert asked(application, "conditional") == [*IDENTITY[:3], "situation_statement"]
        change["kind"] = "change_mini_program"
        assert asked(Application.model_validate(change), "conditional") == IDENTITY[3:]

    def test_a_paper_of_what_did_not_change_is_told(self, change: dict[str, Any]) -> None:
        change["subject"]["address"] = "示例路2号"
        change["materials"] = organisation()["materials"][:5]
        problems = list(check_materials(Application.model_validate(change), None, TODAY))
        assert [p.code for p in problems] == ["material.superfluous"] * 5


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind in CANCELLATIONS])
def test_a_cancellation_asks_for_nothing(edited: Edit, kind: Kind) -> None:
    application = edited({"kind": kind.value})
    assert asked(application) == asked(application, "conditional") == []
    assert asked(application, "optional") == ["situation_statement", "other"]


@pytest.mark.parametrize("mark", ["S", "UNVERIFIED"])
def test_a_weak_source_cannot_require(mark: str) -> None:
    text = _one_rule(mark=mark)
    with pytest.raises(ValidationError, match="cannot be required"):
        parse_material_rules(text)
    assert parse_material_rules(_one_rule(mark=mark, need="conditional")).rules[0].mark == mark


def test_no_other_paper_is_asked_for_by_category() -> None:
    with pytest.raises(ValidationError, match="only of pre_approval"):
        parse_material_rules(_one_rule(type="other", each="pre_approval"))


def test_a_province_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="川: no province"):
        parse_material_rules(_one_rule(when={"provinces": ["川"]}))


def _one_rule(**changes: Any) -> str:
    rule = material_rules().rules[0].model_dump(mode="json", exclude_defaults=True)
    whole = material_rules().model_dump(mode="json", exclude={"rules"})
    return yaml.safe_dump({**whole, "rules": [{**rule, **changes}]}, allow_unicode=True)
