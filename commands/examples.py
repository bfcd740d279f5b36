"""For everybody: complete, valid, invented applications."""

from pathlib import Path
from typing import Annotated

import typer

from commands.console import Exit, Json, fail, line, parse_instant, print_json, settings
from operations.examples import example_titles, write_example

app = typer.Typer()


@app.command(epilog="\n\n".join(f"{name}: {title}" for name, title in example_titles().items()))
def example(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of those listed below.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder to write into.")] = Path(),
    appid: Annotated[
        str | None,
        typer.Option(
            metavar="APPID", help="Another appid than the example's, as in wx1a2b3c4d5e6f7a8b."
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Write a complete, valid, invented application.

    With its material files, dated today. Needs no service. Each is of another subject, and with
    --appid of yet another, so that all of them can be started side by side.
    """
    settings()
    if (there := to / f"{name}.yaml").exists():
        fail(
            f"{there} is there already and is not overwritten; name another folder by --to",
            Exit.USAGE,
        )
    try:
        path = write_example(name, to, parse_instant(None, "").date(), appid)
    except ValueError as error:
        fail(str(error), Exit.USAGE)
    except OSError as error:
        fail(f"--to {to}: cannot write there: {error.strerror}", Exit.USAGE)
    if json_:
        print_json({"file": str(path)})
    else:
        line(f"wrote {path}; next: python starter.py check {path}")
