"""The command line of Beian. `python starter.py --help`."""

import os
import sys
from typing import NoReturn

try:
    import typer

    from commands import (
        authorisation,
        authority,
        batches,
        bulk,
        calendar,
        corrections,
        display,
        filings,
        letters,
        listing,
        materials,
        receiver,
        reviews,
        show,
        simulate,
        stack,
        start,
        stats,
    )
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed for {sys.executable}: run `make setup` once, then "
        "`.venv/bin/python starter.py …`"
    )

app = typer.Typer(
    help="Durable ICP filings (备案) of WeChat mini programs: one Temporal workflow per filing.\n\n"
    "Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 a service cannot be reached.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
for room in (
    stack.app,
    start.app,
    batches.app,
    filings.app,
    letters.app,
    show.app,
    stats.app,
    reviews.app,
    corrections.app,
    display.app,
    bulk.app,
    simulate.app,
    listing.app,
    receiver.app,
):
    app.registered_commands += room.registered_commands
app.add_typer(authorisation.app, name="authorisation")
app.add_typer(authority.app, name="authority")
app.add_typer(calendar.app, name="calendar")
app.add_typer(materials.app, name="materials")
app.add_typer(listing.inventory, name="inventory")


def main() -> NoReturn:
    """Run one command, and end with its exit code.

    The interpreter is not taken down: Temporal's client leaves native threads running, which now
    and then meet it half gone, and a command that has done its work would end by SIGSEGV or SIGABRT
    (temporalio/sdk-python#300, seen here about once in a hundred calls).
    """
    try:
        app()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 1
    os._exit(code)


if __name__ == "__main__":
    main()
