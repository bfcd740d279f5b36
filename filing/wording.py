"""What names and remarks say, judged by their words: whether they tell anything, and of what.

The words are `data/wording.yaml`. A word only hints: what is found here warns.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NewType
from unicodedata import normalize

import yaml
from pydantic import model_validator

from filing.model import Model
from filing.vocabulary import SERVICE_CONTENTS

LEAST_TOLD = 6
"""Different characters that a remark must have beside its name and what any remark could hold."""


class Words(Model):
    """The data file; what its fields mean stands there."""

    generic_names: frozenset[str]
    generic_parts: tuple[str, ...]
    placeholders: tuple[str, ...]
    empty_phrases: tuple[str, ...]
    service_words: dict[str, tuple[str, ...]]
    commercial: frozenset[str]

    @model_validator(mode="after")
    def _knows_the_contents(self) -> "Words":
        if set(self.service_words) != set(SERVICE_CONTENTS):
            raise ValueError("service_words must have each of SERVICE_CONTENTS")
        if not self.commercial <= set(SERVICE_CONTENTS):
            raise ValueError("commercial: a service content that SERVICE_CONTENTS lacks")
        return self


@cache
def words() -> Words:
    """All words, read once. Raises `pydantic.ValidationError` where the file is wrong."""
    text = (resources.files("filing") / "data" / "wording.yaml").read_text(encoding="utf-8")
    return Words.model_validate(yaml.safe_load(text))


Plain = NewType("Plain", str)
"""Letters and Chinese characters only, in lower case: what is compared."""


def plain(text: str) -> Plain:
    """A text without all that is not said in words."""
    letters = _NO_LETTERS.sub("", normalize("NFKC", text).lower())
    return Plain(letters if letters.isalpha() else "".join(filter(str.isalpha, letters)))


_NO_LETTERS = re.compile(r"[\W\d_]+")
"""Most of what is none; it leaves numbers without digits, such as 〇 and ❶."""


def is_generic_name(name: Plain) -> bool:
    """Whether a name tells nothing."""
    return name in words().generic_names


def is_placeholder(remark: Plain) -> bool:
    """Whether a remark is only there because one had to be."""
    return not _without(remark, words().placeholders)


def tells_little(remark: Plain, names: Sequence[Plain]) -> bool:
    """Whether a remark holds little beside these names and what any remark could hold."""
    if len(set(remark).difference(_letters_of_empty_phrases(), *names)) >= LEAST_TOLD:
        return False  # whatever is taken out
    text: str = remark
    for name in names:
        text = text.replace(name or " ", "")
    return len(set(_without(text, words().empty_phrases))) < LEAST_TOLD


def mentions(remark: Plain, contents: Sequence[str]) -> bool:
    """Whether a remark mentions any of these service contents."""
    return any(
        SERVICE_CONTENTS[content] in remark or _service_words(content).search(remark) is not None
        for content in contents
    )


def is_related(name: str, texts: Iterable[Plain]) -> bool:
    """Whether anything that a name is about is in one of the texts: two characters in a row of its
    Chinese, a word of its Latin. One that is about nothing is related to everything."""
    within = " ".join(texts)
    parts = _parts(_any_of(words().generic_parts).sub(" ", normalize("NFKC", name).lower()))
    about = next(parts, None)
    return about is None or about in within or any(part in within for part in parts)


_RUN = re.compile(r"[\u4e00-\u9fff]+|[a-z]{2,}")


def _parts(name: str) -> Iterator[str]:
    for run in _RUN.findall(name):
        if run.isascii() or len(run) == 1:
            yield run
        else:
            yield from (run[i : i + 2] for i in range(len(run) - 1))


def _without(text: str, phrases: tuple[str, ...]) -> str:
    return _any_of(phrases).sub("", text)


@cache
def _letters_of_empty_phrases() -> frozenset[str]:
    return frozenset("".join(words().empty_phrases))


@cache
def _service_words(content: str) -> re.Pattern[str]:
    return _any_of(words().service_words[content])


@cache
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """The longest first, for the first that fits is taken."""
    return re.compile("|".join(map(re.escape, sorted(phrases, key=len, reverse=True))))
