"""What is wrong with a message, in Chinese: what is expected there, and never what was sent."""

import re
from datetime import datetime

from pydantic_core import ErrorDetails

from filing.model import Model
from filing.parse import known_keys

_NAME = re.compile(r"[A-Za-z0-9_\[\]-]{1,40}")
_LONG_NUMBER = re.compile(r"[0-9]{4}")
_INSTANT = "应为带时区的时间,如 2026-11-24T10:00:00+08:00"


def explain(error: ErrorDetails, shape: type[Model]) -> str:
    """One fault of a message of this shape, as in `outcome: 可用的值:approve、return、reject`."""
    # Only names such as ours: a sender's own keys may hold anything.
    path = ".".join(str(part) for part in error["loc"] if _plain(str(part))) or "内容"
    return f"{path}: {_expected(error, shape)}"


def _expected(error: ErrorDetails, shape: type[Model]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "literal_error" | "enum":
            values = context["expected"].replace(" or ", ", ").replace("'", "")
            return f"可用的值:{values.replace(', ', '、')}"
        case "missing":
            return "缺少"
        case "extra_forbidden":
            return f"没有这个字段,可用的有:{'、'.join(known_keys(shape, error['loc'][:-1]))}"
        case "string_type":
            return "应为文字"
        case "string_too_short":
            return "不能为空"
        case "string_too_long":
            return f"最多 {context['max_length']} 个字符"
        case "int_type":
            return "应为整数,不加引号"
        case "greater_than_equal" if isinstance(context["ge"], datetime):
            return f"不能早于 {context['ge']:%Y} 年"
        case "greater_than_equal":
            return f"应为不小于 {context['ge']} 的整数"
        case "tuple_type":
            return "应为列表"
        case "too_long":
            return f"最多 {context['max_length']} 项"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "应为 JSON 对象"
        case "reasons_too_long":
            return "全部原因合计过长,请缩短"
        case kind if kind.startswith(("datetime", "timezone")):
            return _INSTANT
    return "不是可用的内容"


def _plain(part: str) -> bool:
    return _NAME.fullmatch(part) is not None and _LONG_NUMBER.search(part) is None
