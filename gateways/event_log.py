"""The registry's log of what happened: append-only, and the same twice changes nothing.

What a workflow task wrote may have been lost with it: its worker died before the task was answered,
or the server refused the answer because something new had come. The task is then done again, a
little later. Where the second writes the same but for the instant, that is no conflict: it is kept
beside the first as `again-…`, and the last instant counts, for it is the workflow's own.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

import asyncpg

from filing.records import Entry

if TYPE_CHECKING:
    Connection = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )

CONFLICT = "conflict-"
AGAIN = "again-"
_CONTENT = ("purpose", "status", "round", "by", "note", "detail")
"""What an entry says, beside its place and its instant."""


async def append(connection: "Connection", uid: str, entries: Sequence[Entry]) -> tuple[int, ...]:
    """Append a filing's entries; gives the sequences under which something else is on record: that
    stays, and the new content is kept beside it as `conflict-…`. The caller holds the filing's lock.
    """
    kept = await connection.fetch(
        "select sequence, purpose, status, round, by, note, detail, digest from events"
        " where uid = $1 and sequence = any($2::int[])",
        uid,
        [entry.sequence for entry in entries],
    )
    first = {row["sequence"]: dict(row) for row in kept if not _beside(row["purpose"])}
    rows, conflicts = [], []
    for entry in entries:
        row = _row(entry)
        older = first.setdefault(entry.sequence, row)
        if older["digest"] != row["digest"]:
            again = all(older[name] == row[name] for name in _CONTENT)
            if not again:
                conflicts.append(entry.sequence)
            row |= {
                "purpose": (AGAIN if again else CONFLICT) + row["digest"][:12],
                "detail": {"purpose": row["purpose"], "detail": row["detail"]},
            }
        rows.append((uid, *row.values()))
    await connection.executemany(
        "insert into events (uid, sequence, at, purpose, status, round, by, note, detail, digest)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        rows,
    )
    return tuple(dict.fromkeys(conflicts))


def folded(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in order of their sequence, each with the last instant at which it was written."""
    told: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    for row in rows:
        (again if row["purpose"].startswith(AGAIN) else told).append(row)
    first = {row["sequence"]: row for row in told if not _beside(row["purpose"])}
    for row in again:
        older = first[row["sequence"]]
        if row["at"] > older["at"]:
            older |= {"at": row["at"], "recorded_at": row["recorded_at"]}
    return told


def _beside(purpose: str) -> bool:
    return purpose.startswith((CONFLICT, AGAIN))


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
