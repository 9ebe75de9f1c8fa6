"""Says by which names people are found differently after a reconciliation, for those who joined facts by them."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import connection
from django.utils import timezone

from customers.oneid.graph import Component
from customers.oneid.models import IdentityChange
from customers.oneid.partition import EXTERNAL_USERID, MEMBER, UNIONID, Key, Partition
from scrm.core.copy import copy_rows

Kind = IdentityChange.Kind
NAMES = {UNIONID: Kind.UNIONID, EXTERNAL_USERID: Kind.EXTERNAL_USERID}


def changes_note(
    component: Component, result: Partition, changed: Collection[UUID], keys: Iterable[Key]
) -> None:
    """Note the names of everybody a change reached, and those the changed records had before.

    Reached are the records of a group that holds a changed record, that gained one or that lost one; the
    others are found as before.
    """
    touched = _reached(component, result, changed)
    names = {(NAMES[kind], value) for kind, value in keys if kind in NAMES}
    for record in component.records:
        if record.id in touched:
            names |= {(NAMES[kind], value) for kind, value in record.keys if kind in NAMES}
            if record.kind == MEMBER:
                names.add((Kind.MEMBER, str(record.id)))
    if names:
        now = timezone.now()
        with connection.cursor() as cursor:
            copy_rows(
                cursor,
                IdentityChange._meta.db_table,
                ["kind", "value", "changed_at"],
                [(str(kind), value, now) for kind, value in sorted(names)],
            )


def _reached(component: Component, result: Partition, changed: Collection[UUID]) -> set[UUID]:
    held: dict[UUID, set[UUID]] = {}
    for record_id, person_id in component.persons.items():
        held.setdefault(person_id, set()).add(record_id)
    before = {frozenset(ids) for ids in held.values()}
    known = set(changed)
    reached = set(known)
    for group in (*(result.groups - before), *(before - result.groups)):
        reached |= group
    for group in result.groups:
        if not known.isdisjoint(group):
            reached |= group
    return reached
