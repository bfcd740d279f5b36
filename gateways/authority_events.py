"""What the authority pushed, on record: stored first, then signalled to the filing that it concerns."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from filing.model import CHINA, Model
from gateways.event_log import storable
from gateways.registry import Registry

if TYPE_CHECKING:
    from gateways.database import Connection

CALLS_KEPT = timedelta(days=1)
"""How long calls are remembered; far longer than one may be late and still be taken."""
GIVE_UP_AFTER = timedelta(days=1)
"""How long an event is tried to be signalled. The filing asks by itself several times a day: what an
event could tell it by then, it knows."""
LONGEST_PAUSE = timedelta(minutes=5)
"""Between two attempts for one event, doubling from 1 s."""


STORE_FAILS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # where it dies in the middle of a word
)
"""What is raised where the registry is away, or fails."""


class EventState(str, Enum):
    """What became of an event."""

    WAITING = "waiting"
    """To be signalled to its filing."""
    SIGNALLED = "signalled"
    NO_FILING = "no_filing"
    """No filing of its mini program is known. One that begins later is not told."""
    CLOSED = "closed"
    """The filing of its mini program had ended."""
    GIVEN_UP = "given_up"
    """Its filing could not be signalled for a day."""
    NOTED = "noted"
    """It concerns no filing (an authorisation), or nobody knows what it is."""


UNCLAIMED = (EventState.NO_FILING, EventState.CLOSED, EventState.GIVEN_UP)
"""States of events that were meant for a filing and reached none."""


class Arrived(Model):
    """An event as it came. `kind`: what it is in our words (`unknown` where it has none), `type`: in
    theirs; `fields`: what it says, free of secrets and personal data; `sealed`: their ciphertext."""

    event_id: str
    source: str
    kind: str
    type: str
    appid: str | None
    procedure: str | None = None
    """What it names in place of a mini program: the authority's id of a filing's submission."""
    fields: dict[str, Any]
    sealed: str | None
    at: datetime
    for_filing: bool
    """Whether a filing is to hear of it."""


class RecordedEvent(Model):
    """An event on record, as `events --json` prints it. Instants in China time."""

    event_id: str
    source: str
    kind: str
    type: str
    appid: str | None
    fields: dict[str, Any]
    sealed: str | None
    happened_at: datetime
    received_at: datetime
    state: EventState
    filing_id: str | None
    uid: str | None
    attempts: int
    signalled_at: datetime | None


class Due(Model):
    """An event that its filing is to be told of now."""

    event_id: str
    source: str
    happened_at: datetime
    filing_id: str
    uid: str
    closed: bool
    """The filing has ended since."""


class Sending(Enum):
    """What came of telling a filing."""

    DONE = "done"
    GONE = "gone"
    """It runs no more."""
    FAILED = "failed"


_AFTER = {
    Sending.DONE: EventState.SIGNALLED,
    Sending.GONE: EventState.CLOSED,
    Sending.FAILED: EventState.WAITING,
}


class SeenBefore(Exception):
    """Just this call is on record: it is a replay."""


class AuthorityEvents:
    """The tables `authority_calls` and `authority_events`. Raises what `Registry` raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    async def keep(self, call_id: str, event: Arrived | None) -> bool:
        """Put a call on record, and the event that it brought; gives whether a filing is to be told.

        All in one transaction: what fails leaves nothing, and the same call may come again. Raises
        `SeenBefore` where it is on record. An event that is, under another call, is kept once.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "delete from authority_calls where received_at < now() - $1::interval", CALLS_KEPT
            )
            new = await connection.fetchval(
                "insert into authority_calls (call_id) values ($1) on conflict do nothing"
                " returning true",
                call_id,
            )
            if not new:
                raise SeenBefore
            return event is not None and await _keep_event(connection, event)

    async def give_up_old(self) -> int:
        """Stop trying for events that are too old; gives how many."""
        rows = await self._pool.fetch(
            "update authority_events set state = $1"
            " where state = $2 and received_at < now() - $3::interval returning event_id",
            EventState.GIVEN_UP.value,
            EventState.WAITING.value,
            GIVE_UP_AFTER,
        )
        return len(rows)

    async def forward(self, send: Callable[[Due], Awaitable[Sending]]) -> Sending | None:
        """Hand the event that is due first to `send`, and write down what came of it; None where
        none is due. Other receivers on the same registry take others meanwhile. What failed is due
        again after a pause, which doubles."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                """
                select event_id, source, happened_at, filing_id, uid, coalesce(
                    (select closed_at is not null from filings where filings.uid = event.uid), false
                ) as closed
                from authority_events event where state = 'waiting' and due_at <= now()
                order by due_at limit 1 for update of event skip locked
                """
            )
            if row is None:
                return None
            due = Due(**_in_china(row))
            sent = Sending.GONE if due.closed else await send(due)
            await connection.execute(
                """
                update authority_events set attempts = attempts + 1, state = $2,
                    due_at = clock_timestamp() + least(interval '1 s' * 2 ^ least(attempts, 20), $3),
                    signalled_at = case when $2 = 'signalled' then clock_timestamp() end
                where event_id = $1
                """,
                due.event_id,
                _AFTER[sent].value,
                LONGEST_PAUSE,
            )
        return sent

    async def next_due(self) -> float | None:
        """Seconds until the next event is due, at least a tenth; None where none waits."""
        seconds: float | None = await self._pool.fetchval(
            "select extract(epoch from min(due_at) - now())::float8 from authority_events"
            " where state = 'waiting'"
        )
        return None if seconds is None else max(seconds, 0.1)

    async def listed(
        self, *, appid: str | None = None, unknown: bool = False, limit: int
    ) -> list[RecordedEvent]:
        """Events, the newest first. `unknown`: those that reached no filing, and those of which
        nobody knows what they are."""
        rows = await self._pool.fetch(
            """
            select event_id, source, kind, type, appid, fields, sealed, happened_at, received_at,
                state, filing_id, uid, attempts, signalled_at
            from authority_events
            where ($1::text is null or appid = $1)
                and (not $2::boolean or state = any($3::text[]) or kind = 'unknown')
            order by received_at desc, event_id limit $4
            """,
            appid,
            unknown,
            [state.value for state in UNCLAIMED],
            limit,
        )
        return [RecordedEvent(**_in_china(row)) for row in rows]


# An array, so that either side is found by its index: `in` reads all filings.
FILING_OF: Final = """
select filing_id, uid, appid, closed_at from filings
where appid = $1 or uid = any (array(select uid from submissions where procedure_id = $2))
order by closed_at is null desc, status = 'queued', started_at desc limit 1
"""


async def _keep_event(connection: "Connection", event: Arrived) -> bool:
    """Whether it is new, and for a filing that is open now: which one is decided here, once, so that
    a filing that begins later is never told what was another's."""
    filing = None
    if event.for_filing:
        # Of several the one that is with the authority: a queued one waits for it to end.
        filing = await connection.fetchrow(FILING_OF, event.appid, event.procedure)
    if not event.for_filing:
        state = EventState.NOTED
    elif filing is None:
        state = EventState.NO_FILING
    else:
        state = EventState.WAITING if filing["closed_at"] is None else EventState.CLOSED
    new = await connection.fetchval(
        """
        insert into authority_events (event_id, source, kind, type, appid, fields, sealed,
            happened_at, state, filing_id, uid)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict do nothing returning true
        """,
        event.event_id,
        event.source,
        event.kind,
        storable(event.type),
        event.appid or (filing and filing["appid"]),
        storable(event.fields),
        event.sealed,
        event.at,
        state.value,
        filing and filing["filing_id"],
        filing and filing["uid"],
    )
    return bool(new) and state is EventState.WAITING


def _in_china(row: Any) -> dict[str, Any]:
    return {
        name: value.astimezone(CHINA) if isinstance(value, datetime) else value
        for name, value in row.items()
    }
