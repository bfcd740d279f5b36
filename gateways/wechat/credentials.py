"""Access tokens: taken from memory, else from the store, else renewed there by one worker."""

import asyncio
import copy
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from gateways.wechat.errors import (
    TOKEN_CODES,
    ApiRefusal,
    AuthorityError,
    AuthorityRefused,
    AuthorityUnavailable,
)
from gateways.wechat.tokens import COMPONENT, Token, Tokens
from gateways.wechat.transport import Transport

EARLY = 300.0
"""Seconds before its end at which a token is renewed (of a short one, the last quarter of its life): the
call under way must still find it good."""
REFUSED_PAUSE = 5.0
"""Seconds after a renewal that a refused token made necessary in which another such is not tried: where
fresh tokens are refused, renewing is no cure."""
STOPPED_PAUSE = 300.0
"""Seconds in which the platform's own token is not asked for again by what was refused, or limited, just
before: every filing needs it, and so many vain questions would use up its own daily quota."""
AT_ONCE = 3
"""Mini programs whose tokens one process renews at a time: each holds a connection of the registry's
pool, and the platform's own token, which they may need, one more."""

COMPONENT_TOKEN = "/cgi-bin/component/api_component_token"  # noqa: S105 - a path
AUTHORIZER_TOKEN = "/cgi-bin/component/api_authorizer_token"  # noqa: S105
TICKET_CODES = frozenset({61005, 61006})
REFRESH_CODES = frozenset({61023})

_New = tuple[Token, str | None]
"""A new token, and the refresh token to keep with it."""


@dataclass(frozen=True)
class _Failure:
    """The last vain question for the platform's own token."""

    error: AuthorityError
    tried: tuple[str, ...] = field(repr=False)
    at: float
    until: float

    def spares(self, came: float, tried: tuple[str, ...]) -> bool:
        """Whether one more question would be as vain: of who waited for this one's answer, and of
        all others for a while, unless there is another ticket."""
        return came <= self.at or (tried == self.tried and time.monotonic() < self.until)


class Credentials:
    """The platform's and the mini programs' access tokens. `ticket` and `refresh_token` are what the
    settings say: used where the store has none, or what it has is refused."""

    def __init__(
        self,
        transport: Transport,
        tokens: Tokens,
        component_appid: str,
        secret: SecretStr,
        ticket: SecretStr,
        refresh_token: SecretStr,
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._component_appid = component_appid
        self._secret = secret
        self._ticket = ticket
        self._refresh_token = refresh_token
        self._held: dict[str, Token] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._failure: _Failure | None = None

    async def authorizer(self, appid: str, stale: str | None = None) -> str:
        """The mini program's token. `stale`: the one that was just refused; who waited while another
        renewed it, in this process or elsewhere, gets the new one."""

        async def new(refresh_token: str | None) -> _New:
            component = await self.component()
            try:
                return await self._authorise(appid, component, refresh_token)
            except ApiRefusal as refusal:
                if refusal.code not in TOKEN_CODES:
                    raise
            component = await self.component(stale=component)
            return await self._authorise(appid, component, refresh_token)

        try:
            return await self._token(appid, stale, new)
        except ApiRefusal as refusal:
            raise refusal.unexpected(AUTHORIZER_TOKEN) from None

    async def component(self, stale: str | None = None) -> str:
        """The platform's own token; `stale` as above."""
        came = time.monotonic()

        async def new(_: str | None) -> _New:
            tried = _candidates(await self._tokens.ticket(), self._ticket)
            if self._failure is not None and self._failure.spares(came, tried):
                raise copy.copy(self._failure.error)
            error: AuthorityError
            seconds = STOPPED_PAUSE
            try:
                return await self._component_token(tried)
            except ApiRefusal as refusal:
                error = refusal.unexpected(COMPONENT_TOKEN)
            except AuthorityRefused as refused:
                error = refused
            except AuthorityUnavailable as away:
                error = away
                seconds = min(seconds, away.after.total_seconds()) if away.after else 0.0
            now = time.monotonic()
            self._failure = _Failure(copy.copy(error), tried, now, now + seconds)
            raise error

        return await self._token(COMPONENT, stale, new)

    def forget(self, appid: str) -> None:
        """The mini program has authorised anew: ask the store."""
        self._held.pop(appid, None)

    async def _token(
        self, key: str, stale: str | None, new: Callable[[str | None], Awaitable[_New]]
    ) -> str:
        if held := self._good(self._held.get(key), stale):
            return held.value
        # Here first, so that of 50 calls one takes a connection to the store.
        async with self._locks[key]:
            if held := self._good(self._held.get(key), stale):
                return held.value
            gate = nullcontext() if key == COMPONENT else self._gate
            async with gate, self._tokens.renewing(key) as renewal:
                token = self._good(renewal.token, stale)
                if token is None:
                    refused = stale is not None
                    ago = renewal.refused_ago
                    if refused and ago is not None and ago < REFUSED_PAUSE:
                        raise AuthorityUnavailable(
                            "a fresh access token was refused",
                            timedelta(seconds=REFUSED_PAUSE),
                        )
                    token, refresh_token = await new(renewal.refresh_token)
                    await renewal.put(token, refused=refused, refresh_token=refresh_token)
            self._held[key] = token
            return token.value

    @staticmethod
    def _good(token: Token | None, stale: str | None) -> Token | None:
        good = token is not None and token.value != stale and token.seconds > 0
        return token if good else None

    async def _authorise(self, appid: str, component: str, kept: str | None) -> _New:
        async def ask(refresh_token: str) -> dict[str, Any]:
            return await self._transport.send(
                "POST",
                AUTHORIZER_TOKEN,
                # Older pages of the API name the parameter so; the newer name goes along.
                params={"access_token": component, "component_access_token": component},
                json={
                    "component_appid": self._component_appid,
                    "authorizer_appid": appid,
                    "authorizer_refresh_token": refresh_token,
                },
                whose=appid,
            )

        tried = _candidates(kept, self._refresh_token)
        if not tried:
            raise AuthorityRefused(
                f"{AUTHORIZER_TOKEN}: no authorisation is kept of this mini program: let its owner "
                "authorise the platform, or set BEIAN_WECHAT_AUTHORIZER_REFRESH_TOKEN"
            )
        used, reply = await _first(tried, ask, REFRESH_CODES)
        given = reply.get("authorizer_refresh_token")
        # The setting's own is not written down, so that a change of the setting counts.
        changed = isinstance(given, str) and given not in (used, "")
        keep = given if changed else (used if used == kept else None)
        return _read(reply, "authorizer_access_token"), keep

    async def _component_token(self, tried: tuple[str, ...]) -> _New:
        async def ask(ticket: str) -> dict[str, Any]:
            return await self._transport.send(
                "POST",
                COMPONENT_TOKEN,
                params={},
                json={
                    "component_appid": self._component_appid,
                    "component_appsecret": self._secret.get_secret_value(),
                    "component_verify_ticket": ticket,
                },
            )

        if not tried:
            raise AuthorityRefused(
                f"{COMPONENT_TOKEN}: no ticket was pushed yet: see that the authorisation-event URL "
                "reaches the receiver, or set BEIAN_WECHAT_COMPONENT_TICKET",
                for_all=True,
            )
        _, reply = await _first(tried, ask, TICKET_CODES)
        return _read(reply, "component_access_token"), None


def _candidates(kept: str | None, setting: SecretStr) -> tuple[str, ...]:
    """What to try, in order, each once."""
    return tuple(dict.fromkeys(filter(None, (kept, setting.get_secret_value()))))


async def _first(
    candidates: tuple[str, ...],
    ask: Callable[[str], Awaitable[dict[str, Any]]],
    not_this_one: frozenset[int],
) -> tuple[str, dict[str, Any]]:
    """The first that is taken, and the answer; the last one's refusal where none is."""
    for candidate in candidates[:-1]:
        try:
            return candidate, await ask(candidate)
        except AuthorityRefused as refused:
            if refused.code not in not_this_one:
                raise
    return candidates[-1], await ask(candidates[-1])


def _read(reply: dict[str, Any], key: str) -> Token:
    value, seconds = reply.get(key), reply.get("expires_in")
    if not isinstance(value, str) or not isinstance(seconds, int):
        raise AuthorityUnavailable(f"no {key} in the answer")
    return Token.lasting(value, seconds - min(EARLY, seconds / 4))
