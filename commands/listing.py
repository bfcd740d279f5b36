"""For operations: the inventory, and the listing rule (上架, 清退)."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.console import (
    Exit,
    Json,
    Limit,
    fail,
    line,
    parse_instant,
    print_json,
    print_problems,
    print_table,
    run,
    settings,
)
from filing.identifiers import is_appid

if TYPE_CHECKING:
    from datetime import date

    from filing.sweep import SweepReport
    from operations.inventory import Imported, LineProblem, Report
    from operations.listing import Foreseen, Listing, Unfiled

app = typer.Typer()
inventory = typer.Typer(
    name="inventory",
    help="The inventory: the mini programs that the listing rule is applied to.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(inventory)

MOST_PROBLEMS = 10_000
"""How many problems one JSON document holds; the rest is counted."""

At = Annotated[
    str | None, typer.Option("--at", metavar="DATE", help="As of this day, as in 2024-03-31.")
]


@inventory.command("import")
def import_(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="CSV or JSON Lines (docs/listing.md); - is stdin."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check only: says what would change.")
    ] = False,
    json_: Json = False,
) -> None:
    """Bring the inventory to what a file says: appid, name, contact, listed_since.

    All of the file or nothing: one wrong line, and nothing is imported. Mini programs that the file
    does not name stay as they are; the same file again changes nothing.
    """
    settings()
    problems: list[LineProblem] = []
    told = 0

    def report(problem: "LineProblem") -> None:
        nonlocal told
        told += 1
        if json_:
            if len(problems) < MOST_PROBLEMS:
                problems.append(problem)
            return
        if told == 1:
            line(("✗ invalid", "red"), f"  {file}")
        place = f"{problem.line}:{problem.path}".removesuffix(":") if problem.line else ""
        print_problems((problem.model_copy(update={"path": place}),))

    imported = run(_import(file, dry_run, report))
    if json_:
        left_off = told - len(problems)
        rows = [p.model_dump(mode="json", exclude={"severity"}) for p in problems]
        print_json(imported.model_dump() | {"problems": rows, "problems_left_off": left_off})
    else:
        _print_imported(imported, dry_run)
    if imported.bad_lines:
        raise typer.Exit(Exit.NO)


async def _import(file: str, dry_run: bool, report: "Report") -> "Imported":
    from operations.inventory import import_inventory
    from operations.services import now, open_registry

    async with open_registry(settings()) as registry:
        return await import_inventory(file, registry, now().date(), report, dry_run=dry_run)


def _print_imported(imported: "Imported", dry_run: bool) -> None:
    if imported.bad_lines:
        line(f"{imported.bad_lines} of {imported.lines} lines are wrong; nothing was imported")
        return
    would = " would be" if dry_run else ""
    line(
        ("✓ checked" if dry_run else "✓ imported", "green"),
        f"  {imported.lines} mini programs:{would} {imported.new} new, {imported.changed} changed, "
        f"{imported.unchanged} unchanged",
    )


@inventory.command("list")
def list_(limit: Limit = 100, json_: Json = False) -> None:
    """List the inventory, with the number of each that has one."""
    listed = run(_list(limit))
    if json_:
        print_json(listed)
        return
    print_table(
        ("AppID", "小程序", "上架", "备案号", "联系邮箱"),
        [
            (i["appid"], i["name"], i["listed_since"] or "", i["filing_number"] or "", i["contact"])
            for i in listed
        ],
    )
    if len(listed) == limit:
        line((f"the first {limit}; --limit shows more", "dim"))


async def _list(limit: int) -> list[dict[str, Any]]:
    from gateways.inventory import Inventory
    from operations.services import now, open_registry

    async with open_registry(settings()) as registry:
        page = await Inventory(registry).page("", limit)
    today = now().date()
    return [
        {
            "appid": known.appid,
            "name": known.name,
            "contact": known.contact,
            "listed_since": known.facts.listed_since and str(known.facts.listed_since),
            "filing_number": known.facts.number_on(today),
        }
        for known in page
    ]


@app.command("listing")
def listing_(
    appid: Annotated[
        str, typer.Argument(metavar="APPID", help="The mini program, as in wx1a2b3c4d5e6f7a8b.")
    ],
    at: At = None,
    json_: Json = False,
) -> None:
    """Tell whether a mini program may be listed (exit code 0) or not (1), why, and what to do next.

    One that is neither in the inventory nor filed counts as not listed.
    """
    if not is_appid(appid):
        fail(f"{appid!r} is no appid: write wx and 16 digits 0-9a-f", Exit.USAGE)
    listing = run(_listing(appid, parse_instant(at, "--at").date()))
    if json_:
        print_json(_listing_json(listing))
    else:
        _print_listing(listing)
    if not listing.verdict.standing.allowed:
        raise typer.Exit(Exit.NO)


async def _listing(appid: str, day: "date") -> "Listing":
    from operations.listing import listing_of
    from operations.services import open_registry

    async with open_registry(settings()) as registry:
        return await listing_of(appid, day, registry)


def _listing_json(listing: "Listing") -> dict[str, Any]:
    verdict = listing.verdict
    return {
        "appid": listing.appid,
        "name": listing.name,
        "in_inventory": listing.in_inventory,
        "allowed": verdict.standing.allowed,
        **verdict.model_dump(mode="json"),
        "may_stay_until": verdict.may_stay_until and str(verdict.may_stay_until),
        "open_filing": listing.open_filing,
        "next": listing.next,
    }


def _print_listing(listing: "Listing") -> None:
    from filing.listing import STANDING_LABELS

    verdict = listing.verdict
    label = STANDING_LABELS[verdict.standing]
    mark = (f"✓ {label}", "green") if verdict.standing.allowed else (f"✗ {label}", "red")
    line(mark, f"  {listing.appid} {listing.name or ''}".rstrip(), f"  ({verdict.day})")
    line(f"  {verdict.sentence}")
    line(f"  依据:{verdict.rule}")
    line((f"  source: {verdict.source} [{verdict.mark}]", "dim"))
    if not listing.in_inventory:
        line(("  not in the inventory: counted as not listed (`inventory import`)", "yellow"))
    line(f"  next: {listing.next}")


@app.command()
def sweep(
    at: At = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would do today; send nothing.")
    ] = False,
    limit: Limit = 100,
    json_: Json = False,
) -> None:
    """Sweep the inventory by the listing rule now, as the schedule `listing-sweep` does daily.

    Marks for clear-out who is listed without a number, and tells owners and operations what is due;
    each is told once. --at shows any day, by the numbers known now; it sends nothing either.
    """
    if at is not None or dry_run:
        foreseen = run(_foresee(parse_instant(at, "--at").date(), limit))
        if json_:
            print_json(foreseen)
        else:
            _print_foreseen(foreseen)
        return
    report = run(_sweep())
    if json_:
        print_json(report)
        return
    told = report.notices
    line(
        ("✓ swept", "green"),
        f"  {report.day}: {report.examined} mini programs, {report.marked} newly marked for "
        f"clear-out, {report.lifted} marks lifted",
    )
    line(
        f"notices: {told.sent + told.possibly_doubled} sent, {told.already_sent} sent before, "
        f"{told.no_channel} without a channel, {told.undelivered} not delivered"
    )


async def _foresee(day: "date", limit: int) -> "Foreseen":
    from operations.listing import foresee
    from operations.services import open_registry

    async with open_registry(settings()) as registry:
        return await foresee(day, limit, registry)


async def _sweep() -> "SweepReport":
    from operations.services import open_services
    from operations.sweep import sweep_now

    async with open_services(settings()) as services:
        return await sweep_now(services)


def _print_foreseen(foreseen: "Foreseen") -> None:
    _print_unfiled(list(foreseen.mini_programs))
    line(
        f"{foreseen.day}: {foreseen.examined} mini programs, {foreseen.marked} marked for "
        f"clear-out ({foreseen.open_filings} with an open filing), {foreseen.untold} owners to be "
        "told; nothing was sent"
    )


def _print_unfiled(listed: "list[Unfiled]") -> None:
    """Those that are listed without a number, as a table."""
    from filing.instants import when
    from filing.listing import STANDING_LABELS

    print_table(
        ("AppID", "小程序", "上架", "最后期限", "", "已通知", "应通知", "备案"),
        [
            (
                one.appid,
                one.name,
                str(one.listed_since),
                str(one.deadline),
                (STANDING_LABELS[one.standing], "yellow" if one.standing.allowed else "red"),
                "" if one.told is None else when(one.told.at),
                _step(one.step_due) if one.untold else "",
                one.open_filing.filing_id if one.open_filing else "",
            )
            for one in listed
        ],
    )


def _step(step: int | None) -> str:
    return f"提前 {step} 天" if step else "清退"


def list_unfiled(limit: int, json_: bool) -> None:
    """Print who is listed without a number today (`list --unfiled`)."""
    listed = run(_unfiled(limit))
    if json_:
        print_json(listed)
        return
    _print_unfiled(listed)
    if not listed:
        line(("nobody in the inventory is listed without a number", "dim"))
    elif len(listed) == limit:
        line((f"the first {limit}; --limit shows more", "dim"))


async def _unfiled(limit: int) -> "list[Unfiled]":
    from operations.listing import unfiled
    from operations.services import now, open_registry

    async with open_registry(settings()) as registry:
        return await unfiled(now().date(), limit, registry)
