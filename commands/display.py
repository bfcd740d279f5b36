"""For operations: put on record that a filing number is shown."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    Exit,
    IdOrNumber,
    Json,
    fail,
    line,
    parse_instant,
    print_json,
    run,
    settings,
    text_option,
)

if TYPE_CHECKING:
    from operations.display import DisplayOutcome

app = typer.Typer()


@app.command()
def displayed(
    id_: IdOrNumber,
    by: Annotated[str, text_option("--by", "NAME", help="Who has seen it.")],
    at: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Since when, as in 2026-12-01; default: now."),
    ] = None,
    note: Annotated[
        str | None, text_option("--note", "TEXT", help="Where it is shown; it is put on record.")
    ] = None,
    json_: Json = False,
) -> None:
    """Put on record that a granted filing number is shown."""
    from operations.display import NoSuchDisplay

    since = parse_instant(at, "--at") if at is not None else None
    try:
        outcome = run(_displayed(id_, by, since, note))
    except NoSuchDisplay as error:
        fail(str(error), Exit.NO)
    if json_:
        print_json(outcome)
    elif outcome.accepted and outcome.status is not None:
        line(("✓ applied", "green"), f" {outcome.status.number} → {outcome.status.status_label}")
    else:
        refusal = outcome.refusal or {}
        text = f" {refusal.get('explanation', '')}({refusal.get('code', '')})"
        line(("✗ refused", "red"), text)
    if not outcome.accepted:
        raise typer.Exit(Exit.NO)


async def _displayed(id_: str, by: str, at: datetime | None, note: str | None) -> "DisplayOutcome":
    from operations.display import displayed as put_on_record
    from operations.services import open_services

    async with open_services(settings()) as services:
        return await put_on_record(id_, by, at, note, services)
