"""Tombstones: who was forgotten, recognised by keyed hashes."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from customers.privacy.models import Erasure, Tombstone
from scrm.core.crypto import lasting_hash
from scrm.core.erased import Name


def digest_of(name: Name) -> bytes:
    """Return the keyed hash of a name (kind, value)."""
    kind, value = name
    return lasting_hash(f"tombstone.{kind}", value)


def found(names: Collection[Name]) -> Mapping[Name, datetime]:
    """Return which names were erased and when: one query, of an index; none of hashes where nobody was ever erased."""
    if not Tombstone.objects.exists():
        return {}
    by_digest = {digest_of(name): name for name in names}
    rows = Tombstone.objects.filter(digest__in=list(by_digest)).values_list("digest", "erased_at")
    return {by_digest[bytes(digest)]: erased_at for digest, erased_at in rows}


def tombstones_set(erasure: Erasure, digests: Iterable[tuple[str, bytes]]) -> None:
    """Keep (kind, hash) of a forgotten person's names; one erased again is erased since now."""
    Tombstone.objects.bulk_create(
        [
            Tombstone(kind=kind, digest=digest, erasure=erasure, erased_at=erasure.erased_at)
            for kind, digest in sorted(set(digests))
        ],
        update_conflicts=True,
        unique_fields=["digest"],
        update_fields=["erasure", "erased_at"],
    )
