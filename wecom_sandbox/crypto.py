"""WeCom's callback envelope, encrypting side (callbacks.md §2), on pycryptodome."""

import base64
import hashlib
import secrets
import struct

from Crypto.Cipher import AES

_BLOCK = 32


def pad(data: bytes) -> bytes:
    """PKCS#7 with a block of 32: always 1 to 32 bytes."""
    count = _BLOCK - len(data) % _BLOCK
    return data + bytes([count]) * count


def encrypt(plain: bytes, aes_key: str, receive_id: str) -> str:
    """The ``Encrypt`` text of a message.

    Args:
        plain: the XML, or an echostr.
        aes_key: EncodingAESKey, 43 characters.
        receive_id: CorpID for a self-built app.
    """
    key = base64.b64decode(aes_key + "=")
    data = secrets.token_bytes(16) + struct.pack(">I", len(plain)) + plain + receive_id.encode()
    cipher = AES.new(key, AES.MODE_CBC, key[:16])
    return base64.b64encode(cipher.encrypt(pad(data))).decode()


def decrypt(encrypted: str, aes_key: str, receive_id: str) -> bytes:
    """The message in an ``Encrypt`` text; ValueError when it is not one for this receiver."""
    key = base64.b64decode(aes_key + "=")
    data = base64.b64decode(encrypted, validate=True)
    if not data or len(data) % _BLOCK:
        raise ValueError("not whole blocks")
    padded = AES.new(key, AES.MODE_CBC, key[:16]).decrypt(data)
    count = padded[-1]
    if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
        raise ValueError("wrong padding")
    plain = padded[16:-count]
    length = int.from_bytes(plain[:4], "big")
    if plain[4 + length :] != receive_id.encode():
        raise ValueError("for another receiver")
    return plain[4 : 4 + length]


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """``msg_signature``: SHA-1 of the four parts in lexicographic order."""
    joined = "".join(sorted((token, timestamp, nonce, encrypted)))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def envelope(corp_id: str, agent_id: int, encrypted: str) -> bytes:
    """The outer XML of a callback's body."""
    return (
        f"<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName>"
        f"<Encrypt><![CDATA[{encrypted}]]></Encrypt>"
        f"<AgentID><![CDATA[{agent_id or ''}]]></AgentID></xml>"
    ).encode()
