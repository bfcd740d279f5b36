"""For operations: the materials store, verified against the registry."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import Exit, Json, err, line, print_json, run, settings

if TYPE_CHECKING:
    from operations.materials import Fault, MaterialsReport

app = typer.Typer(
    name="materials",
    help="The materials store: verified against the registry.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Keeps `verify` a command of its own while there is no other."""


@app.command()
def verify(
    all_: Annotated[
        bool, typer.Option("--all", help="Also what closed filings refer to must be there.")
    ] = False,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="List what no application refers to.")
    ] = False,
    json_: Json = False,
) -> None:
    """Read every stored material, and look for every one that an open filing refers to.

    Exits with 1 where one is missing or damaged. Nothing is changed or removed.
    """
    report = run(_verify(all_))
    if json_:
        shown = report.model_dump(mode="json", exclude=None if orphans else {"orphans"})
        print_json(shown | {"orphaned": len(report.orphans)})
    else:
        _print(report, orphans)
    if not report.whole:
        raise typer.Exit(Exit.NO)


async def _verify(closed: bool) -> "MaterialsReport":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from gateways.materials import materials_store
    from operations.materials import verify_materials
    from operations.services import open_registry

    chosen = settings()
    store = materials_store(chosen)
    await store.probe()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=err(), transient=True, disable=not err().is_terminal
    ) as progress:
        task = progress.add_task("reading materials", total=None)

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        async with open_registry(chosen) as registry:
            return await verify_materials(registry, store, closed=closed, progress=told)


def _print(report: "MaterialsReport", orphans: bool) -> None:
    for fault in report.missing:
        _print_fault("missing", fault)
    for fault in report.damaged:
        _print_fault("damaged", fault)
    if orphans:
        for key in report.orphans:
            line(("? orphaned", "yellow"), f"  {key}")
    line(
        f"{report.referred} referred to; {report.read} whole ({report.bytes:,} bytes), "
        f"{len(report.missing)} missing, {len(report.damaged)} damaged, "
        f"{len(report.orphans)} orphaned"
    )


def _print_fault(what: str, fault: "Fault") -> None:
    line((f"✗ {what}", "red"), f"  {fault.sha256}")
    for one in fault.references:
        line(f"      {one.filing_id} round {one.round}: {one.path}")
