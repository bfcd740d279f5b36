"""Calls over HTTP: tokens, errcodes, and nothing about filings."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, Literal, Self

import httpx
from pydantic import SecretStr

from gateways.wechat.errors import (
    HEALING_CODES,
    MISCONFIGURED_CODES,
    TOKEN_CODES,
    ApiRefusal,
    AuthorityRefused,
    AuthorityUnavailable,
)

# They log whole URLs at INFO and DEBUG, and the query holds the access token.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
"""Seconds; an upload of 2 MB over a slow line is the longest call."""
EARLY = 300.0
"""Seconds before its end at which a token is renewed: the call under way must still find it good."""


@dataclass(frozen=True)
class Upload:
    """A file to upload. `certificate_type` only where it is a certificate."""

    data: bytes
    field: str
    certificate_type: int | None


@dataclass(frozen=True)
class _Token:
    value: str
    until: float


class WechatClient:
    """One shared HTTP client and its tokens, kept in memory only.

    Raises `AuthorityUnavailable`, `AuthorityRefused`, or `ApiRefusal` for every other errcode.
    """

    def __init__(
        self,
        base_url: str,
        component_appid: str,
        component_secret: SecretStr,
        component_ticket: SecretStr,
        authorizer_refresh_token: SecretStr,
    ) -> None:
        # A proxy from the environment is for the way out, never for the sandbox next door.
        outside = httpx.URL(base_url).host not in ("127.0.0.1", "localhost", "::1")
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=TIMEOUT,
            trust_env=outside,
            # Without TLS there is nothing to verify, and loading the certificates takes a while.
            verify=base_url.startswith("https:"),
        )
        self._component_appid = component_appid
        self._secret = component_secret
        self._ticket = component_ticket
        self._refresh_token = authorizer_refresh_token
        self._component: _Token | None = None
        self._authorizers: dict[str, _Token] = {}
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        appid: str,
        *,
        json: dict[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> dict[str, Any]:
        """Call `path` for the mini program `appid`; a stale token is renewed once."""
        token = await self._authorizer_token(appid, stale=None)
        try:
            return await self._send(method, path, token, json=json, upload=upload)
        except ApiRefusal as refusal:
            if refusal.code not in TOKEN_CODES:
                raise
        token = await self._authorizer_token(appid, stale=token)
        try:
            return await self._send(method, path, token, json=json, upload=upload)
        except ApiRefusal as refusal:
            if refusal.code in TOKEN_CODES:
                raise AuthorityUnavailable(
                    f"{path}: a fresh access token was refused (errcode {refusal.code})"
                ) from None
            raise

    async def _authorizer_token(self, appid: str, stale: str | None) -> str:
        """The mini program's token. `stale`: the one that was just refused. Who waited for the lock
        while another renewed it takes the new one."""
        async with self._lock:
            held = self._authorizers.get(appid)
            if held and held.value != stale and held.until > time.monotonic():
                return held.value
            component = await self._component_token(stale=None)
            try:
                reply = await self._authorise(appid, component)
            except ApiRefusal as refusal:
                if refusal.code not in TOKEN_CODES:
                    raise refusal.unexpected("api_authorizer_token") from None
                component = await self._component_token(stale=component)
                try:
                    reply = await self._authorise(appid, component)
                except ApiRefusal as again:
                    raise again.unexpected("api_authorizer_token") from None
            token = _token(reply, "authorizer_access_token")
            self._authorizers[appid] = token
            return token.value

    async def _authorise(self, appid: str, component: str) -> dict[str, Any]:
        return await self._send(
            "POST",
            "/cgi-bin/component/api_authorizer_token",
            component,
            # Older pages of the API name the parameter so; the newer name goes along.
            also="component_access_token",
            json={
                "component_appid": self._component_appid,
                "authorizer_appid": appid,
                "authorizer_refresh_token": self._refresh_token.get_secret_value(),
            },
        )

    async def _component_token(self, stale: str | None) -> str:
        held = self._component
        if held and held.value != stale and held.until > time.monotonic():
            return held.value
        try:
            reply = await self._send(
                "POST",
                "/cgi-bin/component/api_component_token",
                None,
                json={
                    "component_appid": self._component_appid,
                    "component_appsecret": self._secret.get_secret_value(),
                    "component_verify_ticket": self._ticket.get_secret_value(),
                },
            )
        except ApiRefusal as refusal:
            raise refusal.unexpected("api_component_token") from None
        self._component = _token(reply, "component_access_token")
        return self._component.value

    async def _send(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        also: str | None = None,
        json: dict[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> dict[str, Any]:
        params = {} if token is None else {"access_token": token}
        if token is not None and also is not None:
            params[also] = token
        form = {} if upload is None else _form(upload)
        try:
            response = await self._http.request(method, path, params=params, json=json, **form)
        except httpx.HTTPError as error:
            # Its own text may hold the URL, and so the token.
            raise AuthorityUnavailable(f"{path}: {type(error).__name__}") from None
        return _read(path, response)


def _form(upload: Upload) -> dict[str, Any]:
    data = {"type": "image", "icp_order_field": upload.field}
    if upload.certificate_type is not None:
        data["certificate_type"] = str(upload.certificate_type)
    png = upload.data.startswith(b"\x89PNG")
    name, media_type = ("material.png", "image/png") if png else ("material.jpg", "image/jpeg")
    return {"data": data, "files": {"media": (name, upload.data, media_type)}}


def _token(reply: dict[str, Any], key: str) -> _Token:
    value, seconds = reply.get(key), reply.get("expires_in")
    if not isinstance(value, str) or not isinstance(seconds, int):
        raise AuthorityUnavailable(f"no {key} in the answer")
    return _Token(value, time.monotonic() + max(seconds - EARLY, 0))


def _read(path: str, response: httpx.Response) -> dict[str, Any]:
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
    if code in HEALING_CODES:
        raise AuthorityUnavailable(f"{path}: errcode {code}")
    if code in MISCONFIGURED_CODES:
        raise AuthorityRefused(f"{path}: errcode {code}; {MISCONFIGURED_CODES[code]}")
    text, hints = reply.get("errmsg"), reply.get("hints")
    raise ApiRefusal(
        code,
        text if isinstance(text, str) else "",
        tuple(h for h in hints if isinstance(h, dict)) if isinstance(hints, list) else (),
    )
