"""For operations: hold, resume and withdraw many filings at once, as when a system is down."""

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    Exit,
    Json,
    OfProvince,
    err,
    fail,
    line,
    print_json,
    print_table,
    run,
    settings,
    text_option,
    warn,
)
from commands.reviews import By, Why, author
from filing.records import ListQuery
from filing.vocabulary import STATUS_LABELS, Kind, Party, Status

if TYPE_CHECKING:
    from operations.bulk import Bulk, BulkReport, Plan

app = typer.Typer()


class OpenStatus(str, Enum):
    """Statuses of filings that are open."""

    QUEUED = Status.QUEUED.value
    PLATFORM_REVIEW = Status.PLATFORM_REVIEW.value
    CORRECTION = Status.CORRECTION.value
    SUBMISSION = Status.SUBMISSION.value
    SMS_VERIFICATION = Status.SMS_VERIFICATION.value
    BUREAU_REVIEW = Status.BUREAU_REVIEW.value


OfStatus = Annotated[OpenStatus | None, typer.Option("--status", help="Only in this status.")]
OfKind = Annotated[Kind | None, typer.Option("--kind", help="Only of this kind.")]
WaitingFor = Annotated[Party | None, typer.Option("--waiting-for", help="Who has the next step.")]
All = Annotated[bool, typer.Option("--all", help="Every open filing: instead of a filter.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Send nothing; print how many, and which.")]
Rate = Annotated[float, typer.Option(min=0.1, max=1000, help="At most so many filings a second.")]


@app.command("hold-many")
def hold_many(
    reason: Why,
    province: OfProvince = None,
    status: OfStatus = None,
    kind: OfKind = None,
    waiting_for: WaitingFor = None,
    all_: All = False,
    by: By = None,
    rate: Rate = 20,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Stop the clock of every open filing that fits; decisions still count.

    Who is held already is passed over: after an interruption, run the same again.
    """
    from operations.bulk import Bulk

    query = _query(province, status, kind, waiting_for, all_)
    _run(Bulk.HOLD, query, by, reason, None, rate, dry_run, json_)


@app.command("resume-many")
def resume_many(
    province: OfProvince = None,
    status: OfStatus = None,
    kind: OfKind = None,
    waiting_for: WaitingFor = None,
    all_: All = False,
    held_for: Annotated[
        str | None,
        text_option(
            "--held-for",
            "TEXT",
            "Only those whose hold gave exactly this reason; others stay held.",
        ),
    ] = None,
    reason: Why = "恢复",
    by: By = None,
    rate: Rate = 20,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let the clocks of all held filings that fit go on. Resumable, as `hold-many` is."""
    from operations.bulk import Bulk

    query = _query(province, status, kind, waiting_for, all_ or held_for is not None)
    _run(Bulk.RESUME, query, by, reason, held_for, rate, dry_run, json_)


@app.command("withdraw-many")
def withdraw_many(
    reason: Why,
    province: OfProvince = None,
    status: OfStatus = None,
    kind: OfKind = None,
    waiting_for: WaitingFor = None,
    all_: All = False,
    by: By = None,
    rate: Rate = 20,
    dry_run: DryRun = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it: without this, it is a dry run.")
    ] = False,
    json_: Json = False,
) -> None:
    """Take back every open filing that fits, where that is still allowed; others refuse, and go on.

    It cannot be undone, so that it sends nothing without --yes. After an interruption, run the same
    again.
    """
    from operations.bulk import Bulk

    if dry_run and yes:
        fail("give --dry-run or --yes, not both", Exit.USAGE)
    query = _query(province, status, kind, waiting_for, all_)
    _run(Bulk.WITHDRAW, query, by, reason, None, rate, not yes, json_)


def _query(
    province: str | None,
    status: OpenStatus | None,
    kind: Kind | None,
    waiting_for: Party | None,
    everyone: bool,
) -> ListQuery:
    query = ListQuery(
        province=province,
        status=status.value if status else None,
        kind=kind.value if kind else None,
        waiting_for=waiting_for.value if waiting_for else None,
    )
    if query == ListQuery() and not everyone:
        fail(
            "say which filings: --province, --status, --kind, --waiting-for, or --all of them",
            Exit.USAGE,
        )
    return query


def _run(
    action: "Bulk",
    query: ListQuery,
    by: str | None,
    reason: str,
    held_for: str | None,
    rate: float,
    dry_run: bool,
    json_: bool,
) -> None:
    from filing.process.messages import Malformed, read

    who = by or author()
    payload = read(action.value, ({"by": who, "reason": reason},))
    if isinstance(payload, Malformed):
        fail(f"--by or --reason: {payload.explanation}", Exit.USAGE)
    planned, report = run(_act(action, query, who, reason, held_for, rate, dry_run))
    if report is None:
        _print_plan(action, planned, json_)
    else:
        _print_report(action, report, json_)
        if report.stopped:
            fail(report.stopped, Exit.UNREACHABLE)
        if report.failed:
            fail(f"{report.failed} filings did not answer: run the same again", Exit.UNREACHABLE)
        if report.refused:
            raise typer.Exit(Exit.NO)
    if not planned.matched:
        warn("no open filing fits; `starter.py list` shows them")
        raise typer.Exit(Exit.NO)
    if held_for is not None and not planned.due:
        others = [f"{text} ({count})" for text, count in planned.held_otherwise.items()]
        shown = f"held for other reasons: {', '.join(others[:20])}" if others else "none is held"
        warn(f"none that fits is held for {held_for}; {shown}")
        raise typer.Exit(Exit.NO)


async def _act(
    action: "Bulk",
    query: ListQuery,
    by: str,
    reason: str,
    held_for: str | None,
    rate: float,
    dry_run: bool,
) -> "tuple[Plan, BulkReport | None]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from operations.bulk import carry_out, plan
    from operations.services import open_services

    async with open_services(settings()) as services:
        planned = await plan(action, query, services, held_for=held_for)
        if dry_run:
            return planned, None
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        hidden = not err().is_terminal
        with Progress(*columns, console=err(), transient=True, disable=hidden) as progress:
            task = progress.add_task(action.value, total=len(planned.due))
            return planned, await carry_out(
                action,
                planned,
                by,
                reason,
                services,
                rate=rate,
                progress=lambda result: progress.advance(task),
            )


def _print_plan(action: "Bulk", planned: "Plan", json_: bool) -> None:
    if json_:
        print_json(
            {
                "action": action.value,
                "matched": planned.matched,
                "already": len(planned.already),
                "due": len(planned.due),
                "filings": planned.due,
            }
        )
        return
    print_table(
        ("filing", "小程序", "省份", "状态"),
        [
            (f.filing_id, f.mini_program, f.province, STATUS_LABELS[Status(f.status)])
            for f in planned.due
        ],
    )
    stages = Counter(STATUS_LABELS[Status(f.status)] for f in planned.due)
    told = "".join(f"; {count} in {label}" for label, count in stages.most_common())
    line(
        f"{planned.matched} open filings fit; would {action.value} {len(planned.due)}, "
        f"{len(planned.already)} need nothing{told if action.value == 'withdraw' else ''}"
    )
    if action.value == "withdraw" and planned.due:
        line("nothing was sent; --yes does it, and it cannot be undone")


def _print_report(action: "Bulk", report: "BulkReport", json_: bool) -> None:
    from operations.bulk import Result

    if json_:
        print_json({"action": action.value} | report.model_dump(mode="json"))
        return
    for one in report.filings:
        if one.result in (Result.REFUSED, Result.FAILED):
            why = f":{one.explanation}" if one.explanation else ""
            line((f"✗ {one.result.value}", "red"), f" {one.filing_id}{why}({one.code})")
    done = {"hold": "held", "resume": "resumed", "withdraw": "withdrawn"}[action.value]
    parts = [f"{report.matched} open filings fit", f"{report.done} {done}"]
    parts += [f"{report.already} needed nothing"] if report.already else []
    parts += [f"{report.ended} had ended"] if report.ended else []
    parts += [f"{report.refused} refused"] if report.refused else []
    parts += [f"{report.failed} failed"] if report.failed else []
    parts += [f"{report.not_reached} not reached"] if report.not_reached else []
    line(", ".join(parts))
