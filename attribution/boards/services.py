"""Adds up business days. A day is always made from all that happened on it, so doing it again is safe."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils import timezone

from attribution.adds.models import AddEpisode
from attribution.adds.selectors import lost_customers, new_customers
from attribution.boards.models import AMOUNTS, COUNTS, BoardDay, DayFigure, LedgerMark
from attribution.sales.business import business_day, day_began, day_ended
from attribution.sales.models import Credit, CreditLine
from contacts.directory.selectors import members_by_userids
from contacts.org.models import StoreBinding
from customers.profile.counting import Names, customers_only, names_changed_since
from materials.tracking.models import Send, View

FIELDS = COUNTS + AMOUNTS
LOCK = "attribution.boards"
# Days that are always added up again: late events still arrive for yesterday.
FRESH_DAYS = 2
# Lines of the ledger that were being written while the last run read are looked at once more.
OVERLAP = timedelta(minutes=10)
# Days of the past that one run catches up with, so that no run is long.
MOST_DAYS = 31
# The nightly run compares this many days with what happened.
CHECKED_DAYS = 62

Place = tuple[int | None, int | None]
Facts = dict[str, int | Decimal]


@transaction.atomic
def boards_roll_up(now: datetime | None = None) -> list[date]:
    """Add up today, yesterday, the days the ledger changed since the last run, and days never added up.

    Returns the days, newest first. Two runs at once wait for each other.
    """
    now = now or timezone.now()
    _lock()
    today = business_day(now)
    days = {today - timedelta(days=number) for number in range(FRESH_DAYS)}
    days |= _changed_days() | set(_missing_days(today)[:MOST_DAYS])
    for day in days:
        _day_write(day, now)
    LedgerMark.objects.update_or_create(defaults={"until": now}, id=1)
    return sorted(days, reverse=True)


@transaction.atomic
def days_recompute(days: Iterable[date], now: datetime | None = None) -> int:
    """Add up these days again; returns on how many of them a figure changed."""
    _lock()
    return sum([_day_write(day, now or timezone.now()) for day in days])


def recent_days(today: date | None = None) -> list[date]:
    """Return the days the nightly run looks at, oldest first."""
    last = today or timezone.localdate()
    return [last - timedelta(days=number) for number in reversed(range(CHECKED_DAYS))]


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])


# --- which days --------------------------------------------------------------------------------------------------


def _changed_days() -> set[date]:
    """Return the business days of the ledger lines written since the last run; ids are ordered by time."""
    mark = LedgerMark.objects.first()
    # Before the first run: since the oldest sums, made by the nightly one.
    since = mark.until if mark else BoardDay.objects.aggregate(first=Min("computed_at"))["first"]
    if since is None:
        return set()
    lines = CreditLine.objects.filter(pk__gte=_first_id(since - OVERLAP))
    days = set(lines.order_by().values_list("business_day", flat=True).distinct())
    return days | _days_of(names_changed_since(since - OVERLAP))


def _days_of(names: Names) -> set[date]:
    """Return the days on which somebody was added, parted or viewed who counts now and did not before, or not any more."""
    if not names.external_userids:
        return set()
    adds = AddEpisode.objects.filter(external_userid__in=names.external_userids)
    moments = {at for pair in adds.values_list("started_at", "ended_at") for at in pair}
    by_name = Q(external_userid__in=names.external_userids) | Q(unionid__in=names.unionids)
    moments |= set(View.objects.filter(by_name, counted=True).values_list("opened_at", flat=True))
    return {business_day(at) for at in moments if at is not None}


def _first_id(moment: datetime) -> UUID:
    """Return the smallest time-ordered id (version 7) of a moment."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62))


def _missing_days(today: date) -> list[date]:
    """Return the days since the first thing that happened that were never added up, newest first."""
    firsts = [
        AddEpisode.objects.aggregate(first=Min("started_at"))["first"],
        View.objects.filter(counted=True).aggregate(first=Min("opened_at"))["first"],
    ]
    days = [business_day(moment) for moment in firsts if moment is not None]
    sold = CreditLine.objects.aggregate(first=Min("business_day"))["first"]
    days += [sold] if sold else []
    if not days:
        return []
    count = (today - min(days)).days + 1
    done = set(BoardDay.objects.values_list("day", flat=True))
    every = (today - timedelta(days=number) for number in range(count))
    return [day for day in every if day not in done]


# --- one day -----------------------------------------------------------------------------------------------------


def _day_write(day: date, now: datetime) -> bool:
    """Make the rows of a day equal to what happened; returns whether any figure changed."""
    wanted = day_facts(day)
    changed, gone = [], []
    for row in DayFigure.objects.filter(day=day):
        facts = wanted.pop((row.member_id, row.store_id), None)
        if facts is None:
            gone.append(row.pk)
        elif any(getattr(row, field) != facts[field] for field in FIELDS):
            for field in FIELDS:
                setattr(row, field, facts[field])
            changed.append(row)
    DayFigure.objects.filter(pk__in=gone).delete()
    DayFigure.objects.bulk_update(changed, FIELDS, batch_size=1000)
    DayFigure.objects.bulk_create(
        [
            DayFigure(day=day, member_id=member, store_id=store, **facts)
            for (member, store), facts in wanted.items()
        ],
        batch_size=1000,
    )
    BoardDay.objects.bulk_create(
        [BoardDay(day=day, computed_at=now)],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["computed_at"],
    )
    return bool(wanted or changed or gone)


def day_facts(day: date) -> dict[Place, Facts]:
    """Return the figures of a day by (member, store), from what happened; no row of zeros."""
    found: dict[Place, Facts] = defaultdict(
        lambda: {**dict.fromkeys(COUNTS, 0), **dict.fromkeys(AMOUNTS, Decimal(0))}
    )
    activity = _activity(day)
    stores = stores_on(day, {member for member, _field in activity if member is not None})
    for (member, field), count in activity.items():
        found[member, stores.get(member) if member is not None else None][field] += count
    for row in _money(day):
        facts = found[row["member_id"], row["store_id"]]
        facts["sales"], facts["refunds"] = row["sales"] or Decimal(0), -(row["refunds"] or 0)
    for row in _orders(day):
        found[row["member_id"], row["store_id"]]["orders"] = row["count"]
    return {place: facts for place, facts in found.items() if any(facts.values())}


def _activity(day: date) -> dict[tuple[int | None, str], int]:
    """Return adds, losses, sends and views by (member id, field)."""
    span = (day_began(day), day_ended(day))
    by_userid = {
        "adds": _within(new_customers(AddEpisode.objects.all()), "started_at", span),
        "losses": _within(lost_customers(AddEpisode.objects.all()), "ended_at", span),
    }
    by_member = {
        "sends": _within(Send.objects.filter(status=Send.Status.SENT), "confirmed_at", span),
        "views": _within(_viewed(), "opened_at", span),
    }
    counts = {field: _counts(rows, "userid") for field, rows in by_userid.items()}
    members = members_by_userids({userid for rows in counts.values() for userid in rows})
    found: dict[tuple[int | None, str], int] = defaultdict(int)
    for field, rows in counts.items():
        for userid, count in rows.items():
            member = members.get(userid.lower())
            found[member.pk if member else None, field] += count
    for field, queryset in by_member.items():
        for member_id, count in _counts(queryset, "member_id").items():
            found[member_id, field] += count
    return found


def _viewed() -> QuerySet[View]:
    """Return the views that count: not those of colleagues and test contacts."""
    views = View.objects.filter(counted=True)
    return customers_only(views, moment="opened_at", unionid="unionid")


def _within(rows: QuerySet[Any], field: str, span: tuple[datetime, datetime]) -> QuerySet[Any]:
    return rows.filter(**{f"{field}__gte": span[0], f"{field}__lt": span[1]})


def _counts(rows: QuerySet[Any], key: str) -> dict[Any, int]:
    counted = rows.order_by().values(key).annotate(count=Count("pk"))
    return {row[key]: row["count"] for row in counted}


def _money(day: date) -> Any:
    kind = CreditLine.Kind
    lines = CreditLine.objects.filter(business_day=day).order_by().values("member_id", "store_id")
    return lines.annotate(
        sales=Sum("amount", filter=Q(kind=kind.SALE)),
        refunds=Sum("amount", filter=Q(kind=kind.REFUND)),
    )


def _orders(day: date) -> Any:
    credited = Credit.objects.filter(business_day=day).order_by().values("member_id", "store_id")
    return credited.annotate(count=Count("pk"))


def stores_on(day: date, member_ids: Iterable[int]) -> dict[int, int]:
    """Return the store each member served last on a day; before her first binding, that one's.

    Who served none that day counts for the one she served before: customers part with a leaver for days.
    By when bindings were made and ended, not by what holds now: a day added up again gives the same.
    """
    began, end = day_began(day), day_ended(day)
    bindings = StoreBinding.objects.filter(member_id__in=list(member_ids))
    first: dict[int, StoreBinding] = {}
    before: dict[int, StoreBinding] = {}
    found: dict[int, int] = {}
    for binding in bindings.order_by("created_at", "id"):
        first.setdefault(binding.member_id, binding)
        if binding.created_at >= end:
            continue
        if binding.retired_at is None or binding.retired_at >= began:
            found[binding.member_id] = binding.store_id
        elif _ended(before.get(binding.member_id)) <= binding.retired_at:
            before[binding.member_id] = binding
    early = {pk: binding.store_id for pk, binding in first.items()}
    late = {pk: binding.store_id for pk, binding in before.items()}
    return {**early, **late, **found}


def _ended(binding: StoreBinding | None) -> datetime:
    """Return when a binding was over; long ago for none."""
    return (binding.retired_at if binding else None) or datetime.min.replace(tzinfo=UTC)
