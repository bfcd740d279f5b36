"""Checks of the references under which others know a filing: an agency, and its customer.

They are pseudonymous. They stand in lists, reports and files that are handed on, where nobody's name
or number belongs; a name cannot be told from a firm's, a number can.
"""

import re
from collections.abc import Iterator

from filing.application import Application
from filing.findings import problem
from filing.identifiers import is_mobile
from filing.problems import Problem

LONGEST_REFERENCE = 64
"""Characters of `agency` or `customer`."""
REFERENCE_LABELS = {"agency": "代理机构", "customer": "客户编号"}

_REFERENCE = re.compile(rf"\w[\w ·.\-_:/#&+()（）]{{0,{LONGEST_REFERENCE - 1}}}")
_RESIDENT_ID_INSIDE = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])")
_ELEVEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{11}(?![0-9])")


def check_references(application: Application) -> Iterator[Problem]:
    """Their form, and that they are nobody's number."""
    for path, label in REFERENCE_LABELS.items():
        value = getattr(application, path)
        if value is None:
            continue
        if not _REFERENCE.fullmatch(value):
            message = f"{label}应为 1 至 {LONGEST_REFERENCE} 个字符,以文字或数字开头"
            fix = "请只用文字、数字、空格和 · . - _ : / # & + ( )"
            yield problem(path, "reference.malformed", message, fix)
        elif _holds_a_number(value):
            message = f"{label}中含有手机号码或身份证号码"
            yield problem(path, "reference.private", message, "请改用机构自己的编号,不要用个人信息")


def _holds_a_number(value: str) -> bool:
    phones = any(is_mobile(digits) for digits in _ELEVEN_DIGITS.findall(value))
    return phones or _RESIDENT_ID_INSIDE.search(value) is not None
