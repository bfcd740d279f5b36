"""The API's answers, typed and read leniently: what is missing or of another type is None, what is not
known is left out (reference sections 1 to 8)."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gateways.wechat.errors import AuthorityUnavailable


def _int(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if isinstance(value, int) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _objects(value: Any) -> tuple[dict[str, Any], ...]:
    items = value if isinstance(value, list | tuple) else ()
    return tuple(item for item in items if isinstance(item, dict))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


Int = Annotated[int | None, BeforeValidator(_int)]
Text = Annotated[str | None, BeforeValidator(_text)]
Flag = Annotated[bool, BeforeValidator(lambda value: value is True or value == 1)]
Objects = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_objects)]


class Reply(BaseModel):
    """An answer, or a part of one. Only here may there be more than is known."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Entrance(Reply):
    """`get_icp_entrance_info`: where the order stands (section 3)."""

    status: Int = None
    is_canceling: Flag = False
    available: Int = None
    sms_verify_status: Int = None
    audit_data: Objects = ()


class VerifyTask(Reply):
    """`create_icp_verifytask`; the link only with `along_with_auth`."""

    task_id: str = Field(min_length=1)
    verify_url: Text = None


class VerifyState(Reply):
    """`query_icp_verifytask`: final only where it is finished."""

    is_finish: Flag = False
    face_status: Int = None
    """0 not started, 1 waiting, 2 failed, 3 passed."""
    along_with_auth_result: Int = None


class Uploaded(Reply):
    """`upload_icp_media`; `created_at` in seconds since 1970."""

    media_id: str = Field(min_length=1)
    created_at: Int = None


class Procedure(Reply):
    """`submit_auth_and_icp`: verification and filing in one (section 8)."""

    procedure_id: str = Field(min_length=1)
    pay_url: Text = None
    hints: Objects = ()


class IcpAudit(Reply):
    """What `query_auth_and_icp` says of the filing's part."""

    hints: Objects = ()
    audit_data: Objects = ()
    sms_verify_status: Int = None


class ProcedureState(Reply):
    """`query_auth_and_icp`."""

    procedure_status: Int = None
    orderid: Text = None
    refill_reason: Text = None
    fail_reason: Text = None
    icp_audit: Annotated[IcpAudit, BeforeValidator(_object)] = IcpAudit()


class Quota(Reply):
    """`quota/get`: calls of a path, today in China; None where the answer did not say. A limit of 0, as
    in the platform's own example of an answer, says nothing: the path is called all the same."""

    daily_limit: Annotated[Int, AfterValidator(lambda limit: limit or None)] = None
    used: Int = None
    remain: Int = None


class Authorisation(Reply):
    """`api_query_auth`: a mini program's authorisation."""

    authorizer_appid: str = Field(min_length=1)
    authorizer_refresh_token: str = Field(min_length=1, repr=False)


_Reply = TypeVar("_Reply", bound=Reply)


def read(kind: type[_Reply], path: str, given: Any) -> _Reply:
    """An answer of this kind. Raises `AuthorityUnavailable` where what it cannot be without is missing."""
    try:
        return kind.model_validate(_object(given))
    except ValidationError as error:
        missing = ", ".join(sorted(str(e["loc"][0]) for e in error.errors(include_input=False)))
        raise AuthorityUnavailable(f"{path}: no {missing} in the answer") from None
