"""The command line of Beian. `python starter.py --help`."""

import os
import sys
from typing import NoReturn


def not_installed(missing: ModuleNotFoundError) -> str:
    """What to do where a dependency is missing."""
    return (
        f"{missing.name} is not installed for {sys.executable}: run `make setup` once, then "
        "`.venv/bin/python starter.py …`"
    )


try:
    import typer

    from commands.deferred import add_deferred
except ModuleNotFoundError as missing:
    sys.exit(not_installed(missing))

COMMANDS = {
    "up": ("stack", "Run everything in the foreground, until Ctrl-C."),
    "demo": ("stack", "Play whole filings, weeks long, in under two minutes."),
    "advance": ("stack", "Move one filing's clock on, exactly that far."),
    "migrate": ("stack", "Bring the registry's schema up to date."),
    "start": ("start", "Start filings."),
    "batches": (
        "batches",
        "List batches, the newest first; or one batch's rows, each with what became of it.",
    ),
    "check": ("filings", "Validate applications and show every problem at once."),
    "forecast": ("filings", "Show when each window ends if it takes its whole length."),
    "list": ("listed", "List open filings, the next deadline first, from the registry."),
    "example": ("examples", "Write a complete, valid, invented application."),
    "schema": (
        "schemas",
        "Print the JSON Schema of an application, a message, or a row of a table of many.",
    ),
    "letters": ("letters", "Write the commitment and the authenticity checklist as PDF."),
    "show": ("show", "Show where one filing stands, and how it came there."),
    "stats": (
        "stats",
        "Show how many filings there are, how long each stage takes, and who holds them.",
    ),
    "decide": ("reviews", "Approve, return or reject for the stage that is waiting."),
    "verify-sms": ("reviews", "Record one completed SMS check."),
    "resubmit": ("reviews", "Send a returned filing again, unchanged."),
    "withdraw": ("reviews", "Take a filing back, where that is still allowed."),
    "hold": ("reviews", "Stop a filing's clock; decisions still count."),
    "resume": ("reviews", "Let a held filing's clock go on."),
    "draft": (
        "corrections",
        "Write a returned filing's application for correction, the reasons beside its fields.",
    ),
    "amend": (
        "corrections",
        "Send a returned filing again, corrected; an invalid one is not sent.",
    ),
    "displayed": ("display", "Put on record that a granted filing number is shown."),
    "hold-many": (
        "bulk",
        "Stop the clock of every open filing that fits; decisions still count.",
    ),
    "resume-many": ("bulk", "Let the clocks of all held filings that fit go on."),
    "withdraw-many": (
        "bulk",
        "Take back every open filing that fits, where that is still allowed; others refuse, and go on.",
    ),
    "simulate": ("simulate", "Play a year of invented filings and tell what operations would see."),
    "listing": (
        "listing",
        "Tell whether a mini program may be listed (exit code 0) or not (1), why, and what to do next.",
    ),
    "sweep": (
        "listing",
        "Sweep the inventory by the listing rule now, as the schedule `listing-sweep` does daily.",
    ),
    "receive": (
        "receiver",
        "Receive the authority's pushes in the foreground, until Ctrl-C or SIGTERM.",
    ),
    "events": (
        "receiver",
        "Show what the authority has pushed, the newest first, and what became of it.",
    ),
    "authorisation": (
        "authorisation",
        "Authorisations: mini programs whose owners let the platform file for them.",
    ),
    "authority": ("authority", "What is known of the authority: its lists."),
    "calendar": (
        "calendar",
        "The working-day calendar: shown by year, and changed by a State Council notice.",
    ),
    "materials": ("materials", "The materials store: verified against the registry."),
    "inventory": (
        "listing",
        "The inventory: the mini programs that the listing rule is applied to.",
    ),
}
"""By name: its module in `commands`, imported when it is called, and the first sentence of its help."""

app = typer.Typer(
    help="Durable ICP filings (备案) of WeChat mini programs: one Temporal workflow per filing.\n\n"
    "Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 a service cannot be reached.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
for name, (module, help_) in COMMANDS.items():
    add_deferred(app, name, module, help_)


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
    except ModuleNotFoundError as missing:
        sys.stderr.write(not_installed(missing) + "\n")
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 1
    os._exit(code)


if __name__ == "__main__":
    main()
