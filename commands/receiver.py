"""The receiver of the authority's pushes: receive; and what it has received: events."""

import asyncio
import signal
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    Exit,
    Json,
    Limit,
    err,
    fail,
    line,
    plain,
    print_json,
    print_table,
    run,
    settings,
)
from filing.identifiers import is_appid

if TYPE_CHECKING:
    from gateways.authority_events import RecordedEvent

app = typer.Typer()


@app.command()
def receive(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, metavar="PORT", help="0 takes any free one.")
    ] = 7281,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
) -> None:
    """Receive the authority's pushes in the foreground, until Ctrl-C or SIGTERM.

    Each is verified, stored, answered, and then told to its filing. To be reached by the platform
    it stands behind a reverse proxy with TLS (docs/receiver.md). `up` runs one too.
    """
    import logging

    from settings import LOG_FORMAT

    logging.basicConfig(level=settings().log_level, format=LOG_FORMAT)
    run(_receive(host, port))


async def _receive(host: str, port: int) -> None:
    from gateways.serving import AddressRefused, listener
    from gateways.temporal import connect
    from operations.receiving import callback_keys, receiving
    from operations.services import open_registry

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    chosen = settings()
    callback_keys(chosen)  # wrong settings are told before a service is looked for
    async with open_registry(chosen) as registry:
        try:
            at = listener(host, port)
        except AddressRefused as error:
            fail(f"{error}; choose another with --port and --host", Exit.UNREACHABLE)
        with at:
            async with receiving(chosen, registry, partial(connect, chosen), at) as running:
                err().print(plain(f"receiving at {running.url}"), soft_wrap=True)
                stopping = asyncio.create_task(stop.wait())
                await asyncio.wait(
                    {stopping, running.forwarding}, return_when=asyncio.FIRST_COMPLETED
                )
                stopping.cancel()


@app.command("events")
def events_(
    appid: Annotated[
        str | None, typer.Option("--appid", metavar="APPID", help="Only of this mini program.")
    ] = None,
    unknown: Annotated[
        bool,
        typer.Option(
            "--unknown", help="Only what reached no filing, or is of a kind that nobody knows."
        ),
    ] = False,
    limit: Limit = 100,
    json_: Json = False,
) -> None:
    """Show what the authority has pushed, the newest first, and what became of it."""
    if appid is not None and not is_appid(appid):
        fail(f"--appid: {appid!r} is no appid: write wx and 16 digits 0-9a-f", Exit.USAGE)
    found = run(_events(appid, unknown, limit))
    if json_:
        print_json(found)
        return
    print_table(
        ("received", "what", "says", "AppID", "filing", "became"),
        [
            (
                f"{event.received_at:%Y-%m-%d %H:%M:%S}",
                event.kind if event.kind != "unknown" else f"unknown ({event.type})",
                ", ".join(f"{k} {'…' if v is None else v}" for k, v in event.fields.items()),
                event.appid or "",
                event.filing_id or "",
                event.state.value,
            )
            for event in found
        ],
    )
    if len(found) == limit:
        line((f"the first {limit}; --limit shows more", "dim"))


async def _events(appid: str | None, unknown: bool, limit: int) -> "list[RecordedEvent]":
    from operations.receiving import events
    from operations.services import open_registry

    async with open_registry(settings()) as registry:
        return await events(registry, appid=appid, unknown=unknown, limit=limit)
