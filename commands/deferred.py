"""Commands whose module is imported when they are called: `--help` and the other commands do without."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_group


def add_deferred(app: typer.Typer, name: str, module: str, help: str) -> None:
    """Add a command of `commands.<module>`, or a group of them, without importing it.

    `help` is the first sentence of its own help, which is all that a list of commands shows of it.
    """

    class Deferred(TyperCommand):
        """Stands in the list. Reading arguments, also a `--help`, is the real one's."""

        def make_context(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return commands_of(module)[name].make_context(*args, **kwargs)
            except typer.BadParameter as error:
                # Typer reads values by pydantic, whose words for it come first.
                error.message = error.message.removeprefix("Value error, ")
                raise

    app.command(name, cls=Deferred, help=help)(_not_called)


def commands_of(module: str) -> Mapping[str, Any]:
    """The real commands and groups of the `app` of `commands.<module>`, as Typer makes them."""
    holder = typer.Typer(rich_markup_mode=None)
    holder.add_typer(import_module(f"commands.{module}").app)
    return get_group(holder).commands


def _not_called() -> None:
    """What Typer wants of a command, and what no call reaches: contexts are the real command's."""
    raise AssertionError
