"""Every sentence of the contract has its tests, and the page that says so is current."""

import ast
import re
from collections import Counter
from functools import cache

import pytest

from tests.docs.contract_tests import PAGE, ROOT, Part, Sentence, page, parts

PARTS = parts()
SENTENCES = [sentence for part in PARTS for sentence in part.sentences]
CONTRACT = ROOT.parent / "shared/contract.md"
"""Kept beside the repository, where it is kept."""
NO_RULE = re.compile(
    r"\| (?:what \| name|name \| payload|stage \| window \| when it runs out) \|"
    r"|## \d\. [\w ]+|### Statuses|###|```(?:json)?|[|:\-·]+"
)
"""Headings and lines of tables: what stands in the contract beside its sentences."""


@cache
def functions(file: str) -> set[str]:
    """The tests of a file, by their own names; a method as `Class.method`."""
    found: set[str] = set()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return {name for name in found if name.startswith("test_") or "." in name}


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.text[:40])
def test_a_sentence_has_tests_that_exist_or_is_for_later(sentence: Sentence) -> None:
    assert bool(sentence.names) is (sentence.later is None)
    for file, names in sentence.tests.items():
        assert file.startswith("tests/")
        assert names
        assert set(names) <= functions(file), file
    again = [name for name, count in Counter(sentence.names).items() if count > 1]
    assert again == []


def test_what_is_for_later_names_its_issue() -> None:
    later = [sentence.later for sentence in SENTENCES if sentence.later is not None]
    assert [why for why in later if not re.match(r"issue \d+: .|no issue: .", why)] == []


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(PARTS), (
        "run python -m tests.docs.contract_tests"
    )


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("**", "")).strip()


@pytest.mark.parametrize("section", [3, 4])
def test_no_sentence_of_the_contract_is_left_out_or_put_otherwise(section: int) -> None:
    if not CONTRACT.exists():
        pytest.skip("the contract is not kept beside this repository")
    _, _, after = CONTRACT.read_text(encoding="utf-8").partition(f"\n## {section}. ")
    text = plain(f"## {section}. " + after.partition(f"\n## {section + 1}. ")[0])
    beside = []
    for sentence in sentences_of(section, PARTS):
        left, found, text = text.partition(plain(sentence.text))
        assert found, sentence.text
        beside.append(left)
    beside.append(text)
    unquoted = [NO_RULE.sub("", left).strip() for left in beside]
    assert [left for left in unquoted if left] == []


def sentences_of(section: int, written: list[Part]) -> list[Sentence]:
    return [s for part in written if part.section == section for s in part.sentences]
