"""Verification and filing in one (reference section 8): what is kept of each procedure."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from sandbox.orders import BUREAU, BUREAU_RETURNED, CHECKING, FILED, RETURNED, SMS_LAPSED, Order
from sandbox.store import Store

PHONE_PASSED = 9
AWAITING_FEE, FEE_PAID, VERIFYING, SENT_BACK, VERIFIED, VERIFICATION_FAILED = 15, 16, 17, 18, 19, 20
NOT_CREATED, FILING_CHECKING, FILING_RETURNED, FILING_BUREAU, FILING_BUREAU_RETURNED, BOTH_DONE = (
    *(21, 22, 23),
    *(24, 25, 26),
)
EXPIRED, TERMINATED, FILING_WITHDRAWN = 27, 28, 29

OF_ORDER = {
    CHECKING: FILING_CHECKING,
    RETURNED: FILING_RETURNED,
    BUREAU: FILING_BUREAU,
    BUREAU_RETURNED: FILING_BUREAU_RETURNED,
    FILED: BOTH_DONE,
}
"""Where a procedure stands whose order stands so."""
IN_VERIFICATION = frozenset({PHONE_PASSED, AWAITING_FEE, FEE_PAID, VERIFYING, VERIFIED})
IN_FILING = frozenset({FILING_CHECKING, FILING_BUREAU})
FILING_FAILED = frozenset({NOT_CREATED, FILING_RETURNED, FILING_BUREAU_RETURNED})
"""The verification holds; the filing is submitted again by the combined call, and by no other."""
PAY_BY_PLATFORM, PAY_BY_MERCHANT = 1, 2


@dataclass(frozen=True)
class Procedure:
    """One submission of the combined flow, the `number`-th of its mini program."""

    procedure_id: str
    appid: str
    number: int
    status: int
    pay_type: int
    order_id: str
    body: dict[str, Any]
    refill_reason: str | None = None
    fail_reason: str | None = None
    hints: tuple[dict[str, Any], ...] = ()
    due_at: float | None = None

    def filing_failed(self, order: Order | None) -> bool:
        """Whether its filing has to be submitted again."""
        lapsed = order is not None and order.status == BUREAU and order.sms == SMS_LAPSED
        return self.status in FILING_FAILED or (self.status == FILING_BUREAU and lapsed)


class Procedures:
    """The procedures; of a mini program the latest counts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def new(
        self, appid: str, status: int, pay_type: int, body: dict[str, Any], due_at: float | None
    ) -> Procedure:
        """Write a new one."""
        before = self.latest(appid)
        procedure = Procedure(
            procedure_id=secrets.token_hex(16),
            appid=appid,
            number=before.number + 1 if before else 1,
            status=status,
            pay_type=pay_type,
            order_id=str(secrets.randbelow(9 * 10**15) + 10**15),
            body=body,
            due_at=due_at,
        )
        self.save(procedure)
        return procedure

    def find(self, procedure_id: str) -> Procedure | None:
        """One by its id."""
        sql = f"select {_COLUMNS} from procedures where procedure_id = ?"  # noqa: S608
        return _first(self._store.read(sql, procedure_id))

    def latest(self, appid: str) -> Procedure | None:
        """A mini program's latest."""
        sql = f"select {_COLUMNS} from procedures where appid = ? order by number desc limit 1"  # noqa: S608
        return _first(self._store.read(sql, appid))

    def due(self, now: float, limit: int) -> list[Procedure]:
        """Those whose verification is due."""
        sql = f"select {_COLUMNS} from procedures where due_at <= ? order by due_at limit ?"  # noqa: S608
        return [_procedure(row) for row in self._store.read(sql, now, limit)]

    def save(self, procedure: Procedure) -> None:
        """Write one."""
        with self._store.transaction() as db:
            db.execute(
                f"insert or replace into procedures ({_COLUMNS})"  # noqa: S608
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    procedure.procedure_id,
                    procedure.appid,
                    procedure.number,
                    procedure.status,
                    procedure.pay_type,
                    procedure.order_id,
                    json.dumps(procedure.body, ensure_ascii=False),
                    procedure.refill_reason,
                    procedure.fail_reason,
                    json.dumps(procedure.hints, ensure_ascii=False),
                    procedure.due_at,
                ),
            )


_COLUMNS = (
    "procedure_id, appid, number, status, pay_type, order_id, body, refill_reason, fail_reason, "
    "hints, due_at"
)


def _first(rows: list[tuple[Any, ...]]) -> Procedure | None:
    return _procedure(rows[0]) if rows else None


def _procedure(row: tuple[Any, ...]) -> Procedure:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    body, hints = json.loads(values.pop("body")), tuple(json.loads(values.pop("hints")))
    return Procedure(**values, body=body, hints=hints)
