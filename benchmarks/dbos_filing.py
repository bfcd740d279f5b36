"""The same filing on DBOS, in a program of its own packages (requirements-dbos.txt).

    python -m benchmarks.dbos_filing recipe.json

Reads commands as lines of JSON: `["start", uid, filing, persons]`, `["send", uid, topic]`; writes
`ready`, and `done UID` as filings end. DBOS commits each step's result, each message and each sleep
to the same PostgreSQL, `synchronous_commit` on: what Temporal's server commits to its database.
"""

import asyncio
import contextlib
import json
import sys
from typing import Any

from dbos import DBOS, SetWorkflowID

from benchmarks import plain

WAIT = 600.0
_calls: list[plain.Plain] = []


@DBOS.step(retries_allowed=True)  # type: ignore[untyped-decorator]  # its packages are not ours
async def step(name: str, number: int, filing: dict[str, Any]) -> None:
    """A step of a filing."""
    await _calls[0].step(name, number, filing)


async def _steps(filing: dict[str, Any], names: tuple[str, ...], number: int = 0) -> None:
    for name in names:
        await step(name, number, filing if name == "submit" else {**filing, "body": None})


@DBOS.workflow()  # type: ignore[untyped-decorator]
async def filing_workflow(filing: dict[str, Any], persons: int) -> str:
    """Live until the number is there."""
    await _steps(filing, plain.BEFORE_DECISION)
    await DBOS.set_event_async("status", "platform_review")
    await DBOS.recv_async("platform_decision", timeout_seconds=WAIT)
    await _steps(filing, plain.BEFORE_SMS)
    await DBOS.set_event_async("status", "sms_verification")
    for person in range(persons):
        await DBOS.recv_async("sms_verified", timeout_seconds=WAIT)
        await _steps(filing, plain.AFTER_EACH_SMS, person)
    await _steps(filing, plain.BEFORE_RESULT)
    await DBOS.recv_async("authority_event", timeout_seconds=WAIT)
    await _steps(filing, plain.AFTER_RESULT)
    await DBOS.set_event_async("status", "approved")
    return "approved"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _obey(command: list[Any], running: set[asyncio.Task[None]]) -> None:
    match command:
        case ["start", uid, filing, persons]:
            with SetWorkflowID(uid):
                handle = await DBOS.start_workflow_async(filing_workflow, filing, persons)

            async def ended() -> None:
                await handle.get_result()
                _say(f"done {uid}")

            running.add(asyncio.create_task(ended()))
            _say(f"ok {uid}")
        case ["send", uid, topic]:
            await DBOS.send_async(uid, {"by": "li.na"}, topic)
            _say(f"ok {uid}")


async def _serve(recipe: plain.Recipe) -> None:
    async with plain.Plain.opened(recipe) as calls:
        _calls.append(calls)
        DBOS(
            config={
                "name": "filings",
                "system_database_url": recipe.system_database_url,
                "log_level": "WARNING",
            }
        )
        DBOS.launch()
        reader = asyncio.StreamReader(limit=2**22)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        _say("ready")
        tasks: set[asyncio.Task[None]] = set()
        while line := await reader.readline():
            tasks.add(asyncio.create_task(_obey(json.loads(line), tasks)))
        with contextlib.suppress(Exception):
            DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(_serve(plain.Recipe.read(sys.argv[1])))
