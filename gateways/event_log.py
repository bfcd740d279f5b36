"""The registry's log of what happened: append-only, and the same twice changes nothing.

What a workflow task wrote may have been lost with it: its worker died before the task was answered,
or the server refused the answer because something new had come. The task is then done again, a
little later. Where the second writes the same but for the instant, that is no conflict: the first
instant stays, and `instants` tells it.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from filing.records import Entry

if TYPE_CHECKING:
    Connection = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )

CONFLICT = "conflict-"
_CONTENT = ("purpose", "status", "round", "by", "note", "detail")
"""What an entry says, beside its place and its instant."""


async def instants(
    connection: "Connection", uid: str, entries: Sequence[Entry]
) -> dict[int, datetime]:
    """When entries that are on record happened, by sequence; not of those that say something else."""
    kept = await _kept(connection, uid, entries)
    return {
        entry.sequence: kept[entry.sequence]["at"]
        for entry in entries
        if entry.sequence in kept and _says_the_same(kept[entry.sequence], _row(entry))
    }


async def append(connection: "Connection", uid: str, entries: Sequence[Entry]) -> tuple[int, ...]:
    """Append a filing's entries; gives the sequences under which something else is on record: that
    stays, and the new content is kept beside it as `conflict-…`. The caller holds the filing's lock.
    """
    kept = await _kept(connection, uid, entries)
    rows, conflicts = [], []
    for entry in entries:
        row = _row(entry)
        if not _says_the_same(kept.setdefault(entry.sequence, row), row):
            conflicts.append(entry.sequence)
            row |= {
                "purpose": CONFLICT + row["digest"][:12],
                "detail": {"purpose": row["purpose"], "detail": row["detail"]},
            }
        rows.append((uid, *row.values()))
    await connection.executemany(
        "insert into events (uid, sequence, at, purpose, status, round, by, note, detail, digest)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        rows,
    )
    return tuple(dict.fromkeys(conflicts))


async def _kept(
    connection: "Connection", uid: str, entries: Sequence[Entry]
) -> dict[int, dict[str, Any]]:
    """What is on record under the entries' sequences, whatever its purpose: a sequence is given
    once."""
    rows = await connection.fetch(
        "select sequence, at, purpose, status, round, by, note, detail from events"
        " where uid = $1 and sequence = any($2::int[]) and not starts_with(purpose, $3)",
        uid,
        [entry.sequence for entry in entries],
        CONFLICT,
    )
    return {row["sequence"]: dict(row) for row in rows}


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
