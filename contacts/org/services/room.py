"""A full account serves only its old customers, and serves again once there is room; the next in order takes over."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts.org.models import StoreBinding
from contacts.org.services.bindings import member_place
from scrm.core.audit.services import record

State = StoreBinding.State


def bindings_follow_room(
    full: Collection[int] | QuerySet[Any, Any], *, among: Collection[int] | None = None
) -> tuple[int, int]:
    """Let full accounts serve only, and those with room again; returns how many of each changed.

    `full` holds the ids of the members without room, `among` whom to look at (None: everybody). What a person set to
    "serve only" stays so. Where nothing is to be done, that takes one query.
    """
    filling = Q(state=State.ACTIVE, member_id__in=full)
    freeing = Q(full_since__isnull=False) & ~Q(member_id__in=full)
    rows = StoreBinding.objects.filter(filling | freeing)
    if among is not None:
        rows = rows.filter(member_id__in=among)
    return _follow(rows) if rows.exists() else (0, 0)


@transaction.atomic
def _follow(rows: QuerySet[StoreBinding]) -> tuple[int, int]:
    locked = rows.select_for_update(of=("self",)).select_related("store", "member").order_by("pk")
    found = list(locked)
    filled = [row for row in found if row.state == State.ACTIVE]
    StoreBinding.objects.filter(pk__in=[row.pk for row in filled]).update(
        state=State.SERVE_ONLY, full_since=timezone.now()
    )
    freed = _may_serve_again([row for row in found if row.state != State.ACTIVE])
    StoreBinding.objects.filter(pk__in=[row.pk for row in freed]).update(
        state=State.ACTIVE, full_since=None
    )
    for row in filled:
        _record(row, State.ACTIVE, State.SERVE_ONLY)
    for row in freed:
        member_place(row.member)
        _record(row, State.SERVE_ONLY, State.ACTIVE)
    return len(filled), len(freed)


def _may_serve_again(rows: Sequence[StoreBinding]) -> list[StoreBinding]:
    """Leave out accounts that serve another store now; of two stores that wait for one account the later one gets it."""
    serving = StoreBinding.objects.filter(
        member_id__in=[row.member_id for row in rows], state=State.ACTIVE
    )
    elsewhere = set(serving.values_list("member_id", flat=True))
    return list({row.member_id: row for row in rows if row.member_id not in elsewhere}.values())


def _record(row: StoreBinding, before: str, after: str) -> None:
    record(
        actor=None,
        action="org.binding_room",
        target=f"store:{row.store.code}",
        before={"userid": row.member.userid, "state": before},
        after={"state": after},
    )
