"""The authority's lists: fetched, shared through the registry, and used before anything is sent."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from filing.authority import Standing
from gateways.registry import Registry
from gateways.wechat.kept_lists import KeptLists, ListedNames
from gateways.wechat.lists import NAMES
from tests.cutting_proxy import CuttingProxy, cutting_proxy
from tests.gateways.wechat.house import House, authority
from tests.sandbox.wechat_client import APPID, organisation

DISTRICTS = "/wxa/icp/query_icp_district_code"


@pytest.fixture
async def unfetched(owner: asyncpg.Connection) -> None:
    await owner.execute("delete from authority_lists")


@pytest.fixture
async def counted(house: House, registry: Registry) -> AsyncIterator[tuple[House, CuttingProxy]]:
    async with (
        cutting_proxy(str(house.client.http.base_url)) as proxy,
        authority(proxy.url, house.materials, registry) as wechat,
    ):
        house.wechat = wechat
        yield house, proxy


@pytest.mark.usefixtures("unfetched")
async def test_they_are_fetched_once_for_all_workers_until_they_are_old(
    counted: tuple[House, CuttingProxy], registry: Registry, owner: asyncpg.Connection
) -> None:
    house, proxy = counted
    fetched: list[str] = []

    async def count() -> None:
        fetched.append(DISTRICTS)

    unlisted = organisation(house.materials, subject={"type": "foundation"})
    proxy.before(DISTRICTS, count)
    assert (await house.submit(unlisted)).reasons
    assert len(fetched) == 1
    ages = await KeptLists(registry).ages()
    assert {one.name for one in ages} == set(NAMES)
    assert min(one.items for one in ages if one.name == "districts") > 3000
    proxy.before(DISTRICTS, count)
    for filing in ("-2", "-3"):
        async with authority(proxy.url, house.materials, registry) as wechat:
            assert (await wechat.submit(unlisted, house.uid + filing, 1)).reasons
    assert len(fetched) == 1
    await owner.execute(
        "update authority_lists set fetched_at = fetched_at - $1::interval", timedelta(minutes=61)
    )
    async with authority(proxy.url, house.materials, registry) as wechat:
        await wechat.submit(unlisted, house.uid + "-4", 1)
    assert len(fetched) == 2


@pytest.mark.usefixtures("unfetched")
async def test_a_check_warns_by_what_was_fetched_and_asks_nobody(
    house: House, registry: Registry
) -> None:
    listed = ListedNames(registry)
    contents = {"service_contents": ["tools", "teleport"]}
    unlisted = organisation(house.materials, mini_program=contents)
    assert await listed.unlisted(unlisted) == ()
    await house.wechat.refresh_lists(APPID)
    (problem,) = await listed.unlisted(unlisted)
    assert (problem.path, problem.code) == ("mini_program.service_contents.1", "not_listed")
    assert problem.severity == "warning"
    assert "teleport" in problem.message
    assert await listed.unlisted(organisation(house.materials)) == ()
    gone = organisation(house.materials, mini_program=contents, kind="cancel_mini_program")
    assert await listed.unlisted(gone) == ()


async def test_what_is_not_listed_is_returned_by_our_paths_before_anything_is_sent(
    house: House,
) -> None:
    wrong = organisation(
        house.materials,
        subject={"district": "新昆山市"},
        mini_program={"service_contents": ["teleport"]},
    )
    report = await house.submit(wrong)
    assert report.standing is Standing.RETURNED
    assert [r.field for r in report.reasons] == [
        "subject.district",
        "mini_program.service_contents.0",
    ]
    assert house.materials.reads == []
