"""What all commands share: where they print, what they are given, and how they end.

What is heavy to import (Temporal's client, PostgreSQL's, pydantic's models, Rich) is imported where
it is used, here and in the other files of this room: every command answers as soon as it can.
"""

import io
import json
import sys
from collections.abc import Coroutine, Sequence
from datetime import datetime
from difflib import get_close_matches
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from filing.problems import Problem
    from settings import Settings

WIDE = 10_000
"""Columns where no terminal sets them: what scripts read is neither wrapped nor cut."""

USUAL = 80
"""Columns of a usual terminal."""


for _stream in (sys.stdout, sys.stderr):
    if isinstance(_stream, io.TextIOWrapper):
        # A file's name may hold what no encoding has; in JSON this is the right escape for it.
        _stream.reconfigure(errors="backslashreplace")


@cache
def out() -> "Console":
    """Standard output, for what people read."""
    return _console(stderr=False)


@cache
def err() -> "Console":
    """Standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    # No markup, no emoji: names and reasons are other people's, and are printed as they are.
    return Console(
        stderr=stderr,
        width=None if (sys.stderr if stderr else sys.stdout).isatty() else WIDE,
        markup=False,
        emoji=False,
        highlight=False,
    )


T = TypeVar("T")

FIRST_YEAR, LAST_YEAR = 2004, 2100
"""Years that instants on the command line may lie in: the calendar begins in 2004."""


def _text(value: Any) -> Any:
    """What is sent on as text: not empty, and free of what no JSON and no database holds."""
    for text in value if isinstance(value, list) else [value]:
        if text is None:
            continue
        if not text.strip():
            raise typer.BadParameter("must not be empty")
        if any(c in "\x00\x7f" or "\ud800" <= c <= "\udfff" for c in text):
            raise typer.BadParameter("must be text in UTF-8")
    return value


def text_option(name: str, metavar: str, help: str) -> Any:
    """An option whose text is sent on, to a filing or to the registry."""
    return typer.Option(name, metavar=metavar, help=help, callback=_text)


def text_argument(metavar: str, help: str) -> Any:
    """An argument whose text is sent on, likewise."""
    return typer.Argument(metavar=metavar, help=help, callback=_text)


def _province(value: str | None) -> str | None:
    """A province by its full name."""
    if value is None:
        return None
    from filing.divisions import abbreviation, provinces

    if value in provinces():
        return value
    named = value.strip()
    near = [p for p in provinces() if named and (named in p or named == abbreviation(p))]
    near = near or get_close_matches(named, provinces(), 1)
    hint = f"did you mean {'、'.join(near)}?" if near else f"one of {'、'.join(provinces())}"
    raise typer.BadParameter(f"{value!r} is no province; {hint}")


OfProvince = Annotated[
    str | None,
    typer.Option(
        "--province",
        metavar="PROVINCE",
        help="Only of this province, as in 江苏省.",
        callback=_province,
    ),
]
Limit = Annotated[int, typer.Option(min=1, max=100_000, metavar="NUMBER", help="At most so many.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.")
]
Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A workflow id (filing-wx…), a uid, an appid or a filing number.",
        callback=_text,
    ),
]

IdOrNumber = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A filing number, or its filing's workflow id, uid or appid.",
        callback=_text,
    ),
]


INTERRUPTED = 130
"""Exit code of what Ctrl-C or SIGTERM ended before it was done, as shells have it."""


class Exit(IntEnum):
    """Exit codes (contract, section 2)."""

    DONE = 0
    NO = 1
    USAGE = 2
    UNREACHABLE = 3


def fail(message: str, code: Exit) -> NoReturn:
    """End with a message on standard error."""
    from rich.text import Text

    err().print(Text("\n".join(map(plain, message.split("\n"))), "red"), soft_wrap=True)
    raise typer.Exit(code)


def warn(message: str) -> None:
    """Tell on standard error what is doubtful, and go on."""
    from rich.text import Text

    err().print(Text(plain(message), "yellow"), soft_wrap=True)


def settings() -> "Settings":
    """The settings; a wrong one ends the command with its name and the fix."""
    from settings import WrongSettings, load

    try:
        return load()
    except WrongSettings as error:
        fail(str(error), Exit.USAGE)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it; what cannot be reached, or is not there, ends the command with what to do."""
    import asyncio

    try:
        return asyncio.run(coroutine)
    except typer.Exit:
        raise
    except Exception as error:
        known = _explained(error)
        if known is None:
            raise
        fail(*known)


def _explained(error: Exception) -> tuple[str, Exit] | None:
    """What a person is told of it, and the exit code; None where it is a mistake of ours."""
    from gateways.discovery import ServiceUnreachable
    from settings import WrongSettings

    if isinstance(error, WrongSettings):
        return str(error), Exit.USAGE
    if isinstance(error, ServiceUnreachable):
        return str(error), Exit.UNREACHABLE
    import asyncpg
    from temporalio.exceptions import TemporalError

    from gateways.database import RegistryNotMigrated
    from operations.filings import NoSuchFiling

    if isinstance(error, NoSuchFiling):
        return str(error), Exit.NO
    if isinstance(error, RegistryNotMigrated):
        return str(error), Exit.UNREACHABLE
    # Their own texts may repeat an address with its password.
    name = type(error).__name__
    if isinstance(error, TemporalError):
        return (
            f"Temporal did not do it ({name}: {error}); is it still running? then try again",
            Exit.UNREACHABLE,
        )
    if isinstance(
        error, asyncpg.PostgresError | asyncpg.InterfaceError | ConnectionError | TimeoutError
    ):
        return (
            f"a service failed or went away ({name}); is `starter.py up` still running, or is "
            "BEIAN_DATABASE_URL right? then try again",
            Exit.UNREACHABLE,
        )
    return None


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_json))


def _json(value: Any) -> Any:
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def plain(text: str) -> str:
    """Other people's text, with nothing that moves a terminal's cursor."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def line(*parts: str | tuple[str, str]) -> None:
    """Print one line, of texts and of (text, style); it is never cut."""
    from rich.text import Text

    styled = (part if isinstance(part, tuple) else (part, "") for part in parts)
    out().print(Text.assemble(*((plain(text), style) for text, style in styled)), soft_wrap=True)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str | tuple[str, str]]]) -> None:
    """Print a table of texts and of (text, style). Where a terminal is too narrow, cells go on in
    the next line: an id or a number that is cut is of no use. The first column, which names the
    row, stays in one line on any usual terminal."""
    out().print(table(headings, rows))


def table(headings: Sequence[str], rows: Sequence[Sequence[str | tuple[str, str]]]) -> "Table":
    """The table that `print_table` prints."""
    from rich.table import Table
    from rich.text import Text

    texts = [
        [
            Text(plain(cell)) if isinstance(cell, str) else Text(plain(cell[0]), cell[1])
            for cell in row
        ]
        for row in rows
    ]
    made = Table()
    for column, heading in enumerate(headings):
        stays = column == 0 and out().width >= USUAL
        made.add_column(heading, overflow="fold", no_wrap=stays)
    for row in texts:
        made.add_row(*row)
    return made


def print_problems(problems: "tuple[Problem, ...]") -> None:
    """Problems as a person reads them: where, what, and the fix."""
    for problem in problems:
        mark = ("✗", "red") if problem.severity == "error" else ("!", "yellow")
        where = (problem.path or "(文件)", "bold")
        line("  ", mark, " ", where, f"  {problem.message}({problem.code})")
        line((f"      → {problem.fix}", "dim"))


def parse_instant(text: str | None, option: str) -> datetime:
    """An instant in China time from `2026-11-24`, `2026-11-24T10:00` or RFC 3339; None is now."""
    from filing.model import CHINA

    if text is None:
        return datetime.now(CHINA)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not an instant; write it as 2026-11-24, 2026-11-24T10:00 or 2026-11-24T10:00+08:00",
            param_hint=option,
        ) from None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise typer.BadParameter(
            f"{text!r}: the year must be from {FIRST_YEAR} to {LAST_YEAR}", param_hint=option
        )
    return instant.astimezone(CHINA) if instant.tzinfo else instant.replace(tzinfo=CHINA)
