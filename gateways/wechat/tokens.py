"""Where tokens are kept: in the registry, for all workers, or in this process alone.

Of the platform (the *component*): the ticket that is pushed every 10 minutes, and its access token.
Of each mini program (an *authoriser*): its access token, and the refresh token of its authorisation.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import asyncpg

from gateways.wechat.errors import AuthorityUnavailable

if TYPE_CHECKING:
    from gateways.database import Connection, Pool

COMPONENT = ""
"""In place of an appid: the platform's own token."""


@dataclass(frozen=True)
class Token:
    """An access token; it is to be renewed at `until`, in this process's monotonic seconds."""

    value: str = field(repr=False)
    until: float

    @classmethod
    def lasting(cls, value: str, seconds: float) -> "Token":
        """One to be renewed in so many seconds."""
        return cls(value, time.monotonic() + seconds)

    @property
    def seconds(self) -> float:
        """How long until it is to be renewed."""
        return self.until - time.monotonic()


class Renewal(Protocol):
    """The one renewal of a token that is under way, and what was there when it began."""

    @property
    def token(self) -> Token | None:
        """The one that is kept, good or not."""
        ...

    @property
    def refresh_token(self) -> str | None:
        """As `Tokens.refresh_token`."""
        ...

    @property
    def refused_ago(self) -> float | None:
        """Seconds since a token was last renewed because the authority refused it."""
        ...

    async def put(self, token: Token, *, refused: bool, refresh_token: str | None = None) -> None:
        """Keep the new one. `refused`: it was renewed before its time."""
        ...


class Tokens(Protocol):
    """Keeps them. Raises `AuthorityUnavailable` where it cannot be reached."""

    async def ticket(self) -> str | None:
        """The ticket that was pushed last."""
        ...

    async def refresh_token(self, appid: str) -> str | None:
        """The one of the mini program's own authorisation."""
        ...

    async def put_refresh_token(self, appid: str, token: str) -> None:
        """A mini program has authorised the platform: its tokens of before are forgotten."""
        ...

    def renewing(self, appid: str) -> AbstractAsyncContextManager[Renewal]:
        """Alone, among all workers, with the token of a mini program (or `COMPONENT`)."""
        ...


@dataclass
class _Held:
    token: Token | None = None
    refresh_token: str | None = field(default=None, repr=False)
    refused_at: float | None = None

    @property
    def refused_ago(self) -> float | None:
        return None if self.refused_at is None else time.monotonic() - self.refused_at

    async def put(self, token: Token, *, refused: bool, refresh_token: str | None = None) -> None:
        self.token = token
        self.refresh_token = refresh_token or self.refresh_token
        if refused:
            self.refused_at = time.monotonic()


class MemoryTokens:
    """Implements `Tokens` for one process: tools, and tests."""

    def __init__(self) -> None:
        self._held: defaultdict[str, _Held] = defaultdict(_Held)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def ticket(self) -> str | None:
        """See `Tokens.ticket`: none is pushed here."""
        return None

    async def refresh_token(self, appid: str) -> str | None:
        """See `Tokens.refresh_token`."""
        return self._held[appid].refresh_token

    async def put_refresh_token(self, appid: str, token: str) -> None:
        """See `Tokens.put_refresh_token`."""
        async with self._locks[appid]:
            self._held[appid] = _Held(refresh_token=token)

    @asynccontextmanager
    async def renewing(self, appid: str) -> AsyncIterator[Renewal]:
        """See `Tokens.renewing`."""
        async with self._locks[appid]:
            yield self._held[appid]


_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    try:
        yield
    except _AWAY as error:
        raise AuthorityUnavailable(
            f"the registry, which keeps the tokens, cannot be reached ({type(error).__name__})"
        ) from None


class TokenStore:
    """Implements `Tokens` for all workers of one registry. Ages are the database's, so that the
    clocks of machines need not agree."""

    def __init__(self, pool: "Pool", component_appid: str) -> None:
        self._pool = pool
        self._component = component_appid

    async def ticket(self) -> str | None:
        """See `Tokens.ticket`."""
        async with _reached():
            ticket: str | None = await self._pool.fetchval(
                "select ticket from component_tickets where component_appid = $1", self._component
            )
            return ticket

    async def put_ticket(self, ticket: str, created_at: datetime | None = None) -> None:
        """Keep a pushed ticket, unless one that was created later is there."""
        async with _reached():
            await self._pool.execute(
                "insert into component_tickets (component_appid, ticket, created_at)"
                " values ($1, $2, $3) on conflict (component_appid) do update"
                " set ticket = excluded.ticket, created_at = excluded.created_at,"
                " received_at = now()"
                " where component_tickets.created_at <= excluded.created_at",
                self._component,
                ticket,
                created_at or datetime.now(UTC),
            )

    async def ticket_age(self) -> timedelta | None:
        """How long ago the last ticket was pushed, which proves that pushes arrive; None: never."""
        async with _reached():
            age: timedelta | None = await self._pool.fetchval(
                "select now() - received_at from component_tickets where component_appid = $1",
                self._component,
            )
            return age

    async def refresh_token(self, appid: str) -> str | None:
        """See `Tokens.refresh_token`."""
        async with _reached():
            token: str | None = await self._pool.fetchval(
                "select refresh_token from authority_tokens"
                " where component_appid = $1 and appid = $2",
                self._component,
                appid,
            )
            return token

    async def put_refresh_token(self, appid: str, token: str) -> None:
        """See `Tokens.put_refresh_token`."""
        async with _reached():
            await self._pool.execute(
                "insert into authority_tokens (component_appid, appid, refresh_token)"
                " values ($1, $2, $3) on conflict (component_appid, appid) do update"
                " set refresh_token = excluded.refresh_token, access_token = null,"
                " renew_at = null, refused_at = null",
                self._component,
                appid,
                token,
            )

    @asynccontextmanager
    async def renewing(self, appid: str) -> AsyncIterator[Renewal]:
        """See `Tokens.renewing`. The row is locked meanwhile; PostgreSQL frees it when this process
        dies, and after a minute when it hangs."""
        key = (self._component, appid)
        async with _reached(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute("set local idle_in_transaction_session_timeout = '60s'")
            await connection.execute(
                "insert into authority_tokens (component_appid, appid) values ($1, $2)"
                " on conflict do nothing",
                *key,
            )
            row = await connection.fetchrow(
                "select access_token, refresh_token,"
                " extract(epoch from renew_at - clock_timestamp())::float8 as seconds,"
                " extract(epoch from clock_timestamp() - refused_at)::float8 as refused_ago"
                " from authority_tokens where component_appid = $1 and appid = $2 for update",
                *key,
            )
            assert row is not None
            access_token, seconds = row["access_token"], row["seconds"]
            yield _Row(
                connection,
                key,
                None if access_token is None else Token.lasting(access_token, seconds or 0),
                row["refresh_token"],
                row["refused_ago"],
            )


@dataclass(frozen=True)
class _Row:
    connection: "Connection" = field(repr=False)
    key: tuple[str, str]
    token: Token | None
    refresh_token: str | None = field(repr=False)
    refused_ago: float | None

    async def put(self, token: Token, *, refused: bool, refresh_token: str | None = None) -> None:
        await self.connection.execute(
            "update authority_tokens set access_token = $3,"
            " renew_at = clock_timestamp() + make_interval(secs => $4),"
            " refresh_token = coalesce($5, refresh_token),"
            " refused_at = case when $6 then clock_timestamp() else refused_at end"
            " where component_appid = $1 and appid = $2",
            *self.key,
            token.value,
            token.seconds,
            refresh_token,
            refused,
        )
