"""What breaks each rule: a valid application, as plain data, and the one change that does it.

The cases themselves are in `rule_cases_*.py`, by topic; `test_rules.py` runs them all.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from filing.application import Application
from filing.checks import check
from filing.checks_holdings import check_holdings
from filing.files import FileFacts
from filing.holdings import Filed, HeldMiniProgram, HeldSubject, Holdings
from filing.parse import parse_leniently
from filing.problems import Problem
from tests.filing.checking import TODAY, resident_id

Data = dict[str, Any]

GONE = object()
"""A value that takes its key away."""


@dataclass(frozen=True)
class Case:
    """One way to break a rule. `change` is a function of the base's data, or values by path."""

    change: Mapping[str, Any] | Callable[[Data], Data] = field(default_factory=dict)
    base: Callable[[], Data] = field(default_factory=lambda: organisation)
    facts: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """What differs in the facts of a material's file, by its index."""
    holdings: Holdings | None = None
    """What is on file, where the rule is about that."""
    also: frozenset[str] = frozenset()
    """Other rules that cannot but break with it."""

    def data(self) -> Data:
        """The broken application."""
        return changed(self.base(), self.change)


def changed(data: Data, change: Mapping[str, Any] | Callable[[Data], Data]) -> Data:
    """The data with other values at dotted paths, as in `materials.0.file`."""
    if not isinstance(change, Mapping):
        return change(data)
    for path, value in change.items():
        at: Any = data
        *parents, last = path.split(".")
        for part in parents:
            at = at[int(part)] if part.isdecimal() else at[part]
        if isinstance(at, list) and int(last) == len(at):
            at.append(value)
        elif value is GONE:
            del at[last]
        else:
            at[int(last) if last.isdecimal() else last] = copy.deepcopy(value)
    return data


@cache
def _example() -> Data:
    file = Path(__file__).parents[2] / "examples" / "new-organisation.yaml"
    data: Data = yaml.safe_load(file.read_text(encoding="utf-8"))
    return data


def organisation() -> Data:
    """A new filing of an enterprise in 江苏省 with two principals."""
    return copy.deepcopy(_example())


def individual() -> Data:
    """A new filing of a person from 江苏省, who is both principals."""
    data = organisation()
    number = resident_id("19700101", "320583")
    person = data["subject"]["principal"]
    person["certificate"]["number"] = number
    subject = {
        "type": "individual",
        "name": person["name"],
        "certificate": {"type": "resident_id", "number": number, "address": "江苏省苏州市昆山市"},
    }
    data["subject"] |= subject
    del data["subject"]["legal_representative"]
    data["mini_program"]["principal"] = copy.deepcopy(person)
    data["materials"] = data["materials"][1:3]
    data["mini_program"] |= {
        "name": "昆山示例记事",
        "remark": "个人使用的记事工具,记录每日事项并按时提醒,数据只保存在本机",
        "service_contents": ["tools"],
    }
    return data


def change_subject() -> Data:
    """A change of the subject's address, known what is on file."""
    return _change("change_subject", "subject.address", "示例路2号")


def change_mini_program() -> Data:
    """A change of the mini program's name, known what is on file."""
    return _change("change_mini_program", "mini_program.name", "昆山示例新商城")


def _change(kind: str, path: str, value: str) -> Data:
    data = _filed(kind)
    on_file = copy.deepcopy({key: data[key] for key in ("mini_program", "subject")})
    data |= {"on_file": on_file, "effective_on": TODAY + timedelta(days=30), "materials": []}
    return changed(data, {path: value})


def cancellation(kind: str = "cancel_mini_program") -> Data:
    """A cancellation of what is on file; its papers went with the filing."""
    reason = "no_longer_operated"
    return _filed(kind) | {"cancellation_reason": reason, "materials": []}


def cancel_subject() -> Data:
    """The same of the whole subject."""
    return cancellation("cancel_subject")


def cancel_access() -> Data:
    """The same of this platform's access alone."""
    return cancellation("cancel_access")


def _filed(kind: str) -> Data:
    data = organisation() | {"kind": kind, "filing_number": "苏ICP备2026000001号-1X"}
    return changed(data, {"subject.subject_number": "苏ICP备2026000001号"})


HELD = Holdings(
    subject=HeldSubject(
        subject_number="苏ICP备2026000001号", province="江苏省", status=Filed.FILED
    ),
    mini_program=HeldMiniProgram(
        appid="wx1a2b3c4d5e6f7a8b", filing_number="苏ICP备2026000001号-1X", status=Filed.FILED
    ),
    filed=1,
)
"""What is on file of the mini program that the bases are about."""


def held(**differs: Any) -> Holdings:
    """`HELD` with other values: of the subject as `subject_…`, of the mini program as `program_…`,
    the subject's data in force as `data`."""
    data = HELD.model_dump()
    for key, value in differs.items():
        owner, _, field_ = key.partition("_")
        if key in ("data", "on_file"):
            data["subject_data" if key == "data" else key] = value
        elif owner == "subject":
            data["subject"][field_] = value
        elif owner == "program":
            data["mini_program"][field_] = value
        else:
            data[key] = value
    return Holdings.model_validate(data)


def facts_of(application: Application) -> dict[str, FileFacts]:
    """Good facts of every file, each with its own content: `f"{index:064x}"`."""
    return {
        m.file: FileFacts(
            file=m.file,
            sha256=f"{i:064x}",
            media_type="image/png",
            size=100_000,
            width=1280,
            height=720,
        )
        for i, m in enumerate(application.materials)
    }


def problems_of(
    data: Any,
    facts: Mapping[int, Mapping[str, Any]] | None = None,
    holdings: Holdings | None = None,
) -> tuple[Problem, ...]:
    """Everything that is wrong with what a file held, shape and sense."""
    application, problems = parse_leniently(data)
    if application is None:
        return problems
    files = facts_of(application)
    for index, differs in (facts or {}).items():
        name = application.materials[index].file
        files[name] = files[name].model_copy(update=dict(differs))
    against = check_holdings(application, holdings) if holdings is not None else ()
    return (*problems, *check(application, files, TODAY), *against)
