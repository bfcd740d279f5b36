"""Checks of the subject (主办单位): its name, certificate, place and number."""

import re
from collections.abc import Iterator
from datetime import date

from filing import divisions, identifiers, numbers
from filing.application import Application, Subject
from filing.checks_people import check_resident_id
from filing.divisions import PlaceFault
from filing.findings import problem
from filing.problems import Problem
from filing.vocabulary import (
    APPLICANT_LABELS,
    CERTIFICATE_LABELS,
    ApplicantType,
    CertificateType,
)

LONGEST_NAME = 100
LONGEST_ADDRESS = 200

USUAL_CERTIFICATES = {
    ApplicantType.INDIVIDUAL: CertificateType.RESIDENT_ID,
    ApplicantType.ENTERPRISE: CertificateType.BUSINESS_LICENCE,
    ApplicantType.SOLE_TRADER: CertificateType.BUSINESS_LICENCE,
}
"""All other organisations hold a certificate that bears their unified code [UNVERIFIED: warns]."""

CREDIT_CODE_PREFIXES = {
    ApplicantType.ENTERPRISE: ("91", "93"),
    ApplicantType.SOLE_TRADER: ("92",),
    ApplicantType.GOVERNMENT: ("11",),
    ApplicantType.PUBLIC_INSTITUTION: ("12",),
    ApplicantType.SOCIAL_ORGANISATION: ("13", "51", "81"),
    ApplicantType.PRIVATE_NON_ENTERPRISE: ("52",),
    ApplicantType.FOUNDATION: ("53",),
    ApplicantType.LAW_FIRM: ("31",),
}
"""First two characters of the unified code by sort of body (GB 32100-2015, table 1) [UNVERIFIED
against the standard's later amendments: warns]."""

LOCAL_ID_ONLY = frozenset("蒙晋新青宁陇桂藏")
"""Where (by abbreviation) an individual needs an identity card of the province [V, of websites: warns]."""


def check_subject(application: Application, today: date) -> Iterator[Problem]:
    """The subject, without its persons and papers."""
    subject = application.subject
    if not 2 <= len(subject.name) <= LONGEST_NAME or not any(c.isalpha() for c in subject.name):
        fix = "请按主办单位证件填写全称"
        yield problem("subject.name", "name.malformed", "主办单位名称不正确", fix)
    yield from _certificate(subject, today)
    yield from _place(subject)
    if subject.subject_number is not None:
        refusal = numbers.check_subject_number(subject.subject_number, subject.province)
        if refusal is not None:
            yield problem("subject.subject_number", refusal.code, refusal.message, refusal.fix)
    if subject.type is ApplicantType.INDIVIDUAL:
        yield from _domicile(application)


def _certificate(subject: Subject, today: date) -> Iterator[Problem]:
    path, certificate, label = "subject.certificate", subject.certificate, "主办单位"
    if not certificate.address:
        fix = "请按证件填写住所"
        yield problem(f"{path}.address", "address.empty", "主办单位证件住所为空", fix)
    personal = subject.type is ApplicantType.INDIVIDUAL
    usual = USUAL_CERTIFICATES.get(subject.type, CertificateType.UNIFIED_CODE_CERTIFICATE)
    held = certificate.type in (
        CertificateType.BUSINESS_LICENCE,
        CertificateType.UNIFIED_CODE_CERTIFICATE,
    )
    message = f"{APPLICANT_LABELS[subject.type]}的证件一般为{CERTIFICATE_LABELS[usual]}"
    fix = f"请填写 {usual.value}({CERTIFICATE_LABELS[usual]})"
    if personal == held:
        yield problem(f"{path}.type", "certificate.wrong_type", message, fix)
        return
    if certificate.type is not usual:
        yield problem(f"{path}.type", "certificate.unusual_type", message, fix)
    if certificate.type is CertificateType.RESIDENT_ID:
        yield from check_resident_id(f"{path}.number", label, certificate.number, today)
    elif certificate.type is CertificateType.PASSPORT:
        if not identifiers.is_passport(certificate.number):
            fix = "请按护照填写大写字母与数字,不含空格"
            yield problem(f"{path}.number", "certificate.malformed", "护照号码格式不正确", fix)
    else:
        yield from _credit_code(subject)


def _credit_code(subject: Subject) -> Iterator[Problem]:
    path, number = "subject.certificate.number", subject.certificate.number
    fault = identifiers.credit_code_fault(number)
    if fault == "malformed":
        fix = "应为 18 位数字与大写字母(不含 I、O、S、V、Z),不含空格"
        yield problem(path, "certificate.malformed", "统一社会信用代码格式不正确", fix)
    elif fault is not None:
        fix = "代码有误,请对照证件逐位核对"
        yield problem(path, "certificate.check_digit", "统一社会信用代码校验码不正确", fix)
    elif not number.startswith(CREDIT_CODE_PREFIXES[subject.type]):
        message = f"统一社会信用代码的前两位与主体性质({APPLICANT_LABELS[subject.type]})不符"
        fix = "请核对主体性质与证件"
        yield problem(path, "certificate.other_applicant_type", message, fix)


def _place(subject: Subject) -> Iterator[Problem]:
    # region by the certificate's address, development zones by the real district [O WX-HOWTO]
    place = divisions.locate(subject.province, subject.city, subject.district)
    if isinstance(place, PlaceFault):
        yield problem(f"subject.{place.field}", place.code, place.message, place.fix)
    path, address = "subject.address", subject.address
    if not address:
        yield problem(path, "address.empty", "通讯地址为空", "请填写到街道门牌")
    elif len(address) > LONGEST_ADDRESS:
        fix = f"请缩短到 {LONGEST_ADDRESS} 个字符以内"
        yield problem(path, "address.too_long", "通讯地址过长", fix)
    for name in (subject.province, subject.city, subject.district):
        # 昆山市场路 is a road, not the city
        if len(name) > 1 and re.match(re.escape(name) + "(?!场)", address):  # [O WXJ base_info]
            fix = "只填写区县以下的部分,例如 某某路 1 号"
            message = "通讯地址重复了省、市或区县"
            yield problem(path, "address.repeats_division", message, fix)
            break
    for other in divisions.provinces():
        if other != subject.province and subject.certificate.address.startswith(other):
            message = f"证件住所在{other},与所填省份不同"
            fix = "请按主办单位证件住所选择省、市、区县"
            yield problem("subject.province", "province.differs_from_certificate", message, fix)


def _domicile(application: Application) -> Iterator[Problem]:
    """An individual from elsewhere; that a residence permit is asked for is `filing.materials`."""
    subject = application.subject
    code = divisions.province_code(subject.province)
    if code is None or subject.certificate.type is not CertificateType.RESIDENT_ID:
        return
    if subject.certificate.number.startswith(code[:2]):
        return
    if divisions.abbreviation(subject.province) in LOCAL_ID_ONLY:
        message = f"{subject.province}一般只受理本省身份证的个人备案"
        fix = "请核对备案省份"
        yield problem("subject.province", "province.local_id_only", message, fix)
