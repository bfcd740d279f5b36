"""The command line as people and scripts run it: every call a fresh process, against one real `up`."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.testing import TimeSkipper
from typer.testing import CliRunner

import starter
from embedded.player import Player
from embedded.stack import discard_home
from filing.application import Application
from filing.parse import parse_application
from gateways.discovery import UpInfo, read_up
from gateways.temporal import connect
from operations.example_parts import invented_credit_code
from operations.formats import from_yaml
from operations.time_travel import SKIPPING
from settings import Settings

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "starter.py"
EXAMPLE = (ROOT / "examples/new-organisation.yaml").read_text(encoding="utf-8")
APPID = "wx1a2b3c4d5e6f7a8b"
CREDIT_CODE = "91320583MAEXAMP14T"
PATIENCE = 60.0
AT_ONCE = 3
"""Processes side by side; there are two cores."""

PERSONAL = frozenset(re.findall(r'(?:number|mobile|emergency_mobile): "(\w+)"', EXAMPLE))
"""What must never be printed or logged."""
assert len(PERSONAL) == 7, PERSONAL


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    args: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Cli:
    """Runs `starter.py` with one home, in a folder of its own."""

    home: Path
    folder: Path
    record: list[Ran]
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __call__(
        self,
        *args: str | Path,
        code: int = 0,
        stdin: str | bytes = b"",
        env: dict[str, str] | None = None,
    ) -> Ran:
        """Run a command to its end, which must be this exit code and never a traceback."""
        async with self.at_once:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                STARTER,
                *args,
                cwd=self.folder,
                env=environment(self.home) | (env or {}),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            given = stdin.encode() if isinstance(stdin, str) else stdin
            try:
                async with asyncio.timeout(PATIENCE):
                    out, err = await process.communicate(given)
            except TimeoutError:
                process.kill()
                await process.wait()
                raise
        assert process.returncode is not None
        ran = Ran(tuple(map(str, args)), process.returncode, out.decode(), err.decode())
        self.record.append(ran)
        assert "Traceback" not in ran.out + ran.err, ran
        assert ran.code == code, ran
        return ran

    async def json(self, *args: str | Path, code: int = 0, stdin: str | bytes = b"") -> Any:
        """Run it with `--json`; gives the document, beside which nothing may be printed."""
        ran = await self(*args, "--json", code=code, stdin=stdin)
        assert ran.err == "", ran
        return ran.json


Call = Callable[..., Ran]


def environment(home: Path) -> dict[str, str]:
    """Ours, without what the developer has set."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BEIAN_", "TEMPORAL_"))}
    kept.pop("COLUMNS", None)
    return kept | {"BEIAN_HOME": str(home)}


def application(appid: str, **replaced: str) -> str:
    """The example of another mini program; `replaced` are the values of other keys."""
    text = EXAMPLE.replace(APPID, appid).replace(CREDIT_CODE, invented_credit_code(appid))
    for key, value in replaced.items():
        text, count = re.subn(rf"(?m)^(\s*{key}: ).*$", rf"\g<1>{value}", text, count=1)
        assert count, key
    return text


def lay_out(folder: Path) -> Path:
    """A folder with the example's papers."""
    shutil.copytree(ROOT / "examples/materials", folder / "materials", dirs_exist_ok=True)
    return folder


def fresh_appid() -> str:
    return f"wx{uuid.uuid4().hex[:16]}"


@pytest.fixture(scope="session")
def record() -> list[Ran]:
    """Every command that was run."""
    return []


@pytest.fixture
def bare(tmp_path: Path, record: list[Ran]) -> Cli:
    """The command line where no `up` runs."""
    return Cli(tmp_path / "no-home", lay_out(tmp_path), record)


@pytest.fixture
def call(tmp_path: Path, record: list[Ran], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the command line within this process, where no `up` runs: a hundred times as fast, for
    the many ways of calling it wrongly."""
    monkeypatch.chdir(lay_out(tmp_path))
    home = str(tmp_path / "no-home")

    def run(*args: str, code: int, **env: str) -> Ran:
        ended = CliRunner().invoke(
            starter.app, args, prog_name="starter.py", env={"BEIAN_HOME": home} | env
        )
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        ran = Ran(args, ended.exit_code, ended.stdout, ended.stderr)
        record.append(ran)
        assert ran.code == code, ran
        return ran

    return run


@dataclass(frozen=True)
class Running:
    """A running `up --time-travel`."""

    cli: Cli
    info: UpInfo
    pid: int


@pytest.fixture(scope="session")
async def running(
    tmp_path_factory: pytest.TempPathFactory, record: list[Ran]
) -> AsyncIterator[Running]:
    """One `starter.py up`; at its end it obeys SIGTERM, and nobody's numbers were told to anybody."""
    folder = lay_out(tmp_path_factory.mktemp("commands"))
    home = folder / "home"
    printed = folder / "up.txt"
    with printed.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, STARTER, "up", "--time-travel", "--port-base", "0"),
            cwd=folder,
            env=environment(home),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(PATIENCE):
            while (info := read_up(home)) is None:
                assert process.returncode is None, printed.read_text()
                await asyncio.sleep(0.05)
        yield Running(Cli(home, folder, record), info, process.pid)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            code = await process.wait()
        told = {log.name: log.read_text() for log in (home / "logs").glob("*.log")}
        discard_home(home)
    assert code == 0, printed.read_text()
    assert read_up(home) is None
    assert {"temporal.log", "worker.log"} <= told.keys()
    assert "Traceback" not in printed.read_text()
    told |= {"up": printed.read_text()} | {str(ran.args): ran.out + ran.err for ran in record}
    leaks = [
        (number, where) for number in PERSONAL for where, text in told.items() if number in text
    ]
    assert leaks == []


@pytest.fixture
def cli(running: Running) -> Cli:
    """The command line on the home of the running `up`."""
    return running.cli


@dataclass(frozen=True)
class Case:
    """A filing that was started by `start`."""

    appid: str
    filing_id: str
    uid: str
    player: Player
    """The authority and the clock around it, where no command moves them."""


Begin = Callable[[], Awaitable[Case]]


@pytest.fixture(scope="session")
async def begin(running: Running) -> AsyncIterator[Begin]:
    """Starts a filing of a fresh mini program."""
    client = await connect(Settings(home=running.cli.home))
    skipper = TimeSkipper(client, config=SKIPPING)
    async with httpx.AsyncClient(base_url=running.info.authority, timeout=10) as control:

        async def start() -> Case:
            appid = fresh_appid()
            text = application(appid)
            printed = await running.cli.json("start", "-", stdin=text)
            [started] = printed["started"]
            assert started.keys() == {"filing_id", "uid", "file"}
            assert started["filing_id"] == f"filing-{appid}"
            handle = client.get_workflow_handle(
                started["filing_id"], first_execution_run_id=started["uid"]
            )
            parsed = parse_application(from_yaml(text, {}))
            assert isinstance(parsed, Application)
            player = Player(handle, parsed, skipper, control, lambda _: None)
            return Case(appid, started["filing_id"], started["uid"], player)

        yield start
