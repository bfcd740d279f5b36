"""What the sandbox keeps: orders, media, tokens and numbers, in one SQLite file.

Every method is one short transaction that the operating system has when it returns, so that an order
that was acknowledged outlives a kill of the process. Times are seconds since the epoch, wall clock.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CHECKING, RETURNED, BUREAU, BUREAU_RETURNED, FILED, ABSENT = 2, 3, 4, 5, 6, 1024
SMS_WAITING, SMS_DONE, SMS_LAPSED = 1, 2, 3
TOKEN_SECONDS = 7200
MEDIA_ID_BYTES = 56
"""A media id of about 75 characters, as in the reference's sample."""

_SCHEMA = """
create table if not exists tokens (
    token text primary key, kind text not null, appid text, expires_at real not null);
create table if not exists media (
    media_id text primary key, appid text not null, order_field text not null,
    certificate_type integer, created_at integer not null);
create table if not exists orders (
    appid text primary key, status integer not null, sms integer not null,
    available integer not null, canceling integer not null, number text unique,
    subject_number text, audit_data text not null, body text, applied_at real,
    applications integer not null);
create table if not exists counters (stem text primary key, last integer not null);
"""


@dataclass(frozen=True)
class Order:
    """One mini program's order. There is one for each appid: the API names orders by it alone."""

    appid: str
    status: int = ABSENT
    sms: int = 0
    """SMS check, of meaning at status 4 only."""
    available: bool = True
    canceling: bool = False
    number: str | None = None
    subject_number: str | None = None
    audit_data: tuple[dict[str, str], ...] = ()
    body: dict[str, Any] | None = None
    applied_at: float | None = None
    applications: int = 0
    """How often it was applied for."""


@dataclass(frozen=True)
class Media:
    """What is kept of an uploaded file: never its bytes, which are identity papers."""

    media_id: str
    order_field: str
    certificate_type: int | None


class Orders:
    """The store. With `automatic`, an order goes to the bureau `receive_after` seconds after it
    was applied for; that is worked out when it is read."""

    def __init__(self, database: Path, automatic: bool, receive_after: float) -> None:
        self._automatic = automatic
        self._receive_after = receive_after
        database.parent.mkdir(parents=True, exist_ok=True)
        database.touch(mode=0o600)
        self._db = sqlite3.connect(database, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("begin immediate")
        try:
            yield self._db
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def issue_token(self, kind: str, appid: str | None) -> str:
        """A new token of `kind` (`component`, `authorizer`), good for `TOKEN_SECONDS`."""
        token = secrets.token_urlsafe(48)
        now = time.time()
        with self._transaction() as db:
            db.execute("delete from tokens where expires_at < ?", (now - 86400,))
            db.execute(
                "insert into tokens values (?, ?, ?, ?)", (token, kind, appid, now + TOKEN_SECONDS)
            )
        return token

    def token(self, token: str, kind: str) -> tuple[str | None, bool] | None:
        """(appid, still good) of a token; None where no such token was issued."""
        row = self._db.execute(
            "select appid, expires_at from tokens where token = ? and kind = ?", (token, kind)
        ).fetchone()
        return None if row is None else (row[0], row[1] > time.time())

    def expire_tokens(self) -> int:
        """End every token now; gives how many there were."""
        with self._transaction() as db:
            return db.execute(
                "update tokens set expires_at = ? where expires_at > ?", (time.time(),) * 2
            ).rowcount

    def add_media(self, appid: str, order_field: str, certificate_type: int | None) -> str:
        """Take note of an uploaded file; gives its media id."""
        media_id = secrets.token_urlsafe(MEDIA_ID_BYTES)
        with self._transaction() as db:
            db.execute(
                "insert into media values (?, ?, ?, ?, ?)",
                (media_id, appid, order_field, certificate_type, int(time.time())),
            )
        return media_id

    def media(self, appid: str) -> dict[str, Media]:
        """What a mini program has uploaded, by media id."""
        rows = self._db.execute(
            "select media_id, order_field, certificate_type from media where appid = ?", (appid,)
        )
        return {row[0]: Media(*row) for row in rows}

    def find(self, appid: str) -> Order | None:
        """A mini program's order as it stands now; None where it never had one."""
        row = self._db.execute("select * from orders where appid = ?", (appid,)).fetchone()
        return None if row is None else self._settle(_order(row))

    def all(self) -> list[Order]:
        """Every order, by appid."""
        rows = self._db.execute("select * from orders order by appid").fetchall()
        return [self._settle(_order(row)) for row in rows]

    def save(self, order: Order) -> None:
        """Write an order. Raises `sqlite3.IntegrityError` where its number is another's."""
        with self._transaction() as db:
            _write(db, order)

    def grant(self, order: Order, letter: str) -> Order:
        """Give an order its numbers, for a province by its letter, and write it.

        Numbers that it has already stay. A subject that has a number in this province gets its next
        mini program under it (…-1X, …-2X); another gets the next free one of the year.
        """
        with self._transaction() as db:
            stem = order.subject_number or _known_subject(db, order, letter)
            while stem is None:
                year = (datetime.now(UTC) + timedelta(hours=8)).year
                count = _count(db, f"{letter}{year}")
                # Apart from the small numbers that people make up by hand.
                stem = f"{letter}ICP备{year}9{count:05}号"
                # A number that was set by hand may be ahead of the counter.
                if db.execute("select 1 from orders where subject_number = ?", (stem,)).fetchone():
                    stem = None
            number = order.number
            while number is None:
                number = f"{stem}-{_count(db, stem)}X"
                if db.execute("select 1 from orders where number = ?", (number,)).fetchone():
                    number = None
            granted = replace(order, number=number, subject_number=stem)
            _write(db, granted)
        return granted

    def _settle(self, order: Order) -> Order:
        due = (order.applied_at or 0) + self._receive_after
        if not self._automatic or order.status != CHECKING or time.time() < due:
            return order
        received = replace(order, status=BUREAU, sms=SMS_WAITING)
        self.save(received)
        return received


def _order(row: tuple[Any, ...]) -> Order:
    appid, status, sms, available, canceling, number, subject, audit, body, applied_at, count = row
    return Order(
        appid=appid,
        status=status,
        sms=sms,
        available=bool(available),
        canceling=bool(canceling),
        number=number,
        subject_number=subject,
        audit_data=tuple(json.loads(audit)),
        body=json.loads(body) if body else None,
        applied_at=applied_at,
        applications=count,
    )


def _write(db: sqlite3.Connection, order: Order) -> None:
    db.execute(
        "insert into orders values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (appid) do update set status = excluded.status, sms = excluded.sms,"
        " available = excluded.available, canceling = excluded.canceling,"
        " number = excluded.number, subject_number = excluded.subject_number,"
        " audit_data = excluded.audit_data, body = excluded.body,"
        " applied_at = excluded.applied_at, applications = excluded.applications",
        (
            order.appid,
            order.status,
            order.sms,
            order.available,
            order.canceling,
            order.number,
            order.subject_number,
            json.dumps(order.audit_data, ensure_ascii=False),
            json.dumps(order.body, ensure_ascii=False) if order.body is not None else None,
            order.applied_at,
            order.applications,
        ),
    )


def certificate_number(order: Order) -> str | None:
    """The number of the subject's certificate: what makes two orders one subject's."""
    if order.body is None:
        return None
    number: str = order.body["icp_subject"]["organize_info"]["certificate_number"]
    return number


def _known_subject(db: sqlite3.Connection, order: Order, letter: str) -> str | None:
    mine = certificate_number(order)
    rows = db.execute(
        "select * from orders where subject_number like ? and appid <> ?",
        (f"{letter}ICP%", order.appid),
    )
    others = (_order(row) for row in rows.fetchall())
    return next(
        (o.subject_number for o in others if mine is not None and certificate_number(o) == mine),
        None,
    )


def _count(db: sqlite3.Connection, stem: str) -> int:
    row = db.execute(
        "insert into counters values (?, 1) on conflict (stem) do update set last = last + 1"
        " returning last",
        (stem,),
    ).fetchone()
    count: int = row[0]
    return count
