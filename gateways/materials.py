"""The materials store: a folder of files by content, named by their SHA-256.

Identity papers lie here: the folder is of mode 0700, its files of mode 0600. A file is written under
a temporary name, flushed to the disk and then renamed, so that what has its final name is whole.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from pathlib import Path

from filing.files import FileFacts
from gateways.files import MAX_BYTES, FileProblem, facts_of, read_bytes

SHA256 = re.compile(r"[0-9a-f]{64}")


class MaterialUnavailable(Exception):
    """The store cannot give the content. The text holds its hash and nothing else."""

    def __init__(self, sha256: str, reason: str) -> None:
        super().__init__(f"material {sha256}: {reason}")
        self.sha256 = sha256


class MaterialMissing(MaterialUnavailable):
    """The store has no such content."""


class MaterialDamaged(MaterialUnavailable):
    """The bytes stored under the hash are others."""


class FileChanged(Exception):
    """A file is no longer what was checked. `file` is its name in the application."""

    def __init__(self, file: str) -> None:
        super().__init__("a file changed between check and start; check the application again")
        self.file = file


class MaterialsStore:
    """Files by content, in a folder of their own. Implements the port `Materials`.

    Its methods raise `OSError` where the folder cannot be used or the disk is full: trying again
    may help.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes) -> str:
        """Store bytes, on the disk when this returns. Gives their SHA-256 (64 hex digits).

        Raises `ValueError` for more than `MAX_BYTES`.
        """
        if len(data) > MAX_BYTES:
            raise ValueError(f"a material has at most {MAX_BYTES} bytes, not {len(data)}")
        return await asyncio.to_thread(self._put, data)

    async def put_file(self, folder: Path, checked: FileFacts) -> FileFacts:
        """Store the file of an application's folder whose facts were checked before.

        Gives those facts. Raises `FileChanged` where its bytes are no longer those that were
        checked, or cannot be read any more.
        """
        return await asyncio.to_thread(self._put_file, folder, checked)

    async def facts(self, sha256: str, file: str) -> FileFacts:
        """Facts of stored content; `problem` is `missing` where the store does not have it and
        `unreadable` where its bytes are no longer those of its name."""
        try:
            data = await self.read(sha256)
        except MaterialMissing:
            return FileFacts(file=file, problem="missing")
        except MaterialDamaged:
            return FileFacts(file=file, problem="unreadable")
        return await asyncio.to_thread(facts_of, file, data)

    async def read(self, sha256: str) -> bytes:
        """The bytes, checked against their hash. Raises `MaterialMissing`, `MaterialDamaged`."""
        return await asyncio.to_thread(self._read, sha256)

    def _put_file(self, folder: Path, checked: FileFacts) -> FileFacts:
        try:
            data = read_bytes(folder, checked.file)
        except FileProblem:
            raise FileChanged(checked.file) from None
        if hashlib.sha256(data).hexdigest() != checked.sha256:
            raise FileChanged(checked.file)
        self._put(data)
        return checked

    def _put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            self._read(sha256)
        except MaterialUnavailable:
            self._write(data, self._place(sha256))
        return sha256

    def _read(self, sha256: str) -> bytes:
        # An application can claim any text as a hash: nothing else may become a path.
        if SHA256.fullmatch(sha256) is None:
            raise MaterialMissing("(not a hash)", "not in the store")
        try:
            data = self._place(sha256).read_bytes()
        except FileNotFoundError:
            raise MaterialMissing(sha256, "not in the store") from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise MaterialDamaged(sha256, "its bytes have changed")
        return data

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _write(self, data: bytes, place: Path) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)  # also where somebody else made it, or the mask was odd
        place.parent.mkdir(mode=0o700, exist_ok=True)
        # Made with mode 0600 in the same folder: a rename across file systems would be a copy.
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".incoming-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
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
