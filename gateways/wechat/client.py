"""The API's calls, one method each (reference section 1), with tokens that are renewed by themselves.

    async with WechatClient(base_url, appid, secret, ticket, refresh_token) as client:
        entrance = await client.entrance("wx1a2b3c4d5e6f7a8b")

Bodies are the API's own; `translate.py` makes them.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum
from typing import Any, Self, TypeVar

from pydantic import SecretStr

from gateways.wechat.credentials import Credentials
from gateways.wechat.errors import TOKEN_CODES, ApiRefusal, AuthorityUnavailable
from gateways.wechat.replies import (
    Authorisation,
    Entrance,
    Procedure,
    ProcedureState,
    Quota,
    Uploaded,
    VerifyState,
    VerifyTask,
    read,
)
from gateways.wechat.tokens import MemoryTokens, Tokens
from gateways.wechat.transport import Fetched, Method, Transport, Upload

__all__ = ["ApiList", "Upload", "WechatClient"]

ENTRANCE = "/wxa/icp/get_icp_entrance_info"
ONLINE_ORDER = "/wxa/icp/get_online_icp_order"
APPLY = "/wxa/icp/apply_icp_filing"
WITHDRAW = "/wxa/icp/cancel_apply_icp_filing"
CANCEL = "/wxa/icp/cancel_icp_filing"
CREATE_VERIFY = "/wxa/icp/create_icp_verifytask"
QUERY_VERIFY = "/wxa/icp/query_icp_verifytask"
UPLOAD = "/wxa/icp/upload_icp_media"
MEDIA = "/wxa/icp/get_icp_media"
SUBMIT_BOTH = "/wxa/sec/submit_auth_and_icp"
QUERY_BOTH = "/wxa/sec/query_auth_and_icp"
QUOTA = "/cgi-bin/openapi/quota/get"
START_TICKET = "/cgi-bin/component/api_start_push_ticket"
PRE_AUTH_CODE = "/cgi-bin/component/api_create_preauthcode"
QUERY_AUTH = "/cgi-bin/component/api_query_auth"

QUERIES = frozenset({QUERY_VERIFY, QUERY_BOTH, QUOTA})
"""Calls by POST that change nothing: these, and all by GET, are repeated when a connection breaks."""

_Answer = TypeVar("_Answer")


class ApiList(str, Enum):
    """The live lists."""

    CERTIFICATE_TYPES = "/wxa/icp/query_icp_certificate_types"
    DISTRICTS = "/wxa/icp/query_icp_district_code"
    PRE_APPROVAL_TYPES = "/wxa/icp/query_icp_nrlx_types"
    SERVICE_CONTENT_TYPES = "/wxa/icp/query_icp_service_content_types"
    SUBJECT_TYPES = "/wxa/icp/query_icp_subject_types"


class WechatClient:
    """One shared HTTP client. `tokens`: where they are kept, in memory by default; with a store of the
    registry all workers share them. `longest_wait` cuts how long a limit makes one wait.

    Every method raises `AuthorityUnavailable`, `AuthorityRefused`, or `ApiRefusal` for an errcode whose
    meaning depends on the call. `appid` is always the mini program's.
    """

    def __init__(
        self,
        base_url: str,
        component_appid: str,
        component_secret: SecretStr,
        component_ticket: SecretStr,
        authorizer_refresh_token: SecretStr,
        *,
        tokens: Tokens | None = None,
        longest_wait: timedelta | None = None,
    ) -> None:
        self._transport = Transport(base_url, longest_wait)
        self._tokens = tokens or MemoryTokens()
        self._component_appid = component_appid
        self._secret = component_secret
        self._credentials = Credentials(
            self._transport,
            self._tokens,
            component_appid,
            component_secret,
            component_ticket,
            authorizer_refresh_token,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def call(
        self,
        method: Method,
        path: str,
        appid: str,
        *,
        json: dict[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> dict[str, Any]:
        """Call `path` for a mini program, and give the whole answer."""

        async def send(token: str) -> dict[str, Any]:
            return await self._transport.send(
                method,
                path,
                params={"access_token": token},
                json=json,
                upload=upload,
                whose=appid,
                repeatable=method == "GET" or path in QUERIES,
            )

        return await self._with_token(path, appid, send)

    async def apply(self, appid: str, body: dict[str, Any]) -> None:
        """Apply for a filing (section 2). What is wrong with it comes as `ApiRefusal` with `hints`."""
        await self.call("POST", APPLY, appid, json=body)

    async def withdraw(self, appid: str) -> None:
        """Take an application back."""
        # The real one takes an empty body, and some clients send an empty object.
        await self.call("POST", WITHDRAW, appid, json={})

    async def cancel(self, appid: str, cancel_type: int, reason_type: int | None = None) -> None:
        """Begin to cancel a granted filing."""
        reason = {} if reason_type is None else {"reason_type": reason_type}
        await self.call("POST", CANCEL, appid, json={"cancel_type": cancel_type, **reason})

    async def entrance(self, appid: str) -> Entrance:
        """Where the order stands (section 3)."""
        return read(Entrance, ENTRANCE, await self.entrance_info(appid))

    async def entrance_info(self, appid: str) -> dict[str, Any]:
        """The same, as it came."""
        info = (await self.call("GET", ENTRANCE, appid)).get("info")
        if not isinstance(info, dict):
            raise AuthorityUnavailable(f"{ENTRANCE}: no status in the answer")
        return info

    async def online_order(self, appid: str) -> dict[str, Any]:
        """A granted filing's detail, as it came (section 2.5)."""
        return await self.call("GET", ONLINE_ORDER, appid)

    async def items(self, appid: str, which: ApiList) -> tuple[dict[str, Any], ...]:
        """One of the live lists (section 5), as it came."""
        items = (await self.call("GET", which.value, appid)).get("items")
        if not isinstance(items, list) or not items:
            raise AuthorityUnavailable(f"{which.value}: an empty list")
        return tuple(item for item in items if isinstance(item, dict))

    async def create_verify_task(self, appid: str, *, along_with_auth: bool = False) -> VerifyTask:
        """Begin a face check (section 6). Without `along_with_auth` nothing is sent but the token, which
        is what the platform's staff advise."""
        body = {"along_with_auth": True} if along_with_auth else None
        return read(
            VerifyTask, CREATE_VERIFY, await self.call("POST", CREATE_VERIFY, appid, json=body)
        )

    async def verify_task(self, appid: str, task_id: str) -> VerifyState:
        """How a face check stands; errcode 1 and 86328: there is no such task any more."""
        body = {"task_id": task_id}
        return read(
            VerifyState, QUERY_VERIFY, await self.call("POST", QUERY_VERIFY, appid, json=body)
        )

    async def upload(self, appid: str, upload: Upload) -> Uploaded:
        """Upload a picture or a video (section 4)."""
        return read(Uploaded, UPLOAD, await self.call("POST", UPLOAD, appid, upload=upload))

    async def media(self, appid: str, media_id: str) -> Fetched:
        """An uploaded file (section 4)."""

        async def fetch(token: str) -> Fetched:
            params = {"access_token": token, "media_id": media_id}
            return await self._transport.fetch(MEDIA, params=params, whose=appid)

        return await self._with_token(MEDIA, appid, fetch)

    async def submit_both(self, appid: str, body: dict[str, Any]) -> Procedure:
        """Apply for verification and filing in one (section 8)."""
        return read(Procedure, SUBMIT_BOTH, await self.call("POST", SUBMIT_BOTH, appid, json=body))

    async def procedure(self, appid: str, procedure_id: str) -> ProcedureState:
        """How that stands."""
        return read(ProcedureState, QUERY_BOTH, await self.procedure_reply(appid, procedure_id))

    async def procedure_reply(self, appid: str, procedure_id: str) -> dict[str, Any]:
        """The same, as it came."""
        return await self.call("POST", QUERY_BOTH, appid, json={"procedure_id": procedure_id})

    async def quota(self, path: str, appid: str) -> Quota:
        """How often `path` may be called in a day, and what of today is left (section 9)."""
        reply = await self.call("POST", QUOTA, appid, json={"cgi_path": path})
        return read(Quota, QUOTA, reply.get("quota"))

    async def start_push_ticket(self) -> None:
        """Have the platform's ticket pushed, every 10 minutes from now on."""
        body = {
            "component_appid": self._component_appid,
            "component_secret": self._secret.get_secret_value(),
        }
        try:
            await self._transport.send("POST", START_TICKET, params={}, json=body)
        except ApiRefusal as refusal:
            raise refusal.unexpected(START_TICKET) from None

    async def pre_auth_code(self) -> str:
        """A code, good for half an hour, for the page where a mini program's owner authorises us."""
        body = {"component_appid": self._component_appid}
        code = (await self._as_component(PRE_AUTH_CODE, body)).get("pre_auth_code")
        if not isinstance(code, str) or not code:
            raise AuthorityUnavailable(f"{PRE_AUTH_CODE}: no pre_auth_code in the answer")
        return code

    async def authorise(self, auth_code: str) -> str:
        """Redeem the code that comes back from that page, and keep the authorisation; gives the mini
        program's appid."""
        body = {"component_appid": self._component_appid, "authorization_code": auth_code}
        reply = await self._as_component(QUERY_AUTH, body)
        found = read(Authorisation, QUERY_AUTH, reply.get("authorization_info"))
        appid = found.authorizer_appid
        await self._tokens.put_refresh_token(appid, found.authorizer_refresh_token)
        self._credentials.forget(appid)
        return appid

    async def _with_token(
        self, path: str, appid: str, send: Callable[[str], Awaitable[_Answer]]
    ) -> _Answer:
        return await _twice(path, send, lambda stale: self._credentials.authorizer(appid, stale))

    async def _as_component(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async def send(token: str) -> dict[str, Any]:
            params = {"access_token": token, "component_access_token": token}
            return await self._transport.send("POST", path, params=params, json=body)

        try:
            return await _twice(path, send, self._credentials.component)
        except ApiRefusal as refusal:
            raise refusal.unexpected(path) from None


async def _twice(
    path: str,
    send: Callable[[str], Awaitable[_Answer]],
    token: Callable[[str | None], Awaitable[str]],
) -> _Answer:
    """With the token that is there, and where that is refused, with a new one."""
    held = await token(None)
    try:
        return await send(held)
    except ApiRefusal as refusal:
        if refusal.code not in TOKEN_CODES:
            raise
    try:
        return await send(await token(held))
    except ApiRefusal as refusal:
        if refusal.code in TOKEN_CODES:
            raise AuthorityUnavailable(
                f"{path}: a fresh access token was refused (errcode {refusal.code})"
            ) from None
        raise
