"""A served sandbox, a gateway to it, and what the tests of both ask of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from filing.application import Application
from filing.authority import AuthorityReport
from gateways.authority import WechatAuthority
from gateways.registry import Registry
from tests.sandbox.wechat_client import MemoryMaterials, PlainClient, sandbox


def authority(
    base_url: str,
    materials: MemoryMaterials,
    registry: Registry,
    *,
    face_check: bool = True,
    other: Mapping[str, Any] = MappingProxyType({}),
) -> WechatAuthority:
    credentials: dict[str, Any] = {
        "component_appid": "wxc0ffee0000000001",
        "component_secret": "sandbox-component-secret",
        "component_ticket": "ticket@@@sandbox",
        "authorizer_refresh_token": "refreshtoken@@@sandbox",
    }
    return WechatAuthority(
        base_url,
        **(credentials | dict(other)),
        materials=materials,
        registry=registry,
        face_check=face_check,
    )


@dataclass
class House:
    """`client` speaks to the sandbox past the gateway, and plays its people."""

    client: PlainClient
    wechat: WechatAuthority
    materials: MemoryMaterials
    uid: str

    async def submit(
        self, application: Application, round: int = 1, *, filing: str = ""
    ) -> AuthorityReport:
        """Hand it over as this test's filing, or as another of its own."""
        return await self.wechat.submit(application, self.uid + filing, round)

    async def order(self, appid: str | None = None) -> dict[str, Any]:
        reply = await self.client.http.get(f"/sandbox/orders/{appid or self.client.appid}")
        order: dict[str, Any] = reply.json()
        return order

    async def applications(self) -> int:
        """How often it was applied for."""
        count: int = (await self.order()).get("applications", 0)
        return count


@asynccontextmanager
async def served(
    database: Path, registry: Registry, uid: str, *, face_check: bool = True, **options: Any
) -> AsyncIterator[House]:
    materials = MemoryMaterials()
    async with sandbox(database, **options) as client:
        base_url = str(client.http.base_url)
        async with authority(base_url, materials, registry, face_check=face_check) as wechat:
            yield House(client, wechat, materials, uid)
