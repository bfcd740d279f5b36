"""What the platform pushes (reference section 7), kept until the receiver has it."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from sandbox.crypto import CALLBACK_TOKEN, ENCODING_AES_KEY, Envelope, aes_key, seal, xml
from sandbox.faults import Faults
from sandbox.store import Store
from sandbox.tokens import COMPONENT_APPID, Tokens

TICKET = "component_verify_ticket"
FACE_RESULT = "notify_icpfiling_verify_result"
FILING_RESULT = "notify_apply_icpfiling_result"
COMBINED_RESULT = "notify_3rd_wxa_auth_and_icp"

TICKET_EVERY = 600.0
ANSWER_SECONDS = 5.0
"""How long the receiver may take to answer `success`."""
RETRY_AFTER = (1.0, 5.0, 30.0, 120.0)
"""Pauses before a push is tried again; after the last it is given up. The platform's own are not
known."""
AT_ONCE = 16
_SHOWN = ("id", "created_at", "info_type", "message", "attempts", "delivered_at", "error")


@dataclass(frozen=True)
class Callback:
    """Where pushes go, and with what they are signed and encrypted."""

    url: str
    token: str = CALLBACK_TOKEN
    encoding_aes_key: str = ENCODING_AES_KEY


class Pushes:
    """The outbox. `add` under the transaction of what it tells, so that neither is there without
    the other. Without a callback nothing is added. `wake` is called when there is something to
    send."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        faults: Faults,
        wake: Callable[[], None],
        callback: Callback | None,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._faults = faults
        self._wake = wake
        saved = store.setting("callback")
        self._callback = Callback(**json.loads(saved)) if callback is None and saved else callback
        self._http: httpx.AsyncClient | None = None
        self._sending: dict[int, asyncio.Task[None]] = {}

    @property
    def callback(self) -> Callback | None:
        """Where pushes go."""
        return self._callback

    @callback.setter
    def callback(self, callback: Callback | None) -> None:
        self._callback = callback
        self._store.set("callback", None if callback is None else json.dumps(asdict(callback)))
        self._wake()

    def start_tickets(self) -> None:
        """Push a ticket now, and every 10 minutes from now on."""
        self._store.set("next_ticket", str(time.time()))
        self._wake()

    def push_ticket(self) -> None:
        """Push a new ticket."""
        self.add(TICKET, {"ComponentVerifyTicket": self._tokens.new_ticket()})

    def add(self, info_type: str, fields: dict[str, str | int]) -> None:
        """Push a message; faults may lose or double it."""
        if self._callback is None:
            return
        now = time.time()
        message: dict[str, str | int] = {
            "AppId": COMPONENT_APPID,
            "CreateTime": int(now),
            "InfoType": info_type,
            **fields,
        }
        row = (now, info_type, json.dumps(message, ensure_ascii=False), now)
        with self._store.transaction() as db:
            db.executemany(
                "insert into pushes (created_at, info_type, message, due_at) values (?, ?, ?, ?)",
                [row] * self._faults.copies_of_push(),
            )
        self._wake()

    def again(self, number: int, *, identical: bool) -> int | None:
        """Push one again: sealed anew, or (`identical`) byte by byte as it was sent last. Gives the
        copy's number; None where there is no such push, or it was not sent yet."""
        with self._store.transaction() as db:
            row = db.execute(
                "insert into pushes (created_at, info_type, message, due_at, replay)"
                " select created_at, info_type, message, ?1, case when ?3 then sent end"
                " from pushes where id = ?2 and (not ?3 or sent is not null) returning id",
                (time.time(), number, identical),
            ).fetchone()
        self._wake()
        return None if row is None else int(row[0])

    def log(self, after: int, limit: int, *, newest: bool = False) -> list[dict[str, Any]]:
        """Pushes, the oldest first, from the one after the number `after`; or the newest first."""
        order = "desc" if newest else "asc"
        rows = self._store.read(
            f"select {', '.join(_SHOWN)}, due_at from pushes where id > ? order by id {order} limit ?",  # noqa: S608
            *(after, limit),
        )
        return [_shown(dict(zip(_SHOWN, row, strict=False)), row[-1]) for row in rows]

    def send_due(self) -> float | None:
        """Begin to send what is due; gives when to look again (seconds since the epoch), or None."""
        if self._callback is None:
            return None
        now = time.time()
        ticket = self._store.setting("next_ticket")
        if ticket is not None and float(ticket) <= now:
            with self._store.transaction():
                ticket = str(now + TICKET_EVERY)
                self._store.set("next_ticket", ticket)
                self.push_ticket()
        free = AT_ONCE - len(self._sending)
        due = self._store.read(
            "select id, message, attempts, replay from pushes where due_at <= ?"
            " order by due_at, id limit ?",
            *(now, AT_ONCE * 2),
        )
        for number, message, attempts, replay in [d for d in due if d[0] not in self._sending][
            :free
        ]:
            self._sending[number] = asyncio.create_task(
                self._send(self._callback, number, message, attempts, replay)
            )
        [(later,)] = self._store.read("select min(due_at) from pushes where due_at > ?", now)
        return min(filter(None, (later, ticket and float(ticket))), default=None)

    async def close(self) -> None:
        """Give up what is under way; it is sent again after the next start."""
        sending = list(self._sending.values())
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    async def _send(
        self, callback: Callback, number: int, message: str, attempts: int, replay: str | None
    ) -> None:
        try:
            fields: dict[str, str | int] = json.loads(message)
            if replay is None:
                key = aes_key(callback.encoding_aes_key)
                now = int(time.time())
                sealed = seal(xml(fields), COMPONENT_APPID, callback.token, key, now)
            else:
                sealed = Envelope(**json.loads(replay))
            error = await self._post(callback.url, sealed)
            now_ = time.time()
            again = now_ + RETRY_AFTER[attempts] if error and attempts < len(RETRY_AFTER) else None
            with self._store.transaction() as db:
                db.execute(
                    "update pushes set attempts = attempts + 1, error = ?, delivered_at = ?,"
                    " due_at = ?, sent = ? where id = ?",
                    (error, None if error else now_, again, json.dumps(asdict(sealed)), number),
                )
                if not error and fields["InfoType"] == TICKET:
                    self._tokens.ticket_delivered(str(fields["ComponentVerifyTicket"]))
        finally:
            del self._sending[number]
            self._wake()

    async def _post(self, url: str, sealed: Envelope) -> str | None:
        """What went wrong, or None."""
        if self._http is None:
            verify = url.startswith("https:")
            self._http = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False, verify=verify)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await self._http.post(
                    url,
                    params=sealed.query,
                    content=sealed.body,
                    headers={"content-type": "text/xml; charset=utf-8"},
                )
        except (httpx.HTTPError, TimeoutError) as error:
            return type(error).__name__
        if reply.status_code != httpx.codes.OK:
            return f"HTTP {reply.status_code}"
        return None if reply.text.strip() == "success" else "the answer is not: success"


def _shown(push: dict[str, Any], due_at: float | None) -> dict[str, Any]:
    message = json.loads(push["message"])
    if "ComponentVerifyTicket" in message:
        message["ComponentVerifyTicket"] = "(a ticket)"
    given_up = due_at is None and push["delivered_at"] is None
    return {**push, "message": message, "given_up": given_up}
