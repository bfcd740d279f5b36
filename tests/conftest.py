"""A clean environment for every test, and one real stack with time travel for those that need it."""

import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from embedded.demo import Player
from embedded.stack import Stack, StackOptions, discard_home, running_stack
from filing.application import Application
from gateways.materials import MaterialsStore
from gateways.registry import Registry
from gateways.temporal import connect
from operations.applications import examine_files, store_materials
from operations.examples import write_example
from operations.services import Services, now
from operations.start import Started, start_application
from operations.time_travel import MOST_SKIPS
from settings import Settings
from tests.playing import Filing


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer has set must not decide how a test ends."""
    for name in list(os.environ):
        if name.startswith(("BEIAN_", "TEMPORAL_")):
            monkeypatch.delenv(name)


def fresh_appid() -> str:
    return f"wx{uuid.uuid4().hex[:16]}"


@pytest.fixture(scope="session")
def stack_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("stack") / "home"
    yield home
    discard_home(home)


@pytest.fixture(scope="session")
async def stack(stack_home: Path) -> AsyncIterator[Stack]:
    """The embedded stack, as `up --time-travel` runs it; the worker is a process of its own."""
    options = StackOptions(home=stack_home, port_base=0, time_travel=True)
    async with running_stack(options, Settings(home=stack_home), lambda _: None) as running:
        yield running


@pytest.fixture(scope="session")
async def services(stack: Stack, stack_home: Path) -> AsyncIterator[Services]:
    settings = Settings(home=stack_home)
    client = await connect(settings)
    registry = await Registry.open(stack.info.database_url)
    yield Services(settings, client, registry, MaterialsStore(stack_home / "materials"))
    await registry.close()


@pytest.fixture(scope="session")
async def stored_example(
    services: Services, tmp_path_factory: pytest.TempPathFactory
) -> Application:
    """The example of an organisation, its materials in the store."""
    file = write_example("new-organisation", tmp_path_factory.mktemp("example"), now().date())
    examined = next(examine_files([str(file)], now().date()))
    assert examined.valid, examined.problems
    return await store_materials(examined, services.materials)


@pytest.fixture(scope="session")
async def begin_filing(
    stack: Stack, services: Services, stored_example: Application
) -> AsyncIterator[Callable[[], Awaitable[Filing]]]:
    """Starts a filing of a fresh mini program."""
    skipper = TimeSkipper(
        services.client, config=TimeSkippingConfig(max_session_skip_count=MOST_SKIPS)
    )
    async with httpx.AsyncClient(base_url=stack.info.authority, timeout=10) as control:

        async def begin() -> Filing:
            appid = fresh_appid()
            mini_program = stored_example.mini_program.model_copy(update={"appid": appid})
            application = stored_example.model_copy(update={"mini_program": mini_program})
            started = await start_application(application, "test", services)
            assert isinstance(started, Started)
            handle = services.client.get_workflow_handle(
                started.filing_id, first_execution_run_id=started.uid
            )
            player = Player(handle, appid, skipper, control, lambda _: None)
            return Filing(application, handle, started.uid, player, services)

        yield begin
