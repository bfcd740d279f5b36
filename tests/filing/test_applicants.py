"""Every sort of applicant with every certificate that it may use, and every certificate's number."""

from typing import Any

import pytest

from filing.applicants import sorts
from filing.certificates import CREDIT_CODE, check_number
from filing.identifiers import organisation_code_fault
from filing.vocabulary import PERSONAL_CERTIFICATES, ApplicantType, CertificateType
from tests.filing.checking import TODAY, both, credit_code, resident_id
from tests.filing.rule_cases import Data, changed, individual, organisation, problems_of

C = CertificateType

NUMBERS = {
    C.ORGANISATION_CODE_CERTIFICATE: ("D2143569-X", "D2143569-0"),
    C.RESIDENT_ID: (resident_id("19700101"), resident_id("19700101")[:17]),
    C.HK_MACAO_RESIDENCE_PERMIT: (resident_id("19700101", "810000"), "810000197001010019"),
    C.TAIWAN_RESIDENCE_PERMIT: (resident_id("19700101", "830000"), "830000"),
    C.PASSPORT: ("E12345678", "e12345678"),
    C.HK_MACAO_PERMIT: ("H12345678", "T12345678"),
    C.TAIWAN_PERMIT: ("12345678", "123456789"),
    C.FOREIGN_PERMANENT_RESIDENT_ID: (resident_id("19700101", "911123"), "911123197001010010"),
    C.RELIGIOUS_VENUE_CERTIFICATE: ("宗场证字(苏)E010000001号", "宗场 证"),
}
"""A right and a wrong number of each certificate that has a form of its own."""


def number_of(kind: CertificateType, prefix: str = "91") -> str:
    if kind in CREDIT_CODE:
        return credit_code(prefix)
    return NUMBERS.get(kind, NUMBERS[C.RELIGIOUS_VENUE_CERTIFICATE])[0]


HELD = [(sort.type, kind) for sort in sorts().values() for kind in sort.certificates]


@pytest.mark.parametrize(("sort", "kind"), HELD)
def test_each_sort_may_use_its_certificates(sort: ApplicantType, kind: CertificateType) -> None:
    prefixes = sorts()[sort].prefixes or ("91",)
    for prefix in prefixes:
        number = number_of(kind, prefix)
        values = {"type": kind.value, "number": number}
        data = changed(_of_sort(sort), {f"subject.certificate.{k}": v for k, v in values.items()})
        if sort is ApplicantType.INDIVIDUAL:
            for person in ("subject.principal", "mini_program.principal"):
                changed(data, {f"{person}.certificate.{k}": v for k, v in values.items()})
        codes = {p.code for p in problems_of(data)}
        expected = {"material.residence_permit"} if number.startswith("320599") else set()
        assert codes <= expected, codes


def _of_sort(sort: ApplicantType) -> Data:
    if sort is ApplicantType.INDIVIDUAL:
        return individual()
    return changed(organisation(), {"subject.type": sort.value})


@pytest.mark.parametrize("sort", ApplicantType)
def test_a_persons_certificate_is_no_bodys_nor_the_other_way_round(sort: ApplicantType) -> None:
    other = "business_licence" if sort is ApplicantType.INDIVIDUAL else "passport"
    data = changed(_of_sort(sort), {"subject.certificate.type": other})
    assert "certificate.wrong_type" in {p.code for p in problems_of(data)}


@pytest.mark.parametrize("kind", CertificateType)
def test_each_certificates_number_is_checked(kind: CertificateType) -> None:
    right = number_of(kind)
    default = (right, right[:-1] + ("0" if right[-1] != "0" else "1"))
    wrong = default[1] if kind in CREDIT_CODE else NUMBERS.get(kind, ("", "一 号"))[1]
    assert check_number("p", "主体", kind, right, TODAY) is None
    found = check_number("p", "主体", kind, wrong, TODAY)
    assert found is not None
    assert found.code in ("certificate.malformed", "certificate.check_digit")
    assert wrong not in found.message + found.fix


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("D2143569-X", None),
        ("D2143569X", None),
        ("19220382-1", None),
        ("19220382-2", "check_digit"),
        ("1922038-1", "malformed"),
        ("d2143569-X", "malformed"),
        ("D2143569--X", "malformed"),
    ],
)
def test_organisation_codes(code: str, fault: str | None) -> None:
    assert organisation_code_fault(code) == fault


@pytest.mark.parametrize("kind", sorted(PERSONAL_CERTIFICATES))
def test_a_persons_unusual_certificate_only_warns(kind: CertificateType) -> None:
    values: dict[str, Any] = both("certificate.type", kind.value)
    values |= both("certificate.number", number_of(kind))
    problems = problems_of(changed(organisation(), values))
    usual = kind in (C.RESIDENT_ID, C.PASSPORT)
    assert {(p.code, p.severity) for p in problems} == (
        set() if usual else {("certificate.unusual_type", "warning")}
    )
