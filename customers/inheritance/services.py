"""Plans of a hand-over: made, confirmed, tried again. Asking WeCom and its answers: `asking.py`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to
from contacts.org.models import OrgUnit
from customers.inheritance.choosing import candidates_of, left_behind, spread_ranks
from customers.inheritance.groups import groups_owned, groups_plan
from customers.inheritance.models import (
    HandoverGroup,
    HandoverItem,
    HandoverPlan,
)
from customers.inheritance.selectors import (
    customers_of,
    friends_of,
    has_open_plan,
    last_store,
    loads_of,
    policy,
    release_is_live,
    stopped_job_of,
    with_customers,
)
from customers.inheritance.spreading import Load, spread
from customers.relations.models import FollowRelation
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.scope import SYSTEM_SCOPE, Scope

Plan = HandoverPlan.State
Item = HandoverItem.State


def _target(plan: HandoverPlan) -> str:
    return f"handover:{plan.pk}"


@transaction.atomic
def plan_create(
    scope: Scope,
    leaver: Member,
    *,
    successor_ids: Sequence[int],
    message: str,
    actor: Any,
    with_groups: bool = True,
) -> HandoverPlan:
    """Spread a member's customers over successors, for somebody to confirm; nothing is asked of WeCom yet.

    A member who was deleted in WeCom is handed over as resigned. Raises ValidationFailed, or Conflict when
    a hand-over of this member is open already.
    """
    loads = _loads(scope, leaver, successor_ids)
    contact_ids = customers_of(leaver)
    if not contact_ids and not (with_groups and groups_owned(leaver)):
        raise ValidationFailed(_("This member has no customers to hand over."), code="no_customers")
    friends = friends_of(contact_ids, [load.member_id for load in loads])
    chosen = spread(contact_ids, loads, friends)
    owners = [load.member_id for load in loads] if with_groups else None
    return plan_store(leaver, contact_ids, chosen, message=message, actor=actor, owners=owners)


@transaction.atomic
def plan_store(
    leaver: Member,
    contact_ids: Iterable[UUID],
    chosen: Mapping[UUID, int],
    *,
    message: str,
    actor: Any,
    owners: Sequence[int] | None = None,
    moved_from: OrgUnit | None = None,
) -> HandoverPlan:
    """Keep who takes over whom (member ids by customer), audited; a customer nobody was chosen for is kept as such.

    The leaver's groups go to `owners`; None leaves them. With moved_from the guide stays and serves elsewhere now.

    Without an actor it is the policy's plan. An older plan deletes the account no more: this one waits for
    answers. Raises Conflict when a hand-over of this member is open already, or the account is being deleted.
    """
    leaver = Member.objects.select_for_update().get(pk=leaver.pk)
    has_left = leaver.status == Member.Status.LEFT
    if not has_left:
        _need_no_release(leaver)
    try:
        with transaction.atomic():
            plan = HandoverPlan.objects.create(
                leaver=leaver,
                cause=HandoverPlan.Cause.MOVE if moved_from else HandoverPlan.Cause.LEAVE,
                store=moved_from or last_store(leaver),
                mode=HandoverPlan.Mode.RESIGNED if has_left else HandoverPlan.Mode.IN_SERVICE,
                message=message.strip(),
                by_policy=actor is None,
                created_by=actor,
            )
    except IntegrityError:
        raise Conflict(
            _("A hand-over of this member is open already."), code="handover_open"
        ) from None
    older = HandoverPlan.objects.filter(leaver=leaver, delete_on__isnull=False)
    older.exclude(pk=plan.pk).update(delete_on=None)
    _later_end(leaver, but=plan)
    ids = sorted(contact_ids)
    HandoverItem.objects.bulk_create(
        (
            HandoverItem(
                plan=plan,
                contact_id=contact_id,
                successor_id=chosen.get(contact_id),
                state=Item.PLANNED if contact_id in chosen else Item.UNPLACED,
            )
            for contact_id in ids
        ),
        batch_size=1000,
    )
    groups = 0 if owners is None else groups_plan(plan, owners)
    audit.record(
        actor=actor,
        action="inheritance.plan",
        target=_target(plan),
        after={
            "leaver": leaver.userid,
            "customers": len(chosen),
            "without_room": len(ids) - len(chosen),
            "groups": groups,
            "successors": sorted(set(chosen.values())),
        },
    )
    return plan


def _later_end(leaver: Member, but: HandoverPlan) -> None:
    """Stop waiting in older hand-overs of this member: the newer one holds whoever is still hers."""
    older = HandoverItem.objects.filter(plan__leaver=leaver, state=Item.LATER)
    older.exclude(plan=but).update(state=Item.FAILED, again_on=None)
    groups = HandoverGroup.objects.filter(plan__leaver=leaver, state=HandoverGroup.State.LATER)
    groups.exclude(plan=but).update(state=HandoverGroup.State.FAILED, again_on=None)


def _need_no_release(leaver: Member) -> None:
    if release_is_live(leaver.pk):
        raise Conflict(
            _("This account is being deleted; its customers are offered then."),
            code="being_deleted",
        )


def _loads(scope: Scope, leaver: Member, successor_ids: Sequence[int]) -> list[Load]:
    wanted = list(dict.fromkeys(successor_ids))
    if not wanted:
        raise ValidationFailed(
            _("Choose at least one successor."), code="successors_missing", field="successors"
        )
    found = with_customers(members_visible_to(scope).filter(pk__in=wanted)).in_bulk()
    for pk in wanted:
        member = found.get(pk)
        if member is None or member.pk == leaver.pk:
            raise ValidationFailed(
                _("A chosen successor is not within your range."),
                code="successor_unknown",
                field="successors",
            )
        if not member.is_ready:
            raise ValidationFailed(
                _("%(member)s cannot take over: %(reason)s")
                % {"member": member.name or member.userid, "reason": member.waiting_reason},
                code="successor_not_ready",
                field="successors",
            )
    return loads_of(found[pk] for pk in wanted)


@transaction.atomic
def plan_confirm(plan: HandoverPlan, *, actor: Any) -> JobRun:
    """Start asking WeCom, as one job; audited, without an actor as the policy's doing.

    Raises Conflict when the plan does not wait for it.
    """
    row = HandoverPlan.objects.select_for_update().get(pk=plan.pk)
    if row.state != Plan.DRAFT:
        raise Conflict(_("This hand-over was confirmed or cancelled already."), code="not_draft")
    row.state, row.confirmed_at = Plan.RUNNING, timezone.now()
    job = _start(row, actor)
    audit.record(actor=actor, action="inheritance.confirm", target=_target(row))
    return job


def _start(plan: HandoverPlan, actor: Any) -> JobRun:
    job = jobs.start(
        kind="inheritance.run",
        key=str(plan.pk),
        task="customers.handover_run",
        actor=actor,
        params={"plan_id": plan.pk},
        total=plan.items.filter(state=Item.PLANNED).count()
        + plan.groups.filter(state=HandoverGroup.State.PLANNED).count(),
        title=gettext_noop("Hand customers over"),
    )
    plan.job_id = job.pk
    plan.save(update_fields=["state", "confirmed_at", "job_id"])
    return job


def plan_resume(plan: HandoverPlan, *, actor: Any) -> JobRun:
    """Go on asking after the job failed or was cancelled; audited. Raises Conflict when it did not stop."""
    stopped = stopped_job_of(plan)
    if stopped is None:
        raise Conflict(_("This hand-over did not stop."), code="not_stopped")
    return jobs.restart(stopped, actor=actor)


@transaction.atomic
def plan_cancel(plan: HandoverPlan, *, actor: Any) -> None:
    """Drop a plan nobody confirmed; audited. Raises Conflict when it was confirmed."""
    row = HandoverPlan.objects.select_for_update().get(pk=plan.pk)
    if row.state != Plan.DRAFT:
        raise Conflict(_("This hand-over was confirmed or cancelled already."), code="not_draft")
    HandoverPlan.objects.filter(pk=row.pk).update(state=Plan.CANCELLED)
    audit.record(actor=actor, action="inheritance.cancel", target=_target(row))


@transaction.atomic
def plan_retry(
    scope: Scope, plan: HandoverPlan, *, actor: Any, others: Collection[int] = ()
) -> JobRun:
    """Plan refused and failed customers again, with another successor, and ask once more; audited.

    The plan's own successors come first, then the store's members. `others` are the members of other stores whom
    the actor chose for those who find no room there; without a choice nobody elsewhere is asked. WeCom allows
    two transfers a customer. Raises Conflict when there is nobody to try again, nobody to try with, or another
    hand-over or the account's deletion is under way.
    """
    Member.objects.select_for_update().get(pk=plan.leaver_id)
    row = HandoverPlan.objects.select_for_update().get(pk=plan.pk)
    if row.state not in (Plan.RUNNING, Plan.DONE):
        raise Conflict(_("This hand-over is not under way."), code="not_running")
    if has_open_plan(row.leaver, but=row):
        raise Conflict(_("A hand-over of this member is open already."), code="handover_open")
    if row.leaver.status != Member.Status.LEFT:
        _need_no_release(row.leaver)
    items = left_behind(row)
    barred = {item.contact_id: tried for item, tried in items.items()}
    found = candidates_of(scope, row)
    chosen = spread_ranks(barred, found.with_others(others), barred)
    again = [item for item in items if item.contact_id in chosen]
    if not again:
        raise _nobody(has_others=bool(barred and found.others))
    for item in again:
        item.tried_ids = barred[item.contact_id]
        item.successor_id = chosen[item.contact_id]
        item.state, item.errcode, item.settled_at = Item.PLANNED, 0, None
    HandoverItem.objects.bulk_update(
        again, ["tried_ids", "successor", "state", "errcode", "settled_at"], batch_size=1000
    )
    row.state = Plan.RUNNING
    job = _start(row, actor)
    audit.record(
        actor=actor,
        action="inheritance.retry",
        target=_target(row),
        after={"customers": len(again), "successors": sorted(set(chosen.values()))},
    )
    return job


def _nobody(*, has_others: bool) -> Conflict:
    if has_others:
        return Conflict(
            _(
                "Neither another successor of this plan nor a member of the store has room: choose who of the other stores takes over."
            ),
            code="others_needed",
        )
    return Conflict(
        _(
            "There is nobody to try again: no other successor is free, or WeCom's two tries are used."
        ),
        code="nothing_to_retry",
    )


@transaction.atomic
def plan_again(plan: HandoverPlan, now: datetime) -> JobRun | None:
    """Ask once more for whom WeCom's protection or limit of a day is over; None where nobody is due, audited.

    Raises Conflict where another hand-over or the account's deletion is under way.
    """
    Member.objects.select_for_update().get(pk=plan.leaver_id)
    row = HandoverPlan.objects.select_for_update().get(pk=plan.pk)
    if has_open_plan(row.leaver, but=row):
        raise Conflict(_("A hand-over of this member is open already."), code="handover_open")
    if row.leaver.status != Member.Status.LEFT:
        _need_no_release(row.leaver)
    due = row.items.filter(state=Item.LATER, again_on__lte=now)
    live = FollowRelation.objects.filter(
        member=row.leaver_id, contact=OuterRef("contact"), status=FollowRelation.Status.ACTIVE
    )
    due.filter(~Exists(live)).update(state=Item.FAILED, again_on=None)
    again = _spread_again(row, list(due))
    groups = row.groups.filter(state=HandoverGroup.State.LATER, again_on__lte=now).update(
        state=HandoverGroup.State.PLANNED, errcode=0, again_on=None, settled_at=None
    )
    if not again and not groups:
        return None
    row.state = Plan.RUNNING
    job = _start(row, None)
    audit.record(
        actor=None,
        action="inheritance.again",
        target=_target(row),
        after={"customers": again, "groups": groups},
    )
    return job


def _spread_again(plan: HandoverPlan, items: Sequence[HandoverItem]) -> int:
    """Plan protected customers once more, as a retry does; other stores only where the policy may use them."""
    candidates = candidates_of(SYSTEM_SCOPE, plan)
    elsewhere = plan.by_policy and policy().neighbours
    ranks = candidates.with_all() if elsewhere else candidates.ranks
    chosen = spread_ranks([item.contact_id for item in items], ranks)
    found = [item for item in items if item.contact_id in chosen]
    for item in found:
        item.successor_id = chosen[item.contact_id]
        item.state, item.errcode, item.again_on, item.settled_at = Item.PLANNED, 0, None, None
    HandoverItem.objects.bulk_update(
        found, ["successor", "state", "errcode", "again_on", "settled_at"], batch_size=1000
    )
    return len(found)
