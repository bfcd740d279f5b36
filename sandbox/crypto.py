"""How the platform encrypts what it pushes (reference section 7, Encryption)."""

import base64
import hashlib
import secrets
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""PKCS#7 pads to this, not to the cipher's own 16."""
NONCE_BYTES = 16

CALLBACK_TOKEN = "sandbox-callback-token"  # noqa: S105 - opens nothing but a sandbox
ENCODING_AES_KEY = "sandbox0sandbox0sandbox0sandbox0sandbox0sa0"
"""What a receiver has to know, where nothing else is set: 消息校验Token and 消息加解密Key."""


def aes_key(encoding_aes_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey. Raises `ValueError` where it is not one."""
    if len(encoding_aes_key) != 43 or not encoding_aes_key.isalnum():
        raise ValueError("an EncodingAESKey has 43 letters and digits")
    return base64.b64decode(encoding_aes_key + "=")


@dataclass(frozen=True)
class Envelope:
    """One encrypted push: the URL's query and the body."""

    query: dict[str, str]
    body: str


def seal(message: str, appid: str, token: str, key: bytes, timestamp: int) -> Envelope:
    """Encrypt `message` (XML) for the platform `appid` and sign it."""
    data = message.encode()
    plain = secrets.token_bytes(NONCE_BYTES) + struct.pack(">I", len(data)) + data + appid.encode()
    pad = BLOCK - len(plain) % BLOCK
    plain += bytes([pad]) * pad
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    encrypted = base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()
    stamp, nonce = str(timestamp), str(secrets.randbelow(10**10))
    query = {
        "signature": _signature(token, stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": _signature(token, stamp, nonce, encrypted),
    }
    return Envelope(query, xml({"AppId": appid, "Encrypt": encrypted}))


def xml(fields: dict[str, str | int]) -> str:
    """One flat message: texts as CDATA, numbers plain."""
    parts = (
        f"<{name}>{value}</{name}>"
        if isinstance(value, int)
        # The one thing that CDATA cannot hold is its own end.
        else f"<{name}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{''.join(parts)}</xml>"


def _signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - as the platform does
