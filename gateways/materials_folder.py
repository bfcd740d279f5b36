"""The materials store's content in a folder of this machine.

Our own code, and not the object-store library that serves S3 (`materials_s3.py`): its local store
makes folders of mode 0755 and files of mode 0644, and never flushes them to the disk (obstore
0.12). Here the folder is of mode 0700, its files of mode 0600; a file is written under a temporary
name, flushed to the disk and then renamed, so that what has its final name is whole, and stays.
"""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateways.discovery import ServiceUnreachable
from gateways.spool import CHUNK, Spool
from settings import WrongSettings

_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderObjects:
    """Objects as files of a folder, which is made when it is needed. See `materials.Objects`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def probe(self) -> None:
        """Raises `WrongSettings` where the folder cannot be made or written."""
        try:
            await asyncio.to_thread(self._make)
            usable = os.access(self._folder, os.R_OK | os.W_OK | os.X_OK)
        except OSError:
            usable = False
        if not usable:
            raise WrongSettings(
                "BEIAN_MATERIALS_URL, or else BEIAN_HOME: the folder of the materials store cannot "
                "be made, or not be written; name one that this user may write, as in "
                "file:///srv/beian/materials"
            )

    async def write(self, key: str, content: Spool) -> None:
        """See `materials.Objects`."""
        with _explained():
            await asyncio.to_thread(self._write, self._folder / key, content)

    async def chunks(self, key: str) -> AsyncGenerator[bytes]:
        """See `materials.Objects`."""
        with _explained():
            handle = await asyncio.to_thread(os.open, self._folder / key, _OPEN)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    return  # a folder, or a FIFO: nothing that was stored, so no bytes of it
                while chunk := await asyncio.to_thread(os.read, handle, CHUNK):
                    yield chunk
            finally:
                os.close(handle)

    async def keys(self) -> AsyncIterator[str]:
        """See `materials.Objects`."""
        with _explained():
            for key in await asyncio.to_thread(self._keys):
                yield key

    def _keys(self) -> list[str]:
        return [
            (Path(folder) / name).relative_to(self._folder).as_posix()
            for folder, _, names in os.walk(self._folder)
            for name in names
        ]

    def _make(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)  # also where somebody else made it, or the mask was odd

    def _write(self, place: Path, content: Spool) -> None:
        self._make()
        place.parent.mkdir(mode=0o700, exist_ok=True)
        # Made with mode 0600 in the same folder: a rename across file systems would be a copy.
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".incoming-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                shutil.copyfileobj(content.open(), stream, CHUNK)
                stream.flush()
                os.fsync(handle)
            temporary.replace(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        # The names themselves: the file's in its folder, that folder's in the store.
        for folder in (place.parent, self._folder):
            _flush(folder)


def _flush(folder: Path) -> None:
    """Make the folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ServiceUnreachable(
            f"the folder of the materials store cannot be used ({error.strerror}); has it space, "
            "and may this user write it? then try again"
        ) from error
