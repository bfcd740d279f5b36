"""Forms of identifiers: what can be told from the characters alone, without asking anybody.

Nothing here is tolerant: spaces, full-width characters and a lower-case check character are faults,
because the authority compares the text with the paper character by character.
"""

import re
import unicodedata
from datetime import date
from operator import mul
from typing import Literal

from stdnum.cn import ric

Fault = Literal["malformed", "check_digit", "birth_date"]
"""What is wrong with a number: its form, its check character, or the date of birth in it."""

OLDEST_BIRTH_YEAR = 1900
"""An earlier year in a resident identity number is a slip of the pen, not a person."""

_APPID = re.compile(r"wx[0-9a-f]{16}")
_CREDIT_CODE_CHARACTERS = "0-9A-HJ-NPQRTUWXY"
_CREDIT_CODE = re.compile(
    rf"[{_CREDIT_CODE_CHARACTERS}]{{2}}[0-9]{{6}}[{_CREDIT_CODE_CHARACTERS}]{{10}}"
)
_CREDIT_CODE_VALUES = {c: i for i, c in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_CREDIT_CODE_WEIGHTS = (*(pow(3, i, 31) for i in range(17)), 1)
_RESIDENT_ID = re.compile(r"[1-9][0-9]{16}[0-9X]")
_ORGANISATION_CODE = re.compile(r"([0-9A-Z]{8})-?([0-9X])")
_ORGANISATION_CODE_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_HK_MACAO_PERMIT = re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?")
_TAIWAN_PERMIT = re.compile(r"[0-9]{8}|[0-9]{10}")
_OLD_FOREIGN_PERMANENT_RESIDENT_ID = re.compile(r"[A-Z]{3}[0-9]{12}")
_DOCUMENT_NUMBER = re.compile(r"[0-9A-Za-z\u4e00-\u9fff()()〔〕\[\]-]{4,40}")
_PASSPORT = re.compile(r"[A-Z0-9]{5,20}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
_LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1


def is_appid(text: str) -> bool:
    """Whether this is a mini program's AppID: `wx` and 16 lower-case hexadecimal digits."""
    return _APPID.fullmatch(text) is not None


def credit_code_fault(number: str) -> Fault | None:
    """What is wrong with a unified social credit code (统一社会信用代码, GB 32100-2015).

    Two characters for the registering authority and sort, six digits of division, nine of
    organisation code, one check character; without I, O, S, V, Z. stdnum's own `validate` demands
    digits in the first two, which refuses the standard's letters there (N for rural collectives),
    and its check character, which a test holds this against, takes some five times as long.
    """
    if not _CREDIT_CODE.fullmatch(number):
        return "malformed"
    total = sum(map(mul, map(_CREDIT_CODE_VALUES.__getitem__, number), _CREDIT_CODE_WEIGHTS))
    return "check_digit" if total % 31 else None


def organisation_code_fault(number: str) -> Fault | None:
    """What is wrong with an organisation code (组织机构代码, GB 11714-1997).

    Eight digits or capitals, a hyphen as printed or none, one check character (weighted, modulo 11, X
    for ten). stdnum has no module for it.
    """
    found = _ORGANISATION_CODE.fullmatch(number)
    if found is None:
        return "malformed"
    values = (int(c, 36) for c in found[1])
    total = sum(v * w for v, w in zip(values, _ORGANISATION_CODE_WEIGHTS, strict=True))
    return None if "0X987654321"[total % 11] == found[2] else "check_digit"


def resident_id_fault(number: str, today: date) -> Fault | None:
    """What is wrong with a resident identity number (公民身份号码, GB 11643-1999).

    Six digits of division, eight of birth date, three of order, one check character (ISO 7064
    MOD 11-2, X for ten). The division is not looked up: it may long have been abolished.
    """
    if not _RESIDENT_ID.fullmatch(number):
        return "malformed"
    born = _born(number)
    if born is None or born > today:
        return "birth_date"
    return None if ric.calc_check_digit(number) == number[-1] else "check_digit"


def birth_date(number: str) -> date | None:
    """The date of birth in a resident identity number, or None where it holds no possible one."""
    return _born(number) if _RESIDENT_ID.fullmatch(number) else None


def _born(number: str) -> date | None:
    try:
        born = date.fromisoformat(number[6:14])
    except ValueError:
        return None
    return born if born.year >= OLDEST_BIRTH_YEAR else None


def is_passport(number: str) -> bool:
    """Whether this can be a passport number of any country: 5 to 20 capitals and digits."""
    return _PASSPORT.fullmatch(number) is not None


def is_hk_macao_permit(number: str) -> bool:
    """Whether this can be the number of a 港澳居民来往内地通行证: H or M, 8 digits, formerly 10."""
    return _HK_MACAO_PERMIT.fullmatch(number) is not None


def is_taiwan_permit(number: str) -> bool:
    """Whether this can be the number of a 台湾居民来往大陆通行证: 8 digits, formerly 10."""
    return _TAIWAN_PERMIT.fullmatch(number) is not None


def is_foreign_permanent_resident_id(number: str) -> bool:
    """Whether this can be the number of a 外国人永久居留身份证: since 2023-12-01 a 9 and 17 more with the
    check character of GB 11643, before that three letters and 12 digits."""
    if _OLD_FOREIGN_PERMANENT_RESIDENT_ID.fullmatch(number):
        return True
    return (
        number.startswith("9")
        and _RESIDENT_ID.fullmatch(number) is not None
        and ric.calc_check_digit(number) == number[-1]
    )


def is_document_number(text: str) -> bool:
    """Whether this can be the number of a certificate of which no form is known."""
    return _DOCUMENT_NUMBER.fullmatch(text) is not None


def is_mobile(text: str) -> bool:
    """Whether this is a mainland mobile number: 11 digits, 13 to 19 first (工信部电信网编号计划)."""
    return _MOBILE.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Whether this has the form of an e-mail address (RFC 5321, its ASCII dot-atom form)."""
    return (
        len(text) <= _LONGEST_EMAIL
        and text.find("@") <= _LONGEST_LOCAL_PART
        and _EMAIL.fullmatch(text) is not None
    )


def mask(number: str) -> str:
    """A certificate's or phone number for a message: recognisable, never the number itself."""
    if len(number) < 8:
        return "*" * len(number)
    return number[:3] + "*" * (len(number) - 5) + number[-2:]


def width(text: str) -> int:
    """Length as WeChat counts a name: a Chinese character, or any full-width one, counts as two."""
    return len(text) + sum(kind in "WF" for kind in map(unicodedata.east_asian_width, text))
