"""A stack of a test's own, for those that hurt one: its settings, its worker, its PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from temporalio.service import RPCError

from embedded.stack import WORKER_SCRIPT, Stack, StackOptions, discard_home, running_stack
from filing.application import Application
from filing.view import StatusAnswer
from filing.vocabulary import Status
from gateways.materials import materials_store
from gateways.registry import Registry
from gateways.temporal import connect
from operations.services import Services
from settings import Settings
from tests.playing import Begin, Filing, beginning, store_example


@dataclass(frozen=True)
class OwnStack:
    """The stack, what speaks to it, and how a filing is started on it."""

    stack: Stack
    services: Services
    begin: Begin
    example: Application
    home: Path

    @property
    def worker_log(self) -> str:
        return (self.home / "logs" / "worker.log").read_text(encoding="utf-8")


@asynccontextmanager
async def own_stack(
    folder: Path, *, worker_script: Path = WORKER_SCRIPT, time_travel: bool = True, **settings: Any
) -> AsyncIterator[OwnStack]:
    """A stack in a new home below `folder`, whose worker has these settings."""
    home = folder / "home"
    chosen = Settings(home=home, **settings)
    async with AsyncExitStack() as exits:
        exits.callback(discard_home, home)
        launch = StackOptions(
            home=home, port_base=0, time_travel=time_travel, worker_script=worker_script
        )
        with pytest.MonkeyPatch.context() as environment:  # the worker inherits it
            for name, value in settings.items():
                environment.setenv(f"BEIAN_{name.upper()}", str(value))
            stack = await exits.enter_async_context(running_stack(launch, chosen, lambda _: None))
        client = await connect(chosen)
        registry = await Registry.open(stack.info.database_url)
        exits.push_async_callback(registry.close)
        services = Services(chosen, client, registry, materials_store(chosen))
        example = await store_example(services, folder / "example")
        begin = await exits.enter_async_context(beginning(stack, services, example))
        yield OwnStack(stack, services, begin, example, home)


async def until(filing: Filing, status: Status, round_: int = 1) -> StatusAnswer:
    """As `Player.until`, also while workers die: a question that one was at is asked again."""
    for _ in range(20):
        with contextlib.suppress(RPCError):
            return await filing.player.until(status, round_)
        await asyncio.sleep(0.1)
    return await filing.player.until(status, round_)


def short_lived_worker(folder: Path, history: int, workflow: str = "filing") -> Path:
    """A worker program whose filings (or displays) go on as new runs after this many events.

    Its workflow code runs outside of the sandbox, which would load the constant anew.
    """
    script = folder / "short_lived_worker.py"
    script.write_text(
        f"""import os, sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
os.environ["BEIAN_WORKFLOW_SANDBOX"] = "false"
import worker, workflows.{workflow}
workflows.{workflow}.LONG_HISTORY = {history}
if __name__ == "__main__":
    worker.main()
""",
        encoding="utf-8",
    )
    return script
