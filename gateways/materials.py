"""The materials store: content under the name of its SHA-256, in a folder or in S3-compatible storage.

Identity papers lie here. Content is streamed, bounded, and checked against its name whenever it is
read; where it lies is behind `Objects`: `materials_folder.py`, or `materials_s3.py` for a worker on
another machine.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from filing.files import FileFacts
from gateways.files import FileProblem, copy_into
from gateways.images import facts_of
from gateways.materials_folder import FolderObjects
from gateways.spool import Spool, TooLarge
from settings import Settings

SHA256 = re.compile(r"[0-9a-f]{64}")


class Objects(Protocol):
    """Where bytes lie under keys such as `ab/abcd…`, two levels deep.

    Every method raises `ServiceUnreachable` where trying again may help, and `WrongSettings` where
    `BEIAN_MATERIALS_URL` or what belongs to it has to be changed; no text holds a credential.
    """

    async def probe(self) -> None:
        """Whether it can be used at all: raises where it cannot."""
        ...

    async def write(self, key: str, content: Spool) -> None:
        """Whole or not at all, in place of what was there, and lasting when this returns."""
        ...

    def chunks(self, key: str) -> AsyncGenerator[bytes]:
        """The bytes in order. Raises `FileNotFoundError`."""
        ...

    def keys(self) -> AsyncIterator[str]:
        """Every key there is, in no order, also of what is not ours."""
        ...


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
    """Files by content. Implements the port `Materials`, and raises what `Objects` do."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def probe(self) -> None:
        """Raises `ServiceUnreachable` or `WrongSettings` where the store cannot be used."""
        await self._objects.probe()

    async def put(self, content: Spool) -> str:
        """Store it, for good when this returns. Gives its SHA-256 (64 hex digits)."""
        sha256 = content.sha256
        try:
            await self.check(sha256)
        except MaterialUnavailable:
            await self._objects.write(key_of(sha256), content)
        return sha256

    async def put_file(self, folder: Path, checked: FileFacts) -> FileFacts:
        """Store the file of an application's folder whose facts were checked before.

        Gives those facts. Raises `FileChanged` where its bytes are no longer those that were
        checked, or cannot be read any more.
        """
        with Spool() as content:
            try:
                await asyncio.to_thread(copy_into, content, folder, checked.file)
            except FileProblem:
                raise FileChanged(checked.file) from None
            if content.sha256 != checked.sha256:
                raise FileChanged(checked.file)
            await self.put(content)
        return checked

    async def facts(self, sha256: str, file: str) -> FileFacts:
        """Facts of stored content; `problem` is `missing` where the store does not have it and
        `unreadable` where its bytes are no longer those of its name."""
        with Spool() as content:
            try:
                await self._read(sha256, content)
            except MaterialMissing:
                return FileFacts(file=file, problem="missing")
            except MaterialDamaged:
                return FileFacts(file=file, problem="unreadable")
            return await asyncio.to_thread(facts_of, file, content)

    async def read(self, sha256: str) -> bytes:
        """The bytes, checked against their hash, at most `MAX_BYTES`. Raises `MaterialMissing`,
        `MaterialDamaged`."""
        with Spool() as content:
            await self._read(sha256, content)
            return content.open().read()

    async def check(self, sha256: str) -> int:
        """Read all of it; gives its size in bytes. Raises `MaterialMissing`, `MaterialDamaged`."""
        with Spool() as content:
            await self._read(sha256, content)
            return content.size

    def everything(self) -> AsyncIterator[str]:
        """Every key of the storage, in no order; of what is stored here it is `key_of` its hash."""
        return self._objects.keys()

    async def _read(self, sha256: str, content: Spool) -> None:
        # An application can claim any text as a hash: nothing else may become a path.
        if SHA256.fullmatch(sha256) is None:
            raise MaterialMissing("(not a hash)", "not in the store")
        try:
            async with aclosing(self._objects.chunks(key_of(sha256))) as chunks:
                async for chunk in chunks:
                    content.add(chunk)
        except FileNotFoundError:
            raise MaterialMissing(sha256, "not in the store") from None
        except TooLarge:
            raise MaterialDamaged(sha256, "its bytes have changed") from None
        if content.sha256 != sha256:
            raise MaterialDamaged(sha256, "its bytes have changed")


def key_of(sha256: str) -> str:
    """Where content lies in the storage: its hash, below the first two digits of it."""
    return f"{sha256[:2]}/{sha256}"


def hash_of(key: str) -> str | None:
    """The hash of what lies under a key; None where nothing of ours can lie there."""
    sha256 = key.rpartition("/")[2]
    return sha256 if SHA256.fullmatch(sha256) and key == key_of(sha256) else None


def materials_store(settings: Settings) -> MaterialsStore:
    """The store that is set. Raises `WrongSettings`; what it names is looked at by `probe` only."""
    place = settings.materials_place
    if isinstance(place, Path):
        return MaterialsStore(FolderObjects(place))
    from gateways.materials_s3 import S3Objects  # loads a library that a folder does not need

    return MaterialsStore(S3Objects(place))
