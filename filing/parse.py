"""From what a file or a message holds to an application, or to every fault of its shape.

Total: any Python value gives an answer, never an exception. A fault names where it is and what is
expected there, and never what was found: that may be somebody's number or name.
"""

import math
import re
import types
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from filing.application import LONG_TERM, Application
from filing.findings import problem
from filing.model import Model
from filing.problems import Problem

MOST_PROBLEMS = 200
"""More help nobody; what was left out is said in the last one."""

MOST_VALUES = 5_000
"""Values in one application; a real one has about a hundred."""

MOST_LEVELS = 12
"""Levels of nesting; the model has four."""

LONGEST_TEXT = 2_000
"""Characters of one text; no field of a filing needs more."""

MOST_CHARACTERS = 200_000
"""Characters of all texts together: an application travels with the filing's state, which must stay
well below Temporal's 2 MB; a real one has some thousands."""

LABELS = {
    "kind": "备案类型",
    "mini_program": "小程序信息",
    "appid": "小程序 AppID",
    "name": "名称",
    "remark": "备注",
    "service_contents": "服务内容标识",
    "pre_approvals": "前置审批",
    "category": "前置审批类别",
    "principal": "负责人",
    "subject": "主体信息",
    "certificate": "证件",
    "number": "号码",
    "address": "地址",
    "province": "省份",
    "city": "城市",
    "district": "区县",
    "legal_representative": "法定代表人",
    "subject_number": "主体备案号",
    "mobile": "手机号码",
    "emergency_mobile": "应急手机号码",
    "email": "电子邮箱",
    "valid_from": "证件有效期起",
    "valid_to": "有效期止",
    "materials": "材料",
    "type": "类型",
    "file": "文件",
    "side": "正反面",
    "signed_on": "签署日期",
    "contact": "联系方式",
    "filing_number": "小程序备案号",
    "on_file": "已备案的资料",
    "effective_on": "变更生效日期",
    "cancellation_reason": "注销原因",
    "verification": "认证信息",
    "auth_data": "认证数据",
    "agency": "代理机构",
    "customer": "客户编号",
}

_DATE_KEYS = frozenset({"valid_from", "valid_to", "signed_on", "effective_on"})
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
"""Unicode categories: controls, formats, lone surrogates, unassigned, private, separators."""
_LONG_NUMBER = re.compile(r"[0-9]{4,}")
_LONGEST_KEY = 40
_OUR_KIND_OF_KEY = re.compile(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{_LONGEST_KEY - 1}}}")


_AS_GIVEN = ("verification", "auth_data")
"""What lies below it goes to the authority as it is."""


class _Unusable:
    """Stands for a value that no field takes, so that nothing converts it silently."""


_UNUSABLE = _Unusable()


class _TooLarge(Exception):
    """The data cannot be one application."""


def parse_application(data: Any) -> Application | tuple[Problem, ...]:
    """The application that `data` (as read from YAML or JSON) holds, or what is wrong with it."""
    application, problems = parse_leniently(data)
    return application if application is not None and not problems else problems


def parse_leniently(data: Any) -> tuple[Application | None, tuple[Problem, ...]]:
    """What is wrong, and the application as far as it can be read in spite of it, so that its checks
    can be shown at once too; None where too much is missing. Without problems it is the application.
    """
    if isinstance(data, Application):
        return data, ()
    try:
        reader = _Reader()
        plain = reader.read(data, ())
    except _TooLarge:
        fix = f"一份申请最多 {MOST_VALUES} 个值、{MOST_CHARACTERS} 个字符、{MOST_LEVELS} 层,请检查文件内容"
        return None, (problem("", "too_large", "内容过多或嵌套过深,不是一份备案申请", fix),)
    found = reader.problems
    try:
        return Application.model_validate(plain), _limited(list(found.values()))
    except ValidationError as invalid:
        # a text refused above was replaced, so what the model says of it is beside the point
        also = [p for p in _problems(invalid) if p.path not in found]
        problems = _limited([*found.values(), *also])
        return _without_unknown_keys(plain, invalid), problems


def _without_unknown_keys(plain: Any, invalid: ValidationError) -> Application | None:
    for detail in invalid.errors(include_url=False, include_input=False):
        if detail["type"] != "extra_forbidden":
            return None
        here = plain
        for part in detail["loc"][:-1]:
            here = here[part]
        del here[detail["loc"][-1]]
    return Application.model_validate(plain)


class _Reader:
    """Copies what came into dicts, lists, texts and dates; everything else becomes unusable.

    No field is a number, and pydantic would read one as a Unix time where a date is due. Texts
    that the registry or the authority could not take are listed in `problems`.
    """

    def __init__(self) -> None:
        self.problems: dict[str, Problem] = {}
        self._values = 0
        self._characters = 0

    def read(self, value: Any, loc: tuple[str, ...]) -> Any:
        self._values += 1
        if self._values > MOST_VALUES or len(loc) > MOST_LEVELS:
            raise _TooLarge
        if isinstance(value, Mapping):
            items = [(self._key(k), v) for k, v in value.items()]
            return {k: self.read(v, (*loc, k)) for k, v in items}
        if isinstance(value, list | tuple):
            return [self.read(v, (*loc, str(i))) for i, v in enumerate(value)]
        if isinstance(value, str):
            self._characters += len(value)
            if self._characters > MOST_CHARACTERS:
                raise _TooLarge
            return value if loc[:2] == _AS_GIVEN else self._text(str(value), loc)
        if loc[:2] == _AS_GIVEN:
            return self._as_given(value)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        return _UNUSABLE

    def _as_given(self, value: Any) -> Any:
        """JSON, whose fields are the authority's."""
        if value is None or isinstance(value, bool | int) or _is_finite(value):
            return value
        path = ".".join(_AS_GIVEN)
        fix = "请只填写 JSON 能表示的值;日期请加引号"
        self.problems[path] = problem(path, "wrong_type", "认证数据不是 JSON", fix)
        return None

    def _text(self, value: str, loc: tuple[str, ...]) -> Any:
        key = loc[-1] if loc else ""
        if key in _DATE_KEYS:
            text = value.strip()
            # pydantic takes more, such as digits alone for a Unix time
            return text if _ISO_DATE.fullmatch(text) or text == LONG_TERM else _UNUSABLE
        label = LABELS.get(key, "内容")
        path = _path(tuple(part if part in LABELS or part.isdecimal() else "?" for part in loc))
        if len(value) > LONGEST_TEXT:
            fix = f"请缩短到 {LONGEST_TEXT} 个字符以内"
            self.problems[path] = problem(path, "too_long", f"{label}过长", fix)
        elif any(
            unicodedata.category(c) in _INVISIBLE and not (c in "\r\n\t" and key == "remark")
            for c in value.strip()
        ):
            message = f"{label}含有换行、零宽等不可见字符"
            self.problems[path] = problem(path, "invisible_character", message, "请手工重新输入")
        else:
            return value
        return ""

    @staticmethod
    def _key(key: Any) -> str:
        return str(key) if isinstance(key, str) else f"<{type(key).__name__}>"


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _limited(listed: list[Problem]) -> tuple[Problem, ...]:
    if len(listed) <= MOST_PROBLEMS:
        return tuple(listed)
    left = len(listed) - MOST_PROBLEMS + 1
    last = problem("", "too_many_problems", f"另有 {left} 个问题未列出", "请先更正以上问题")
    return (*listed[: MOST_PROBLEMS - 1], last)


def _problems(invalid: ValidationError) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for detail in invalid.errors(include_url=False):
        found = _problem(detail)
        # a union reports once per member
        if (found.path, found.code) not in seen:
            seen.add((found.path, found.code))
            yield found


def _problem(detail: ErrorDetails) -> Problem:
    loc, kind = detail["loc"], detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(loc)
    key = next((part for part in reversed(loc) if isinstance(part, str) and part in LABELS), "")
    if key in _DATE_KEYS and key in loc:
        loc = loc[: loc.index(key) + 1]
    path, label = _path(loc), LABELS.get(key, "申请")
    if kind == "missing":
        return problem(path, "missing", f"缺少{label}", f"请填写 {path}")
    if key in _DATE_KEYS:
        also = ",长期有效的填写 长期" if key == "valid_to" else ""
        return problem(path, "wrong_date", f"{label}不是日期", f"请按 2026-01-31 的格式填写{also}")
    if kind in ("enum", "literal_error"):
        known = detail["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        fix = f"可填写:{known}"
        return problem(path, "unknown_value", f"{label}不是可用的值", fix)
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return problem(
            path, "wrong_type", f"{label}应为一组键和值", "请参照 examples/ 中的申请文件"
        )
    if kind in ("tuple_type", "list_type"):
        return problem(path, "wrong_type", f"{label}应为列表", "请写成列表,没有时写 []")
    fix = "请填写文字;号码请加引号,例如 '13800000000'" if kind == "string_type" else "请重新填写"
    return problem(path, "wrong_type", f"{label}应为文字", fix)


def _unknown_key(loc: tuple[int | str, ...]) -> Problem:
    key, known = str(loc[-1]), known_keys(Application, loc[:-1])
    shown = _may_be_shown(key)
    path = _path((*loc[:-1], key if shown else "?"))
    near = get_close_matches(key[:_LONGEST_KEY], known, 1, 0.6)
    fix = f"是否应为 {near[0]}?" if near else f"请删除;可用的键:{'、'.join(known)}"
    return problem(path, "unknown_key", f"不认识的键 {key}" if shown else "不认识的键", fix)


def _may_be_shown(key: str) -> bool:
    """Whether a key may be repeated: a name such as ours, without a number in it. What is written in
    Chinese may be somebody's name."""
    return _OUR_KIND_OF_KEY.fullmatch(key) is not None and _LONG_NUMBER.search(key) is None


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)


def known_keys(model: type[Model], loc: tuple[int | str, ...]) -> list[str]:
    """The keys of what lies at `loc` of a model."""
    for part in loc:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[Model] | None:
    if get_origin(annotation) in (tuple, Union, types.UnionType):
        return next((m for a in get_args(annotation) if (m := _model_in(a))), None)
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return None
