"""docs/materials.md against the rules that it tells of."""

from pathlib import Path

import pytest

from filing.letters import letter_texts
from filing.material_rules import Circumstance, Rule, When, material_rules
from filing.materials import image_demands
from filing.vocabulary import MaterialType

TEXT = (Path(__file__).parents[2] / "docs/materials.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("type_", MaterialType)
def test_every_paper_is_told_of(type_: MaterialType) -> None:
    assert f"`{type_.value}`" in TEXT


def test_every_key_of_a_rule_is_told_of() -> None:
    keys = [*Rule.model_fields, *When.model_fields, *(one.value for one in Circumstance)]
    assert [key for key in keys if f"`{key}`" not in TEXT] == []


def test_the_printed_demands_are_current() -> None:
    assert TEXT.count(image_demands(material_rules().image)) == 2
    for letter in letter_texts().values():
        assert f".pdf  {letter.title}\n" in TEXT
