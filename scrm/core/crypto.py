"""Encryption of single fields, and keyed hashes to look them up by."""

import base64
import binascii
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = 1
NONCE_BYTES = 12
BLIND_INDEX_KINDS = frozenset(
    {"custom_field", "phone", "phone_last4", "id_card", "remark_gram", "row_digest", "secret"}
)

# Kinds whose value is not kept, so that nothing could be computed again: a change of key leaves them as they are.
LASTING_KINDS = frozenset({"id_card"})


class DecryptionError(Exception):
    """The ciphertext was changed, moved to another row or written with a key we do not have."""


def decode_key(text: str, name: str) -> bytes:
    """Return the 32 bytes of a base64 key; `name` is the setting named in the error."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ImproperlyConfigured(f"{name} must be base64 text.") from None
    if len(key) != 32:
        raise ImproperlyConfigured(f"{name} must be 32 bytes in base64, not {len(key)}.")
    return key


def parse_field_keys(text: str) -> dict[str, bytes]:
    """Return key id → key, the writing key first, from `<id>:<base64>[,<id>:<base64>]`."""
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, colon, encoded = entry.partition(":")
        if not colon or not key_id.isalnum() or not key_id.isascii() or len(key_id) > 16:
            raise ImproperlyConfigured(
                "SCRM_FIELD_KEYS must look like 1:<base64>,<old id>:<base64>."
            )
        if key_id in keys:
            raise ImproperlyConfigured(f"SCRM_FIELD_KEYS names key {key_id} twice.")
        keys[key_id] = decode_key(encoded, "SCRM_FIELD_KEYS")
    if not keys:
        raise ImproperlyConfigured(
            "Set SCRM_FIELD_KEYS; without it no personal data can be stored."
        )
    return keys


@lru_cache(maxsize=8)
def _ring(text: str) -> tuple[str, dict[str, AESGCM]]:
    keys = parse_field_keys(text)
    return next(iter(keys)), {key_id: AESGCM(key) for key_id, key in keys.items()}


@lru_cache(maxsize=8)
def _secret(text: str, name: str) -> bytes:
    return decode_key(text, name)


@lru_cache(maxsize=8)
def parse_index_keys(text: str) -> tuple[bytes, ...]:
    """Return the blind-index keys, the writing one first, from `<base64>[,<base64>]`."""
    parts = [part.strip() for part in text.split(",")]
    keys = tuple(decode_key(part, "SCRM_BLIND_INDEX_KEY") for part in parts)
    if len(keys) > 2 or len(set(keys)) < len(keys):
        raise ImproperlyConfigured(
            "SCRM_BLIND_INDEX_KEY is one key, or two different ones while it is changed."
        )
    return keys


def writing_key_id() -> str:
    """Return the id of the field key that writes."""
    return _ring(settings.FIELD_KEYS)[0]


def field_key_ids() -> tuple[str, ...]:
    """Return the ids of the field keys, the writing one first."""
    return tuple(_ring(settings.FIELD_KEYS)[1])


def header_of(key_id: str) -> bytes:
    """Return what every ciphertext of a key begins with."""
    return bytes((VERSION, len(key_id))) + key_id.encode("ascii")


def encrypt(plaintext: bytes, aad: bytes) -> bytes:
    """Return `version · key id · nonce · ciphertext` (AES-256-GCM) bound to `aad`."""
    key_id, ring = _ring(settings.FIELD_KEYS)
    header = header_of(key_id)
    nonce = os.urandom(NONCE_BYTES)
    # The header is authenticated too: nobody can relabel a ciphertext with another key id.
    return header + nonce + ring[key_id].encrypt(nonce, plaintext, header + aad)


def decrypt(sealed: bytes, aad: bytes) -> bytes:
    """Return the plaintext; raises DecryptionError when it was changed or belongs to another row."""
    _, ring = _ring(settings.FIELD_KEYS)
    key_id, body_at = read_header(sealed)
    cipher = ring.get(key_id)
    if cipher is None:
        raise DecryptionError(f"No key {key_id} in SCRM_FIELD_KEYS.")
    nonce = sealed[body_at : body_at + NONCE_BYTES]
    try:
        return cipher.decrypt(nonce, sealed[body_at + NONCE_BYTES :], sealed[:body_at] + aad)
    except (InvalidTag, ValueError):
        raise DecryptionError("The ciphertext was changed or belongs to another row.") from None


def read_header(sealed: bytes) -> tuple[str, int]:
    """Return the key id of a ciphertext and where its nonce begins."""
    if len(sealed) < 2 or sealed[0] != VERSION:
        raise DecryptionError("Not a ciphertext of ours.")
    body_at = 2 + sealed[1]
    if len(sealed) < body_at + NONCE_BYTES + 16:
        raise DecryptionError("The ciphertext is cut short.")
    return sealed[2:body_at].decode("ascii", "replace"), body_at


def blind_index(kind: str, value: str) -> bytes:
    """Return 32 bytes (HMAC-SHA-256) to find `value` by, without being able to read it.

    `kind` separates classes: equal values of two kinds give different bytes. Pass normalised values
    (phones in E.164). It is what a row stores; what looks for rows takes `blind_indexes`.
    """
    return blind_indexes(kind, value)[0]


def blind_indexes(kind: str, value: str) -> list[bytes]:
    """Return every index under which a row may hold `value`, the one written now first.

    More than one only while the key is changed: rows not rewritten yet are found by the key before.
    """
    if kind not in BLIND_INDEX_KINDS:
        raise ValueError(f"unknown blind index kind {kind!r}")
    if kind in LASTING_KINDS:
        return [lasting_hash(f"index.{kind}", value)]
    message = f"{kind}\x1f{value}".encode()
    return [
        hmac.digest(key, message, "sha256") for key in parse_index_keys(settings.BLIND_INDEX_KEY)
    ]


def audit_mac(*parts: bytes) -> bytes:
    """Return 32 bytes (HMAC-SHA-256 under SCRM_AUDIT_KEY) over length-prefixed parts."""
    key = _secret(settings.AUDIT_KEY, "SCRM_AUDIT_KEY")
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8, "big"))
        mac.update(part)
    return mac.digest()


def lasting_hash(purpose: str, value: str) -> bytes:
    """Return 32 bytes (HMAC-SHA-256) that stay the same whatever other key is changed.

    For what cannot be computed again because its value is not kept: tombstones, recovery codes, devices.
    """
    return audit_mac(b"lasting", purpose.encode(), value.encode())


def lasting_cipher(purpose: str) -> AESGCM:
    """Return a cipher under a key derived from the audit key, for files that outlive a change of the field key."""
    return AESGCM(lasting_hash("cipher", purpose))
