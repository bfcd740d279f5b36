"""Columns of tables (CSV, Excel): what a heading means, in our paths or in an agency's Chinese, and
what a cell under it means. Pure.

A heading is a path of the application (`subject.name`) or its Chinese name (主体名称). Under either
a cell may hold the Chinese name of a value (企业, 居民身份证) in place of ours, and a date as people
write it (2026/1/5, 2026年1月5日).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from unicodedata import normalize

from filing.vocabulary import (
    APPLICANT_LABELS,
    CERTIFICATE_LABELS,
    KIND_LABELS,
    MATERIAL_LABELS,
    PRE_APPROVALS,
    SERVICE_CONTENTS,
    CancellationReason,
    MaterialType,
)

SPLIT_COLUMN = "mini_program.service_contents"
"""The column that holds several values, separated by `;`."""

PERSONS = {
    "mini_program.principal": "小程序负责人",
    "subject.principal": "主体负责人",
    "subject.legal_representative": "法定代表人",
}
_OF_A_PERSON = {
    "name": "姓名",
    "certificate.type": "证件类型",
    "certificate.number": "证件号码",
    "certificate.valid_from": "证件有效期起",
    "certificate.valid_to": "证件有效期止",
    "mobile": "手机号码",
    "email": "电子邮箱",
    "emergency_mobile": "应急手机号码",
}
_OTHERS = {
    "kind": "备案类型",
    "mini_program.appid": "小程序AppID",
    "mini_program.name": "小程序名称",
    "mini_program.remark": "小程序备注",
    SPLIT_COLUMN: "服务内容标识",
    "mini_program.pre_approvals.0.category": "前置审批类别",
    "mini_program.pre_approvals.0.number": "前置审批文号",
    "mini_program.pre_approvals.0.valid_to": "前置审批有效期止",
    "subject.type": "主体性质",
    "subject.name": "主体名称",
    "subject.certificate.type": "主体证件类型",
    "subject.certificate.number": "主体证件号码",
    "subject.certificate.address": "主体证件住所",
    "subject.certificate.valid_to": "主体证件有效期止",
    "subject.province": "省份",
    "subject.city": "城市",
    "subject.district": "区县",
    "subject.address": "通讯地址",
    "subject.subject_number": "主体备案号",
    "filing_number": "小程序备案号",
    "effective_on": "变更生效日期",
    "cancellation_reason": "注销原因",
    "contact.email": "联系邮箱",
    "agency": "代理机构",
    "customer": "客户编号",
}
_ALSO = {
    "appid": "mini_program.appid",
    "主办单位名称": "subject.name",
    "主办单位性质": "subject.type",
    "统一社会信用代码": "subject.certificate.number",
    "省": "subject.province",
    "市": "subject.city",
    "区": "subject.district",
    "区/县": "subject.district",
    "前置审批": "mini_program.pre_approvals.0.category",
}
"""Other usual headings."""
_PASSED_OVER = frozenset({"序号", "编号", "no", "no."})
"""Headings of columns that number the rows."""

SIDES = {"front": "正面", "back": "反面"}
_TWO_SIDED = frozenset(
    {MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE, MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE}
)

_VALUES: dict[str, dict[str, str]] = {
    "kind": {label: kind.value for kind, label in KIND_LABELS.items()},
    "subject.type": {label: sort.value for sort, label in APPLICANT_LABELS.items()},
    "certificate.type": {label: sort.value for sort, label in CERTIFICATE_LABELS.items()}
    | {"身份证": "resident_id"},
    SPLIT_COLUMN: {label: name for name, label in SERVICE_CONTENTS.items()},
    "category": {label: name for name, label in PRE_APPROVALS.items()},
    "materials.type": {label: sort.value for sort, label in MATERIAL_LABELS.items()},
    "side": {label: side for side, label in SIDES.items()},
    "cancellation_reason": {
        "不再运营": CancellationReason.NO_LONGER_OPERATED.value,
        "主体变更": CancellationReason.SUBJECT_CHANGED.value,
    },
}
"""Chinese names of values and ours, by the end of the column's path."""
_DATES = frozenset({"valid_from", "valid_to", "signed_on", "effective_on"})
_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))")
_NOTE = re.compile(r"[(\[【<].*?[)\]】>]\s*$")
_NUMBER = re.compile(r"\.\d+")


@dataclass(frozen=True)
class Column:
    """One column. `constants` are put beside a cell that is not empty, by their paths."""

    path: str
    constants: dict[str, str] = field(default_factory=dict)


def meant_by(heading: str) -> str | None:
    """The path that a Chinese heading means; empty for one that numbers the rows; None for one that
    is unknown. A paper's, as in 主体负责人证件正面, is `materials/` with its type and side."""
    text = _plain(heading)
    for tried in (text, _plain(_NOTE.sub("", normalize("NFKC", heading).strip()))):
        if tried in _PASSED_OVER:
            return ""
        if tried in _known():
            return _known()[tried]
    return None


def paper_of(meant: str) -> tuple[str, str | None] | None:
    """Type and side of a paper that `meant_by` gave; None where it gave something else."""
    if not meant.startswith("materials/"):
        return None
    type_, _, side = meant.removeprefix("materials/").partition("/")
    return type_, side or None


def value_of(path: str, cell: str) -> str:
    """What a cell means: our name where it holds a Chinese one, an ISO date where it holds a date."""
    if path.rpartition(".")[2] in _DATES:
        return _iso(cell)
    return _names(path).get(cell, cell)


@lru_cache(maxsize=1000)
def _names(path: str) -> dict[str, str]:
    parts = re.sub(r"\.\d+", "", path)
    ends = (end for end in _VALUES if parts == end or parts.endswith(f".{end}"))
    return _VALUES.get(next(ends, ""), {})


def template() -> list[str]:
    """The Chinese headings of a table of applications."""
    return list(_template().values())


def template_paths() -> list[str]:
    """What each of them means."""
    return list(_template())


def is_path(field: str) -> bool:
    """Whether an application may have it: a column's path, or what such lie below; indices aside."""
    plain = _NUMBER.sub("", field)
    known = (_NUMBER.sub("", path) for path in template_paths())
    return any(path == plain or path.startswith(f"{plain}.") for path in known)


def values_of(path: str) -> tuple[str, ...]:
    """The Chinese names of the values that a column takes, where it takes only such."""
    return tuple(_names(path))


@cache
def _template() -> dict[str, str]:
    headings: dict[str, str] = {}
    for path, heading in _OTHERS.items():
        if path == "filing_number":
            headings |= {p: h for person in PERSONS for p, h in _of_person(person)}
        headings[path] = heading
    headings.update(_papers())
    return headings


def _of_person(person: str) -> Iterator[tuple[str, str]]:
    for path, heading in _OF_A_PERSON.items():
        yield f"{person}.{path}", f"{PERSONS[person]}{heading}"


def _papers() -> Iterator[tuple[str, str]]:
    for type_, label in MATERIAL_LABELS.items():
        if type_ in _TWO_SIDED:
            for side, name in SIDES.items():
                yield f"materials/{type_.value}/{side}", f"{label}({name})"
        else:
            yield f"materials/{type_.value}", label


@cache
def _known() -> dict[str, str]:
    named = {_plain(heading): path for path, heading in _template().items()}
    for type_ in _TWO_SIDED:
        for side, name in SIDES.items():
            path = f"materials/{type_.value}/{side}"
            named[_plain(f"{MATERIAL_LABELS[type_]}{name}")] = path
    return named | {_plain(heading): path for heading, path in _ALSO.items()}


def _plain(heading: str) -> str:
    return re.sub(r"[\s*]", "", normalize("NFKC", heading)).lower()


def _iso(cell: str) -> str:
    """A date as people write it in ISO form; anything else as it is."""
    found = _DATE.fullmatch(re.sub(r"\s", "", cell))
    if found is None:
        return cell
    year, month, day = (int(part) for part in found.groups() if part)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return cell
