"""The form of the authority's answers: HTTP 200 with JSON, refusals too."""

import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse


class Refusal(Exception):
    """An answer other than errcode 0."""

    def __init__(self, code: int, text: str, **more: Any) -> None:
        super().__init__(code)
        self.code, self.text, self.more = code, text, more


def answer(code: int = 0, text: str = "ok", **more: Any) -> JSONResponse:
    """A reply in the authority's form; a refusal carries a request id in its text."""
    suffix = f" rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}" if code else ""
    return JSONResponse({"errcode": code, "errmsg": text + suffix, **more})


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; what is none is refused with 47001."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refusal(47001, "data format error") from None
    if not isinstance(body, dict):
        raise Refusal(47001, "data format error")
    return body
