"""The example application, and a way to change one thing in it."""

import copy
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from filing.application import Application

Edit = Callable[[Mapping[str, Any]], Application]


@cache
def _example() -> dict[str, Any]:
    file = Path(__file__).parents[2] / "examples" / "new-organisation.yaml"
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return data


@pytest.fixture
def example_data() -> dict[str, Any]:
    """The example as plain data, the test's own copy."""
    return copy.deepcopy(_example())


@pytest.fixture
def edited(example_data: dict[str, Any]) -> Edit:
    """The example with other values at dotted paths, as in `subject.principal.mobile`."""

    def edit(changes: Mapping[str, Any]) -> Application:
        for path, value in changes.items():
            at: Any = example_data
            *parents, last = path.split(".")
            for part in parents:
                at = at[int(part)] if part.isdecimal() else at[part]
            at[int(last) if last.isdecimal() else last] = value
        return Application.model_validate(example_data)

    return edit
