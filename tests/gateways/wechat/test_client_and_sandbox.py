"""What the client needs beside filings, against the served sandbox: quotas, face checks, files,
authorisations, lists."""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from filing.authority import Standing
from gateways.registry import Registry
from gateways.wechat.client import APPLY, ENTRANCE, ApiList, Upload, WechatClient
from gateways.wechat.errors import ApiRefusal, AuthorityUnavailable
from gateways.wechat.quota import DAY, PollPace
from sandbox.app import create_app
from sandbox.server import serve
from tests.sandbox.wechat_client import PNG

COMPONENT_APPID = "wxc0ffee0000000001"


class House:
    """The client, and the sandbox's control API."""

    def __init__(self, client: WechatClient, http: httpx.AsyncClient) -> None:
        self.client, self._http = client, http

    async def control(self, path: str, /, **body: Any) -> Any:
        answer = await self._http.post(f"/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with (
        serve(create_app(tmp_path / "sandbox.sqlite", automatic=False)) as base_url,
        WechatClient(
            base_url,
            COMPONENT_APPID,
            SecretStr("sandbox-component-secret"),
            SecretStr("ticket@@@sandbox"),
            SecretStr("refreshtoken@@@sandbox"),
        ) as client,
        httpx.AsyncClient(base_url=base_url, trust_env=False) as http,
    ):
        yield House(client, http)


@pytest.fixture
def appid() -> str:
    return f"wx{secrets.token_hex(8)}"


async def test_the_days_quota_is_read_and_honoured(house: House, appid: str) -> None:
    await house.control("quota", path=ENTRANCE, daily=3, per="platform")
    await house.client.entrance(appid)
    quota = await house.client.quota(ENTRANCE, appid)
    assert (quota.daily_limit, quota.used, quota.remain) == (3, 1, 2)
    for _ in range(2):
        await house.client.entrance(appid)
    with pytest.raises(AuthorityUnavailable, match=r"45009 \(rid .+\)") as caught:
        await house.client.entrance(appid)
    assert caught.value.after
    assert timedelta(0) < caught.value.after < timedelta(hours=25)
    quota = await house.client.quota(APPLY, appid)
    assert quota.remain is not None
    assert quota.remain > 0, "another call's quota is another one"


async def test_the_minutes_limit_is_honoured(house: House, appid: str) -> None:
    await house.control("quota", path=ENTRANCE, per_minute=0)
    with pytest.raises(AuthorityUnavailable, match="45011") as caught:
        await house.client.entrance(appid)
    assert caught.value.after
    assert timedelta(minutes=1) <= caught.value.after <= timedelta(seconds=90)


async def test_the_pace_follows_from_the_sandboxs_quota(
    house: House, appid: str, registry: Registry
) -> None:
    await house.control("quota", path=ENTRANCE, daily=100)
    pace = PollPace(
        house.client, registry.pool, secrets.token_hex(8), share=0.5, pushed=None, shared=False
    )
    assert await pace.pause(appid, Standing.BUREAU_REVIEW) == DAY / 50


async def test_a_face_check_is_begun_and_followed(house: House, appid: str) -> None:
    task = await house.client.create_verify_task(appid)
    assert task.verify_url is None
    state = await house.client.verify_task(appid, task.task_id)
    assert state.is_finish is (state.face_status in (2, 3))
    with pytest.raises(ApiRefusal) as caught:
        await house.client.verify_task(appid, "another")
    assert caught.value.code in (1, 86328)


async def test_a_file_comes_back(house: House, appid: str) -> None:
    upload = Upload(PNG, "icp_materials.commitment_letter", None)
    uploaded = await house.client.upload(appid, upload)
    fetched = await house.client.media(appid, uploaded.media_id)
    assert fetched.content_type == "image/jpeg"
    assert fetched.data
    with pytest.raises(ApiRefusal) as caught:
        await house.client.media(appid, "another")
    assert caught.value.code == 86205


async def test_an_owner_authorises(house: House, appid: str) -> None:
    assert await house.client.pre_auth_code()
    code = (await house.control("authorise", appid=appid))["authorization_code"]
    assert await house.client.authorise(code) == appid
    assert (await house.client.entrance(appid)).status == 1024
    await house.client.start_push_ticket()


@pytest.mark.parametrize("which", ApiList)
async def test_the_lists_come(house: House, appid: str, which: ApiList) -> None:
    items = await house.client.items(appid, which)
    assert all("name" in item for item in items)
