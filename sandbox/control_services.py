"""The control API for face checks, tokens, authorisations and quota."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.control_input import Problems, Unknown, controlled, read_object, text, whole
from sandbox.faces import MODES, RESULTS, FaceTask
from sandbox.quota import Limit
from sandbox.state import sandbox_of


def shown_face(task: FaceTask) -> dict[str, Any]:
    """A face check as the control API shows it."""
    return {**asdict(task), "expired": task.expired, "passed": task.passed}


async def show_faces_mode(request: Request) -> Response:
    """How face checks go."""
    return JSONResponse({"mode": sandbox_of(request).faces.mode})


async def set_faces_mode(request: Request) -> Response:
    """How face checks go from now on, until the sandbox is started anew."""
    mode: Any = (await read_object(request, ("mode",))).get("mode")
    if mode not in MODES:
        raise Problems(("mode", f"allowed: {', '.join(MODES)}"))
    sandbox_of(request).faces.mode = mode
    return JSONResponse({"mode": mode})


async def list_faces(request: Request) -> Response:
    """A mini program's face checks, the newest first."""
    tasks = sandbox_of(request).faces.of(request.path_params["appid"])
    return JSONResponse({"faces": [shown_face(task) for task in tasks]})


async def set_face(request: Request) -> Response:
    """Play the administrator at the newest face check, or at the one that `task_id` names."""
    appid = request.path_params["appid"]
    given = await read_object(request, ("result", "task_id"))
    if given.get("result") not in RESULTS:
        raise Problems(("result", f"allowed: {', '.join(RESULTS)}"))
    sandbox = sandbox_of(request)
    wanted = given.get("task_id")
    tasks = [t for t in sandbox.faces.of(appid) if wanted is None or t.task_id == wanted]
    if not tasks:
        raise Unknown(f"no such face check of {appid}; GET /sandbox/faces/{appid} lists them")
    if tasks[0].expired:
        raise Problems(("result", "this face check has expired; create another"))
    return JSONResponse(shown_face(sandbox.desk.change_face(tasks[0], given["result"])))


async def expire_tokens(request: Request) -> Response:
    """End every token now, or those of the mini program `appid`."""
    given = await read_object(request, ("appid",))
    appid = text(given, "appid") if given else None
    return JSONResponse({"expired": sandbox_of(request).tokens.expire(appid)})


async def authorise(request: Request) -> Response:
    """Play the owner of the mini program `appid`, who authorises the platform anew."""
    appid = text(await read_object(request, ("appid",)), "appid")
    code = sandbox_of(request).tokens.authorisation_code(appid)
    return JSONResponse({"authorization_code": code})


async def list_quota(request: Request) -> Response:
    """The limits that are set."""
    limits = sandbox_of(request).quota.limits
    return JSONResponse({"limits": {path: asdict(limit) for path, limit in limits.items()}})


async def set_quota(request: Request) -> Response:
    """Limit the calls of `path`: `daily`, `per_minute` (null: no limit), each `per` mini program or
    for the platform as a whole."""
    given = await read_object(request, ("path", "daily", "per_minute", "per"))
    path = text(given, "path")
    if not path.startswith("/"):
        raise Problems(("path", "allowed: as in /wxa/icp/apply_icp_filing"))
    per = given.get("per", "mini_program")
    if per not in ("mini_program", "platform"):
        raise Problems(("per", "allowed: mini_program, platform"))
    limit = Limit(whole(given, "daily"), whole(given, "per_minute"), per)
    sandbox_of(request).quota.set(path, limit)
    return JSONResponse({"path": path, **asdict(limit)})


def routes() -> list[Route]:
    """Every endpoint of this part."""
    return [
        Route(path, controlled(handler), methods=[method])
        for method, path, handler in (
            ("GET", "/sandbox/faces", show_faces_mode),
            ("POST", "/sandbox/faces", set_faces_mode),
            ("GET", "/sandbox/faces/{appid}", list_faces),
            ("POST", "/sandbox/faces/{appid}", set_face),
            ("POST", "/sandbox/expire-tokens", expire_tokens),
            ("POST", "/sandbox/authorise", authorise),
            ("GET", "/sandbox/quota", list_quota),
            ("POST", "/sandbox/quota", set_quota),
        )
    ]
