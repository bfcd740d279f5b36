"""A receiver under test: real HTTP, the real registry; what it would tell filings is kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
from pydantic import SecretStr

from gateways.authority_events import AuthorityEvents
from gateways.registry import Registry
from gateways.serving import listener, served
from gateways.wechat.callbacks import CallbackKeys
from gateways.wechat.receiver import PATH, Receiver, Tickets, create_receiver
from gateways.wechat.tokens import TokenStore
from tests.gateways.pushing import AES_KEY, COMPONENT, TOKEN, Call

KEYS = CallbackKeys(COMPONENT, SecretStr(TOKEN), SecretStr(AES_KEY))


@dataclass(frozen=True)
class Door:
    """Where callbacks are sent to."""

    receiver: Receiver
    events: AuthorityEvents
    http: httpx.AsyncClient
    url: str
    woken: list[None]

    async def post(self, call: Call) -> httpx.Response:
        return await self.http.post(self.url, params=call.query, content=call.body)


@asynccontextmanager
async def open_door(registry: Registry, tickets: Tickets | None = None) -> AsyncIterator[Door]:
    """A receiver on a free port."""
    events, woken = AuthorityEvents(registry), list[None]()
    receiver = Receiver(
        KEYS,
        events,
        tickets or TokenStore(registry.pool, COMPONENT),
        within=timedelta(minutes=5),
        stored=lambda: woken.append(None),
    )
    with listener("127.0.0.1", 0) as at:
        async with (
            served(create_receiver(receiver), at) as base,
            httpx.AsyncClient(trust_env=False, timeout=10) as http,
        ):
            yield Door(receiver, events, http, base + PATH, woken)
