"""For reviewers: decide, and record SMS checks; for applicants' agents: resubmit, withdraw, hold."""

import getpass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.batches import Again, AllOrNothing, Follow, Rate
from commands.console import (
    Exit,
    Id,
    Json,
    fail,
    line,
    print_json,
    run,
    settings,
    text_argument,
    text_option,
    warn,
)
from commands.decisions import Manner, decide_from
from filing.batches import ROWS_A_SECOND
from filing.vocabulary import STATUS_LABELS, Principal, Status

if TYPE_CHECKING:
    from operations.filings import Decided, Outcome

app = typer.Typer()


def author() -> str:
    """Who runs this command, as the machine knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "command line"


By = Annotated[
    str | None, text_option("--by", "NAME", help="Who asks for it; default: your user name here.")
]
Why = Annotated[str, text_option("--reason", "TEXT", help="Why; it is put on record.")]


class Verdict(str, Enum):
    """What a decision says."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


class Decidable(str, Enum):
    """Stages that are decided."""

    PLATFORM_REVIEW = Status.PLATFORM_REVIEW.value
    BUREAU_REVIEW = Status.BUREAU_REVIEW.value


@app.command()
def decide(
    id_: Annotated[
        str | None,
        text_argument("ID", "A workflow id (filing-wx…), a uid, an appid or a filing number."),
    ] = None,
    outcome: Annotated[
        Verdict | None, typer.Argument(help="For the stage that is waiting.", metavar="OUTCOME")
    ] = None,
    reviewer: Annotated[
        str | None, text_option("--reviewer", "NAME", help="Who decides; required but for --from.")
    ] = None,
    reason: Annotated[
        list[str] | None,
        text_option(
            "--reason",
            "FIELD=TEXT|SUGGESTION",
            "What is wrong, as in 'subject.name=与执照不一致|请按执照填写'; the suggestion may be left "
            "out; repeatable.",
        ),
    ] = None,
    number: Annotated[
        str | None,
        text_option("--number", "NUMBER", "Of a bureau's approval, as in 苏ICP备2026000001号-1X."),
    ] = None,
    stage: Annotated[
        Decidable | None,
        typer.Option(
            help="The stage that you saw; default: the one that is waiting now, and of a file's rows "
            "the platform's review."
        ),
    ] = None,
    round_: Annotated[
        int | None,
        typer.Option(
            "--round", min=1, metavar="NUMBER", help="The round that you saw; default: the present."
        ),
    ] = None,
    from_: Annotated[
        str | None,
        text_option(
            "--from",
            "FILE",
            "Instead of ID and OUTCOME: CSV, Excel or JSON Lines, a decision a row (docs/bulk.md).",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Of a file: say what would be sent, and send nothing.")
    ] = False,
    follow: Follow = None,
    again: Again = False,
    all_or_nothing: AllOrNothing = False,
    rate: Rate = ROWS_A_SECOND,
    json_: Json = False,
) -> None:
    """Approve, return or reject for the stage that is waiting.

    With --stage and --round as you saw them, a decision that comes too late is refused.
    """
    single = (id_, outcome, reason, number, round_)
    if from_ is not None:
        if any(given is not None for given in single):
            fail(
                "give ID and OUTCOME, or --from FILE, whose rows have their own id, outcome, reasons, "
                "number and round",
                Exit.USAGE,
            )
        manner = Manner(follow is not False, again, all_or_nothing, rate, dry_run)
        usual = Status(stage.value) if stage else Status.PLATFORM_REVIEW
        decide_from(from_, reviewer, usual, author(), manner, json_)
        return
    if dry_run or again or all_or_nothing or follow is not None:
        fail("--dry-run, --again, --all-or-nothing and --follow go with --from FILE", Exit.USAGE)
    if id_ is None or outcome is None or reviewer is None:
        fail("give ID, OUTCOME and --reviewer NAME, or --from FILE", Exit.USAGE)
    reasons = [_reason(text) for text in reason or ()]
    if outcome is Verdict.APPROVE and reasons:
        fail("--reason goes with return and reject, not with approve", Exit.USAGE)
    if outcome is not Verdict.APPROVE and number:
        fail(f"--number goes with approve, not with {outcome.value}", Exit.USAGE)
    decision: dict[str, Any] = {"outcome": outcome.value, "reviewer": reviewer}
    if reasons:
        decision["reasons"] = reasons
    if number:
        decision["filing_number"] = number
    decided = run(_decide(id_, decision, Status(stage.value) if stage else None, round_))
    for field, near in decided.unknown_fields.items():
        hint = f"did you mean {near}?" if near else "`draft` shows its fields, as in subject.name"
        warn(f"--reason {field}: the application has no such field; {hint}")
    print_outcome(decided, json_, f" {STATUS_LABELS[decided.stage]}(第 {decided.round} 轮)")


def _reason(text: str) -> dict[str, str]:
    from operations.decisions import WrongReason, reason_of

    try:
        return reason_of(text)
    except WrongReason:
        fail(
            f"--reason {text!r}: write it as FIELD=TEXT or FIELD=TEXT|SUGGESTION, as in "
            "subject.name=名称与执照不一致",
            Exit.USAGE,
        )


async def _decide(
    id_: str, decision: dict[str, Any], stage: Status | None, round_: int | None
) -> "Decided":
    from operations.filings import Verdict as Given
    from operations.filings import decide as decide_filing
    from operations.services import open_services

    async with open_services(settings()) as services:
        given = Given(decision=decision, stage=stage, round=round_)
        return await decide_filing(id_, given, services)


@app.command("verify-sms")
def verify_sms(
    id_: Id,
    person: Annotated[Principal, typer.Option(help="Who has passed the check.")],
    source: Annotated[str, text_option("--source", "TEXT", help="How we know.")] = "command line",
    json_: Json = False,
) -> None:
    """Record one completed SMS check."""
    print_outcome(run(_verify_sms(id_, person.value, source)), json_)


async def _verify_sms(id_: str, person: str, source: str) -> "Outcome":
    from operations.filings import verify_sms as record_check
    from operations.services import open_services

    async with open_services(settings()) as services:
        return await record_check(id_, person, source, services)


@app.command()
def resubmit(
    id_: Id,
    by: By = None,
    reason: Annotated[
        str | None, text_option("--reason", "TEXT", help="Why; it is put on record.")
    ] = None,
    json_: Json = False,
) -> None:
    """Send a returned filing again, unchanged."""
    print_outcome(run(_act(id_, "resubmit", by, reason)), json_)


@app.command()
def withdraw(id_: Id, reason: Why, by: By = None, json_: Json = False) -> None:
    """Take a filing back, where that is still allowed."""
    print_outcome(run(_act(id_, "withdraw", by, reason)), json_)


@app.command()
def hold(id_: Id, reason: Why, by: By = None, json_: Json = False) -> None:
    """Stop a filing's clock; decisions still count."""
    print_outcome(run(_act(id_, "hold", by, reason)), json_)


@app.command()
def resume(id_: Id, by: By = None, reason: Why = "恢复", json_: Json = False) -> None:
    """Let a held filing's clock go on."""
    print_outcome(run(_act(id_, "resume", by, reason)), json_)


async def _act(id_: str, name: str, by: str | None, reason: str | None) -> "Outcome":
    from operations.filings import find, send
    from operations.services import open_services

    payload = {"by": by or author(), "reason": reason}
    async with open_services(settings()) as services:
        return await send(await find(id_, services), name, payload, services)


def print_outcome(outcome: "Outcome", json_: bool, what: str = "") -> None:
    """What became of a message, `what` it was for; one that was refused ends the command with 1."""
    if json_:
        print_json(outcome)
    elif outcome.accepted and outcome.status is not None:
        status = outcome.status
        label = status.status_label or STATUS_LABELS[status.status]
        line(("✓ applied", "green"), f" {status.filing_id}{what} → {label}")
    else:
        refusal = outcome.refusal or {}
        text = f" {refusal.get('explanation', '')}({refusal.get('code', '')})"
        line(("✗ refused", "red"), f"{what}:{text}" if what else text)
    if not outcome.accepted:
        raise typer.Exit(Exit.NO)
