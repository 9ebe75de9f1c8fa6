"""Reads of parameter tokens."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from django.conf import settings

from contacts.parameters.models import KEY_BYTES, Parameter
from scrm.core.crypto import decode_key

MAC_BYTES = 8
TOKEN_CHARS = 27
KEY_CONTEXT = b"contacts.parameters.token.v1"


def token_of(key: bytes) -> str:
    """Return the 27-character token of a 12-byte row key: key and MAC as base64url."""
    raw = key + token_mac(key)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def token_mac(key: bytes) -> bytes:
    """Return the 8-byte MAC of a row key; its HMAC key is derived for this purpose alone."""
    return hmac.digest(purpose_key(), key, hashlib.sha256)[:MAC_BYTES]


def purpose_key() -> bytes:
    """Return the key of these MACs: SCRM_PARAMETER_KEY, else derived from the blind-index key.

    Codes are printed: this key never changes. `manage.py keys parameter` prints it before the other one does.
    """
    if settings.PARAMETER_KEY:
        return decode_key(settings.PARAMETER_KEY, "SCRM_PARAMETER_KEY")
    root = (settings.BLIND_INDEX_KEY or settings.SECRET_KEY).encode()
    return hmac.digest(root, KEY_CONTEXT, hashlib.sha256)


def token_key(token: str) -> bytes | None:
    """Return the row key inside a token, or None where the token is not one of ours."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    key, mac = raw[:KEY_BYTES], raw[KEY_BYTES:]
    if not hmac.compare_digest(mac, token_mac(key)):
        return None
    # 20 bytes fill 26.7 characters: without this, two spellings of the last one would both pass.
    return key if hmac.compare_digest(token_of(key), token) else None


def resolve(token: str) -> Parameter | None:
    """Return the parameter of a token; None where it is tampered with, unknown or expired.

    None means "unattributed", never another guide (product.md §3, Parameter).
    """
    key = token_key(token)
    if key is None:
        return None
    parameter = Parameter.objects.filter(key=key).first()
    if parameter is None or parameter.is_expired:
        return None
    return parameter


def parameters_of(tokens: Iterable[str]) -> dict[str, Parameter]:
    """Return by token the parameters of those that are ours, expired ones too, in one query.

    A token that is missing here is tampered with or unknown. Whether a parameter counts depends on the
    moment it was used (`expires_at`), which the caller knows.
    """
    keys = {token: key for token in set(tokens) if (key := token_key(token)) is not None}
    rows = Parameter.objects.filter(key__in=list(keys.values()))
    by_key = {bytes(row.key): row for row in rows}
    return {token: by_key[key] for token, key in keys.items() if key in by_key}
