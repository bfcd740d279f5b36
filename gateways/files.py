"""What the files of an application are: read once, with limits, without ever waiting or leaving.

An application names files by paths that somebody else wrote. Nothing outside the application's
folder is opened, nothing that is not a plain file (a FIFO would wait for ever), and nothing is
believed of a name: the type is read from the content (`images.py`).
"""

import os
import stat
from pathlib import Path, PurePosixPath

from filing.application import Application
from filing.files import FileFacts
from gateways.images import facts_of
from gateways.spool import CHUNK, MAX_BYTES, Spool, TooLarge

_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
"""A link is not followed, and a FIFO is not waited for."""


class FileProblem(Exception):
    """A file's bytes cannot be had. `code` is one of `FileFacts.problem`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_facts(folder: Path, file: str) -> FileFacts:
    """What the file of that name in the application's folder is. Never raises for what it finds."""
    with Spool() as content:
        try:
            copy_into(content, folder, file)
        except FileProblem as error:
            return FileFacts(file=file, problem=error.code)
        return facts_of(file, content)


def read_facts_all(folder: Path, application: Application) -> dict[str, FileFacts]:
    """Facts of every file that the application's materials name, by that name; each read once."""
    names = dict.fromkeys(material.file for material in application.materials)
    return {name: read_facts(folder, name) for name in names}


def copy_into(content: Spool, folder: Path, file: str) -> None:
    """Copy a plain file inside the folder, at most `MAX_BYTES`. Raises `FileProblem`."""
    try:
        _copy(content, folder, file)
    except TooLarge:
        raise FileProblem("too_large") from None
    except (FileNotFoundError, NotADirectoryError):
        raise FileProblem("missing") from None
    except (OSError, ValueError):
        # No permission, a broken disk, a name too long or with a NUL in it.
        raise FileProblem("unreadable") from None


def _copy(content: Spool, folder: Path, file: str) -> None:
    root, parts = _inside(folder, file)
    # Looked at before it is opened: opening a device can do something by itself.
    if not stat.S_ISREG(root.joinpath(*parts).stat().st_mode):
        raise FileProblem("not_a_file")
    handle = _open_below(root, parts)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise FileProblem("not_a_file")
        if found.st_size > MAX_BYTES:
            raise FileProblem("too_large")
        if not found.st_size:
            raise FileProblem("empty")
        while content.size <= found.st_size and (chunk := os.read(handle, CHUNK)):
            content.add(chunk)
        left = os.fstat(handle)
    finally:
        os.close(handle)
    if (content.size, left.st_size, left.st_mtime_ns) != (
        found.st_size,
        found.st_size,
        found.st_mtime_ns,
    ):
        raise FileProblem("changing")


def _inside(folder: Path, file: str) -> tuple[Path, tuple[str, ...]]:
    """The folder and the way to the file in it, without links. Raises `FileProblem` where the name
    leads out of it."""
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
    return root, path.relative_to(root).parts


def _open_below(root: Path, parts: tuple[str, ...]) -> int:
    """Open step by step, no step a link: any part of a path may have been exchanged for one since
    it was resolved."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for depth, part in enumerate(parts, start=1):
        try:
            flags = _OPEN | (os.O_DIRECTORY if depth < len(parts) else 0)
            below = os.open(part, flags, dir_fd=here)
        finally:
            os.close(here)
        here = below
    return here
