"""For operations: what is known of the authority."""

from typing import Annotated

import typer

from commands.console import Exit, Json, fail, line, print_json, print_table, run, settings
from filing.identifiers import is_appid

app = typer.Typer(
    name="authority",
    help="What is known of the authority: its lists.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    # Else a group of one command would be that command.
    pass


@app.command()
def lists(
    refresh: Annotated[
        str | None,
        typer.Option(metavar="APPID", help="Fetch all anew first, as this mini program."),
    ] = None,
    json_: Json = False,
) -> None:
    """Show the authority's lists (districts, certificates, service contents, …) and their age.

    Workers fetch them when they hand an application over, at most once an hour; what the last
    fetched ones do not know is a warning when a filing is checked. They are the same for every mini
    program: any that has authorised the platform can fetch them.
    """
    from operations.authority_lists import authority_lists
    from operations.services import now

    if refresh is not None and not is_appid(refresh):
        fail(f"--refresh: {refresh!r} is no appid: write wx and 16 digits 0-9a-f", Exit.USAGE)
    shown = run(authority_lists(settings(), refresh))
    if json_:
        print_json([{**one.model_dump(), "age_seconds": one.age(now())} for one in shown])
    elif shown:
        print_table(
            ("list", "items", "fetched at", "age"),
            [
                (
                    one.name,
                    str(one.items),
                    f"{one.fetched_at:%Y-%m-%d %H:%M}",
                    _age(one.age(now())),
                )
                for one in shown
            ],
        )
    else:
        line("none was fetched yet: `starter.py authority lists --refresh APPID` does it")
    if not shown:
        raise typer.Exit(Exit.NO)


def _age(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"
