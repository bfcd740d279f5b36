"""The authority's endpoints by path. Every answer is HTTP 200 with JSON, save for materials."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import api_combined, api_faces, api_filing, api_media, api_platform, lists
from sandbox.replies import Refusal, answer
from sandbox.state import Sandbox, sandbox_of

log = logging.getLogger("sandbox")

Handler = Callable[[Request], Awaitable[Response]]
AppHandler = Callable[[Sandbox, str, Request], Awaitable[Response]]


def _answering(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            path = request.url.path
            log.info("%s refused: %s", path, refusal.code)
            sandbox_of(request).faults.refusals[path][str(refusal.code)] += 1
            return answer(refusal.code, refusal.text, **refusal.more)

    return handle


def _for_mini_program(handler: AppHandler, *, counted: bool = True) -> Handler:
    """Only with a good authorizer token, which says whose order is meant."""

    async def handle(request: Request) -> Response:
        appid = api_platform.token_owner(request, "authorizer", "access_token") or ""
        sandbox = sandbox_of(request)
        if counted:
            sandbox.quota.spend(request.url.path, appid)
        return await handler(sandbox, appid, request)

    return _answering(handle)


def _list(items: Callable[[], list[dict[str, Any]]]) -> AppHandler:
    async def handle(_sandbox: Sandbox, _appid: str, _request: Request) -> Response:
        return answer(items=items())

    return handle


_PLATFORM: dict[str, Handler] = {
    "api_start_push_ticket": api_platform.start_push_ticket,
    "api_component_token": api_platform.component_token,
    "api_create_preauthcode": api_platform.create_preauthcode,
    "api_query_auth": api_platform.query_auth,
    "api_authorizer_token": api_platform.authorizer_token,
}
_GET: dict[str, AppHandler] = {
    "get_icp_entrance_info": api_filing.entrance_info,
    "get_icp_media": api_media.fetch,
    "get_online_icp_order": api_filing.online_order,
    "query_icp_certificate_types": _list(lists.certificate_items),
    "query_icp_district_code": _list(lists.district_items),
    "query_icp_nrlx_types": _list(lists.nrlx_items),
    "query_icp_service_content_types": _list(lists.service_content_items),
    "query_icp_subject_types": _list(lists.subject_items),
}
_POST: dict[str, AppHandler] = {
    "apply_icp_filing": api_filing.apply,
    "cancel_apply_icp_filing": api_filing.withdraw,
    "cancel_icp_filing": api_filing.cancel_filing,
    "create_icp_verifytask": api_faces.create_task,
    "query_icp_verifytask": api_faces.query_task,
    "upload_icp_media": api_media.upload,
}
_COMBINED: dict[str, AppHandler] = {
    "submit_auth_and_icp": api_combined.submit,
    "query_auth_and_icp": api_combined.query,
}


def routes() -> list[Route]:
    """Every endpoint that the sandbox has of the authority's."""
    return [
        *(
            Route(f"/cgi-bin/component/{name}", _answering(handler), methods=["POST"])
            for name, handler in _PLATFORM.items()
        ),
        Route(
            "/cgi-bin/openapi/quota/get",
            _for_mini_program(api_platform.get_quota, counted=False),
            methods=["POST"],
        ),
        *(
            Route(f"/wxa/sec/{name}", _for_mini_program(handler), methods=["POST"])
            for name, handler in _COMBINED.items()
        ),
        *(
            Route(f"/wxa/icp/{name}", _for_mini_program(handler), methods=[method])
            for method, table in (("GET", _GET), ("POST", _POST))
            for name, handler in table.items()
        ),
    ]
