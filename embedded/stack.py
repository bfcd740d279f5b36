"""The embedded stack: everything a filing needs, under one roof, and gone with it."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import socket

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from embedded.children import Child
from embedded.errors import StackError
from embedded.home import announced, forget_killed, held_lock, prepare_home
from embedded.mail import MailCatcher, caught_mail
from embedded.ports import ADDRESS, Ports, choose_ports
from embedded.postgres import start_postgres
from embedded.postgres_place import discard_place
from embedded.temporal import NAMESPACE, start_temporal, wait_until_ready
from embedded.worker_keeper import WorkerKeeper, worker_environment
from filing.vocabulary import AuthorityMode
from gateways.database import RegistryNotMigrated
from gateways.discovery import UpInfo
from gateways.migrate import upgrade
from gateways.registry import Registry
from gateways.serving import AddressRefused, listener
from gateways.temporal import connect
from gateways.wechat.receiver import PATH
from operations.receiving import Receiving, callback_keys, receiving
from operations.services import REGISTRY_AWAY
from sandbox.app import create_app
from sandbox.pushes import Callback
from sandbox.server import serve
from settings import Settings, WrongSettings

WORKER_SCRIPT = Path(__file__).resolve().parent.parent / "worker.py"
CHILD_FAILED = 3
FREE_PORT_TRIES = 3
DAY = "86400"
OPERATIONS, APPLICANT = "BEIAN_NOTIFY_OPERATIONS", "BEIAN_NOTIFY_APPLICANT"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class StackOptions:
    """How the stack is to run."""

    home: Path
    port_base: int | None = None
    """None: the documented ports; 0: any free ones; N: N and the next four."""
    time_travel: bool = False
    worker: bool = True
    worker_script: Path = WORKER_SCRIPT
    receiver: bool = True
    """False: what the authority pushed is forwarded by none of this stack."""


class Stack:
    """A running stack."""

    def __init__(
        self,
        info: UpInfo,
        mail: MailCatcher,
        servers: list[Child],
        worker: WorkerKeeper | None,
        receiving: Receiving | None,
    ) -> None:
        self.info = info
        self.mail = mail
        self._servers = servers
        self._worker = worker
        self._keeping = asyncio.create_task(worker.keep()) if worker else None
        self._forwarding = receiving.forwarding if receiving else None

    @property
    def worker(self) -> WorkerKeeper:
        """The worker: `pid`, `kill_worker()`, `start_worker()`."""
        if self._worker is None:
            raise StackError("this stack was started without a worker")
        return self._worker

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the servers, by name."""
        return {child.name: child.pid for child in self._servers}

    async def wait_failed(self) -> str:
        """Wait until a server ends by itself, and say which, and the last lines of its log.

        A worker that ends by itself is started again; raises `StackError` where that fails.
        """
        waits = {asyncio.create_task(child.wait()) for child in self._servers}
        keeping = {task for task in (self._keeping, self._forwarding) if task}
        try:
            await asyncio.wait(waits | keeping, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        for task in keeping:
            if task.done():
                task.result()
        return "\n".join(child.epitaph() for child in self._servers if not child.alive)

    async def close(self) -> None:
        """Leave the worker as it is from here on."""
        if self._keeping:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError, StackError):
                await self._keeping


@asynccontextmanager
async def running_stack(
    options: StackOptions, settings: Settings, progress: Progress
) -> AsyncIterator[Stack]:
    """Start everything, announce it in `up.json`, and stop it at the end. Raises `StackError`.

    Call this on the main thread: the children die with the thread that starts them.
    """
    home = prepare_home(options.home)
    async with AsyncExitStack() as stack:
        lock = await stack.enter_async_context(held_lock(home, progress))
        forget_killed(home)
        ports = choose_ports(options.port_base)
        mail = await stack.enter_async_context(caught_mail(home / "mail", ports.smtp))
        receiver_at = _receiver_at(stack, ports, settings, progress) if options.receiver else None
        app = create_app(
            home / "sandbox.sqlite",
            automatic=not options.time_travel,
            faces="automatic" if settings.wechat_face_check == "required" else "optional",
            # Under time travel only where the control API says to: a push is a step of a clock.
            callback=None if options.time_travel else _callback(receiver_at, settings),
        )
        try:
            authority = await stack.enter_async_context(serve(app, ports.authority))
        except (OSError, RuntimeError) as error:
            raise StackError(f"the sandbox authority cannot start: {error}") from error
        progress("starting the Temporal server")
        temporal, ports = await _start_server(home, options, ports, lock)
        stack.push_async_callback(temporal.stop, signal.SIGTERM, patience=2)
        servers = [temporal]
        if settings.database_url:
            progress("using the registry of BEIAN_DATABASE_URL; `migrate` brings it up to date")
            database_url = settings.database_url
        else:
            progress("starting PostgreSQL")
            postgres = await start_postgres(home, lock)
            stack.push_async_callback(postgres.stop)
            servers.append(postgres.child)
            database_url = postgres.database_url
            try:
                await upgrade(database_url)
            except (OSError, SQLAlchemyError, CommandError) as error:
                raise StackError(
                    f"the registry's schema cannot be made current: {error}"
                ) from error
        info = UpInfo(
            temporal_address=f"{ADDRESS}:{ports.temporal}",
            web_ui=f"http://{ADDRESS}:{ports.web_ui}",
            authority=authority,
            database_url=database_url,
            smtp=f"{ADDRESS}:{mail.port}",
            time_travel=options.time_travel,
            pid=os.getpid(),
        )
        worker = None
        if options.worker:
            progress("starting the worker")
            environment = worker_environment(_worker_settings(home, info, settings))
            worker = WorkerKeeper(options.worker_script, home, lock, environment, progress)
            stack.push_async_callback(worker.stop)
            await worker.start_worker()
        receiver = None
        if receiver_at:  # after the worker, which waits for a registry that is away
            receiver = await _start_receiver(stack, receiver_at, info, settings)
            info = info.model_copy(update={"receiver": receiver.url})
        running = Stack(info, mail, servers, worker, receiver)
        stack.push_async_callback(running.close)
        await stack.enter_async_context(announced(home, info))
        yield running


async def run_up(options: StackOptions, settings: Settings, progress: Progress) -> int:
    """Run the stack in the foreground: 0 after a signal, 3 after a server's own end.

    Raises `StackError` where it cannot start.
    """
    with _signals() as stopped:
        running = asyncio.create_task(_run(options, settings, progress))
        stop = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            if not running.done():
                progress("stopping")
                running.cancel()
                await asyncio.wait({running})
        return 0 if running.cancelled() else running.result()


def discard_home(home: Path) -> None:
    """Delete a home in which nothing runs, with what root's PostgreSQL keeps of it elsewhere."""
    home = home.expanduser().absolute()
    if home.exists():
        discard_place(home)
        shutil.rmtree(home)


async def _run(options: StackOptions, settings: Settings, progress: Progress) -> int:
    async with running_stack(options, settings, progress) as stack:
        progress(f"ready: {stack.info.web_ui} (Web UI), {stack.info.temporal_address} (Temporal)")
        if _own_sandbox(settings):
            progress(f"play the authority: {stack.info.authority}/sandbox")
        progress(await stack.wait_failed())
    return CHILD_FAILED


async def _start_server(
    home: Path, options: StackOptions, ports: Ports, lock: int
) -> tuple[Child, Ports]:
    """The Temporal server, ready, and the ports it got in the end."""
    tries = FREE_PORT_TRIES if options.port_base == 0 else 1
    while True:
        tries -= 1
        child = await start_temporal(home, ports, lock, time_travel=options.time_travel)
        try:
            await wait_until_ready(child, ports)
        except StackError:
            await child.kill()
            if not tries:
                raise
            # A free port can be taken between its test and its use: these are new ones.
            ports = choose_ports(0)
        except BaseException:
            await child.kill()
            raise
        else:
            return child, ports


def _receiver_at(
    stack: AsyncExitStack, ports: Ports, settings: Settings, progress: Progress
) -> socket | None:
    """Where the receiver will be, held from now on, for the authority is told before it is there;
    None, with a word why, where it has nothing to verify by."""
    try:
        callback_keys(settings)
        return stack.enter_context(listener(ADDRESS, ports.receiver))
    except WrongSettings as error:
        progress(f"no receiver, so the authority is only asked: {error}")
        return None
    except AddressRefused as error:
        raise StackError(f"the receiver cannot start: {error}") from error


def _callback(receiver_at: socket | None, settings: Settings) -> Callback | None:
    """Where the sandbox is to push to, and by what the receiver verifies it."""
    if receiver_at is None:
        return None
    return Callback(
        f"http://{ADDRESS}:{receiver_at.getsockname()[1]}{PATH}",
        settings.wechat_token.get_secret_value(),
        settings.wechat_encoding_aes_key.get_secret_value(),
    )


async def _start_receiver(
    stack: AsyncExitStack, at: socket, info: UpInfo, settings: Settings
) -> Receiving:
    """The receiver, within this process."""
    try:
        registry = await Registry.open(info.database_url, most_connections=4)
    except (*REGISTRY_AWAY, RegistryNotMigrated) as error:
        what = str(error) if isinstance(error, RegistryNotMigrated) else type(error).__name__
        raise StackError(f"the receiver cannot reach the registry: {what}") from error
    stack.push_async_callback(_let_go, registry)
    connecting = partial(connect, settings, address=info.temporal_address)
    return await stack.enter_async_context(receiving(settings, registry, connecting, at))


async def _let_go(registry: Registry) -> None:
    """Close it; a database that has just died says so once more."""
    with suppress(*REGISTRY_AWAY):
        await registry.close()


@contextmanager
def _signals() -> Iterator[asyncio.Event]:
    """An event that is set by what ends `up`, also while it is starting or stopping."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _own_sandbox(settings: Settings) -> bool:
    """Whether the sandbox of this stack is the authority."""
    return settings.authority is AuthorityMode.SANDBOX and not settings.wechat_base_url


def notices_caught(info: UpInfo) -> dict[str, str]:
    """The settings by which all notices go to the stack's mail catcher."""
    mailbox = f"mailto://{info.smtp}?from=beian@beian.test&mode=insecure&to="
    return {OPERATIONS: f"{mailbox}operations@beian.test", APPLICANT: mailbox + "{email}"}


def _worker_settings(home: Path, info: UpInfo, settings: Settings) -> Mapping[str, str]:
    """What leads the worker to this stack's services, where the user's settings lead nowhere else."""
    given = {
        "TEMPORAL_ADDRESS": info.temporal_address,
        "TEMPORAL_NAMESPACE": NAMESPACE,
        "BEIAN_HOME": str(home),
        "BEIAN_DATABASE_URL": info.database_url,
        "BEIAN_MATERIALS_URL": settings.materials_url or "",
    }
    if _own_sandbox(settings):
        given["BEIAN_WECHAT_BASE_URL"] = info.authority
    caught = notices_caught(info)
    if not settings.notify_operations:
        given[OPERATIONS] = caught[OPERATIONS]
    if not settings.notify_applicant:
        given[APPLICANT] = caught[APPLICANT]
    if info.time_travel:
        # Each check is a skip of its own, and a skip takes a tenth of a second.
        if settings.poll_first is None:
            given["BEIAN_POLL_FIRST"] = DAY
        if settings.poll_longest is None:
            given["BEIAN_POLL_LONGEST"] = DAY
    return given
