"""The materials store's content in S3-compatible storage, by obstore (Apache's object_store).

Chosen over fsspec with s3fs: typed, one wheel without dependencies instead of botocore's six, and
an upload is whole or not there. Its `AWS_*` environment variables are the usual ones, endpoint
included; it reads no profile files.
"""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from gateways.discovery import ServiceUnreachable
from gateways.spool import CHUNK, Spool
from settings import S3Place, WrongSettings

_RETRIES = 3
_PATIENCE = timedelta(seconds=15)
"""How long the library itself tries again; after that it is for Temporal, or for a person."""
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if there is one)"
)

_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
"""What S3 calls its answer; the library has an exception of its own for few of them."""
_REFUSALS = frozenset(
    {
        "AccessDenied",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)

_P = ParamSpec("_P")
_T = TypeVar("_T")


class S3Objects:
    """Objects of a bucket, below a prefix. See `materials.Objects`."""

    def __init__(self, place: S3Place) -> None:
        """Raises `WrongSettings` where the environment's `AWS_*` cannot be right."""
        _check_endpoints()
        try:
            self._store = S3Store(
                place.bucket,
                prefix=place.prefix or None,
                # No client options: given any, the library takes none of them from the environment.
                retry_config={"max_retries": _RETRIES, "retry_timeout": _PATIENCE},
            )
        except (BaseError, ValueError):
            # Its own text repeats values.
            raise WrongSettings(
                "BEIAN_MATERIALS_URL: an AWS_* variable of the environment is not understood; "
                "check AWS_REGION, AWS_ENDPOINT_URL, AWS_CHECKSUM_ALGORITHM and the others of S3"
            ) from None

    async def probe(self) -> None:
        """Whether the bucket can be listed."""
        await self._call(next, iter(obstore.list(self._store, chunk_size=1)), None)

    async def write(self, key: str, content: Spool) -> None:
        """See `materials.Objects`. The bytes are signed with their hash, so that the storage
        refuses what was damaged on its way."""
        await self._call(obstore.put, self._store, key, content.open())

    async def chunks(self, key: str) -> AsyncGenerator[bytes]:
        """See `materials.Objects`."""
        found = await self._call(obstore.get, self._store, key)
        stream = found.stream(min_chunk_size=CHUNK)
        while (chunk := await self._call(next, stream, None)) is not None:
            yield bytes(chunk)

    async def keys(self) -> AsyncIterator[str]:
        """See `materials.Objects`."""
        pages = iter(obstore.list(self._store, chunk_size=1000))
        while (page := await self._call(next, pages, None)) is not None:
            for item in page:
                yield item["path"]

    @staticmethod
    async def _call(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        # In a thread, and not by the library's own coroutines: what still runs of these when the
        # interpreter ends can take the process down by SIGABRT (pyo3-async-runtimes#40; seen here
        # about once in ten short processes).
        with _explained():
            return await asyncio.to_thread(function, *args, **kwargs)


def _check_endpoints() -> None:
    """The library takes any text as an endpoint, and dies of it at the first request."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        text = os.environ.get(name)
        if not text:
            continue
        try:
            url = urlsplit(text)
            known = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
        except ValueError:
            known = False
            url = urlsplit("")
        if not known or "@" in url.netloc or url.query or url.fragment:
            raise WrongSettings(
                f"{name}: not the address of S3-compatible storage; write it as "
                "https://host:port, without user and password"
            )
        if url.scheme == "http" and os.environ.get("AWS_ALLOW_HTTP", "").lower() != "true":
            raise WrongSettings(
                f"{name}: http:// sends identity papers unencrypted; use https://, or set "
                "AWS_ALLOW_HTTP=true where nobody else is on the line"
            )


@contextmanager
def _explained() -> Iterator[None]:
    """The library's errors in our words: its own repeat addresses, headers and what was answered."""
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        found = _CODE.search(str(error))
        code = found[1] if found else type(error).__name__
        if code == "NoSuchBucket":
            raise WrongSettings(
                "BEIAN_MATERIALS_URL: the storage has no such bucket; make it first, or correct "
                "the name: s3://bucket/prefix"
            ) from None
        if isinstance(error, FileNotFoundError):
            raise
        if code in _REFUSALS or isinstance(error, PermissionDeniedError | UnauthenticatedError):
            raise WrongSettings(
                f"BEIAN_MATERIALS_URL: the storage refuses access ({code}); check {_CREDENTIALS}, "
                "and that they may list, read and write this bucket"
            ) from None
        raise ServiceUnreachable(
            f"the materials store (BEIAN_MATERIALS_URL) cannot be reached ({code}); are "
            f"AWS_ENDPOINT_URL, AWS_REGION, {_CREDENTIALS} set, and is the storage up?"
        ) from None
