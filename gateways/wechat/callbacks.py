"""The platform's callbacks: verified, decrypted and read. Pure: no network, no clock, no table.

Source: the platform's pages on message encryption and on its authorisation-event URL
(WX-API/Message_encryption_and_decryption, Technical_Plan).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Literal
from xml.etree.ElementTree import Element, ParseError

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import SecretStr

from filing.identifiers import is_appid
from filing.model import CHINA, Model

MOST_BODY: Final = 64 * 1024
"""Bytes of a callback. The pushes of the reference have some hundreds; the real limit was not found."""
MOST_PARAMETER: Final = 128
"""Characters of one parameter of the query."""
MOST_FIELDS: Final = 50
"""Fields of an unknown push of which the names are kept."""
_BLOCK_BITS: Final = 256
"""Padding goes to 32 bytes, though AES's own block has 16."""
_HEAD: Final = 16
"""Random bytes before the length."""
_LENGTH: Final = 4

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
_HARMLESS = re.compile(r"[0-9]{1,6}")
"""Values of unknown fields that are kept: too short for a phone or certificate number."""


class Fault(str, Enum):
    """Why a callback was refused; for logs and counters, never told to whoever sent it."""

    QUERY = "query"
    """A parameter is missing, doubled or not of its form."""
    OUTER_XML = "outer_xml"
    SIGNATURE = "signature"
    STALE = "stale"
    """Its time is too far from ours."""
    CIPHERTEXT = "ciphertext"
    """Signed, but not decrypted by our key: is the key right?"""
    RECEIVER = "receiver"
    """Made for another component."""
    CONTENT = "content"
    """Signed and decrypted, but not the XML of a push."""
    REPLAYED = "replayed"
    """Just this was received before."""


class CallbackRefused(Exception):
    """A callback that is forged, stale or broken. Its text is the fault alone."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True)
class CallbackKeys:
    """What is agreed with the platform: the component's appid, the token, and the EncodingAESKey.

    Raises `ValueError` where the last is not one, without its value.
    """

    component_appid: str
    token: SecretStr
    encoding_aes_key: SecretStr

    def __post_init__(self) -> None:
        aes_key(self.encoding_aes_key.get_secret_value())


def aes_key(encoding_aes_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey. Raises `ValueError`, without the value."""
    if not _AES_KEY.fullmatch(encoding_aes_key):
        raise ValueError("an EncodingAESKey has 43 letters and digits")
    return base64.b64decode(encoding_aes_key + "=")


class Push(Model):
    """What every push says. `at`: when it was made, by its own word, else by its signed time."""

    info_type: str
    at: datetime


class TicketPush(Push):
    """The component's ticket, which comes every 10 minutes."""

    ticket: SecretStr


class FaceCheckPush(Push):
    """A face check has ended: 2 failed, 3 passed; None where the number is no number."""

    task_id: str | None
    appid: str
    result: int | None


class FilingPush(Push):
    """A review has ended. `status` as in the status call; no reasons come with it."""

    appid: str
    status: int | None


class CombinedPush(Push):
    """A step of the combined verification and filing. It names no mini program."""

    procedure_id: str
    status: int | None


class AuthorisationPush(Push):
    """A mini program's administrator has changed what it authorises us to do."""

    appid: str
    change: Literal["authorised", "updated", "unauthorised"]


class UnknownPush(Push):
    """A push that the reference does not know, or that lacks what it should have. Of its fields only
    those values are kept that can be neither secret nor personal; of the others the names."""

    fields: dict[str, str | None]
    appid: str | None


AnyPush = TicketPush | FaceCheckPush | FilingPush | CombinedPush | AuthorisationPush | UnknownPush


@dataclass(frozen=True)
class Opened:
    """A genuine callback. `event_id`: a hash of its content, the same however often it is sent;
    `call_id`: a hash of this one call. `sealed`: its ciphertext (base64), as it came."""

    push: AnyPush
    event_id: str
    call_id: str
    sealed: str


def open_callback(
    query: Mapping[str, str],
    body: bytes,
    keys: CallbackKeys,
    now: datetime,
    within: timedelta,
) -> Opened:
    """Verify, decrypt and read one callback. Raises `CallbackRefused`, and nothing else.

    `query` holds `timestamp` (unix seconds), `nonce` and `msg_signature`; an older `signature` may
    come too and says nothing. `within`: how far `timestamp` may be from `now`. Whether just this
    came before is not known here: `call_id` tells.
    """
    timestamp, nonce, signature = _parameters(query)
    if len(body) > MOST_BODY:
        raise CallbackRefused(Fault.OUTER_XML)
    outer = _fields(body, Fault.OUTER_XML)
    sealed = outer.get("Encrypt", "")
    # Before anything is decrypted: who does not know the token learns nothing from the padding.
    if not hmac.compare_digest(_signature(keys, timestamp, nonce, sealed), signature.encode()):
        raise CallbackRefused(Fault.SIGNATURE)
    if abs(now.timestamp() - int(timestamp)) > within.total_seconds():
        raise CallbackRefused(Fault.STALE)
    content, receiver = _decrypted(sealed, keys)
    if receiver != keys.component_appid.encode():
        raise CallbackRefused(Fault.RECEIVER)
    inner = _fields(content, Fault.CONTENT)
    if {outer.get("AppId"), inner.get("AppId")} - {None, keys.component_appid}:
        raise CallbackRefused(Fault.RECEIVER)
    return Opened(
        push=_push(inner, datetime.fromtimestamp(int(timestamp), CHINA)),
        event_id=hashlib.sha256(content).hexdigest(),
        call_id=hashlib.sha256(f"{timestamp}\n{nonce}\n{signature}".encode()).hexdigest(),
        sealed=sealed,
    )


def _parameters(query: Mapping[str, str]) -> tuple[str, str, str]:
    values = tuple(query.get(name, "") for name in ("timestamp", "nonce", "msg_signature"))
    if not all(0 < len(value) <= MOST_PARAMETER for value in values):
        raise CallbackRefused(Fault.QUERY)
    timestamp, nonce, signature = values
    if not (_TIMESTAMP.fullmatch(timestamp) and nonce.isascii() and signature.isascii()):
        raise CallbackRefused(Fault.QUERY)
    return timestamp, nonce, signature


def _signature(keys: CallbackKeys, timestamp: str, nonce: str, sealed: str) -> bytes:
    parts = sorted((keys.token.get_secret_value(), timestamp, nonce, sealed))
    return hashlib.sha1("".join(parts).encode()).hexdigest().encode()  # noqa: S324 - theirs


def _decrypted(sealed: str, keys: CallbackKeys) -> tuple[bytes, bytes]:
    """The content, and for whom it was made."""
    key = aes_key(keys.encoding_aes_key.get_secret_value())
    try:
        decryptor = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).decryptor()
        padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        plain = unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise CallbackRefused(Fault.CIPHERTEXT) from None
    start = _HEAD + _LENGTH
    end = start + int.from_bytes(plain[_HEAD:start], "big")
    if len(plain) < start or not start < end < len(plain):
        raise CallbackRefused(Fault.CIPHERTEXT)
    return plain[start:end], plain[end:]


def _fields(text: bytes, fault: Fault) -> dict[str, str]:
    """The fields of a flat `<xml>` document in UTF-8, whatever its declaration says; of doubled ones
    the first. A DOCTYPE, and with it every entity of its own, is refused."""
    try:
        root: Element = fromstring(text.decode("utf-8-sig"), forbid_dtd=True)
    except (UnicodeDecodeError, ParseError, DefusedXmlException):
        raise CallbackRefused(fault) from None
    if root.tag != "xml":
        raise CallbackRefused(fault)
    fields: dict[str, str] = {}
    for field in root:
        fields.setdefault(field.tag, field.text or "")
    return fields


_HEADERS: Final = frozenset({"AppId", "CreateTime", "InfoType"})
_AUTHORISATIONS: Final[dict[str, Literal["authorised", "updated", "unauthorised"]]] = {
    "authorized": "authorised",
    "updateauthorized": "updated",
    "unauthorized": "unauthorised",
}


def _push(fields: Mapping[str, str], signed_at: datetime) -> AnyPush:
    info_type = fields.get("InfoType", "")[:MOST_PARAMETER]
    made = _number(fields.get("CreateTime"), digits=10)
    at = datetime.fromtimestamp(made, CHINA) if made is not None else signed_at
    said = Push(info_type=info_type, at=at).model_dump()
    match info_type:
        case "component_verify_ticket" if ticket := fields.get("ComponentVerifyTicket"):
            return TicketPush(**said, ticket=SecretStr(ticket))
        case "notify_icpfiling_verify_result" if appid := _appid(fields, "verify_appid"):
            return FaceCheckPush(
                **said,
                appid=appid,
                task_id=fields.get("task_id", "")[:MOST_PARAMETER] or None,
                result=_number(fields.get("result")),
            )
        case "notify_apply_icpfiling_result" if appid := _appid(fields, "authorizer_appid"):
            return FilingPush(**said, appid=appid, status=_number(fields.get("beian_status")))
        case "notify_3rd_wxa_auth_and_icp" if id_ := fields.get("procedure_id"):
            return CombinedPush(
                **said,
                procedure_id=id_[:MOST_PARAMETER],
                status=_number(fields.get("procedure_status")),
            )
        case _ if info_type in _AUTHORISATIONS and (appid := _appid(fields, "AuthorizerAppid")):
            return AuthorisationPush(**said, appid=appid, change=_AUTHORISATIONS[info_type])
    names = [name for name in fields if name not in _HEADERS][:MOST_FIELDS]
    return UnknownPush(
        **said,
        appid=_appid(fields, "authorizer_appid", "verify_appid", "AuthorizerAppid", "appid"),
        fields={name[:MOST_PARAMETER]: _harmless(fields[name]) for name in names},
    )


def _appid(fields: Mapping[str, str], *names: str) -> str | None:
    return next((fields[n] for n in names if n in fields and is_appid(fields[n])), None)


def _number(text: str | None, digits: int = 9) -> int | None:
    return int(text) if text and re.fullmatch(rf"[0-9]{{1,{digits}}}", text) else None


def _harmless(value: str) -> str | None:
    return value if _HARMLESS.fullmatch(value) or is_appid(value) else None
