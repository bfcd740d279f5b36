"""The registry's part on what is on file, and on what open filings have claimed."""

import hmac
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

import asyncpg

from filing.application import Application, MiniProgram, OnFile, Subject
from filing.holdings import (
    EFFECTS,
    Claim,
    Filed,
    HeldMiniProgram,
    HeldSubject,
    Holdings,
    claim_keys,
)
from filing.model import CHINA
from filing.numbers import canonical
from filing.process.state import State
from filing.vocabulary import Kind
from gateways.event_log import storable

if TYPE_CHECKING:
    from gateways.database import Connection

Identity = Callable[[str], str]


async def identity(connection: "Connection") -> Identity:
    """The keyed hash (HMAC-SHA-256, hex) that stands for a certificate's number."""
    key: bytes = await connection.fetchval("select key from identity_key")
    return lambda number: hmac.digest(key, number.encode(), "sha256").hex()


class _Held(Exception):
    """Somebody else has it."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


async def claim(connection: "Connection", state: State) -> Claim:
    """Claim what the filing is about, all or nothing; its own twice is once. What it had claimed
    before it keeps. The caller holds a transaction."""
    try:
        async with connection.transaction():
            await _claim(connection, state)
    except _Held as held:
        return Claim(granted=False, holder=held.holder)
    return Claim(granted=True)


async def _claim(connection: "Connection", state: State) -> None:
    """Raises `_Held` where somebody else has one of the keys."""
    keys = claim_keys(state.application, await identity(connection))
    # In one order for all, so that two filings never wait for each other.
    for key in sorted(keys):
        granted = await connection.fetchval(
            """
            insert into claims (key, uid, filing_id) values ($1, $2, $3)
            on conflict (key) do update
                set uid = excluded.uid, filing_id = excluded.filing_id, claimed_at = now()
                -- One filing at a time runs under a workflow id: an earlier one has ended.
                where claims.filing_id = excluded.filing_id or exists (
                    select from filings where filings.uid = claims.uid and closed_at is not null
                )
            returning true
            """,
            key,
            state.uid,
            state.filing_id,
        )
        if not granted:
            raise _Held(
                await connection.fetchval("select filing_id from claims where key = $1", key)
            )


async def release(connection: "Connection", uid: str) -> None:
    """Give up what a filing has claimed."""
    await connection.execute("delete from claims where uid = $1", uid)


async def holder(connection: "Connection", application: Application) -> str | None:
    """The workflow id of the open filing that has the application's subject or mini program."""
    found: str | None = await connection.fetchval(
        """
        select filing_id from claims where key = any($1::text[]) and not exists (
            select from filings where filings.uid = claims.uid and closed_at is not null
        )
        order by key limit 1
        """,
        list(claim_keys(application, await identity(connection))),
    )
    return found


async def stem_of_another(connection: "Connection", number: str, uid: str) -> bool:
    """Whether a number lies under the number of a subject that the filing has not claimed."""
    stem = number.rpartition("-")[0] or number
    return bool(
        await connection.fetchval(
            """
            select exists (
                select from subjects where subject_number = $1 and status = 'filed' and not exists (
                    select from claims where uid = $2 and key = 'subject:' || subject_key
                )
            )
            """,
            stem,
            uid,
        )
    )


async def read(connection: "Connection", application: Application) -> Holdings:
    """What is on file that the application touches."""
    key = (await identity(connection))(application.subject.certificate.number)
    subject = await connection.fetchrow(
        "select subject_number, province, status, data from subjects where subject_key = $1", key
    )
    program = await connection.fetchrow(
        "select appid, filing_number, status, subject_key, data from mini_programs where appid = $1",
        application.mini_program.appid,
    )
    filed = await connection.fetchval(
        "select count(*) from mini_programs where subject_key = $1 and status = 'filed'", key
    )
    subject_data = _as_subject(subject)
    known = None
    if program is not None:
        owner = subject_data
        if program["subject_key"] != key:
            owner = _as_subject(
                await connection.fetchrow(
                    "select data from subjects where subject_key = $1", program["subject_key"]
                )
            )
        if owner is not None:
            known = OnFile(
                mini_program=MiniProgram.model_validate_json(json.dumps(program["data"])),
                subject=owner,
            )
    return Holdings(
        subject=None
        if subject is None
        else HeldSubject(
            subject_number=subject["subject_number"],
            province=subject["province"],
            status=Filed(subject["status"]),
        ),
        mini_program=None
        if program is None
        else HeldMiniProgram(
            appid=program["appid"],
            filing_number=program["filing_number"],
            status=Filed(program["status"]),
        ),
        of_same_subject=program is None or program["subject_key"] == key,
        filed=filed,
        on_file=known,
        subject_data=subject_data,
        number_of_another=await connection.fetchval(
            "select exists (select from subjects where subject_number = $1 and subject_key <> $2"
            " and status = 'filed')",
            canonical(application.subject.subject_number),
            key,
        ),
    )


def _as_subject(row: asyncpg.Record | None) -> Subject | None:
    return None if row is None else Subject.model_validate_json(json.dumps(row["data"]))


async def apply(connection: "Connection", state: State) -> None:
    """What an approved filing makes of the records. Applied once: the history keeps by which."""
    application, effect = state.application, EFFECTS[state.application.kind]
    key = (await identity(connection))(application.subject.certificate.number)
    first = False
    if effect.subject is not None:
        first = await _subject(connection, state, key, effect.subject)
    if effect.mini_program is not None:
        await _mini_program(connection, state, key, effect.mini_program)
    if effect.all_mini_programs and first:
        await connection.execute(
            """
            with ended as (
                update mini_programs set status = $2, ended_on = $3, uid = $4, updated_at = $5
                where subject_key = $1 and status = 'filed' returning appid, status, data
            )
            insert into holdings_history (uid, record, status, data, at)
            select $4, 'mini_program:' || appid, status, data, $5 from ended
            on conflict do nothing
            """,
            key,
            effect.mini_program,
            _day(state.entered_at),
            state.uid,
            state.entered_at,
        )


async def _subject(connection: "Connection", state: State, key: str, status: Filed) -> bool:
    """Whether it was not done before."""
    # With the number that it has from now on.
    subject = state.application.subject.model_copy(update={"subject_number": state.subject_number})
    data = storable(subject.model_dump(mode="json"))
    if not await _first(connection, state, f"subject:{key}", status, data):
        return False
    await connection.execute(
        """
        insert into subjects
            (subject_key, subject_number, province, applicant_type, status, data, uid, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (subject_key) do update set
            subject_number = coalesce(excluded.subject_number, subjects.subject_number),
            province = excluded.province, applicant_type = excluded.applicant_type,
            status = excluded.status, data = excluded.data, uid = excluded.uid,
            updated_at = excluded.updated_at
        """,
        key,
        state.subject_number,
        subject.province,
        subject.type,
        status,
        data,
        state.uid,
        state.entered_at,
    )
    return True


async def _mini_program(connection: "Connection", state: State, key: str, status: Filed) -> None:
    program = state.application.mini_program
    data = storable(program.model_dump(mode="json"))
    if not await _first(connection, state, f"mini_program:{program.appid}", status, data):
        return
    day = _day(state.entered_at)
    await connection.execute(
        """
        insert into mini_programs (
            appid, subject_key, filing_number, name, status, data, uid, filed_on, ended_on, updated_at
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (appid) do update set
            subject_key = excluded.subject_key,
            filing_number = coalesce(excluded.filing_number, mini_programs.filing_number),
            name = excluded.name, status = excluded.status, data = excluded.data,
            uid = excluded.uid, ended_on = excluded.ended_on, updated_at = excluded.updated_at,
            filed_on = case when $11 then excluded.filed_on else mini_programs.filed_on end
        """,
        program.appid,
        key,
        state.filing_number,
        program.name,
        status,
        data,
        state.uid,
        day,
        None if status is Filed.FILED else day,
        state.entered_at,
        state.application.kind is Kind.NEW,
    )


async def _first(
    connection: "Connection", state: State, record: str, status: Filed, data: object
) -> bool:
    """Put the step on the record's history; False where it was there before."""
    inserted = await connection.fetchval(
        "insert into holdings_history (uid, record, status, data, at) values ($1, $2, $3, $4, $5)"
        " on conflict do nothing returning true",
        state.uid,
        record,
        status,
        data,
        state.entered_at,
    )
    return bool(inserted)


def _day(at: datetime) -> date:
    return at.astimezone(CHINA).date()
