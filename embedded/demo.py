"""The demo: whole filings on the embedded stack, each on its own calendar of weeks.

A scripted reviewer decides by real signals; the sandbox is asked over HTTP; notices go by SMTP.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from temporalio.testing import TimeSkipper

from embedded.player import PATIENCE, DemoFailed, Player, Progress
from embedded.stack import Stack, StackOptions, discard_home, running_stack
from embedded.stories import STORIES, Next, Story
from filing.application import Application
from filing.checks import check
from filing.model import Model
from filing.problems import errors
from filing.view import StatusAnswer
from filing.vocabulary import AuthorityMode, Kind, Status
from gateways.materials import materials_store
from gateways.registry import Registry
from gateways.temporal import connect
from operations.applications import examine_files, store_materials
from operations.examples import write_example
from operations.services import Services, now
from operations.start import Started, start_application
from operations.time_travel import SKIPPING
from settings import Settings


class DemoRow(Model):
    """How one filing of the demo ended."""

    filing_id: str
    uid: str
    kind: Kind
    story: str
    status: Status
    status_label: str
    filing_number: str | None
    simulated_days: float
    wall_seconds: float


@asynccontextmanager
async def demo(
    home: Path | None, progress: Progress
) -> AsyncIterator[tuple[Stack, list[DemoRow], float]]:
    """Play all stories side by side; gives the stack, the table and the wall seconds.

    `home` None: a temporary one, deleted at the end. Raises `StackError`, `DemoFailed`.
    """
    began = time.monotonic()
    folder = home or Path(tempfile.mkdtemp(prefix="beian-demo-"))
    settings = Settings(
        home=folder,
        authority=AuthorityMode.SANDBOX,
        database_url=None,
        materials_url=None,
        wechat_base_url=None,
        notify_operations="",
        notify_applicant="",
    )
    options = StackOptions(home=folder, port_base=0, time_travel=True)
    try:
        async with running_stack(options, settings, progress) as stack:
            rows = await _play_all(stack, settings, progress)
            yield stack, rows, time.monotonic() - began
    finally:
        if home is None:
            discard_home(folder)


async def _play_all(stack: Stack, settings: Settings, progress: Progress) -> list[DemoRow]:
    client = await connect(settings, address=stack.info.temporal_address)
    registry = await Registry.open(stack.info.database_url)
    services = Services(settings, client, registry, materials_store(settings))
    try:
        async with httpx.AsyncClient(base_url=stack.info.authority, timeout=10) as control:
            playing = (_play_chain(story, services, control, progress) for story in STORIES)
            return [row for rows in await asyncio.gather(*playing) for row in rows]
    finally:
        await registry.close()


async def _play_chain(
    story: Story, services: Services, control: httpx.AsyncClient, progress: Progress
) -> list[DemoRow]:
    """A story, and after its end what follows it."""
    rows: list[DemoRow] = []
    here: Story | None = story
    application: Application | None = None
    while here is not None:
        began = time.monotonic()
        if isinstance(here.files, tuple):
            application = await _example(here, *here.files, services)
        else:
            assert application is not None
            application = await _following(here, here.files, application, services)
        rows.append(await _play(here, application, began, services, control, progress))
        here = here.follow
    return rows


async def _example(story: Story, name: str, appid: str, services: Services) -> Application:
    folder = services.settings.home / "applications" / appid
    file = await asyncio.to_thread(write_example, name, folder, now().date(), appid)
    examined = next(examine_files([str(file)], now().date()))
    if not examined.valid:
        raise DemoFailed(f"{story.title}: its application is invalid: {examined.problems}")
    return await store_materials(examined, services.materials)


async def _following(
    story: Story, files: Next, earlier: Application, services: Services
) -> Application:
    held = await services.registry.holdings(earlier)
    application = files(earlier, held, now().date())
    problems = check(application, None, now().date(), on_file_from_registry=True)
    if errors(problems):
        raise DemoFailed(f"{story.title}: its application is invalid: {problems}")
    return application


async def _play(
    story: Story,
    application: Application,
    began: float,
    services: Services,
    control: httpx.AsyncClient,
    progress: Progress,
) -> DemoRow:
    filing = await start_application(application, story.name, services)
    if not isinstance(filing, Started):
        raise DemoFailed(f"{story.title}: not started: {filing}")
    handle = services.client.get_workflow_handle(
        filing.filing_id, first_execution_run_id=filing.uid
    )
    skipper = TimeSkipper(services.client, config=SKIPPING)

    def say(what: str) -> None:
        progress(f"{story.title}: {what}")

    await story.play(Player(handle, application, skipper, control, say))
    ended = StatusAnswer.model_validate(await asyncio.wait_for(handle.result(), PATIENCE))
    say(ended.status_label)
    if ended.status is not story.ends:
        raise DemoFailed(f"{story.title}: ended {ended.status.value}, not {story.ends.value}")
    return DemoRow(
        filing_id=filing.filing_id,
        uid=filing.uid,
        kind=Kind(ended.kind),
        story=story.title,
        status=ended.status,
        status_label=ended.status_label,
        filing_number=ended.filing_number,
        simulated_days=round((ended.timeline[-1].at - ended.timeline[0].at) / timedelta(days=1), 1),
        wall_seconds=round(time.monotonic() - began, 1),
    )
