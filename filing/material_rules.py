"""Which papers are asked for, as data: `data/materials.yaml`, parsed.

A rule holds where all that its `when` says is so. It knows no formulas: what it may ask about an
application is a kind, a province, a day, or a `Circumstance`. Read on first use and kept.
"""

from datetime import date
from enum import Enum
from functools import cache
from importlib import resources
from typing import Literal, Self

import yaml
from pydantic import Field, model_validator

from filing import divisions
from filing.model import Model
from filing.rules import UNSURE, Mark
from filing.vocabulary import CANCELLATIONS, Kind, MaterialType

Need = Literal["required", "conditional", "optional"]
"""Lacking a required paper is an error, a conditional one a warning, an optional one nothing."""

NEED_LABELS: dict[Need, str] = {
    "required": "必需",
    "conditional": "视情况",
    "optional": "可选",
}

Each = Literal["subject_principal", "mini_program_principal", "pre_approval"]
"""A rule that asks for a paper of a person, by sides, or for one of each pre-approval declared."""


class Circumstance(str, Enum):
    """What a rule may ask about an application."""

    ORGANISATION = "organisation"
    INDIVIDUAL = "individual"
    ONE_PRINCIPAL = "one_principal"
    """One person is in charge of both subject and mini program."""
    DELEGATED = "delegated"
    """The subject's principal is not the legal representative."""
    MINI_PROGRAM_DELEGATED = "mini_program_delegated"
    FROM_OTHER_PROVINCE = "from_other_province"
    """An individual whose identity card is another province's."""
    MINOR = "minor"
    """A principal who is under 18."""


class When(Model):
    """When a rule holds: all of it, where given. Provinces by their one character, as 苏."""

    kinds: tuple[Kind, ...] = tuple(kind for kind in Kind if kind not in CANCELLATIONS)
    """Cancellations ask for no papers, unless a rule names them."""
    provinces: tuple[str, ...] = ()
    except_provinces: tuple[str, ...] = ()
    circumstances: tuple[Circumstance, ...] = ()
    unless: tuple[Circumstance, ...] = ()
    since: date | None = None

    @model_validator(mode="after")
    def _provinces_exist(self) -> Self:
        for character in (*self.provinces, *self.except_provinces):
            if divisions.province_of_abbreviation(character) is None:
                raise ValueError(f"{character}: no province has this abbreviation")
        return self


class Rule(Model):
    """One paper that is asked for."""

    type: MaterialType
    need: Need
    when: When = When()
    each: Each | None = None
    concerns: tuple[str, ...] = ()
    """For a change: the paths whose change asks for it, as `subject.name`. Without any, a change
    asks for it only where it is optional."""
    why: str
    source: str
    mark: Mark
    form: str
    """What the paper itself must be: original, signature, seal."""
    letter: bool = False
    """Signed for this filing: its age is limited."""
    met_by: tuple[MaterialType, ...] = ()
    """Other types that meet it too."""
    most: int | None = Field(default=None, ge=1)
    """How many are taken, of each side where it has sides."""
    template: Literal["service_commitment", "authenticity_checklist"] | None = None
    """The PDF of ours that may be signed for it."""

    @model_validator(mode="after")
    def _categories_are_pre_approvals(self) -> Self:
        if self.each == "pre_approval" and self.type is not MaterialType.PRE_APPROVAL:
            raise ValueError(
                f"{self.type.value}: only of pre_approval one is asked for by category"
            )
        return self

    @model_validator(mode="after")
    def _weak_sources_only_warn(self) -> Self:
        if self.need == "required" and self.mark in UNSURE:
            raise ValueError(f"{self.type.value}: what rests on {self.mark} cannot be required")
        return self


class Image(Model):
    """What every file must be. Bytes; pixels of the shorter and of the longer side."""

    media_types: tuple[str, ...]
    most_bytes: int
    least_sides: tuple[int, int]
    form: str


class MaterialRules(Model):
    """The whole file."""

    image: Image
    letter_months: int
    most_materials: int
    rules: tuple[Rule, ...]


@cache
def material_rules() -> MaterialRules:
    """The rules in force. Raises pydantic's `ValidationError` where the file is wrong."""
    text = (resources.files("filing") / "data" / "materials.yaml").read_text(encoding="utf-8")
    return parse_material_rules(text)


def parse_material_rules(text: str) -> MaterialRules:
    """Rules from the text of a YAML file. Raises `yaml.YAMLError` or `ValidationError`."""
    return MaterialRules.model_validate(yaml.safe_load(text))
