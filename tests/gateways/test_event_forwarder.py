"""Events on their way to the filings: a real Temporal server, which goes away, and a forwarder that
dies at the worst moment."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from filing.model import CHINA
from gateways import authority_events, event_forwarder
from gateways.authority_events import (
    Arrived,
    AuthorityEvents,
    Due,
    EventState,
    RecordedEvent,
    Sending,
)
from gateways.event_forwarder import EventForwarder
from gateways.temporal import connect, data_converter
from operations.services import Services
from tests.gateways.pushing import Platform, face_check, filing_result
from tests.gateways.receiving import open_door
from tests.playing import Begin, Filing, fresh_appid

AT = datetime(2026, 11, 24, 10, 0, tzinfo=CHINA)


@pytest.fixture
def events(services: Services) -> AuthorityEvents:
    return AuthorityEvents(services.registry)


def of(appid: str) -> Arrived:
    return Arrived(
        event_id=secrets.token_hex(32),
        source="wechat",
        kind="filing",
        type="t",
        appid=appid,
        fields={"status": 5},
        sealed=None,
        at=AT,
        for_filing=True,
    )


@asynccontextmanager
async def forwarding(
    events: AuthorityEvents, connecting: Callable[[], Awaitable[Client]]
) -> AsyncIterator[EventForwarder]:
    forwarder = EventForwarder(events, connecting)
    async with forwarder.running():
        yield forwarder


async def became(events: AuthorityEvents, appid: str, state: EventState) -> RecordedEvent:
    async with asyncio.timeout(30):
        while True:
            [event] = await events.listed(appid=appid, limit=2)
            if event.state is state:
                return event
            await asyncio.sleep(0.05)


async def told(filing: Filing, times: int) -> list[dict[str, Any]]:
    """What the filing was signalled of the authority, in order, as soon as it is so many. A signal
    that comes while the filing is at work stands in its history a little later."""
    async with asyncio.timeout(20):
        while len(found := await _told(filing)) < times:  # noqa: ASYNC110 - the server is asked
            await asyncio.sleep(0.05)
    assert len(found) == times
    return found


async def _told(filing: Filing) -> list[dict[str, Any]]:
    history = await filing.handle.fetch_history()
    signals = [
        event.workflow_execution_signaled_event_attributes
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]
    payloads = [s.input.payloads[0] for s in signals if s.signal_name == "authority_event"]
    return await data_converter().decode(payloads)


async def test_a_push_reaches_its_filing(
    services: Services, events: AuthorityEvents, begin_filing: Begin
) -> None:
    filing = await begin_filing()
    appid = filing.application.mini_program.appid
    async with open_door(services.registry) as door:
        for _ in range(2):
            await door.post(Platform().call(filing_result(appid)))
        async with forwarding(events, lambda: connect(services.settings)) as forwarder:
            event = await became(events, appid, EventState.SIGNALLED)
            assert event.signalled_at is not None
            assert event.attempts == 1
            [message] = await told(filing, 1)
            assert message == {
                "source": "wechat",
                "event_id": event.event_id,
                "kind": "changed",
                "at": event.happened_at.isoformat(),
            }
            # Another, while it waits for news.
            await door.post(Platform().call(face_check(appid)))
            forwarder.wake()
            await told(filing, 2)


async def test_what_a_receiver_left_behind_is_forwarded_by_the_next(
    services: Services, events: AuthorityEvents, begin_filing: Begin
) -> None:
    filing = await begin_filing()
    appid = filing.application.mini_program.appid
    assert await events.keep(secrets.token_hex(8), of(appid))
    # The receiver died here. It is not told of the next, which finds it by itself.
    async with forwarding(events, lambda: connect(services.settings)):
        await became(events, appid, EventState.SIGNALLED)
    await told(filing, 1)


async def test_a_crash_between_the_signal_and_its_record_tells_the_same_event_again(
    services: Services, events: AuthorityEvents, begin_filing: Begin
) -> None:
    filing = await begin_filing()
    appid = filing.application.mini_program.appid
    await events.keep(secrets.token_hex(8), of(appid))

    class Crash(Exception):
        pass

    async def send(due: Due) -> Sending:
        await filing.handle.signal(
            "authority_event",
            {"source": due.source, "event_id": due.event_id, "kind": "changed"},
        )
        raise Crash

    with pytest.raises(Crash):
        await events.forward(send)
    [event] = await events.listed(appid=appid, limit=2)
    assert event.state is EventState.WAITING
    async with forwarding(events, lambda: connect(services.settings)):
        await became(events, appid, EventState.SIGNALLED)
    # The filing knows it by its id, and takes the second for a repetition.
    assert [message["event_id"] for message in await told(filing, 2)] == [event.event_id] * 2


async def test_while_temporal_is_away_events_wait(
    services: Services,
    events: AuthorityEvents,
    begin_filing: Begin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_forwarder, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(event_forwarder, "FIRST_PAUSE", 0.1)
    filing = await begin_filing()
    appid = filing.application.mini_program.appid
    address: str | None = "127.0.0.1:1"  # where nobody listens
    await events.keep(secrets.token_hex(8), of(appid))
    async with forwarding(events, lambda: connect(services.settings, address=address)):
        async with asyncio.timeout(20):
            while (await events.listed(appid=appid, limit=1))[0].attempts < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        [event] = await events.listed(appid=appid, limit=1)
        assert event.state is EventState.WAITING
        address = None
        await became(events, appid, EventState.SIGNALLED)
    await told(filing, 1)


async def test_a_filing_that_has_ended_meanwhile_is_not_told(
    services: Services, events: AuthorityEvents, begin_filing: Begin
) -> None:
    filing = await begin_filing()
    appid = filing.application.mini_program.appid
    await events.keep(secrets.token_hex(8), of(appid))
    # Past the process: the registry does not know.
    await filing.handle.terminate()
    async with forwarding(events, lambda: connect(services.settings)):
        event = await became(events, appid, EventState.CLOSED)
    assert event.signalled_at is None
    assert event in await events.listed(unknown=True, appid=appid, limit=2)

    async def unasked(due: Due) -> Sending:
        raise AssertionError(due)

    await events.keep(secrets.token_hex(8), of(fresh_appid()))
    assert await events.forward(unasked) is None


async def test_an_event_is_given_up_after_a_day(
    services: Services,
    events: AuthorityEvents,
    begin_filing: Begin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filing = await begin_filing()
    appid = filing.application.mini_program.appid
    await events.keep(secrets.token_hex(8), of(appid))
    assert await events.give_up_old() == 0
    monkeypatch.setattr(authority_events, "GIVE_UP_AFTER", authority_events.GIVE_UP_AFTER * 0)
    async with forwarding(events, lambda: connect(services.settings)):
        event = await became(events, appid, EventState.GIVEN_UP)
    await told(filing, 0)
    assert event in await events.listed(unknown=True, appid=appid, limit=2)


async def test_one_filing_that_cannot_be_told_does_not_keep_others_waiting(
    services: Services, events: AuthorityEvents, begin_filing: Begin
) -> None:
    filings = [await begin_filing() for _ in range(2)]
    for filing in filings:
        await events.keep(secrets.token_hex(8), of(filing.application.mini_program.appid))
    tried: list[str] = []

    async def send(due: Due) -> Sending:
        tried.append(due.uid)
        return Sending.FAILED

    assert await events.forward(send) is Sending.FAILED
    assert await events.forward(send) is Sending.FAILED
    assert tried == [filing.uid for filing in filings]


async def test_two_receivers_tell_each_event_once(
    services: Services, events: AuthorityEvents, begin_filing: Begin
) -> None:
    filing = await begin_filing()
    appid = filing.application.mini_program.appid
    await events.keep(secrets.token_hex(8), of(appid))
    tried: list[str] = []
    let_go = asyncio.Event()

    async def slow(due: Due) -> Sending:
        tried.append(due.event_id)
        await let_go.wait()
        return Sending.DONE

    first = asyncio.create_task(events.forward(slow))
    async with asyncio.timeout(10):
        while not tried:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await events.forward(slow) is None
    let_go.set()
    assert await first is Sending.DONE
    assert len(tried) == 1
