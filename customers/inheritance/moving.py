"""Guides who moved to another store: by the policy their former customers stay with them or with the store."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from contacts.directory.models import Member
from contacts.org.models import OrgUnit, StoreBinding
from customers.inheritance import services
from customers.inheritance.leaving import owners_of, plan_go_on, store_plan
from customers.inheritance.models import HandoverPlan, HandoverPolicy
from customers.inheritance.selectors import PLAN_OPEN, customers_of, policy, successors_for
from scrm.core.exceptions import ScrmError
from scrm.core.scope import SYSTEM_SCOPE

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Move:
    """A guide who serves another store since `at`, and the store she left."""

    member_id: int
    store_id: int
    at: datetime


def movers_plan() -> int:
    """Act by the policy for every guide who moved since; return how many plans were made."""
    rule = policy()
    if rule.on_move == HandoverPolicy.OnMove.STAY or rule.moves_since is None:
        return 0
    made = 0
    for move in moves_due(rule.moves_since):
        try:
            made += mover_plan(move, rule) is not None
        except ScrmError as error:
            # Looked at again in a minute; the next one does not wait for it.
            logger.warning("inheritance.mover_unplanned", member=move.member_id, code=error.code)
    return made


def moves_due(since: datetime) -> list[Move]:
    """Return the moves since then for which nothing was planned; a store that closed or merged gives nobody away."""
    elsewhere = StoreBinding.objects.filter(
        member=OuterRef("member"), state=StoreBinding.State.ACTIVE
    ).exclude(store=OuterRef("store"))
    back = StoreBinding.objects.filter(member=OuterRef("member"), store=OuterRef("store")).exclude(
        state=StoreBinding.State.RETIRED
    )
    planned = HandoverPlan.objects.filter(leaver=OuterRef("member")).filter(
        Q(state__in=PLAN_OPEN)
        | Q(
            cause=HandoverPlan.Cause.MOVE,
            store=OuterRef("store"),
            created_at__gte=OuterRef("retired_at"),
        )
    )
    rows = StoreBinding.objects.filter(
        Exists(elsewhere),
        ~Exists(back),
        ~Exists(planned),
        state=StoreBinding.State.RETIRED,
        retired_at__gte=since,
        store__status=OrgUnit.Status.OPEN,
        member__status=Member.Status.ACTIVE,
    )
    newest = rows.order_by("member_id", F("retired_at").desc()).distinct("member_id")
    return [
        Move(row.member_id, row.store_id, row.retired_at)
        for row in newest
        if row.retired_at is not None
    ]


@transaction.atomic
def mover_plan(move: Move, rule: HandoverPolicy) -> HandoverPlan | None:
    """Make one mover's plan for the former store; None where she has nobody from there, or it is planned already."""
    guide = Member.objects.select_for_update().get(pk=move.member_id)
    if move not in moves_due(move.at):
        return None
    store = OrgUnit.objects.get(pk=move.store_id)
    contact_ids = customers_of(guide, until=move.at)
    if not contact_ids:
        return None
    found = successors_for(SYSTEM_SCOPE, guide, store)
    chosen = store_plan(contact_ids, found, neighbours=rule.neighbours)
    plan = services.plan_store(
        guide,
        contact_ids,
        chosen,
        message=rule.message,
        actor=None,
        owners=owners_of(found, neighbours=rule.neighbours),
        moved_from=store,
    )
    offer = rule.on_move == HandoverPolicy.OnMove.OFFER
    plan_go_on(plan, len(contact_ids) - len(chosen), offer=offer)
    return plan
