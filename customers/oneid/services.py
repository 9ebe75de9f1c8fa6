"""Keeps persons equal to what records and human decisions say, and takes those decisions."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.crm.models import CrmMember
from customers.oneid.changes import changes_note
from customers.oneid.deciding import decisions_put, decisions_take_back, split_bridges
from customers.oneid.graph import component_load, keys_refresh
from customers.oneid.linking import SLOW, contact_link, records_link
from customers.oneid.models import (
    Conflict,
    Decision,
    IdentityChange,
    Person,
    PersonLink,
    RecordKey,
    SharedKey,
)
from customers.oneid.pairs import across, pair, star
from customers.oneid.partition import Key, partition
from customers.oneid.quarantine import limits, shared_write
from customers.oneid.selectors import AUDIT
from customers.oneid.writing import conflicts_write, partition_write
from customers.relations.models import ExternalContact, RecordChange
from scrm.core.alerts.services import raise_alert
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict as ConflictError
from scrm.core.exceptions import ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.keys.selectors import index_key_count, indexes_moving

# Records in one transaction.
BATCH = 5000


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

    The number of queries does not depend on the number of records (pass at most a few thousand). One reconciliation
    runs at a time, so the result is that of some order, and no order makes a difference.
    """
    _oneid_lock(wait=True)
    return _reconcile(set(changed))


def _reconcile(
    changed: Collection[tuple[str, UUID]],
    *,
    held: Collection[Key] = (),
    job_id: UUID | None = None,
) -> Reconciled:
    """Look at everything these records reach; `held` are keys whose tying changed by a human's word."""
    if not changed:
        return Reconciled(0, 0, 0, 0)
    touched = keys_refresh(changed)
    component = component_load({record_id for _kind, record_id in changed}, touched)
    result = partition(
        component.records,
        together=component.together,
        apart=component.apart,
        crowded=component.crowded,
        limits=limits(),
    )
    moved = partition_write(component, result, job_id=job_id)
    conflicts = conflicts_write(component, result.clashes)
    shared_write(touched.moved | set(held))
    changes_note(component, result, {record_id for _kind, record_id in changed}, touched.keys)
    _large_told(conflicts)
    return Reconciled(len(changed), len(component.records), moved, len(conflicts))


def _large_told(conflicts: Collection[Conflict]) -> None:
    """Alert on records that would make a person larger than one human is."""
    for conflict in conflicts:
        if conflict.rule == Conflict.Rule.TOO_LARGE:
            raise_alert(
                kind="oneid.large",
                key=conflict.fingerprint,
                level="warning",
                title=_large_title,
                text=partial(_large_text, len(conflict.record_ids)),
            )


def _large_title() -> str:
    return _("A person would have too many records")


def _large_text(count: int) -> str:
    words = _(
        "%(count)d records share keys step by step. They stay apart until somebody decides in the merge centre."
    )
    return words % {"count": count}


def reconcile_pending(limit: int = BATCH) -> Reconciled | None:
    """Work on the oldest noted changes; None when there are none, or another worker is at it.

    New records that need no thought are linked set by set; the rest is looked at together. Changes noted
    meanwhile stay for the next call.
    """
    with transaction.atomic():
        if not _oneid_lock(wait=False):
            return None
        rows = RecordChange.objects.order_by("pk").values_list("record_kind", "record_id")[:limit]
        changed = list(dict.fromkeys(rows))
        if not changed:
            return None
        linked = records_link(changed)
        done = _drain([record for record in changed if record not in linked])
        return Reconciled(
            len(changed), len(linked) + done.looked_at, len(linked) + done.moved, done.conflicts
        )


def identities_take(limit: int) -> list[IdentityChange]:
    """Return up to so many changed names and forget them; call it in the transaction that acts on them."""
    rows = IdentityChange.objects.select_for_update(skip_locked=True).order_by("pk")[:limit]
    taken = list(rows)
    if taken:
        IdentityChange.objects.filter(pk__in=[row.pk for row in taken]).delete()
    return taken


def reconcile_contact(external_userid: str) -> None:
    """Work on one customer's noted changes now, unless another worker is at it: then it does, or the clock.

    While the key of the phone indexes is changed the clock does it, behind the change.
    """
    # With one key nothing can be between two, and an event need not ask.
    if index_key_count() > 1 and indexes_moving():
        return
    if contact_link(external_userid) != SLOW:
        return
    with transaction.atomic():
        contact = ExternalContact.objects.filter(external_userid=external_userid)
        ids = list(contact.values_list("pk", flat=True))
        if _oneid_lock(wait=False):
            _drain([(RecordChange.Kind.CONTACT.value, each) for each in ids])


def _drain(changed: Collection[tuple[str, UUID]]) -> Reconciled:
    """Look at these records and forget the notes on them: those that were there before we looked."""
    notes = RecordChange.objects.filter(record_id__in=[record_id for _kind, record_id in changed])
    rows = list(notes.values_list("pk", "record_kind", "record_id"))
    noted = {(kind, record_id) for _pk, kind, record_id in rows}.intersection(changed)
    done = _reconcile(noted)
    RecordChange.objects.filter(
        pk__in=[pk for pk, kind, record_id in rows if (kind, record_id) in noted]
    ).delete()
    return done


class IndexesMoving(ConflictError):  # noqa: N818 -- named by what happens
    """Phone indexes of two keys stand beside each other: who compared them would part people from themselves."""


def indexes_need_rest() -> None:
    """Raise IndexesMoving while the key of the blind indexes is changed."""
    if indexes_moving():
        raise IndexesMoving(
            _(
                "The key of the search indexes is being changed; persons stay as they are until that is over. Try again then."
            ),
            code="indexes_moving",
        )


def _oneid_lock(*, wait: bool) -> bool:
    """Take OneID's lock; False where another worker has it, IndexesMoving for who waits while keys are changed.

    All that is read and written under it is by index: as in customers_oneid_link, no plan may scan tables because they
    were small or unknown to the planner a moment ago, and compiling one takes longer than running it.
    """
    if wait:
        indexes_need_rest()
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
        cursor.execute(f"SELECT {function}(hashtextextended('customers.oneid', 7))")
        answer = cursor.fetchone()[0]
    return wait or bool(answer)


def audit_start(*, actor: Any | None) -> JobRun:
    """Start the audit of all persons; raises Conflict while one is under way."""
    return jobs.start(
        kind=AUDIT,
        task="customers.oneid_audit",
        actor=actor,
        title=gettext_noop("Audit of all persons (OneID)"),
    )


@transaction.atomic
def put_right(record_ids: Collection[UUID], *, job_id: UUID | None = None) -> Reconciled:
    """Look again at records (at most BATCH) that an audit found elsewhere than their keys say."""
    _oneid_lock(wait=True)
    links = PersonLink.objects.filter(record_id__in=record_ids)
    keys = RecordKey.objects.filter(record_id__in=record_ids)
    contacts = ExternalContact.objects.filter(pk__in=record_ids).values_list("pk", flat=True)
    members = CrmMember.objects.filter(pk__in=record_ids).values_list("pk", flat=True)
    return _reconcile(
        {
            *links.values_list("record_kind", "record_id"),
            *keys.values_list("record_kind", "record_id"),
            *((RecordChange.Kind.CONTACT.value, each) for each in contacts),
            *((RecordChange.Kind.MEMBER.value, each) for each in members),
        },
        job_id=job_id,
    )


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
    pairs = star(blocks) if verdict == Decision.Verdict.TOGETHER else across(blocks)
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
        [pair(contact_id, member_id)], verdict=verdict, actor=actor, reason=reason, target=target
    )


@transaction.atomic
def person_split(person: Person, record_ids: Iterable[UUID], *, actor: Any, reason: str) -> None:
    """Take records off a person for good: they and the remaining ones are kept apart.

    Whom people joined within either half stays joined, also where it was joined by way of the other half.
    Raises ValidationFailed without a reason, or when nothing would be left or taken.
    """
    _oneid_lock(wait=True)
    own = set(PersonLink.objects.filter(person=person).values_list("record_id", flat=True))
    taken = set(record_ids)
    if not taken or not taken < own:
        raise ValidationFailed(
            _("Choose some of the records, but not all of them."), code="split_nothing"
        )
    Decision.objects.bulk_create(split_bridges(own, taken), ignore_conflicts=True)
    pairs = [pair(left, right) for left in sorted(taken) for right in sorted(own - taken)]
    _decide(
        pairs,
        verdict=Decision.Verdict.APART,
        actor=actor,
        reason=reason,
        target=f"person:{person.pk}",
    )


@transaction.atomic
def persons_merge(left: Person, right: Person, *, actor: Any, reason: str) -> None:
    """Make two persons one, whatever their keys say.

    Raises ValidationFailed without a reason or for one person alone, Conflict where somebody kept records of
    the two apart: that decision is taken back first.
    """
    _oneid_lock(wait=True)
    one, two = (
        sorted(PersonLink.objects.filter(person=each).values_list("record_id", flat=True))
        for each in (left, right)
    )
    if left.pk == right.pk or not one or not two:
        raise ValidationFailed(_("Choose two different persons."), code="merge_nothing")
    kept = Decision.objects.filter(verdict=Decision.Verdict.APART, retracted_at=None)
    if kept.filter(
        Q(left_id__in=one, right_id__in=two) | Q(left_id__in=two, right_id__in=one)
    ).exists():
        raise ConflictError(
            _("Somebody kept records of these two apart; take that decision back first."),
            code="kept_apart",
        )
    _decide(
        [pair(one[0], two[0])],
        verdict=Decision.Verdict.TOGETHER,
        actor=actor,
        reason=reason,
        target=f"person:{left.pk}",
    )


@transaction.atomic
def shared_decide(shared: SharedKey, *, verdict: str, actor: Any, reason: str) -> None:
    """Say whether an identifier many records share may tie them (allowed) or never does (ignored).

    Raises ValidationFailed without a reason, Conflict when somebody was faster.
    """
    _shared_set(shared, before=SharedKey.State.OPEN, after=verdict, actor=actor, reason=reason)


@transaction.atomic
def shared_retract(shared: SharedKey, *, actor: Any, reason: str) -> None:
    """Take back what was said of a shared identifier: it is judged by how many records hold it again."""
    _shared_set(shared, before="", after=SharedKey.State.OPEN, actor=actor, reason=reason)


def _shared_set(shared: SharedKey, *, before: str, after: str, actor: Any, reason: str) -> None:
    _oneid_lock(wait=True)
    reason = _checked(reason)
    row = SharedKey.objects.select_for_update(of=("self",)).get(pk=shared.pk)
    if (row.state != before) if before else (row.decided_at is None):
        raise ConflictError(
            _("Somebody decided on this identifier meanwhile."), code="shared_settled"
        )
    is_word = after != SharedKey.State.OPEN
    SharedKey.objects.filter(pk=row.pk).update(
        state=after,
        reason=reason,
        decided_by=actor if is_word else None,
        decided_at=timezone.now() if is_word else None,
    )
    audit.record(
        actor=actor,
        action="oneid.shared",
        target=f"shared:{row.pk}",
        before={"state": row.state},
        after={"state": after, "records": row.records},
        reason=reason,
    )
    key = (row.kind, row.value)
    held = RecordKey.objects.filter(kind=row.kind, value=row.value)
    _reconcile(set(held.values_list("record_kind", "record_id")), held=[key])


@transaction.atomic
def act_retract(act: UUID, *, actor: Any, reason: str) -> None:
    """Take back all that was decided in one act: the records are again what their keys, and older words, say.

    Raises ValidationFailed without a reason, Conflict when it was taken back already.
    """
    _oneid_lock(wait=True)
    reason = _checked(reason)
    rows = decisions_take_back(act, actor=actor)
    if not rows:
        raise ConflictError(_("This decision was taken back already."), code="decision_retracted")
    ids = {each for row in rows for each in (row.left_id, row.right_id)}
    audit.record(
        actor=actor,
        action="oneid.retract",
        target=f"decision:{act}",
        before={"verdict": rows[0].verdict, "records": sorted(map(str, ids))},
        reason=reason,
    )
    _again(ids)


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
    _act, replaced = decisions_put(pairs, verdict=verdict, actor=actor, reason=reason)
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
