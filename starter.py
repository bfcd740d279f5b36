"""The command line of Beian. `python starter.py --help`."""

import typer

from commands import filings, reviews, stack

app = typer.Typer(
    help="Durable ICP filings (备案) of WeChat mini programs: one Temporal workflow per filing.\n\n"
    "Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 a service cannot be reached.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
for room in (stack.app, filings.app, reviews.app):
    app.registered_commands += room.registered_commands

if __name__ == "__main__":
    app()
