"""What files are found to be: by content, within limits, and never outside of their folder."""

import hashlib
import os
import struct
import threading
import time
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from filing.application import Application
from filing.files import FileFacts
from gateways import files, images
from gateways.files import read_facts, read_facts_all
from gateways.spool import MAX_BYTES, Spool


def image(form: str, size: tuple[int, int] = (72, 128), **options: object) -> bytes:
    stream = BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(stream, form, **options)
    return stream.getvalue()


PNG = image("PNG")
JPEG = image("JPEG")
PROGRESSIVE = image("JPEG", progressive=True)


def facts_of(file: str, data: bytes) -> FileFacts:
    with Spool() as content:
        content.add(data)
        return images.facts_of(file, content)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize(
    ("data", "media_type"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (PROGRESSIVE, "image/jpeg")],
    ids=["png", "jpeg", "progressive"],
)
def test_an_image_is_known_by_its_content(tmp_path: Path, data: bytes, media_type: str) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "licence.txt").write_bytes(data)
    facts = read_facts(tmp_path, "papers/licence.txt")
    assert facts.problem is None
    assert facts.file == "papers/licence.txt"
    assert facts.media_type == media_type
    assert (facts.width, facts.height) == (72, 128)
    assert facts.size == len(data)
    assert facts.sha256 == hashlib.sha256(data).hexdigest()


def test_a_pdf_is_known_without_being_opened(tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_bytes(b"%PDF-1.7 and so on")
    facts = read_facts(tmp_path, "letter.png")
    assert (facts.problem, facts.media_type, facts.width) == (None, "application/pdf", None)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nothing.png", "missing"),
        ("licence.png/below.png", "missing"),
        ("", "not_a_file"),
        (".", "not_a_file"),
        ("folder", "not_a_file"),
        ("fifo", "not_a_file"),
        ("empty.png", "empty"),
        ("large.png", "too_large"),
        ("text.png", "unreadable"),
        ("/etc/hostname", "outside_folder"),
        ("../secret.png", "outside_folder"),
        ("folder/../../secret.png", "outside_folder"),
        ("link-out.png", "outside_folder"),
        ("link-device", "outside_folder"),
        ("links-out/secret.png", "outside_folder"),
        ("link-round", "unreadable"),
        ("a\x00b", "unreadable"),
        ("x" * 300, "unreadable"),
        ("link-in.png", None),
    ],
    ids=repr,
)
def test_what_is_no_readable_file_of_the_folder_is_named(
    tmp_path: Path, name: str, problem: str | None
) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    folder = tmp_path / "application"
    (folder / "folder").mkdir(parents=True)
    (folder / "licence.png").write_bytes(PNG)
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("an image, honestly")
    with (folder / "large.png").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    os.mkfifo(folder / "fifo")
    (folder / "link-in.png").symlink_to("licence.png")
    (folder / "link-out.png").symlink_to(tmp_path / "secret.png")
    (folder / "link-device").symlink_to("/dev/zero")
    (folder / "links-out").symlink_to("..")
    (folder / "link-round").symlink_to("link-round")
    assert read_facts(folder, name).problem == problem


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "licence.png").write_bytes(PNG)
    (tmp_path / "licence.png").chmod(0)
    assert read_facts(tmp_path, "licence.png").problem == "unreadable"


@pytest.mark.parametrize(
    "data",
    [
        PNG[:-20],
        PNG[:20],
        JPEG[: len(JPEG) // 2],
        PROGRESSIVE[: len(PROGRESSIVE) // 2],
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["cut png", "png header", "cut jpeg", "cut progressive", "png magic"],
)
def test_a_damaged_image_is_unreadable(data: bytes) -> None:
    facts = facts_of("licence.png", data)
    assert facts.problem == "unreadable"
    assert facts.media_type is None
    assert facts.size == len(data)


# Pillow refuses the first, warns of the second, and would open the third.
@pytest.mark.parametrize("side", [60_000, 10_000, 7_100])
def test_a_decompression_bomb_is_refused_unopened(side: int) -> None:
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
        + png_chunk(b"IEND", b"")
    )
    assert facts_of("bomb.png", bomb).problem == "too_many_pixels"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (image("GIF"), "image/gif"),
        (image("BMP"), "image/bmp"),
        (image("TIFF"), "image/tiff"),
        (image("WEBP"), "image/webp"),
        (b"\0\0\0\x24ftypheic\0\0\0\0", "image/heic"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "video/mp4"),
    ],
    ids=["gif", "bmp", "tiff", "webp", "heic", "mp4"],
)
def test_what_is_not_taken_is_told_by_its_name(data: bytes, media_type: str) -> None:
    facts = facts_of("licence.jpg", data)
    assert (facts.problem, facts.media_type, facts.width) == (None, media_type, None)


def test_a_png_whose_pixels_end_early_is_unreadable() -> None:
    rows = zlib.compress(bytes(range(217)) * 128)[:150]  # whole chunks, right checksums
    short = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 72, 128, 8, 2, 0, 0, 0))
        + png_chunk(b"IDAT", rows)
        + png_chunk(b"IEND", b"")
    )
    assert facts_of("short.png", short).problem == "unreadable"


def test_an_animated_picture_is_refused() -> None:
    stream = BytesIO()
    frames = [Image.new("RGB", (72, 128), color) for color in ("red", "blue")]
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    assert facts_of("moving.png", stream.getvalue()).problem == "animated"


def test_a_phone_s_photo_with_a_preview_is_a_jpeg() -> None:
    stream = BytesIO()
    photo = Image.new("RGB", (720, 1280))
    photo.save(stream, "MPO", save_all=True, append_images=[Image.new("RGB", (72, 128))])
    facts = facts_of("photo.jpg", stream.getvalue())
    assert (facts.problem, facts.media_type) == (None, "image/jpeg")


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize(("orientation", "sides"), [(1, (72, 128)), (3, (72, 128)), (6, (128, 72))])
def test_sides_are_those_that_a_viewer_shows(
    form: str, orientation: int, sides: tuple[int, int]
) -> None:
    stream = BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.new("RGB", (72, 128)).save(stream, form, exif=exif)
    facts = facts_of("photo", stream.getvalue())
    assert (facts.problem, facts.width, facts.height) == (None, *sides)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "licence.png").write_bytes(PNG + bytes(8 * 1024 * 1024))
    stop = threading.Event()

    def write_on() -> None:
        with (tmp_path / "licence.png").open("ab", buffering=0) as stream:
            while not stop.is_set() and stream.tell() < MAX_BYTES - 1:
                stream.write(b"x")

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        # On a busy machine the writer may rest for as long as one reading takes.
        until = time.monotonic() + 30
        while read_facts(tmp_path, "licence.png").problem != "changing":
            assert time.monotonic() < until
    finally:
        stop.set()
        writer.join()


def test_a_folder_that_becomes_a_link_out_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "licence.png").write_bytes(PNG)
    folder = tmp_path / "application"
    (folder / "papers").mkdir(parents=True)
    (folder / "papers" / "licence.png").write_bytes(PNG)
    assert read_facts(folder, "papers/licence.png").problem is None
    real = files._open_below

    def exchanged(root: Path, parts: tuple[str, ...]) -> int:
        (folder / "papers").rename(folder / "aside")
        (folder / "papers").symlink_to(tmp_path / "secret")
        return real(root, parts)

    monkeypatch.setattr(files, "_open_below", exchanged)
    assert read_facts(folder, "papers/licence.png").problem in {"missing", "unreadable"}


def test_a_file_of_100_mb_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "large.png").open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)
    tracemalloc.start()
    try:
        assert read_facts(tmp_path, "large.png").problem == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


@settings(deadline=None)  # a busy machine is slow
@given(at=st.integers(0, len(JPEG) - 1), byte=st.integers(0, 255), png=st.booleans())
def test_a_changed_byte_never_raises(at: int, byte: int, png: bool) -> None:
    data = bytearray(PNG if png else JPEG)
    data[at % len(data)] = byte
    assert facts_of("changed", bytes(data)).problem in {
        None,
        "unreadable",
        "too_many_pixels",
    }


@settings(deadline=None)  # a busy machine is slow
@given(st.binary(max_size=200))
def test_any_bytes_have_facts(data: bytes) -> None:
    for magic in (b"", PNG[:33], JPEG[:24]):
        facts_of("any", magic + data)


def test_every_file_of_an_application_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "licence.png").write_bytes(PNG)
    materials = [
        {"type": "subject_certificate", "file": "licence.png"},
        {"type": "other", "file": "licence.png"},
        {"type": "other", "file": "gone.png"},
    ]
    application = Application.model_validate({**_application(), "materials": materials})
    read: list[str] = []
    real = files.copy_into

    def watched(content: Spool, folder: Path, name: str) -> None:
        read.append(name)
        real(content, folder, name)

    monkeypatch.setattr(files, "copy_into", watched)
    facts = read_facts_all(tmp_path, application)
    assert {name: found.problem for name, found in facts.items()} == {
        "licence.png": None,
        "gone.png": "missing",
    }
    assert read == ["licence.png", "gone.png"]


def _application() -> dict[str, object]:
    person = {
        "name": "王芳",
        "certificate": {
            "type": "resident_id",
            "number": "n",
            "valid_from": "2020-01-01",
            "valid_to": "长期",
        },
        "mobile": "m",
        "email": "e",
        "emergency_mobile": "m",
    }
    return {
        "kind": "new",
        "mini_program": {
            "appid": "wx1a2b3c4d5e6f7a8b",
            "name": "昆山示例商城",
            "remark": "r",
            "service_contents": ["ecommerce"],
            "principal": person,
        },
        "subject": {
            "type": "enterprise",
            "name": "苏州示例信息技术有限公司",
            "certificate": {"type": "business_licence", "number": "n", "address": "a"},
            "province": "江苏省",
            "city": "苏州市",
            "district": "昆山市",
            "address": "a",
            "principal": person,
        },
        "contact": {"email": "e"},
    }
