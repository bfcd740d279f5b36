"""The materials store against the registry, with the papers in S3 and the worker in another process."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from filing.vocabulary import Status
from gateways.materials import key_of
from operations.materials import MaterialsReport, verify_materials
from tests.own_stack import OwnStack, own_stack, until
from tests.playing import Filing
from tests.s3_server import BUCKET, S3Server, s3_server

ROOT = Path(__file__).parents[2]
URL = f"s3://{BUCKET}/papers"


@dataclass(frozen=True)
class World:
    """A stack whose papers lie in S3, an open filing and a closed one with a paper of its own."""

    own: OwnStack
    server: S3Server
    open: Filing
    closed: Filing
    closed_paper: str

    def key(self, sha256: str) -> str:
        return f"papers/{key_of(sha256)}"

    async def verify(self, *, closed: bool = False) -> MaterialsReport:
        seen: list[tuple[int, int]] = []
        report = await verify_materials(
            self.own.services.registry,
            self.own.services.materials,
            closed=closed,
            progress=lambda *numbers: seen.append(numbers),
        )
        assert seen[-1][0] == seen[-1][1]
        return report

    async def worker(self, **environment: str) -> asyncio.subprocess.Process:
        """One more worker, as on another machine: with another home."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "worker.py"),
            env={
                "BEIAN_HOME": str(self.own.home.with_name("elsewhere")),
                "BEIAN_DATABASE_URL": self.own.stack.info.database_url,
                "BEIAN_AUTHORITY": "manual",
                "BEIAN_MATERIALS_URL": URL,
                "TEMPORAL_ADDRESS": self.own.stack.info.temporal_address,
                **self.server.environment,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    async def command(self, *args: str, **environment: str) -> tuple[int, str, str]:
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "starter.py"),
            "materials",
            "verify",
            *args,
            env={
                "BEIAN_HOME": str(self.own.home),
                "BEIAN_MATERIALS_URL": URL,
                **self.server.environment,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await running.communicate()
        assert running.returncode is not None
        return running.returncode, out.decode(), err.decode()


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("materials")
    with pytest.MonkeyPatch.context() as environment:
        async with s3_server() as server:
            for name, value in server.environment.items():
                environment.setenv(name, value)
            async with own_stack(folder, materials_url=URL) as own:
                closed = await own.begin()
                await closed.handle.signal("withdraw", {"by": "li.na", "reason": "不再需要"})
                assert (await closed.result()).status is Status.WITHDRAWN
                # Its licence was another one, which no other filing refers to.
                paper = "ab" * 32
                await own.services.registry.pool.execute(
                    "update applications set application ="
                    " jsonb_set(application, '{materials,0,sha256}', to_jsonb($2::text))"
                    " where uid = $1",
                    closed.uid,
                    paper,
                )
                filing = await own.begin()
                await until(filing, Status.PLATFORM_REVIEW)
                yield World(own, server, filing, closed, paper)


@pytest.fixture(autouse=True)
def storage_as_it_was(world: World) -> Any:
    before = dict(world.server.objects)
    yield
    world.server.objects.clear()
    world.server.objects.update(before)


async def test_a_worker_elsewhere_reads_what_start_stored(world: World) -> None:
    # It has taken the filing to the reviewers, for which it opened every paper; nothing of it
    # lies in the folder that it would take by default.
    assert not (world.own.home / "materials").exists()
    hashes = {material.sha256 for material in world.open.application.materials}
    assert set(world.server.objects) == {world.key(sha256 or "") for sha256 in hashes}


async def test_what_is_whole_is_counted(world: World) -> None:
    report = await world.verify()
    assert report.whole
    assert report.referred == report.read == len(world.server.objects)
    assert report.bytes == sum(map(len, world.server.objects.values()))
    assert report.orphans == ()


async def test_what_is_missing_or_damaged_is_told_with_every_filing_that_needs_it(
    world: World,
) -> None:
    first, second, *_ = sorted({m.sha256 or "" for m in world.open.application.materials})
    del world.server.objects[world.key(first)]
    world.server.objects[world.key(second)] = b"other bytes"
    report = await world.verify()
    assert [fault.sha256 for fault in report.missing] == [first]
    assert [fault.sha256 for fault in report.damaged] == [second]
    for fault in (*report.missing, *report.damaged):
        assert {r.filing_id for r in fault.references} == {world.open.id}
        index = int(fault.references[0].path.split(".")[1])
        assert world.open.application.materials[index].sha256 == fault.sha256


async def test_a_closed_filing_s_papers_are_asked_for_on_demand(world: World) -> None:
    assert (await world.verify()).whole
    report = await world.verify(closed=True)
    (fault,) = report.missing
    assert fault.sha256 == world.closed_paper
    assert [(r.filing_id, r.path) for r in fault.references] == [
        (world.closed.id, "materials.0.file")
    ]


async def test_orphans_are_what_no_application_refers_to_and_are_read_too(world: World) -> None:
    lonely = "0" * 64
    world.server.objects[world.key(lonely)] = b"not what its name says"
    world.server.objects["papers/note.txt"] = b"not ours"
    report = await world.verify()
    assert report.orphans == tuple(sorted((key_of(lonely), "note.txt")))
    assert [(fault.sha256, fault.references) for fault in report.damaged] == [(lonely, ())]


async def test_the_command_prints_what_is_wrong_and_exits_with_1(world: World) -> None:
    code, out, err = await world.command()
    assert (code, err) == (0, "")
    assert out.endswith(" 0 missing, 0 damaged, 0 orphaned\n")
    sha256 = world.open.application.materials[0].sha256 or ""
    del world.server.objects[world.key(sha256)]
    world.server.objects["papers/note.txt"] = b"not ours"
    code, out, _ = await world.command("--orphans")
    assert code == 1
    assert f"missing  {sha256}" in out
    assert f"{world.open.id} round 1: materials.0.file" in out
    assert "? orphaned  note.txt" in out
    code, out, _ = await world.command("--json")
    found = json.loads(out)
    assert (code, found["orphaned"], "orphans" in found) == (1, 1, False)
    assert found["missing"][0]["references"][0]["uid"] == world.open.uid
    code, out, _ = await world.command("--json", "--orphans")
    assert json.loads(out)["orphans"] == ["note.txt"]


async def test_storage_that_cannot_be_used_ends_the_command(world: World) -> None:
    code, out, err = await world.command("--json", AWS_ACCESS_KEY_ID="AKIAOTHER")
    assert (code, out) == (2, "")
    assert "AWS_ACCESS_KEY_ID" in err
    assert "AKIA" not in err


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"BEIAN_MATERIALS_URL": "s3://no-such-bucket"}, "no such bucket"),
        ({"AWS_ACCESS_KEY_ID": "AKIAOTHER"}, "AWS_ACCESS_KEY_ID"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "AWS_ENDPOINT_URL: "),
        ({"BEIAN_MATERIALS_URL": "file:///dev/null/papers"}, "BEIAN_MATERIALS_URL"),
    ],
)
async def test_a_store_that_can_never_work_stops_a_worker_at_its_start(
    world: World, environment: dict[str, str], says: str
) -> None:
    worker = await world.worker(**environment)
    out, err = await worker.communicate()
    assert (worker.returncode, out) == (2, b"")
    assert says in err.decode()
    assert b"Traceback" not in err


async def test_a_worker_does_not_wait_for_storage_that_is_away(world: World) -> None:
    worker = await world.worker(AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert worker.stdout is not None
    async with asyncio.timeout(60):
        assert await worker.stdout.readline() == b"worker ready\n"
        worker.terminate()
        _, err = await worker.communicate()
    assert worker.returncode == 0
    assert b"the materials store (BEIAN_MATERIALS_URL) cannot be reached" in err
