"""Services that are not there, or stop: exit code 3, with what to do; and what a dead worker hides."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from tests.commands.conftest import APPID, Begin, Cli, Running

UNREACHABLE = 3
ID = "wx0000000000000000"
NEED_SERVICES: list[tuple[str, ...]] = [
    ("list",),
    ("show", ID),
    ("start", "materials/none.yaml"),
    ("decide", ID, "approve", "--reviewer", "li.na"),
    ("verify-sms", ID, "--person", "subject_principal"),
    ("resubmit", ID),
    ("withdraw", ID, "--reason", "x"),
    ("hold", ID, "--reason", "x"),
    ("resume", ID),
    ("advance", ID, "--by", "1d"),
    ("migrate",),
]


async def test_without_up_every_command_says_what_to_start(bare: Cli) -> None:
    for ran in await asyncio.gather(*(bare(*args, code=UNREACHABLE) for args in NEED_SERVICES)):
        assert ran.out == ""
        assert "starter.py up" in ran.err
        assert str(bare.home) in ran.err
    assert not bare.home.exists()


@pytest.mark.parametrize("name", ["TEMPORAL_ADDRESS", "BEIAN_DATABASE_URL"])
async def test_a_service_that_does_not_answer(running: Running, name: str) -> None:
    address = (
        "127.0.0.1:1" if name == "TEMPORAL_ADDRESS" else "postgresql://u:pass-word@127.0.0.1:1/x"
    )
    runs = [running.cli("show", ID, code=UNREACHABLE, env={name: address})]
    if name == "BEIAN_DATABASE_URL":
        runs += [
            running.cli(command, code=UNREACHABLE, env={name: address})
            for command in ("list", "migrate")
        ]
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
    commands = [args for args in NEED_SERVICES if ID in args]
    for ran in await asyncio.gather(*(cli(*args, code=1) for args in commands)):
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


async def test_a_second_up_on_one_home_is_told_of_the_first(running: Running) -> None:
    ran = await running.cli("up", "--port-base", "0", code=UNREACHABLE)
    assert f"(pid {running.pid})" in ran.err
    assert "BEIAN_HOME" in ran.err


def worker_of(up: int) -> int:
    children = Path(f"/proc/{up}/task/{up}/children").read_text().split()
    [worker] = [p for p in children if b"worker.py" in Path(f"/proc/{p}/cmdline").read_bytes()]
    return int(worker)


async def test_where_no_worker_answers_the_registry_does(running: Running, begin: Begin) -> None:
    case = await begin()
    worker = worker_of(running.pid)
    os.kill(worker, signal.SIGSTOP)
    try:
        answer = await running.cli.json("show", case.appid)
    finally:
        os.kill(worker, signal.SIGKILL)
    assert answer["as_of"].endswith("+08:00")
    assert (answer["uid"], answer["status"]) == (case.uid, "platform_review")
    async with asyncio.timeout(30):
        while (await running.cli.json("show", case.appid))["as_of"] is not None:
            await asyncio.sleep(0.5)
    assert worker_of(running.pid) != worker
    assert APPID not in str(answer)
