"""Members set by set: new ones by COPY, changed ones by one upsert, unchanged ones not at all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.utils import timezone

from contacts.org.codes import StoreCodes, store_codes
from customers.copying import lock, rows_insert, rows_upsert
from customers.crm.facts import facts_join
from customers.crm.forgotten import members_forgotten
from customers.crm.models import CrmMember, FormerStore, HistoryChange
from customers.crm.orders import history_changed, orders_join
from customers.crm.rows import FIELDS, ID_CARD, MemberRow
from customers.relations.models import RecordChange
from customers.relations.noting import record_changed
from customers.results import CREATED, UNCHANGED, UPDATED, UpsertResult
from scrm.core.crypto import blind_index, blind_indexes
from scrm.core.fields import EncryptedField
from scrm.core.ids import uuid7

DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(FIELDS, ""),
    ID_CARD: "",
    "phone_verified": False,
    "state": CrmMember.State.ACTIVE.value,
    "joined_on": None,
}


class _Work:
    """What one batch found out, before anything is written."""

    def __init__(self, source: str, forgotten: Collection[str]) -> None:
        self.source, self.now, self.forgotten = source, timezone.now(), forgotten
        self.new: dict[str, UUID] = {}
        self.inserts: list[list[Any]] = []
        self.changed: list[CrmMember] = []
        self.dirty: list[UUID] = []
        self.joined: list[UUID] = []
        self.left: dict[UUID, str] = {}

    def take(self, row: MemberRow, known: Mapping[str, "_Known"]) -> str:
        """Look at one row; return what becomes of it."""
        found = known.get(row.member_no)
        if row.member_no in self.forgotten:
            return UNCHANGED
        if found is None:
            self._create(row)
            return CREATED
        return UNCHANGED if found.loaded is None else self._change(row, found.loaded)

    def _create(self, row: MemberRow) -> None:
        values = _settled({**DEFAULTS, **row.values})
        pk = uuid7()
        self.new[row.member_no] = pk
        self.dirty.append(pk)
        if values["joined_on"]:
            self.joined.append(pk)
        stamped = {
            **values,
            "id": pk,
            "phone_index": phone_index(values["phone"]),
            "phone_last4": phone_last4(values["phone"]),
            "digest": _digest(values),
            "source": self.source,
            "created_at": self.now,
            "updated_at": self.now,
        }
        for name, seal in _seals():
            stamped[name] = seal(pk, stamped[name])
        self.inserts.append([stamped[name] for name in _columns()])

    def _change(self, row: MemberRow, member: CrmMember) -> str:
        before, joined_on, store = _identity(member), member.joined_on, member.store_code
        if not _fill(member, row):
            return UNCHANGED
        member.source, member.updated_at = self.source, self.now
        self.changed.append(member)
        if member.joined_on and member.joined_on != joined_on:
            self.joined.append(member.pk)
        if member.store_code != store:
            self.left[member.pk] = store
        if _identity(member) != before:
            self.dirty.append(member.pk)
        return UPDATED

    def write(self) -> None:
        """Write all of it in the caller's transaction."""
        rows_insert(CrmMember, _columns(), self.inserts)
        rows_upsert(CrmMember, self.changed)
        _stores_left(self.left, self.now)
        record_changed(RecordChange.Kind.MEMBER, self.dirty)
        history_changed(HistoryChange.Kind.MEMBER, self.joined)
        orders_join(self.new)
        facts_join(self.new)


class _Known:
    """A member that is there; its row is read only when a row differs."""

    def __init__(self, pk: UUID, digest: bytes) -> None:
        self.pk, self._digest = pk, digest
        self.loaded: CrmMember | None = None

    def needs_look(self, row: MemberRow) -> bool:
        """Tell by the hash alone, which only a row that gives every field has, whether anything may differ."""
        if len(row.values.keys() - {ID_CARD}) < len(FIELDS):
            return True
        return self._digest not in _digests(_settled(dict(row.values)))


@transaction.atomic
def members_upsert(rows: Sequence[MemberRow], *, source: str) -> UpsertResult:
    """Create or update at most 1,000 members (one row a member number); unchanged ones are not written.

    Fields a row does not give stay as they are. Records whose identity or store changed are noted for OneID
    and what follows from it, stores that were left are kept with their end, in the same transaction; orders
    and facts that came before their member are joined.
    """
    members_lock()
    stores, now = store_codes(row.values.get("store_code", "") for row in rows), timezone.now()
    rows = [_in_our_codes(row, stores, now) for row in rows]
    known = _known(rows)
    work = _Work(source, members_forgotten(rows, known))
    outcomes = [work.take(row, known) for row in rows]
    work.write()
    return UpsertResult.of(outcomes)


def members_lock() -> None:
    """Let one batch at a time in: two that bring the same new member number would collide."""
    lock("customers.crm")


def _in_our_codes(row: MemberRow, stores: StoreCodes, now: datetime) -> MemberRow:
    """Call the row's store as we do: the CRM may have its own id for it, or not know of a merge yet."""
    sent = row.values.get("store_code", "")
    ours = stores.code_at(sent, now)
    return row if ours == sent else replace(row, values={**row.values, "store_code": ours})


def _known(rows: Sequence[MemberRow]) -> dict[str, _Known]:
    """Return the members that are there; those that are going to be compared come with their rows."""
    there = CrmMember.objects.filter(member_no__in=[row.member_no for row in rows])
    found = {
        member_no: _Known(pk, bytes(digest))
        for member_no, pk, digest in there.values_list("member_no", "pk", "digest")
    }
    compared = [
        found[row.member_no].pk
        for row in rows
        if row.member_no in found and found[row.member_no].needs_look(row)
    ]
    for member in CrmMember.objects.filter(pk__in=compared) if compared else ():
        found[member.member_no].loaded = member
    return found


def phone_index(phone: str) -> bytes | None:
    """Return the blind index of a phone in E.164, None without one."""
    return blind_index("phone", phone) if phone else None


def phone_last4(phone: str) -> bytes | None:
    """Return the blind index of a phone's last four digits, None without one."""
    return blind_index("phone_last4", phone[-4:]) if phone else None


@cache
def _columns() -> tuple[str, ...]:
    """Return the columns of the whole table, as COPY needs them."""
    return tuple(str(field.column) for field in CrmMember._meta.concrete_fields)


@cache
def _seals() -> tuple[tuple[str, Callable[[UUID, Any], bytes]], ...]:
    """Return (column, how to seal it) of those that are encrypted."""
    fields = CrmMember._meta.concrete_fields
    return tuple(
        (str(field.column), field.seal) for field in fields if isinstance(field, EncryptedField)
    )


def _settled(values: dict[str, Any]) -> dict[str, Any]:
    """Only a phone that is there can be verified."""
    values["phone_verified"] = values["phone_verified"] and bool(values["phone"])
    return values


def _digest(values: Mapping[str, Any]) -> bytes:
    return _digests(values)[0]


def digest_of(member: CrmMember) -> bytes:
    """Return the digest of a member as it is stored."""
    return _digest(_settled({name: getattr(member, name) for name in (*FIELDS, ID_CARD)}))


def _digests(values: Mapping[str, Any]) -> list[bytes]:
    """Return the digest under every key of the moment; rows without an ID card digest as before there were any."""
    told = {name: value for name, value in values.items() if name != ID_CARD or value}
    return blind_indexes("row_digest", orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode())


def _fill(member: CrmMember, row: MemberRow) -> bool:
    """Put the given values on the member (unsaved); return whether anything differs."""
    given = dict(row.values)
    values = {name: getattr(member, name) for name in (*FIELDS, ID_CARD)} | given
    if "phone" in given and "phone_verified" not in given and given["phone"] != member.phone:
        values["phone_verified"] = False  # the verification was of the phone before
    digests = _digests(_settled(values))
    if bytes(member.digest) in digests:
        return False
    for name, value in values.items():
        setattr(member, name, value)
    member.phone_index = phone_index(member.phone)
    member.phone_last4 = phone_last4(member.phone)
    member.digest = digests[0]
    return True


def _identity(member: CrmMember) -> tuple[object, ...]:
    """Return what OneID looks at, and the store, which decides orders together with it."""
    index = None if member.phone_index is None else bytes(member.phone_index)
    return (
        member.unionid,
        member.external_userid,
        member.id_card,
        index,
        member.phone_verified,
        member.state,
        member.store_code,
    )


def _stores_left(left: Mapping[UUID, str], now: datetime) -> None:
    """Keep which store these members had until now; that of a member who never had one is not news."""
    without = [pk for pk, store_code in left.items() if not store_code]
    between = set(
        FormerStore.objects.filter(member__in=without).values_list("member_id", flat=True)
    )
    FormerStore.objects.bulk_create(
        FormerStore(member_id=pk, store_code=store_code, until=now)
        for pk, store_code in left.items()
        if store_code or pk in between
    )
