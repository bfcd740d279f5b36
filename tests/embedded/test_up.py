"""`up` in a process of its own: what it offers, how it ends, and what a kill leaves behind."""

import json
import os
import signal
import stat
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from embedded.postgres_place import prepare_place
from gateways.discovery import UpInfo, read_up
from gateways.temporal import SEARCH_ATTRIBUTES
from tests.embedded.supervisor import Supervisor, eventually, gone, running, temporary_home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")


async def leave_marks(info: UpInfo) -> None:
    connection = await asyncpg.connect(info.database_url)
    try:
        await connection.execute("create table mark (text text)")
        await connection.execute("insert into mark values ('苏ICP备')")
    finally:
        await connection.close()
    client = await Client.connect(info.temporal_address)
    await client.start_workflow("Mark", id="mark", task_queue="nobody")


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


async def find_marks(info: UpInfo) -> None:
    connection = await asyncpg.connect(info.database_url)
    try:
        assert await connection.fetchval("select text from mark") == "苏ICP备"
    finally:
        await connection.close()
    client = await Client.connect(info.temporal_address)
    assert (await client.get_workflow_handle("mark").describe()).workflow_type == "Mark"


async def test_every_service_answers_and_a_signal_ends_all(tmp_path: Path) -> None:
    async with temporary_home(tmp_path) as home, running(home) as up:
        info = await up.ready()
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "up.json").stat().st_mode) == 0o600

        client = await Client.connect(info.temporal_address)
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace="default")
        )
        assert set(known.custom_attributes) >= set(SEARCH_ATTRIBUTES)
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(info.web_ui)).status_code == 200
            assert (await http.get(info.authority)).status_code < 500
            assert info.receiver is not None
            assert (await http.post(info.receiver, content=b"<xml/>")).status_code == 403
        await leave_marks(info)

        worker = json.loads((home / "worker-environment.json").read_text())
        assert worker["TEMPORAL_ADDRESS"] == info.temporal_address
        assert worker["TEMPORAL_NAMESPACE"] == "default"
        assert worker["BEIAN_HOME"] == str(home)
        assert worker["BEIAN_DATABASE_URL"] == info.database_url
        assert worker["BEIAN_WECHAT_BASE_URL"] == info.authority
        mailbox = f"mailto://{info.smtp}?from=beian@beian.test&mode=insecure&to="
        assert worker["BEIAN_NOTIFY_OPERATIONS"] == mailbox + "operations@beian.test"
        assert worker["BEIAN_NOTIFY_APPLICANT"] == mailbox + "{email}"
        assert "BEIAN_POLL_FIRST" not in worker

        assert names(tmp_path) == {home.name, up.printed.name}  # nothing beside the home
        family = up.family()
        os.killpg(up.pid, signal.SIGINT)
        assert await up.ended(within=10) == 0
        await gone(family, within=0.5)
        assert read_up(home) is None


async def test_a_signal_while_it_starts_ends_it_too(tmp_path: Path) -> None:
    async with temporary_home(tmp_path) as home:
        up = Supervisor(home)
        await eventually(lambda: "starting PostgreSQL" in up.output(), within=20)
        family = up.family()
        up.send(signal.SIGTERM)
        assert await up.ended(within=10) == 0
        await gone(family, within=0.5)


async def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    async with temporary_home(tmp_path) as home:
        async with running(home) as up:
            await leave_marks(await up.ready())
            family = up.family()
            assert len(family) > 4
            up.send(signal.SIGKILL)
            await gone(family, within=3)
            assert (home / "up.json").exists()  # stale, and in nobody's way
        async with running(home) as up:
            await find_marks(await up.ready())


async def test_a_kill_of_everything_loses_nothing(tmp_path: Path) -> None:
    async with temporary_home(tmp_path) as home, running(home) as up:
        await leave_marks(await up.ready())
        for pid in up.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await up.ended(within=2)
        # No waiting: the next one comes while the last processes are going.
        async with running(home) as second:
            await find_marks(await second.ready())


async def test_a_pid_file_that_names_another_process_is_in_nobodys_way(tmp_path: Path) -> None:
    async with temporary_home(tmp_path) as home:
        async with running(home) as up:
            await leave_marks(await up.ready())
        pid_file = prepare_place(home).data / "postmaster.pid"
        pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n")
        async with running(home) as up:
            await find_marks(await up.ready())


async def test_a_home_made_again_starts_empty(tmp_path: Path) -> None:
    async with temporary_home(tmp_path) as home:
        async with running(home) as up:
            await leave_marks(await up.ready())
        home.rename(tmp_path / "moved")
        async with running(home) as up:
            connection = await asyncpg.connect((await up.ready()).database_url)
            assert await connection.fetchval("select to_regclass('mark')") is None
            await connection.close()
        async with (
            temporary_home(tmp_path, "moved") as moved,
            running(moved) as up,
        ):
            await find_marks(await up.ready())


@pytest.mark.parametrize("server", ["temporal", "postgres"])
async def test_a_server_that_ends_by_itself_ends_up_with_its_name(
    tmp_path: Path, server: str
) -> None:
    async with temporary_home(tmp_path) as home, running(home) as up:
        family = up.family()
        os.kill(up.server(server), signal.SIGKILL)
        assert await up.ended(within=10) == 3
        await gone(family, within=2)
        assert str(home / "logs" / f"{server}.log") in up.output()
        assert read_up(home) is None
