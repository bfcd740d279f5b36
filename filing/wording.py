"""What names and remarks say, judged by their words: whether they tell anything, and of what.

The words are `data/wording.yaml`. A word only hints: what is found here warns.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
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


def is_generic_name(name: str) -> bool:
    """Whether a name tells nothing."""
    return _plain(name) in words().generic_names


def is_placeholder(remark: str) -> bool:
    """Whether a remark is only there because one had to be."""
    return not _without(_plain(remark), words().placeholders)


def tells_little(remark: str, names: Iterable[str]) -> bool:
    """Whether a remark holds little beside these names and what any remark could hold."""
    text = _plain(remark)
    for name in names:
        text = text.replace(_plain(name) or " ", "")
    return len(set(_without(text, words().empty_phrases))) < LEAST_TOLD


def mentions(remark: str, contents: Sequence[str]) -> bool:
    """Whether a remark mentions any of these service contents."""
    text = _plain(remark)
    known = (w for c in contents for w in (SERVICE_CONTENTS[c], *words().service_words[c]))
    return any(word in text for word in known)


def is_related(name: str, texts: Iterable[str]) -> bool:
    """Whether anything that a name is about is in one of the texts: two characters in a row of its
    Chinese, a word of its Latin. One that is about nothing is related to everything."""
    within = " ".join(map(_plain, texts))
    parts = list(
        _parts(re.sub(_any_of(words().generic_parts), " ", normalize("NFKC", name).lower()))
    )
    return not parts or any(part in within for part in parts)


def _parts(name: str) -> Iterator[str]:
    for run in re.findall(r"[\u4e00-\u9fff]+|[a-z]{2,}", name):
        if run.isascii() or len(run) == 1:
            yield run
        else:
            yield from (run[i : i + 2] for i in range(len(run) - 1))


def _plain(text: str) -> str:
    """Letters and Chinese characters only, in lower case."""
    return "".join(c for c in normalize("NFKC", text).lower() if c.isalpha())


def _without(text: str, phrases: tuple[str, ...]) -> str:
    return re.sub(_any_of(phrases), "", text)


@cache
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """The longest first, for the first that fits is taken."""
    return re.compile("|".join(map(re.escape, sorted(phrases, key=len, reverse=True))))
