"""What both benchmarks need of a running stack: its services, the authority's desk, and its sizes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from benchmarks.people import Desk
from benchmarks.processes import family, memory
from embedded.stack import Stack
from gateways.materials import materials_store
from gateways.registry import Registry
from gateways.temporal import connect
from operations.services import Services
from settings import Settings


@asynccontextmanager
async def reached(stack: Stack, settings: Settings) -> AsyncIterator[tuple[Services, Desk]]:
    """The services of a stack, and the desk of its authority."""
    async with AsyncExitStack() as exits:
        client = await connect(settings)
        registry = await Registry.open(stack.info.database_url)
        exits.push_async_callback(registry.close)
        control = await exits.enter_async_context(
            httpx.AsyncClient(
                base_url=stack.info.authority,
                timeout=60,
                trust_env=False,
                limits=httpx.Limits(keepalive_expiry=3.0),  # before the server leaves them
            )
        )
        yield Services(settings, client, registry, materials_store(settings)), Desk(control)


REGISTRY_DISK = "select pg_database_size(current_database())"


def sizes(stack: Stack, home: Path, registry_disk: int) -> dict[str, int]:
    """Bytes of memory (PSS) of worker and servers, and of their databases on disk; the registry's is
    what `REGISTRY_DISK` answers."""
    pids = stack.pids
    temporal = sum(file.stat().st_size for file in home.glob("temporal.sqlite*"))
    return {
        "worker_memory": memory(stack.worker.pid),
        "temporal_memory": memory(pids["Temporal"]),
        "postgresql_memory": sum(memory(pid) for pid in family(pids["PostgreSQL"])),
        "temporal_disk": temporal,
        "registry_disk": registry_disk,
    }
