"""Two workers on both task queues: the server holds the rate for them, and either may go."""

import asyncio
import os
import sys
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from activities.asking import AUTHORITY_QUEUE
from embedded.stack import WORKER_SCRIPT
from filing.vocabulary import Status
from tests.own_stack import OwnStack, own_stack

RATE = 40.0


async def pollers(client: Client) -> list[PollerInfo]:
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=AUTHORITY_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
    )
    return list(answer.pollers)


async def second_worker(own: OwnStack) -> asyncio.subprocess.Process:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BEIAN_", "TEMPORAL_"))}
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        WORKER_SCRIPT,
        env=kept
        | {"BEIAN_HOME": str(own.home), "BEIAN_AUTHORITY_PER_SECOND": str(RATE)}
        | {"BEIAN_POLL_FIRST": "86400", "BEIAN_POLL_LONGEST": "86400"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert worker.stdout is not None
    async with asyncio.timeout(60):
        assert await worker.stdout.readline() == b"worker ready\n"
    return worker


async def test_the_rate_is_the_servers_and_a_worker_may_go(tmp_path: Path) -> None:
    async with own_stack(tmp_path, authority_per_second=RATE) as own:
        worker = await second_worker(own)
        try:
            # A queue has partitions, of which one is asked: a poller comes to it within its minute.
            async with asyncio.timeout(90):
                while len(found := await pollers(own.services.client)) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert {poller.rate_per_second for poller in found} == {RATE}
            filings = [await own.begin() for _ in range(4)]
            for filing in filings:
                await filing.player.until(Status.PLATFORM_REVIEW)
                decision = {"outcome": "approve", "reviewer": "li.na"}
                await filing.player.signal("platform_decision", decision)
            for filing in filings:
                await filing.player.handed_over()
            worker.terminate()
            async with asyncio.timeout(15):
                _, said = await worker.communicate()
            assert worker.returncode == 0
            assert b"Traceback" not in said, said.decode()
            # What it had of them goes on with the other.
            for filing in filings:
                event = {"source": "test", "event_id": "e1", "kind": "received"}
                await filing.player.signal("authority_event", event)
                await filing.player.until(Status.SMS_VERIFICATION)
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
