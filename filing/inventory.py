"""The inventory: the mini programs that we answer for, whoever filed them, and since when listed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from filing.identifiers import is_appid, is_email
from filing.model import Model
from filing.problems import Problem

COLUMNS = ("appid", "name", "contact", "listed_since")
MOST_NAME = 60
"""Longest name, in characters: twice what a mini program's may have."""
FIRST_YEAR = 2016
"""No mini program was listed before (it is the year of WeChat's closed test)."""


class InventoryItem(Model):
    """A mini program. `contact` is its owner's e-mail address; it goes to no log."""

    appid: str
    name: str
    contact: str
    listed_since: date | None
    """None: not listed."""


def parse_item(data: Mapping[str, Any], today: date) -> InventoryItem | tuple[Problem, ...]:
    """The mini program of a row (texts by column; absent is empty), or every problem of it.

    Messages repeat the value where it is not private, which an e-mail address is.
    """
    problems = [_unknown(key) for key in data if key not in COLUMNS]
    text: dict[str, str] = {}
    for column in COLUMNS:
        value = data.get(column)
        if value is None:
            text[column] = ""
        elif isinstance(value, str):
            text[column] = value.strip()
        else:
            text[column] = ""
            problems.append(_problem(column, "not_text", f"{column} 不是文本", "请填写一个文本值"))
    wrong = {problem.path for problem in problems}
    listed, faults = _listed_since(text["listed_since"], today)
    faults += _appid(text["appid"]) + _name(text["name"]) + _contact(text["contact"])
    problems += [fault for fault in faults if fault.path not in wrong]
    if problems:
        return tuple(sorted(problems, key=lambda p: _place(p.path)))
    return InventoryItem(
        appid=text["appid"], name=text["name"], contact=text["contact"], listed_since=listed
    )


def _place(path: str) -> int:
    return COLUMNS.index(path) if path in COLUMNS else len(COLUMNS)


def _problem(path: str, code: str, message: str, fix: str) -> Problem:
    return Problem(path=path, code=code, message=message, fix=fix)


def _unknown(key: str) -> Problem:
    fix = f"只填写 {', '.join(COLUMNS)}"
    return _problem(shown(key), "unknown_field", f"没有“{shown(key)}”这一字段", fix)


def shown(value: str) -> str:
    """Other people's text for a message: on one line, and short."""
    plain = "".join(c if c.isprintable() else "�" for c in value)
    return plain if len(plain) <= 40 else f"{plain[:40]}…"


def _appid(text: str) -> list[Problem]:
    fix = "填写小程序的 AppID:wx 加 16 位小写十六进制字符,如 wx1a2b3c4d5e6f7a8b"
    if not text:
        return [_problem("appid", "missing", "缺少 AppID", fix)]
    if not is_appid(text):
        return [_problem("appid", "appid", f"“{shown(text)}”不是 AppID", fix)]
    return []


def _name(text: str) -> list[Problem]:
    fix = f"填写小程序的名称,不超过 {MOST_NAME} 个字符"
    if not text:
        return [_problem("name", "missing", "缺少小程序名称", fix)]
    if len(text) > MOST_NAME or not text.isprintable():
        return [_problem("name", "name", f"名称“{shown(text)}”过长或含有控制字符", fix)]
    return []


def _contact(text: str) -> list[Problem]:
    fix = "填写负责人的电子邮箱,如 ops@example.com"
    if not text:
        return [_problem("contact", "missing", "缺少联系邮箱", fix)]
    if not is_email(text):
        return [_problem("contact", "email", "联系方式不是电子邮箱地址", fix)]
    return []


def _listed_since(text: str, today: date) -> tuple[date | None, list[Problem]]:
    if not text:
        return None, []
    fix = "写成 2023-05-01 这样的日期;尚未上架的留空"
    try:
        # Exactly this form: `fromisoformat` alone would take 20230501 and 2023-W18-1 too.
        day = date.fromisoformat(text) if len(text) == 10 and text[4] == "-" else None
    except ValueError:
        day = None
    if day is None or text != day.isoformat():
        return None, [_problem("listed_since", "date", f"“{shown(text)}”不是日期", fix)]
    if day > today:
        message = f"上架日期 {day} 晚于今天({today})"
        return None, [_problem("listed_since", "in_future", message, fix)]
    if day.year < FIRST_YEAR:
        message = f"上架日期 {day} 早于小程序出现的 {FIRST_YEAR} 年"
        return None, [_problem("listed_since", "too_early", message, fix)]
    return day, []
