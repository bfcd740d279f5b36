"""Tells whether this machine's worker works: whether Temporal has heard it poll, for each kind of
task, a moment ago. A worker that hangs, or is cut off from Temporal, polls no more.

    python -m deploy.worker_health

Exit codes: 0 it polls, 1 it does not, 2 wrong settings, 3 Temporal cannot be reached.
"""

import asyncio
import socket
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.asking import AUTHORITY_QUEUE
from gateways.discovery import ServiceUnreachable
from gateways.temporal import TASK_QUEUE, connect
from settings import WrongSettings, load

KINDS = {
    "workflow": (TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
    "activity": (TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    "authority": (AUTHORITY_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
}
"""What a worker polls for: the authority's activities have a queue of their own."""
FRESH = timedelta(seconds=100)
"""An idle worker polls anew every 60 s; busy, much more often."""
PATIENCE = timedelta(seconds=5)


def polls(pollers: Iterable[PollerInfo], host: str, now: datetime) -> bool:
    """Whether a worker of `host` is among the pollers, and was heard of a moment ago."""
    return any(
        poller.identity.endswith(f"@{host}")
        and now - poller.last_access_time.ToDatetime(tzinfo=UTC) < FRESH
        for poller in pollers
    )


async def silent(client: Client, host: str) -> list[str]:
    """The kinds of task that no worker of `host` polls for; none where all is well."""
    kinds = []
    for name, (queue, kind) in KINDS.items():
        request = DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=kind,
        )
        answer = await client.workflow_service.describe_task_queue(request, timeout=PATIENCE)
        if not polls(answer.pollers, host, datetime.now(UTC)):
            kinds.append(name)
    return kinds


async def check() -> list[str]:
    """What is silent here. Raises `ServiceUnreachable`, `WrongSettings`."""
    client = await connect(load())
    try:
        return await silent(client, socket.gethostname())
    except RPCError as error:
        raise ServiceUnreachable(f"Temporal does not answer ({error.status.name})") from error


def main() -> int:
    """Run the check, and say what is wrong on standard error."""
    try:
        kinds = asyncio.run(check())
    except WrongSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ServiceUnreachable as error:
        sys.stderr.write(f"{error}\n")
        return 3
    if kinds:
        sys.stderr.write(f"no worker of this machine polls for {' and '.join(kinds)} tasks\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
