"""The receiver over HTTP, with the registry behind it."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filing.process.state import State
from gateways.authority_events import FILING_OF, EventState, RecordedEvent
from gateways.migrate import upgrade
from gateways.registry import Registry
from gateways.wechat.callbacks import MOST_BODY, Fault
from gateways.wechat.receiver import HEALTH
from gateways.wechat.tokens import TokenStore
from tests.gateways.pushing import (
    COMPONENT,
    CREATED,
    Call,
    Platform,
    face_check,
    filing_result,
    inner,
    ticket,
)
from tests.gateways.receiving import Door, open_door

PLATFORM = Platform()


@pytest.fixture(scope="module")
async def door(registry: Registry) -> AsyncIterator[Door]:
    async with open_door(registry) as opened:
        yield opened


async def of(door: Door, appid: str) -> list[RecordedEvent]:
    return await door.events.listed(appid=appid, limit=10)


@pytest.fixture
async def filing(registry: Registry, new_state: Callable[..., State]) -> State:
    """An open filing on record."""
    state = new_state(status="bureau_review")
    await registry.write(state, ())
    return state


def appid_of(state: State) -> str:
    return state.application.mini_program.appid


async def test_a_push_is_on_record_when_it_is_answered(door: Door, filing: State) -> None:
    appid, woken = appid_of(filing), len(door.woken)
    call = PLATFORM.call(filing_result(appid, 5))
    answer = await door.post(call)
    assert (answer.status_code, answer.text) == (200, "success")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "server" not in answer.headers
    [event] = await of(door, appid)
    assert (event.kind, event.fields, event.source) == ("filing", {"status": 5}, "wechat")
    assert (event.state, event.filing_id, event.uid) == (
        EventState.WAITING,
        filing.filing_id,
        filing.uid,
    )
    assert event.sealed is not None
    assert event.sealed.encode() in call.body
    assert event.happened_at.timestamp() == CREATED
    assert len(door.woken) == woken + 1


async def test_a_replayed_call_is_refused(door: Door, filing: State) -> None:
    call = PLATFORM.call(face_check(appid_of(filing)))
    before = door.receiver.refused[Fault.REPLAYED]
    answers = await asyncio.gather(*(door.post(call) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403, 403]
    assert door.receiver.refused[Fault.REPLAYED] == before + 4
    assert len(await of(door, appid_of(filing))) == 1


async def test_the_same_event_in_another_call_is_taken_and_kept_once(
    door: Door, filing: State
) -> None:
    woken = len(door.woken)
    for _ in range(3):
        answer = await door.post(PLATFORM.call(filing_result(appid_of(filing))))
        assert answer.status_code == 200
    assert len(await of(door, appid_of(filing))) == 1
    assert len(door.woken) == woken + 1


async def test_an_event_without_an_open_filing_is_kept_and_no_later_filing_is_told(
    door: Door, registry: Registry, new_state: Callable[..., State]
) -> None:
    state = new_state()
    appid, woken = appid_of(state), len(door.woken)
    await door.post(PLATFORM.call(filing_result(appid)))
    [event] = await of(door, appid)
    assert (event.state, event.filing_id) == (EventState.NO_FILING, None)
    await registry.write(state, ())
    await door.post(PLATFORM.call(filing_result(appid)))
    [event] = await of(door, appid)
    assert event.state is EventState.NO_FILING
    assert len(door.woken) == woken
    assert event in await door.events.listed(unknown=True, appid=appid, limit=10)


async def test_an_event_of_an_ended_filing_is_kept(
    door: Door, registry: Registry, new_state: Callable[..., State]
) -> None:
    state = new_state(status="withdrawn")
    await registry.write(state, ())
    await door.post(PLATFORM.call(filing_result(appid_of(state))))
    [event] = await of(door, appid_of(state))
    assert (event.state, event.uid) == (EventState.CLOSED, state.uid)
    assert await door.events.listed(unknown=True, appid=appid_of(state), limit=10) == [event]


async def test_of_two_open_filings_the_one_that_waits_for_the_other_is_not_told(
    door: Door, registry: Registry, new_state: Callable[..., State], uid: str
) -> None:
    queued = new_state(status="queued", uid=uid + "2", filing_id=f"filing-{uid}-2")
    await registry.write(queued, ())
    first = new_state(status="submission")
    await registry.write(first, ())
    await door.post(PLATFORM.call(filing_result(appid_of(first))))
    [event] = await of(door, appid_of(first))
    assert event.uid == first.uid


async def test_a_filing_about_the_subject_is_found_by_the_mini_program(
    door: Door, registry: Registry, new_state: Callable[..., State], uid: str
) -> None:
    state = new_state(filing_id=f"filing-苏ICP备{uid}号", status="bureau_review")
    await registry.write(state, ())
    await door.post(PLATFORM.call(filing_result(appid_of(state))))
    [event] = await of(door, appid_of(state))
    assert (event.state, event.filing_id) == (EventState.WAITING, state.filing_id)


async def test_what_concerns_no_filing_is_noted(door: Door, filing: State) -> None:
    appid = appid_of(filing)
    code = "queryauthcode@@@secret"
    await door.post(
        PLATFORM.call(inner("unauthorized", AuthorizerAppid=appid, AuthorizationCode=code))
    )
    await door.post(PLATFORM.call(inner("notify_something_new", appid=appid, mobile="13800138000")))
    unknown, unauthorised = await of(door, appid)
    assert (unauthorised.kind, unauthorised.fields) == (
        "authorisation",
        {"change": "unauthorised"},
    )
    assert unauthorised.sealed is None  # it holds the code
    assert (unknown.kind, unknown.type) == ("unknown", "notify_something_new")
    assert {unknown.state, unauthorised.state} == {EventState.NOTED}
    assert "13800138000" not in unknown.model_dump_json()
    assert await door.events.listed(unknown=True, appid=appid, limit=10) == [unknown]


async def test_a_step_of_the_combined_flow_finds_its_filing_by_the_procedure(
    door: Door, registry: Registry, filing: State
) -> None:
    procedure = secrets.token_hex(4)
    text = inner("notify_3rd_wxa_auth_and_icp", procedure_id=procedure, procedure_status=24)
    await door.post(PLATFORM.call(text))
    [event] = [e for e in await door.events.listed(unknown=True, limit=5) if e.kind == "combined"]
    assert (event.state, event.appid) == (EventState.NO_FILING, None)
    assert event.fields == {"procedure_id": procedure, "status": 24}
    await registry.pool.execute(
        "insert into submissions (uid, round, procedure_id) values ($1, 1, $2)",
        filing.uid,
        procedure,
    )
    await door.post(PLATFORM.call(text.replace("24", "25")))
    [event] = await of(door, appid_of(filing))
    assert (event.state, event.uid) == (EventState.WAITING, filing.uid)


async def test_a_ticket_goes_to_its_place_and_nowhere_else(
    door: Door, registry: Registry, owner: asyncpg.Connection
) -> None:
    secret = f"ticket@@@{secrets.token_hex(8)}"
    last_call = "select max(received_at) from authority_calls"
    before = await owner.fetchval(last_call)
    assert (await door.post(PLATFORM.call(ticket(secret)))).text == "success"
    after = await owner.fetchval(last_call)
    assert after is not None
    assert before is None or after > before
    assert await TokenStore(registry.pool, COMPONENT).ticket() == secret
    for table in ("authority_events", "authority_calls"):
        rows = await owner.fetch(f"select t::text from {table} t")
        assert not [row for row in rows if secret in row[0]]


async def test_a_ticket_that_cannot_be_kept_is_asked_for_again(registry: Registry) -> None:
    class Full:
        kept: str | None = None
        full = True

        async def put_ticket(self, ticket: str, created_at: datetime) -> None:
            if self.full:
                raise asyncpg.DiskFullError
            self.kept = ticket

    place = Full()
    call = PLATFORM.call(ticket("ticket@@@again"))
    async with open_door(registry, place) as door:
        assert (await door.post(call)).status_code == 500
        place.full = False
        assert (await door.post(call)).text == "success"
    assert place.kept == "ticket@@@again"


async def test_what_is_refused_is_counted_and_logged_without_its_content(
    door: Door, filing: State, caplog: pytest.LogCaptureFixture
) -> None:
    text = filing_result(appid_of(filing), note="13800138000")
    forged = Platform(token="another").call(text)
    stale = PLATFORM.call(text, at=time.time() - 400)
    before = door.receiver.refused.copy()
    with caplog.at_level(logging.DEBUG):
        for call in (forged, stale, Call({}, b"<xml/>")):
            answer = await door.post(call)
            assert (answer.status_code, answer.content) == (403, b"")
    assert door.receiver.refused - before == {
        Fault.SIGNATURE: 1,
        Fault.STALE: 1,
        Fault.QUERY: 1,
    }
    lines = [r.getMessage() for r in caplog.records if r.name.startswith(("beian", "uvicorn"))]
    assert [line.split(" (")[0] for line in lines] == [
        "callback refused: signature",
        "callback refused: stale",
        "callback refused: query",
    ]
    assert await of(door, appid_of(filing)) == []


async def test_a_call_that_was_refused_as_stale_is_not_on_record(door: Door) -> None:
    """A replay is refused only if it was stored."""
    call = PLATFORM.call(inner("notify_something_new"), at=time.time() - 400)
    assert [(await door.post(call)).status_code for _ in range(2)] == [403, 403]
    assert door.receiver.refused[Fault.STALE] >= 2


async def test_a_doubled_parameter_is_refused(door: Door) -> None:
    call = PLATFORM.call(inner("notify_something_new"))
    doubled = call.query | {"nonce": [call.query["nonce"]] * 2}
    answer = await door.http.post(door.url, params=doubled, content=call.body)
    assert answer.status_code == 403


@asynccontextmanager
async def wire(
    door: Door, headers: bytes
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which a POST has begun."""
    url = httpx.URL(door.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /wechat/events HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n")
    async with asyncio.timeout(5):
        yield reader, writer
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_huge_body_is_refused_before_it_came(door: Door) -> None:
    async with wire(door, b"Content-Length: 10000000") as (reader, _):
        assert (await reader.read()).startswith(b"HTTP/1.1 413")
    async with wire(door, b"Transfer-Encoding: chunked") as (reader, writer):
        writer.write(b"11000\r\n" + b"x" * 0x11000)  # and never its end
        assert (await reader.read()).startswith(b"HTTP/1.1 413")
    answer = await door.http.post(door.url, content=b"x" * (MOST_BODY + 1))
    assert answer.status_code == 413


async def test_a_body_that_does_not_come_is_not_waited_for(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateways.wechat.receiver.BODY_WITHIN", 0.1)
    async with wire(door, b"Content-Length: 10") as (reader, writer):
        writer.write(b"<xml")
        assert (await reader.read()).startswith(b"HTTP/1.1 408")


async def test_other_paths_and_methods_are_none(door: Door) -> None:
    base = door.url.removesuffix("/wechat/events")
    assert (await door.http.get(base + HEALTH)).text == "ok"
    for method, url, code in (
        ("GET", door.url + "?echostr=1", 405),
        ("PUT", door.url, 405),
        ("POST", base + "/", 404),
    ):
        assert (await door.http.request(method, url)).status_code == code


async def test_without_a_registry_the_platform_is_to_send_it_again(
    new_database: Callable[[str], Awaitable[str]],
    admin: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = await new_database("postgres")
    await upgrade(url)
    registry = await Registry.open(url)
    name = await registry.pool.fetchval("select current_database()")
    call = PLATFORM.call(filing_result("wx1a2b3c4d5e6f7a8b"))
    async with open_door(registry) as door:
        await admin.execute(f"alter database {name} allow_connections false")
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
        )
        assert (await door.post(call)).status_code == 500
        await admin.execute(f"alter database {name} allow_connections true")
        assert (await door.post(call)).text == "success"
        assert len(await door.events.listed(limit=10)) == 1
    await registry.close()
    [told] = [
        r.getMessage() for r in caplog.records if r.name == "beian.receiver" and r.levelno > 30
    ]
    assert "could not be stored" in told
    assert name not in told


async def test_a_registry_that_hangs_is_answered_for_in_time(
    registry: Registry, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateways.wechat.receiver.ANSWER_WITHIN", 0.3)
    call = PLATFORM.call(inner("notify_something_new", note=secrets.token_hex(4)))
    async with open_door(registry) as door:
        async with owner.transaction():
            await owner.execute("lock table authority_events in access exclusive mode")
            started = time.monotonic()
            assert (await door.post(call)).status_code == 500
            assert time.monotonic() - started < 3
        assert (await door.post(call)).text == "success"


BODIES = st.binary(max_size=300) | st.sampled_from(
    [
        b'{"AppId": "x", "Encrypt": "y"}',
        b"<xml><Encrypt>x</Encrypt></xml>",
        b"<!DOCTYPE xml [<!ENTITY a 'b'>]><xml>&a;</xml>",
        b"<xml>" * 500,
        b"\x00",
    ]
)
RAW_QUERIES = st.text(
    st.characters(codec="ascii", exclude_characters=" #\x7f", min_codepoint=33), max_size=80
)


@given(
    query=RAW_QUERIES,
    body=BODIES,
    type_=st.sampled_from(["text/xml", "application/json", "x", "multipart/form-data"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
async def test_whatever_is_posted_is_refused_in_no_time(
    door: Door, query: str, body: bytes, type_: str
) -> None:
    started = time.monotonic()
    answer = await door.http.post(
        f"{door.url}?{query}", content=body, headers={"content-type": type_}
    )
    assert answer.status_code == 403
    assert time.monotonic() - started < 2


@given(
    content=st.binary(max_size=300)
    | st.text(max_size=100).map(lambda t: filing_result("wx", t).encode())
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
async def test_whatever_is_sealed_is_kept_or_refused_and_never_an_error(
    door: Door, content: bytes
) -> None:
    answer = await door.post(PLATFORM.call(content))
    assert answer.status_code in (200, 403)


async def test_the_filing_of_a_push_is_found_by_indexes_alone(registry: Registry) -> None:
    async with registry.pool.acquire() as connection, connection.transaction():
        # Where it could, a whole table would be read for each push, which none does of a small one.
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch(f"explain {FILING_OF}", "wx1a2b3c4d5e6f7a8b", "procedure")
    assert "Seq Scan" not in "\n".join(row[0] for row in plan)
