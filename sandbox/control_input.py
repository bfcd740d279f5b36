"""What the control API is given, and its errors: 400 names every wrong field with what is allowed."""

import json
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Handler = Callable[[Request], Awaitable[Response]]


class Problems(Exception):
    """What is wrong with a request: (field, what is allowed) each."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems


class Unknown(Exception):
    """There is no such thing; the text names it, and where to find what there is."""


def controlled(handler: Handler) -> Handler:
    """Turns `Problems` and `Unknown` into their answers."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except Problems as error:
            errors = [{"field": field, "message": text} for field, text in error.problems]
            return JSONResponse({"errors": errors}, status_code=400)
        except Unknown as error:
            return JSONResponse({"error": str(error)}, status_code=404)

    return handle


async def read_object(request: Request, fields: Collection[str]) -> dict[str, Any]:
    """The request's JSON object, with none but `fields` in it; an empty body is an empty object."""
    raw = await request.body()
    try:
        given = json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise Problems(("body", "not JSON")) from None
    if not isinstance(given, dict):
        raise Problems(("body", f"allowed: an object with any of {', '.join(fields)}"))
    allowed = f"unknown; allowed: {', '.join(fields)}" if fields else "unknown; nothing is allowed"
    if unknown := [(key, allowed) for key in given if key not in fields]:
        raise Problems(*unknown)
    return given


def whole(given: dict[str, Any], field: str, *, least: int = 0) -> int | None:
    """A whole number, or None where it is null or not given."""
    value = given.get(field)
    if value is None:
        return None
    if type(value) is not int or value < least:
        raise Problems((field, f"allowed: null, or a whole number from {least}"))
    return value


def text(given: dict[str, Any], field: str) -> str:
    """A text that must be given."""
    value = given.get(field)
    if not isinstance(value, str) or not value:
        raise Problems((field, "required: a text"))
    return value


def number(given: dict[str, Any], field: str, *, most: float | None = None) -> float | None:
    """A number from 0, or None where it is null or not given."""
    value = given.get(field)
    if value is None:
        return None
    over = most is not None and isinstance(value, int | float) and value > most
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or over:
        upper = "" if most is None else f" to {most:g}"
        raise Problems((field, f"allowed: null, or a number from 0{upper}"))
    return float(value)


def page(request: Request, longest: int, usual: int) -> int:
    """The query's `limit`."""
    limit = request.query_params.get("limit", str(usual))
    if not limit.isdecimal() or not 1 <= int(limit) <= longest:
        raise Problems(("limit", f"allowed: 1 to {longest}"))
    return int(limit)
