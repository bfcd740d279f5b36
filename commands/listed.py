"""For operations: open or all filings, from the registry."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.agencies import tell_if_unknown
from commands.console import (
    Exit,
    Json,
    Limit,
    OfProvince,
    fail,
    line,
    out,
    parse_instant,
    print_json,
    run,
    settings,
    table,
    text_option,
)
from filing.vocabulary import PARTY_LABELS, Kind, Party, Status

if TYPE_CHECKING:
    from rich.table import Table

    from filing.records import ListedFiling, ListQuery

app = typer.Typer()


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
    limit: Limit = 100,
    json_: Json = False,
) -> None:
    """List open filings, the next deadline first, from the registry."""
    from filing.records import ListQuery

    if unfiled:
        filters = (status, kind, province, waiting_for, due_before, agency, customer, name, number)
        if all_ or overdue or watch or any(filters):
            fail("--unfiled lists mini programs and takes only --limit and --json", Exit.USAGE)
        from commands.listing import list_unfiled

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
    listed = run(_list(query, hint=not json_))
    if json_:
        print_json(listed)
        return
    out().print(_listed(listed))
    if not listed:
        line(("no filings match", "dim"))
    elif len(listed) == limit:
        line((f"the first {limit}; --limit shows more", "dim"))


async def _list(query: "ListQuery", *, hint: bool) -> "list[ListedFiling]":
    from gateways.filing_lists import list_filings
    from operations.services import open_database

    async with open_database(settings()) as pool:
        listed = await list_filings(pool, query)
        if hint and not listed:
            await tell_if_unknown(query.agency, pool)
        return listed


def _listed(listed: "list[ListedFiling]") -> "Table":
    from filing.instants import when

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
