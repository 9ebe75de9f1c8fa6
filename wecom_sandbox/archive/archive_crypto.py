"""How the archive's messages are locked: a random key under RSA, the message under that key (archive.md §2).

WeCom keeps the inner cipher inside its SDK; the stand-in's is AES-256-CBC.
"""

import base64
import secrets
from typing import Any

from Crypto.Cipher import AES, PKCS1_v1_5
from Crypto.PublicKey import RSA
from Crypto.Util.Padding import pad, unpad

RSA_BITS = 2048
_KEY_LENGTH = 32


def check_public_key(text: str) -> None:
    """ValueError when it is no RSA public key of 2048 bits in PEM."""
    key = RSA.import_key(text)
    if key.has_private() or key.size_in_bits() != RSA_BITS:
        raise ValueError("the archive wants a public RSA key of 2048 bits, PEM")


def lock(message: str, public_key: str) -> tuple[str, str]:
    """``encrypt_random_key`` and ``encrypt_chat_msg`` of a message, both base64."""
    random_key = secrets.token_urlsafe(_KEY_LENGTH)[:_KEY_LENGTH]
    sealed = PKCS1_v1_5.new(RSA.import_key(public_key)).encrypt(random_key.encode())
    cipher = _cipher(random_key)
    locked = cipher.encrypt(pad(message.encode(), AES.block_size))
    return base64.b64encode(sealed).decode(), base64.b64encode(locked).decode()


def open_key(encrypt_random_key: str, private_key: str) -> str:
    """The random key, as the corp opens it with its own private key; ValueError when it is another's."""
    sealed = base64.b64decode(encrypt_random_key, validate=True)
    try:
        opened = PKCS1_v1_5.new(RSA.import_key(private_key)).decrypt(sealed, b"")
    except ValueError:
        # A larger number than this key's modulus: another key's.
        opened = b""
    if len(opened) != _KEY_LENGTH:
        raise ValueError("not locked for this key")
    return opened.decode("ascii")


def open_message(random_key: str, encrypt_chat_msg: str) -> str:
    """The message; ValueError when key and text do not belong together."""
    locked = base64.b64decode(encrypt_chat_msg, validate=True)
    return unpad(_cipher(random_key).decrypt(locked), AES.block_size).decode("utf-8")


def _cipher(random_key: str) -> Any:
    key = random_key.encode()
    return AES.new(key, AES.MODE_CBC, key[: AES.block_size])
