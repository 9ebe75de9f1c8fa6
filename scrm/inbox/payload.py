"""The stored callback, encrypted and bound to its digest: the row's number is not known before the insert."""

from typing import Any

from django.db.models.query_utils import DeferredAttribute

from scrm.core import crypto
from scrm.core.fields import EncryptedBytesField

PLACE = b"inbox_inboxevent\x1fpayload\x1f"


class PayloadField(EncryptedBytesField[Any, Any]):
    """Ciphertext that stays ciphertext on the instance; `unseal` opens it with the row's digest."""

    descriptor_class = DeferredAttribute  # type: ignore[assignment]
    bound_to = "digest"

    def aad(self, pk: Any) -> bytes:
        """Return what binds a payload to its place: the digest of its row."""
        return PLACE + bytes(pk)


def seal(digest: bytes, xml: bytes) -> bytes:
    """Encrypt a callback's XML; it opens only together with the digest of its row."""
    return crypto.encrypt(xml, PLACE + digest)


def unseal(digest: bytes, sealed: bytes) -> bytes:
    """Return the XML; raises DecryptionError for a changed row or a missing key."""
    return crypto.decrypt(sealed, PLACE + digest)
