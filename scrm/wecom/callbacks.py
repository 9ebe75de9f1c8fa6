"""Callback envelopes (docs 90968, 90930): signature, decryption, parsing. One exception for all that is wrong.

The envelope is not parsed as XML: the signature covers `<Encrypt>` only, so nothing else of it is read. It is
looked for without a pattern that could go back and forth: anybody may send a body, and the search comes before
the signature. What is decrypted is compared in constant time, and its failures are told apart by nobody outside.
The decrypted event goes through expat with document types refused and depth, size and count bounded.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from typing import Any
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from scrm.wecom.secret import Secret

MAX_BODY = 64 * 1024
_MOST_DEPTH = 16
_MOST_ELEMENTS = 4000
# A nonce of WeCom's has ten characters, a time ten digits; these are the longest we hash.
_LONGEST_NONCE = 128
_TIME = re.compile(r"[0-9]{1,20}", re.ASCII)
_OPEN, _CLOSE = b"<Encrypt>", b"</Encrypt>"
_CDATA_OPEN, _CDATA_CLOSE = b"<![CDATA[", b"]]>"
_SPACE = b" \t\r\n"
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
# Random prefix and length before the text; the padding is PKCS#7 with blocks of 32 over AES's 16.
_PREFIX = 16
_HEAD = 20
_BLOCK = 32


class BadCallback(Exception):  # noqa: N818 - the contract's name
    """The request is not a callback of our WeCom app; the text says why, without secrets."""


class BadSignature(BadCallback):
    """Not signed by our token: another key, another app, or somebody else."""


class NoKey(BadCallback):
    """No key is known for the app in the address."""


class OtherCorp(BadCallback):
    """Signed and decrypted, but for another corp id."""


class CallbackCrypto:
    """Signature and cipher of one app's callbacks.

    Args: `token` and the 43-character `aes_key` of the app's receive settings; `receive_id` is the corp id.
    Raises ValueError for a malformed key.
    """

    def __init__(self, token: str, aes_key: str, receive_id: str) -> None:
        token, aes_key = Secret(token), Secret(aes_key)  # this frame may be printed
        if not _AES_KEY.fullmatch(aes_key):
            raise ValueError("EncodingAESKey must be 43 characters of base64")
        self._token = token
        self._receive_id = receive_id.encode()
        self._cipher = _cipher_of(aes_key)

    def decrypt(self, msg_signature: str, timestamp: str, nonce: str, body: bytes) -> bytes:
        """Return the event's XML of a POST body; raises BadCallback."""
        if len(body) > MAX_BODY:
            raise BadCallback("the body is larger than 64 KiB")
        return self._opened(msg_signature, timestamp, nonce, _encrypted_of(body))

    def verify_url(self, msg_signature: str, timestamp: str, nonce: str, echostr: str) -> str:
        """Return the plain text to answer WeCom's GET with; raises BadCallback."""
        # A proxy that decoded twice turns the plus signs of base64 into spaces.
        encrypted = echostr.replace(" ", "+").encode("utf-8", "replace")
        plain = self._opened(msg_signature, timestamp, nonce, encrypted)
        try:
            return plain.decode("utf-8")
        except UnicodeDecodeError:
            raise BadCallback("the echo text is not UTF-8") from None

    def verification(self, plain: str, *, timestamp: str, nonce: str) -> dict[str, str]:
        """Return the query WeCom would verify our address with: how we test it ourselves (doc 90930)."""
        text = plain.encode()
        body = os.urandom(16) + len(text).to_bytes(4, "big") + text + self._receive_id
        padding = _BLOCK - len(body) % _BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(body + bytes([padding]) * padding) + encryptor.finalize()
        echo = base64.b64encode(sealed)
        signature = self._signature(timestamp.encode(), nonce.encode(), echo)
        return {
            "msg_signature": signature,
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": echo.decode(),
        }

    def _signature(self, timestamp: bytes, nonce: bytes, encrypted: bytes) -> str:
        parts = sorted((self._token.encode(), timestamp, nonce, encrypted))
        # SHA-1 is WeCom's protocol.
        return hashlib.sha1(b"".join(parts), usedforsecurity=False).hexdigest()

    def _opened(self, signature: str, timestamp: str, nonce: str, encrypted: bytes) -> bytes:
        if not _TIME.fullmatch(timestamp) or len(nonce) > _LONGEST_NONCE:
            raise BadSignature("time or nonce is not WeCom's")
        if len(encrypted) > MAX_BODY:
            raise BadCallback("the message is larger than 64 KiB")
        expected = self._signature(timestamp.encode(), nonce.encode("utf-8", "replace"), encrypted)
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise BadSignature("the signature does not match")
        return self._text_of(self._decrypted(encrypted))

    def _decrypted(self, encrypted: bytes) -> bytes:
        try:
            cipher_text = binascii.a2b_base64(encrypted, strict_mode=True)
        except (binascii.Error, ValueError):
            raise BadCallback("the message is not base64") from None
        if not cipher_text or len(cipher_text) % _BLOCK:
            raise BadCallback("the message has no whole number of blocks")
        decryptor = self._cipher.decryptor()
        return decryptor.update(cipher_text) + decryptor.finalize()

    def _text_of(self, plain: bytes) -> bytes:
        """Return the text inside of a plaintext; all of it is looked at whatever is wrong with it."""
        padding, length = plain[-1], int.from_bytes(plain[_PREFIX:_HEAD], "big")
        count = padding if 1 <= padding <= _BLOCK else _BLOCK
        padded = hmac.compare_digest(plain[-count:], bytes([padding]) * count)
        # The length must end exactly where the receiver begins: nothing hides between the two.
        end = len(plain) - count - len(self._receive_id)
        fits = end >= _HEAD and length == end - _HEAD
        ours = hmac.compare_digest(plain[max(end, 0) : len(plain) - count], self._receive_id)
        if not padded or padding != count:
            raise BadCallback("the padding is wrong")
        if not ours and _HEAD + length <= len(plain) - count:
            # A whole message, but for somebody else: IT then knows which id to correct.
            raise OtherCorp("the message is for another corp")
        if not fits or not ours:
            raise BadCallback("the length is wrong")
        return plain[_HEAD:end]


def _cipher_of(aes_key: Secret) -> Cipher[modes.CBC]:
    key = base64.b64decode(aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def _encrypted_of(body: bytes) -> bytes:
    """Return the text of the only `<Encrypt>` of a body, in time that grows with its length alone."""
    inner, closed, rest = body.partition(_OPEN)[2].partition(_CLOSE)
    if not closed or _OPEN in inner or _OPEN in rest:
        raise BadCallback("the body has no Encrypt element, or several")
    inner = inner.strip(_SPACE)
    if inner.startswith(_CDATA_OPEN) and inner.endswith(_CDATA_CLOSE):
        inner = inner[len(_CDATA_OPEN) : -len(_CDATA_CLOSE)].strip(_SPACE)
    if not inner:
        raise BadCallback("the Encrypt element is empty")
    return inner


class _Reader:
    """Builds nested dictionaries from expat's calls; an element that repeats becomes a list."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._stack: list[dict[str, Any]] = [self.root]
        self._text: list[str] = []
        self._count = 0

    def start(self, _name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._stack) > _MOST_DEPTH or self._count > _MOST_ELEMENTS:
            raise BadCallback("the event has too many elements")
        self._stack.append({})
        self._text.clear()

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, name: str) -> None:
        children = self._stack.pop()
        value: Any = children or "".join(self._text).strip()
        self._text.clear()
        parent = self._stack[-1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def refuse(self, *_details: Any) -> None:
        raise BadCallback("document types are refused")


def parse_event(xml: bytes) -> dict[str, Any]:
    """Return the fields of a decrypted event: texts, nested tables, lists of repeated elements.

    Raises BadCallback for anything that is not one `<xml>` document in UTF-8.
    """
    reader = _Reader()
    # The given encoding overrides the document's own, so nothing can hide in another one.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(xml, True)
    except expat.ExpatError:
        raise BadCallback("the event is not well-formed XML") from None
    fields = reader.root.get("xml")
    if not isinstance(fields, dict) or len(reader.root) != 1:
        raise BadCallback("the event has no fields")
    return fields
