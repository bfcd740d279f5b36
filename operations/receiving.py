"""Running the receiver of the authority's pushes, and looking at what it has received."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from socket import socket

from temporalio.client import Client

from filing.vocabulary import AuthorityMode
from gateways.authority_events import AuthorityEvents, RecordedEvent
from gateways.event_forwarder import EventForwarder
from gateways.registry import Registry
from gateways.serving import served
from gateways.wechat.callbacks import CallbackKeys
from gateways.wechat.receiver import PATH, Receiver, create_receiver
from gateways.wechat.tokens import TokenStore
from settings import Settings, WrongSettings


@dataclass(frozen=True)
class Receiving:
    """A receiver that answers. `url` is what the platform is to send to; `forwarding` never ends by
    itself but by a mistake of ours."""

    url: str
    forwarding: "asyncio.Task[None]"


def callback_keys(settings: Settings) -> CallbackKeys:
    """What callbacks are verified by. Raises `WrongSettings` where they are missing, or only the
    sandbox's."""
    if settings.authority is AuthorityMode.MANUAL:
        raise WrongSettings(
            "BEIAN_AUTHORITY: nothing is pushed in manual mode; a receiver is for wechat or sandbox"
        )
    missing = [
        f"BEIAN_{name.upper()}"
        for name in ("wechat_token", "wechat_encoding_aes_key")
        if settings.authority is AuthorityMode.WECHAT and name not in settings.model_fields_set
    ]
    if missing:
        raise WrongSettings(
            f"{' and '.join(missing)}: not set, and the defaults are the sandbox's, which everybody "
            "knows; they are 消息校验Token and 消息加解密Key of the Open Platform's console"
        )
    return CallbackKeys(
        settings.wechat_component_appid, settings.wechat_token, settings.wechat_encoding_aes_key
    )


@asynccontextmanager
async def receiving(
    settings: Settings,
    registry: Registry,
    connecting: Callable[[], Awaitable[Client]],
    at: socket,
) -> AsyncIterator[Receiving]:
    """Receive `at` a `gateways.serving.listener`, store and forward until the end of this context;
    `connecting` gives Temporal's client when there is first something to forward. Raises
    `WrongSettings`."""
    keys = callback_keys(settings)
    events = AuthorityEvents(registry)
    forwarder = EventForwarder(events, connecting)
    receiver = Receiver(
        keys,
        events,
        TokenStore(registry.pool, keys.component_appid),
        within=timedelta(seconds=settings.callback_within),
        stored=forwarder.wake,
    )
    async with served(create_receiver(receiver), at) as base, forwarder.running() as forwarding:
        yield Receiving(base + PATH, forwarding)


async def events(
    registry: Registry, *, appid: str | None, unknown: bool, limit: int
) -> list[RecordedEvent]:
    """What was received, the newest first; see `AuthorityEvents.listed`."""
    return await AuthorityEvents(registry).listed(appid=appid, unknown=unknown, limit=limit)
