"""A private copy of bytes on their way from somewhere else: hashed and bounded while they come."""

import hashlib
import tempfile
from types import TracebackType
from typing import BinaryIO, Self, cast

MAX_BYTES = 20 * 1024 * 1024
"""The largest file that is read, and the largest that is stored."""

CHUNK = 1024 * 1024
"""Bytes that are read in one go."""

IN_MEMORY = 2 * 1024 * 1024
"""Bytes of one copy that stay in memory: what passes the checks is not larger."""


class TooLarge(Exception):
    """More than `MAX_BYTES` came; what had come before is of no use."""


class Spool:
    """Bytes that nobody else can change any more, as in `with Spool() as copy: copy.add(chunk)`.

    What is judged, hashed and stored is this one copy: the file that it came from may be another
    one a moment later. More than `IN_MEMORY` bytes go to a file that has no name and is gone when
    the copy is closed, even by a kill.
    """

    def __init__(self) -> None:
        self.size = 0
        """Bytes so far."""
        self._hash = hashlib.sha256()
        self._bytes = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115

    def add(self, chunk: bytes) -> None:
        """Append. Raises `TooLarge` at the first byte too many."""
        self.size += len(chunk)
        if self.size > MAX_BYTES:
            raise TooLarge
        self._hash.update(chunk)
        self._bytes.write(chunk)

    @property
    def sha256(self) -> str:
        """Of what came so far, 64 hex digits."""
        return self._hash.hexdigest()

    def open(self) -> BinaryIO:
        """The bytes from their beginning. It is one stream: what read it before has lost its place."""
        self._bytes.seek(0)
        return cast(BinaryIO, self._bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._bytes.close()
