"""Face checks of the mini programs' administrators (reference section 6)."""

import secrets
import time
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from sandbox.store import Store

NOT_STARTED, WAITING, FAILED, PASSED = 0, 1, 2, 3
AUTH_SMS_PASSED = 9
"""`along_with_auth_result`: the verification's SMS check has passed."""

NOTICE_SECONDS = 24 * 3600
TASK_SECONDS = 3 * 24 * 3600
ALONG_SECONDS = 24 * 3600
"""How long a task of the combined flow is good."""

FacesMode = Literal["optional", "automatic", "manual"]
MODES = get_args(FacesMode)


@dataclass(frozen=True)
class FaceTask:
    """One task. Times are seconds since the epoch."""

    task_id: str
    appid: str
    along_with_auth: bool
    status: int
    finished: bool
    created_at: float
    notice_until: float
    expires_at: float

    @property
    def expired(self) -> bool:
        """Whether nobody can use it any more."""
        return self.expires_at <= time.time()

    @property
    def passed(self) -> bool:
        """Whether an application may rest on it."""
        return self.finished and self.status == PASSED and not self.expired


class Faces:
    """The tasks. In every mode but `manual` a task has passed as soon as it is created; in
    `manual` the control API says how it goes."""

    def __init__(self, store: Store, mode: FacesMode) -> None:
        self._store = store
        self.mode = mode

    @property
    def demanded(self) -> bool:
        """Whether an application has to name a passed task."""
        return self.mode != "optional"

    def create(self, appid: str, *, along_with_auth: bool) -> FaceTask:
        """Send the administrator the notice."""
        now = time.time()
        at_once = self.mode != "manual"
        task = FaceTask(
            task_id=secrets.token_hex(16),
            appid=appid,
            along_with_auth=along_with_auth,
            status=PASSED if at_once else NOT_STARTED,
            finished=at_once,
            created_at=now,
            notice_until=now + NOTICE_SECONDS,
            expires_at=now + (ALONG_SECONDS if along_with_auth else TASK_SECONDS),
        )
        self._write(task)
        return task

    def find(self, task_id: str) -> FaceTask | None:
        """A task, also an expired one."""
        rows = self._store.read("select * from faces where task_id = ?", task_id)
        return _task(rows[0]) if rows else None

    def of(self, appid: str) -> list[FaceTask]:
        """A mini program's tasks, the newest first."""
        sql = "select * from faces where appid = ? order by created_at desc, rowid desc"
        return [_task(row) for row in self._store.read(sql, appid)]

    def change(self, task: FaceTask, result: str) -> FaceTask:
        """What the administrator does, or time: `start`, `pass`, `fail` (for good), `retry` (a try
        that failed, and may be repeated from the same notice), `expire`."""
        now = time.time()
        changed = {
            "start": replace(task, status=WAITING, finished=False),
            "pass": replace(task, status=PASSED, finished=True),
            "fail": replace(task, status=FAILED, finished=True),
            "retry": replace(task, status=FAILED, finished=False),
            "expire": replace(task, notice_until=now, expires_at=now),
        }[result]
        self._write(changed)
        return changed

    def _write(self, task: FaceTask) -> None:
        with self._store.transaction() as db:
            db.execute(
                "insert or replace into faces values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    task.task_id,
                    task.appid,
                    task.along_with_auth,
                    task.status,
                    task.finished,
                    task.created_at,
                    task.notice_until,
                    task.expires_at,
                ),
            )


RESULTS = ("start", "pass", "fail", "retry", "expire")


def _task(row: tuple[Any, ...]) -> FaceTask:
    task_id, appid, along, status, finished, *times = row
    return FaceTask(task_id, appid, bool(along), status, bool(finished), *times)
