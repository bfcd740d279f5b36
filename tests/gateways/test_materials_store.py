"""The materials store: what went in comes out, whole, private, and of the bytes that were checked."""

import asyncio
import hashlib
import os
import stat
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from activities.ports import Materials
from filing.files import FileFacts
from gateways.discovery import ServiceUnreachable
from gateways.files import read_facts
from gateways.materials import (
    FileChanged,
    MaterialDamaged,
    MaterialMissing,
    MaterialsStore,
    key_of,
    materials_store,
)
from gateways.spool import MAX_BYTES, Spool, TooLarge
from settings import Settings, WrongSettings
from tests.stored import put


def png() -> bytes:
    stream = BytesIO()
    Image.new("L", (8, 9)).save(stream, "PNG")
    return stream.getvalue()


DATA = png()
HASH = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "materials"


@pytest.fixture
def store(folder: Path) -> MaterialsStore:
    return materials_store(Settings(home=folder.parent))


def everything(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")]


def stored(folder: Path) -> list[Path]:
    return [path for path in everything(folder) if path.is_file()]


async def test_what_is_put_can_be_read_and_described(store: MaterialsStore) -> None:
    port: Materials = store
    assert await put(store, DATA) == HASH
    assert await port.read(HASH) == DATA
    facts = await port.facts(HASH, "id-front.png")
    assert facts == FileFacts(
        file="id-front.png",
        sha256=HASH,
        media_type="image/png",
        size=len(DATA),
        width=8,
        height=9,
    )


async def test_only_its_owner_can_look_into_the_store(store: MaterialsStore, folder: Path) -> None:
    await put(store, DATA)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in everything(folder)}
    assert modes == {"materials": 0o700, HASH[:2]: 0o700, HASH: 0o600}


async def test_a_store_that_others_could_look_into_is_closed(
    tmp_path: Path,
) -> None:
    os.chmod(tmp_path, 0o755)  # noqa: PTH101
    await put(materials_store(Settings(materials_url=f"file://{tmp_path}")), DATA)
    assert stat.S_IMODE(everything(tmp_path)[0].stat().st_mode) == 0o700


async def test_the_same_content_is_stored_once(store: MaterialsStore, folder: Path) -> None:
    hashes = await asyncio.gather(*(put(store, DATA) for _ in range(8)))
    assert set(hashes) == {HASH}
    assert [path.name for path in stored(folder)] == [HASH]


async def test_damaged_content_is_told_and_healed_by_putting_it_again(
    store: MaterialsStore, folder: Path
) -> None:
    await put(store, DATA)
    (place,) = stored(folder)
    place.write_bytes(DATA[:-1])
    with pytest.raises(MaterialDamaged) as refusal:
        await store.read(HASH)
    assert refusal.value.sha256 == HASH
    assert (await store.facts(HASH, "a.png")).problem == "unreadable"
    await put(store, DATA)
    assert await store.read(HASH) == DATA


@pytest.mark.parametrize(
    "claimed", ["0" * 64, "", "../../etc/passwd", "/etc/passwd", HASH.upper(), HASH + "\n", "\x00"]
)
async def test_content_that_is_not_there_is_missing(store: MaterialsStore, claimed: str) -> None:
    await put(store, DATA)
    with pytest.raises(MaterialMissing) as refusal:
        await store.read(claimed)
    assert "passwd" not in str(refusal.value)
    assert (await store.facts(claimed, "a.png")).problem == "missing"


async def test_a_write_that_fails_leaves_nothing_behind(
    store: MaterialsStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ServiceUnreachable, match="No space"):
        await put(store, DATA)
    assert stored(folder) == []
    monkeypatch.undo()
    await put(store, DATA)
    assert await store.read(HASH) == DATA


async def test_the_content_is_on_the_disk_before_it_has_its_name(
    store: MaterialsStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[bool] = []
    real = os.fsync

    def watched(handle: int) -> None:
        named.append(any(path.name == HASH for path in stored(folder)))
        real(handle)

    monkeypatch.setattr(os, "fsync", watched)
    await put(store, DATA)
    # The file before the rename; then the two folders, so that the names last too.
    assert named == [False, True, True]


def test_too_much_is_refused_while_it_comes() -> None:
    with Spool() as content:
        content.add(bytes(MAX_BYTES))
        with pytest.raises(TooLarge):
            content.add(b"x")


async def test_stored_content_that_has_grown_is_read_no_further_than_the_limit(
    store: MaterialsStore, folder: Path
) -> None:
    await put(store, DATA)
    (place,) = stored(folder)
    with place.open("r+b") as stream:
        stream.truncate(100 * 1024 * 1024)
    with pytest.raises(MaterialDamaged):
        await store.read(HASH)


@pytest.mark.parametrize("instead", ["a folder", "a fifo", "a link"])
async def test_what_lies_in_the_place_of_content_is_not_opened(
    store: MaterialsStore, folder: Path, tmp_path: Path, instead: str
) -> None:
    await put(store, DATA)
    (place,) = stored(folder)
    place.unlink()
    if instead == "a folder":
        place.mkdir()
    elif instead == "a fifo":
        os.mkfifo(place)
    else:
        (tmp_path / "elsewhere").write_bytes(DATA)
        place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises((MaterialDamaged, ServiceUnreachable)):
        await store.read(HASH)


async def test_every_key_is_told(store: MaterialsStore, folder: Path) -> None:
    assert [key async for key in store.everything()] == []
    await put(store, DATA)
    (folder / "note.txt").write_text("not ours")
    assert {key async for key in store.everything()} == {key_of(HASH), "note.txt"}


@pytest.mark.parametrize("place", ["a file", "below a file"])
async def test_a_folder_that_cannot_be_one_is_a_wrong_setting(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    url = f"file://{tmp_path}/file" + ("/materials" if place == "below a file" else "")
    with pytest.raises(WrongSettings, match="BEIAN_MATERIALS_URL") as refusal:
        await materials_store(Settings(materials_url=url)).probe()
    assert str(tmp_path) not in str(refusal.value)


async def test_a_folder_is_made_where_it_is_missing(store: MaterialsStore, folder: Path) -> None:
    await store.probe()
    assert [stat.S_IMODE(path.stat().st_mode) for path in everything(folder)] == [0o700]


async def test_a_checked_file_is_stored(store: MaterialsStore, tmp_path: Path) -> None:
    (tmp_path / "id.png").write_bytes(DATA)
    checked = read_facts(tmp_path, "id.png")
    assert await store.put_file(tmp_path, checked) == checked
    assert await store.facts(HASH, "id.png") == checked


@pytest.mark.parametrize("change", ["other bytes", "gone", "a fifo", "a link out", "never read"])
async def test_a_file_that_changed_since_it_was_checked_is_not_stored(
    store: MaterialsStore, folder: Path, tmp_path: Path, change: str
) -> None:
    place = tmp_path / "application" / "id.png"
    place.parent.mkdir()
    place.write_bytes(DATA)
    checked = read_facts(place.parent, "id.png")
    place.unlink()
    if change == "other bytes":
        place.write_bytes(DATA + b" ")
    elif change == "a fifo":
        os.mkfifo(place)
    elif change == "a link out":
        (tmp_path / "outside.png").write_bytes(DATA)
        place.symlink_to(tmp_path / "outside.png")
    elif change == "never read":
        place.write_bytes(DATA)
        checked = FileFacts(file="id.png", problem="missing")
    with pytest.raises(FileChanged, match="between check and start") as refusal:
        await store.put_file(place.parent, checked)
    assert refusal.value.file == "id.png"
    assert stored(folder) == []
