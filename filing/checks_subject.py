"""Checks of the subject (主办单位): its name, certificate, place and number."""

from collections.abc import Iterator
from datetime import date

from filing import divisions, numbers
from filing.applicants import sorts
from filing.application import Application, Subject
from filing.certificates import CREDIT_CODE, check_number, check_valid_to
from filing.divisions import PlaceFault
from filing.findings import problem
from filing.materials import from_other_province
from filing.problems import Problem
from filing.vocabulary import (
    APPLICANT_LABELS,
    CERTIFICATE_LABELS,
    PERSONAL_CERTIFICATES,
    ApplicantType,
)

LONGEST_NAME = 100
LONGEST_ADDRESS = 200

LOCAL_ID_ONLY = frozenset("蒙晋新青宁陇桂藏")
"""Where (by abbreviation) an individual needs an identity card of the province."""


def check_subject(application: Application, today: date) -> Iterator[Problem]:
    """The subject, without its persons and papers."""
    subject = application.subject
    if not 2 <= len(subject.name) <= LONGEST_NAME or not any(c.isalpha() for c in subject.name):
        fix = "请按主办单位证件填写全称"
        yield problem("subject.name", "name.malformed", "主办单位名称不正确", fix)
    yield from _certificate(subject, today)
    yield from check_place(subject)
    yield from _addresses(subject)
    yield from check_subject_number(subject)
    if subject.type is ApplicantType.INDIVIDUAL:
        yield from _domicile(application)


def _certificate(subject: Subject, today: date) -> Iterator[Problem]:
    path, certificate = "subject.certificate", subject.certificate
    if not certificate.address:
        fix = "请按证件填写住所"
        yield problem(f"{path}.address", "address.empty", "主办单位证件住所为空", fix)
    valid_to = certificate.valid_to
    if valid_to is not None:
        late = check_valid_to(f"{path}.valid_to", "主办单位", valid_to, subject.province, today)
        if late is not None:
            yield late
    sort = sorts()[subject.type]
    of_person = certificate.type in PERSONAL_CERTIFICATES
    wrong = of_person is not (subject.type is ApplicantType.INDIVIDUAL)
    if wrong or certificate.type not in sort.certificates:
        usual = "、".join(CERTIFICATE_LABELS[c] for c in sort.certificates)
        message = f"{APPLICANT_LABELS[subject.type]}的证件一般为{usual}"
        listed = "或".join(f" {c.value}({CERTIFICATE_LABELS[c]})" for c in sort.certificates)
        fix, code = f"请填写{listed}", "certificate.unusual_type"
        if wrong:
            code = "certificate.wrong_type"
        elif sort.sure and not of_person:
            message = f"{APPLICANT_LABELS[subject.type]}只能使用{usual}"
            code = "certificate.not_for_this_sort"
        yield problem(f"{path}.type", code, message, fix)
    if wrong:
        return
    number = certificate.number
    fault = check_number(f"{path}.number", "主办单位", certificate.type, number, today)
    if fault is not None:
        yield fault
    elif certificate.type in CREDIT_CODE and sort.prefixes and not number.startswith(sort.prefixes):
        message = f"统一社会信用代码的前两位与主体性质({APPLICANT_LABELS[subject.type]})不符"
        fix = "请核对主体性质与证件"
        yield problem(f"{path}.number", "certificate.other_applicant_type", message, fix)


def check_subject_number(subject: Subject) -> Iterator[Problem]:
    """The subject's own number, where it is given."""
    if subject.subject_number is not None:
        refusal = numbers.check_subject_number(subject.subject_number, subject.province)
        if refusal is not None:
            yield problem("subject.subject_number", refusal.code, refusal.message, refusal.fix)


def check_place(subject: Subject) -> Iterator[Problem]:
    """Province, city and district, by themselves and against the certificate."""
    place = divisions.locate(subject.province, subject.city, subject.district)
    if isinstance(place, PlaceFault):
        yield problem(f"subject.{place.field}", place.code, place.message, place.fix)
    fix = "请按主办单位证件住所选择省、市、区县"
    other = divisions.province_at_start(subject.certificate.address)
    if other is not None and other != subject.province:
        message = f"证件住所在{other},与所填省份不同"
        yield problem("subject.province", "province.differs_from_certificate", message, fix)
        return
    if isinstance(place, PlaceFault):
        return
    match divisions.elsewhere(place, subject.certificate.address):
        case divisions.Elsewhere("city", name):
            message = f"证件住所在{name},与所填城市不同"
            yield problem("subject.city", "city.differs_from_certificate", message, fix)
        case divisions.Elsewhere("district", name):
            message = f"证件住所在{name},与所填区县不同"
            yield problem("subject.district", "district.differs_from_certificate", message, fix)


def _addresses(subject: Subject) -> Iterator[Problem]:
    path, address = "subject.address", subject.address
    if not address:
        yield problem(path, "address.empty", "通讯地址为空", "请填写到街道门牌")
    elif len(address) > LONGEST_ADDRESS:
        fix = f"请缩短到 {LONGEST_ADDRESS} 个字符以内"
        yield problem(path, "address.too_long", "通讯地址过长", fix)
    names = subject.province, subject.city, subject.district
    if divisions.first_beginning(address, tuple(name for name in names if len(name) > 1)):
        fix = "只填写区县以下的部分,例如 某某路 1 号"
        message = "通讯地址重复了省、市或区县"
        yield problem(path, "address.repeats_division", message, fix)


def _domicile(application: Application) -> Iterator[Problem]:
    """An individual from elsewhere; that a residence permit is asked for is `filing.materials`."""
    subject = application.subject
    local_only = divisions.abbreviation(subject.province) in LOCAL_ID_ONLY
    if local_only and from_other_province(application):
        message = f"{subject.province}一般只受理本省身份证的个人备案"
        fix = "请核对备案省份"
        yield problem("subject.province", "province.local_id_only", message, fix)
