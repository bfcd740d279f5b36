"""The authority that the contract tests speak to: the sandbox, or with credentials the real one.

| variable | |
|---|---|
| `BEIAN_CONTRACT_BASE_URL` | the API's address; unset: a sandbox of the tests' own |
| `BEIAN_CONTRACT_APPID` | an authorised mini program, of which only what is there is read |
| `BEIAN_CONTRACT_MAY_CREATE` | `yes`: also what leaves something there (an uploaded file, a face check) |
| `BEIAN_WECHAT_COMPONENT_APPID`, `_SECRET`, `_TICKET`, `BEIAN_WECHAT_AUTHORIZER_REFRESH_TOKEN` | the platform's |
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox.app import create_app
from sandbox.server import serve
from tests.contracts.shapes import CALLS, faults_of, faults_of_reply
from tests.sandbox.wechat_client import APPID, PLATFORM

# Read when this is imported: every test's environment is cleaned of them.
_REAL = {name: value for name, value in os.environ.items() if name.startswith("BEIAN_")}
_NEEDED = (
    "BEIAN_CONTRACT_APPID",
    "BEIAN_WECHAT_COMPONENT_APPID",
    "BEIAN_WECHAT_COMPONENT_SECRET",
    "BEIAN_WECHAT_COMPONENT_TICKET",
    "BEIAN_WECHAT_AUTHORIZER_REFRESH_TOKEN",
)


@dataclass
class Authority:
    """Speaks the API as the reference has it, and holds both sides to its shapes."""

    http: httpx.AsyncClient
    appid: str
    platform: dict[str, str]
    refresh_token: str
    may_create: bool
    token: str = ""

    async def call(self, path: str, *, token: str | None = None, **request: Any) -> dict[str, Any]:
        """One call, of `path` with its method; its answer is JSON of the right shape."""
        method, name = CALLS[path]
        if method == "POST" and "json" in request:
            assert faults_of(f"{name}.request", request["json"]) == []
        given = self.token if token is None else token
        params = request.pop("params", {}) | ({"access_token": given} if given else {})
        reply = await self.http.request(method, path, params=params, **request)
        assert reply.status_code == httpx.codes.OK
        assert faults_of_reply(path, reply.headers["content-type"], reply.content) == []
        value: dict[str, Any] = reply.json()
        return value

    async def component_token(self) -> str:
        """The platform's own token."""
        reply = await self.call(
            "/cgi-bin/component/api_component_token", token="", json=self.platform
        )
        assert "component_access_token" in reply, reply.get("errcode")
        token: str = reply["component_access_token"]
        return token

    async def renewed(self, component_token: str) -> dict[str, Any]:
        """A mini program's token, anew."""
        return await self.call(
            "/cgi-bin/component/api_authorizer_token",
            token="",
            # Pages differ over its name: both go along, as our gateway does it.
            params={"access_token": component_token, "component_access_token": component_token},
            json={
                "component_appid": self.platform["component_appid"],
                "authorizer_appid": self.appid,
                "authorizer_refresh_token": self.refresh_token,
            },
        )


@pytest.fixture(scope="session")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Authority]:
    """Who is spoken to, with a good token."""
    base_url = _REAL.get("BEIAN_CONTRACT_BASE_URL")
    async with AsyncExitStack() as stack:
        if base_url is None:
            database = tmp_path_factory.mktemp("contract") / "sandbox.sqlite"
            base_url = await stack.enter_async_context(serve(create_app(database)))
            given = Authority(
                httpx.AsyncClient(base_url=base_url, trust_env=False, verify=False),
                APPID,
                PLATFORM,
                "refreshtoken@@@sandbox",
                may_create=True,
            )
        else:
            if missing := [name for name in _NEEDED if not _REAL.get(name)]:
                pytest.fail(f"BEIAN_CONTRACT_BASE_URL is set, so set too: {', '.join(missing)}")
            appid, component, secret, ticket, refresh_token = (_REAL[name] for name in _NEEDED)
            given = Authority(
                httpx.AsyncClient(base_url=base_url, timeout=30),
                appid,
                {
                    "component_appid": component,
                    "component_appsecret": secret,
                    "component_verify_ticket": ticket,
                },
                refresh_token,
                may_create=_REAL.get("BEIAN_CONTRACT_MAY_CREATE") == "yes",
            )
        await stack.enter_async_context(given.http)
        given.token = (await given.renewed(await given.component_token()))[
            "authorizer_access_token"
        ]
        yield given


@pytest.fixture
def creating(authority: Authority) -> Authority:
    """The authority, where it is allowed to leave something there."""
    if not authority.may_create:
        pytest.skip("leaves something at the authority; BEIAN_CONTRACT_MAY_CREATE=yes allows it")
    return authority
