"""Counts accounts, tells once a level, and keeps the limits people set."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.directory.models import Member
from contacts.org.services import bindings_follow_room
from customers.relations.models import FollowRelation
from risk.capacity.levels import FORECAST_DAYS, Limits, days_left, is_full, level_of
from risk.capacity.models import Capacity, MemberLimit
from risk.capacity.selectors import limits_of
from risk.capacity.wording import alert_words
from risk.publishing import members_changed
from scrm.core.alerts import services as alerts
from scrm.core.audit import services as audit
from scrm.core.exceptions import ValidationFailed

_CHUNK = 500
_CRITICAL_FROM = 95
MOST_LIMIT = 1_000_000


@dataclass(frozen=True)
class Counted:
    """What was counted for one member."""

    member_id: int
    used: int
    recent: int
    limits: Limits


def capacity_sweep() -> int:
    """Count every account in one query and settle those that moved; returns how many did.

    Nothing is locked while counting; what moved is counted again under its row's lock.
    """
    Capacity.objects.filter(member__status=Member.Status.LEFT).delete()
    stored = {
        row[0]: row[1:]
        for row in Capacity.objects.values_list(
            "member_id", "used", "limit", "recent_adds", "is_full", "level"
        )
    }
    moved = [
        count.member_id
        for count in _counted(_countable(Member.objects.all()))
        if stored.get(count.member_id) != _as_stored(count, stored.get(count.member_id))
    ]
    for start in range(0, len(moved), _CHUNK):
        capacity_recount(moved[start : start + _CHUNK])
    # Who was bound while full, and who can serve again since another store let her go.
    bindings_follow_room(Capacity.objects.filter(is_full=True).values("member_id"))
    return len(moved)


def _as_stored(count: Counted, stored: tuple[Any, ...] | None) -> tuple[Any, ...]:
    was_full, held = (stored[3], stored[4]) if stored else (False, 0)
    return (
        count.used,
        count.limits.limit,
        count.recent,
        is_full(count.used, was_full, count.limits),
        level_of(count.used, held, count.limits),
    )


@transaction.atomic
def capacity_recount(member_ids: Sequence[int]) -> list[Capacity]:
    """Count these members again, raise the alerts that are due, and tell the rooms above who became full or free.

    The row's lock makes two counts at a time one after the other, so that a level is told once.
    """
    rows = _locked(member_ids)
    new = [pk for pk in member_ids if pk not in rows]
    if new:
        countable = _countable(Member.objects.filter(pk__in=new)).order_by("pk")
        ids = list(countable.values_list("pk", flat=True))
        Capacity.objects.bulk_create((Capacity(member_id=pk) for pk in ids), ignore_conflicts=True)
        rows = _locked(member_ids)
    turned: list[int] = []
    here = Member.objects.filter(pk__in=list(rows)).exclude(status=Member.Status.LEFT)
    for count in _counted(here):
        row = rows[count.member_id]
        was_full, held = row.is_full, row.level
        _settle(row, count)
        if row.level > held:
            _tell(row)
        if row.is_full != was_full:
            turned.append(row.member_id)
    _store(rows.values())
    if turned:
        bindings_follow_room([pk for pk in turned if rows[pk].is_full], among=turned)
    members_changed(turned)
    return list(rows.values())


def _locked(member_ids: Sequence[int]) -> dict[int, Capacity]:
    rows = Capacity.objects.select_for_update(of=("self",)).filter(member_id__in=list(member_ids))
    return {row.member_id: row for row in rows.select_related("member").order_by("member_id")}


def _countable(members: QuerySet[Member]) -> QuerySet[Member]:
    """Leave out the accounts that left, and the many that never had a customer."""
    serving = members.exclude(status=Member.Status.LEFT)
    has_customers = Q(
        pk__in=FollowRelation.objects.filter(status=FollowRelation.Status.ACTIVE).values(
            "member_id"
        )
    )
    return serving.filter(
        Q(can_follow=True)
        | Q(capacity__isnull=False)
        | Q(capacity_limit__isnull=False)
        | has_customers
    )


def _counted(members: QuerySet[Member]) -> Iterable[Counted]:
    limits = {
        pk: limits_of(limit, swap)
        for pk, limit, swap in members.values_list(
            "pk", "capacity_limit__limit", "capacity_limit__swap_percent"
        )
    }
    counts = {pk: (held, recent) for pk, held, recent in held_counts(limits)}
    for pk, own in limits.items():
        yield Counted(pk, *counts.get(pk, (0, 0)), own)


def held_counts(member_ids: Collection[int]) -> QuerySet[FollowRelation, tuple[int, int, int]]:
    """Return (member, customers, customers added in the forecast's days), from one narrow partial index alone."""
    held = FollowRelation.objects.filter(status=FollowRelation.Status.ACTIVE)
    if len(member_ids) <= _CHUNK:
        held = held.filter(member__in=member_ids)
    return (
        held.order_by()
        .values("member_id")
        .annotate(
            held=Count("member_id"),
            recent=Count("member_id", filter=Q(created_time__gte=_since())),
        )
        .values_list("member_id", "held", "recent")
    )


def _since() -> datetime:
    return timezone.now() - timedelta(days=FORECAST_DAYS)


def _settle(row: Capacity, count: Counted) -> None:
    limits = count.limits
    row.used, row.limit, row.recent_adds = count.used, limits.limit, count.recent
    row.permille = count.used * 1000 // limits.limit
    row.level = level_of(count.used, row.level, limits)
    row.is_full = is_full(count.used, row.is_full, limits)
    row.days_left = days_left(count.used, count.recent, limits.limit)
    row.counted_at = timezone.now()


def _store(rows: Iterable[Capacity]) -> None:
    fields = [
        "used",
        "limit",
        "permille",
        "level",
        "is_full",
        "recent_adds",
        "days_left",
        "counted_at",
    ]
    many = list(rows)
    if len(many) == 1:  # an event's; a bulk update costs three times as much
        many[0].save(update_fields=fields)
    else:
        Capacity.objects.bulk_update(many, fields, batch_size=_CHUNK)


def _tell(row: Capacity) -> None:
    """Raise the alert of the level just reached; an account that jumps over two levels is told of the higher one."""
    member = row.member
    language = settings.LANGUAGE_CODE
    words = alert_words(
        language, name=member.name or member.userid, userid=member.userid, percent=row.level
    )
    with override(language):
        alerts.raise_alert(
            kind="risk.capacity",
            key=f"{member.pk}:{row.level}",
            level="critical" if row.level >= _CRITICAL_FROM else "warning",
            title=lambda: _("Account capacity: %(name)s") % {"name": member.name or member.userid},
            text=words,
            # The level held in the row says when it is due again; time alone does not.
            dedupe=timedelta(0),
            said=words,
        )


@transaction.atomic
def limit_set(
    member: Member, *, limit: int | None, swap_percent: int | None, reason: str, actor: Any
) -> Capacity | None:
    """Set or (both None) remove what holds for one member, audited, and count her again.

    Raises ValidationFailed.
    """
    _check(limit, swap_percent, reason)
    stored = MemberLimit.objects.select_for_update().filter(member=member).first()
    before = _shown(stored)
    if limit is None and swap_percent is None:
        MemberLimit.objects.filter(member=member).delete()
        row = None
    else:
        row = stored or MemberLimit(member=member)
        row.limit, row.swap_percent, row.reason, row.updated_by = limit, swap_percent, reason, actor
        row.save()
    audit.record(
        actor=actor,
        action="capacity.limit_set",
        target=f"member:{member.pk}",
        before=before,
        after=_shown(row),
        reason=reason,
    )
    return next(iter(capacity_recount([member.pk])), None)


def _check(limit: int | None, swap_percent: int | None, reason: str) -> None:
    if limit is not None and not 1 <= limit <= MOST_LIMIT:
        raise ValidationFailed(
            _("The limit is a number from 1 to %(most)d.") % {"most": MOST_LIMIT},
            code="limit_range",
            field="limit",
        )
    if swap_percent is not None and not 1 <= swap_percent <= 100:
        raise ValidationFailed(
            _("Give a percentage from 1 to 100."), code="percent_range", field="swap_percent"
        )
    if not reason.strip():
        raise ValidationFailed(_("Say why."), code="reason_missing", field="reason")


def _shown(row: MemberLimit | None) -> dict[str, Any] | None:
    return None if row is None else {"limit": row.limit, "swap_percent": row.swap_percent}
