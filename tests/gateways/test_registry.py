"""Writing to the registry: the same twice changes nothing, and what was written stays."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, timedelta

import asyncpg
import pytest

from filing.process.state import State
from filing.records import Entry, Told
from filing.view import StatusAnswer, status_answer
from gateways.registry import Registry

NewState = Callable[..., State]
NewEntry = Callable[..., Entry]

CHANGES = {
    "update": "update events set note = 'x' where uid = $1",
    "delete": "delete from events where uid = $1",
    "upsert": "insert into events select * from events where uid = $1"
    " on conflict (uid, sequence, purpose, digest) do update set note = 'x'",
    "truncate": "truncate events",
}


def change(statement: str, uid: str) -> tuple[str, ...]:
    """The statement with its arguments."""
    return CHANGES[statement], *([uid] if "$1" in CHANGES[statement] else [])


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("replication", ["origin", "replica"])
async def test_the_database_itself_refuses_to_change_the_log(
    registry: Registry,
    owner: asyncpg.Connection,
    new_state: NewState,
    new_entry: NewEntry,
    statement: str,
    replication: str,
) -> None:
    state = new_state()
    await registry.write(state, (new_entry(),))
    await owner.execute(f"set session_replication_role = {replication}")
    with pytest.raises(asyncpg.RestrictViolationError, match="events is append-only"):
        await owner.execute(*change(statement, state.uid))
    assert [e.note for e in await registry.events(state.uid)] == ["开始平台初审"]


@pytest.mark.parametrize("statement", CHANGES)
async def test_our_own_role_has_not_even_the_right(
    registry: Registry, new_state: NewState, new_entry: NewEntry, statement: str
) -> None:
    state = new_state()
    await registry.write(state, (new_entry(),))
    async with registry.pool.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(*change(statement, state.uid))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("alter table events disable trigger all")


async def test_an_application_can_be_erased_and_nothing_else(
    registry: Registry, new_state: NewState
) -> None:
    state = new_state()
    await registry.write(state, ())
    assert await registry.pool.execute("delete from applications where uid = $1", state.uid) == (
        "DELETE 1"
    )
    for table in ("filings", "notices", "numbers"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await registry.pool.execute(f"delete from {table} where uid = $1", state.uid)


async def test_the_same_write_twice_changes_nothing(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    state, entries = new_state(sequence=2), (new_entry(), new_entry(sequence=2, purpose="fact"))
    assert await registry.write(state, entries) == ()
    written = await registry.events(state.uid)
    # The same instant in another offset is the same content.
    elsewhere = tuple(e.model_copy(update={"at": e.at.astimezone(UTC)}) for e in entries)
    assert await registry.write(state, elsewhere) == ()
    assert await registry.events(state.uid) == written
    assert [(e.sequence, e.purpose) for e in written] == [(1, "transition"), (2, "fact")]


async def test_the_same_write_by_many_workers_at_once(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    state = new_state(sequence=3)
    entries = tuple(new_entry(sequence=n) for n in (1, 2, 3))
    answers = await asyncio.gather(
        *(registry.write(state, entries if n % 2 else entries[::-1]) for n in range(8))
    )
    assert answers == [()] * 8
    assert [e.sequence for e in await registry.events(state.uid)] == [1, 2, 3]


async def test_other_content_under_the_same_key_is_kept_beside_the_older(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    state = new_state()
    await registry.write(state, (new_entry(detail={"a": 1}),))
    other = new_entry(note="重置之后", detail={"a": 2})
    answers = await asyncio.gather(*(registry.write(state, (other,)) for _ in range(4)))
    assert answers == [(1,)] * 4
    older, conflict = sorted(
        await registry.events(state.uid), key=lambda e: e.purpose, reverse=True
    )
    assert (older.purpose, older.note, older.detail) == ("transition", "开始平台初审", {"a": 1})
    assert conflict.purpose.startswith("conflict-")
    assert conflict.note == "重置之后"
    assert conflict.detail == {"purpose": "transition", "detail": {"a": 2}}
    # The older one written again is no conflict.
    assert await registry.write(state, (new_entry(detail={"a": 1}),)) == ()


async def test_a_row_never_goes_backwards(registry: Registry, new_state: NewState) -> None:
    later = new_state(sequence=5, status="submission", round=2)
    await registry.write(later, ())
    await registry.write(new_state(sequence=4), ())
    record = await registry.find(later.uid)
    assert record is not None
    assert (record.view["status"], record.view["round"]) == ("submission", 2)
    assert record.view == json.loads(status_answer(later).model_dump_json())
    # The late write's application is one more round's, and belongs there.
    rounds = await registry.pool.fetch(
        "select round from applications where uid = $1 order by 1", later.uid
    )
    assert [r["round"] for r in rounds] == [1, 2]


async def test_an_application_of_a_round_stays_as_it_was(
    registry: Registry, new_state: NewState
) -> None:
    state = new_state()
    await registry.write(state, ())
    await registry.write(new_state(sequence=2, name="另一个名字"), ())
    kept = await registry.pool.fetchval(
        "select application from applications where uid = $1", state.uid
    )
    assert kept == state.application.model_dump(mode="json")


async def test_all_of_a_write_or_nothing(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    state = new_state()
    with pytest.raises(asyncpg.DataError):
        await registry.write(state, (new_entry(), new_entry(sequence=2**40)))
    assert await registry.find(state.uid) is None
    assert await registry.events(state.uid) == []


async def test_what_the_database_cannot_hold_never_stops_a_filing(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    state = new_state(name="商\0城")
    entry = new_entry(note="a\0b", by="\0", detail={"k\0": ["\0\ud800", float("nan"), 1.5]})
    assert await registry.write(state, (entry,)) == ()
    assert await registry.write(state, (entry,)) == ()
    (kept,) = await registry.events(state.uid)
    assert (kept.note, kept.by) == ("a\ufffdb", "\ufffd")
    assert kept.detail == {"k\ufffd": ["\ufffd?", None, 1.5]}


async def test_of_two_claims_at_once_one_wins(registry: Registry, uid: str) -> None:
    number = f"苏ICP备{uid}号-1X"
    answers = await asyncio.gather(
        *(registry.claim_number(number, f"{uid}-{n % 2}") for n in range(8))
    )
    winner = answers.index(True)
    assert answers == [n % 2 == winner % 2 for n in range(8)]
    assert await registry.claim_number(number, f"{uid}-{winner % 2}")
    assert not await registry.claim_number(number, "another")


async def test_the_log_of_a_final_filing_closes_its_row(
    registry: Registry, new_state: NewState
) -> None:
    start = new_state().started_at
    end = start + timedelta(days=30)
    await registry.write(new_state(sequence=9, status="approved", entered_at=end), ())
    record = await registry.find(new_state().uid)
    assert record is not None
    assert record.closed_at == end
    assert record.closed_at.isoformat() == "2026-12-24T10:00:00+08:00"


async def test_the_same_at_another_instant_is_no_conflict_and_the_first_instant_stays(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    state, first = new_state(sequence=2), (new_entry(), new_entry(sequence=2, purpose="fact"))
    assert await registry.instants(state.uid, first) == {}
    await registry.write(state, first)
    later = tuple(e.model_copy(update={"at": e.at + timedelta(seconds=9)}) for e in first)
    assert await registry.instants(state.uid, later) == {1: first[0].at, 2: first[1].at}
    assert await registry.write(state, later) == ()
    assert [e.at for e in await registry.events(state.uid)] == [e.at for e in first]


async def test_a_sequence_is_given_once_whatever_the_purpose(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    state = new_state()
    await registry.write(state, (new_entry(purpose="overdue"),))
    other = new_entry(purpose="fact", note="先到的消息")
    assert await registry.instants(state.uid, (other,)) == {}
    assert await registry.write(state, (other,)) == (1,)
    events = await registry.events(state.uid)
    assert [e.purpose.partition("-")[0] for e in events] == ["overdue", "conflict"]


async def test_a_task_that_is_done_again_in_another_order_supersedes_what_it_had_told(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    begun = new_entry()
    first = Told(run="run", at=begun.at + timedelta(minutes=1))
    again = Told(run="run", at=begun.at + timedelta(minutes=2))
    lost = tuple(
        new_entry(sequence=n, purpose=purpose, at=first.at - timedelta(seconds=1))
        for n, purpose in enumerate(("overdue", "refusal", "note"), start=2)
    )
    state, uid = new_state(sequence=4, status="platform_review", overdue=True), new_state().uid
    assert await registry.write(state, (begun, *lost), first) == ()
    decided = new_entry(sequence=2, at=again.at, note="平台初审通过", status="submission")
    refused = new_entry(sequence=3, purpose="refusal", at=again.at, note="另一原因")
    now = new_state(sequence=3, status="submission")
    for _ in range(2):  # also twice
        assert await registry.write(now, (decided, refused), again) == ()
    # A worker that was only slow, and does not know that its task is another's by now.
    assert await registry.write(state, lost, first) == ()
    events = await registry.events(uid)
    assert [(e.sequence, e.note) for e in events if not e.superseded] == [
        (1, begun.note),
        (2, decided.note),
        (3, refused.note),
    ]
    assert [(e.sequence, e.purpose) for e in events if e.superseded] == [
        (e.sequence, e.purpose) for e in lost
    ]
    record = await registry.find(uid)
    assert record is not None
    assert (record.view["status"], record.view["overdue"]) == ("submission", False)
    # What comes fourth now is simply the fourth.
    fourth = new_entry(sequence=4, at=again.at + timedelta(days=1), note="已送达管局")
    later = Told(run="run", at=again.at + timedelta(days=1))
    assert await registry.write(new_state(sequence=4, status="submission"), (fourth,), later) == ()
    assert (await registry.events(uid))[-1].note == fourth.note


async def test_another_run_that_tells_something_else_is_a_conflict(
    registry: Registry, new_state: NewState, new_entry: NewEntry
) -> None:
    state, entry = new_state(), new_entry()
    assert await registry.write(state, (entry,), Told(run="one", at=entry.at)) == ()
    later = Told(run="reset", at=entry.at + timedelta(days=1))
    other = new_entry(note="重置之后", at=later.at)
    assert await registry.write(state, (other,), later) == (1,)
    events = await registry.events(state.uid)
    assert [(e.purpose.partition("-")[0], e.superseded) for e in events] == [
        ("transition", False),
        ("conflict", False),
    ]


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("InvalidApplication", "申请无效,未受理"),
        ("SubjectBusy", "主体或小程序正由另一备案占用,未受理"),
    ],
)
async def test_what_was_not_accepted_is_told_with_its_reason_alone(
    registry: Registry, new_state: NewState, new_entry: NewEntry, code: str, label: str
) -> None:
    """Not with what was foreseen when it was started."""
    state = new_state(sequence=0)
    await registry.write(state, ())
    assert not await registry.closed_as_refused(state.uid)
    refusal = new_entry(
        sequence=0, purpose="refusal", status="lapsed", note="申请未受理", detail={"code": code}
    )
    await registry.refuse(state.uid, refusal)
    record = await registry.find(state.uid)
    assert record is not None
    assert (record.view["status"], record.view["status_label"]) == ("lapsed", label)
    [said] = StatusAnswer.model_validate(record.view).timeline
    assert (said.at, said.note) == (refusal.at, "申请未受理")
