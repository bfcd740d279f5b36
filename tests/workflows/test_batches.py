"""Batches on the real server: each row once, whatever is killed, and nothing before all was read."""

import asyncio
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from filing.batches import (
    BATCH_WORKFLOW,
    Batch,
    BatchAction,
    BatchRow,
    RowResult,
    Work,
    batch_workflow_id,
)
from gateways.batches import Batches, NewRow
from gateways.temporal import TASK_QUEUE
from operations.batch_work import BatchWork
from operations.batches import (
    NotTaken,
    Ordered,
    Taken,
    find_batch,
    follow,
    invalid,
    order_starts,
    stop,
    take_in,
)
from operations.filings import find, handle_of, send, settle
from operations.formats import Unreadable, from_yaml
from operations.reading import Document, opened, read_documents
from operations.services import now
from operations.start import ready
from tests.commands.conftest import PERSONAL, application, lay_out
from tests.own_stack import OwnStack, own_stack, short_lived_worker
from tests.playing import fresh_appid

ORDERED = Ordered(by="ops", rate=1000)
PATIENCE = 60.0


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnStack]:
    """Its worker does 10 rows at once, and goes on as a new run after the second time."""
    folder = tmp_path_factory.mktemp("batches")
    script = short_lived_worker(folder, 20, "batch")
    text = script.read_text(encoding="utf-8")
    script.write_text(
        text.replace("if __name__", "workflows.batch.AT_ONCE = 10\nif __name__"), encoding="utf-8"
    )
    async with own_stack(folder, worker_script=script) as own:
        yield own


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lay_out(tmp_path)


def line(appid: str, **replaced: str) -> str:
    return json.dumps(from_yaml(application(appid, **replaced), {}), ensure_ascii=False)


def file_of(folder: Path, *lines: str, name: str = "批量.jsonl") -> str:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def many(folder: Path, count: int, name: str = "批量.jsonl") -> str:
    return file_of(folder, *(line(fresh_appid()) for _ in range(count)), name=name)


async def order(own: OwnStack, path: str, ordered: Ordered = ORDERED) -> Taken | NotTaken:
    with opened(path) as source:
        return await order_starts(source, own.services, ordered, confirmed=lambda _: False)


async def ordered(own: OwnStack, path: str, how: Ordered = ORDERED) -> Batch:
    taken = await order(own, path, how)
    assert isinstance(taken, Taken), taken
    return taken.batch


async def done(own: OwnStack, batch: Batch) -> list[BatchRow]:
    """Its rows, once none is left."""
    async with asyncio.timeout(PATIENCE):
        await follow(batch, own.services, lambda counts: None)
    return [row async for row in Batches(own.services.registry).rows(batch.id)]


async def until(condition: Callable[[], Awaitable[bool]], within: float = PATIENCE) -> None:
    end = time.monotonic() + within
    while not await condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def withdraw(own: OwnStack, uid: str | None) -> None:
    """Take a filing back, and wait for the end of its workflow."""
    record = await find(uid or "", own.services)
    answer = await send(record, "withdraw", {"by": "ops", "reason": "重办"}, own.services)
    assert answer.accepted
    await asyncio.wait_for(handle_of(record, own.services).result(), PATIENCE)


async def runs_of(own: OwnStack, rows: list[BatchRow]) -> dict[str, int]:
    """How many filings each workflow id has had, in Temporal."""
    ids = ", ".join(f"'{row.filing_id}'" for row in rows)
    found: dict[str, int] = {}
    async for one in own.services.client.list_workflows(f"WorkflowId in ({ids})"):
        found[one.id] = found.get(one.id, 0) + 1
    return found


async def test_a_worker_that_is_killed_in_the_midst_of_a_batch_starts_each_row_once(
    own: OwnStack, folder: Path
) -> None:
    batch = await ordered(own, many(folder, 45), Ordered(by="ops", rate=40))
    pool = own.services.registry.pool
    in_flight = 0
    for least in (5, 25):

        async def far_enough(least: int = least) -> bool:
            return (await find_batch(batch.id, own.services.registry)).counts.pending < 45 - least

        await until(far_enough)
        await own.stack.worker.kill_worker()
        in_flight += await pool.fetchval(
            "select count(*) from batch_rows where batch = $1 and result = 'pending'"
            " and begun_at is not null",
            batch.id,
        )
        await own.stack.worker.start_worker()
    rows = await done(own, batch)
    assert in_flight, "no kill has met a row"
    assert {row.result for row in rows} == {RowResult.STARTED}
    assert len({row.uid for row in rows}) == 45

    async def all_seen() -> bool:
        return len(await runs_of(own, rows)) == 45

    await until(all_seen)  # visibility comes a little later
    assert set((await runs_of(own, rows)).values()) == {1}
    on_record = await pool.fetch(
        "select uid from filings where filing_id = any($1)", [row.filing_id for row in rows]
    )
    assert sorted(r["uid"] for r in on_record) == sorted(row.uid or "" for row in rows)


async def test_a_long_batch_goes_on_as_a_new_run_and_its_history_holds_no_application(
    own: OwnStack, folder: Path
) -> None:
    batch = await ordered(own, many(folder, 45))
    rows = await done(own, batch)
    assert len(rows) == 45
    handle = own.services.client.get_workflow_handle(batch_workflow_id(batch.id))
    counts = await asyncio.wait_for(handle.result(), PATIENCE)
    assert counts["results"] == {"started": 45}
    described = await handle.describe()
    assert described.raw_info.first_run_id != described.run_id
    history = (await handle.fetch_history()).to_json()
    assert len((await handle.fetch_history()).events) < 60
    told = history + own.worker_log
    assert [number for number in PERSONAL if number in told] == []
    kept = await own.services.registry.pool.fetchval(
        "select count(*) from batch_rows where batch = $1 and work is not null", batch.id
    )
    assert kept == 0


async def test_the_same_file_again_starts_nothing_and_a_changed_one_is_another_batch(
    own: OwnStack, folder: Path
) -> None:
    first, second = line(fresh_appid()), line(fresh_appid())
    path = file_of(folder, first)
    batch = await ordered(own, path)
    [row] = await done(own, batch)
    # Under another name, and by two at the same time.
    copy = file_of(folder, first, name="copy.jsonl")
    for taken in await asyncio.gather(order(own, path), order(own, copy)):
        assert isinstance(taken, Taken)
        assert (taken.kept, taken.taken_up, taken.batch.id) == (True, 0, batch.id)
    assert await done(own, batch) == [row]
    changed = await ordered(own, file_of(folder, first, second))
    assert changed.id != batch.id
    known, new = await done(own, changed)
    assert (known.result, known.uid) == (RowResult.ALREADY_OPEN, row.uid)
    assert new.result is RowResult.STARTED


async def test_two_who_order_the_same_file_at_once_are_one(own: OwnStack, folder: Path) -> None:
    path = many(folder, 4)
    both = await asyncio.gather(order(own, path), order(own, path))
    assert sorted(taken.kept for taken in both if isinstance(taken, Taken)) == [False, True]
    rows = await done(own, await find_batch(both[0].batch.id, own.services.registry))  # type: ignore[union-attr]
    assert [row.result for row in rows] == [RowResult.STARTED] * 4


async def test_an_invalid_row_stops_no_other_unless_it_is_to_be_all_or_nothing(
    own: OwnStack, folder: Path
) -> None:
    path = file_of(folder, line(fresh_appid()), line("wxBAD"), "{", line(fresh_appid()))
    refused = await order(own, path, ORDERED.model_copy(update={"all_or_nothing": True}))
    assert isinstance(refused, NotTaken)
    assert (refused.rows, [row.row for row in refused.invalid]) == (4, [2, 3])
    assert await Batches(own.services.registry).find(refused_id(path)) is None
    rows = await done(own, await ordered(own, path))
    assert [row.result.value for row in rows] == ["started", "invalid", "invalid", "started"]
    assert rows[1].problems[0].path == "mini_program.appid"
    assert rows[2].problems[0].code == "syntax"


def refused_id(path: str) -> str:
    with opened(path) as source:
        return source.sha256


async def test_nothing_starts_of_a_file_that_breaks_off(own: OwnStack, folder: Path) -> None:
    path = folder / "broken.csv"
    appid = fresh_appid()
    path.write_text(f'kind,mini_program.appid\nnew,{appid}\nnew,"{appid}', encoding="utf-8")
    with pytest.raises(Unreadable) as broken:
        await order(own, str(path))
    assert broken.value.problem.code == "syntax"
    assert await Batches(own.services.registry).find(refused_id(str(path))) is None


async def test_again_takes_up_what_came_to_nothing_and_leaves_the_rest(
    own: OwnStack, folder: Path
) -> None:
    paper = folder / "materials/new-organisation-commitment.png"
    content = paper.read_bytes()
    lacking = line(fresh_appid()).replace(paper.name, "later.png")
    open_before = line(fresh_appid())
    await done(own, await ordered(own, file_of(folder, open_before, name="before.jsonl")))
    lines = (line(fresh_appid()), lacking, line(fresh_appid()), line(fresh_appid()), open_before)
    path = file_of(folder, *lines)
    batch = await ordered(own, path)
    open_one, invalid_one, withdrawn, killed, known = await done(own, batch)
    assert invalid_one.result is RowResult.INVALID
    assert known.result is RowResult.ALREADY_OPEN
    paper.with_name("later.png").write_bytes(content)
    await withdraw(own, withdrawn.uid)
    record = await find(killed.uid or "", own.services)
    await handle_of(record, own.services).terminate()
    await settle(record, own.services)

    kept = await order(own, path)
    assert isinstance(kept, Taken)
    assert (kept.kept, kept.batch.counts.pending) == (True, 0)
    again = await order(own, path, ORDERED.model_copy(update={"again": True}))
    assert isinstance(again, Taken)
    assert (again.kept, again.taken_up, again.batch.times) == (False, 2, 2)
    first, second, third, fourth, fifth = await done(own, again.batch)
    # What is open, here or from before, stays; so does what somebody took back.
    assert (first, third, fifth) == (open_one, withdrawn, known)
    assert second.result is RowResult.STARTED
    assert fourth.result is RowResult.STARTED
    assert fourth.uid not in (None, killed.uid)


async def test_rows_of_one_subject_are_busy_or_wait(own: OwnStack, folder: Path) -> None:
    """Done one after the other, whatever is done beside them: none is started to be refused."""

    def of_one_subject() -> list[str]:
        one = line(fresh_appid())
        appid = json.loads(one)["mini_program"]["appid"]
        return [one, *(one.replace(appid, fresh_appid()) for _ in range(5))]

    rows = await done(own, await ordered(own, file_of(folder, *of_one_subject())))
    assert sorted(row.result.value for row in rows) == ["busy"] * 5 + ["started"]
    for row in rows:
        runs = await own.services.registry.pool.fetchval(
            "select count(*) from filings where filing_id = $1", row.filing_id
        )
        assert runs == (row.result is RowResult.STARTED)
    how = ORDERED.model_copy(update={"queue": True})
    rows = await done(own, await ordered(own, file_of(folder, *of_one_subject()), how))
    assert len({row.uid for row in rows} - {None}) == 6
    assert sorted(row.result.value for row in rows) == ["queued"] * 5 + ["started"]


async def test_a_row_about_the_same_filing_as_an_earlier_one_is_told_so(
    own: OwnStack, folder: Path
) -> None:
    twin = line(fresh_appid())
    first, second = await done(own, await ordered(own, file_of(folder, twin, twin)))
    assert (first.result, second.result) == (RowResult.STARTED, RowResult.ALREADY_OPEN)
    assert (second.code, second.explanation) == ("twice_in_file", "与第 1 行是同一项备案")


async def test_a_row_with_another_rows_appid_is_wrong_where_it_says_something_else(
    own: OwnStack, folder: Path
) -> None:
    one = line(fresh_appid())
    appid = json.loads(one)["mini_program"]["appid"]
    other = line(fresh_appid())
    other = other.replace(json.loads(other)["mini_program"]["appid"], appid)
    path = file_of(folder, one, other)
    first, second = await done(own, await ordered(own, path))
    assert (first.result, second.result) == (RowResult.STARTED, RowResult.INVALID)
    [problem] = second.problems
    assert (problem.code, problem.message) == (
        "twice_in_file",
        "与第 1 行是同一项备案,内容却不同",
    )
    again = await ordered(own, path, ORDERED.model_copy(update={"again": True}))
    assert await done(own, again) == [first, second]


async def test_a_row_that_was_wrong_is_no_second_start_of_what_a_later_one_started(
    own: OwnStack, folder: Path
) -> None:
    paper = folder / "materials/new-organisation-commitment.png"
    one = line(fresh_appid())
    path = file_of(folder, one.replace(paper.name, "later.png"), one)
    wrong, started = await done(own, await ordered(own, path))
    assert (wrong.result, started.result) == (RowResult.INVALID, RowResult.STARTED)
    paper.with_name("later.png").write_bytes(paper.read_bytes())
    await withdraw(own, started.uid)
    again = await ordered(own, path, ORDERED.model_copy(update={"again": True}))
    first, second = await done(own, again)
    assert (first.result, first.explanation) == (
        RowResult.ALREADY_OPEN,
        "与第 2 行是同一项备案",
    )
    assert second == started


async def test_a_batch_that_is_stopped_goes_on_with_the_same_file(
    own: OwnStack, folder: Path
) -> None:
    path = many(folder, 30)
    batch = await ordered(own, path, Ordered(by="ops", rate=5))
    assert await stop(batch, own.services)
    handle = own.services.client.get_workflow_handle(batch_workflow_id(batch.id))
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), PATIENCE)
    left = (await find_batch(batch.id, own.services.registry)).counts.pending
    assert left
    assert not await stop(batch, own.services)
    # Who follows is not told to look for a worker.
    assert not await asyncio.wait_for(follow(batch, own.services, lambda counts: None), 10)
    await own.services.registry.pool.execute(
        "update batches set rate = 1000 where id = $1", batch.id
    )
    kept = await order(own, path)
    assert isinstance(kept, Taken)
    assert kept.kept
    rows = await done(own, kept.batch)
    assert {row.result for row in rows} == {RowResult.STARTED}


async def test_what_a_lost_attempt_had_started_is_found_again(own: OwnStack, folder: Path) -> None:
    """Also where the filing has ended by then: as if the answer had been lost between."""
    [document] = read_documents(file_of(folder, line(fresh_appid())))
    stored = await ready(document, own.services, now().date(), lambda _: False)
    assert not isinstance(stored, tuple)
    batch = Batch.model_validate(
        {
            "id": "f" * 64,
            "action": BatchAction.START,
            "file": "x.jsonl",
            "by": "ops",
            "rate": 20,
            "queue": False,
            "times": 1,
            "created_at": now(),
            "counts": {"rows": 1, "results": {}},
        }
    )
    work = Work(
        batch=batch.id,
        row=1,
        times=1,
        filing_id=f"filing-{stored.mini_program.appid}",
        work=stored.model_dump(mode="json"),
        begun=False,
    )
    acting = BatchWork(own.services)
    first = await acting._one(batch, work)
    assert first.result is RowResult.STARTED
    # One that had not begun, as of another worker at the same time, and one whose answer was lost.
    for begun in (False, True):
        again = await acting._one(batch, work.model_copy(update={"begun": begun}))
        assert again == first
    await withdraw(own, first.uid)
    assert await acting._one(batch, work.model_copy(update={"begun": True})) == first
    # Another order's row is another start.
    later = await acting._one(batch, work.model_copy(update={"times": 2, "begun": True}))
    assert later.result is RowResult.STARTED
    assert later.uid != first.uid


@pytest.mark.parametrize("given", [None, "x", {"batch": "short"}, {"batches": 3}, 7])
async def test_what_is_no_batch_ends_with_a_reason(own: OwnStack, given: object) -> None:
    handle = await own.services.client.start_workflow(
        BATCH_WORKFLOW, given, id=f"batch-{fresh_appid()}", task_queue=TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(handle.result(), PATIENCE)
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "InvalidBatch"


async def test_ten_thousand_rows_are_taken_in_within_little_memory(
    own: OwnStack, folder: Path
) -> None:
    lines = (f'{{"id": "{n}", "text": "{"字" * 500}"}}' for n in range(10_000))
    path = file_of(folder, *lines, "no JSON")  # so that all of it is undone

    async def row(document: Document) -> NewRow:
        if document.data is None:
            return invalid(document, document.problems)
        return NewRow(
            row=document.row, filing_id=str(document.row), mini_program=None, work=document.data
        )

    how = ORDERED.model_copy(update={"all_or_nothing": True})
    with opened(path) as source:
        tracemalloc.start()
        try:
            taken = await take_in(
                source,
                own.services,
                how,
                BatchAction.START,
                row,
                twins=RowResult.ALREADY_OPEN,
            )
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert isinstance(taken, NotTaken)
    assert (taken.rows, len(taken.invalid)) == (10_001, 1)
    # The file has 15 MB.
    assert peak < 8_000_000, peak
