"""For operations: the working-day calendar, shown by year, and notices imported."""

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from commands.console import (
    FIRST_YEAR,
    LAST_YEAR,
    Exit,
    Json,
    err,
    line,
    print_json,
    print_problems,
    print_table,
    run,
    settings,
)
from commands.reviews import By, author

if TYPE_CHECKING:
    from datetime import date

    from filing.announcement import Announcement
    from filing.problems import Problem
    from operations.calendar import YearShown
    from operations.calendar_import import ImportPreview, ImportReport

app = typer.Typer(
    name="calendar",
    help="The working-day calendar: shown by year, and changed by a State Council notice.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
WEEKDAYS = "一二三四五六日"


@app.command()
def show(
    year: Annotated[int, typer.Argument(min=FIRST_YEAR, max=LAST_YEAR)], json_: Json = False
) -> None:
    """Show a year's days off and worked weekends, where they come from, and whether announced.

    Uses the notices of the registry where one is reachable within a second, else the packages'.
    """
    from operations.calendar import known_calendar, year_shown

    shown = year_shown(year, run(known_calendar(settings())))
    if json_:
        print_json(shown)
    else:
        _print_year(shown)


def _print_year(shown: "YearShown") -> None:
    state = ("已公布", "green") if shown.published else ("暂定(尚未公布)", "yellow")
    line((f"{shown.year} ", "bold"), state, f"  {shown.source}")
    if not (shown.periods or shown.working_weekends):
        line(f"nothing is known of {shown.year}: windows count every Monday to Friday as worked")
        line((f"calendar: {shown.calendar}", "dim"))
        return
    rows: list[tuple[str, str, str, str]] = []
    for off in shown.periods:
        days = (off.last - off.first).days + 1
        until = "" if off.first == off.last else f" 至 {_day(off.last)}"
        rows.append(("放假", off.name, f"{_day(off.first)}{until}", str(days)))
    rows += [("调休上班", "", _day(day), "1") for day in shown.working_weekends]
    print_table(("", "名称", "日期", "天数"), rows)
    for one in shown.imported:
        mark = "现行" if one is shown.imported[-1] else "已被替换"
        when = f"{one.imported_at:%Y-%m-%d %H:%M}"
        line(f"#{one.version} {one.title}({mark},{when} 由 {one.imported_by} 导入)")
    line((f"calendar: {shown.calendar}", "dim"))


def _day(day: "date") -> str:
    return f"{day}(周{WEEKDAYS[day.weekday()]})"


@app.command("import")
def import_(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A notice, YAML or JSON (docs/calendar.md); - is standard input."
        ),
    ],
    by: By = None,
    rate: Annotated[
        float, typer.Option(min=0.1, max=1000, help="At most so many filings are told a second.")
    ] = 50,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Store and send nothing; say what it would do.")
    ] = False,
    json_: Json = False,
) -> None:
    """Put a notice in force, and have every open window that it touches counted again.

    Importing the same again changes nothing, but goes on where an import was interrupted.
    """
    from filing.announcement import Announcement, doubts
    from operations.calendar import read_announcement

    settings()
    notice = read_announcement(file)
    if not isinstance(notice, Announcement):
        _refuse(file, notice, json_)
    warnings = doubts(notice)
    if dry_run:
        preview = run(_preview(notice, by or author()))
        if json_:
            print_json(preview.model_dump(mode="json") | {"warnings": list(warnings)})
        else:
            print_problems(warnings)
            _print_preview(preview)
        return
    report = run(_import(notice, by or author(), rate))
    if json_:
        print_json(report.model_dump(mode="json") | {"warnings": list(warnings)})
    else:
        print_problems(warnings)
        _print_report(report)


def _refuse(file: str, problems: "tuple[Problem, ...]", json_: bool) -> NoReturn:
    if json_:
        print_json({"file": file, "valid": False, "problems": problems})
    else:
        line(("✗ invalid", "red"), f"  {file}")
        print_problems(problems)
    raise typer.Exit(Exit.NO)


async def _import(notice: "Announcement", by: str, rate: float) -> "ImportReport":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from operations.calendar_import import import_announcement
    from operations.services import open_services

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=err(), transient=True, disable=not err().is_terminal
    ) as progress:
        task = progress.add_task("connecting", total=None)

        def told(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        async with open_services(settings()) as services:
            return await import_announcement(notice, by, services, rate=rate, progress=told)


async def _preview(notice: "Announcement", by: str) -> "ImportPreview":
    from operations.calendar_import import preview_import
    from operations.services import open_services

    async with open_services(settings()) as services:
        return await preview_import(notice, by, services)


def _print_preview(preview: "ImportPreview") -> None:
    what = "is in force already" if preview.in_force else "would be put in force"
    line(f"{preview.year}: {preview.title} {what}")
    line(f"{preview.examined} open windows examined, {preview.due} would be told to count again")


def _print_report(report: "ImportReport") -> None:
    name = f" {report.year}: {report.title}(#{report.version})"
    if report.imported:
        line(("✓ in force", "green"), name)
    else:
        line(("= in force already", "yellow"), f"{name}: nothing was imported")
    line(
        f"{report.examined} open windows examined, {report.signalled} told to count again, "
        f"{report.changed} changed"
    )
    if report.ended:
        line(f"{report.ended} filings ended before they were told")
    if report.waiting:
        line(
            (f"{report.waiting} have not counted again yet", "yellow"),
            ": they will when a worker runs; where that stays so, worker and command line may be "
            "of different versions",
        )
