"""For scripts: JSON Schemas, and the columns of tables."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import Exit, fail, line, print_json, settings

if TYPE_CHECKING:
    from filing.model import Model

app = typer.Typer()


class SchemaName(str, Enum):
    """Names that `schema` knows."""

    APPLICATION = "application"
    STATUS = "status"
    DECISION = "decision"
    DECIDE = "decide"
    SMS_VERIFIED = "sms_verified"
    AMEND = "amend"
    ACT = "act"
    AUTHORITY_EVENT = "authority_event"
    COLUMNS = "columns"
    DECISION_COLUMNS = "decision_columns"


@app.command()
def schema(
    name: Annotated[SchemaName, typer.Argument(help="Whose JSON Schema, or which columns.")],
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Of columns: write an empty table as CSV."),
    ] = None,
    xlsx: Annotated[
        Path | None,
        typer.Option("--xlsx", metavar="FILE", help="Of columns: write an empty workbook."),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Changes nothing: a schema is JSON.")
    ] = False,
) -> None:
    """Print the JSON Schema of an application, a message, or a row of a table of many.

    A table's headings are the Chinese names that it prints, or the paths beside them.
    """
    from filing.application import Application
    from filing.process.messages import SHAPES
    from filing.view import StatusAnswer

    settings()
    if name in (SchemaName.COLUMNS, SchemaName.DECISION_COLUMNS):
        _columns(name, csv, xlsx)
        return
    if csv or xlsx:
        fail("--csv and --xlsx go with `columns` and `decision_columns`", Exit.USAGE)
    models: dict[SchemaName, type[Model]] = {
        SchemaName.APPLICATION: Application,
        SchemaName.STATUS: StatusAnswer,
        SchemaName.DECISION: SHAPES["platform_decision"],
        SchemaName.ACT: SHAPES["resubmit"],
    }
    model = models.get(name) or SHAPES[name.value]
    print_json(model.model_json_schema())


def _columns(name: SchemaName, csv: Path | None, xlsx: Path | None) -> None:
    from operations.column_templates import (
        application_columns,
        decision_columns,
        schema_of,
        write_csv,
        write_workbook,
    )

    of_applications = name is SchemaName.COLUMNS
    columns = application_columns() if of_applications else decision_columns()
    for path, write in ((csv, write_csv), (xlsx, write_workbook)):
        if path is None:
            continue
        try:
            write(path, columns)
        except FileExistsError:
            fail(f"{path} is there already and is not overwritten", Exit.USAGE)
        except OSError as error:
            fail(f"{path}: cannot be written: {error.strerror}", Exit.USAGE)
        use = f"start {path}" if of_applications else f"decide --from {path} --reviewer NAME"
        line(f"wrote {path}; fill in a row each, then: starter.py {use}")
    if csv is None and xlsx is None:
        print_json(schema_of(columns))
