"""The registry: PostgreSQL as the record of every filing. Temporal is the truth; this is what lists,
audits and customers read, also long after Temporal has forgotten a filing."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from filing.application import Application
from filing.errors import SUBJECT_BUSY
from filing.holdings import Claim, Holdings
from filing.model import CHINA, Model
from filing.process.state import State
from filing.records import Entry, ListedFiling, ListQuery, Told
from filing.view import status_answer
from filing.vocabulary import Status
from gateways import holdings
from gateways.database import close_pool, columns, open_pool
from gateways.event_log import CONFLICT, VOID, append, instants, storable
from gateways.filing_lists import list_filings

if TYPE_CHECKING:
    from gateways.database import Connection, Pool

_NOT_ACCEPTED = {"status": "lapsed", "waiting_for": None, "due_at": None}
"""What `show` says of an application that the worker did not accept."""
_INVALID, _BUSY = "申请无效,未受理", "主体或小程序正由另一备案占用,未受理"
"""Its label: why it was not."""


_NOTHING_DUE = {
    "waiting_for": None,
    "due_at": None,
    "overdue": False,
    "provisional": False,
    "held": False,
    "held_by_authority": False,
}
"""What `show` says of a filing whose workflow is gone."""


class FilingRecord(Model):
    """What the registry knows of one filing. `view` is what the `status` query answered at
    `updated_at` (wall time): `filing.view.StatusAnswer` as JSON."""

    uid: str
    filing_id: str
    appid: str
    closed_at: datetime | None
    updated_at: datetime
    view: dict[str, Any]


class RecordedEntry(Entry):
    """An entry of the log, and when it was written down (wall time)."""

    recorded_at: datetime
    superseded: bool = False
    """It was told by a workflow task that was lost: it did not happen so."""


class NoticeRecord(Model):
    """A notice of the ledger. `state`: `sending`, `sent`, `possibly_doubled`, `failed`,
    `no_channel`, `shared`; `attempts` counts from 1; `sent_at` is None until it was sent for certain."""

    sequence: int
    purpose: str
    audience: str
    state: str
    attempts: int
    reason: str | None
    first_at: datetime
    last_at: datetime
    sent_at: datetime | None


class Registry:
    """Implements `activities.ports.Records`, and what lists read. Instants are given in China time.

    Any method raises `asyncpg.PostgresError`, `asyncpg.InterfaceError` or `OSError` where the
    database cannot be reached or fails; none of these texts holds a password or a row's content.
    """

    def __init__(self, pool: "Pool") -> None:
        self.pool = pool

    @classmethod
    async def open(cls, database_url: str, *, most_connections: int = 10) -> "Registry":
        """Connect. Raises what `gateways.database.open_pool` raises."""
        return cls(await open_pool(database_url, most_connections=most_connections))

    async def close(self) -> None:
        """Close all connections, once what runs on them has ended; cut them off after 5 s."""
        await close_pool(self.pool)

    async def write(
        self, state: State, entries: tuple[Entry, ...], told: Told | None = None
    ) -> tuple[int, ...]:
        """See `activities.ports.Records.write`. Writing the same twice, also at the same time,
        changes nothing."""
        async with self.pool.acquire() as connection, connection.transaction():
            # The row first: its lock makes concurrent writes of one filing wait for each other,
            # so that each sees the entries of the one before.
            await self._write_row(connection, state, told)
            await connection.execute(
                "insert into applications (uid, round, application) values ($1, $2, $3)"
                " on conflict do nothing",
                state.uid,
                state.round,
                storable(state.application.model_dump(mode="json")),
            )
            if state.status is Status.APPROVED:
                await holdings.apply(connection, state)
            if state.status.final:
                await holdings.release(connection, state.uid)
            return await append(connection, state.uid, entries, told, state.sequence)

    async def claim(self, opening: State) -> Claim:
        """See `activities.ports.Records.claim`."""
        async with self.pool.acquire() as connection, connection.transaction():
            # What is written of it already stays, as that it waits in a queue.
            await self._write_row(connection, opening, statement=OPEN)
            return await holdings.claim(connection, opening)

    async def holder(self, application: Application) -> str | None:
        """The workflow id of the open filing that has the application's subject or mini program."""
        async with self.pool.acquire() as connection:
            return await holdings.holder(connection, application)

    async def holdings(self, application: Application) -> Holdings:
        """See `activities.ports.Records.holdings`."""
        async with self.pool.acquire() as connection:
            return await holdings.read(connection, application)

    async def refuse(self, uid: str, entry: Entry) -> None:
        """See `activities.ports.Records.refuse`."""
        async with self.pool.acquire() as connection, connection.transaction():
            await append(connection, uid, (entry,))
        await self.closed_as_refused(uid)

    async def closed_as_refused(self, uid: str) -> bool:
        """Close the row of an application that was not accepted, whichever was written first."""
        refusal = await self.pool.fetchrow(
            "select at, by, note, detail->>'code' as code from events"
            " where uid = $1 and sequence = 0 and purpose = 'refusal'",
            uid,
        )
        if refusal is None:
            return False
        said = {
            "at": refusal["at"].astimezone(CHINA).isoformat(),
            "status": "lapsed",
            "by": refusal["by"],
            "note": refusal["note"],
        }
        label = _BUSY if refusal["code"] == SUBJECT_BUSY else _INVALID
        closed = await self.pool.fetchval(
            "update filings set status = 'lapsed', waiting_for = null, closed_at = now(),"
            " view = view || $2 where uid = $1 and sequence = 0 returning true",
            uid,
            # The timeline in place of what was foreseen when it was started.
            _NOT_ACCEPTED | {"status_label": label, "timeline": [said]},
        )
        return bool(closed)

    async def close_from_outside(self, uid: str, note: str, at: datetime) -> None:
        """Close the row of a filing whose workflow was ended past the process; its status stays.
        A workflow that goes on after all (a reset) opens it again with its next entry."""
        said = {"at": at.astimezone(CHINA).isoformat(), "by": "temporal", "note": note}
        async with self.pool.acquire() as connection:
            await connection.execute(
                """
                update filings set closed_at = now(), updated_at = now(), waiting_for = null,
                    due_at = null, overdue = false, provisional = false,
                    view = view || $2 || jsonb_build_object(
                        'status_label', (view->>'status_label') || $3::text,
                        'timeline', (view->'timeline') || ($4 || jsonb_build_object('status', status))
                    )
                where uid = $1 and closed_at is null
                """,
                uid,
                _NOTHING_DUE,
                f",{note}",
                said,
            )

    async def open_uids(self, filing_id: str) -> list[str]:
        """The filings of a workflow id that are open by what is written here."""
        rows = await self.pool.fetch(
            "select uid from filings where filing_id = $1 and closed_at is null", filing_id
        )
        return [row["uid"] for row in rows]

    async def instants(self, uid: str, entries: tuple[Entry, ...]) -> dict[int, datetime]:
        """See `activities.ports.Records.instants`."""
        async with self.pool.acquire() as connection:
            return await instants(connection, uid, entries)

    async def claim_number(self, number: str, uid: str) -> bool:
        """See `activities.ports.Records.claim_number`. Of two claims at once one wins."""
        async with self.pool.acquire() as connection, connection.transaction():
            # One that is claimed already stays, whatever was put on file since.
            await connection.execute(
                "insert into numbers (number, uid) select $1, $2 where not $3 on conflict do nothing",
                number,
                uid,
                await holdings.stem_of_another(connection, number, uid),
            )
            # A statement of its own: it sees what the insert above had to wait for.
            holder = await connection.fetchval("select uid from numbers where number = $1", number)
        return bool(holder == uid)

    async def list_filings(self, query: ListQuery) -> list[ListedFiling]:
        """Filings that fit all filters, the next deadline first, those without one last."""
        return await list_filings(self.pool, query)

    async def hold_notes(self) -> dict[str, str]:
        """What is on record of the present hold of every open filing that is held, by uid."""
        rows = await self.pool.fetch(
            """
            select uid, (
                select note from events_in_force where events_in_force.uid = filings.uid and purpose = 'hold'
                order by sequence desc limit 1
            ) as note
            from filings where closed_at is null and (view->>'held')::boolean
            """
        )
        return {row["uid"]: row["note"] or "" for row in rows}

    async def find(self, id: str) -> FilingRecord | None:
        """The filing of a uid, workflow id, appid or mini program's number: of several the open one,
        else the latest."""
        row = await self.pool.fetchrow(
            """
            select uid, filing_id, appid, closed_at, updated_at, view from filings
            where uid = $1 or filing_id = $1 or appid = $1 or filing_number = $1
            order by uid = $1 desc, closed_at is null desc, started_at desc
            limit 1
            """,
            id,
        )
        return FilingRecord(**columns(row)) if row else None

    async def application(self, uid: str) -> Application | None:
        """The application of the filing's last round; None where it is not kept (any more)."""
        async with self.pool.acquire() as connection:
            found = await connection.fetchval(
                "select application from applications where uid = $1 order by round desc limit 1",
                uid,
            )
        return None if found is None else Application.model_validate_json(json.dumps(found))

    async def events(self, uid: str) -> list[RecordedEntry]:
        """The log of a filing, in order; what was superseded comes before what did so."""
        rows = await self.pool.fetch(
            """
            select sequence, purpose, at, status, round, by, note, detail, recorded_at,
                not starts_with(purpose, $2) and not exists (
                    select from events_in_force as true_one
                    where true_one.uid = events.uid and true_one.number = events.number
                ) as superseded
            from events where uid = $1 and purpose <> $3
            order by sequence, events.number
            """,
            uid,
            CONFLICT,
            VOID,
        )
        return [RecordedEntry(**columns(row)) for row in rows]

    async def notices(self, uid: str) -> list[NoticeRecord]:
        """The notices of a filing, in order."""
        rows = await self.pool.fetch(
            "select sequence, purpose, audience, state, attempts, reason, first_at, last_at, sent_at"
            " from notices where uid = $1 order by sequence, purpose, audience",
            uid,
        )
        return [NoticeRecord(**columns(row)) for row in rows]

    async def _write_row(
        self,
        connection: "Connection",
        state: State,
        told: Told | None = None,
        *,
        statement: str | None = None,
    ) -> None:
        answer = status_answer(state)
        row = {
            "uid": state.uid,
            "filing_id": state.filing_id,
            "kind": state.application.kind.value,
            "applicant_type": state.application.subject.type.value,
            "province": state.application.subject.province,
            "appid": state.application.mini_program.appid,
            "mini_program": state.application.mini_program.name,
            "status": state.status.value,
            "round": state.round,
            "waiting_for": answer.waiting_for.value if answer.waiting_for else None,
            "entered_at": state.entered_at,
            "due_at": answer.due_at,
            "overdue": state.overdue,
            "provisional": answer.provisional,
            "filing_number": state.filing_number,
            "subject_number": state.subject_number,
            "sequence": state.sequence,
            "started_at": state.started_at,
            "closed_at": state.entered_at if state.status.final else None,
            "view": answer.model_dump(mode="json"),
            "window_start": state.window_start,
            "calendar": answer.calendar,
            "run": told.run if told else None,
            "told_at": told.at if told else None,
            "agency": state.application.agency,
            "customer": state.application.customer,
        }
        await connection.execute(statement or UPSERT, *storable(list(row.values())))


# Also where the stored row is newer, this takes its lock; only then nothing is changed.
UPSERT = """
insert into filings (
    uid, filing_id, kind, applicant_type, province, appid, mini_program, status, round, waiting_for,
    entered_at, due_at, overdue, provisional, filing_number, subject_number, sequence, started_at,
    closed_at, view, window_start, calendar, run, told_at, agency, customer
) values (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25, $26
)
on conflict (uid) do update set
    kind = excluded.kind, applicant_type = excluded.applicant_type, province = excluded.province,
    appid = excluded.appid, mini_program = excluded.mini_program, status = excluded.status,
    round = excluded.round, waiting_for = excluded.waiting_for, entered_at = excluded.entered_at,
    due_at = excluded.due_at, overdue = excluded.overdue, provisional = excluded.provisional,
    filing_number = excluded.filing_number, subject_number = excluded.subject_number,
    sequence = excluded.sequence, updated_at = now(), closed_at = excluded.closed_at,
    view = excluded.view, window_start = excluded.window_start, calendar = excluded.calendar,
    run = excluded.run, told_at = excluded.told_at, agency = excluded.agency,
    customer = excluded.customer
where case
    when filings.run = excluded.run
        then (filings.told_at, filings.sequence) <= (excluded.told_at, excluded.sequence)
    else filings.sequence <= excluded.sequence
end
"""

OPEN = UPSERT.partition("on conflict")[0] + "on conflict (uid) do update set uid = filings.uid"
"""The same, but a row that is there stays as it is; it is locked."""
