"""PostgreSQL away: nothing is lost, a filing's history hardly grows, and a worker waits for it."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.common import SearchAttributeKey

from embedded.home import held_lock, prepare_home
from embedded.postgres import Postgres, start_postgres
from embedded.postgres_place import discard_place
from embedded.stack import WORKER_SCRIPT
from embedded.worker_keeper import worker_environment
from filing.vocabulary import Status
from gateways.migrate import upgrade
from operations.filings import show
from tests.own_stack import OwnStack, own_stack
from tests.playing import Filing, eventually

OUTAGE_EVENTS = 20
"""What ten minutes without the registry may cost a filing's history (issue 4)."""
APPROVE = {"outcome": "approve", "reviewer": "li.na"}
TRAVEL = ("TIME_SKIPPING", "OPTIONS_UPDATED")
"""Events that time travel itself adds."""


@dataclass
class Database:
    """A PostgreSQL that can be taken away."""

    home: Path
    lock: int
    running: Postgres

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        await self.running.stop()
        try:
            yield
        finally:
            self.running = await start_postgres(self.home, self.lock)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """There, and silent."""
        self._send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        """To the server and to each of its processes."""
        pid = self.running.child.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in (pid, *map(int, children)):
            os.kill(process, number)


@pytest.fixture(scope="module")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    home = prepare_home(tmp_path_factory.mktemp("database") / "home")
    async with held_lock(home, lambda _: None) as lock:
        database = Database(home, lock, await start_postgres(home, lock))
        await upgrade(database.running.database_url)
        yield database
        await database.running.stop()
    discard_place(home)


@pytest.fixture(scope="module")
async def own(
    tmp_path_factory: pytest.TempPathFactory, database: Database
) -> AsyncIterator[OwnStack]:
    folder = tmp_path_factory.mktemp("outage")
    async with own_stack(folder, database_url=database.running.database_url) as own:
        yield own


async def own_events(filing: Filing) -> list[str]:
    """The history, without what time travel adds."""
    history = await filing.handle.fetch_history()
    kinds = [EventType.Name(event.event_type) for event in history.events]
    return [kind for kind in kinds if not any(part in kind for part in TRAVEL)]


async def decide(filing: Filing) -> None:
    """Two decisions, of which one is refused."""
    await filing.player.signal("platform_decision", {**APPROVE, "round": 3})
    await filing.player.signal("platform_decision", APPROVE)


async def assert_same_story(filing: Filing) -> None:
    """The registry's timeline is the workflow's, without gaps."""
    answer = await eventually(filing, lambda a: a.due_at is not None)
    shown = await show(filing.uid, filing.services)
    assert shown.answer == answer
    told = [(e.at, e.status, e.note) for e in shown.events if e.purpose not in ("refusal", "note")]
    assert told == [(t.at, t.status, t.note) for t in answer.timeline]
    assert [e.sequence for e in shown.events] == list(range(1, len(shown.events) + 1))
    record = await filing.services.registry.find(filing.uid)
    assert record is not None
    assert record.view == answer.model_dump(mode="json")


async def test_ten_minutes_without_the_registry_cost_few_events_and_lose_nothing(
    own: OwnStack, database: Database
) -> None:
    undisturbed, filing = await own.begin(), await own.begin()
    for one in (undisturbed, filing):
        await one.player.until(Status.PLATFORM_REVIEW)
    await decide(undisturbed)
    await undisturbed.player.until(Status.SUBMISSION)
    await undisturbed.player.handed_over()
    usual = await own_events(undisturbed)

    async with database.away():
        await decide(filing)
        # Refused is known at once; nothing is done before it is on record.
        await eventually(filing, lambda a: a.refused_count == 1)
        await filing.player.pass_time(minutes=2)
        after_two = len(await own_events(filing))
        await filing.player.pass_time(minutes=8)
        assert len(await own_events(filing)) == after_two
        assert await pending(filing) == ["record"]
    await filing.player.pass_time(minutes=2)
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    cost = len(await own_events(filing)) - len(usual)
    assert cost <= OUTAGE_EVENTS, cost
    for one in (undisturbed, filing):
        await assert_same_story(one)
    await filing.player.signal(
        "authority_event", {"source": "test", "event_id": "e-1", "kind": "received"}
    )
    await filing.player.until(Status.SMS_VERIFICATION)


async def test_a_registry_that_does_not_answer_at_all_holds_up_until_it_does(
    own: OwnStack, database: Database
) -> None:
    filing = await own.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    before = len(await own_events(filing))
    with database.frozen():
        await decide(filing)
        await eventually(filing, lambda a: a.refused_count == 1)
        # Past the local activity's time: from there on one regular activity waits.
        end = time.monotonic() + 20
        while "record" not in await pending(filing):
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
    await filing.player.until(Status.SUBMISSION)
    await filing.player.handed_over()
    await assert_same_story(filing)
    assert len(await own_events(filing)) - before <= OUTAGE_EVENTS + 15


async def test_temporals_own_lists_do_not_wait_for_the_registry(
    own: OwnStack, database: Database
) -> None:
    filing = await own.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    async with database.away():
        await filing.player.signal("platform_decision", APPROVE)
        end = time.monotonic() + 20
        while "record" not in await pending(filing):
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
        shown = (await filing.handle.describe()).typed_search_attributes
        assert shown[SearchAttributeKey.for_keyword("FilingStatus")] == Status.SUBMISSION
        assert shown.get(SearchAttributeKey.for_datetime("DueAt")) is None
    await filing.player.pass_time(minutes=2)
    await filing.player.until(Status.SUBMISSION)
    await assert_same_story(filing)


async def pending(filing: Filing) -> list[str]:
    raw = (await filing.handle.describe()).raw_description
    return [activity.activity_type.name for activity in raw.pending_activities]


async def test_a_worker_that_starts_without_the_registry_waits_and_says_so(
    own: OwnStack, database: Database
) -> None:
    filing = await own.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await own.stack.worker.kill_worker()
    before = len(own.worker_log)
    async with database.away():
        starting = asyncio.create_task(own.stack.worker.start_worker())
        await decide(filing)
        end = time.monotonic() + 20
        while own.worker_log[before:].count("waiting for the registry") < 2:
            assert time.monotonic() < end, own.worker_log[before:]
            await asyncio.sleep(0.1)
        assert not starting.done()
        assert "worker ready" not in own.worker_log[before:]
    await asyncio.wait_for(starting, 30)
    assert "Traceback" not in own.worker_log[before:]
    await filing.player.until(Status.SUBMISSION)
    await assert_same_story(filing)


async def run_worker(own: OwnStack, database_url: str) -> asyncio.subprocess.Process:
    info = own.stack.info
    environment = worker_environment(
        {
            "TEMPORAL_ADDRESS": info.temporal_address,
            "BEIAN_HOME": str(own.home),
            "BEIAN_DATABASE_URL": database_url,
        }
    )
    return await asyncio.create_subprocess_exec(
        sys.executable,
        WORKER_SCRIPT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_waiting_worker_ends_at_once_when_told(own: OwnStack) -> None:
    worker = await run_worker(own, "postgresql://beian@127.0.0.1:1/beian")
    try:
        assert worker.stderr is not None
        line = await asyncio.wait_for(worker.stderr.readline(), 20)
        assert line.startswith(b"waiting for the registry")
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), 5) == 0
    finally:
        if worker.returncode is None:
            worker.kill()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("no_such_database", 2, b"BEIAN_DATABASE_URL"),
        ("postgres", 3, b"starter.py migrate"),
        ("mysql://beian@127.0.0.1/beian", 2, b"BEIAN_DATABASE_URL"),
    ],
)
async def test_a_registry_that_is_the_wrong_one_ends_a_worker_at_once(
    own: OwnStack, database: Database, name: str, code: int, said: bytes
) -> None:
    ours = database.running.database_url
    url = name if ":" in name else ours.replace("/beian?", f"/{name}?")
    worker = await run_worker(own, url)
    _, errors = await asyncio.wait_for(worker.communicate(), 20)
    assert worker.returncode == code, errors
    assert said in errors
    assert b"Traceback" not in errors
