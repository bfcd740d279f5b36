"""What breaks the rules on kinds of filing, on changes, and on what is on file."""

from datetime import timedelta
from pathlib import Path

import yaml

from filing.holdings import Filed, Holdings
from tests.filing.checking import TODAY, credit_code
from tests.filing.rule_cases import (
    HELD,
    Case,
    Data,
    cancel_access,
    cancel_subject,
    cancellation,
    change_mini_program,
    change_subject,
    changed,
    held,
    individual,
    organisation,
)

NUMBER = "苏ICP备2026000001号-1X"
SUBJECT_NUMBER = {"subject.subject_number": "苏ICP备2026000001号"}


def _law_firm() -> Data:
    file = Path(__file__).parents[2] / "examples" / "new-law-firm.yaml"
    data: Data = yaml.safe_load(file.read_text(encoding="utf-8"))
    return data


def _filing_number(number: str) -> Case:
    return Case({"filing_number": number}, cancel_access)


NUMBERS = {
    "number.malformed": _filing_number("苏ICP备1号"),
    "number.without_index": _filing_number("苏ICP备2026000001号"),
    "number.wrong_suffix": _filing_number("苏ICP备2026000001号-1A"),
    "number.other_province": _filing_number("浙ICP备2026000001号-1X"),
    "number.other_subject": _filing_number("苏ICP备2026000002号-1X"),
}

KINDS = {
    "verification.not_applicable": Case({"verification": {"auth_data": {}}}, cancellation),
    "verification.applicant": Case({"verification": {"auth_data": {}}}, _law_firm),
    "verification.too_large": Case({"verification": {"auth_data": {"x": ["字" * 1_900] * 6}}}),
    "filing_number.not_applicable": Case({"filing_number": NUMBER}),
    "filing_number.missing": Case({"filing_number": None}, cancellation),
    "subject_number.missing": Case({"subject.subject_number": None}, cancel_subject),
    "on_file.not_applicable": Case(
        lambda data: data | {"on_file": {key: data[key] for key in ("mini_program", "subject")}},
        cancellation,
    ),
    "on_file.missing": Case(
        {"on_file": None}, change_subject, also=frozenset({"material.depends_on_change"})
    ),
    "effective_on.not_applicable": Case({"effective_on": TODAY}),
    "effective_on.missing": Case({"effective_on": None}, change_mini_program),
    "effective_on.past": Case({"effective_on": TODAY - timedelta(days=1)}, change_mini_program),
    "effective_on.soon": Case({"effective_on": TODAY + timedelta(days=29)}, change_subject),
    "effective_on.too_far": Case({"effective_on": TODAY + timedelta(days=367)}, change_subject),
    "cancellation_reason.not_applicable": Case(
        {"cancellation_reason": "subject_changed"}, change_subject
    ),
    "cancellation_reason.missing": Case({"cancellation_reason": None}, cancel_access),
}


def _nothing(data: Data) -> Data:
    return data | {key: data["on_file"][key] for key in ("mini_program", "subject")}


def _of_a_person(data: Data) -> Data:
    """What is on file is an individual's."""
    certificate = data["subject"]["certificate"]
    return changed(
        data, {"on_file.subject": individual()["subject"] | {"certificate": certificate}}
    )


CHANGES = {
    "change.nothing": Case(_nothing, change_mini_program),
    "change.subject_number": Case(
        {"on_file.subject.subject_number": "苏ICP备2026000002号"}, change_subject
    ),
    "change.appid": Case({"mini_program.appid": "wxffffffffffffffff"}, change_mini_program),
    "change.province": Case(
        {
            "on_file.subject.province": "浙江省",
            "on_file.subject.city": "杭州市",
            "on_file.subject.district": "西湖区",
        },
        change_subject,
    ),
    "change.certificate_number": Case(
        {"on_file.subject.certificate.number": credit_code("93")},
        change_subject,
        also=frozenset({"material.missing_subject_certificate"}),
    ),
    "change.applicant_type": Case(
        _of_a_person,
        change_subject,
        also=frozenset(
            {
                "material.missing",
                "material.missing_subject_certificate",
                "material.missing_subject_principal_certificate",
            }
        ),
    ),
    "change.subject_data": Case({"subject.address": "示例路2号"}, change_mini_program),
    "change.subject_unchanged": Case({"kind": "change_subject"}, change_mini_program),
}


def _in_anhui() -> Data:
    """A further mini program of a subject where an empty shell is not taken."""
    return changed(
        organisation(),
        {
            "subject.province": "安徽省",
            "subject.city": "合肥市",
            "subject.district": "蜀山区",
            "subject.certificate.address": "安徽省合肥市蜀山区示例路1号",
            "subject.subject_number": "皖ICP备2026000001号",
        },
    )


def _filed_now(count: int) -> Holdings:
    return held(filed=count, mini_program=None)


HOLDINGS = {
    "holdings.other_province": Case(base=change_subject, holdings=held(subject_province="浙江省")),
    "holdings.subject_number_differs": Case(
        base=cancellation, holdings=held(subject_subject_number="苏ICP备2026000002号")
    ),
    "holdings.filed_already": Case(SUBJECT_NUMBER, holdings=HELD),
    "holdings.quota": Case(SUBJECT_NUMBER, individual, holdings=_filed_now(5)),
    "holdings.not_filed": Case(
        base=cancellation, holdings=held(program_status=Filed.ACCESS_CANCELLED)
    ),
    "holdings.unknown": Case(base=cancellation, holdings=Holdings()),
    "holdings.other_subject": Case(base=cancel_access, holdings=held(of_same_subject=False)),
    "holdings.number_of_another": Case(SUBJECT_NUMBER, holdings=Holdings(number_of_another=True)),
    "holdings.number_cancelled": Case(
        SUBJECT_NUMBER,
        holdings=held(subject_status=Filed.CANCELLED, program_status=Filed.CANCELLED, filed=0),
    ),
    "holdings.subject_data_differs": Case(
        SUBJECT_NUMBER | {"subject.address": "示例路2号"},
        holdings=held(mini_program=None, data=organisation()["subject"]),
    ),
    "holdings.on_file_differs": Case(
        {"on_file.mini_program.remark": "从前的备注,与登记库中的不同,共有二十多个字"},
        change_mini_program,
        holdings=held(on_file=change_mini_program()["on_file"]),
    ),
    "holdings.empty_shell": Case(
        base=_in_anhui,
        holdings=held(
            mini_program=None,
            filed=0,
            subject_province="安徽省",
            subject_subject_number="皖ICP备2026000001号",
        ),
    ),
    "holdings.filing_number_differs": Case(
        base=change_mini_program, holdings=held(program_filing_number="苏ICP备2026000001号-2X")
    ),
}

MET = [
    (organisation, Holdings()),
    (organisation, held(subject_status=Filed.CANCELLED, program_status=Filed.CANCELLED)),
    (lambda: changed(organisation(), SUBJECT_NUMBER), _filed_now(49)),
    (lambda: changed(individual(), SUBJECT_NUMBER), _filed_now(4)),
    (change_subject, HELD),
    (change_mini_program, HELD),
    (cancellation, HELD),
    (cancel_subject, HELD),
    (lambda: changed(cancel_subject(), {"filing_number": None}), HELD),
    (cancel_access, HELD),
]
"""Applications, and what is on file: nothing is wrong."""

CASES = NUMBERS | KINDS | CHANGES | HOLDINGS
