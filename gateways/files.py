"""What the files of an application are: read once, with limits, without ever waiting or leaving.

An application names files by paths that somebody else wrote. Nothing outside the application's
folder is opened, nothing that is not a plain file (a FIFO would wait for ever), and nothing is
believed of a name: the type is read from the content.
"""

import hashlib
import os
import stat
import warnings
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image

from filing.application import Application
from filing.files import FileFacts

MAX_BYTES = 20 * 1024 * 1024
"""The largest file that is read."""
IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg"}
"""What Pillow calls what we take. MPO is a JPEG that a phone added a preview to."""
PDF_MAGIC = b"%PDF-"

# Pillow warns above `Image.MAX_IMAGE_PIXELS` and refuses above twice that; we refuse at once. For
# the whole process: warnings cannot be turned into errors for one thread alone.
warnings.simplefilter("error", Image.DecompressionBombWarning)


class FileProblem(Exception):
    """A file's bytes cannot be had. `code` is one of `FileFacts.problem`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_facts(folder: Path, file: str) -> FileFacts:
    """What the file of that name in the application's folder is. Never raises for what it finds."""
    try:
        data = read_bytes(folder, file)
    except FileProblem as error:
        return FileFacts(file=file, problem=error.code)
    return facts_of(file, data)


def read_facts_all(folder: Path, application: Application) -> dict[str, FileFacts]:
    """Facts of every file that the application's materials name, by that name; each read once."""
    names = dict.fromkeys(material.file for material in application.materials)
    return {name: read_facts(folder, name) for name in names}


def facts_of(file: str, data: bytes) -> FileFacts:
    """Facts of content that has been read; `file` is only passed on."""
    if not data:
        return FileFacts(file=file, problem="empty", size=0)
    sha256 = hashlib.sha256(data).hexdigest()
    if data.startswith(PDF_MAGIC):
        return FileFacts(file=file, sha256=sha256, media_type="application/pdf", size=len(data))
    try:
        media_type, width, height = _image(data)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return FileFacts(file=file, problem="too_large", sha256=sha256, size=len(data))
    except Exception:  # noqa: BLE001 — a decoder fed with strangers' bytes raises anything
        return FileFacts(file=file, problem="unreadable", sha256=sha256, size=len(data))
    return FileFacts(
        file=file,
        sha256=sha256,
        media_type=media_type,
        size=len(data),
        width=width,
        height=height,
    )


def read_bytes(folder: Path, file: str) -> bytes:
    """The bytes of a plain file inside the folder, at most `MAX_BYTES`. Raises `FileProblem`."""
    path = _inside(folder, file)
    try:
        # Looked at before it is opened: opening a device can do something by itself.
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileProblem("not_a_file")
        # It may have been replaced since: a link is not followed, and a FIFO is not waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise FileProblem("not_a_file")
            if found.st_size > MAX_BYTES:
                raise FileProblem("too_large")
            data = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise FileProblem("missing") from None
    except (OSError, ValueError):
        # No permission, a broken disk, a name too long or with a NUL in it.
        raise FileProblem("unreadable") from None
    if len(data) > MAX_BYTES:
        raise FileProblem("too_large")
    if not data:
        raise FileProblem("empty")
    return data


def _inside(folder: Path, file: str) -> Path:
    """Where the name leads, links followed. Raises `FileProblem` where that is not in the folder."""
    name = PurePosixPath(file)
    if name.is_absolute() or ".." in name.parts:
        raise FileProblem("outside_folder")
    try:
        path = (folder / name).resolve()
        root = folder.resolve()
    except (OSError, RuntimeError, ValueError):
        # Links that lead in a circle, a NUL in the name, a name that the file system cannot hold.
        raise FileProblem("unreadable") from None
    if not path.is_relative_to(root):
        raise FileProblem("outside_folder")
    return path


def _image(data: bytes) -> tuple[str, int, int]:
    """Type, width and height in pixels, once the whole image has proved readable."""
    formats = ("PNG", "JPEG")
    with Image.open(BytesIO(data), formats=formats) as image:
        media_type = IMAGE_TYPES[image.format or ""]
        width, height = image.size
        if media_type == "image/png":
            image.verify()  # every chunk's checksum, without unpacking a single pixel
        else:
            # At an eighth of the scale all of the file is still read, in a 64th of the memory.
            image.draft(image.mode, (max(1, width // 8), max(1, height // 8)))
            image.load()
    return media_type, width, height
