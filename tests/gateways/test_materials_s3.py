"""The materials store in S3-compatible storage, over real HTTP."""

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateways.discovery import ServiceUnreachable
from gateways.materials import (
    MaterialDamaged,
    MaterialMissing,
    MaterialsStore,
    key_of,
    materials_store,
)
from settings import Settings, WrongSettings
from tests.s3_server import BUCKET, S3Server, s3_server
from tests.stored import put

ROOT = Path(__file__).parents[2]
URL = f"s3://{BUCKET}/papers/2026"
DATA = b"an identity paper"
HASH = hashlib.sha256(DATA).hexdigest()
KEY = f"papers/2026/{key_of(HASH)}"


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[S3Server]:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    async with s3_server() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def store(server: S3Server) -> MaterialsStore:
    return materials_store(Settings(materials_url=URL))


async def test_what_is_put_lies_under_its_hash_and_can_be_read(
    store: MaterialsStore, server: S3Server
) -> None:
    await store.probe()
    assert await put(store, DATA) == HASH
    assert server.objects == {KEY: DATA}
    assert await store.read(HASH) == DATA
    assert await store.check(HASH) == len(DATA)


@pytest.mark.parametrize("size", [0, 1, 3 * 1024 * 1024, 12 * 1024 * 1024])
async def test_content_of_any_size_comes_back_whole(store: MaterialsStore, size: int) -> None:
    data = os.urandom(size)  # the largest goes in parts
    assert await store.read(await put(store, data)) == data


async def test_the_same_content_is_sent_once(store: MaterialsStore, server: S3Server) -> None:
    await put(store, DATA)
    server.objects[KEY] = marked = bytes(DATA)
    await put(store, DATA)
    assert server.objects[KEY] is marked


async def test_damaged_content_is_told_and_healed_by_putting_it_again(
    store: MaterialsStore, server: S3Server
) -> None:
    await put(store, DATA)
    server.objects[KEY] = DATA[:-1]
    with pytest.raises(MaterialDamaged):
        await store.read(HASH)
    assert (await store.facts(HASH, "a.png")).problem == "unreadable"
    await put(store, DATA)
    assert await store.read(HASH) == DATA


@pytest.mark.parametrize("claimed", ["0" * 64, "", "../../secret", HASH.upper()])
async def test_content_that_is_not_there_is_missing(store: MaterialsStore, claimed: str) -> None:
    await put(store, DATA)
    with pytest.raises(MaterialMissing):
        await store.read(claimed)
    assert (await store.facts(claimed, "a.png")).problem == "missing"


async def test_keys_are_told_over_several_pages(store: MaterialsStore, server: S3Server) -> None:
    hashes = await asyncio.gather(*(put(store, bytes([n])) for n in range(8)))
    server.objects["another/prefix"] = b"not ours"
    assert sorted([key async for key in store.everything()]) == sorted(map(key_of, hashes))


async def test_a_bucket_that_does_not_exist_is_a_wrong_setting_and_no_missing_paper(
    server: S3Server,
) -> None:
    store = materials_store(Settings(materials_url="s3://no-such-bucket"))
    for attempt in (store.probe(), store.read(HASH), put(store, DATA)):
        with pytest.raises(WrongSettings, match="no such bucket"):
            await attempt


async def test_refused_credentials_are_a_wrong_setting_and_are_not_repeated(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAWRONG")
    store = materials_store(Settings(materials_url=URL))
    for attempt in (store.probe(), store.read(HASH), put(store, DATA)):
        with pytest.raises(WrongSettings, match="AWS_ACCESS_KEY_ID") as refusal:
            await attempt
        assert "AKIAWRONG" not in str(refusal.value)
        assert server.secret_key not in str(refusal.value)


async def test_storage_that_is_away_can_be_tried_again(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    store = materials_store(Settings(materials_url=URL))
    for attempt in (store.probe(), store.read(HASH), put(store, DATA)):
        with pytest.raises(ServiceUnreachable, match="materials store"):
            await attempt


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AWS_ENDPOINT_URL", "nonsense", "https://host:port"),
        ("AWS_ENDPOINT_URL", "https://", "https://host:port"),
        ("AWS_ENDPOINT_URL", "https://user:hunter2@host", "without user and password"),
        ("AWS_ENDPOINT_URL_S3", "https://host:99999", "https://host:port"),
        ("AWS_ENDPOINT", "ftp://host", "https://host:port"),
        ("AWS_ALLOW_HTTP", "false", "AWS_ALLOW_HTTP=true"),
        ("AWS_CHECKSUM_ALGORITHM", "crc0", "AWS_"),
    ],
)
async def test_a_wrong_variable_of_the_library_is_named(
    server: S3Server, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings, match=says) as refusal:
        materials_store(Settings(materials_url=URL))
    assert "hunter2" not in str(refusal.value)


async def test_a_process_of_another_home_reads_what_was_stored(
    store: MaterialsStore, server: S3Server, tmp_path: Path
) -> None:
    await put(store, DATA)
    reading = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, sys; from gateways.materials import materials_store; from settings import load;"
        f"sys.stdout.buffer.write(asyncio.run(materials_store(load()).read({HASH!r})))",
        cwd=ROOT,
        env={"BEIAN_HOME": str(tmp_path), "BEIAN_MATERIALS_URL": URL, **server.environment},
        stdout=subprocess.PIPE,
    )
    output, _ = await reading.communicate()
    assert output == DATA
