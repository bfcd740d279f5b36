"""The platform's own endpoints: tickets, tokens, authorisations, quota (sections 7 and 9)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.replies import Refusal, answer, json_body
from sandbox.state import Sandbox, sandbox_of
from sandbox.tokens import COMPONENT_APPID, COMPONENT_SECRET, PREAUTH_SECONDS, TOKEN_SECONDS

PERMISSION_SETS = (18, 156)


def token_owner(request: Request, kind: str, *parameters: str) -> str | None:
    """Whose token came under any of the query's `parameters`. Raises `Refusal`."""
    given = next((request.query_params[p] for p in parameters if p in request.query_params), "")
    found = sandbox_of(request).tokens.owner(given, kind)
    if found is None:
        raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
    appid, good = found
    if not good:
        raise Refusal(42001, "access_token expired")
    return appid


async def _of_component(request: Request, *, secret: bool = False) -> dict[str, Any]:
    body = await json_body(request)
    if body.get("component_appid") != COMPONENT_APPID:
        raise Refusal(40013, "invalid appid")
    if secret and body.get("component_appsecret") != COMPONENT_SECRET:
        raise Refusal(40125, "invalid appsecret")
    return body


async def _with_component_token(request: Request) -> dict[str, Any]:
    # Pages differ over the query parameter's name: both are taken.
    token_owner(request, "component", "access_token", "component_access_token")
    return await _of_component(request)


async def component_token(request: Request) -> Response:
    """The platform's own token, for its secret and the ticket pushed last."""
    body = await _of_component(request, secret=True)
    tokens = sandbox_of(request).tokens
    if not tokens.good_ticket(body.get("component_verify_ticket")):
        raise Refusal(61006, "component ticket is invalid")
    token = tokens.issue("component", None)
    return JSONResponse({"component_access_token": token, "expires_in": TOKEN_SECONDS})


async def start_push_ticket(request: Request) -> Response:
    """Begin to push tickets. The reference names no field but the call: the platform's secret is
    taken under either name."""
    body = await json_body(request)
    if body.get("component_appid") != COMPONENT_APPID:
        raise Refusal(40013, "invalid appid")
    if body.get("component_secret", body.get("component_appsecret")) != COMPONENT_SECRET:
        raise Refusal(40125, "invalid appsecret")
    sandbox_of(request).pushes.start_tickets()
    return answer()


async def create_preauthcode(request: Request) -> Response:
    """A code for the page on which a mini program's owner authorises the platform."""
    await _with_component_token(request)
    code = sandbox_of(request).tokens.preauth_code()
    return JSONResponse({"pre_auth_code": code, "expires_in": PREAUTH_SECONDS})


async def query_auth(request: Request) -> Response:
    """What a mini program's owner has authorised, for the code that his yes gave."""
    body = await _with_component_token(request)
    tokens = sandbox_of(request).tokens
    appid = tokens.redeem(body.get("authorization_code"))
    if appid is None:
        raise Refusal(61010, "code is expired")
    functions = [{"funcscope_category": {"id": number}} for number in PERMISSION_SETS]
    return JSONResponse(
        {
            "authorization_info": {
                "authorizer_appid": appid,
                "authorizer_access_token": tokens.issue("authorizer", appid),
                "expires_in": TOKEN_SECONDS,
                "authorizer_refresh_token": tokens.new_refresh_token(appid),
                "func_info": functions,
            }
        }
    )


async def authorizer_token(request: Request) -> Response:
    """A mini program's token."""
    body = await _with_component_token(request)
    tokens = sandbox_of(request).tokens
    appid = body.get("authorizer_appid")
    if not isinstance(appid, str) or not appid:
        raise Refusal(40013, "invalid appid")
    refresh_token = tokens.refresh_token(appid)
    if body.get("authorizer_refresh_token") != refresh_token:
        raise Refusal(61023, "refresh_token is invalid")
    return JSONResponse(
        {
            "authorizer_access_token": tokens.issue("authorizer", appid),
            "expires_in": TOKEN_SECONDS,
            "authorizer_refresh_token": refresh_token,
        }
    )


async def get_quota(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """How often a path was called today, and may be."""
    path = (await json_body(request)).get("cgi_path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise Refusal(76021, "cgi_path not found, please check")
    return answer(**sandbox.quota.shown(path, appid))
