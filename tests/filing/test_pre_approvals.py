"""Pre-approvals: each rule met and broken, what hints at each category and what does not."""

from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filing import divisions
from filing.application import Application
from filing.checks import check
from filing.pre_approvals import (
    Catalogue,
    Hint,
    catalogue,
    check_pre_approvals,
    last_day_of_review,
    likely,
)
from filing.problems import Problem, errors
from filing.vocabulary import (
    CANCELLATIONS,
    NO_PRE_APPROVAL,
    PRE_APPROVALS,
    SERVICE_CONTENTS,
    Kind,
)
from tests.filing.checking import TODAY, Edit
from tests.filing.pre_approval_cases import CASES, declare

CATEGORIES = catalogue().categories
ASKED_FOR = [key for key, category in CATEGORIES.items() if not category.abolished]
WORDS = [(key, word) for key in ASKED_FOR for word in CATEGORIES[key].words]
RULES: list[dict[str, str]] = yaml.safe_load(
    (resources.files("filing") / "data/rules/pre_approval.yaml").read_text(encoding="utf-8")
)
PLACES = {
    "浙江省": ("杭州市", "西湖区"),
    "青海省": ("西宁市", "城东区"),
    "西藏自治区": ("拉萨市", "城关区"),
    "河北省": ("石家庄市", "长安区"),
    "江苏省": ("苏州市", "昆山市"),
}
EXAMPLE = (Path(__file__).parents[2] / "examples/new-organisation.yaml").read_text("utf-8")
WHERE_ALL_APPLY = "西藏自治区"


def place(province: str) -> dict[str, str]:
    city, district = PLACES[province]
    return {"subject.province": province, "subject.city": city, "subject.district": district}


def problems_of(data: dict[str, Any]) -> tuple[Problem, ...]:
    return check(Application.model_validate(data), None, TODAY)


def hinted(edited: Edit, **fields: Any) -> dict[str, list[Hint]]:
    """Hints of the example with other fields of the mini program, by category."""
    changes = place(WHERE_ALL_APPLY) | {f"mini_program.{key}": v for key, v in fields.items()}
    found: dict[str, list[Hint]] = {}
    for hint in likely(edited(changes)):
        found.setdefault(hint.category, []).append(hint)
    return found


class TestRules:
    def test_each_has_a_case(self) -> None:
        assert [rule["code"] for rule in RULES] == list(CASES)

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["code"])
    def test_is_told_when_broken_and_only_then(
        self, rule: dict[str, str], example_data: dict[str, Any]
    ) -> None:
        assert problems_of(example_data) == ()
        broken = problems_of(CASES[rule["code"]](example_data))
        (problem,) = [p for p in broken if p.code == rule["code"]]
        assert problem.severity == rule["severity"]
        wanted = rule["field"].split(".")
        assert len(wanted) == len(problem.path.split("."))
        for part, pattern in zip(problem.path.split("."), wanted, strict=True):
            assert pattern in ("*", part)
        if rule["code"] != "pre_approval.individual":  # who is made one lacks more than that
            assert {p.code for p in errors(broken)} <= {rule["code"]}

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["code"])
    def test_names_its_source_and_refuses_only_with_an_official_one(
        self, rule: dict[str, str]
    ) -> None:
        assert list(rule) == ["code", "field", "rule", "source", "mark", "severity"]
        assert rule["mark"] in {"O", "V", "S", "SEED", "FORM", "UNVERIFIED"}
        assert rule["severity"] == "warning" or rule["mark"] not in {"S", "UNVERIFIED"}


class TestDeclared:
    @pytest.mark.parametrize("key", PRE_APPROVALS)
    def test_a_complete_one_is_refused_nowhere(
        self, key: str, example_data: dict[str, Any]
    ) -> None:
        assert errors(problems_of(declare(example_data, key))) == []

    @pytest.mark.parametrize("key", ASKED_FOR)
    @pytest.mark.parametrize("fault", [{}, {"number": ""}, {"valid_to": "2026-11-23"}])
    def test_a_refusal_names_document_body_and_article(
        self, key: str, fault: dict[str, str], example_data: dict[str, Any]
    ) -> None:
        declare(example_data, key, **fault)
        if not fault:
            example_data["materials"].pop()
        city, district = PLACES[WHERE_ALL_APPLY]
        example_data["subject"] |= {"province": WHERE_ALL_APPLY, "city": city, "district": district}
        (problem,) = errors(problems_of(example_data))
        category = CATEGORIES[key]
        assert category.name in problem.message
        assert category.body in problem.fix
        assert all(catalogue().articles[a].text in problem.fix for a in category.articles)
        assert all(document in problem.fix for document in category.documents)

    @pytest.mark.parametrize(
        ("key", "code"),
        [
            ("bulletin_board", "pre_approval.abolished"),
            ("education", "pre_approval.not_in_province"),
            ("health_care", "pre_approval.not_in_province"),
        ],
    )
    def test_who_lacks_the_paper_of_one_that_nobody_asks_for_is_told_to_drop_it(
        self, key: str, code: str, example_data: dict[str, Any]
    ) -> None:
        declare(example_data, key, number="")["materials"].pop()
        problems = problems_of(example_data)
        assert {p.code: p.severity for p in problems} == {
            "material.missing_pre_approval": "error",
            code: "warning",
            "pre_approval.no_number": "error",
        }
        assert all("删除该项" in p.fix for p in problems)

    @pytest.mark.parametrize("key", PRE_APPROVALS)
    def test_an_individual_is_refused_any_and_asked_for_no_paper(
        self, key: str, example_data: dict[str, Any]
    ) -> None:
        example_data["subject"]["type"] = "individual"
        declare(example_data, key, number="", valid_to="2020-01-01")["materials"].pop()
        application = Application.model_validate(example_data)
        (problem,) = check_pre_approvals(application, TODAY)
        assert (problem.code, problem.severity) == ("pre_approval.individual", "error")

    @pytest.mark.parametrize("key", ASKED_FOR)
    def test_a_refusal_rests_on_an_official_text(self, key: str) -> None:
        articles = [catalogue().articles[a] for a in CATEGORIES[key].articles]
        assert {a.mark for a in articles} & {"O", "SEED", "V"}

    def test_the_paper_of_one_is_not_that_of_another(self, example_data: dict[str, Any]) -> None:
        declare(example_data, "news", "culture")["materials"].pop()
        (problem,) = errors(problems_of(example_data))
        assert "category: culture" in problem.fix

    @pytest.mark.parametrize(
        ("key", "provinces"),
        [("education", "浙江省 青海省 西藏自治区"), ("health_care", "河北省 西藏自治区")],
    )
    @pytest.mark.parametrize("province", PLACES)
    def test_where_it_was_cancelled_it_is_doubted_and_not_asked_for(
        self, key: str, provinces: str, province: str, edited: Edit, example_data: dict[str, Any]
    ) -> None:
        asked_for = province in provinces.split()
        declare(example_data, key)
        application = edited(place(province))
        codes = [p.code for p in check(application, None, TODAY)]
        assert ("pre_approval.not_in_province" in codes) is not asked_for
        assert CATEGORIES[key].applies_in(province) is asked_for
        content, word = CATEGORIES[key].contents[0], CATEGORIES[key].words[0]
        for change in ({"service_contents": [content]}, {"name": f"昆山{word}"}):
            changes = {f"mini_program.{field}": value for field, value in change.items()}
            found = {hint.category for hint in likely(edited(place(province) | changes))}
            assert (key in found) is asked_for


class TestValidity:
    LAST_DAY = last_day_of_review(Kind.NEW, TODAY)

    def test_the_review_may_last_until_every_window_has_run_out(self) -> None:
        # from a Tuesday: 2 working days to Thursday, 2 after Friday to Tuesday, a day for the SMS
        # check, 20 working days after Thursday the 3rd
        assert last_day_of_review(Kind.NEW, TODAY) == date(2026, 12, 31)

    @pytest.mark.parametrize(
        ("valid_to", "code"),
        [
            (TODAY - timedelta(days=1), "pre_approval.expired"),
            (TODAY, "pre_approval.expires_in_review"),
            (LAST_DAY - timedelta(days=1), "pre_approval.expires_in_review"),
            (LAST_DAY, None),
            ("长期", None),
        ],
    )
    def test_its_edges(self, valid_to: Any, code: str | None, example_data: dict[str, Any]) -> None:
        problems = problems_of(declare(example_data, "culture", valid_to=valid_to))
        assert [p.code for p in problems] == ([code] if code else [])


class TestNoneIsStatedExpressly:
    @pytest.mark.parametrize("stated", [{}, {"pre_approvals": None}])
    def test_silence_is_refused(self, stated: dict[str, Any], example_data: dict[str, Any]) -> None:
        del example_data["mini_program"]["pre_approvals"]
        example_data["mini_program"] |= stated
        (problem,) = problems_of(example_data)
        assert (problem.code, problem.severity) == ("pre_approvals.not_stated", "error")
        assert NO_PRE_APPROVAL in problem.fix

    @pytest.mark.parametrize("kind", Kind)
    def test_only_a_cancellation_need_not_state_it(self, kind: Kind, edited: Edit) -> None:
        application = edited({"kind": kind.value, "mini_program.pre_approvals": None})
        codes = [p.code for p in check_pre_approvals(application, TODAY)]
        assert codes == ([] if kind in CANCELLATIONS else ["pre_approvals.not_stated"])

    def test_an_empty_list_is_the_statement(self, example_data: dict[str, Any]) -> None:
        assert example_data["mini_program"]["pre_approvals"] == []
        assert problems_of(example_data) == ()


class TestHints:
    @pytest.mark.parametrize(("key", "word"), WORDS)
    @pytest.mark.parametrize(
        ("field", "text"),
        [("name", "昆山{}"), ("remark", "面向昆山居民,提供{}等内容,用户可以浏览与下单")],
    )
    def test_each_word_hints_in_name_and_remark(
        self, field: str, text: str, key: str, word: str, edited: Edit
    ) -> None:
        (hint,) = hinted(edited, **{field: text.format(word)})[key]
        assert (hint.path, hint.word) == (f"mini_program.{field}", word)

    @pytest.mark.parametrize(("key", "word"), WORDS)
    def test_no_word_hints_where_it_is_denied(self, key: str, word: str, edited: Edit) -> None:
        for denial in (f"不涉及{word}等内容", f"不提供{word}、新闻", f"{word}均不涉及"):
            remark = f"面向昆山居民的线上商城,{denial},用户可以浏览与下单"
            assert hinted(edited, remark=remark) == {}

    @pytest.mark.parametrize("content", SERVICE_CONTENTS)
    def test_a_service_content_hints_at_what_the_data_say(self, content: str, edited: Edit) -> None:
        wanted = {key for key in ASKED_FOR if content in CATEGORIES[key].contents}
        found = hinted(edited, service_contents=["tools", content])
        assert set(found) == wanted
        for hints in found.values():
            path = "mini_program.service_contents.1"
            assert [(h.path, h.word) for h in hints] == [(path, SERVICE_CONTENTS[content])]

    def test_every_category_is_reached_by_a_content_and_by_words(self) -> None:
        assert all(category.contents and category.words for category in CATEGORIES.values())

    @pytest.mark.parametrize(
        ("key", "phrase"), [(k, phrase) for k in ASKED_FOR for phrase in CATEGORIES[k].against]
    )
    def test_what_speaks_against_does_not_hint(self, key: str, phrase: str, edited: Edit) -> None:
        assert key not in hinted(edited, remark=f"面向昆山居民,提供{phrase}相关的服务与指引")

    @pytest.mark.parametrize(
        ("key", "phrase"), [(k, phrase) for k in ASKED_FOR for phrase in CATEGORIES[k].against]
    )
    def test_nor_does_it_hide_the_word_elsewhere(self, key: str, phrase: str, edited: Edit) -> None:
        word = CATEGORIES[key].words[0]
        assert key in hinted(edited, remark=f"面向昆山居民,提供{phrase}相关指引,也提供{word}")

    def test_what_was_abolished_is_never_asked_for(self, edited: Edit) -> None:
        remark = "面向昆山居民的本地论坛,设有聊天室与留言板,供用户交流"
        assert hinted(edited, remark=remark, service_contents=["forum"]) == {}

    def test_one_warning_a_category_names_word_place_document_body_and_article(
        self, edited: Edit
    ) -> None:
        changes = {
            "mini_program.name": "昆山大药房",
            "mini_program.remark": "面向昆山居民的药店,提供处方药、血压计的展示与下单服务",
            "mini_program.service_contents": ["drugs_and_devices"],
        }
        (problem,) = check(edited(changes), None, TODAY)
        assert (problem.path, problem.code, problem.severity) == (
            "mini_program.pre_approvals",
            "pre_approval.likely",
            "warning",
        )
        assert problem.message.startswith("小程序名称中的“药房”、备注中的“药店”、备注中的“处方药”")
        for said in ("《互联网药品信息服务资格证书》", "省级药品监督管理局", "办法》第五条"):
            assert said in problem.fix

    def test_what_is_declared_is_not_warned_of(self, edited: Edit, example_data: Any) -> None:
        declare(example_data, "drugs_and_devices")
        application = edited({"mini_program.name": "昆山大药房"})
        assert {hint.category for hint in likely(application)} == {"drugs_and_devices"}
        assert check(application, None, TODAY) == ()

    def test_an_individual_is_told_that_it_cannot_have_one(self, edited: Edit) -> None:
        application = edited({"mini_program.name": "昆山大药房", "subject.type": "individual"})
        (problem,) = [p for p in check(application, None, TODAY) if p.code == "pre_approval.likely"]
        assert "个人主体不能取得" in problem.fix


class TestData:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"name": "时闻"}, "PRE_APPROVALS"),
            ({"articles": ["decree_1"]}, "article"),
            ({"contents": ["gambling"]}, "SERVICE_CONTENTS"),
            ({"mark": "X"}, "mark"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_a_wrong_file_is_refused(self, change: dict[str, Any], said: str) -> None:
        data = catalogue().model_dump()
        data["categories"]["news"] |= change
        with pytest.raises(ValidationError, match=said):
            Catalogue.model_validate(data)

    def test_provinces_are_known_ones(self) -> None:
        for category in CATEGORIES.values():
            assert set(category.provinces) <= set(divisions.provinces())

    @pytest.mark.parametrize("key", PRE_APPROVALS)
    def test_words_are_written_as_texts_are_read(self, key: str) -> None:
        for word in (*CATEGORIES[key].words, *CATEGORIES[key].against):
            assert word == normalize("NFKC", word).strip()
            assert len(word) > 1

    @pytest.mark.parametrize("key", PRE_APPROVALS)
    def test_each_phrase_against_is_about_one_of_its_words(self, key: str) -> None:
        category = CATEGORIES[key]
        for phrase in category.against:
            # of a cut across: 农药 of 农药品种
            assert any(w in phrase or w[0] in phrase for w in category.words), phrase
        assert not set(category.words) & set(category.against)


@given(st.text(max_size=60), st.text(max_size=200), st.sampled_from(sorted(PLACES)))
def test_any_text_is_taken(name: str, remark: str, province: str) -> None:
    data = yaml.safe_load(EXAMPLE)
    data["mini_program"] |= {"name": name, "remark": remark}
    data["subject"]["province"] = province
    for hint in likely(Application.model_validate(data)):
        field = hint.path.rpartition(".")[2]
        assert hint.word in normalize("NFKC", data["mini_program"][field])
