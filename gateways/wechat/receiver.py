"""The receiver: takes the platform's callbacks over HTTP, and answers as soon as they are on record."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateways.authority_events import STORE_FAILS, Arrived, AuthorityEvents, SeenBefore
from gateways.wechat.callbacks import (
    MOST_BODY,
    AnyPush,
    AuthorisationPush,
    CallbackKeys,
    CallbackRefused,
    CombinedPush,
    FaceCheckPush,
    Fault,
    FilingPush,
    Opened,
    TicketPush,
    UnknownPush,
    open_callback,
)
from gateways.wechat.errors import AuthorityUnavailable

PATH = "/wechat/events"
"""Where the platform sends to: the path of its 授权事件接收 URL."""
HEALTH = "/health"
SOURCE = "wechat"
"""Where events come from, in what filings are told."""

ANSWER_WITHIN = 4.0
"""Seconds; the platform waits 5."""
BODY_WITHIN = 4.0
"""Seconds that a body may take to arrive."""

_HANG_UP = {"connection": "close"}
"""Else the rest of the body would still be taken, and thrown away."""

log = logging.getLogger("beian.receiver")


class Tickets(Protocol):
    """Where the component's ticket is kept for whoever renews tokens."""

    async def put_ticket(self, ticket: str, created_at: datetime) -> None:
        """Keep it, unless one that was created later is there."""


class Receiver:
    """What the routes share. `refused` counts by fault, since the start of this process."""

    def __init__(
        self,
        keys: CallbackKeys,
        events: AuthorityEvents,
        tickets: Tickets,
        *,
        within: timedelta,
        stored: Callable[[], None],
    ) -> None:
        self.refused: Counter[Fault] = Counter()
        self._keys = keys
        self._events = events
        self._tickets = tickets
        self._within = within
        self._stored = stored

    async def callback(self, request: Request) -> Response:
        """One callback: `success` once it is on record, 403 to what is forged, stale or replayed,
        500 where it cannot be stored now, so that the platform sends it again."""
        try:
            body = await _body(request)
        except TimeoutError:
            return Response(status_code=408, headers=_HANG_UP)
        if body is None:
            return Response(status_code=413, headers=_HANG_UP)
        try:
            opened = open_callback(
                _query(request), body, self._keys, datetime.now(UTC), self._within
            )
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._keep(opened)
        except CallbackRefused as refused:
            return self._refuse(refused.fault)
        except SeenBefore:
            return self._refuse(Fault.REPLAYED)
        except (*STORE_FAILS, AuthorityUnavailable) as error:
            # Its own text may repeat an address with its password.
            log.error("a callback could not be stored (%s)", type(error).__name__)  # noqa: TRY400
            return Response(status_code=500)
        return PlainTextResponse("success")

    async def _keep(self, opened: Opened) -> None:
        push = opened.push
        if isinstance(push, TicketPush):
            # Before the call is on record, after which it is refused; a replay brings nothing newer.
            await self._tickets.put_ticket(push.ticket.get_secret_value(), push.at)
            await self._events.keep(opened.call_id, None)
            log.info("ticket received")
            return
        event = arrived(opened)
        if await self._events.keep(opened.call_id, event):
            self._stored()
        log.info("event %s received: %s", event.event_id[:12], event.kind)

    def _refuse(self, fault: Fault) -> Response:
        self.refused[fault] += 1
        log.warning(
            "callback refused: %s (%d of these since the start)", fault.value, self.refused[fault]
        )
        return Response(status_code=403)


def create_receiver(receiver: Receiver) -> Starlette:
    """The ASGI application: `POST /wechat/events`, and `GET /health` for whoever watches it."""
    return Starlette(
        routes=[
            Route(PATH, receiver.callback, methods=["POST"]),
            Route(HEALTH, _health, methods=["GET"]),
        ]
    )


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


def arrived(opened: Opened) -> Arrived:
    """The event of a push, in our words. Not of a ticket: that is a secret, and no event."""
    push = opened.push
    kind, appid, fields = _told(push)
    procedure = push.procedure_id if isinstance(push, CombinedPush) else None
    return Arrived(
        event_id=opened.event_id,
        source=SOURCE,
        kind=kind,
        type=push.info_type,
        appid=appid,
        procedure=procedure,
        fields=fields,
        # An authorisation's holds a code that opens the mini program.
        sealed=None if isinstance(push, AuthorisationPush) else opened.sealed,
        at=push.at,
        for_filing=isinstance(push, FaceCheckPush | FilingPush | CombinedPush),
    )


def _told(push: AnyPush) -> tuple[str, str | None, dict[str, Any]]:
    match push:
        case FaceCheckPush():
            return "face_check", push.appid, {"task_id": push.task_id, "result": push.result}
        case FilingPush():
            return "filing", push.appid, {"status": push.status}
        case CombinedPush():
            said = {"procedure_id": push.procedure_id, "status": push.status}
            return "combined", None, said
        case AuthorisationPush():
            return "authorisation", push.appid, {"change": push.change}
        case UnknownPush():
            return "unknown", push.appid, dict(push.fields)
        case TicketPush():
            raise TypeError("a ticket is no event")


async def _body(request: Request) -> bytes | None:
    """The body; None where it is too large. Raises `TimeoutError` where it does not come."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > MOST_BODY:
        return None
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BODY:
                    return None
    except ClientDisconnect:
        raise TimeoutError from None
    return bytes(body)


def _query(request: Request) -> Mapping[str, str]:
    """The parameters that are given once."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    return {name: value for name, value in request.query_params.items() if given[name] == 1}
