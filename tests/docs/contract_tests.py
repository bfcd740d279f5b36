"""Which test fails without which sentence of the contract.

`contract_sentences.yaml` says so; `python -m tests.docs.contract_tests` writes it to
`docs/contract-tests.md`, for people.
"""

from pathlib import Path

import yaml
from pydantic import Field

from filing.model import Model

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("contract_sentences.yaml")
PAGE = ROOT / "docs/contract-tests.md"

INTRODUCTION = """\
# The contract and its tests

Every sentence of sections 3 and 4 of the contract, or clause that states a rule, in order and in its
own words, with the tests that fail without it. *Later*: what is not due yet. Generated from
`tests/docs/contract_sentences.yaml` by `python -m tests.docs.contract_tests`; `make test` checks that
it is current, that every test exists, and that nothing is without one.
"""


class Sentence(Model):
    """A sentence, or a clause that states a rule, word by word."""

    text: str
    tests: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Functions, or methods as in `Class.method`, by file."""
    later: str | None = None
    """Why it is not due yet, with the issue where one exists."""

    @property
    def names(self) -> list[str]:
        """Each test, as `file::function`."""
        return [f"{file}::{name}" for file, names in self.tests.items() for name in names]


class Part(Model):
    """Sentences that belong together."""

    section: int
    part: str
    sentences: tuple[Sentence, ...]


def parts() -> list[Part]:
    """The whole source, in the contract's order."""
    written = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return [Part.model_validate(part) for part in written]


def page(written: list[Part]) -> str:
    """`docs/contract-tests.md`."""
    sentences = [sentence for part in written for sentence in part.sentences]
    later = sum(sentence.later is not None for sentence in sentences)
    names = {name for sentence in sentences for name in sentence.names}
    lines = [
        INTRODUCTION,
        f"{len(sentences)} sentences: {len(sentences) - later} by {len(names)} tests, {later} later.",
    ]
    for part in written:
        lines += [
            "",
            f"## {part.section}: {part.part}",
            "",
            "| sentence | fails without it |",
            "|---|---|",
        ]
        lines += [f"| {_quoted(s.text)} | {_told(s)} |" for s in part.sentences]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """The contract's Markdown, safe inside a table."""
    if text.startswith("{"):
        text = f"`{text}`"
    return text.replace("\\|", "|").replace("|", "\\|")


def _told(sentence: Sentence) -> str:
    if sentence.later is not None:
        return f"*later*: {sentence.later}"
    return "<br>".join(f"`{name}`" for name in sentence.names)


if __name__ == "__main__":
    PAGE.write_text(page(parts()), encoding="utf-8")
