"""Checks of the persons named in an application: the principals and the legal representative."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from filing import divisions, identifiers
from filing.application import LONG_TERM, Application, Person, PersonCertificate
from filing.certificates import RESIDENT_NUMBER, check_number, check_valid_to
from filing.findings import problem
from filing.problems import Problem
from filing.vocabulary import PERSONAL_CERTIFICATES, ApplicantType, CertificateType

ADULT = 18
"""Least age of a principal."""

YOUNGEST_IN = {"广东省": 16, "山东省": 17, "江苏省": 16}
"""Provinces that take younger ones, some with papers: shown to the reviewer."""

LONGEST_PERSON_NAME = 50

USUAL_CERTIFICATES = frozenset({CertificateType.RESIDENT_ID, CertificateType.PASSPORT})
"""Of persons."""

MUST_BE_LEGAL_REPRESENTATIVE = frozenset("京津冀晋蒙沪浙闽粤豫鄂湘桂陕青宁新黔藏鲁赣")
"""Where (by abbreviation) an organisation's principal must be its legal representative."""

ONE_PRINCIPAL_WITH_LETTER = frozenset("皖苏")
"""Where a letter is taken only if one person is both principals."""


FOREIGNERS_DELEGATE = frozenset("晋鲁")
"""Where (by abbreviation) a legal representative without a resident identity card must delegate."""


class Role(NamedTuple):
    """A person in one of the application's places."""

    path: str
    label: str
    person: Person


def roles(application: Application) -> list[Role]:
    """Every person of the application, the legal representative first."""
    subject, program = application.subject, application.mini_program
    principals = [
        Role("subject.principal", "主体负责人", subject.principal),
        Role("mini_program.principal", "小程序负责人", program.principal),
    ]
    legal = subject.legal_representative
    if legal is None:
        return principals
    return [Role("subject.legal_representative", "法定代表人", legal), *principals]


def same_person(one: Person, other: Person) -> bool:
    """Whether two places name one person: the certificate's number tells."""
    return one.certificate.number == other.certificate.number


def check_people(application: Application, today: date) -> Iterator[Problem]:
    """Each person by itself, then all of them against each other, then who they must be."""
    named = roles(application)
    for role in named:
        yield from _person(role, application.subject.province, today)
    for i, role in enumerate(named):
        # the two before may be one person: said once
        pairs = [p for other in named[:i] for p in _pair(role, other)]
        if pairs:
            yield from {p.path + p.code: p for p in reversed(pairs)}.values()
    if application.subject.type is ApplicantType.INDIVIDUAL:
        yield from _individual(application)
    else:
        yield from _organisation(application)


def _person(role: Role, province: str, today: date) -> Iterator[Problem]:
    path, label, person = role
    name = person.name
    if not name or len(name) > LONGEST_PERSON_NAME or any(map(str.isdigit, name)):
        fix = "请按证件填写姓名"
        yield problem(f"{path}.name", "name.malformed", f"{label}姓名不正确", fix)
    certificate = person.certificate
    yield from _certificate(f"{path}.certificate", label, certificate, today)
    yield from _validity(f"{path}.certificate", label, certificate, province, today)
    if path.endswith("principal"):
        minor = _age(f"{path}.certificate", label, certificate, province, today)
        if minor is not None:
            yield minor
    fix = "请填写 11 位中国大陆手机号码"
    mobile, emergency_mobile = person.mobile, person.emergency_mobile
    if not identifiers.is_mobile(mobile):
        message = f"{label}手机号码格式不正确"
        yield problem(f"{path}.mobile", "mobile.malformed", message, fix)
    if not identifiers.is_mobile(emergency_mobile):
        message = f"{label}应急手机号码格式不正确"
        yield problem(f"{path}.emergency_mobile", "emergency_mobile.malformed", message, fix)
    if emergency_mobile == mobile:
        message = f"{label}的应急手机号码与手机号码相同"
        fix = "请填写另一个能联系到的手机号码"
        yield problem(f"{path}.emergency_mobile", "emergency_mobile.same", message, fix)
    if not identifiers.is_email(person.email):
        fix = "请填写形如 name@example.com 的邮箱"
        yield problem(f"{path}.email", "email.malformed", f"{label}电子邮箱格式不正确", fix)


def _certificate(
    path: str, label: str, certificate: PersonCertificate, today: date
) -> Iterator[Problem]:
    kind = certificate.type
    fix = "请填写 resident_id(居民身份证)或 passport(护照)"
    if kind not in PERSONAL_CERTIFICATES:
        message = f"{label}的证件应为个人证件"
        yield problem(f"{path}.type", "certificate.not_personal", message, fix)
        return
    if kind not in USUAL_CERTIFICATES:
        message = f"{label}的证件一般为居民身份证或护照"
        yield problem(f"{path}.type", "certificate.unusual_type", message, fix)
    fault = check_number(f"{path}.number", label, kind, certificate.number, today)
    if fault is not None:
        yield fault


def _validity(
    path: str, label: str, certificate: PersonCertificate, province: str, today: date
) -> Iterator[Problem]:
    valid_from, valid_to = certificate.valid_from, certificate.valid_to
    if valid_from > today:
        fix = "请核对证件有效期的起始日期"
        yield problem(
            f"{path}.valid_from", "certificate.not_yet_valid", f"{label}证件尚未生效", fix
        )
    if valid_to != LONG_TERM and valid_to <= valid_from:
        message = f"{label}证件的有效期止不晚于有效期起"
        yield problem(f"{path}.valid_to", "certificate.validity_order", message, "请对照证件核对")
        return
    late = check_valid_to(f"{path}.valid_to", label, valid_to, province, today)
    if late is not None:
        yield late


def age(born: date, today: date) -> int:
    """Full years of life; negative before birth."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def minors_age(certificate: PersonCertificate, today: date) -> int | None:
    """Full years of a holder who is under age by a citizen's number; negative before birth. None of
    anybody else, and where the paper does not tell."""
    # The year alone tells of most.
    if (
        certificate.number[6:10] < str(today.year - ADULT)
        or certificate.type not in RESIDENT_NUMBER
    ):
        return None
    born = identifiers.birth_date(certificate.number)
    if born is None or (years := age(born, today)) >= ADULT:
        return None
    return years


def _age(
    path: str, label: str, certificate: PersonCertificate, province: str, today: date
) -> Problem | None:
    years = minors_age(certificate, today)
    if years is None or years < 0:
        return None
    path, message = f"{path}.number", f"{label}未满 {ADULT} 周岁"
    if years >= YOUNGEST_IN.get(province, ADULT):
        fix = "该省可能受理,或须另附证明,请审核人员核对"
        return problem(path, "age.minor_in_province", message, fix)
    return problem(path, "age.minor", message, f"请由年满 {ADULT} 周岁的人员担任")


def _printed(certificate: PersonCertificate) -> tuple[object, ...]:
    """All but the number."""
    return certificate.type, certificate.valid_from, certificate.valid_to


def _pair(role: Role, other: Role) -> Iterator[Problem]:
    person, earlier = role.person, other.person
    if same_person(person, earlier):
        if person.name != earlier.name:
            message = f"与{other.label}的证件号码相同,姓名却不同"
            fix = "请对照证件核对姓名与号码"
            yield problem(f"{role.path}.name", "name.differs", message, fix)
        if _printed(person.certificate) != _printed(earlier.certificate):
            message = f"与{other.label}的证件号码相同,证件类型或有效期却不同"
            fix = "同一人的证件信息请填写一致"
            yield problem(f"{role.path}.certificate", "certificate.differs", message, fix)
        return
    if person.mobile == earlier.mobile:
        shown = identifiers.mask(person.mobile)
        message = f"{role.label}与{other.label}不是同一人,手机号码({shown})却相同"
        fix = "不同的人请填写各自的手机号码"
        yield problem(f"{role.path}.mobile", "mobile.shared", message, fix)
    if person.email.lower() == earlier.email.lower() and other.path.endswith("principal"):
        message = f"{role.label}与{other.label}不是同一人,电子邮箱却相同"
        fix = "建议填写各自的电子邮箱"
        yield problem(f"{role.path}.email", "email.shared", message, fix)


def _organisation(application: Application) -> Iterator[Problem]:
    subject = application.subject
    legal, principal = subject.legal_representative, subject.principal
    if legal is None:
        fix = "请填写法定代表人(或单位负责人)的信息"
        yield problem(
            "subject.legal_representative", "legal_representative.missing", "缺少法定代表人", fix
        )
        return
    province = divisions.abbreviation(subject.province)
    if same_person(legal, principal):
        foreign = legal.certificate.type is not CertificateType.RESIDENT_ID
        if foreign and province in FOREIGNERS_DELEGATE:
            message = f"{subject.province}一般要求外籍或港澳台的法定代表人委托他人担任主体负责人"
            fix = "建议由持居民身份证的人员担任主体负责人,并附授权书"
            yield problem("subject.principal", "legal_representative.delegates", message, fix)
        return
    if province in MUST_BE_LEGAL_REPRESENTATIVE:
        message = f"{subject.province}一般要求主体负责人为法定代表人"
        fix = "建议由法定代表人担任主体负责人"
        code = "principal.not_legal_representative"
        yield problem("subject.principal", code, message, fix)
    elif province in ONE_PRINCIPAL_WITH_LETTER and not same_person(
        principal, application.mini_program.principal
    ):
        message = f"{subject.province}接受授权书时,一般要求两位负责人为同一人"
        fix = "建议由同一人担任,或由法定代表人担任主体负责人"
        yield problem("subject.principal", "principal.must_be_one_person", message, fix)


def _individual(application: Application) -> Iterator[Problem]:
    subject = application.subject
    if subject.legal_representative is not None:
        message, fix = "个人主体没有法定代表人", "请删除 subject.legal_representative"
        code = "legal_representative.not_applicable"
        yield problem("subject.legal_representative", code, message, fix)
    if subject.principal.certificate.number != subject.certificate.number:
        message, fix = "个人主体的负责人一般为本人", "请核对主体与主体负责人的证件号码"
        yield problem("subject.principal", "principal.not_self", message, fix)
    elif subject.principal.name != subject.name:
        message, fix = "主体名称与主体负责人姓名不同,证件号码却相同", "请对照证件核对"
        yield problem("subject.name", "name.differs", message, fix)
