"""What all commands share: where they print, and how they end."""

import asyncio
import json
from collections.abc import Coroutine
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, NoReturn, TypeVar

import asyncpg
import typer
from pydantic import BaseModel
from rich.console import Console

from filing.model import CHINA
from filing.problems import Problem
from gateways.discovery import ServiceUnreachable
from gateways.registry import RegistryNotMigrated
from operations.filings import NoSuchFiling
from settings import Settings, WrongSettings, load

out = Console()
err = Console(stderr=True)

T = TypeVar("T")

FIRST_YEAR, LAST_YEAR = 2004, 2100
"""Years that instants on the command line may lie in: the calendar begins in 2004."""

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.")
]
Id = Annotated[str, typer.Argument(help="A workflow id (filing-wx…), a uid or an appid.")]


class Exit(IntEnum):
    """Exit codes (contract, section 2)."""

    DONE = 0
    NO = 1
    USAGE = 2
    UNREACHABLE = 3


def fail(message: str, code: Exit) -> NoReturn:
    """End with a message on standard error."""
    err.print(message, style="red", highlight=False, markup=False)
    raise typer.Exit(code)


def settings() -> Settings:
    """The settings; a wrong one ends the command with its name and the fix."""
    try:
        return load()
    except WrongSettings as error:
        fail(str(error), Exit.USAGE)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it; what cannot be reached, or is not there, ends the command with what to do."""
    try:
        return asyncio.run(coroutine)
    except (ServiceUnreachable, RegistryNotMigrated) as error:
        fail(str(error), Exit.UNREACHABLE)
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError) as error:
        fail(f"a service went away ({type(error).__name__}); try again", Exit.UNREACHABLE)
    except NoSuchFiling as error:
        fail(str(error), Exit.NO)
    except WrongSettings as error:
        fail(str(error), Exit.USAGE)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def print_problems(problems: tuple[Problem, ...]) -> None:
    """Problems as a person reads them: where, what, and the fix."""
    for problem in problems:
        mark = "[red]✗[/]" if problem.severity == "error" else "[yellow]![/]"
        out.print(f"  {mark} ", end="")
        out.print(f"{problem.path or '(文件)'}", style="bold", end="", markup=False)
        out.print(f"  {problem.message}({problem.code})", markup=False, highlight=False)
        out.print(f"      → {problem.fix}", style="dim", markup=False, highlight=False)


def parse_instant(text: str | None, option: str) -> datetime:
    """An instant in China time from `2026-11-24`, `2026-11-24T10:00` or RFC 3339; None is now."""
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
    return instant if instant.tzinfo else instant.replace(tzinfo=CHINA)
