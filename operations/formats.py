"""From the text of an application to plain data, one function a format. Pure; raises `Unreadable`.

What comes out are dicts, lists, text, true, false and null, as JSON has them, but **no numbers and
no dates**: a number is kept as the text that was written. The application has none (identity and
phone numbers are text, and pydantic reads dates from text), and YAML would make something else of
`0512`, of `110101199003077777` and of `2026-01-01`. YAML's `yes`, `no`, `on`, `off` stay text too.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from filing.problems import Problem

MAX_DOCUMENT = 1024 * 1024
"""The largest application, in bytes: one file, or one line of JSON Lines, or one row."""
MAX_DEPTH = 50
"""How deep mappings and lists may be nested; an application needs 5."""
MAX_PATH = 200
"""Longest path, in characters, whose line is kept: or depth times width would fill the memory."""

_CONSTANTS = {"": None, "~": None} | {
    spelling: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}
# Possessive, so that no text makes it go back: brackets outside of strings, in linear time.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """What cannot become data: `problem` says why, where and what to do."""

    def __init__(self, code: str, message: str, fix: str, path: str = "") -> None:
        super().__init__(code)
        self.problem = Problem(path=path, code=code, message=message, fix=fix)


def too_large(limit: int) -> Unreadable:
    """What is larger than that many bytes."""
    size = f"{limit // (1024 * 1024)} MB"
    return Unreadable(
        "file_too_large",
        f"内容超过 {size}",
        "申请文件只写文字，照片和证件以路径引用；多份申请请用 JSON Lines、CSV 或 Excel",
    )


def _mapping(value: Any, row: str | None = None) -> dict[str, Any]:
    """The value, where it can be an application at all; `row`: what a line of a file of many holds."""
    if isinstance(value, dict):
        return value
    if row is not None:
        raise Unreadable(
            "not_a_mapping", "这一行不是一个 JSON 对象", f"每行写一{row}，以 {{ 开头，以 }} 结尾"
        )
    raise Unreadable(
        "not_a_mapping",
        "内容不是一份申请（应为 kind、mini_program、subject 等字段的集合）",
        "一个 YAML 或 JSON 文件只写一份申请；多份请用 JSON Lines（.jsonl）或 CSV（.csv）",
    )


def shown(key: str) -> str:
    """A key for a message: short, and without a number that may be somebody's."""
    return re.sub(r"\d{5,}", "…", _UNSTORABLE.sub("?", key))[:60]


def storable(text: str, path: str) -> str:
    """The text, where it has no character that neither a form nor a database can hold."""
    if _UNSTORABLE.search(text):
        raise Unreadable(
            "bad_character", "含有控制字符或不成对的代理字符", "请删除该字符后重新填写", path
        )
    return text


def _joined(path: str, part: str | int) -> str:
    return f"{path}.{part}" if path else str(part)


def _duplicate(key: str, path: str, where: str) -> Unreadable:
    return Unreadable(
        "duplicate_key",
        f"字段 {shown(key)} 重复出现{where}",
        "同一字段只保留一个",
        _joined(path, shown(key)),
    )


def _too_deep(where: str) -> Unreadable:
    return Unreadable(
        "too_deep", f"嵌套超过 {MAX_DEPTH} 层{where}", "请按样例的层次书写，不要层层嵌套"
    )


# YAML


@dataclass
class _Open:
    """A mapping or a list that is being filled."""

    value: dict[str, Any] | list[Any]
    path: str
    key: str | None = None
    """In a mapping: the key whose value comes next."""
    keys: dict[str, int] = field(default_factory=dict)
    """In a mapping: the line of each key so far."""

    def place(self) -> str:
        """The path of the value that comes next."""
        return _joined(self.path, len(self.value) if self.key is None else shown(self.key))

    def put(self, value: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value[self.key], self.key = value, None


def from_yaml(text: str, lines: dict[str, int]) -> dict[str, Any]:
    """The one document, built from the parser's events with a stack of our own: nothing here calls
    itself, copies an alias or believes a tag. `lines` is filled with the line of each path."""
    stack: list[_Open] = []
    root: list[Any] = []
    try:
        for event in yaml.parse(text, Loader=_YAML_LOADER):
            assert event.start_mark is not None  # a parsed one has its place
            line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent) and root:
                raise Unreadable(
                    "many_documents",
                    f"第 {line} 行开始了第二份文档",
                    "一个 YAML 文件只写一份申请；多份请用 JSON Lines 或 CSV",
                )
            if isinstance(event, yaml.NodeEvent):
                _refuse_magic(event, line)
            if isinstance(event, yaml.ScalarEvent):
                _yaml_scalar(event, line, stack, root, lines)
            elif isinstance(event, yaml.CollectionStartEvent):
                _yaml_open(event, line, stack, lines)
            elif isinstance(event, yaml.CollectionEndEvent):
                done = stack.pop().value
                if stack:
                    stack[-1].put(done)
                else:
                    root.append(done)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _yaml_syntax(f"：第 {mark.line + 1} 行附近" if mark else "") from None
    except yaml.YAMLError:
        raise _yaml_syntax("") from None
    return _mapping(root[0] if root else None)


def _yaml_syntax(where: str) -> Unreadable:
    # The parser's own text quotes the source, which may be somebody's number.
    return Unreadable(
        "syntax",
        f"YAML 语法不正确{where}",
        "请检查缩进（不用制表符）、冒号后的空格和成对的引号",
    )


def _refuse_magic(event: yaml.NodeEvent, line: int) -> None:
    """Aliases grow without bound, tags make objects: neither has a use here."""
    if event.anchor is not None:
        raise Unreadable(
            "alias", f"第 {line} 行用了锚点或别名（& 或 *）", "请把内容直接写出；文字请加引号"
        )
    if getattr(event, "tag", None) is not None:
        raise Unreadable("tag", f"第 {line} 行用了标签（!）", "请删除标签；文字请加引号")


def _yaml_scalar(
    event: yaml.ScalarEvent,
    line: int,
    stack: list[_Open],
    root: list[Any],
    lines: dict[str, int],
) -> None:
    parent = stack[-1] if stack else None
    if parent is not None and isinstance(parent.value, dict) and parent.key is None:
        key = storable(event.value, parent.path)
        if key in parent.keys:
            where = f"（第 {parent.keys[key]} 行和第 {line} 行）"
            raise _duplicate(key, parent.path, where)
        parent.key, parent.keys[key] = key, line
        return
    path = parent.place() if parent else ""
    if len(path) <= MAX_PATH:
        lines[path] = line
    value: Any = storable(event.value, path)
    if event.implicit[0]:  # written plain, without quotes
        value = _CONSTANTS.get(value, value)
    if parent is None:
        root.append(value)
    else:
        parent.put(value)


def _yaml_open(
    event: yaml.CollectionStartEvent, line: int, stack: list[_Open], lines: dict[str, int]
) -> None:
    parent = stack[-1] if stack else None
    if len(stack) >= MAX_DEPTH:
        raise _too_deep(f"（第 {line} 行）")
    if parent is not None and isinstance(parent.value, dict) and parent.key is None:
        raise Unreadable(
            "bad_key", f"第 {line} 行的字段名不是文字", "字段名请写成文字，如 name:", parent.path
        )
    path = parent.place() if parent else ""
    if len(path) <= MAX_PATH:
        lines[path] = line
    stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], path))


# JSON


def from_json(text: str, *, line: int = 1, row: str | None = None) -> dict[str, Any]:
    """The one document, which begins in that line; `row`: what it is in a file of many. Its depth is
    measured before the parser, which calls itself, sees it."""
    depth = 0
    for token in _JSON_TOKEN.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise _too_deep("")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_int=str,
            parse_float=str,
            parse_constant=_not_json,
        )
    except json.JSONDecodeError as error:
        raise Unreadable(
            "syntax",
            f"JSON 语法不正确：第 {error.lineno + line - 1} 行第 {error.colno} 列附近",
            "请检查逗号、双引号和括号；末尾不要有多余的逗号或内容",
        ) from None
    _check_text(value, "")
    return _mapping(value, row)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise _duplicate(key, "", "")
        seen[key] = value
    return seen


def _not_json(constant: str) -> Any:
    raise Unreadable("not_json", f"{constant} 不是 JSON 的值", "请删除该字段，或填写正确的内容")


def _check_text(value: Any, path: str) -> None:
    """Refuse what no form and no database can hold, in keys and values; at most `MAX_DEPTH` deep."""
    if isinstance(value, str):
        storable(value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_text(item, _joined(path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            storable(key, path)
            _check_text(item, _joined(path, shown(key)))
