"""One call over HTTP: how long it may take, when it may be sent again, and what its answer says."""

import asyncio
import contextlib
import json as jsons
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from filing.model import CHINA
from gateways.wechat.errors import (
    ApiRefusal,
    AuthorityRefused,
    AuthorityUnavailable,
    judged,
    said,
)
from settings import WrongSettings

QUICK = aiohttp.ClientTimeout(total=40.0, connect=15.0, sock_connect=5.0, sock_read=15.0)
SLOW = aiohttp.ClientTimeout(total=50.0, connect=15.0, sock_connect=5.0, sock_read=30.0)
"""Seconds; an upload of 2 MB over a slow line is the longest call. `sock_read` does not count while a
body is written; all of them are shorter than an attempt (60 s)."""
CONNECTIONS = 40
KEPT_FOR = 3.0
"""Idle connections are left before a server closes them, as many do after 5 s: a POST that meets that
may have been taken, so it is not sent again."""
OK = 200
AGAIN_AFTER = (0.2, 1.0)
"""Seconds before a call that is safe to repeat is sent again, where its connection broke. Not after a
time-out: with those, two repetitions would outlast the attempt that waits for them."""

log = logging.getLogger("beian.authority")

Method = Literal["GET", "POST"]


@dataclass(frozen=True)
class Upload:
    """A file to upload. `certificate_type` only where it is a certificate."""

    data: bytes
    field: str
    certificate_type: int | None
    kind: Literal["image", "video"] = "image"


@dataclass(frozen=True)
class Fetched:
    """A file as it came."""

    data: bytes
    content_type: str


class Transport:
    """The shared connections to `base_url`. `longest_wait` cuts what a limit says about when to come
    back: a sandbox's day is over sooner.

    Raises `WrongSettings` for a proxy of the environment that it cannot use; its calls raise
    `AuthorityUnavailable`, `AuthorityRefused`, or `ApiRefusal` for every other errcode.
    """

    def __init__(self, base_url: str, longest_wait: timedelta | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self.proxy = _proxy(URL(base_url))
        self._session: aiohttp.ClientSession | None = None
        self._longest_wait = longest_wait

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def send(
        self,
        method: Method,
        path: str,
        *,
        params: dict[str, str],
        json: dict[str, Any] | None = None,
        upload: Upload | None = None,
        whose: str = "",
        repeatable: bool = False,
    ) -> dict[str, Any]:
        """Send, and read the answer. `whose`: the mini program, by which waits are spread.
        `repeatable`: it may be sent again although it may have been done already."""
        reply = await self._reply(method, path, params, repeatable, json=json, upload=upload)
        return self._read(path, reply, whose)

    async def fetch(self, path: str, *, params: dict[str, str], whose: str = "") -> Fetched:
        """Get a file; what comes as JSON is an error."""
        reply = await self._reply("GET", path, params, True)
        kind = reply.content_type.partition(";")[0].strip().lower()
        if reply.status != OK or kind in ("application/json", "text/plain", ""):
            self._read(path, reply, whose)
            raise AuthorityUnavailable(f"{path}: the answer is no file")
        return Fetched(reply.data, kind)

    async def _reply(
        self,
        method: Method,
        path: str,
        params: dict[str, str],
        repeatable: bool,
        *,
        json: dict[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> "_Reply":
        for pause in (*(AGAIN_AFTER if repeatable else ()), None):
            # A form is written once.
            content, headers = _content(json, upload)
            try:
                async with self._open().request(
                    method,
                    URL(self._base_url + path).with_query(params),
                    data=content,
                    headers=headers,
                    timeout=SLOW if upload else QUICK,
                    allow_redirects=False,
                ) as response:
                    kind = response.headers.get("Content-Type", "")
                    return _Reply(response.status, kind, await response.read())
            except (aiohttp.ClientError, TimeoutError) as error:
                if pause is None or isinstance(error, TimeoutError):
                    # Its own text may hold the URL, and so the token.
                    raise AuthorityUnavailable(f"{path}: {_what(error)}") from None
            await asyncio.sleep(pause)
        raise AssertionError(path)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEPT_FOR),
                cookie_jar=aiohttp.DummyCookieJar(),
                proxy=self.proxy,
            )
        return self._session

    def _read(self, path: str, answer: "_Reply", whose: str) -> dict[str, Any]:
        if answer.status != OK:
            raise AuthorityUnavailable(f"{path}: HTTP {answer.status}")
        try:
            reply = jsons.loads(answer.data)
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            raise AuthorityUnavailable(f"{path}: the answer is not a JSON object")
        code = reply.get("errcode", 0)
        if code == 0:
            return reply
        if not isinstance(code, int):
            raise AuthorityUnavailable(f"{path}: an errcode that is no number")
        raise self._refusal(path, code, reply, whose)

    def _refusal(
        self, path: str, code: int, reply: dict[str, Any], whose: str
    ) -> AuthorityUnavailable | AuthorityRefused | ApiRefusal:
        given, hints = reply.get("errmsg"), reply.get("hints")
        text = given if isinstance(given, str) else ""
        log.info("%s: errcode %s", path, said(code, text))
        error = judged(path, code, text, datetime.now(CHINA), whose)
        if isinstance(error, AuthorityUnavailable) and error.after and self._longest_wait:
            error.after = min(error.after, self._longest_wait)
        return error or ApiRefusal(
            code,
            text,
            tuple(h for h in hints if isinstance(h, dict)) if isinstance(hints, list) else (),
        )


@dataclass(frozen=True)
class _Reply:
    status: int
    content_type: str
    data: bytes


def _proxy(base_url: URL) -> URL | None:
    """The environment's proxy for the way out, never for the sandbox next door. Raises
    `WrongSettings` for one that cannot be used, rather than to go out without it."""
    host = base_url.host or ""
    if host in ("127.0.0.1", "localhost", "::1") or proxy_bypass(host):
        return None
    proxies = getproxies()
    given = proxies.get(base_url.scheme) or proxies.get("all")
    if not given:
        return None
    with contextlib.suppress(ValueError):
        proxy = URL(given if "://" in given else f"http://{given}")
        if proxy.scheme == "http" and proxy.host is not None:
            return proxy
    # It may hold a password.
    raise WrongSettings(
        f"the environment's proxy for {base_url.scheme} (HTTPS_PROXY, ALL_PROXY): only "
        "http://host:port can be used"
    )


def _what(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate is not trusted, or there is no TLS"
        case aiohttp.ClientConnectorError():
            return "no connection"
    return f"the connection broke off ({type(error).__name__})"


def _content(
    json: dict[str, Any] | None, upload: Upload | None
) -> tuple[bytes | aiohttp.MultipartWriter | None, dict[str, str]]:
    """A request's body, and its headers."""
    if upload is not None:
        return _form(upload), {}
    if json is None:
        return None, {}
    # Chinese as it is: the platform shows escapes as they were sent.
    text = jsons.dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode(), {"Content-Type": "application/json"}


def _form(upload: Upload) -> aiohttp.MultipartWriter:
    data = {"type": upload.kind, "icp_order_field": upload.field}
    if upload.certificate_type is not None:
        data["certificate_type"] = str(upload.certificate_type)
    name, media_type = "material.jpg", "image/jpeg"
    if upload.kind == "video":
        name, media_type = "material.mp4", "video/mp4"
    elif upload.data.startswith(b"\x89PNG"):
        name, media_type = "material.png", "image/png"
    form = aiohttp.MultipartWriter("form-data")
    for field, value in data.items():
        part = form.append(value)
        # As browsers send fields: a text's type is a file's matter.
        del part.headers["Content-Type"]
        part.set_content_disposition("form-data", name=field)
    file = form.append(upload.data, {"Content-Type": media_type})
    file.set_content_disposition("form-data", name="media", filename=name)
    return form
