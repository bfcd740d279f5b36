"""Face checks (reference section 6)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.faces import AUTH_SMS_PASSED
from sandbox.replies import Refusal, answer, json_body
from sandbox.state import Sandbox


async def create_task(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """Start one. Clients send no body, an empty object or the flag: all are taken."""
    raw = await request.body()
    body = await json_body(request) if raw.strip() else {}
    along = body.get("along_with_auth", False)
    if not isinstance(along, bool):
        raise Refusal(47001, "data format error")
    task = sandbox.desk.create_face(appid, along_with_auth=along)
    more: dict[str, Any] = {"task_id": task.task_id}
    if along:
        more["verify_url"] = f"{request.base_url}sandbox?search={appid}"
    return answer(**more)


async def query_task(sandbox: Sandbox, appid: str, request: Request) -> Response:
    """How one went."""
    task_id = (await json_body(request)).get("task_id")
    if not isinstance(task_id, str) or not task_id:
        raise Refusal(47001, "data format error")
    task = sandbox.faces.find(task_id)
    if task is None or task.appid != appid:
        raise Refusal(86328, "resource not found")
    if task.expired:
        raise Refusal(1, "code is expired or not exist")
    more: dict[str, Any] = {"is_finish": task.finished, "face_status": task.status}
    if task.along_with_auth and task.passed:
        more["along_with_auth_result"] = AUTH_SMS_PASSED
    return answer(**more)
