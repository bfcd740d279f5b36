"""How often each path may be called: by day and by minute (reference section 9, last part)."""

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sandbox.replies import Refusal
from sandbox.store import Store

DAY_LIMIT, MINUTE_LIMIT = 45009, 45011
REFRESH_SECONDS = 60
UNLIMITED = 100_000_000
"""What `daily_limit` and `call_count` say where no limit is set: the real numbers are not known."""


@dataclass(frozen=True)
class Limit:
    """Calls of one path, for each mini program or for the platform as a whole."""

    daily: int | None = None
    per_minute: int | None = None
    per: Literal["mini_program", "platform"] = "mini_program"


class Quota:
    """Counts calls and refuses those over a limit. The day's counts outlive a restart; it begins at
    midnight, China time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._minute = 0
        self._in_minute: Counter[tuple[str, str]] = Counter()
        self._day = ""
        self._limits: dict[str, Limit] = {
            name.removeprefix("limit "): Limit(**json.loads(value))
            for name, value in store.read("select * from settings where name like 'limit %'")
        }

    @property
    def limits(self) -> dict[str, Limit]:
        """The limits that are set, by path."""
        return dict(self._limits)

    def set(self, path: str, limit: Limit) -> None:
        """Set a path's limit from now on; what was called today counts."""
        self._store.set(f"limit {path}", json.dumps(asdict(limit)))
        self._limits[path] = limit

    def spend(self, path: str, appid: str) -> None:
        """One call. Raises `Refusal` where it is over a limit; such a call is not counted."""
        limit = self._limits.get(path, Limit())
        owner = self._owner(limit, appid)
        self._turn_minute()
        if limit.per_minute is not None and self._in_minute[path, owner] >= limit.per_minute:
            raise Refusal(MINUTE_LIMIT, "api minute-quota reach limit, must slower")
        if limit.daily is not None and self.used(path, appid) >= limit.daily:
            raise Refusal(DAY_LIMIT, "reach max api daily quota limit")
        today = _today()
        with self._store.transaction() as db:
            if today != self._day:
                db.execute("delete from usage where day <> ?", (today,))
                self._day = today
            # Both owners are counted, so that a limit may be set later for either.
            for counted in (appid, ""):
                self._in_minute[path, counted] += 1
                db.execute(
                    "insert into usage values (?, ?, ?, 1)"
                    " on conflict do update set used = used + 1",
                    (today, path, counted),
                )

    def used(self, path: str, appid: str) -> int:
        """Calls of today."""
        owner = self._owner(self._limits.get(path, Limit()), appid)
        sql = "select used from usage where day = ? and path = ? and owner = ?"
        rows = self._store.read(sql, _today(), path, owner)
        return int(rows[0][0]) if rows else 0

    def shown(self, path: str, appid: str) -> dict[str, Any]:
        """The answer of `quota/get`."""
        limit = self._limits.get(path, Limit())
        daily = UNLIMITED if limit.daily is None else limit.daily
        used = self.used(path, appid)
        rate = {
            "call_count": UNLIMITED if limit.per_minute is None else limit.per_minute,
            "refresh_second": REFRESH_SECONDS,
        }
        whose = "rate_limit" if limit.per == "mini_program" else "component_rate_limit"
        quota = {"daily_limit": daily, "used": used, "remain": max(daily - used, 0)}
        return {"quota": quota, whose: rate}

    @staticmethod
    def _owner(limit: Limit, appid: str) -> str:
        return appid if limit.per == "mini_program" else ""

    def _turn_minute(self) -> None:
        minute = int(time.time() // REFRESH_SECONDS)
        if minute != self._minute:
            self._minute = minute
            self._in_minute.clear()


def _today() -> str:
    return (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()
