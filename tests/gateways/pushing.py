"""The platform's side of a callback, written from its documents and not from the receiver: CBC by
hand over single AES blocks, padding by hand."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

COMPONENT = "wxc0ffee0000000001"
TOKEN = "sandbox-callback-token"
AES_KEY = "sandbox0sandbox0sandbox0sandbox0sandbox0sa0"


@dataclass(frozen=True)
class Call:
    """A callback as it is sent."""

    query: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Platform:
    """Whoever knows the token and the key."""

    appid: str = COMPONENT
    token: str = TOKEN
    encoding_aes_key: str = AES_KEY

    def encrypt(self, content: bytes, head: bytes | None = None) -> str:
        """The base64 text of an `Encrypt` element."""
        head = secrets.token_bytes(16) if head is None else head
        plain = head + len(content).to_bytes(4, "big") + content + self.appid.encode()
        fill = 32 - len(plain) % 32
        return self.encrypt_blocks(plain + bytes([fill]) * fill)

    def encrypt_blocks(self, padded: bytes) -> str:
        """The same of what is padded already (whole blocks of 16)."""
        key = base64.b64decode(self.encoding_aes_key + "=")
        single = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        before, sealed = key[:16], b""
        for start in range(0, len(padded), 16):
            block = bytes(a ^ b for a, b in zip(padded[start : start + 16], before, strict=True))
            before = single.update(block)
            sealed += before
        return base64.b64encode(sealed).decode()

    def sign(self, timestamp: str, nonce: str, sealed: str) -> str:
        """`msg_signature`."""
        four = [self.token, timestamp, nonce, sealed]
        four.sort()
        return hashlib.sha1("".join(four).encode()).hexdigest()

    def call(
        self,
        content: str | bytes,
        *,
        sealed: str | None = None,
        at: float | None = None,
        body: str | None = None,
    ) -> Call:
        """A signed call that brings this content, or what is sealed (well or badly) already."""
        if sealed is None:
            sealed = self.encrypt(content.encode() if isinstance(content, str) else content)
        timestamp = str(int(time.time() if at is None else at))
        nonce = secrets.token_hex(8)
        query = {
            "signature": "0" * 40,
            "timestamp": timestamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": self.sign(timestamp, nonce, sealed),
        }
        return Call(query, (body or outer(sealed, self.appid)).encode())


def outer(sealed: str, appid: str = COMPONENT) -> str:
    """The document that is posted."""
    return f"<xml><AppId><![CDATA[{appid}]]></AppId><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"


CREATED = 1_760_000_000


def inner(info_type: str, **fields: object) -> str:
    """The document inside; a field that is None is left out."""
    head: dict[str, object] = {"AppId": COMPONENT, "CreateTime": CREATED, "InfoType": info_type}
    said = head | fields
    parts = (
        f"<{name}>{value}</{name}>"
        if isinstance(value, int)
        else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in said.items()
        if value is not None
    )
    return f"<xml>{''.join(parts)}</xml>"


def filing_result(appid: str, status: object = 5, **more: object) -> str:
    """A review has ended."""
    return inner(
        "notify_apply_icpfiling_result", authorizer_appid=appid, beian_status=status, **more
    )


def face_check(appid: str, result: object = 3) -> str:
    """A face check has ended."""
    return inner(
        "notify_icpfiling_verify_result", task_id="task-1", verify_appid=appid, result=result
    )


def ticket(text: str) -> str:
    """The ticket of every 10 minutes."""
    return inner("component_verify_ticket", ComponentVerifyTicket=text)
