"""For operations: check, forecast, start, list; examples and schemas."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    Exit,
    Json,
    OfProvince,
    fail,
    line,
    out,
    parse_instant,
    print_json,
    print_problems,
    print_table,
    run,
    settings,
    table,
    text_option,
)
from commands.listing import list_unfiled
from filing.model import Model
from filing.vocabulary import PARTY_LABELS, STATUS_LABELS, Kind, Party, Status
from operations.examples import example_titles, write_example

if TYPE_CHECKING:
    from rich.table import Table

    from filing.forecast import ForecastStep
    from filing.records import ListedFiling, ListQuery
    from operations.applications import Examined
    from settings import Settings

app = typer.Typer()

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE", help="YAML, JSON, JSON Lines, CSV or Excel (.xlsx); - is standard input."
    ),
]


@app.command()
def check(
    files: Files,
    json_: Json = False,
    at: Annotated[
        str | None, typer.Option(metavar="DATE", help="Judge as of this day, as in 2026-11-24.")
    ] = None,
    materials: Annotated[
        bool,
        typer.Option("--materials", help="List the papers that are needed, and why, instead."),
    ] = False,
) -> None:
    """Validate applications and show every problem at once.

    Starts nothing, needs no service.
    """
    chosen, as_of = settings(), parse_instant(at, "--at")
    if materials:
        from commands.papers import show_materials

        show_materials(files, as_of.date(), json_)
        return
    examined = examine(files, as_of, chosen)
    if json_:
        told = [
            {"file": e.document.name, "valid": e.valid, "problems": e.problems} for e in examined
        ]
        print_json(told)
        valid = all(one["valid"] for one in told)
    else:
        valid = print_examined(examined)
    if not valid:
        raise typer.Exit(Exit.NO)


def examine(files: list[str], at: datetime, chosen: "Settings") -> "Iterator[Examined]":
    """Every application of the files with what is wrong with it, as of a day, one by one."""
    from operations.applications import examine_files

    return examine_files(files, at.date(), chosen.levels)


def print_examined(examined: "Iterable[Examined]") -> bool:
    """Each application's verdict and problems, and a sum where there are several; whether all are
    valid."""
    count = valid = 0
    for one in examined:
        count += 1
        valid += one.valid
        mark = ("✓ valid", "green") if one.valid else ("✗ invalid", "red")
        line(mark, f"  {one.document.name}")
        print_problems(one.problems)
    if count > 1:
        line(f"{count} applications: {valid} valid, {count - valid} invalid")
    return valid == count


@app.command("forecast")
def forecast_(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="An application; or give --kind or --stage."),
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Kind of filing.")] = None,
    stage: Annotated[Status | None, typer.Option(help="One window only.")] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="INSTANT", help="When it begins (China time); default: now."
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Show when each window ends if it takes its whole length. Needs no service."""
    from filing.forecast import forecast, forecast_stage
    from operations.calendar import known_arrangement

    chosen = settings()
    terms = chosen.terms
    start = parse_instant(from_, "--from")
    if sum(x is not None for x in (file, kind, stage)) != 1:
        fail("give exactly one of FILE, --kind and --stage", Exit.USAGE)
    arrangement = run(known_arrangement(chosen))
    if stage is not None:
        if stage.final:
            fail(f"--stage {stage.value}: a filing ends there, so it has no window", Exit.USAGE)
        step = forecast_stage(stage, start, arrangement, terms)
        if json_:
            print_json(step)
        else:
            _print_steps((step,))
        return
    steps = forecast(kind or _kind_of(file, json_), start, arrangement, terms)
    if json_:
        print_json(list(steps))
    else:
        _print_steps(steps)


def _kind_of(file: str | None, json_: bool) -> Kind:
    examined = list(examine([file or "-"], parse_instant(None, ""), settings()))
    if len(examined) != 1:
        fail(f"{file}: {len(examined)} applications; give a file of one, or --kind", Exit.USAGE)
    [one] = examined
    if one.application is not None:
        return one.application.kind
    if json_:
        print_json({"file": one.document.name, "valid": False, "problems": one.problems})
    else:
        print_examined(examined)
    raise typer.Exit(Exit.NO)


def _print_steps(steps: "tuple[ForecastStep, ...]") -> None:
    from filing.process.turn import since, when

    print_table(
        ("环节", "开始", "期限", ""),
        [
            (
                STATUS_LABELS[step.stage],
                since(step.start),
                when(step.due_at),
                "暂定" if step.provisional else "",
            )
            for step in steps
        ],
    )
    line((f"calendar: {steps[0].calendar}", "dim"))


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Ended ones too.")] = False,
    status: Annotated[Status | None, typer.Option(help="Only in this status.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.")] = None,
    province: OfProvince = None,
    waiting_for: Annotated[Party | None, typer.Option(help="Who has the next step.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only overdue ones.")] = False,
    due_before: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Only what is due before it, as in 2026-11-24."),
    ] = None,
    agency: Annotated[str | None, text_option("--agency", "NAME", help="Of this agency.")] = None,
    customer: Annotated[
        str | None, text_option("--customer", "REFERENCE", help="Of this customer of an agency.")
    ] = None,
    name: Annotated[
        str | None, text_option("--name", "TEXT", help="The mini program's name holds it.")
    ] = None,
    number: Annotated[
        str | None,
        text_option("--number", "NUMBER", help="Its number, or the subject's, begins so."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again every 2 seconds, until Ctrl-C.")
    ] = False,
    unfiled: Annotated[
        bool,
        typer.Option("--unfiled", help="Instead: mini programs that are listed without a number."),
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, metavar="NUMBER", help="At most so many.")
    ] = 100,
    json_: Json = False,
) -> None:
    """List open filings, the next deadline first, from the registry."""
    from filing.records import ListQuery

    if unfiled:
        filters = (status, kind, province, waiting_for, due_before, agency, customer, name, number)
        if all_ or overdue or watch or any(filters):
            fail("--unfiled lists mini programs and takes only --limit and --json", Exit.USAGE)
        list_unfiled(limit, json_)
        return
    query = ListQuery(
        open_only=not all_ and not (status and status.final),
        status=status.value if status else None,
        kind=kind.value if kind else None,
        province=province,
        waiting_for=waiting_for.value if waiting_for else None,
        overdue=True if overdue else None,
        due_before=parse_instant(due_before, "--due-before") if due_before else None,
        agency=agency,
        customer=customer,
        name=name,
        number=number,
        limit=limit,
    )
    if watch:
        from commands.watching import watch as watch_list

        watch_list(query, _listed, json_=json_)
        return
    listed = run(_list(query))
    if json_:
        print_json(listed)
        return
    out.print(_listed(listed))
    if not listed:
        line(("no filings match", "dim"))
    elif len(listed) == limit:
        line((f"the first {limit}; --limit shows more", "dim"))


async def _list(query: "ListQuery") -> "list[ListedFiling]":
    from operations.services import open_registry

    async with open_registry(settings()) as registry:
        return await registry.list_filings(query)


def _listed(listed: "list[ListedFiling]") -> "Table":
    from filing.process.turn import when

    headings = ["备案", "小程序", "环节", "等待", "期限", "备案号"]
    of_agencies = any(one.agency or one.customer for one in listed)
    if of_agencies:
        headings += ["代理机构", "客户编号"]
    rows: list[tuple[str | tuple[str, str], ...]] = []
    for one in listed:
        due = "" if one.due_at is None else when(one.due_at)
        due = "已暂停" if one.held else due
        rows.append(
            (
                one.filing_id,
                one.mini_program,
                one.status_label,
                PARTY_LABELS[Party(one.waiting_for)] if one.waiting_for else "",
                (f"{due} 逾期", "red") if one.overdue else due,
                one.filing_number or "",
                *((one.agency or "", one.customer or "") if of_agencies else ()),
            )
        )
    return table(headings, rows)


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
        use = "start" if of_applications else "decide --from"
        line(f"wrote {path}; fill in a row each, then: starter.py {use} {path}")
    if csv is None and xlsx is None:
        print_json(schema_of(columns))
