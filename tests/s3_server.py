"""A small S3-compatible server over real HTTP: what the materials store asks of one, and no more.

Not a mock of the library: it answers requests as the S3 API reference words them. It holds one
bucket in memory, refuses another key than its own, and verifies the hash that a request is signed
with. Of ready-made ones, moto's server would bring 55 packages and 300 MB into the lock.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.server import serve

BUCKET = "beian-test"
PAGE = 3
"""Keys of one page of a list; the real one gives 1000."""


@dataclass
class S3Server:
    """What it holds by key, and the keys of every object that was asked for."""

    endpoint: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    access_key: ClassVar[str] = "AKIATEST"
    secret_key: ClassVar[str] = "not-a-secret"

    @property
    def environment(self) -> dict[str, str]:
        """What leads the library here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    async def answer(self, request: Request) -> Response:
        """Every request of the API."""
        body = await request.body()
        signed = request.headers.get("x-amz-content-sha256")
        if f"Credential={self.access_key}/" not in request.headers.get("authorization", ""):
            return _error(403, "InvalidAccessKeyId")
        if signed != hashlib.sha256(body).hexdigest():
            return _error(400, "XAmzContentSHA256Mismatch")
        if request.path_params["bucket"] != BUCKET:
            return _error(404, "NoSuchBucket")
        key = request.path_params.get("key", "")
        if not key:
            return self._list(request)
        if "uploads" in request.query_params or "uploadId" in request.query_params:
            return self._multipart(request, key, body)
        if request.method == "PUT":
            self.objects[key] = body
            return Response(headers={"ETag": _etag(body)})
        self.asked.append(key)
        if key not in self.objects:
            return _error(404, "NoSuchKey")
        found = self.objects[key]
        return Response(
            found,
            headers={"ETag": _etag(found), "Last-Modified": "Tue, 24 Nov 2026 02:00:00 GMT"},
        )

    def _multipart(self, request: Request, key: str, body: bytes) -> Response:
        asked = request.query_params
        if "uploads" in asked:
            name = secrets.token_hex(8)
            self.uploads[name] = {}
            return _xml("InitiateMultipartUploadResult", f"<UploadId>{name}</UploadId>")
        parts = self.uploads[asked["uploadId"]]
        if request.method == "PUT":
            parts[int(asked["partNumber"])] = body
            return Response(headers={"ETag": _etag(body)})
        del self.uploads[asked["uploadId"]]
        if request.method == "DELETE":
            return Response(status_code=204)
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        etag = _etag(self.objects[key])
        return _xml("CompleteMultipartUploadResult", f"<ETag>{escape(etag)}</ETag>")

    def _list(self, request: Request) -> Response:
        asked = request.query_params
        after = asked.get("continuation-token", "")
        keys = sorted(
            k for k in self.objects if k.startswith(asked.get("prefix", "")) and k > after
        )
        page, rest = keys[:PAGE], keys[PAGE:]
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size>"
            f"<LastModified>2026-11-24T02:00:00.000Z</LastModified></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        truncated = str(bool(rest)).lower()
        return _xml("ListBucketResult", f"<IsTruncated>{truncated}</IsTruncated>{token}{items}")


@asynccontextmanager
async def s3_server() -> AsyncIterator[S3Server]:
    """A server with an empty bucket `BUCKET`, on a port of its own."""
    server = S3Server()
    methods = ["GET", "HEAD", "PUT", "POST", "DELETE"]
    routes = [
        Route("/{bucket}/{key:path}", server.answer, methods=methods),
        Route("/{bucket}", server.answer, methods=methods),
    ]
    async with serve(Starlette(routes=routes)) as server.endpoint:
        yield server


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


def _xml(root: str, content: str) -> Response:
    return Response(
        f'<?xml version="1.0"?><{root}>{content}</{root}>', media_type="application/xml"
    )


def _error(status: int, code: str) -> Response:
    answer = _xml("Error", f"<Code>{code}</Code><Message>{code}</Message>")
    answer.status_code = status
    return answer
