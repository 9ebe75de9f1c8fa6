"""Fingerprints by which a secret is recognised."""

from typing import Any

from contacts.drift.models import SecretSeen
from contacts.drift.secrets import undated_secrets
from scrm.core.crypto import blind_index
from scrm.core.keys.keyed import Keyed


def _fingerprint(row: SecretSeen) -> dict[str, Any]:
    """Return a secret's fingerprint; of one that is gone, the one it has."""
    value = undated_secrets().get(row.name)
    if value is None:
        return {}
    return {"fingerprint": blind_index("secret", f"{row.name}\x1f{value}")}


SECRET = Keyed(SecretSeen, ("fingerprint",), _fingerprint, at_once=True)
