"""Orders, media and numbers. Times are seconds since the epoch, wall clock."""

import json
import secrets
import sqlite3
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.store import Store

CHECKING, RETURNED, BUREAU, BUREAU_RETURNED, FILED, ABSENT = 2, 3, 4, 5, 6, 1024
ABSENT_FAMILY = range(ABSENT, ABSENT + 8)
"""Not filed; what is added says what the mini program lacks: 1 its info, 2 a category, 4 its
verification."""
NO_INFO, NO_CATEGORY = 1, 2
SMS_WAITING, SMS_DONE, SMS_LAPSED = 1, 2, 3
MEDIA_ID_BYTES = 56
"""A media id of about 75 characters, as in the reference's sample."""


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
    due_at: float | None = None
    """When the timetable takes its next step."""


@dataclass(frozen=True)
class Media:
    """What is kept of an uploaded file: never its bytes, which are identity papers."""

    media_id: str
    order_field: str
    certificate_type: int | None
    kind: str


class Orders:
    """The store. What becomes of an order is decided by `Desk`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_media(
        self, appid: str, order_field: str, certificate_type: int | None, kind: str
    ) -> str:
        """Take note of an uploaded file (`image` or `video`); gives its media id."""
        media_id = secrets.token_urlsafe(MEDIA_ID_BYTES)
        with self._store.transaction() as db:
            db.execute(
                "insert into media (media_id, appid, order_field, certificate_type, created_at, kind)"
                " values (?, ?, ?, ?, ?, ?)",
                (media_id, appid, order_field, certificate_type, int(time.time()), kind),
            )
        return media_id

    def media(self, appid: str) -> dict[str, Media]:
        """What a mini program has uploaded, by media id."""
        rows = self._store.read(
            "select media_id, order_field, certificate_type, kind from media where appid = ?", appid
        )
        return {row[0]: Media(*row) for row in rows}

    def media_kind(self, appid: str, media_id: str) -> str | None:
        """`image` or `video`; None where the mini program has not uploaded it."""
        sql = "select kind from media where media_id = ? and appid = ?"
        rows = self._store.read(sql, media_id, appid)
        return rows[0][0] if rows else None

    def find(self, appid: str) -> Order | None:
        """A mini program's order as it stands now; None where it never had one."""
        rows = self._store.read(f"select {_COLUMNS} from orders where appid = ?", appid)  # noqa: S608
        return _order(rows[0]) if rows else None

    def page(self, search: str, status: int | None, after: str, limit: int) -> list[Order]:
        """Orders by appid, beginning after the appid `after`, whose appid or number begins with
        `search`."""
        # The end of a prefix's range: an index serves a range, where it does not serve `like`.
        end = search + "\U0010ffff"
        rows = self._store.read(
            f"select {_COLUMNS} from orders where appid > ?1"  # noqa: S608
            " and (?2 = '' or (appid >= ?2 and appid < ?3) or (number >= ?2 and number < ?3))"
            " and (?4 is null or status = ?4) order by appid limit ?5",
            *(after, search, end, status, limit),
        )
        return [_order(row) for row in rows]

    def counts(self) -> dict[int, int]:
        """How many orders there are of each status."""
        sql = "select status, count(*) from orders group by status"
        rows = self._store.read(sql)
        return dict(rows)

    def save(self, order: Order) -> None:
        """Write an order. Raises `sqlite3.IntegrityError` where its number is another's."""
        with self._store.transaction() as db:
            _write(db, order)

    def grant(self, order: Order, letter: str) -> Order:
        """Give an order its numbers, for a province by its letter, and write it.

        Numbers that it has already stay. A subject that has a number in this province gets its next
        mini program under it (…-1X, …-2X); another gets the next free one of the year.
        """
        with self._store.transaction() as db:
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

    def due(self, now: float, limit: int) -> list[Order]:
        """Those whose next step is due."""
        sql = f"select {_COLUMNS} from orders where due_at <= ? order by due_at limit ?"  # noqa: S608
        return [_order(row) for row in self._store.read(sql, now, limit)]

    def set_due(
        self, now: float, check: float | None, sms: float | None, number: float | None
    ) -> None:
        """When the orders that wait take their next step: so many seconds from `now`, or never."""
        with self._store.transaction() as db:
            for status, at_sms, wait in (
                (CHECKING, 0, check),
                (BUREAU, SMS_WAITING, sms),
                (BUREAU, SMS_DONE, number),
            ):
                db.execute(
                    "update orders set due_at = ? where status = ? and sms = ?",
                    (None if wait is None else now + wait, status, at_sms),
                )


_COLUMNS = (
    "appid, status, sms, available, canceling, number, subject_number, audit_data, body,"
    " applied_at, applications, due_at"
)


def _order(row: tuple[Any, ...]) -> Order:
    appid, status, sms, available, canceling, number, subject, audit, body, *times = row
    applied_at, count, due_at = times
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
        due_at=due_at,
    )


def _write(db: sqlite3.Connection, order: Order) -> None:
    db.execute(
        f"insert into orders ({_COLUMNS}, certificate_number)"  # noqa: S608
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (appid) do update set status = excluded.status, sms = excluded.sms,"
        " available = excluded.available, canceling = excluded.canceling,"
        " number = excluded.number, subject_number = excluded.subject_number,"
        " audit_data = excluded.audit_data, body = excluded.body,"
        " applied_at = excluded.applied_at, applications = excluded.applications,"
        " due_at = excluded.due_at, certificate_number = excluded.certificate_number",
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
            order.due_at,
            certificate_number(order),
        ),
    )


def certificate_number(order: Order) -> str | None:
    """The number of the subject's certificate: what makes two orders one subject's."""
    if order.body is None:
        return None
    number: str = order.body["icp_subject"]["organize_info"]["certificate_number"]
    return number


def province_code(order: Order) -> str | None:
    """The province of its subject, as in 320000."""
    return order.body["icp_subject"]["base_info"]["province"] if order.body else None


def _known_subject(db: sqlite3.Connection, order: Order, letter: str) -> str | None:
    row = db.execute(
        "select subject_number from orders where certificate_number = ? and subject_number >= ?"
        " and subject_number < ? and appid <> ? limit 1",
        (certificate_number(order), f"{letter}ICP", f"{letter}ICQ", order.appid),
    ).fetchone()
    return None if row is None else str(row[0])


def _count(db: sqlite3.Connection, stem: str) -> int:
    row = db.execute(
        "insert into counters values (?, 1) on conflict (stem) do update set last = last + 1"
        " returning last",
        (stem,),
    ).fetchone()
    count: int = row[0]
    return count
