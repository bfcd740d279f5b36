"""For reviewers: decide, and record SMS checks; for applicants' agents: resubmit, withdraw, hold."""

from enum import Enum
from typing import Annotated, Any

import typer

from commands.console import Exit, Id, Json, fail, out, print_json, run, settings
from filing.vocabulary import STATUS_LABELS, Principal
from operations.filings import Outcome, find, send
from operations.filings import decide as decide_filing
from operations.filings import verify_sms as verify
from operations.services import open_services

app = typer.Typer()

By = Annotated[str, typer.Option("--by", help="Who asks for it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is put on record.")]


class Verdict(str, Enum):
    """What a decision says."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


@app.command()
def decide(
    id_: Id,
    outcome: Annotated[Verdict, typer.Argument(help="For the stage that is waiting now.")],
    reviewer: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=TEXT, as in subject.name=名称不符; may be repeated."),
    ] = None,
    number: Annotated[
        str | None, typer.Option(help="The filing number, for a bureau's approval.")
    ] = None,
    json_: Json = False,
) -> None:
    """Approve, return or reject for the stage that is waiting."""
    reasons = [_reason(text) for text in reason or ()]
    _print_outcome(run(_decide(id_, outcome.value, reviewer, reasons, number)), json_)


def _reason(text: str) -> dict[str, str]:
    field, equals, why = text.partition("=")
    if not (field.strip() and equals and why.strip()):
        fail(
            f"--reason {text!r}: write it as FIELD=TEXT, as in subject.name=名称与执照不一致",
            Exit.USAGE,
        )
    return {"field": field.strip(), "reason": why.strip()}


async def _decide(
    id_: str, outcome: str, reviewer: str, reasons: list[dict[str, str]], number: str | None
) -> Outcome:
    async with open_services(settings()) as services:
        return await decide_filing(id_, outcome, reviewer, reasons, number, services)


@app.command("verify-sms")
def verify_sms(
    id_: Id,
    person: Annotated[Principal, typer.Option(help="Who has passed the check.")],
    source: Annotated[str, typer.Option(help="How we know.")] = "command line",
    json_: Json = False,
) -> None:
    """Record one completed SMS check."""

    async def ask() -> Outcome:
        async with open_services(settings()) as services:
            return await verify(id_, person.value, source, services)

    _print_outcome(run(ask()), json_)


@app.command()
def resubmit(id_: Id, by: By, json_: Json = False) -> None:
    """Send a returned filing again, unchanged."""
    _print_outcome(run(_act(id_, "resubmit", {"by": by, "reason": None})), json_)


@app.command()
def withdraw(id_: Id, by: By, reason: Why, json_: Json = False) -> None:
    """Take a filing back, where that is still allowed."""
    _print_outcome(run(_act(id_, "withdraw", {"by": by, "reason": reason})), json_)


@app.command()
def hold(id_: Id, by: By, reason: Why, json_: Json = False) -> None:
    """Stop a filing's clock; decisions still count."""
    _print_outcome(run(_act(id_, "hold", {"by": by, "reason": reason})), json_)


@app.command()
def resume(id_: Id, by: By, reason: Why = "恢复", json_: Json = False) -> None:
    """Let a held filing's clock go on."""
    _print_outcome(run(_act(id_, "resume", {"by": by, "reason": reason})), json_)


async def _act(id_: str, name: str, payload: dict[str, Any]) -> Outcome:
    async with open_services(settings()) as services:
        return await send(await find(id_, services), name, payload, services)


def _print_outcome(outcome: Outcome, json_: bool) -> None:
    if json_:
        print_json(outcome)
    elif outcome.accepted and outcome.status is not None:
        status = outcome.status
        label = STATUS_LABELS[status.status]
        out.print(
            f"[green]✓ applied[/] {status.filing_id} → {status.status_label or label}",
            highlight=False,
        )
    else:
        refusal = outcome.refusal or {}
        out.print("[red]✗ refused[/] ", end="")
        text = f"{refusal.get('explanation', '')}({refusal.get('code', '')})"
        out.print(text, markup=False, highlight=False)
    if not outcome.accepted:
        raise typer.Exit(Exit.NO)
