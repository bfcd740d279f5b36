"""For applicants' agents: a draft of what was returned, and the corrected application."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import Exit, Id, Json, fail, line, print_json, print_problems, run, settings
from commands.reviews import By, author, print_outcome

if TYPE_CHECKING:
    from operations.applications import Examined
    from operations.filings import Outcome

app = typer.Typer()


@app.command()
def draft(
    id_: Id,
    to: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where to write; made where it is missing.")
    ] = Path("draft"),
) -> None:
    """Write a returned filing's application for correction, the reasons beside its fields.

    Or that of a change which is carried to the authority by hand, to be typed in there.
    Each round of each filing has a folder of its own, with its papers: FOLDER/APPID/round-1, ….
    """
    from gateways.materials import MaterialUnavailable
    from operations.draft import AlreadyDrafted, NotReturned, to_be_carried

    try:
        path = run(_draft(id_, to))
    except AlreadyDrafted as error:
        fail(
            f"{error}: amend with it where the change is yours, or name another folder by --to",
            Exit.USAGE,
        )
    except (MaterialUnavailable, NotReturned) as error:
        fail(str(error), Exit.NO)
    except OSError as error:
        fail(f"--to {to}: cannot be written: {error.strerror}", Exit.USAGE)
    if to_be_carried(path):
        line(
            f"wrote {path}; carry it to the authority, then send authority_event, kind received "
            "(docs/messages.md; the notice to operations has the whole command)"
        )
    else:
        line(f"wrote {path}; correct it, then: starter.py amend {id_} {path}")


async def _draft(id_: str, to: Path) -> Path:
    from operations.draft import write_draft
    from operations.services import open_services

    async with open_services(settings()) as services:
        return await write_draft(id_, to, services)


@app.command()
def amend(
    id_: Id,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The corrected application.")],
    by: By = None,
    json_: Json = False,
) -> None:
    """Send a returned filing again, corrected; an invalid one is not sent."""
    from gateways.materials import FileChanged
    from operations.applications import Examined

    try:
        answer = run(_amend(id_, file, by or author()))
    except FileChanged as changed:
        fail(f"{changed.file} changed while it was read: amend again", Exit.NO)
    if not isinstance(answer, Examined):
        print_outcome(answer, json_)
        return
    if json_:
        print_json({"accepted": False, "problems": answer.problems})
    else:
        line(("✗ invalid ", "red"), f"{answer.document.name}: nothing was sent")
        print_problems(answer.problems)
    raise typer.Exit(Exit.NO)


async def _amend(id_: str, file: str, by: str) -> "Examined | Outcome":
    from operations.amend import amend as amend_filing
    from operations.services import open_services

    async with open_services(settings()) as services:
        return await amend_filing(id_, file, by, services)
