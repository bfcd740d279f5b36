"""How often waiting filings are asked about: the arithmetic, and where its numbers come from."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from activities.ports import Pace
from filing.authority import Standing
from filing.process.state import State
from gateways.registry import Registry
from gateways.wechat.client import ENTRANCE, WechatClient
from gateways.wechat.quota import DAY, LONGEST, PollPace, poll_pause
from gateways.wechat.tokens import TokenStore
from sandbox.server import serve

NONE = timedelta(0)
APPID = "wx1a2b3c4d5e6f7a8b"


@given(
    waiting=st.integers(1, 1_000_000),
    limit=st.integers(0, 10_000_000),
    share=st.floats(0.01, 1.0),
)
def test_all_together_stay_inside_the_share(waiting: int, limit: int, share: float) -> None:
    pause = poll_pause(waiting, limit, share, NONE, LONGEST)
    assert NONE < pause <= LONGEST
    if pause < LONGEST:
        assert waiting * (DAY / pause) <= limit * share * 1.001


@pytest.mark.parametrize(
    ("waiting", "limit", "pause"),
    [
        (70_000, 100_000_000, timedelta(seconds=120.96)),
        (70_000, 1_000_000, timedelta(seconds=12_096)),
        (70_000, 100_000, timedelta(seconds=120_960)),
        (70_000, 10_000, timedelta(days=14)),
        (70_000, 1_000, LONGEST),
        (70_000, 0, LONGEST),
        (0, 1_000, NONE),
        (0, 0, LONGEST),
        (1, 1_000, timedelta(seconds=172.8)),
    ],
)
def test_some_examples(waiting: int, limit: int, pause: timedelta) -> None:
    assert poll_pause(waiting, limit, 0.5, NONE, LONGEST) == pause


def test_the_bounds_hold() -> None:
    hour = timedelta(hours=1)
    assert poll_pause(1, 1_000_000, 0.5, hour, DAY) == hour
    assert poll_pause(1_000_000, 1, 0.5, hour, DAY) == DAY


class Says:
    """An authority that tells its quota, and how often it was asked."""

    def __init__(self) -> None:
        self.daily_limit: Any = 1000
        self.asked: list[str] = []

    def app(self) -> Starlette:
        async def token(_: Request) -> Response:
            return JSONResponse(
                {
                    "component_access_token": "t",
                    "authorizer_access_token": "t",
                    "expires_in": 7200,
                }
            )

        async def quota(request: Request) -> Response:
            self.asked.append((await request.json())["cgi_path"])
            if self.daily_limit is None:
                return JSONResponse({"errcode": 48001, "errmsg": "no"})
            quota = {"daily_limit": self.daily_limit, "used": 10, "remain": self.daily_limit - 10}
            return JSONResponse({"errcode": 0, "quota": quota})

        return Starlette(
            routes=[
                Route("/cgi-bin/component/{name}", token, methods=["POST"]),
                Route("/cgi-bin/openapi/quota/get", quota, methods=["POST"]),
            ]
        )


@pytest.fixture
def says() -> Says:
    return Says()


@pytest.fixture
async def client(says: Says) -> AsyncIterator[WechatClient]:
    secret = SecretStr("s")
    async with (
        serve(says.app()) as base_url,
        WechatClient(base_url, "component", secret, secret, secret) as client,
    ):
        yield client


@pytest.fixture
async def house(database_url: str, owner: asyncpg.Connection) -> AsyncIterator[Registry]:
    """A registry in which no other test's filing waits."""
    await owner.execute("update filings set closed_at = now() where closed_at is null")
    registry = await Registry.open(database_url)
    yield registry
    await registry.close()


@pytest.fixture
def platform() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def waiting(house: Registry, new_state: Callable[..., State]) -> Callable[[str, int], Any]:
    numbers: Iterator[int] = iter(range(1000))

    async def add(status: str, count: int) -> None:
        for _ in range(count):
            state = new_state(status=status)
            uid = f"{state.uid}{next(numbers)}"
            await house.write(state.model_copy(update={"uid": uid}), ())

    return add


async def test_the_pace_follows_from_quota_and_waiting_filings(
    house: Registry, client: WechatClient, says: Says, platform: str, waiting: Any
) -> None:
    await waiting("bureau_review", 3)
    await waiting("sms_verification", 1)
    await waiting("platform_review", 5)
    pace: Pace = PollPace(client, house.pool, platform, share=0.5, pushed=None)
    # 4 that wait share 500 calls a day.
    for standing in (Standing.BUREAU_REVIEW, Standing.SMS_WAITING):
        assert await pace.pause(APPID, standing) == DAY * (4 / 500)
    # Another worker takes the limit from the registry.
    other = PollPace(client, house.pool, platform, share=1.0, pushed=None)
    assert await other.pause(APPID, Standing.CHECKING) == DAY * (4 / 1000)
    assert says.asked == [ENTRANCE]


async def test_a_limit_of_nought_is_none(
    house: Registry, client: WechatClient, says: Says, platform: str
) -> None:
    says.daily_limit = 0
    pace: Pace = PollPace(client, house.pool, platform, share=0.5, pushed=None)
    assert await pace.pause(APPID, Standing.CHECKING) is None


async def test_where_each_mini_program_has_a_quota_of_its_own_nobody_is_counted(
    house: Registry, client: WechatClient, platform: str, waiting: Any
) -> None:
    await waiting("bureau_review", 3)
    pace = PollPace(client, house.pool, platform, share=0.5, pushed=None, shared=False)
    assert await pace.pause(APPID, Standing.BUREAU_REVIEW) == DAY / 500


async def test_while_pushes_arrive_the_bureaus_review_is_asked_about_once_a_day(
    house: Registry, client: WechatClient, platform: str, waiting: Any, owner: asyncpg.Connection
) -> None:
    await waiting("bureau_review", 10)
    await waiting("sms_verification", 2)
    await TokenStore(house.pool, platform).put_ticket("t", datetime.now(UTC))
    pace = PollPace(client, house.pool, platform, share=0.5, pushed=DAY)
    assert await pace.pause(APPID, Standing.BUREAU_REVIEW) == DAY
    # The 2 have what the 10 leave of 500 calls.
    assert await pace.pause(APPID, Standing.SMS_WAITING) == DAY * (2 / 490)
    assert await pace.pause(APPID, Standing.CHECKING) == DAY * (2 / 490)
    # No ticket for half an hour: pushes do not arrive.
    await owner.execute("update component_tickets set received_at = now() - interval '31 minutes'")
    later = PollPace(client, house.pool, platform, share=0.5, pushed=DAY)
    assert await later.pause(APPID, Standing.BUREAU_REVIEW) == DAY * (12 / 500)


async def test_where_even_a_question_a_day_is_too_much_all_wait_alike(
    house: Registry, client: WechatClient, says: Says, platform: str, waiting: Any
) -> None:
    await waiting("bureau_review", 10)
    await waiting("sms_verification", 2)
    await TokenStore(house.pool, platform).put_ticket("t")
    says.daily_limit = 10
    pace = PollPace(client, house.pool, platform, share=0.5, pushed=DAY)
    for standing in (Standing.BUREAU_REVIEW, Standing.SMS_WAITING):
        assert await pace.pause(APPID, standing) == DAY * (12 / 5)


@asynccontextmanager
async def closed(database_url: str) -> AsyncIterator[Registry]:
    registry = await Registry.open(database_url)
    await registry.close()
    yield registry


async def test_without_quota_or_registry_the_retry_policys_pace_holds(
    house: Registry, client: WechatClient, says: Says, platform: str, database_url: str
) -> None:
    says.daily_limit = None
    pace = PollPace(client, house.pool, platform, share=0.5, pushed=None)
    for _ in range(3):
        assert await pace.pause(APPID, Standing.BUREAU_REVIEW) is None
    assert len(says.asked) == 1, "one that fails is not asked at each question"
    async with closed(database_url) as registry:
        pace = PollPace(client, registry.pool, platform, share=0.5, pushed=DAY)
        assert await pace.pause(APPID, Standing.BUREAU_REVIEW) is None


async def test_what_is_left_of_today_can_be_asked(client: WechatClient, says: Says) -> None:
    quota = await client.quota("/wxa/icp/apply_icp_filing", APPID)
    assert (quota.daily_limit, quota.used, quota.remain) == (1000, 10, 990)
    assert says.asked == ["/wxa/icp/apply_icp_filing"]
