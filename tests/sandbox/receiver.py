"""A receiver of pushes, as the reference describes one: it shares no code with the sandbox."""

import asyncio
import base64
import hashlib
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.server import serve

TOKEN, KEY = "a-token-of-ours", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
PATIENCE = 10.0


@dataclass
class Received:
    """What has come."""

    url: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)
    raw: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """Answers for the next pushes; `success` where there is none."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, come: Callable[[list[dict[str, str]]], bool]) -> list[dict[str, str]]:
        """Wait until what has come is as it should be."""
        async with asyncio.timeout(PATIENCE):
            while not come(self.messages):
                self.news.clear()
                await self.news.wait()
        return self.messages

    def of(self, info_type: str) -> list[dict[str, str]]:
        return [m for m in self.messages if m["InfoType"] == info_type]


def opened(query: dict[str, str], body: bytes) -> dict[str, str]:
    """Check a push and decrypt it."""
    outer = {e.tag: e.text or "" for e in ElementTree.fromstring(body)}
    assert query["encrypt_type"] == "aes"
    signed = "".join(sorted([TOKEN, query["timestamp"], query["nonce"], outer["Encrypt"]]))
    assert query["msg_signature"] == hashlib.sha1(signed.encode()).hexdigest()
    key = base64.b64decode(KEY + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(base64.b64decode(outer["Encrypt"])) + decryptor.finalize()
    pad = plain[-1]
    assert 1 <= pad <= 32
    assert plain[-pad:] == bytes([pad]) * pad
    assert len(plain) % 32 == 0
    plain = plain[16:-pad]
    length = int.from_bytes(plain[:4], "big")
    assert plain[4 + length :].decode() == outer["AppId"] == "wxc0ffee0000000001"
    return {e.tag: e.text or "" for e in ElementTree.fromstring(plain[4 : 4 + length])}


@asynccontextmanager
async def receiving() -> AsyncIterator[Received]:
    """A receiver that is served; its `url` is where to push."""
    received = Received()

    async def take(request: Request) -> Response:
        query: dict[str, Any] = dict(request.query_params)
        body = await request.body()
        received.raw.append((query, body))
        if received.answers and (answer := received.answers.pop(0)) != "success":
            return PlainTextResponse(answer)
        received.messages.append(opened(query, body))
        received.news.set()
        return PlainTextResponse("success")

    app = Starlette(routes=[Route("/wechat", take, methods=["POST"])])
    async with serve(app) as base_url:
        received.url = f"{base_url}/wechat"
        yield received
