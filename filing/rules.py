"""The rules behind the checks, as data: what each says, where it comes from, how much that is worth.

`data/rules/*.yaml` holds one item per problem code, a file per topic. A check finds; how severe a
finding is stands there, and an operator may change it for those that are switchable.
`python -m tests.docs.rules` writes them all to `docs/rules.md`.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal, get_args

import yaml
from pydantic import Field, model_validator

from filing.model import Model
from filing.problems import Problem

Mark = Literal["O", "V", "SEED", "FORM", "S", "UNVERIFIED"]
"""How much a source is worth: an official text; another vendor's page on the same national system;
the guide that this project implements; a form (digits, lengths, our own file's shape); a secondary
restatement; general knowledge that no page confirmed."""

UNSURE: tuple[Mark, ...] = ("S", "UNVERIFIED")
"""What rests on these alone warns, unless an operator wants it otherwise."""

Level = Literal["error", "warning", "off"]

Levels = Mapping[str, Level]
"""What an operator wants of rules, by code, in place of their own severity."""

AS_WRITTEN: Levels = MappingProxyType({})
"""Every rule as severe as it is in the table."""


class Rule(Model):
    """One rule. `field` is the path that a problem of it has; `*` stands for one or more parts of
    it, and alternatives are separated by ` | `."""

    code: str = Field(pattern=r"^[a-z_]+(\.[a-z_]+)?$")
    field: str
    rule: str = Field(min_length=1)
    source: str = Field(min_length=1)
    mark: Mark
    severity: Literal["error", "warning"]
    switchable: bool = False

    @model_validator(mode="after")
    def _only_what_is_sure_refuses(self) -> "Rule":
        if self.severity == "error" and self.mark in UNSURE:
            raise ValueError(f"{self.code}: what rests on {self.mark} alone may only warn")
        return self


@cache
def topics() -> Mapping[str, tuple[Rule, ...]]:
    """All rules, by the names of their files. Read once.

    Raises ValueError where an item is wrong or a code is there twice.
    """
    folder = resources.files("filing") / "data" / "rules"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    read = {f.name.removesuffix(".yaml"): rules_of(f.read_text(encoding="utf-8")) for f in files}
    by_code(rule for listed in read.values() for rule in listed)
    return read


def rules_of(text: str) -> tuple[Rule, ...]:
    """The rules that a topic's YAML holds. Raises ValueError where one is wrong."""
    items: list[Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506  # both loaders are safe ones
    return tuple(Rule.model_validate(item) for item in items)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def by_code(rules: Iterable[Rule]) -> dict[str, Rule]:
    """The rules by their codes. Raises ValueError where two have the same."""
    found: dict[str, Rule] = {}
    for rule in rules:
        if rule.code in found:
            raise ValueError(f"rule {rule.code} is there twice")
        found[rule.code] = rule
    return found


@cache
def table() -> Mapping[str, Rule]:
    """All rules by code."""
    return by_code(rule for listed in topics().values() for rule in listed)


def levels_of(text: str) -> Levels:
    """What an operator wrote, as in `remark.vague=error, name.unrelated=off`.

    Raises ValueError with the part that is wrong and the fix.
    """
    wanted: dict[str, Level] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        code, equals, level = (p.strip() for p in part.partition("="))
        if not equals or level not in get_args(Level):
            raise ValueError(f"{part!r}: write CODE=error, CODE=warning or CODE=off")
        switchable = [rule.code for rule in table().values() if rule.switchable]
        if code not in switchable:
            near = get_close_matches(code, switchable, 3, 0.5)
            fix = f"did you mean {', '.join(near)}?" if near else "docs/rules.md lists them"
            raise ValueError(f"{code!r} is not a rule that can be switched: {fix}")
        if code in wanted:
            raise ValueError(f"{code!r} is there twice: keep one")
        wanted[code] = level  # type: ignore[assignment]  # one of Level, as tested above
    return wanted


def leveled(problems: Iterable[Problem], levels: Levels) -> tuple[Problem, ...]:
    """The problems with the severities that the operator wants, without those that are off."""
    return tuple(
        problem if level is None else problem.model_copy(update={"severity": level})
        for problem in problems
        if (level := levels.get(problem.code)) != "off"
    )
