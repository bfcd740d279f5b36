"""The registry's log of what happened: append-only, and the same twice changes nothing.

What a workflow task wrote may have been lost with it: its worker died before the task was answered,
or the server refused the answer because something new had come. The task is then done again, a
little later. Where the second writes the same but for the instant, that is no conflict: the first
instant stays, and `instants` tells it. Where it writes something else, for what had come meanwhile
goes first, the second is true: what the lost task had written stays in the log, superseded.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from filing.records import Entry, Told

if TYPE_CHECKING:
    from gateways.database import Connection

CONFLICT = "conflict-"
VOID = "void"
"""Purpose of a row that says: a lost task had told an entry of this sequence, there is none."""
_CONTENT = ("purpose", "status", "round", "by", "note", "detail")
"""What an entry says, beside its place and its instant."""


async def instants(
    connection: "Connection", uid: str, entries: Sequence[Entry]
) -> dict[int, datetime]:
    """When entries that are on record happened, by sequence; not of those that say something else."""
    kept = await _kept(connection, uid, (entry.sequence for entry in entries))
    return {
        entry.sequence: kept[entry.sequence]["at"]
        for entry in entries
        if entry.sequence in kept and _says_the_same(kept[entry.sequence], _row(entry))
    }


async def append(
    connection: "Connection",
    uid: str,
    entries: Sequence[Entry],
    told: Told | None = None,
    last: int | None = None,
) -> tuple[int, ...]:
    """Append a filing's entries; gives the sequences under which another run has put something else
    on record: that stays in force, and the new content is kept beside it as `conflict-…`. `last` is
    the filing's last sequence now: what a lost task of the same run had written beyond it is void.
    The caller holds the filing's lock.
    """
    kept = await _kept(connection, uid, (entry.sequence for entry in entries))
    rows, conflicts = [], []
    for entry in entries:
        row = _row(entry)
        before = kept.get(entry.sequence)
        if before is not None and _says_the_same(before, row):
            continue
        if before is None or _by_a_lost_task(before, told):
            kept[entry.sequence] = row | {"run": told.run if told else None}
        elif await _was_told(connection, uid, row):
            continue
        else:
            conflicts.append(entry.sequence)
            row |= {
                "purpose": CONFLICT + row["digest"][:12],
                "detail": {"purpose": row["purpose"], "detail": row["detail"]},
            }
        rows.append(row)
    if told is not None and last is not None:
        beyond = await connection.fetch(
            "select sequence, at, status, round, run from events_in_force"
            " where uid = $1 and sequence > $2",
            uid,
            last,
        )
        lost = (dict(row) for row in beyond)
        rows += [_void(row, told) for row in lost if _by_a_lost_task(row, told)]
    run = told.run if told else None
    await connection.executemany(
        "insert into events (uid, sequence, at, purpose, status, round, by, note, detail, digest,"
        " run) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing",
        [(uid, *row.values(), run) for row in rows],
    )
    return tuple(dict.fromkeys(conflicts))


async def _kept(
    connection: "Connection", uid: str, sequences: Iterable[int]
) -> dict[int, dict[str, Any]]:
    """What is in force under these sequences, whatever its purpose: a sequence is given once."""
    rows = await connection.fetch(
        "select sequence, at, purpose, status, round, by, note, detail, run from events_in_force"
        " where uid = $1 and sequence = any($2::int[])",
        uid,
        list(sequences),
    )
    return {row["sequence"]: dict(row) for row in rows}


async def _was_told(connection: "Connection", uid: str, row: dict[str, Any]) -> bool:
    """Whether just this was told before, and superseded since."""
    found = await connection.fetchval(
        "select true from events where uid = $1 and sequence = $2 and purpose = $3 and digest = $4",
        uid,
        row["sequence"],
        row["purpose"],
        row["digest"],
    )
    return bool(found)


def _by_a_lost_task(before: dict[str, Any], told: Told | None) -> bool:
    """Whether what is on record was told by a task of this run that is done again now.

    Not where it is the later one: then this comes from a worker that does not know yet that its
    task was given to another.
    """
    return told is not None and before["run"] == told.run and before["at"] < told.at


def _void(before: dict[str, Any], told: Told) -> dict[str, Any]:
    entry = Entry(
        sequence=before["sequence"],
        purpose=VOID,
        at=told.at,
        status=before["status"],
        round=before["round"],
        by="registry",
        note="写入该条的任务未完成,重做后没有这一条",
    )
    return _row(entry)


def _says_the_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in _CONTENT)


def _row(entry: Entry) -> dict[str, Any]:
    content = entry.model_dump(mode="json")
    # The same instant has one spelling, whatever offset it was carried in.
    content["at"] = entry.at.astimezone(UTC).isoformat()
    content = storable(content)
    digest = hashlib.sha256(canonical(content).encode()).hexdigest()
    said = {name: content[name] for name in _CONTENT}
    return {"sequence": entry.sequence, "at": entry.at, **said, "digest": digest}


def storable(value: Any) -> Any:
    """The value with what PostgreSQL refuses made harmless: NUL, halves of surrogate pairs, NaN and
    infinity. People can send all of these, and a filing must not wait for ever to be written."""
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {storable(key): storable(item) for key, item in value.items()}
        case list() | tuple():
            return [storable(item) for item in value]
    return value


def canonical(value: Any) -> str:
    """JSON in one spelling."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
