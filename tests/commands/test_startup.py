"""How much is imported before a command answers, and that the list of commands says what they do."""

import pkgutil
from importlib import import_module
from importlib.util import find_spec

import pytest
from typer.main import get_group

import commands
import starter
from commands.deferred import commands_of
from tests.commands.conftest import Cli

OF_THE_REGISTRY = {"asyncio", "asyncpg", "pydantic", "pydantic_settings", "settings"}
"""What `list` cannot do without. By pydantic Typer reads arguments, of every command."""
ELSEWHERE = {
    *(
        "temporalio",
        "alembic",
        "sqlalchemy",
        "apprise",
        "jinja2",
        "httpx",
        "obstore",
        "cryptography",
    ),
    *(
        "yaml",
        "PIL",
        "reportlab",
        "openpyxl",
        "stdnum",
        "holidays",
        "chinese_calendar",
        "starlette",
    ),
    *("filing.application", "filing.rules", "filing.process", "filing.view", "gateways.registry"),
    *("operations.examples", "embedded", "workflows", "activities", "worker"),
}
"""Of other commands, or of the worker."""


async def imported(cli: Cli, *args: str) -> set[str]:
    """All modules that a call imports, as Python itself tells them, and the packages above them."""
    ran = await cli(*args, env={"PYTHONPROFILEIMPORTTIME": "1"})
    told = [line for line in ran.err.splitlines() if line.startswith("import time:")]
    names = {line.rpartition("|")[2].strip() for line in told}
    assert "typer" in names
    return names


def heads(names: set[str]) -> set[str]:
    return names | {name.partition(".")[0] for name in names}


def test_what_is_not_to_be_imported_is_there_to_be_imported() -> None:
    assert [name for name in ELSEWHERE if find_spec(name) is None] == []


async def test_help_imports_no_command_and_nothing_heavy(bare: Cli) -> None:
    names = heads(await imported(bare, "--help"))
    assert {name for name in names if name.startswith("commands.")} == {"commands.deferred"}
    assert names & (ELSEWHERE | OF_THE_REGISTRY | {"rich", "filing"}) == set()


async def test_help_of_list_imports_nothing_heavy(bare: Cli) -> None:
    names = heads(await imported(bare, "list", "--help"))
    assert names & (ELSEWHERE | OF_THE_REGISTRY | {"rich"}) == {"pydantic"}


async def test_list_imports_what_reads_the_registry_and_nothing_else(cli: Cli) -> None:
    names = heads(await imported(cli, "list", "--overdue", "--json"))
    assert names & (ELSEWHERE | OF_THE_REGISTRY | {"rich"}) == OF_THE_REGISTRY
    names = heads(await imported(cli, "list", "--overdue"))
    assert names & (ELSEWHERE | OF_THE_REGISTRY | {"rich"}) == OF_THE_REGISTRY | {"rich"}


def test_every_command_is_listed_with_the_module_that_has_it() -> None:
    found: dict[str, str] = {}
    for _, module, _ in pkgutil.iter_modules(commands.__path__):
        if hasattr(import_module(f"commands.{module}"), "app"):
            found |= dict.fromkeys(commands_of(module), module)
    assert found == {name: module for name, (module, _) in starter.COMMANDS.items()}


@pytest.mark.parametrize("name", starter.COMMANDS)
def test_the_list_shows_the_first_sentence_of_a_commands_own_help(name: str) -> None:
    listed = get_group(starter.app).commands[name]
    own = commands_of(starter.COMMANDS[name][0])[name]
    for width in range(10, 200):
        assert listed.get_short_help_str(width) == own.get_short_help_str(width)
    assert not own.hidden
    assert not own.deprecated
