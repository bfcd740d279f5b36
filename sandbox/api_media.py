"""Materials (reference section 4)."""

import base64
import time

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from sandbox.checks import VIDEO_FIELD, is_certificate, media_field
from sandbox.replies import Refusal, answer
from sandbox.state import Sandbox

MEDIA_LIMIT = 10 * 1024 * 1024
"""Bytes of one upload. The real limit was not found: this one only keeps memory bounded."""
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_VIDEO_MARK = b"ftyp"
"""What an MP4 file has at its fifth byte."""

PLACEHOLDER_IMAGE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI///////////////////////////"
    "/////////////////////////wAALCAAIAAgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAg"
    "EDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q"
    "0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXG"
    "x8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AJ6//9k="
)
PLACEHOLDER_VIDEO = b"\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom"
"""What is given back for an upload: identity papers are not kept, so never the file itself."""


async def upload(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """Take a file; whether its certificate type is the right one is judged at apply."""
    async with request.form(max_files=1, max_fields=10) as form:
        kind, field, media = form.get("type"), form.get("icp_order_field"), form.get("media")
        if not isinstance(kind, str) or kind not in ("image", "video"):
            raise Refusal(40097, "invalid args: type")
        plain = media_field(field) if isinstance(field, str) else None
        if plain is None:
            raise Refusal(40097, "invalid args: icp_order_field")
        if (kind == "video") != plain.endswith(VIDEO_FIELD):
            raise Refusal(40004, "invalid media type")
        if not isinstance(media, UploadFile):
            raise Refusal(40097, "invalid args: media")
        certificate = form.get("certificate_type")
        if certificate is None and is_certificate(plain):
            raise Refusal(40097, "invalid args: certificate_type")
        if certificate is not None and not (isinstance(certificate, str) and certificate.isdigit()):
            raise Refusal(40097, "invalid args: certificate_type")
        data = await media.read(MEDIA_LIMIT + 1)
    right = data.startswith(_IMAGES) if kind == "image" else data[4:8] == _VIDEO_MARK
    if not right:
        raise Refusal(40004, "invalid media type")
    if len(data) > MEDIA_LIMIT:
        raise Refusal(86201, "upload icp media fail")
    number = int(certificate) if certificate else None
    media_id = sandbox.orders.add_media(appid, plain, number, kind)
    return answer(type=kind, media_id=media_id, created_at=int(time.time()))


async def fetch(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """A placeholder of the right kind for what was uploaded."""
    media_id = request.query_params.get("media_id", "")
    kind = sandbox.orders.media_kind(appid, media_id)
    if kind is None:
        raise Refusal(86205, "invalid media_id")
    if kind == "video":
        return Response(PLACEHOLDER_VIDEO, media_type="video/mp4")
    return Response(PLACEHOLDER_IMAGE, media_type="image/jpeg")
