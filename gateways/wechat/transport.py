"""One call over HTTP: how long it may take, when it may be sent again, and what its answer says."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx

from filing.model import CHINA
from gateways.wechat.errors import (
    ApiRefusal,
    AuthorityRefused,
    AuthorityUnavailable,
    judged,
    said,
)

# They log whole URLs at INFO and DEBUG, and the query holds the access token.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

QUICK = httpx.Timeout(15.0, connect=5.0)
SLOW = httpx.Timeout(30.0, connect=5.0)
"""Seconds; an upload of 2 MB over a slow line is the longest call."""
LIMITS = httpx.Limits(max_connections=40, max_keepalive_connections=20, keepalive_expiry=3.0)
"""Idle connections are left before a server closes them, as many do after 5 s: a POST that meets that
may have been taken, so it is not sent again."""
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

    Raises `AuthorityUnavailable`, `AuthorityRefused`, or `ApiRefusal` for every other errcode.
    """

    def __init__(self, base_url: str, longest_wait: timedelta | None = None) -> None:
        # A proxy from the environment is for the way out, never for the sandbox next door.
        outside = httpx.URL(base_url).host not in ("127.0.0.1", "localhost", "::1")
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=QUICK,
            limits=LIMITS,
            trust_env=outside,
            # Without TLS there is nothing to verify, and loading the certificates takes a while.
            verify=base_url.startswith("https:"),
        )
        self._longest_wait = longest_wait

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

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
        form = {} if upload is None else _form(upload)
        response = await self._response(method, path, repeatable, params=params, json=json, **form)
        return self._read(path, response, whose)

    async def fetch(self, path: str, *, params: dict[str, str], whose: str = "") -> Fetched:
        """Get a file; what comes as JSON is an error."""
        response = await self._response("GET", path, True, params=params)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code != httpx.codes.OK or kind in ("application/json", "text/plain", ""):
            self._read(path, response, whose)
            raise AuthorityUnavailable(f"{path}: the answer is no file")
        return Fetched(response.content, kind)

    async def _response(
        self, method: Method, path: str, repeatable: bool, **request: Any
    ) -> httpx.Response:
        timeout = SLOW if "files" in request else QUICK
        for pause in (*(AGAIN_AFTER if repeatable else ()), None):
            try:
                return await self._http.request(method, path, timeout=timeout, **request)
            except httpx.HTTPError as error:
                broken = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)
                if pause is None or not broken:
                    # Its own text may hold the URL, and so the token.
                    raise AuthorityUnavailable(f"{path}: {type(error).__name__}") from None
            await asyncio.sleep(pause)
        raise AssertionError(path)

    def _read(self, path: str, response: httpx.Response, whose: str) -> dict[str, Any]:
        if response.status_code != httpx.codes.OK:
            raise AuthorityUnavailable(f"{path}: HTTP {response.status_code}")
        try:
            reply = response.json()
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


def _form(upload: Upload) -> dict[str, Any]:
    data = {"type": upload.kind, "icp_order_field": upload.field}
    if upload.certificate_type is not None:
        data["certificate_type"] = str(upload.certificate_type)
    name, media_type = "material.jpg", "image/jpeg"
    if upload.kind == "video":
        name, media_type = "material.mp4", "video/mp4"
    elif upload.data.startswith(b"\x89PNG"):
        name, media_type = "material.png", "image/png"
    return {"data": data, "files": {"media": (name, upload.data, media_type)}}
