"""The private half of a follow relation: what the guide wrote about the customer."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

from customers.relations.models import FollowRelation
from scrm.core.crypto import blind_index, blind_indexes
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone

# Columns `Private.store` writes.
COLUMNS = (
    "remark",
    "remark_phones",
    "remark_phone_indexes",
    "remark_corp_name",
    "description",
    "private_digest",
)


def usable_phones(raw: Iterable[str]) -> list[str]:
    """Return the phones in E.164, sorted and once each; text that is no phone is left out."""
    found: set[str] = set()
    for text in raw:
        try:
            found.add(normalise_phone(text))
        except ValidationFailed:
            continue  # guides type wechat ids and notes into this field; the raw text is kept beside
    return sorted(found)


@dataclass(frozen=True)
class Private:
    """Remark, phones as typed, company and description."""

    remark: str = ""
    phones: tuple[str, ...] = field(default=())
    corp_name: str = ""
    description: str = ""

    @property
    def digest(self) -> bytes:
        """Return a keyed hash: equal content is recognised without decrypting anything."""
        return self.digests[0]

    @property
    def digests(self) -> list[bytes]:
        """Return the digest under every key of the moment."""
        packed = orjson.dumps([self.remark, self.phones, self.corp_name, self.description])
        return blind_indexes("row_digest", packed.decode())

    @property
    def phone_indexes(self) -> list[bytes]:
        """Return the blind indexes of the usable phones, sorted."""
        return sorted(blind_index("phone", phone) for phone in usable_phones(self.phones))

    def store(self, relation: FollowRelation) -> bool:
        """Put the fields on a relation (unsaved); return whether anything differs."""
        digests = self.digests
        if relation.private_digest is not None and bytes(relation.private_digest) in digests:
            return False
        relation.remark = self.remark
        relation.remark_phones = list(self.phones)
        relation.remark_phone_indexes = self.phone_indexes
        relation.remark_corp_name = self.corp_name
        relation.description = self.description
        relation.private_digest = digests[0]
        return True

    @classmethod
    def of(cls, relation: FollowRelation) -> "Private":
        """Read the fields of a relation."""
        return cls(
            remark=relation.remark,
            phones=tuple(relation.remark_phones),
            corp_name=relation.remark_corp_name,
            description=relation.description,
        )
