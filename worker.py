"""Runs one worker: the one place that joins activities to gateways.

    python worker.py

Finds Temporal, the registry and the authority by the environment, or in the running
`starter.py up` of the same BEIAN_HOME. Waits for a registry that is away, and says so. Ends on
SIGINT or SIGTERM, finishing what it has begun.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NoReturn

import asyncpg
import uvloop
from temporalio.client import Client
from temporalio.worker import (
    PollerBehaviorAutoscaling,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowRunner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.asking import AUTHORITY_QUEUE, Unhurried
from activities.authority import AuthorityActivities
from activities.batches import BatchActivities
from activities.display import DisplayActivities
from activities.filing import FilingActivities
from activities.notices import NoticeActivities
from activities.ports import Authority, Pace
from activities.sweep import SweepActivities
from filing.vocabulary import AuthorityMode
from gateways.authority import ManualAuthority, wechat_authority
from gateways.calendar import RegistryCalendar
from gateways.database import RegistryNotMigrated
from gateways.discovery import ServiceUnreachable, database_url
from gateways.display_workflows import DisplayWorkflows
from gateways.displays import DisplayRegistry
from gateways.inventory import Inventory
from gateways.ledger import NoticeLedger
from gateways.materials import MaterialsStore, materials_store
from gateways.notices import AppriseChannels
from gateways.payload_visits import spare_visits
from gateways.registry import Registry
from gateways.schedules import keep_listing_sweep
from gateways.shared_causes import SharedCauses
from gateways.temporal import TASK_QUEUE, connect, register_search_attributes
from gateways.wechat.kept_lists import ListedNames
from gateways.wechat.quota import PollPace
from operations.batch_work import BatchWork
from operations.services import Services
from operations.stopping import unless
from settings import LOG_FORMAT, Settings, WrongSettings, load
from workflows.batch import BatchWorkflow
from workflows.display import DisplayWorkflow
from workflows.filing import FilingWorkflow
from workflows.sweep import ListingSweepWorkflow

STICKY_TIMEOUT = timedelta(seconds=2)
"""After a killed worker, its filings go on elsewhere within this time (design, 14)."""


STUCK_AFTER = 8
"""Seconds that workflow code may take in one go before it counts as stuck: below the server's 10 s
for a workflow task. The SDK's own limit is 2 s, and 10,000 signals that waited for a worker take
1 to 2 s of a quiet core to be read: on a busy machine such a filing would be wedged."""
GRACE = timedelta(seconds=3)
"""How long what has begun may go on once it is to stop."""
LEAVE_WITHIN = 15.0
"""Seconds from then to the end, at the latest: the SDK was seen to wait for ever, after tasks that the
server had given to others. What is under way is done again elsewhere, as after a kill."""
WORKFLOW_TASKS = 24
"""Workflow tasks under way at once. They share one core: with the SDK's hundred, thousands of messages
at once made each take over five seconds, and the server gave hundreds up (10 s) to be done again."""
REGISTRY_PAUSE = 1.0
REGISTRY_LONGEST_PAUSE = 30.0
"""Seconds between attempts to reach a registry that is away, doubling."""


def workflow_runner(settings: Settings) -> WorkflowRunner:
    """How workflow code is run: in the SDK's sandbox, unless it is switched off."""
    if not settings.workflow_sandbox:
        return UnsandboxedWorkflowRunner()
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            "filing", "activities", "pydantic", "pydantic_core", "stdnum"
        )
    )


@asynccontextmanager
async def _authority(
    settings: Settings, materials: MaterialsStore, registry: Registry
) -> AsyncIterator[tuple[Authority, Pace]]:
    """The authority of the mode that is set, and how often it may be asked. Raises
    `ServiceUnreachable` where it has no address."""
    if settings.authority is AuthorityMode.MANUAL:
        yield ManualAuthority(), Unhurried()
        return
    async with wechat_authority(settings, materials, registry) as authority:
        yield (
            authority,
            PollPace(
                authority.client,
                registry.pool,
                settings.wechat_component_appid,
                share=settings.poll_share,
                pushed=settings.pushed_pause,
                shared=settings.authority_quota == "shared",
            ),
        )


async def open_registry(settings: Settings) -> Registry:
    """The registry, as soon as it answers; until then a line now and then says what is waited for.

    Raises `ServiceUnreachable` where it has no address, `RegistryNotMigrated`, and `WrongSettings`
    where it answers that this user or database is none of its own.
    """
    url = database_url(settings)
    pause = REGISTRY_PAUSE
    while True:
        try:
            return await Registry.open(url)
        except (
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InvalidCatalogNameError,
        ) as error:
            raise WrongSettings(
                f"BEIAN_DATABASE_URL: the registry refuses it ({type(error).__name__}); is its "
                "user, its password and its database's name right?"
            ) from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            what = type(error).__name__
        sys.stderr.write(f"waiting for the registry ({what}); trying again in {pause:.0f} s\n")
        await asyncio.sleep(pause)
        pause = min(pause * 2, REGISTRY_LONGEST_PAUSE)


@asynccontextmanager
async def running_worker(
    settings: Settings, client: Client, registry: Registry
) -> AsyncIterator[Worker]:
    """A worker that polls both task queues, with all its gateways open; it closes the registry."""
    materials = materials_store(settings)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(registry.close)
        try:
            await materials.probe()
        except ServiceUnreachable as error:
            # What needs it tries again; all else need not wait for it.
            sys.stderr.write(f"{error}\n")
        authority, pace = await stack.enter_async_context(_authority(settings, materials, registry))
        filing = FilingActivities(
            registry,
            RegistryCalendar(registry),
            materials,
            mode=settings.authority,
            automatic_review=settings.platform_review == "automatic",
            terms=settings.terms,
            levels=settings.levels,
            listed=None if settings.authority is AuthorityMode.MANUAL else ListedNames(registry),
        )
        asking = AuthorityActivities(authority, pace, SharedCauses(registry))
        questions: list[Callable[..., Any]] = [
            asking.hand_over,
            asking.watch_authority,
            asking.ask_authority,
            asking.withdraw_from_authority,
        ]
        ledger = NoticeLedger(registry)
        channels = AppriseChannels(settings.notify_applicant, settings.notify_operations)
        notices = NoticeActivities(ledger, channels)
        sweep = SweepActivities(Inventory(registry), ledger, channels)
        display = DisplayActivities(
            DisplayRegistry(registry), RegistryCalendar(registry), DisplayWorkflows(client)
        )
        batches = BatchActivities(BatchWork(Services(settings, client, registry, materials)))
        worker = Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[FilingWorkflow, ListingSweepWorkflow, DisplayWorkflow, BatchWorkflow],
            activities=[
                filing.check_application,
                filing.record,
                filing.refuse_application,
                filing.await_claim,
                filing.claim_number,
                # Also here: what filings began to ask before there was a queue of its own.
                *questions,
                notices.notify,
                sweep.mark_unfiled,
                sweep.tell_unfiled,
                display.see_to_displays,
                display.plan_display,
                display.record_display,
                batches.carry_out_rows,
            ],
            workflow_runner=workflow_runner(settings),
            max_cached_workflows=settings.cached_filings,
            max_concurrent_workflow_tasks=WORKFLOW_TASKS,
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
            # Of a set number a fifth fetches what is not in the cache: one of the SDK's five.
            workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
            graceful_shutdown_timeout=GRACE,
        )
        _be_patient(worker)
        asks = Worker(
            client,
            task_queue=AUTHORITY_QUEUE,
            activities=questions,
            max_task_queue_activities_per_second=settings.authority_rate,
            graceful_shutdown_timeout=GRACE,
        )
        async with worker, asks:
            try:
                yield worker
            finally:
                # Together: one after the other they would take twice as long to end.
                await asyncio.gather(worker.shutdown(), asks.shutdown())


def _be_patient(worker: Worker) -> None:
    # No public option: the only one switches the limit off, and the sandbox's checks with it.
    inner = worker._workflow_worker
    assert inner is not None
    assert inner._deadlock_timeout_seconds == 2, "the SDK has changed: see STUCK_AFTER"
    inner._deadlock_timeout_seconds = STUCK_AFTER


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    client = await connect(settings)
    await register_search_attributes(client)
    await keep_listing_sweep(client)
    registry = await unless(stop, open_registry(settings))
    if registry is None:
        return
    async with running_worker(settings, client, registry):
        sys.stdout.write("worker ready\n")
        sys.stdout.flush()
        await stop.wait()
        leave_in_time()


def leave_in_time() -> None:
    """End this process within `LEAVE_WITHIN` seconds, whatever it waits for."""
    leaving = threading.Timer(LEAVE_WITHIN, os._exit, [0])
    leaving.daemon = True
    leaving.start()


def _run() -> int:
    try:
        settings = load()
        logging.basicConfig(level=settings.log_level, format=LOG_FORMAT)
        _collect_seldom()
        spare_visits()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except WrongSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (ServiceUnreachable, RegistryNotMigrated) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


def _collect_seldom() -> None:
    """What is imported stays, and most of what filings leave behind is freed without the collector,
    which would go through every filing that is kept in memory each time. Not more seldom: a filing
    that leaves the cache is freed by the collector alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 3)


def main() -> NoReturn:
    """Exit codes: 0 stopped, 2 wrong settings, 3 a service cannot be reached.

    The interpreter is not taken down, for the reason that `starter.py` gives.
    """
    try:
        code = _run()
    except BaseException:
        logging.exception("the worker failed")
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
