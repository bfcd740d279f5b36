"""The receiver as it is run: inside `up`, and alone."""

import asyncio
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.commands.conftest import STARTER, Begin, Cli, Running, environment, fresh_appid
from tests.gateways.pushing import Call, Platform, face_check, filing_result, inner

PLATFORM = Platform()


async def post(url: str, call: Call) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        return await http.post(url, params=call.query, content=call.body)


async def the_event(cli: Cli, appid: str, state: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            [event] = await cli.json("events", "--appid", appid)
            if event["state"] == state:
                return dict(event)


async def test_up_receives_and_events_shows_it(running: Running, begin: Begin) -> None:
    cli, url = running.cli, running.info.receiver
    assert url is not None
    case, unknown = await begin(), fresh_appid()
    assert (await post(url, PLATFORM.call(filing_result(case.appid, 5)))).text == "success"
    assert (await post(url, PLATFORM.call(face_check(unknown)))).text == "success"
    strange = inner("notify_something_new", appid=unknown, mobile="13800138000")
    assert (await post(url, PLATFORM.call(strange))).text == "success"
    forged = Platform(token="another").call(filing_result(case.appid, 6))
    assert (await post(url, forged)).status_code == 403

    event = await the_event(cli, case.appid, "signalled")
    assert event["filing_id"] == case.filing_id
    assert event["uid"] == case.uid
    assert event["fields"] == {"status": 5}
    listed = await cli.json("events", "--unknown", "--appid", unknown)
    assert [(one["kind"], one["state"]) for one in listed] == [
        ("unknown", "noted"),
        ("face_check", "no_filing"),
    ]
    shown, first = await asyncio.gather(
        cli("events", "--appid", unknown), cli("events", "--limit", "1")
    )
    assert "no_filing" in shown.out
    assert "unknown (notify_something_new)" in shown.out
    assert "mobile …" in shown.out
    assert "13800138000" not in shown.out
    assert "the first 1" in first.out


@dataclass(frozen=True)
class Alone:
    url: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def receiving(cli: Cli, **env: str) -> AsyncIterator[Alone]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(STARTER), "receive", "--port", "0"),
        cwd=cli.folder,
        env=environment(cli.home) | env,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            said = (await process.stderr.readline()).decode()
        found = re.fullmatch(r"receiving at (http://127\.0\.0\.1:\d+/wechat/events)\n", said)
        assert found, said
        yield Alone(found[1], process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_runs_alone_and_a_signal_ends_it(cli: Cli) -> None:
    appid = fresh_appid()
    async with receiving(cli) as alone:
        assert (await post(alone.url, PLATFORM.call(filing_result(appid)))).text == "success"
        assert (await post(alone.url, Platform(token="x" * 8).call(""))).status_code == 403
        port = alone.url.split(":")[2].split("/")[0]
        taken = await cli("receive", "--port", port, code=3)
        assert f"127.0.0.1:{port} cannot be had" in taken.err
        started = time.monotonic()
        alone.process.send_signal(signal.SIGTERM)
        assert await alone.process.wait() == 0
        assert time.monotonic() - started < 10
        assert alone.process.stderr is not None
        log = (await alone.process.stderr.read()).decode()
    assert "received: filing" in log
    assert "callback refused: signature (1 of these since the start)" in log
    assert appid not in log
    assert "Traceback" not in log
    await the_event(cli, appid, "no_filing")


async def test_what_came_before_it_was_killed_is_told_by_another(cli: Cli, begin: Begin) -> None:
    case = await begin()
    # Without Temporal it can only store.
    async with receiving(cli, TEMPORAL_ADDRESS="127.0.0.1:1") as alone:
        assert (await post(alone.url, PLATFORM.call(face_check(case.appid)))).text == "success"
        alone.process.kill()
        await alone.process.wait()
    # The one inside `up` looks for what others left behind.
    await the_event(cli, case.appid, "signalled")
