"""Tokens that several workers share: renewed once, by whoever comes first."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateways.registry import Registry
from gateways.wechat.client import WechatClient
from gateways.wechat.errors import AuthorityRefused, AuthorityUnavailable
from gateways.wechat.replies import Entrance
from gateways.wechat.tokens import COMPONENT, MemoryTokens, Token, Tokens, TokenStore
from sandbox.app import create_app
from sandbox.server import serve

TICKET, REFRESH = "ticket@@@sandbox", "refreshtoken@@@sandbox"
COMPONENT_APPID = "wxc0ffee0000000001"


class Counted:
    """An application, and how often each of its paths was called."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.calls = app, Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.calls[scope["path"].rpartition("/")[2]] += 1
        await self._app(scope, receive, send)


@asynccontextmanager
async def counted(app: ASGIApp) -> AsyncIterator[tuple[str, Counter[str]]]:
    outer = Counted(app)
    async with serve(cast(Starlette, outer)) as base_url:
        yield base_url, outer.calls


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[tuple[str, Counter[str]]]:
    async with counted(create_app(tmp_path / "sandbox.sqlite", automatic=False)) as served:
        yield served


def client(
    base_url: str, tokens: Tokens | None = None, ticket: str = TICKET, refresh: str = REFRESH
) -> WechatClient:
    return WechatClient(
        base_url,
        COMPONENT_APPID,
        SecretStr("sandbox-component-secret"),
        SecretStr(ticket),
        SecretStr(refresh),
        tokens=tokens,
    )


@pytest.fixture
def appid() -> str:
    return f"wx{secrets.token_hex(8)}"


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[tuple[TokenStore, TokenStore]]:
    """One store as two workers have it: each by a pool of its own."""
    platform = secrets.token_hex(8)  # other tests' sandboxes have other tokens
    async with AsyncExitStack() as stack:
        registries = [await Registry.open(database_url, most_connections=6) for _ in range(2)]
        for registry in registries:
            stack.push_async_callback(registry.close)
        first, second = (TokenStore(registry.pool, platform) for registry in registries)
        yield first, second


async def test_a_token_that_expires_among_fifty_calls_of_two_workers_is_renewed_once(
    sandbox: tuple[str, Counter[str]], stores: tuple[TokenStore, TokenStore], appid: str
) -> None:
    base_url, calls = sandbox
    async with (
        client(base_url, stores[0]) as first,
        client(base_url, stores[1]) as second,
        httpx.AsyncClient(base_url=base_url, trust_env=False) as control,
    ):
        for worker in (first, second):
            assert (await worker.entrance(appid)).status == 1024
        assert calls["api_authorizer_token"] == calls["api_component_token"] == 1

        expired = asyncio.Event()

        async def expire() -> None:
            async with asyncio.timeout(10):
                while calls["get_icp_entrance_info"] < 12:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            await control.post("/sandbox/expire-tokens")
            expired.set()

        async def ask(number: int) -> Entrance | None:
            if number % 2:  # half of them come later for certain
                await expired.wait()
            return await (first, second)[number // 25].entrance(appid)

        *answers, _ = await asyncio.gather(*(ask(number) for number in range(50)), expire())
    assert {answer.status for answer in answers if answer} == {1024}
    assert calls["get_icp_entrance_info"] > 52, "none was refused: it did not expire among them"
    # The platform's token had ended with it, which the first try showed.
    assert calls["api_authorizer_token"] == 1 + 2
    assert calls["api_component_token"] == 2


async def test_alone_fifty_calls_renew_once_too(
    sandbox: tuple[str, Counter[str]], appid: str
) -> None:
    base_url, calls = sandbox
    async with (
        client(base_url) as alone,
        httpx.AsyncClient(base_url=base_url, trust_env=False) as control,
    ):
        await alone.entrance(appid)
        await control.post("/sandbox/expire-tokens")
        await asyncio.gather(*(alone.entrance(appid) for _ in range(50)))
    assert (calls["api_authorizer_token"], calls["api_component_token"]) == (3, 2)


async def test_what_one_worker_renewed_the_other_takes(
    sandbox: tuple[str, Counter[str]], stores: tuple[TokenStore, TokenStore], appid: str
) -> None:
    base_url, calls = sandbox
    async with client(base_url, stores[0]) as first, client(base_url, stores[1]) as second:
        await first.entrance(appid)
        # It was refused a token that it alone had, while the store has another.
        token = await second._credentials.authorizer(appid, stale="an older one")
        assert token == await first._credentials.authorizer(appid)
    assert calls["api_authorizer_token"] == 1


def fickle(refresh_token: str, refused: set[str], *, seconds: int = 7200) -> Starlette:
    """Tokens are given out, and those in `refused` are not taken; refresh tokens change."""
    issued: list[str] = []

    async def component(_: Request) -> Response:
        return JSONResponse({"component_access_token": "platform's", "expires_in": 7200})

    async def authorizer(request: Request) -> Response:
        given = (await request.json())["authorizer_refresh_token"]
        if given in refused:
            return JSONResponse({"errcode": 61023, "errmsg": "no rid: 1-2"})
        issued.append(f"token {len(issued)}")
        return JSONResponse(
            {
                "authorizer_access_token": issued[-1],
                "expires_in": seconds,
                "authorizer_refresh_token": refresh_token,
            }
        )

    async def info(request: Request) -> Response:
        if request.query_params["access_token"] in refused:
            return JSONResponse({"errcode": 40001, "errmsg": "invalid credential"})
        return JSONResponse({"errcode": 0, "info": {"status": 2}})

    async def query_auth(request: Request) -> Response:
        code = (await request.json())["authorization_code"]
        found = {"authorizer_appid": "wx0000000000000001", "authorizer_refresh_token": code}
        return JSONResponse({"authorization_info": found})

    async def code(_: Request) -> Response:
        return JSONResponse({"pre_auth_code": "a code", "expires_in": 1800})

    async def ok(request: Request) -> Response:
        body = await request.json()
        return JSONResponse({"errcode": 0 if body.get("component_secret") else 40125})

    component_calls = {
        "api_component_token": component,
        "api_authorizer_token": authorizer,
        "api_query_auth": query_auth,
        "api_create_preauthcode": code,
        "api_start_push_ticket": ok,
    }
    return Starlette(
        routes=[
            Route("/wxa/icp/get_icp_entrance_info", info),
            *(
                Route(f"/cgi-bin/component/{name}", handler, methods=["POST"])
                for name, handler in component_calls.items()
            ),
        ]
    )


async def test_where_fresh_tokens_are_refused_renewing_stops(appid: str) -> None:
    refused = {f"token {n}" for n in range(100)}
    async with counted(fickle(REFRESH, refused)) as (base_url, calls), client(base_url) as one:
        for _ in range(5):
            with pytest.raises(AuthorityUnavailable, match="fresh access token"):
                await one.entrance(appid)
        assert calls["api_authorizer_token"] == 2


async def test_a_short_lived_token_is_not_renewed_at_each_call(appid: str) -> None:
    app = fickle(REFRESH, set(), seconds=60)
    async with counted(app) as (base_url, calls), client(base_url) as one:
        for _ in range(3):
            await one.entrance(appid)
    assert calls["api_authorizer_token"] == 1


@pytest.mark.parametrize("shared", [False, True])
async def test_a_new_refresh_token_is_kept_and_the_setting_is_the_fallback(
    shared: bool, stores: tuple[TokenStore, TokenStore], appid: str
) -> None:
    tokens: Tokens = stores[0] if shared else MemoryTokens()
    refused: set[str] = set()
    async with counted(fickle("new", refused)) as (base_url, _), client(base_url, tokens) as one:
        await one.entrance(appid)
        assert await tokens.refresh_token(appid) == "new"
        # The kept one no longer holds: what the setting says is tried.
        refused.update({"new", "token 0"})
        await one.entrance(appid)
        refused.add(REFRESH)
        with pytest.raises(AuthorityRefused, match=r"61023; .*REFRESH_TOKEN"):
            await one.entrance(f"{appid}0")


async def test_the_settings_own_refresh_token_is_not_written_down(
    sandbox: tuple[str, Counter[str]], stores: tuple[TokenStore, TokenStore], appid: str
) -> None:
    async with client(sandbox[0], stores[0]) as one:
        await one.entrance(appid)
    assert await stores[0].refresh_token(appid) is None


async def test_a_mini_program_authorises_and_forgets_its_tokens_of_before(
    stores: tuple[TokenStore, TokenStore],
) -> None:
    appid = "wx0000000000000001"
    async with counted(fickle(REFRESH, set())) as (base_url, calls):
        async with client(base_url, stores[0]) as one, client(base_url, stores[1]) as other:
            await one.entrance(appid)
            assert await one.pre_auth_code() == "a code"
            assert await one.authorise("an authorisation") == appid
            assert await other._tokens.refresh_token(appid) == "an authorisation"
            await one.entrance(appid)
            await one.start_push_ticket()
        assert calls["api_authorizer_token"] == 2


@pytest.mark.parametrize(
    ("ticket", "refresh", "missing"),
    [("", REFRESH, "no ticket was pushed"), (TICKET, "", "no authorisation is kept")],
)
async def test_what_is_neither_kept_nor_set_is_said(
    sandbox: tuple[str, Counter[str]], ticket: str, refresh: str, missing: str, appid: str
) -> None:
    async with client(sandbox[0], ticket=ticket, refresh=refresh) as one:
        with pytest.raises(AuthorityRefused, match=missing):
            await one.entrance(appid)


async def test_a_refused_ticket_is_not_sent_again_by_every_filing(
    sandbox: tuple[str, Counter[str]], stores: tuple[TokenStore, TokenStore]
) -> None:
    base_url, calls = sandbox
    async with client(base_url, stores[0], ticket="wrong") as one:
        for _ in range(2):
            asked = (one.entrance(f"wx{secrets.token_hex(8)}") for _ in range(20))
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert {type(answer) for answer in answers} == {AuthorityRefused}
            assert len({str(answer) for answer in answers}) == 1
        assert calls["api_component_token"] == 1
        await stores[1].put_ticket(TICKET)
        assert (await one.entrance(f"wx{secrets.token_hex(8)}")).status == 1024
    assert calls["api_component_token"] == 2


async def test_who_waited_for_a_vain_question_does_not_repeat_it(appid: str) -> None:
    async def busy(_: Request) -> Response:
        await asyncio.sleep(0.1)
        return Response("busy", 500)

    app = Starlette(routes=[Route("/{path:path}", busy, methods=["GET", "POST"])])
    async with counted(app) as (base_url, calls), client(base_url) as one:
        asked = (one.entrance(f"wx{secrets.token_hex(8)}") for _ in range(30))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(answer) for answer in answers} == {AuthorityUnavailable}
        assert calls["api_component_token"] <= 10  # the gate lets three at a time come and wait
        before = calls["api_component_token"]
        with pytest.raises(AuthorityUnavailable):
            await one.entrance(appid)
    assert calls["api_component_token"] == before + 1, "what was away may be back at once"


async def test_the_pushed_ticket_goes_before_the_setting_and_the_newest_counts(
    sandbox: tuple[str, Counter[str]], stores: tuple[TokenStore, TokenStore], appid: str
) -> None:
    store = stores[0]
    assert await store.ticket_age() is None
    now = datetime.now(UTC)
    await store.put_ticket(TICKET, now)
    await store.put_ticket("an older one", now - timedelta(minutes=10))
    assert await stores[1].ticket() == TICKET
    age = await store.ticket_age()
    assert age is not None
    assert age < timedelta(minutes=1)
    async with client(sandbox[0], store, ticket="wrong") as one:
        await one.entrance(appid)


async def test_where_the_pushed_ticket_is_refused_the_settings_is_tried(
    sandbox: tuple[str, Counter[str]], stores: tuple[TokenStore, TokenStore], appid: str
) -> None:
    await stores[0].put_ticket("wrong")
    async with client(sandbox[0], stores[0]) as one:
        await one.entrance(appid)


async def test_a_renewal_that_fails_leaves_what_was_there(
    stores: tuple[TokenStore, TokenStore], appid: str
) -> None:
    store = stores[0]
    async with store.renewing(appid) as renewal:
        await renewal.put(Token.lasting("the old", 100), refused=False, refresh_token="r")

    async def fail() -> None:
        async with store.renewing(appid) as renewal:
            await renewal.put(Token.lasting("the new", 100), refused=True)
            raise AuthorityUnavailable("went away")

    with pytest.raises(AuthorityUnavailable, match="went away"):
        await fail()
    async with stores[1].renewing(appid) as renewal:
        assert renewal.token
        assert renewal.token.value == "the old"
        assert 90 < renewal.token.seconds <= 100
        assert (renewal.refresh_token, renewal.refused_ago) == ("r", None)


async def test_no_secret_is_shown(stores: tuple[TokenStore, TokenStore], appid: str) -> None:
    shown: list[Any] = []
    for tokens in (stores[0], MemoryTokens()):
        async with tokens.renewing(appid) as renewal:
            token = Token.lasting("a secret", 100)
            await renewal.put(token, refused=False, refresh_token="a secret")
        async with tokens.renewing(appid) as renewal:
            shown += [token, renewal, renewal.token]
    assert "a secret" not in repr(shown)


async def test_without_its_registry_a_worker_is_told_to_wait(
    sandbox: tuple[str, Counter[str]], database_url: str, appid: str
) -> None:
    registry = await Registry.open(database_url)
    store = TokenStore(registry.pool, COMPONENT_APPID)
    await registry.close()
    async with client(sandbox[0], store) as one:
        with pytest.raises(AuthorityUnavailable, match="registry"):
            await one.entrance(appid)
    with pytest.raises(AuthorityUnavailable, match="registry"):
        async with store.renewing(COMPONENT):
            pass
