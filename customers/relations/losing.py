"""Lost without an event: only what a complete read did not list and a second look did not show either."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from customers.relations.merging import loss_settle
from customers.relations.models import FollowRelation
from customers.relations.reading_models import ListedPage
from customers.relations.selectors import deletions_of
from customers.relations.services import contact_gone, contact_lock, contact_observed
from customers.relations.ways import ASSIGNED
from scrm.core.erased import ERASED_PREFIX
from scrm.wecom.types import ExternalContactDetail


@dataclass(frozen=True)
class Missing:
    """A relation a complete read of its member, begun at `began_at`, did not list."""

    relation_id: UUID
    began_at: datetime


@dataclass(frozen=True)
class Look:
    """What a second look at one relation came to: lost, perhaps by a hand-over, or still there, perhaps made anew.

    `was_lost`: an event had told so before the look.
    """

    relation_id: UUID
    is_lost: bool
    was_lost: bool = False
    handed_over: bool = False
    added_again: bool = False


def relations_not_listed(
    member_ids: Iterable[int], listing: UUID, began_at: datetime
) -> QuerySet[FollowRelation]:
    """Return the living relations of completely read members that the walk did not list, nor anything since.

    `began_at` is when its first page was asked for: what was seen after that is not missing.
    """
    named = Func(F("relation_ids"), function="unnest")
    listed = ListedPage.objects.filter(listing=listing).values_list(named, flat=True)
    unseen = Q(observed_at=None) | Q(observed_at__lt=began_at)
    return FollowRelation.objects.filter(
        unseen,
        # Who was forgotten is kept without a name, and WeCom lists nobody of that name.
        ~Q(contact__external_userid__startswith=ERASED_PREFIX),
        member__in=list(member_ids),
        status=FollowRelation.Status.ACTIVE,
    ).exclude(pk__in=listed)


@transaction.atomic
def second_look(
    external_userid: str,
    detail: ExternalContactDetail | None,
    looked_at: datetime,
    missing: Iterable[Missing],
) -> list[Look]:
    """Store a second look at a customer (doc 92114; None: nobody follows them) and settle what was missing.

    A relation is lost when the look, begun after the complete read, does not list it and nothing has listed it
    since that read began. `looked_at` is when the look began, aware UTC.
    """
    wanted = {each.relation_id: each.began_at for each in missing}
    contact_lock(external_userid)
    before = {
        pk: (status == FollowRelation.Status.LOST, created_time)
        for pk, status, created_time in FollowRelation.objects.filter(pk__in=wanted).values_list(
            "pk", "status", "created_time"
        )
    }
    if detail is None:
        contact_gone(external_userid, looked_at)
    else:
        contact_observed(detail)
    deletions = deletions_of([external_userid])
    found = []
    rows = FollowRelation.objects.filter(pk__in=wanted).select_related("member")
    for relation in rows.annotate(handed=_handed_over()):
        began_at = wanted[relation.pk]
        listed = relation.observed_at is not None and relation.observed_at >= began_at
        looked = relation.absent_at is not None and relation.absent_at > began_at
        if looked and not listed:
            relation.unlisted_at = began_at
            if relation.handed:
                relation.lost_by = FollowRelation.LostBy.TRANSFER
            loss_settle(
                relation, deletions.get((external_userid, relation.member.userid.lower()), {})
            )
            relation.save(update_fields=["unlisted_at", "status", "lost_at", "lost_by"])
        is_lost = relation.status == FollowRelation.Status.LOST
        was_lost, created_time = before[relation.pk]
        found.append(
            Look(
                relation.pk,
                is_lost,
                was_lost=is_lost and was_lost,
                handed_over=is_lost and relation.lost_by == FollowRelation.LostBy.TRANSFER,
                added_again=not is_lost and created_time != relation.created_time,
            )
        )
    return found


def _handed_over() -> Exists:
    """Tell whether a colleague got the customer from the company after this relation was last seen."""
    received = FollowRelation.objects.filter(
        contact=OuterRef("contact"),
        status=FollowRelation.Status.ACTIVE,
        add_way=ASSIGNED,
        created_time__gte=Coalesce(OuterRef("observed_at"), OuterRef("created_time")),
    )
    return Exists(received.exclude(member=OuterRef("member")))
