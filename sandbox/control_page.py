"""The control page: the control API for people."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

_PAGE = Path(__file__).parent / "data" / "control.html"


async def control_page(_request: Request) -> Response:
    """`GET /sandbox`: one page with nothing from elsewhere."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    return FileResponse(_PAGE, media_type="text/html; charset=utf-8", headers=headers)


def routes() -> list[Route]:
    """The page."""
    return [Route("/sandbox", control_page, methods=["GET"])]
