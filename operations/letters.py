"""Letters written for signing, into a folder that the user names."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filing.identifiers import is_appid
from filing.letters import Letter, letters
from filing.problems import Problem, errors
from filing.rules import Levels
from gateways.letters import LetterFont, MissingCharacters, draw
from operations.applications import Examined, examine_files

PDF_MODE = 0o600
FOLDER_MODE = 0o700


class AlreadyThere(Exception):
    """A file of that name is in the folder. `path` says which."""

    def __init__(self, path: Path) -> None:
        super().__init__("the file is there already")
        self.path = path


@dataclass(frozen=True)
class Prepared:
    """The letters of one application as PDF, or why there are none. Nothing is written yet."""

    examined: Examined
    drawn: tuple[tuple[Letter, Path, bytes], ...]
    problems: tuple[Problem, ...] = ()


def prepare(
    paths: Iterable[str], to: Path, day: date, today: date, font: LetterFont, levels: Levels
) -> Iterator[Prepared]:
    """Draw the letters of every application, dated `day`, each with its place in the folder.

    Those of an application with an error in its data are not drawn, for they would repeat it; that
    papers are missing is none: a letter may be the one that is missing. `levels` as for a check.
    """
    seen: set[str] = set()
    for examined in examine_files(paths, today, levels):
        application = examined.application
        wrong = tuple(p for p in errors(examined.problems) if not p.path.startswith("materials"))
        if application is None or wrong:
            yield Prepared(examined, (), wrong or examined.problems)
            continue
        appid = application.mini_program.appid
        assert is_appid(appid)  # checked: it becomes part of a name
        if appid in seen:
            yield Prepared(examined, (), (_again(),))
            continue
        seen.add(appid)
        drawn, problems = [], []
        for letter in letters(application, day):
            name = f"{letter.type.value}-{appid}.pdf"
            try:
                drawn.append((letter, to / name, draw(letter, font)))
            except MissingCharacters as missing:
                problems.append(_missing(letter, missing))
        yield Prepared(examined, () if problems else tuple(drawn), tuple(problems))


def _again() -> Problem:
    return Problem(
        path="mini_program.appid",
        code="letter.same_appid",
        message="同一次生成中已有此小程序的另一份申请",
        fix="请分别生成到不同的文件夹",
    )


def _missing(letter: Letter, missing: MissingCharacters) -> Problem:
    named = "、".join(f"{c}(U+{ord(c):04X})" for c in missing.characters)
    return Problem(
        path="",
        code="letter.missing_characters",
        message=f"{letter.title}:字体中没有 {named}",
        fix="请用 --font 指定含有这些字的 TrueType 字体(.ttf)",
    )


def write(prepared: Iterable[Prepared], *, force: bool) -> None:
    """Write the files, readable by their owner alone. Raises `OSError`; without `force`,
    `AlreadyThere` before anything is written where one of them is there already."""
    files = [(path, data) for one in prepared for _, path, data in one.drawn]
    there = next((path for path, _ in files if os.path.lexists(path)), None)
    if there is not None and not force:
        raise AlreadyThere(there)
    for path, data in files:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if force:
            path.unlink(missing_ok=True)  # a link itself, and not what it leads to
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, PDF_MODE), "wb") as stream:
            stream.write(data)
