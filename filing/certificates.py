"""Checks of certificates: their numbers, each by its own form, and how long they are valid."""

from datetime import date
from typing import Literal

from filing import identifiers
from filing.application import LONG_TERM
from filing.findings import months_after, problem
from filing.problems import Problem
from filing.vocabulary import CERTIFICATE_LABELS, CertificateType

CREDIT_CODE = frozenset(
    {
        CertificateType.BUSINESS_LICENCE,
        CertificateType.UNIFIED_CODE_CERTIFICATE,
        CertificateType.PUBLIC_INSTITUTION_CERTIFICATE,
        CertificateType.SOCIAL_ORGANISATION_CERTIFICATE,
        CertificateType.PRIVATE_NON_ENTERPRISE_CERTIFICATE,
        CertificateType.FOUNDATION_CERTIFICATE,
        CertificateType.LAW_FIRM_LICENCE,
        CertificateType.MASS_ORGANISATION_CERTIFICATE,
    }
)
"""Whose number is the unified social credit code (GB 32100-2015)."""

REMAINING_MONTHS = 3
"""A certificate must be valid for more than this."""

REMAINING_MONTHS_IN = {"宁夏回族自治区": 6}
"""Provinces that want more."""

RESIDENT_NUMBER = frozenset(
    {
        CertificateType.RESIDENT_ID,
        CertificateType.HK_MACAO_RESIDENCE_PERMIT,
        CertificateType.TAIWAN_RESIDENCE_PERMIT,
    }
)
"""Whose number is a citizen's number (GB 11643-1999), with the date of birth in it."""

_FORMS = {
    CertificateType.PASSPORT: (identifiers.is_passport, "请按护照填写大写字母与数字,不含空格"),
    CertificateType.HK_MACAO_PERMIT: (
        identifiers.is_hk_macao_permit,
        "应为 H 或 M 加 8 位数字(旧证 10 位)",
    ),
    CertificateType.TAIWAN_PERMIT: (identifiers.is_taiwan_permit, "应为 8 位数字(旧证 10 位)"),
    CertificateType.FOREIGN_PERMANENT_RESIDENT_ID: (
        identifiers.is_foreign_permanent_resident_id,
        "应为 9 开头的 18 位号码(旧证为 3 位字母加 12 位数字)",
    ),
}
"""Whether a number can be one of its kind, and what it should be like."""

_OTHER_FORM = (identifiers.is_document_number, "请按证件填写,4 至 40 个字,不含空格")


def check_number(
    path: str, label: str, kind: CertificateType, number: str, today: date
) -> Problem | None:
    """What is wrong with a certificate's number; `label` says whose it is."""
    if kind in RESIDENT_NUMBER:
        fault = identifiers.resident_id_fault(number, today)
        form = "应为 18 位,末位为数字或大写 X,不含空格"
    elif kind in CREDIT_CODE:
        fault = identifiers.credit_code_fault(number)
        form = "应为 18 位数字与大写字母(不含 I、O、S、V、Z),不含空格"
    elif kind is CertificateType.ORGANISATION_CODE_CERTIFICATE:
        fault = identifiers.organisation_code_fault(number)
        form = "应为 8 位数字或大写字母、连字符和 1 位校验码,例如 D2143569-X"
    else:
        is_one, form = _FORMS.get(kind, _OTHER_FORM)
        fault = None if is_one(number) else "malformed"
    if fault is None:
        return None
    what = "统一社会信用代码" if kind in CREDIT_CODE else f"{CERTIFICATE_LABELS[kind]}号码"
    of = f"{label}{what}"
    match fault:
        case "malformed":
            return problem(path, "certificate.malformed", f"{of}格式不正确", form)
        case "birth_date":
            message, fix = f"{of}中的出生日期不存在或在将来", "请核对第 7 至 14 位"
            return problem(path, "certificate.birth_date", message, fix)
        case "check_digit":
            message, fix = f"{of}校验码不正确", "号码有误,请对照证件逐位核对"
            return problem(path, "certificate.check_digit", message, fix)


def check_valid_to(
    path: str, label: str, valid_to: date | Literal["长期"], province: str, today: date
) -> Problem | None:
    """Whether a certificate is valid for long enough; `label` says whose it is."""
    if valid_to == LONG_TERM:
        return None
    months = REMAINING_MONTHS_IN.get(province, REMAINING_MONTHS)
    if valid_to > months_after(today, months):
        return None
    if valid_to <= today:
        fix = "请换领新证件后填写新的有效期"
        return problem(path, "certificate.expired", f"{label}证件已过期", fix)
    message = f"{label}证件的剩余有效期不足 {months} 个月"
    fix = f"剩余有效期须大于 {months} 个月,请换领新证件后提交"
    return problem(path, "certificate.expires_soon", message, fix)
