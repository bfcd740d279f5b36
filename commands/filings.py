"""For operations: check, forecast, start, list, show; examples and schemas."""

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from commands.console import (
    Exit,
    Id,
    Json,
    err,
    fail,
    out,
    parse_instant,
    print_json,
    print_problems,
    run,
    settings,
)
from filing.application import Application
from filing.forecast import ForecastStep, forecast, forecast_stage
from filing.model import Model
from filing.process.messages import SHAPES
from filing.process.turn import when
from filing.records import ListedFiling, ListQuery
from filing.view import StatusAnswer
from filing.vocabulary import PARTY_LABELS, STATUS_LABELS, Kind, Party, Status
from gateways.calendar import PackagedCalendar
from operations.applications import examine_files
from operations.examples import example_names, write_example
from operations.filings import Shown
from operations.filings import show as show_filing
from operations.services import now, open_registry, open_services
from operations.start import AlreadyOpen, Invalid, Outcome, Started, start_files

app = typer.Typer()

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE…",
        help="YAML, JSON, JSON Lines or CSV; `-` is standard input.",
    ),
]


@app.command()
def check(
    files: Files,
    json_: Json = False,
    at: Annotated[str | None, typer.Option(help="Judge as of this day (YYYY-MM-DD).")] = None,
) -> None:
    """Validate applications and show every problem at once. Starts nothing, needs no service."""
    today = parse_instant(at, "--at").date()
    examined = list(examine_files(files, today))
    if json_:
        print_json(
            [{"file": e.document.name, "valid": e.valid, "problems": e.problems} for e in examined]
        )
    else:
        for one in examined:
            mark = "[green]✓ valid[/]" if one.valid else "[red]✗ invalid[/]"
            out.print(f"{mark}  ", end="")
            out.print(one.document.name, markup=False, highlight=False)
            print_problems(one.problems)
    if not all(one.valid for one in examined):
        raise typer.Exit(Exit.NO)


@app.command("forecast")
def forecast_(
    file: Annotated[
        str | None, typer.Argument(help="An application; or give --kind or --stage.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Kind of filing.")] = None,
    stage: Annotated[Status | None, typer.Option(help="One window only.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="When it begins (China time); default now.")
    ] = None,
    json_: Json = False,
) -> None:
    """Show when each window ends if it takes its whole length. Needs no service."""
    start = parse_instant(from_, "--from")
    if sum(x is not None for x in (file, kind, stage)) != 1:
        fail("give exactly one of FILE, --kind and --stage", Exit.USAGE)
    arrangement = run(PackagedCalendar().arrangement())
    terms = settings().terms
    if stage is not None:
        if stage.final:
            fail(f"--stage {stage.value}: a final status has no window", Exit.USAGE)
        step = forecast_stage(stage, start, arrangement, terms)
        if json_:
            print_json(step)
            return
        steps: tuple[ForecastStep, ...] = (step,)
    else:
        steps = forecast(kind or _kind_of(file), start, arrangement, terms)
        if json_:
            print_json(list(steps))
            return
    table = Table("环节", "开始", "期限", "")
    for step in steps:
        mark = "暂定" if step.provisional else ""
        table.add_row(STATUS_LABELS[step.stage], when(step.start), when(step.due_at), mark)
    out.print(table)
    out.print(f"calendar: {steps[0].calendar}", style="dim", highlight=False)


def _kind_of(file: str | None) -> Kind:
    examined = next(examine_files([file or "-"], now().date()))
    if examined.application is None:
        print_problems(examined.problems)
        raise typer.Exit(Exit.NO)
    return examined.application.kind


@app.command()
def start(
    files: Files,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only.")] = False,
    json_: Json = False,
) -> None:
    """Start filings. Every application stands or falls alone; invalid ones start nothing."""
    if dry_run:
        check(files, json_)
        return
    outcomes = run(_start(files))
    started = [o for o in outcomes if isinstance(o, Started)]
    already = [o for o in outcomes if isinstance(o, AlreadyOpen)]
    invalid = [o for o in outcomes if isinstance(o, Invalid)]
    if json_:
        print_json({"started": started, "already_open": already, "invalid": invalid})
    else:
        for one in started:
            out.print(f"[green]✓ started[/] {one.filing_id}  uid {one.uid}", highlight=False)
        for open_ in already:
            out.print(
                f"[yellow]= already open[/] {open_.filing_id}  ({open_.file}): see `starter.py show "
                f"{open_.filing_id}`",
                highlight=False,
            )
        for wrong in invalid:
            out.print(f"[red]✗ invalid[/] {wrong.file}", highlight=False)
            print_problems(wrong.problems)
    if already or invalid:
        raise typer.Exit(Exit.NO)


async def _start(files: list[str]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err) as progress:
        task = progress.add_task("connecting")
        async with open_services(settings()) as services:
            async for outcome in start_files(files, services, now().date()):
                outcomes.append(outcome)
                progress.update(task, description=f"{len(outcomes)} applications")
    return outcomes


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Ended ones too.")] = False,
    status: Annotated[Status | None, typer.Option(help="Only in this status.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.")] = None,
    province: Annotated[str | None, typer.Option(help="As in 江苏省.")] = None,
    waiting_for: Annotated[Party | None, typer.Option(help="Who has the next step.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only overdue ones.")] = False,
    due_before: Annotated[str | None, typer.Option(help="Due before this instant.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    json_: Json = False,
) -> None:
    """List open filings from the registry, the most pressing first."""
    query = ListQuery(
        open_only=not all_ and not (status and status.final),
        status=status.value if status else None,
        kind=kind.value if kind else None,
        province=province,
        waiting_for=waiting_for.value if waiting_for else None,
        overdue=True if overdue else None,
        due_before=parse_instant(due_before, "--due-before") if due_before else None,
        limit=limit,
    )
    listed = run(_list(query))
    if json_:
        print_json(listed)
        return
    table = Table("备案", "小程序", "环节", "等待", "期限", "备案号")
    for one in listed:
        due = "" if one.due_at is None else when(one.due_at)
        table.add_row(
            one.filing_id,
            one.mini_program,
            one.status_label,
            PARTY_LABELS[Party(one.waiting_for)] if one.waiting_for else "",
            f"[red]{due} 逾期[/]" if one.overdue else due,
            one.filing_number or "",
        )
    out.print(table)
    if not listed:
        out.print("no filings match", style="dim")


async def _list(query: ListQuery) -> list[ListedFiling]:
    async with open_registry(settings()) as registry:
        return await registry.list_filings(query)


@app.command()
def show(id_: Id, json_: Json = False) -> None:
    """Show one filing: where it stands, what it waits for, who decided what, what was sent."""
    shown = run(_show(id_))
    if json_:
        answer = shown.answer.model_dump(mode="json")
        extra = shown.model_dump(mode="json", include={"as_of", "notices"})
        print_json({**answer, **extra})
        return
    _print_shown(shown)


async def _show(id_: str) -> Shown:
    async with open_services(settings()) as services:
        return await show_filing(id_, services)


def _print_shown(shown: Shown) -> None:
    answer = shown.answer
    out.print(f"{answer.mini_program}  {answer.filing_id}", style="bold", highlight=False)
    facts = Table(show_header=False, box=None)
    for label, value in _facts(answer, shown.as_of):
        facts.add_row(label, value)
    out.print(facts)
    for reason in answer.reasons:
        out.print(f"  原因 {reason.field}:{reason.reason} {reason.suggestion or ''}", markup=False)
    out.print("经过", style="bold")
    for entry in answer.timeline:
        out.print(f"  {when(entry.at)}  {entry.note}({entry.by})", markup=False, highlight=False)
    if shown.notices:
        out.print("通知", style="bold")
    for notice in shown.notices:
        line = f"  {notice.purpose} → {notice.audience}: {notice.state}"
        out.print(line, markup=False, highlight=False)
    if answer.refused_count:
        out.print(f"未被采纳的消息(共 {answer.refused_count} 条)", style="bold")
    for refusal in answer.refused:
        line = f"  {when(refusal.at)}  {refusal.message}:{refusal.explanation}({refusal.code})"
        out.print(line, markup=False, highlight=False)


def _facts(answer: StatusAnswer, as_of: datetime | None) -> list[tuple[str, str]]:
    due = "—" if answer.due_at is None else when(answer.due_at)
    marks = [
        mark
        for mark, on in (
            ("逾期", answer.overdue),
            ("暂定", answer.provisional),
            ("已暂停", answer.held),
        )
        if on
    ]
    facts = [
        ("状态", f"{answer.status_label}({answer.status.value}),第 {answer.round} 轮"),
        ("等待", PARTY_LABELS[answer.waiting_for] if answer.waiting_for else "—"),
        ("期限", " ".join([due, *marks])),
        ("备案号", answer.filing_number or "—"),
        ("uid", answer.uid),
    ]
    if as_of is not None:
        facts.append(("截至", f"{when(as_of)}(来自登记簿)"))
    return facts


@app.command()
def example(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(example_names())}.")],
    to: Annotated[Path, typer.Option(help="Folder to write into.")] = Path(),
    appid: Annotated[str | None, typer.Option(help="Another appid than the example's.")] = None,
) -> None:
    """Write a complete, valid, invented application with its material files, dated today."""
    try:
        path = write_example(name, to, now().date(), appid)
    except ValueError as error:
        fail(str(error), Exit.USAGE)
    except OSError as error:
        fail(f"cannot write into {to}: {error.strerror}", Exit.USAGE)
    out.print(f"wrote {path}; next: python starter.py check {path}", highlight=False)


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


@app.command()
def schema(name: Annotated[SchemaName, typer.Argument(help="Whose JSON Schema.")]) -> None:
    """Print the JSON Schema of an application, a message or a status answer."""
    models: dict[SchemaName, type[Model]] = {
        SchemaName.APPLICATION: Application,
        SchemaName.STATUS: StatusAnswer,
        SchemaName.DECISION: SHAPES["platform_decision"],
        SchemaName.ACT: SHAPES["resubmit"],
    }
    model = models.get(name) or SHAPES[name.value]
    print_json(model.model_json_schema())
