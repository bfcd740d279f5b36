"""The sides that are compared: each plays one whole filing, on the same servers, with the same people."""

import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import floor, plain
from benchmarks.people import Mailroom, People
from benchmarks.processes import family, processor
from benchmarks.program import Program, running
from benchmarks.reaching import reached
from embedded.stack import Stack, StackOptions, running_stack
from filing.application import Application
from filing.changes import sms_addressees
from gateways.submissions import MediaKey
from gateways.wechat.kept_lists import KeptLists
from gateways.wechat.lists import Lists
from gateways.wechat.names import Ids, identify
from gateways.wechat.papers import papers
from gateways.wechat.translate import body
from operations.services import Services
from settings import Settings
from tests.playing import of_another_subject, store_example

WORKER = {
    # As in production (docker-compose.yml).
    "BEIAN_WORKFLOW_SANDBOX": "false",
    # Pushes and signals tell, so that no side is slowed or loaded by polls.
    "BEIAN_POLL_FIRST": "10",
    "BEIAN_POLL_LONGEST": "60",
}


@dataclass
class Bench:
    """What runs, and how each side's filing is played."""

    stack: Stack
    services: Services
    people: People
    example: Application
    lists: Lists
    home: Path
    floor: Program
    dbos: Program | None

    @property
    def sides(self) -> tuple[str, ...]:
        """Their names."""
        return (
            "ours",
            "naive",
            "naive_unsandboxed",
            "bare",
            *(("dbos",) if self.dbos is not None else ()),
        )

    def processor(self) -> dict[str, float]:
        """Seconds of CPU so far, by process; `outside` is this one: authority, mail, receiver, people."""
        servers = self.stack.pids
        used = {
            "worker": processor(self.stack.worker.pid),
            "temporal": processor(servers["Temporal"]),
            "postgresql": sum(processor(pid) for pid in family(servers["PostgreSQL"])),
            "outside": processor(os.getpid()),
            "floor": processor(self.floor.pid),
        }
        return used | ({} if self.dbos is None else {"dbos": processor(self.dbos.pid)})

    async def play(self, side: str) -> None:
        """One filing of this side, to its end."""
        application = of_another_subject(self.example)
        match side:
            case "ours":
                await self.people.whole_filing(application)
            case "naive":
                await self._naive(application, floor.NAIVE)
            case "naive_unsandboxed":
                await self._naive(application, floor.NAIVE_UNSANDBOXED)
            case "bare":
                await self._bare()
            case "dbos":
                await self._dbos(application)
            case _:
                raise ValueError(f"no side {side!r}")

    async def _naive(self, application: Application, queue: str) -> None:
        client, uid = self.services.client, uuid.uuid4().hex
        handle = await client.start_workflow(
            floor.NaiveFiling.run,
            args=[self._plain(application, uid), len(sms_addressees(application))],
            id=f"naive-{uid}",
            task_queue=queue,
        )

        async def signal(name: str, payload: dict[str, Any]) -> None:
            await handle.signal(name, payload)

        await self.people.play(application, uid, signal)
        # Ours is told by the authority's push.
        await signal("authority_event", {})
        assert await handle.result() == "approved"

    async def _bare(self) -> None:
        handle = await self.services.client.start_workflow(
            floor.BareFiling.run, id=f"bare-{uuid.uuid4().hex}", task_queue=floor.BARE
        )
        for _ in range(3):
            await handle.signal(floor.BareFiling.go_on)
        assert await handle.result() == "approved"

    async def _dbos(self, application: Application) -> None:
        dbos, uid = self.dbos, uuid.uuid4().hex
        assert dbos is not None
        persons = len(sms_addressees(application))
        await dbos.tell(["start", uid, self._plain(application, uid), persons])
        await dbos.said(f"ok {uid}")

        async def signal(name: str, payload: dict[str, Any]) -> None:
            await dbos.tell(["send", uid, name])
            await dbos.said(f"ok {uid}")

        await self.people.play(application, uid, signal)
        await signal("authority_event", {})
        await dbos.said(f"done {uid}")

    def _plain(self, application: Application, uid: str) -> dict[str, Any]:
        ids, _, media = _placed(application, self.lists)
        return {
            "uid": uid,
            "appid": application.mini_program.appid,
            "body": body(application, ids, media, face_check="face:"),
        }


def _placed(
    application: Application, lists: Lists
) -> tuple[Ids, list[tuple[MediaKey, str]], dict[MediaKey, str]]:
    """Ids, files with their fields, and what stands for their media ids."""
    ids = identify(application, lists)
    assert isinstance(ids, Ids), ids
    fields: dict[MediaKey, str] = {}
    for paper in papers(application, ids):
        if paper.key is not None:
            field = ".".join(part for part in paper.field.split(".") if not part.isdigit())
            fields.setdefault(paper.key, field)
    return ids, list(fields.items()), {key: f"media:{n}" for n, key in enumerate(fields)}


@asynccontextmanager
async def bench(home: Path, dbos_python: Path | None) -> AsyncIterator[Bench]:
    """Everything, running, in a home of its own."""
    os.environ.update(WORKER)
    settings = Settings(home=home)
    async with AsyncExitStack() as exits:
        options = StackOptions(home=home, port_base=0)
        stack = await exits.enter_async_context(running_stack(options, settings, _say))
        services, desk = await exits.enter_async_context(reached(stack, settings))
        example = await store_example(services, home / "example")
        people = People(services, Mailroom(stack.mail), desk)
        await people.desk.prepare()
        # Brings the authority's lists into the registry.
        await people.whole_filing(of_another_subject(example))
        kept = await KeptLists(services.registry).get()
        assert kept is not None
        lists = kept[1]
        recipe = await _recipe(stack, services, example, lists, home)
        naive = await exits.enter_async_context(
            running(Path(sys.executable), "benchmarks.floor", recipe, home / "logs/floor.log")
        )
        dbos = None
        if dbos_python is not None:
            dbos = await exits.enter_async_context(
                running(dbos_python, "benchmarks.dbos_filing", recipe, home / "logs/dbos.log")
            )
        yield Bench(stack, services, people, example, lists, home, naive, dbos)


def as_superuser(database_url: str, database: str = "beian") -> str:
    """The embedded PostgreSQL's address for its superuser."""
    return database_url.replace("beian@/beian", f"postgres@/{database}")


async def _recipe(
    stack: Stack, services: Services, example: Application, lists: Lists, home: Path
) -> Path:
    """What the plain programs need to know, with databases of their own on the same PostgreSQL."""
    url = stack.info.database_url
    connection = await asyncpg.connect(as_superuser(url))
    for name in ("plain", "dbos"):
        await connection.execute(f"create database {name} owner beian")
    await connection.close()
    plain_url = url.replace("beian@/beian", "beian@/plain")
    connection = await asyncpg.connect(plain_url)
    await connection.execute(plain.SCHEMA)
    await connection.close()
    uploads = []
    _, files, _ = _placed(example, lists)
    for place, ((sha256, certificate_type), field) in enumerate(files):
        content = await services.materials.read(sha256)
        name, kind = (
            ("p.png", "image/png") if content[:4] == b"\x89PNG" else ("p.jpg", "image/jpeg")
        )
        file = home / f"upload-{place}"
        file.write_bytes(content)
        uploads.append(
            {
                "file": str(file),
                "field": field,
                "certificate_type": certificate_type,
                "name": name,
                "media_type": kind,
            }
        )
    settings = services.settings
    recipe = plain.Recipe(
        database_url=plain_url,
        system_database_url=url.replace("beian@/beian", "beian@/dbos"),
        authority=stack.info.authority,
        smtp_port=stack.mail.port,
        temporal=stack.info.temporal_address,
        component={
            "component_appid": settings.wechat_component_appid,
            "component_appsecret": settings.wechat_component_secret.get_secret_value(),
            "component_verify_ticket": settings.wechat_component_ticket.get_secret_value(),
            "refresh_token": settings.wechat_authorizer_refresh_token.get_secret_value(),
        },
        uploads=uploads,
    )
    file = home / "recipe.json"
    file.write_text(json.dumps(asdict(recipe)), encoding="utf-8")
    return file


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
