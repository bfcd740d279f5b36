"""Checks of pre-approvals, and of individuals: each with a case that fails."""

from datetime import date
from typing import Any, ClassVar

import pytest

from filing.checks import check
from filing.problems import errors
from tests.filing.checking import (
    LEGAL,
    PRINCIPAL,
    PROGRAM,
    TODAY,
    Edit,
    found,
    resident_id,
)


class TestPreApprovals:
    APPROVAL: ClassVar = {
        "category": "culture",
        "number": "苏网文〔2026〕1号",
        "valid_to": date(2027, 1, 1),
    }
    PAPER: ClassVar = {"type": "pre_approval", "category": "culture", "file": "culture.png"}

    def test_with_its_paper(self, edited: Edit) -> None:
        changes = {"mini_program.pre_approvals": [self.APPROVAL], "materials.5": self.PAPER}
        assert check(edited(changes), None, TODAY) == ()

    @pytest.mark.parametrize(
        ("approvals", "path", "code"),
        [
            ([{"category": "magic"}], "mini_program.pre_approvals.0.category", "unknown"),
            ([{}, {}], "mini_program.pre_approvals.1.category", "duplicate"),
            ([{"number": ""}], "mini_program.pre_approvals.0.number", "no_number"),
            (
                [{"valid_to": date(2026, 11, 23)}],
                "mini_program.pre_approvals.0.valid_to",
                "expired",
            ),
        ],
    )
    def test_refused(
        self, edited: Edit, approvals: list[dict[str, Any]], path: str, code: str
    ) -> None:
        changed = [{**self.APPROVAL, **approval} for approval in approvals]
        problems = found(edited({"mini_program.pre_approvals": changed, "materials.5": self.PAPER}))
        assert problems[path, f"pre_approval.{code}"].severity == "error"

    def test_valid_on_its_last_day(self, edited: Edit) -> None:
        approval = {**self.APPROVAL, "valid_to": TODAY}
        changes = {"mini_program.pre_approvals": [approval], "materials.5": self.PAPER}
        assert errors(check(edited(changes), None, TODAY)) == []

    def test_without_its_paper(self, edited: Edit) -> None:
        problems = found(edited({"mini_program.pre_approvals": [self.APPROVAL]}))
        assert "category: culture" in problems["materials", "material.missing_pre_approval"].fix

    def test_a_paper_of_another_category(self, edited: Edit) -> None:
        paper = {**self.PAPER, "category": "news"}
        problems = found(
            edited({"mini_program.pre_approvals": [self.APPROVAL], "materials.5": paper})
        )
        assert ("materials", "material.missing_pre_approval") in problems
        warned = problems["materials.5.category", "material.unlisted_category"]
        assert warned.severity == "warning"

    def test_a_paper_without_category(self, edited: Edit) -> None:
        problems = found(edited({"materials.5": {**self.PAPER, "category": None}}))
        assert ("materials.5.category", "material.no_category") in problems


class TestIndividual:
    @pytest.fixture
    def individual(self, example_data: dict[str, Any]) -> dict[str, Any]:
        person = example_data["subject"]["principal"] | {"name": "李明"}
        number = resident_id("19700101", "320583")
        person["certificate"]["number"] = number
        papers = [m for m in example_data["materials"] if "principal" in m["type"]][:2]
        return {
            "mini_program.name": "昆山示例记事",
            "mini_program.remark": "个人使用的记事工具,记录每日事项并按时提醒,数据只保存在本机",
            "mini_program.service_contents": ["tools"],
            "subject.type": "individual",
            "subject.name": "李明",
            "subject.certificate": {"type": "resident_id", "number": number, "address": "昆山市"},
            LEGAL: None,
            PRINCIPAL: person,
            PROGRAM: person,
            "materials": papers,
        }

    def test_passes(self, edited: Edit, individual: dict[str, Any]) -> None:
        assert check(edited(individual), None, TODAY) == ()

    def test_has_no_legal_representative(self, edited: Edit, individual: dict[str, Any]) -> None:
        changes = {**individual, LEGAL: individual[PRINCIPAL]}
        assert (LEGAL, "legal_representative.not_applicable") in found(edited(changes))

    def test_needs_a_personal_certificate(self, edited: Edit, individual: dict[str, Any]) -> None:
        changes = {**individual, "subject.certificate.type": "business_licence"}
        problem = found(edited(changes))["subject.certificate.type", "certificate.wrong_type"]
        assert problem.severity == "error"

    def test_is_the_principal(self, edited: Edit, individual: dict[str, Any]) -> None:
        problems = found(edited({**individual, "subject.name": "李鸣"}))
        assert problems["subject.name", "name.differs"].severity == "error"
        number = resident_id("19600303", "320583")
        problems = found(edited({"subject.certificate.number": number}))
        assert problems[PRINCIPAL, "principal.not_self"].severity == "warning"

    def test_cannot_have_a_pre_approval(self, edited: Edit, individual: dict[str, Any]) -> None:
        approvals = [{"category": "news", "number": "1", "valid_to": "长期"}]
        problems = found(edited({**individual, "mini_program.pre_approvals": approvals}))
        assert ("mini_program.pre_approvals", "pre_approval.individual") in problems

    def test_company_words(self, edited: Edit, individual: dict[str, Any]) -> None:
        problems = found(edited({**individual, "mini_program.name": "昆山示例公司"}))
        assert problems["mini_program.name", "name.company_word"].severity == "warning"

    def test_from_another_province(self, edited: Edit, individual: dict[str, Any]) -> None:
        zhejiang = {"subject.province": "浙江省", "subject.city": "杭州市"}
        changes = {**individual, **zhejiang, "subject.district": "西湖区"}
        warned = found(edited(changes))["materials", "material.residence_permit"]
        assert warned.severity == "warning"
        permit = [*individual["materials"], {"type": "residence_permit", "file": "p.png"}]
        assert check(edited({"materials": permit}), None, TODAY) == ()
        gansu = {"subject.province": "甘肃省", "subject.city": "兰州市"}
        problems = found(edited({**gansu, "subject.district": "城关区"}))
        assert list(problems) == [("subject.province", "province.local_id_only")]
