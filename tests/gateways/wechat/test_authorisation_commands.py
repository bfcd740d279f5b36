"""A mini program authorises the platform: by the command line, against an authority over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

import starter
from gateways.registry import Registry
from gateways.wechat.tokens import TokenStore
from sandbox.server import serve

APPID, PLATFORM = "wx00000000000000aa", "wxc0ffee0000000009"


async def component(request: Request) -> Response:
    body = await request.json()
    name = request.path_params["name"]
    if name == "api_component_token" and body["component_verify_ticket"] != "a ticket":
        return JSONResponse({"errcode": 61006, "errmsg": "ticket is invalid rid: 1-2"})
    if name == "api_query_auth" and body["authorization_code"] != "a code":
        return JSONResponse({"errcode": 61010, "errmsg": "code is expired rid: 1-2"})
    authorisation = {"authorizer_appid": APPID, "authorizer_refresh_token": "a refresh token"}
    answers = {
        "api_component_token": {"component_access_token": "t", "expires_in": 7200},
        "api_create_preauthcode": {"pre_auth_code": "before", "expires_in": 1800},
        "api_query_auth": {"authorization_info": authorisation},
        "api_start_push_ticket": {"errcode": 0, "errmsg": "ok"},
    }
    return JSONResponse(answers[name])


@pytest.fixture
async def environment(tmp_path: Path, database_url: str) -> AsyncIterator[dict[str, str]]:
    routes = [Route("/cgi-bin/component/{name}", component, methods=["POST"])]
    async with serve(Starlette(routes=routes)) as base_url:
        yield {
            "BEIAN_HOME": str(tmp_path),
            "BEIAN_DATABASE_URL": database_url,
            "BEIAN_AUTHORITY": "wechat",
            "BEIAN_WECHAT_BASE_URL": base_url,
            "BEIAN_WECHAT_COMPONENT_APPID": PLATFORM,
            "BEIAN_WECHAT_COMPONENT_SECRET": "s",
            "BEIAN_WECHAT_COMPONENT_TICKET": "a ticket",
        }


async def called(environment: dict[str, str], code: int, *args: str) -> tuple[str, str]:
    """The command in a thread, for it has a loop of its own; what it printed."""

    def call() -> tuple[int, str, str]:
        ended = CliRunner().invoke(starter.app, ["authorisation", *args], env=environment)
        return ended.exit_code, ended.stdout, ended.stderr

    exit_code, out, err = await asyncio.to_thread(call)
    assert exit_code == code, err
    return out, err


async def test_an_authorisation_is_begun_and_kept(
    environment: dict[str, str], registry: Registry
) -> None:
    out, _ = await called(environment, 0, "begin", "--json")
    assert json.loads(out) == {"component_appid": PLATFORM, "pre_auth_code": "before"}
    out, _ = await called(environment, 0, "begin")
    assert PLATFORM in out
    assert "before" in out
    assert "authorisation keep --code" in out
    out, _ = await called(environment, 0, "keep", "--code", "a code", "--json")
    assert json.loads(out) == {"appid": APPID}
    kept = await TokenStore(registry.pool, PLATFORM).refresh_token(APPID)
    assert kept == "a refresh token"
    await called(environment, 0, "push-ticket")


async def test_what_goes_wrong_has_its_exit_code(environment: dict[str, str]) -> None:
    _, err = await called(environment, 1, "keep", "--code", "an old one")
    assert "61010; authorisation code expired or used" in err
    assert "authorisation begin" in err
    assert "an old one" not in err
    # The platform's token of the other test is the registry's: this platform has none yet.
    other = environment | {"BEIAN_WECHAT_COMPONENT_APPID": "wxc0ffee0000000008"}
    _, err = await called(other | {"BEIAN_WECHAT_COMPONENT_TICKET": "wrong"}, 1, "begin")
    assert "BEIAN_WECHAT_COMPONENT_TICKET" in err
    without = {k: v for k, v in other.items() if k != "BEIAN_WECHAT_COMPONENT_TICKET"}
    _, err = await called(without, 1, "begin")
    assert "no ticket was pushed" in err
    _, err = await called(environment | {"BEIAN_AUTHORITY": "manual"}, 2, "begin")
    assert "BEIAN_AUTHORITY" in err
