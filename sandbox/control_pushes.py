"""The control API for what the platform pushes."""

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.control_input import Problems, Unknown, controlled, page, read_object
from sandbox.crypto import CALLBACK_TOKEN, ENCODING_AES_KEY, aes_key
from sandbox.pushes import Callback
from sandbox.state import sandbox_of

PAGE, LONGEST_PAGE = 100, 1000


def _shown(callback: Callback | None) -> dict[str, Any]:
    return {"url": None if callback is None else callback.url}


async def show_callback(request: Request) -> Response:
    """Where pushes go; never with what they are encrypted."""
    return JSONResponse(_shown(sandbox_of(request).pushes.callback))


async def set_callback(request: Request) -> Response:
    """Push to `url` from now on (null: nowhere), signed with `token` and encrypted with
    `encoding_aes_key`, which have the sandbox's own values where not given."""
    given = await read_object(request, ("url", "token", "encoding_aes_key"))
    if "url" not in given:
        raise Problems(("url", "required: as in http://127.0.0.1:8700/wechat, or null"))
    pushes = sandbox_of(request).pushes
    if given["url"] is None:
        pushes.callback = None
        return JSONResponse(_shown(None))
    url = given["url"]
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise Problems(("url", "allowed: as in http://127.0.0.1:8700/wechat, or null"))
    token = given.get("token", CALLBACK_TOKEN)
    if not isinstance(token, str) or not token:
        raise Problems(("token", "allowed: a text"))
    key = given.get("encoding_aes_key", ENCODING_AES_KEY)
    try:
        aes_key(key if isinstance(key, str) else "")
    except ValueError as error:
        raise Problems(("encoding_aes_key", str(error))) from None
    pushes.callback = Callback(url, token, key)
    return JSONResponse(_shown(pushes.callback))


async def push_ticket(request: Request) -> Response:
    """Push a new ticket now."""
    pushes = sandbox_of(request).pushes
    if pushes.callback is None:
        raise Problems(("url", "nowhere to push to; POST /sandbox/callback says where"))
    pushes.push_ticket()
    return JSONResponse({"pushed": True})


async def list_pushes(request: Request) -> Response:
    """The log, the oldest first: `after` (a number) and `limit`; `next` is the next page's. With
    `newest=1` the last ones, the newest first."""
    query = request.query_params
    after, newest = query.get("after", "0"), query.get("newest", "0")
    if not after.isdecimal():
        raise Problems(("after", "allowed: the number of a push"))
    if newest not in ("0", "1"):
        raise Problems(("newest", "allowed: 0, 1"))
    limit = page(request, LONGEST_PAGE, PAGE)
    log = sandbox_of(request).pushes.log(int(after), limit, newest=newest == "1")
    more = newest == "0" and len(log) == limit
    return JSONResponse({"pushes": log, "next": log[-1]["id"] if more else None})


async def push_again(request: Request) -> Response:
    """Push one again: sealed anew, or with `identical` byte by byte as it was, as a replay."""
    identical = (await read_object(request, ("identical",))).get("identical", False)
    if not isinstance(identical, bool):
        raise Problems(("identical", "allowed: true, false"))
    number = request.path_params["number"]
    copy = sandbox_of(request).pushes.again(number, identical=identical)
    if copy is None:
        raise Unknown(f"no push {number} that was sent; GET /sandbox/pushes lists them")
    return JSONResponse({"id": copy})


def routes() -> list[Route]:
    """Every endpoint of this part."""
    return [
        Route(path, controlled(handler), methods=[method])
        for method, path, handler in (
            ("GET", "/sandbox/callback", show_callback),
            ("POST", "/sandbox/callback", set_callback),
            ("POST", "/sandbox/push-ticket", push_ticket),
            ("GET", "/sandbox/pushes", list_pushes),
            ("POST", "/sandbox/pushes/{number:int}/again", push_again),
        )
    ]
