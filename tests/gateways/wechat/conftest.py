from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateways.registry import Registry
from tests.gateways.wechat.house import House, served


@pytest.fixture
async def house(tmp_path: Path, registry: Registry, uid: str) -> AsyncIterator[House]:
    async with served(tmp_path / "sandbox.sqlite", registry, uid) as house:
        yield house
