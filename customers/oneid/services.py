"""Keeps persons equal to what records and human decisions say, and takes those decisions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.oneid.changes import changes_note
from customers.oneid.graph import component_load, keys_refresh
from customers.oneid.models import Conflict, Decision, IdentityChange, Person, PersonLink
from customers.oneid.partition import partition
from customers.oneid.writing import conflicts_write, partition_write
from customers.relations.models import ExternalContact, RecordChange
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict as ConflictError
from scrm.core.exceptions import ValidationFailed
from scrm.core.ids import uuid7

BATCH = 1000


@dataclass(frozen=True)
class Reconciled:
    """What a reconciliation looked at and wrote."""

    changed: int
    looked_at: int
    moved: int
    conflicts: int


@transaction.atomic
def reconcile(changed: Iterable[tuple[str, UUID]]) -> Reconciled:
    """Bring persons up to date with these records (kind, id) and all they reach; writes only differences.

    The number of queries does not depend on the number of records (pass at most 1,000). One reconciliation
    runs at a time, so the result is that of some order, and no order makes a difference.
    """
    _oneid_lock(wait=True)
    return _reconcile(set(changed))


def _reconcile(changed: set[tuple[str, UUID]]) -> Reconciled:
    if not changed:
        return Reconciled(0, 0, 0, 0)
    touched = keys_refresh(changed)
    component = component_load({record_id for _kind, record_id in changed}, touched)
    result = partition(
        component.records,
        together=component.together,
        apart=component.apart,
        crowded=component.crowded,
    )
    moved = partition_write(component, result)
    conflicts = conflicts_write(component, result.clashes)
    changes_note(component, result, {record_id for _kind, record_id in changed}, touched.keys)
    return Reconciled(len(changed), len(component.records), moved, conflicts)


def reconcile_pending(limit: int = BATCH) -> Reconciled | None:
    """Work on the oldest noted changes; None when there are none, or another worker is at it.

    Changes noted meanwhile stay for the next call: exactly the rows that were read are deleted.
    """
    with transaction.atomic():
        if not _oneid_lock(wait=False):
            return None
        rows = RecordChange.objects.order_by("pk").values_list("pk", "record_kind", "record_id")[
            :limit
        ]
        return _drain(list(rows))


def identities_take(limit: int) -> list[IdentityChange]:
    """Return up to so many changed names and forget them; call it in the transaction that acts on them."""
    rows = IdentityChange.objects.select_for_update(skip_locked=True).order_by("pk")[:limit]
    taken = list(rows)
    if taken:
        IdentityChange.objects.filter(pk__in=[row.pk for row in taken]).delete()
    return taken


def reconcile_contact(external_userid: str) -> None:
    """Work on one customer's noted changes now, unless another worker is at it: then it does, or the clock."""
    with transaction.atomic():
        if not _oneid_lock(wait=False):
            return
        contact = ExternalContact.objects.filter(external_userid=external_userid).values("pk")
        rows = RecordChange.objects.filter(
            record_id__in=contact, record_kind=RecordChange.Kind.CONTACT
        )
        _drain(list(rows.values_list("pk", "record_kind", "record_id")))


def _drain(rows: Sequence[tuple[int, str, UUID]]) -> Reconciled | None:
    if not rows:
        return None
    done = _reconcile({(kind, record_id) for _pk, kind, record_id in rows})
    RecordChange.objects.filter(pk__in=[pk for pk, _kind, _id in rows]).delete()
    return done


def _oneid_lock(*, wait: bool) -> bool:
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended('customers.oneid', 7))")
        answer = cursor.fetchone()[0]
    return wait or bool(answer)


# --- humans -----------------------------------------------------------------------------------------------------


@transaction.atomic
def conflict_decide(conflict: Conflict, *, verdict: str, actor: Any, reason: str) -> None:
    """Settle a conflict: its blocks are one person, or different ones.

    Raises ValidationFailed without a reason, Conflict when somebody was faster.
    """
    _oneid_lock(wait=True)
    row = Conflict.objects.select_for_update().get(pk=conflict.pk)
    if row.state != Conflict.State.OPEN:
        raise ConflictError(_("This conflict was settled meanwhile."), code="conflict_settled")
    blocks = [[UUID(each) for each in block] for block in row.blocks]
    pairs = _star(blocks) if verdict == Decision.Verdict.TOGETHER else _across(blocks)
    _decide(pairs, verdict=verdict, actor=actor, reason=reason, target=f"conflict:{row.pk}")
    Conflict.objects.filter(pk=row.pk).update(
        state=Conflict.State.DECIDED, closed_at=timezone.now()
    )


@transaction.atomic
def proposal_decide(
    contact_id: UUID, member_id: UUID, *, verdict: str, actor: Any, reason: str
) -> None:
    """Settle a proposed link of a customer and a member: one person, or not. Raises ValidationFailed."""
    _oneid_lock(wait=True)
    target = f"proposal:{contact_id}:{member_id}"
    _decide(
        [_pair(contact_id, member_id)], verdict=verdict, actor=actor, reason=reason, target=target
    )


@transaction.atomic
def person_split(person: Person, record_ids: Iterable[UUID], *, actor: Any, reason: str) -> None:
    """Take records off a person for good: they and the remaining ones are kept apart.

    What people joined within either half stays joined, also where it was joined by way of the other half.
    Raises ValidationFailed without a reason, or when nothing would be left or taken.
    """
    _oneid_lock(wait=True)
    own = set(PersonLink.objects.filter(person=person).values_list("record_id", flat=True))
    taken = set(record_ids)
    if not taken or not taken < own:
        raise ValidationFailed(
            _("Choose some of the records, but not all of them."), code="split_nothing"
        )
    ties = Decision.objects.filter(
        left_id__in=own, right_id__in=own, verdict=Decision.Verdict.TOGETHER, retracted_at=None
    )
    bridges = _ties_bridged(list(ties.order_by("pk")), taken)
    Decision.objects.bulk_create(bridges, ignore_conflicts=True)
    pairs = [_pair(left, right) for left in sorted(taken) for right in sorted(own - taken)]
    _decide(
        pairs,
        verdict=Decision.Verdict.APART,
        actor=actor,
        reason=reason,
        target=f"person:{person.pk}",
    )


@transaction.atomic
def act_retract(act: UUID, *, actor: Any, reason: str) -> None:
    """Take back all that was decided in one act: the records are again what their keys say.

    Raises ValidationFailed without a reason, Conflict when it was taken back already.
    """
    _oneid_lock(wait=True)
    reason = _checked(reason)
    rows = list(Decision.objects.select_for_update().filter(act=act, retracted_at=None))
    if not rows:
        raise ConflictError(_("This decision was taken back already."), code="decision_retracted")
    Decision.objects.filter(pk__in=[row.pk for row in rows]).update(
        retracted_at=timezone.now(), retracted_by=actor
    )
    ids = {each for row in rows for each in (row.left_id, row.right_id)}
    audit.record(
        actor=actor,
        action="oneid.retract",
        target=f"decision:{act}",
        before={"verdict": rows[0].verdict, "records": sorted(map(str, ids))},
        reason=reason,
    )
    _again(ids)


def _pair(left: UUID, right: UUID) -> tuple[UUID, UUID]:
    return (left, right) if left < right else (right, left)


def _star(blocks: Sequence[Sequence[UUID]]) -> list[tuple[UUID, UUID]]:
    first, *others = [each for block in blocks for each in block]
    return [_pair(first, other) for other in others]


def _ties_bridged(ties: Sequence[Decision], taken: set[UUID]) -> list[Decision]:
    """Return what holds each half of a split as these ties (oldest first) do now, once those across it go.

    A bridge belongs to the act of the newest tie across that it stands for, and is taken back with it.
    """
    across = [tie for tie in ties if (tie.left_id in taken) != (tie.right_id in taken)]
    ends = {each for tie in across for each in (tie.left_id, tie.right_id)}
    bridges: list[Decision] = []
    blocks: dict[UUID, set[UUID]] = {}
    for tie in [*(tie for tie in ties if tie not in across), *across]:
        left = blocks.setdefault(tie.left_id, {tie.left_id})
        right = blocks.setdefault(tie.right_id, {tie.right_id})
        if left is right:
            continue
        if tie in across:
            bridges += [
                _bridge(tie, min(left & half), min(right & half))
                for half in (ends & taken, ends - taken)
                if left & half and right & half
            ]
        left |= right
        blocks.update(dict.fromkeys(right, left))
    return bridges


def _bridge(tie: Decision, one: UUID, two: UUID) -> Decision:
    left, right = _pair(one, two)
    return Decision(
        act=tie.act,
        verdict=tie.verdict,
        left_id=left,
        right_id=right,
        reason=tie.reason,
        decided_by_id=tie.decided_by_id,
    )


def _across(blocks: Sequence[Sequence[UUID]]) -> list[tuple[UUID, UUID]]:
    return [
        _pair(one, two) for left, right in combinations(blocks, 2) for one in left for two in right
    ]


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ValidationFailed(
            _("Say why; whoever looks at this later needs it."), code="reason_missing"
        )
    return reason[:200]


def _decide(
    pairs: Sequence[tuple[UUID, UUID]], *, verdict: str, actor: Any, reason: str, target: str
) -> None:
    """Put decisions in force instead of older ones on the same pairs, then reconcile."""
    reason = _checked(reason)
    ids = {each for pair in pairs for each in pair}
    older = Decision.objects.filter(left_id__in=ids, right_id__in=ids, retracted_at=None)
    replaced = [row.pk for row in older if (row.left_id, row.right_id) in set(pairs)]
    Decision.objects.filter(pk__in=replaced).update(retracted_at=timezone.now(), retracted_by=actor)
    act = uuid7()
    Decision.objects.bulk_create(
        Decision(
            act=act, verdict=verdict, left_id=left, right_id=right, reason=reason, decided_by=actor
        )
        for left, right in pairs
    )
    audit.record(
        actor=actor,
        action=f"oneid.{verdict}",
        target=target,
        after={"records": sorted(str(each) for each in ids), "replaced": replaced},
        reason=reason,
    )
    _again(ids)


def _again(record_ids: Iterable[UUID]) -> None:
    links = PersonLink.objects.filter(record_id__in=list(record_ids))
    _reconcile(set(links.values_list("record_kind", "record_id")))
