"""A clean environment for every test, and one real stack with time travel for those that need it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from embedded.stack import Stack, StackOptions, discard_home, running_stack
from filing.application import Application
from gateways.materials import materials_store
from gateways.registry import Registry
from gateways.temporal import connect
from operations.services import Services
from settings import Settings
from tests.playing import Begin, beginning, store_example

# How fast a busy machine makes examples says nothing about the code.
hypothesis_settings.register_profile(
    "any_machine", suppress_health_check=[HealthCheck.too_slow], deadline=None
)
hypothesis_settings.load_profile("any_machine")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer has set must not decide how a test ends."""
    for name in list(os.environ):
        if name.startswith(("BEIAN_", "TEMPORAL_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def stack_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("stack") / "home"
    yield home
    discard_home(home)


@pytest.fixture(scope="session")
async def stack(stack_home: Path) -> AsyncIterator[Stack]:
    """The embedded stack, as `up --time-travel` runs it; the worker is a process of its own. Without
    its receiver, which would forward the events that tests look at while they wait."""
    options = StackOptions(home=stack_home, port_base=0, time_travel=True, receiver=False)
    async with running_stack(options, Settings(home=stack_home), lambda _: None) as running:
        yield running


@pytest.fixture(scope="session")
async def services(stack: Stack, stack_home: Path) -> AsyncIterator[Services]:
    settings = Settings(home=stack_home)
    client = await connect(settings)
    registry = await Registry.open(stack.info.database_url)
    yield Services(settings, client, registry, materials_store(settings))
    await registry.close()


@pytest.fixture(scope="session")
async def stored_example(
    services: Services, tmp_path_factory: pytest.TempPathFactory
) -> Application:
    """The example of an organisation, its materials in the store."""
    return await store_example(services, tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
async def begin_filing(
    stack: Stack, services: Services, stored_example: Application
) -> AsyncIterator[Begin]:
    """Starts a filing of a fresh mini program."""
    async with beginning(stack, services, stored_example) as begin:
        yield begin
