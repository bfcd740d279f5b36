"""One SQLite file for all that the sandbox keeps, and its transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_STEPS = (
    """
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
""",
    """
alter table orders add column certificate_number text;
update orders set certificate_number =
    json_extract(body, '$.icp_subject.organize_info.certificate_number') where body is not null;
create index orders_certificate on orders (certificate_number, subject_number);
create index orders_subject on orders (subject_number);
create index orders_status on orders (status);
alter table media add column kind text not null default 'image';
create index media_appid on media (appid);
create index tokens_expiry on tokens (expires_at);
create index tokens_owner on tokens (kind, appid);
create table tickets (ticket text primary key, issued_at real not null);
create table codes (
    code text primary key, appid text, kind text not null, expires_at real not null);
create table refresh_tokens (appid text primary key, token text not null);
create table faces (
    task_id text primary key, appid text not null, along_with_auth integer not null,
    status integer not null, finished integer not null, created_at real not null,
    notice_until real not null, expires_at real not null);
create index faces_appid on faces (appid, created_at);
create table usage (
    day text not null, path text not null, owner text not null, used integer not null,
    primary key (day, path, owner));
create table settings (name text primary key, value text not null);
""",
    """
alter table orders add column due_at real;
create index orders_due on orders (due_at) where due_at is not null;
create table pushes (
    id integer primary key autoincrement, created_at real not null, info_type text not null,
    message text not null, due_at real, attempts integer not null default 0, delivered_at real,
    error text, sent text, replay text);
create index pushes_due on pushes (due_at) where due_at is not null;
create table procedures (
    procedure_id text primary key, appid text not null, number integer not null,
    status integer not null, pay_type integer not null, order_id text not null, body text not null,
    refill_reason text, fail_reason text, hints text not null,
    due_at real);
create index procedures_due on procedures (due_at) where due_at is not null;
create unique index procedures_appid on procedures (appid, number);
""",
)
"""Each brings a file from one version to the next; `user_version` says how many it has had."""


class Store:
    """The file, opened. One process at a time, and one thread of it.

    A transaction is handed to the operating system when it ends, so that what was acknowledged
    outlives a kill of the process. Methods of the classes over it are short ones; those that belong
    together go under one `transaction`.
    """

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        database.touch(mode=0o600)
        self._db = sqlite3.connect(database, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._depth = 0
        [(version,)] = self._db.execute("pragma user_version")
        for number, step in enumerate(_STEPS[version:], start=version + 1):
            script = f"begin immediate;{step};pragma user_version = {number};commit;"
            self._db.executescript(script)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def read(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows, outside or inside a transaction."""
        return self._db.execute(sql, values).fetchall()

    def setting(self, name: str) -> str | None:
        """What was `set` under a name."""
        rows = self.read("select value from settings where name = ?", name)
        return rows[0][0] if rows else None

    def set(self, name: str, value: str | None) -> None:
        """Keep something by name over restarts; None forgets it."""
        with self.transaction() as db:
            if value is None:
                db.execute("delete from settings where name = ?", (name,))
            else:
                db.execute("insert or replace into settings values (?, ?)", (name, value))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction; within another, a part of it. Undone where the block raises."""
        if self._depth:
            yield self._db
            return
        self._db.execute("begin immediate")
        self._depth = 1
        try:
            yield self._db
        except BaseException:
            self._db.execute("rollback")
            raise
        else:
            self._db.execute("commit")
        finally:
            self._depth = 0
