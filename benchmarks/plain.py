"""One filing's calls without any rules, as a plain program makes them: what the floor on Temporal and
the one on DBOS do in their steps. Needs asyncpg and httpx alone, for DBOS has packages of its own.

Which step makes which calls was taken from a filing of ours, whose calls were counted;
`python -m benchmarks` counts all sides anew and writes both down beside the ratios.
"""

import asyncio
import json
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncpg
import httpx

SCHEMA = """
create table if not exists plain_filings (
    uid text primary key, status text not null, view jsonb not null, changed_at timestamptz not null
);
create table if not exists plain_log (
    uid text not null, step text not null, number int not null, note text not null,
    at timestamptz not null default now(), primary key (uid, step, number)
);
create table if not exists plain_kept (
    uid text not null, number int not null, application jsonb not null, primary key (uid, number)
)
"""
VIEW = {f"field_{number}": "as in a filing's answer" for number in range(60)}


@dataclass(frozen=True)
class Step:
    """What a step does: transactions (statements that read, statements that write), statements
    outside of one, calls of the authority in order, and a mail."""

    transactions: tuple[tuple[int, int], ...] = ()
    reads: int = 0
    writes: int = 0
    calls: tuple[str, ...] = ()
    mail: str | None = None


_SAVE = Step(transactions=((2, 4),), reads=2)
STEPS = {
    "check": Step(transactions=((5, 1), (6, 3), (5, 2), (1, 1), (1, 1)), reads=8),
    "save_review": _SAVE,
    "save_submission": _SAVE,
    "tell_submitted": Step(transactions=((0, 1),), writes=1, mail="submitted"),
    "submit": Step(
        transactions=((1, 3),),
        reads=7,
        writes=9,
        calls=("token", "entrance", "uploads", "quota", "face_check", "apply", "entrance"),
    ),
    "save_sms": _SAVE,
    "tell_sms": Step(transactions=((0, 1),), writes=1, mail="sms_due"),
    "ask": Step(reads=2, calls=("entrance",)),
    "save_person": _SAVE,
    "save_bureau": _SAVE,
    "ask_result": Step(reads=2, calls=("entrance", "order")),
    "claim_number": Step(transactions=((2, 1),)),
    "save_approved": Step(transactions=((5, 8), (1, 1), (1, 1), (0, 1)), reads=3),
    "tell_approved": Step(transactions=((0, 1),), writes=1, mail="approved"),
    "finish": Step(reads=1),
}
BEFORE_DECISION = ("check", "save_review")
BEFORE_SMS = ("save_submission", "tell_submitted", "submit", "save_sms", "tell_sms", "ask")
AFTER_EACH_SMS = ("save_person",)
BEFORE_RESULT = ("save_bureau",)
AFTER_RESULT = ("ask_result", "claim_number", "save_approved", "tell_approved", "finish")


@dataclass(frozen=True)
class Recipe:
    """Where everything is, and what is uploaded; the same for all filings."""

    database_url: str
    authority: str
    smtp_port: int
    component: dict[str, str]
    uploads: list[dict[str, Any]]
    temporal: str = ""
    system_database_url: str = ""

    @classmethod
    def read(cls, file: str) -> "Recipe":
        """The recipe of a file."""
        return cls(**json.loads(Path(file).read_text(encoding="utf-8")))


class Plain:
    """Makes the calls."""

    def __init__(
        self, recipe: Recipe, pool: "asyncpg.Pool[asyncpg.Record]", http: httpx.AsyncClient
    ) -> None:
        self._recipe, self._pool, self._http = recipe, pool, http
        self._files = [Path(upload["file"]).read_bytes() for upload in recipe.uploads]
        self._component_token: str | None = None
        self._tokens: dict[str, str] = {}
        self._lock = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def opened(cls, recipe: Recipe) -> AsyncIterator["Plain"]:
        """With its connections."""
        async with (
            asyncpg.create_pool(recipe.database_url, min_size=0, max_size=10) as pool,
            httpx.AsyncClient(
                base_url=recipe.authority,
                timeout=30,
                trust_env=False,
                limits=httpx.Limits(keepalive_expiry=3.0),  # as ours
            ) as http,
        ):
            yield cls(recipe, pool, http)

    async def step(self, name: str, number: int, filing: dict[str, Any]) -> None:
        """Carry out a step of `{"uid", "appid", "body"}`."""
        step, uid = STEPS[name], filing["uid"]
        async with self._pool.acquire() as connection:
            for place, (reads, writes) in enumerate(step.transactions):
                async with connection.transaction():
                    await self._read(connection, uid, reads)
                    await self._write(connection, uid, f"{name} {place}", number, writes)
            await self._read(connection, uid, step.reads)
            await self._write(connection, uid, name, number, step.writes)
        if step.calls:
            await self._ask(step.calls, filing)
        if step.mail:
            await asyncio.to_thread(self._mail, uid, step.mail)

    async def _read(self, connection: Any, uid: str, times: int) -> None:
        for _ in range(times):
            await connection.fetch("select * from plain_log where uid = $1", uid)

    async def _write(self, connection: Any, uid: str, name: str, number: int, times: int) -> None:
        view = json.dumps(VIEW)
        for place in range(times):
            if place == 0 and times > 1:
                await connection.execute(
                    "insert into plain_filings values ($1, $2, $3, now()) on conflict (uid) do update"
                    " set status = excluded.status, view = excluded.view, changed_at = now()",
                    uid,
                    name,
                    view,
                )
            elif place == 1 and times > 1:
                await connection.execute(
                    "insert into plain_kept values ($1, $2, $3) on conflict do nothing",
                    uid,
                    number,
                    view,
                )
            else:
                await connection.execute(
                    "insert into plain_log values ($1, $2, $3, 'as it happened')"
                    " on conflict do nothing",
                    uid,
                    f"{name} {place}",
                    number,
                )

    async def _ask(self, calls: tuple[str, ...], filing: dict[str, Any]) -> None:
        appid = filing["appid"]
        media: list[str] = []
        task = ""
        for call in calls:
            if call == "token" or appid not in self._tokens:
                self._tokens[appid] = await self._authorise(appid)
            match call:
                case "entrance":
                    await self._call("GET", "/wxa/icp/get_icp_entrance_info", appid)
                case "order":
                    await self._call("GET", "/wxa/icp/get_online_icp_order", appid)
                case "uploads":
                    media = [
                        await self._upload(appid, *file)
                        for file in zip(self._recipe.uploads, self._files, strict=True)
                    ]
                case "quota":
                    body = {"cgi_path": "/wxa/icp/apply_icp_filing"}
                    await self._call("POST", "/cgi-bin/openapi/quota/get", appid, json=body)
                case "face_check":
                    created = await self._call("POST", "/wxa/icp/create_icp_verifytask", appid)
                    task = created["task_id"]
                    body = {"task_id": task}
                    await self._call("POST", "/wxa/icp/query_icp_verifytask", appid, json=body)
                case "apply":
                    text = json.dumps(filing["body"]).replace("face:", task)
                    for place, media_id in enumerate(media):
                        text = text.replace(f'"media:{place}"', json.dumps(media_id))
                    await self._call(
                        "POST", "/wxa/icp/apply_icp_filing", appid, json=json.loads(text)
                    )

    async def _upload(self, appid: str, upload: dict[str, Any], content: bytes) -> str:
        data = {"type": "image", "icp_order_field": upload["field"]}
        if upload["certificate_type"] is not None:
            data["certificate_type"] = str(upload["certificate_type"])
        files = {"media": (upload["name"], content, upload["media_type"])}
        path = "/wxa/icp/upload_icp_media"
        answer = await self._call("POST", path, appid, data=data, files=files)
        return str(answer["media_id"])

    async def _authorise(self, appid: str) -> str:
        component = self._recipe.component
        async with self._lock:
            if self._component_token is None:
                answer = await self._send(
                    "POST", "/cgi-bin/component/api_component_token", {}, json=component
                )
                self._component_token = answer["component_access_token"]
        token = self._component_token
        answer = await self._send(
            "POST",
            "/cgi-bin/component/api_authorizer_token",
            {"access_token": token, "component_access_token": token},
            json={
                "component_appid": component["component_appid"],
                "authorizer_appid": appid,
                "authorizer_refresh_token": component["refresh_token"],
            },
        )
        return str(answer["authorizer_access_token"])

    async def _call(self, method: str, path: str, appid: str, **request: Any) -> dict[str, Any]:
        return await self._send(method, path, {"access_token": self._tokens[appid]}, **request)

    async def _send(
        self, method: str, path: str, params: dict[str, Any], **request: Any
    ) -> dict[str, Any]:
        response = await self._http.request(method, path, params=params, **request)
        answer: dict[str, Any] = response.json()
        if answer.get("errcode", 0) != 0:
            raise RuntimeError(f"{path}: {answer}")
        return answer

    def _mail(self, uid: str, purpose: str) -> None:
        message = EmailMessage()
        message["From"], message["To"] = "beian@beian.test", "someone@example.test"
        message["Subject"] = purpose
        message["X-Beian-Notice"] = f"{uid}.0.{purpose}.applicant"
        message.set_content("备案进展\n" * 20)
        with smtplib.SMTP("127.0.0.1", self._recipe.smtp_port, timeout=30) as server:
            server.send_message(message)
