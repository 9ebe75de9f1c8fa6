"""What records say about identity: read from the features that own them, set by set."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from customers.crm.models import CrmMember
from customers.oneid.models import RecordKey
from customers.relations.models import ExternalContact, FollowRelation, RecordChange

Kind = RecordKey.Kind
Keys = frozenset[tuple[str, str]]


def keys_by_record(
    contact_ids: Iterable[UUID], member_ids: Iterable[UUID]
) -> dict[UUID, tuple[str, Keys]]:
    """Return by record id its kind and the keys it asserts now; a record that is gone is left out."""
    found: dict[UUID, tuple[str, Keys]] = {}
    contacts = list(contact_ids)
    if contacts:
        remarked = _remark_phones(contacts)
        rows = ExternalContact.objects.filter(pk__in=contacts)
        for pk, external_userid, unionid, phone in rows.values_list(
            "pk", "external_userid", "unionid", "phone_index"
        ):
            keys = {(Kind.EXTERNAL_USERID.value, external_userid), (Kind.UNIONID.value, unionid)}
            keys |= {(Kind.PHONE.value, hexed(phone))}
            keys |= {(Kind.WEAK_PHONE.value, value) for value in remarked.get(pk, ())}
            found[pk] = (RecordChange.Kind.CONTACT.value, _filled(keys))
    members = list(member_ids)
    if members:
        columns = (
            "pk",
            "member_no",
            "unionid",
            "external_userid",
            "id_card",
            "phone_index",
            "phone_verified",
        )
        for (
            pk,
            member_no,
            unionid,
            external_userid,
            card,
            phone,
            verified,
        ) in CrmMember.objects.filter(pk__in=members).values_list(*columns):
            phone_kind = Kind.PHONE if verified else Kind.WEAK_PHONE
            keys = {
                (Kind.MEMBER_NO.value, member_no),
                (Kind.UNIONID.value, unionid),
                (Kind.EXTERNAL_USERID.value, external_userid),
                (Kind.ID_CARD.value, card),
                (phone_kind.value, hexed(phone)),
            }
            found[pk] = (RecordChange.Kind.MEMBER.value, _filled(keys))
    return found


def hexed(index: bytes | memoryview | None) -> str:
    """Return a blind index as text, empty for none."""
    return "" if index is None else bytes(index).hex()


def _filled(keys: set[tuple[str, str]]) -> Keys:
    return frozenset((kind, value) for kind, value in keys if value)


def _remark_phones(contacts: list[UUID]) -> Mapping[UUID, set[str]]:
    rows = FollowRelation.objects.filter(contact__in=contacts).exclude(remark_phone_indexes=[])
    found: dict[UUID, set[str]] = {}
    for contact_id, indexes in rows.values_list("contact_id", "remark_phone_indexes"):
        found.setdefault(contact_id, set()).update(hexed(index) for index in indexes)
    return found


def active_members(record_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these records are CRM members that are not closed."""
    rows = CrmMember.objects.filter(pk__in=list(record_ids), state=CrmMember.State.ACTIVE)
    return set(rows.values_list("pk", flat=True))
