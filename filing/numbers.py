"""Filing numbers: the grammar of 主体备案号 and 服务备案号 (`domain.md` 2, "Filing numbers").

A subject's number is its stem; a service's is the stem, a hyphen, a running index and a letter for
the sort of service: none for a website, A for an app, X for a mini program, K for a quick app.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from filing import divisions
from filing.model import Model

Suffix = Literal["", "A", "X", "K"]

MINI_PROGRAM_SUFFIX: Suffix = "X"

ALIASES = {"川": "蜀", "贵": "黔", "云": "滇", "甘": "陇", "秦": "陕"}
"""Abbreviations that people write though no bureau issues them: read, never written."""

_SERVICES = {"": "网站", "A": "APP", "X": "小程序", "K": "快应用"}

_NUMBER = re.compile(
    r"(?P<abbreviation>[\u4e00-\u9fff])"
    # 8 or 10 digits: 2 or 4 of the year and 6 [V]; the licences' stems are partly [UNVERIFIED]
    r"(?P<rest>ICP备(?:[0-9]{8}|[0-9]{10})号|ICP证[0-9]{6}号|[AB][12]-[0-9]{8})"
    r"(?:-(?P<index>[1-9][0-9]{0,5})(?P<suffix>[AXK]?))?"
)


@dataclass(frozen=True, slots=True)
class FilingNumber:
    """A filing number in its parts; `str` writes it as the bureau does, without an alias."""

    province: str
    stem: str
    index: int | None
    """None where this is a subject's number."""
    suffix: Suffix | None

    def __str__(self) -> str:
        return self.stem if self.index is None else f"{self.stem}-{self.index}{self.suffix}"


class NumberRefusal(Model):
    """Why a filing number cannot be this one's."""

    code: str
    message: str
    fix: str

    @property
    def explanation(self) -> str:
        """Both in one sentence, for a refusal on record."""
        return f"{self.message};{self.fix}"


@lru_cache(1024)
def parse_number(text: str) -> FilingNumber | None:
    """A filing number's parts, or None where it is none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    character = ALIASES.get(found["abbreviation"], found["abbreviation"])
    province = divisions.province_of_abbreviation(character)
    if province is None:
        return None
    stem = character + found["rest"]
    if found["index"] is None:
        return FilingNumber(province, stem, None, None)
    suffix: Suffix = found["suffix"]  # type: ignore[assignment]  # the pattern allows no other
    return FilingNumber(province, stem, int(found["index"]), suffix)


def canonical(text: str | None) -> str | None:
    """A number as the bureau writes it; what is none stays as it is."""
    parsed = parse_number(text) if text else None
    return str(parsed) if parsed else text


def check_subject_number(number: str, province: str) -> NumberRefusal | None:
    """Why this cannot be the 主体备案号 of a subject in this province, or None."""
    parsed = parse_number(number)
    if parsed is None:
        return NumberRefusal(
            code="subject_number.malformed",
            message="主体备案号格式不正确",
            fix=f"应形如 {_sample(province)}",
        )
    if parsed.index is not None:
        return NumberRefusal(
            code="subject_number.is_service_number",
            message="这是服务备案号,不是主体备案号",
            fix=f"去掉末尾的序号,填写 {parsed.stem}",
        )
    if parsed.province != province:
        return _other_province("subject_number.other_province", parsed, province)
    return None


def check_mini_program_number(
    number: str, province: str, subject_number: str | None
) -> NumberRefusal | None:
    """Why this cannot be the number of a mini program of this subject, or None.

    `subject_number` is the subject's own, None where it has none yet: then any stem of the
    province will do. Whether the number is free is not known here.
    """
    parsed = parse_number(number)
    if parsed is None:
        return NumberRefusal(
            code="number.malformed",
            message="小程序备案号格式不正确",
            fix=f"应形如 {_sample(province)}-1X",
        )
    if parsed.index is None:
        return NumberRefusal(
            code="number.without_index",
            message="这是主体备案号,缺少小程序的序号和字母 X",
            fix=f"应形如 {parsed.stem}-1X",
        )
    if parsed.suffix != MINI_PROGRAM_SUFFIX:
        return NumberRefusal(
            code="number.wrong_suffix",
            message=f"这是{_SERVICES[parsed.suffix or '']}的备案号,小程序的备案号以 X 结尾",
            fix=f"应形如 {parsed.stem}-{parsed.index}X,请与管局通知核对",
        )
    if parsed.province != province:
        return _other_province("number.other_province", parsed, province)
    own = parse_number(subject_number) if subject_number else None
    if own is not None and parsed.stem != own.stem:
        return NumberRefusal(
            code="number.other_subject",
            message=f"备案号不属于本主体,本主体的备案号是 {own.stem}",
            fix=f"应形如 {own.stem}-{parsed.index}X,请与管局通知核对",
        )
    return None


def _sample(province: str) -> str:
    return f"{divisions.abbreviation(province) or '京'}ICP备2026000001号"


def _other_province(code: str, parsed: FilingNumber, province: str) -> NumberRefusal:
    own = divisions.abbreviation(province)
    return NumberRefusal(
        code=code,
        message=f"备案号属于{parsed.province},与主体所在省份不一致",
        fix=f"{province}的备案号以“{own}”开头,请核对" if own else "请先更正主体所在省份",
    )
