"""The authority's people: they review, return and grant, by the control API's word or a timetable."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from sandbox.checks import application_hints
from sandbox.faces import AUTH_SMS_PASSED, Faces, FaceTask
from sandbox.lists import PROVINCE_LETTERS
from sandbox.orders import (
    ABSENT,
    BUREAU_RETURNED,
    CHECKING,
    FILED,
    RETURNED,
    Order,
    Orders,
    province_code,
)
from sandbox.procedures import (
    FILING_CHECKING,
    FILING_WITHDRAWN,
    IN_FILING,
    NOT_CREATED,
    OF_ORDER,
    VERIFIED,
    Procedure,
    Procedures,
)
from sandbox.pushes import COMBINED_RESULT, FACE_RESULT, FILING_RESULT, Pushes
from sandbox.store import Store
from sandbox.timetable import Timetable

BATCH = 100
"""Orders that a timetable moves before requests get their turn again."""


class NoProvince(Exception):
    """A number cannot be made up: the order never applied, so its province is not known."""


class Desk:
    """Every change of where an order stands; what is to be pushed goes along with it."""

    def __init__(
        self,
        store: Store,
        orders: Orders,
        procedures: Procedures,
        faces: Faces,
        pushes: Pushes,
        timetable: Timetable,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._orders = orders
        self._procedures = procedures
        self._faces = faces
        self._pushes = pushes
        self._wake = wake
        saved = store.setting("timetable")
        self._timetable = Timetable(**json.loads(saved)) if saved else timetable

    @property
    def timetable(self) -> Timetable:
        """What the people do by themselves."""
        return self._timetable

    @timetable.setter
    def timetable(self, timetable: Timetable) -> None:
        """From now on, also for the orders that wait already."""
        self._timetable = timetable
        with self._store.transaction():
            self._store.set("timetable", json.dumps(asdict(timetable)))
            self._orders.set_due(time.time(), timetable.check, timetable.sms, timetable.number)
        self._wake()

    # Orders

    def find(self, appid: str) -> Order | None:
        """A mini program's order as it stands now; None where it never had one."""
        order = self._orders.find(appid)
        return None if order is None else self.settled(order)

    def settled(self, order: Order) -> Order:
        """What the timetable has made of an order by now."""
        while order.due_at is not None and order.due_at <= time.time():
            order = self.decide(order, self._timetable.step(order))
        return order

    def take(self, order: Order, **changes: Any) -> Order:
        """Take in an application or a cancellation."""
        taken = replace(
            order,
            **changes,
            status=CHECKING,
            sms=0,
            audit_data=(),
            applied_at=time.time(),
            applications=order.applications + 1,
        )
        taken = replace(taken, due_at=self._due(taken))
        self._orders.save(taken)
        return taken

    def withdraw(self, order: Order) -> Order:
        """Give an order back. A change that is taken back leaves what was filed before."""
        back = FILED if order.number is not None else ABSENT
        withdrawn = replace(order, status=back, sms=0, applied_at=None, due_at=None)
        with self._store.transaction():
            self._orders.save(withdrawn)
            procedure = self._procedures.latest(order.appid)
            if procedure is not None and procedure.status in IN_FILING:
                self.move(procedure, FILING_WITHDRAWN)
        return withdrawn

    def decide(self, before: Order, after: Order) -> Order:
        """Write what was decided of an order, and push it. Raises `NoProvince`, and
        `sqlite3.IntegrityError` where the number is another's."""
        result = None if after.status == before.status else after.status
        if before.canceling and after.status in (RETURNED, BUREAU_RETURNED):
            # The cancellation is over, and the number stays.
            after = replace(after, canceling=False)
        if before.canceling and after.status in (FILED, ABSENT):
            # The bureau's yes to a cancellation: nothing is filed any more.
            after = replace(after, status=ABSENT, canceling=False, number=None, subject_number=None)
        if (after.status, after.sms) != (before.status, before.sms):
            after = replace(after, due_at=self._due(after))
        with self._store.transaction():
            if after.status == FILED:
                after = self._orders.grant(after, _letter(after))
            else:
                self._orders.save(after)
            if result in (RETURNED, BUREAU_RETURNED, FILED):
                fields: dict[str, str | int] = {
                    "authorizer_appid": after.appid,
                    "beian_status": after.status,
                }
                self._pushes.add(FILING_RESULT, fields)
            procedure = self._procedures.latest(after.appid)
            if procedure is not None and procedure.status in IN_FILING and after.status in OF_ORDER:
                self.move(procedure, OF_ORDER[after.status])
        return after

    def work_due(self) -> float | None:
        """Do what the timetable says for now; gives when there is more to do, or None."""
        now = time.time()
        for order in self._orders.due(now, BATCH):
            self.settled(order)
        for procedure in self._procedures.due(now, BATCH):
            self.move(self.move(procedure, VERIFIED), FILING_CHECKING)
        [(order_due, procedure_due)] = self._store.read(
            "select (select min(due_at) from orders where due_at is not null),"
            " (select min(due_at) from procedures where due_at is not null)"
        )
        return min(filter(None, (order_due, procedure_due)), default=None)

    # The combined flow

    def submit(self, appid: str, status: int, pay_type: int, body: dict[str, Any]) -> Procedure:
        """Take in a combined submission, to begin at `status`."""
        with self._store.transaction():
            procedure = self._procedures.new(appid, VERIFIED, pay_type, body, None)
            return self.move(procedure, status)

    def move(self, procedure: Procedure, status: int, **reasons: str | None) -> Procedure:
        """Bring a procedure to a status, and push it. To come to 22 it needs an order, which is
        made here; where that cannot be, it comes to 21."""
        if status == procedure.status:
            return procedure
        with self._store.transaction():
            hints: list[dict[str, Any]] = []
            if status == FILING_CHECKING and procedure.status not in IN_FILING:
                order = self.find(procedure.appid) or Order(procedure.appid)
                hints = application_hints(procedure.body, order, self._orders, self._faces)
                if hints:
                    status = NOT_CREATED
                else:
                    self.take(order, body=procedure.body)
            wait = self._timetable.verification if status < VERIFIED else None
            moved = replace(
                procedure,
                status=status,
                hints=tuple(hints),
                refill_reason=reasons.get("refill_reason"),
                fail_reason=reasons.get("fail_reason"),
                due_at=self._in(wait),
            )
            self._procedures.save(moved)
            fields: dict[str, str | int] = {
                "procedure_id": moved.procedure_id,
                "procedure_status": status,
            }
            self._pushes.add(COMBINED_RESULT, fields)
        return moved

    # Face checks

    def create_face(self, appid: str, *, along_with_auth: bool) -> FaceTask:
        """Send the administrator a notice; where he answers at once, push that."""
        with self._store.transaction():
            task = self._faces.create(appid, along_with_auth=along_with_auth)
            self._tell_face(task)
        return task

    def change_face(self, task: FaceTask, result: str) -> FaceTask:
        """See `Faces.change`; its end is pushed."""
        with self._store.transaction():
            changed = self._faces.change(task, result)
            if result in ("pass", "fail"):
                self._tell_face(changed)
        return changed

    def _tell_face(self, task: FaceTask) -> None:
        if not task.finished:
            return
        fields: dict[str, str | int] = {
            "task_id": task.task_id,
            "verify_appid": task.appid,
            "result": task.status,
        }
        if task.along_with_auth and task.passed:
            fields["along_with_auth_result"] = AUTH_SMS_PASSED
        self._pushes.add(FACE_RESULT, fields)

    def _due(self, order: Order) -> float | None:
        return self._in(self._timetable.after(order))

    def _in(self, wait: float | None) -> float | None:
        if wait is None:
            return None
        self._wake()
        return time.time() + wait


def _letter(order: Order) -> str:
    province = province_code(order)
    if province is not None:
        return PROVINCE_LETTERS[int(province) // 10000]
    if order.subject_number is None:
        raise NoProvince
    return order.subject_number[0]
