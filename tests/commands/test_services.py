"""Services that are not there, or stop: exit code 3, with what to do; and what a dead worker hides."""

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands.conftest import Begin, Cli, Running
from tests.embedded.supervisor import eventually

UNREACHABLE = 3
ID = "wx0000000000000000"


@pytest.mark.parametrize("name", ["TEMPORAL_ADDRESS", "BEIAN_DATABASE_URL"])
async def test_a_service_that_does_not_answer(running: Running, name: str) -> None:
    address = (
        "127.0.0.1:1" if name == "TEMPORAL_ADDRESS" else "postgresql://u:pass-word@127.0.0.1:1/x"
    )
    commands: dict[str, list[tuple[str, ...]]] = {
        "TEMPORAL_ADDRESS": [("show", ID)],
        "BEIAN_DATABASE_URL": [("list",), ("migrate",)],
    }
    runs = [running.cli(*args, code=UNREACHABLE, env={name: address}) for args in commands[name]]
    for ran in await asyncio.gather(*runs):
        assert name in ran.err
        assert "pass-word" not in ran.err


async def test_an_address_that_is_none_is_a_wrong_setting(bare: Cli) -> None:
    env = {"BEIAN_DATABASE_URL": "nonsense:pass-word"}
    for ran in await asyncio.gather(
        bare("list", code=2, env=env), bare("migrate", code=2, env=env)
    ):
        assert "BEIAN_DATABASE_URL" in ran.err
        assert "pass-word" not in ran.err


async def test_what_is_not_known_is_named(cli: Cli) -> None:
    runs = (
        cli("show", ID, code=1),
        cli("decide", ID, "approve", "--reviewer", "li.na", code=1),
        cli("advance", ID, "--by", "1d", code=1),
    )
    for ran in await asyncio.gather(*runs):
        assert ran.out == ""
        assert f"no filing {ID}" in ran.err


async def test_no_clock_moves_without_time_travel(running: Running, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    still = json.loads((running.cli.home / "up.json").read_text()) | {"time_travel": False}
    (home / "up.json").write_text(json.dumps(still))
    cli = Cli(home, tmp_path, running.cli.record)
    ran = await cli("advance", ID, "--by", "1d", code=UNREACHABLE)
    assert "up --time-travel" in ran.err


def worker_of(up: int) -> int | None:
    """The worker's process id; None while there is none."""
    for child in Path(f"/proc/{up}/task/{up}/children").read_text().split():
        with suppress(OSError):
            if b"worker.py" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    return None


async def test_where_no_worker_answers_the_registry_does(running: Running, begin: Begin) -> None:
    # Waits ten seconds for the first one to end.
    second = asyncio.create_task(running.cli("up", "--port-base", "0", code=UNREACHABLE))
    case = await begin()
    worker = worker_of(running.pid)
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)
    try:
        answer = await running.cli.json("show", case.appid)
    finally:
        os.kill(worker, signal.SIGKILL)
    assert answer["as_of"].endswith("+08:00")
    assert (answer["uid"], answer["status"]) == (case.uid, "platform_review")
    await eventually(lambda: worker_of(running.pid) not in (None, worker), within=40)
    async with asyncio.timeout(40):
        while (await running.cli.json("show", case.appid))["as_of"] is not None:
            pass
    told = await second
    assert f"(pid {running.pid})" in told.err
    assert "BEIAN_HOME" in told.err
