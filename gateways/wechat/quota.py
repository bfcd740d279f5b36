"""How often the authority may be asked: the day's quota over the filings that wait. The arithmetic, with
examples, is in `docs/authority-quota.md`."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

import asyncpg

from filing.authority import Standing
from filing.vocabulary import Status
from gateways.wechat.client import ENTRANCE, WechatClient
from gateways.wechat.errors import ApiRefusal, AuthorityError
from gateways.wechat.tokens import TokenStore

if TYPE_CHECKING:
    from gateways.database import Pool

DAY = timedelta(days=1)
LONGEST = timedelta(days=30)
"""Past any stage with the bureau; a quota that asks for more is none."""
PUSHES_ARRIVE = timedelta(minutes=30)
"""A ticket is pushed every 10 minutes: the last being younger than this, pushes arrive."""
QUOTA_FOR = timedelta(hours=1)
"""How long a limit that one worker has read is believed by all."""

COUNTED_FOR, ASKED_FOR, HEARD_FOR = 300.0, 600.0, 60.0
"""Seconds for which one worker believes its count of filings, the limit, and the age of the ticket."""

WAITING = (Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW)
"""Where a filing is asked about."""
RESTING = Status.BUREAU_REVIEW
"""Where only a push can bring news: of an SMS check's time-out none comes, and of an order's way to the
bureau none is certain."""

log = logging.getLogger("beian.authority")

_Value = TypeVar("_Value")


def poll_pause(
    waiting: int, daily_limit: float, share: float, shortest: timedelta, longest: timedelta
) -> timedelta:
    """The least pause between two questions about one filing, so that `waiting` of them together ask no
    more than `share` of `daily_limit` times a day: `waiting x day / (daily_limit x share)`, held
    between the two bounds.

        >>> poll_pause(70_000, 1_000_000, 0.5, timedelta(0), LONGEST)
        datetime.timedelta(seconds=12096)
    """
    calls = daily_limit * share
    if waiting >= calls * (longest / DAY):
        return max(shortest, longest)
    return max(shortest, DAY * (waiting / calls))


class _Believed(Generic[_Value]):
    """A value that is asked for again when it is old; one question at a time, and where it fails, the
    older answer for as long again."""

    def __init__(
        self, ask: Callable[[str], Awaitable[_Value]], seconds: float, first: _Value
    ) -> None:
        self._ask, self._seconds, self._value = ask, seconds, first
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def get(self, appid: str) -> _Value:
        async with self._lock:
            if time.monotonic() >= self._until:
                self._until = time.monotonic() + self._seconds
                try:
                    self._value = await self._ask(appid)
                except (AuthorityError, ApiRefusal) as error:
                    log.info("the authority's quota could not be read (%s)", error)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    log.info("the registry did not tell the pace (%s)", type(error).__name__)
            return self._value


class PollPace:
    """Implements `activities.ports.Pace` by the quota of the status call.

    `share`: how much of it questions about waiting filings may use. `pushed`: the pause where a push
    would tell; None, where pushes are no reason to ask less. `shared`: whether the quota is the
    platform's, for all its mini programs together, or each one's own; which, was not found [UNVERIFIED].
    """

    def __init__(
        self,
        client: WechatClient,
        pool: "Pool",
        component_appid: str,
        *,
        share: float,
        pushed: timedelta | None,
        shared: bool = True,
    ) -> None:
        self._client, self._pool, self._component = client, pool, component_appid
        self._store = TokenStore(pool, component_appid)
        self._share, self._pushed, self._shared = share, pushed, shared
        self._limit = _Believed[int | None](self._read_limit, ASKED_FOR, None)
        self._counts = _Believed[dict[Status, int]](self._count, COUNTED_FOR, {})
        self._heard = _Believed[bool](self._read_heard, HEARD_FOR, False)

    async def pause(self, appid: str, standing: Standing) -> timedelta | None:
        """See `activities.ports.Pace.pause`."""
        pushed = self._pushed if self._pushed and await self._heard.get(appid) else None
        rests = pushed is not None and standing is Standing.BUREAU_REVIEW
        limit = await self._limit.get(appid)
        if limit is None:
            return pushed if rests else None
        least = poll_pause(*await self._load(appid, limit, pushed), self._share, DAY * 0, LONGEST)
        return max(least, pushed) if rests and pushed else least

    async def _load(self, appid: str, limit: int, pushed: timedelta | None) -> tuple[int, float]:
        """The filings that share what is left of the limit, and that."""
        if not self._shared:
            return 1, limit
        counts = await self._counts.get(appid)
        waiting = sum(counts.values())
        if pushed is None:
            return waiting, limit
        resting = counts.get(Status(RESTING), 0)
        left = limit - resting * (DAY / pushed) / self._share
        # Where not even those fit, all wait alike.
        return (waiting - resting, left) if left > 0 else (waiting, limit)

    async def _read_heard(self, _: str) -> bool:
        age = await self._store.ticket_age()
        return age is not None and age < PUSHES_ARRIVE

    async def _count(self, _: str) -> dict[Status, int]:
        rows = await self._pool.fetch(
            "select status, count(*) from filings where closed_at is null and status = any($1)"
            " group by status",
            [status.value for status in WAITING],
        )
        return {Status(status): count for status, count in rows}

    async def _read_limit(self, appid: str) -> int | None:
        key = (self._component, ENTRANCE)
        row = await self._pool.fetchrow(
            "select daily_limit, read_at > now() - $3::interval as fresh from authority_quotas"
            " where component_appid = $1 and cgi_path = $2",
            *key,
            QUOTA_FOR,
        )
        known: int | None = row["daily_limit"] if row else None
        if row is not None and row["fresh"]:
            return known
        limit = (await self._client.quota(ENTRANCE, appid)).daily_limit
        if limit is None:
            return known
        await self._pool.execute(
            "insert into authority_quotas (component_appid, cgi_path, daily_limit)"
            " values ($1, $2, $3) on conflict (component_appid, cgi_path) do update"
            " set daily_limit = excluded.daily_limit, read_at = now()",
            *key,
            limit,
        )
        return limit
