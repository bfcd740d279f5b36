"""Paths of an application's fields, as reasons name them: `subject.name`, `materials.1.file`."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import chain
from typing import Any

from filing.application import Application
from filing.parse import LABELS

_INDEX = re.compile(r"\[([0-9]+)\]")
_ALIKE = 0.6


def paths_of(application: Application) -> tuple[str, ...]:
    """Every path of the application, of groups and lists too, in its order."""
    return tuple(_walk(application.model_dump(mode="json"), ""))


def nearest_path(field: str, application: Application) -> str | None:
    """The application's path that is meant by `field`, as by `materials[1]`, `remark` or 小程序备注;
    `field` itself where it is one, None where none is like it."""
    paths = paths_of(application)
    field = _INDEX.sub(r".\1", field.strip())
    if field in paths:
        return field
    named = {_label(path): path for path in reversed(paths) if not re.search(r"[0-9]", path)}
    by_label = (named[label] for label in get_close_matches(field, named, 1, _ALIKE))
    by_end = (path for path in paths if path.endswith(f".{field}"))
    by_path = get_close_matches(field, named.values(), 1, _ALIKE)
    return next(chain(by_label, by_end, by_path, _above(field, paths)), None)


def _walk(value: Any, path: str) -> Iterator[str]:
    if path:
        yield path
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from _walk(inner, f"{path}.{key}".removeprefix("."))


def _label(path: str) -> str:
    """A path in Chinese, as in 小程序备注."""
    return "".join(LABELS.get(part, part).removesuffix("信息") for part in path.split("."))


def _above(field: str, paths: tuple[str, ...]) -> Iterator[str]:
    """The groups that a path lies in, the innermost first."""
    while "." in field:
        field = field.rpartition(".")[0]
        if field in paths:
            yield field
