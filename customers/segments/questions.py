"""What each fact asks of the database: rows of records, or rows to be counted by person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    DecimalField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast
from django.utils import timezone

from contacts.directory.selectors import path_filter
from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to
from customers.crm.fact_models import Asset, MemberTags
from customers.crm.models import Order, OrderLine
from customers.crm.selectors import members_visible_to, orders_visible_to
from customers.fields.selectors import fields_for_conditions, record_ids_with
from customers.goods.models import Goods
from customers.profile.mark_models import LeftOut
from customers.profile.models import DoNotContact
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.opened import OPENED, opened_chat
from customers.segments.conditions import Leaf
from customers.segments.facts import FIELD
from customers.segments.models import AudienceEntry
from customers.tags.models import LocalTagMark
from customers.timeline.models import TimelineEntry
from scrm.core.scope import Scope

MEMBER_NONE = "none"
Records = QuerySet[Any, Any]


def moments(leaf: Leaf) -> tuple[datetime | None, datetime | None]:
    """Return the bounds [first, last) that a question of the shape SINCE means; days end at local midnight."""
    if leaf.op == "between":
        first, last = leaf.value
        return _midnight(first), _midnight(last + timedelta(days=1))
    edge = timezone.now() - timedelta(days=leaf.value)
    return (edge, None) if leaf.op == "within" else (None, edge)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _between(field: str, first: Any, last: Any) -> Q:
    condition = Q()
    if first is not None:
        condition &= Q(**{f"{field}__gte": first})
    if last is not None:
        condition &= Q(**{f"{field}__lt": last})
    return condition


def _since(leaf: Leaf) -> datetime | None:
    return None if leaf.days is None else timezone.now() - timedelta(days=leaf.days)


def _paths(codes: Sequence[str]) -> list[str]:
    return list(OrgUnit.objects.filter(code__in=codes).values_list("path", flat=True))


def _store_codes(codes: Sequence[str], scope: Scope) -> QuerySet[OrgUnit, str]:
    below = org_units_visible_to(scope).filter(path_filter("path", _paths(codes)))
    return below.values_list("code", flat=True)


def left_out_now() -> Q:
    """Return which marks leave a record out of figures today."""
    now = timezone.now()
    began = Q(began_at=None) | Q(began_at__lte=now)
    return began & (Q(ended_at=None) | Q(ended_at__gt=now))


# --- about one relation ---------------------------------------------------------------------------------------


def relation_condition(leaf: Leaf) -> Q:
    """Return what a question means for a row of relations."""
    return RELATION[leaf.fact](leaf)


RELATION: Mapping[str, Callable[[Leaf], Q]] = {
    "add_way": lambda leaf: Q(add_way__in=[int(each) for each in leaf.value]),
    "added": lambda leaf: _between("created_time", *moments(leaf)),
    "unit": lambda leaf: path_filter("member__org_path", _paths(leaf.value)),
    "guide": lambda leaf: Q(member__userid__in=leaf.value),
    "tag": lambda leaf: Q(tag_ids__overlap=list(leaf.value)),
    "opened": lambda _leaf: opened_chat(OPENED),
}


# --- about records of a person ----------------------------------------------------------------------------------


def _members(condition: Q, scope: Scope) -> Records:
    return members_visible_to(scope).filter(condition).order_by().values("pk")


def _joined(leaf: Leaf, scope: Scope) -> Records:
    first, last = moments(leaf)
    days = (each and timezone.localdate(each) for each in (first, last))
    return _members(_between("joined_on", *days), scope)


def _friends(_leaf: Leaf, _scope: Scope) -> Records:
    # Anybody's: who is a friend of another store's guide is no stranger.
    living = FollowRelation.objects.filter(status=FollowRelation.Status.ACTIVE)
    return living.order_by().values("contact_id")


def _local_tags(leaf: Leaf, _scope: Scope) -> Records:
    ids = [int(each) for each in leaf.value]
    return LocalTagMark.objects.filter(tag_id__in=ids, removed_at=None).values("record_id")


def _audiences(leaf: Leaf, scope: Scope) -> Records:
    entries = AudienceEntry.objects.filter(segment_id__in=[UUID(each) for each in leaf.value])
    entries = entries.filter(
        Q(segment__expires_at=None) | Q(segment__expires_at__gt=timezone.now())
    )
    if not scope.everything:
        entries = entries.filter(segment__is_shared=True)
    return entries.values("record_id")


def _viewed(leaf: Leaf, _scope: Scope) -> Records:
    rows = _views(leaf).filter(Q(data__title__in=leaf.value) | Q(data__category__in=leaf.value))
    return rows.values("record_id")


def _views(leaf: Leaf) -> QuerySet[TimelineEntry]:
    rows = TimelineEntry.objects.filter(kind="material.viewed").order_by()
    since = _since(leaf)
    return rows if since is None else rows.filter(occurred_at__gte=since)


def _field(leaf: Leaf, scope: Scope) -> Records:
    key = leaf.fact.removeprefix(FIELD)
    if isinstance(leaf.value, tuple) and leaf.op == "in":
        found = record_ids_with(key, *_asked(leaf.value[0], key, scope))
        for each in leaf.value[1:]:
            found = found | record_ids_with(key, *_asked(each, key, scope))
        return found
    if leaf.op in ("gte", "lte"):
        operator = "at_least" if leaf.op == "gte" else "at_most"
        return record_ids_with(key, operator, format(leaf.value, "f"))
    if isinstance(leaf.value, bool):
        return record_ids_with(key, "is", leaf.value)
    first, last = moments(leaf)
    found = record_ids_with(key, "known")
    for edge, operator in ((first, "plain__gte"), (last, "plain__lt")):
        if edge is not None:
            found = found.filter(**{operator: timezone.localdate(edge).isoformat()})
    return found


def _asked(value: str, key: str, scope: Scope) -> tuple[str, str]:
    field = next((each for each in fields_for_conditions(scope) if each.key == key), None)
    return ("contains" if field and "contains" in field.operators else "is", value)


RECORDS: Mapping[str, Callable[[Leaf, Scope], Records]] = {
    "friend": _friends,
    "local_tag": _local_tags,
    "gender": lambda leaf, _scope: ExternalContact.objects.filter(
        gender__in=[int(each) for each in leaf.value]
    ).values("pk"),
    "do_not_contact": lambda _leaf, _scope: DoNotContact.objects.values("contact_id"),
    "left_out": lambda _leaf, _scope: LeftOut.objects.filter(left_out_now()).values("record_id"),
    "audience": _audiences,
    "member_state": lambda leaf, scope: _members(Q(state__in=leaf.value), scope),
    "level": lambda leaf, scope: _members(Q(level__in=leaf.value), scope),
    "joined": _joined,
    "member_unit": lambda leaf, scope: _members(
        Q(store_code__in=_store_codes(leaf.value, scope)), scope
    ),
    "crm_tag": lambda leaf, scope: MemberTags.objects.filter(
        tags__overlap=list(leaf.value), member__in=members_visible_to(scope)
    ).values("member_id"),
    "viewed": _viewed,
    "field": _field,
}


# --- counted by person -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """Rows with `record`, `row_id`, `worth`, `moment`, and what their sum by person must meet.

    negated: the persons wanted are those who do not meet it, so that nobody's nothing counts as 0.
    """

    rows: tuple[Records, ...]
    having: str
    params: tuple[Any, ...] = ()
    negated: bool = False


AMOUNT = DecimalField(max_digits=16, decimal_places=2)


def _bound(rows: tuple[Records, ...], what: str, leaf: Leaf) -> Counted:
    # "At most" includes those of whom there is no row at all.
    if leaf.op == "lte":
        return Counted(rows, f"{what} > %s", (leaf.value,), negated=True)
    if leaf.value == 0:
        return Counted(rows, f"{what} < %s", (Decimal(0),), negated=True)
    return Counted(rows, f"{what} >= %s", (leaf.value,))


def _orders(leaf: Leaf, scope: Scope, condition: Q | None = None) -> tuple[Records, ...]:
    """Return a person's orders that were not given back whole, as three ways to the record that bought."""
    orders = orders_visible_to(scope).exclude(status=Order.Status.REFUNDED).order_by()
    if (since := _since(leaf)) is not None:
        orders = orders.filter(paid_at__gte=since)
    if condition is not None:
        orders = orders.filter(condition)
    nameless = orders.filter(member_no="")
    by_union = ExternalContact.objects.filter(unionid=OuterRef("unionid")).order_by("pk")
    by_name = ExternalContact.objects.filter(external_userid=OuterRef("external_userid"))
    ways = (
        (orders.filter(member__isnull=False), F("member_id")),
        (nameless.exclude(unionid=""), Subquery(by_union.values("pk")[:1])),
        (nameless.exclude(external_userid=""), Subquery(by_name.values("pk")[:1])),
    )
    return tuple(
        rows.values(
            record=record, row_id=F("pk"), worth=F("amount") - F("refunded"), moment=F("paid_at")
        )
        for rows, record in ways
    )


def _bought(leaf: Leaf, scope: Scope, condition: Q) -> Counted:
    return Counted(_orders(leaf, scope, condition), "count(*) > 0")


def _goods(condition: Q) -> Q:
    lines = OrderLine.objects.filter(condition)
    return Q(pk__in=lines.values("order_id"))


def _goods_named(leaf: Leaf, scope: Scope) -> Counted:
    of_model = Goods.objects.filter(model__in=leaf.value).values("sku")
    return _bought(leaf, scope, _goods(Q(sku__in=leaf.value) | Q(sku__in=of_model)))


def _goods_of_category(leaf: Leaf, scope: Scope) -> Counted:
    of_category = Goods.objects.filter(category__in=leaf.value).values("sku")
    return _bought(leaf, scope, _goods(Q(sku__in=of_category)))


def _last_bought(leaf: Leaf, scope: Scope) -> Counted:
    first, last = moments(leaf)
    rows = _orders(Leaf(leaf.fact, "gte", 1), scope)
    bounds = [("max(b.moment) >= %s", first), ("max(b.moment) < %s", last)]
    named = [(words, edge) for words, edge in bounds if edge is not None]
    having = " AND ".join(words for words, _edge in named)
    return Counted(rows, having, tuple(edge for _words, edge in named))


def _assets(leaf: Leaf, scope: Scope, kind: str) -> tuple[Records, ...]:
    rows = Asset.objects.filter(
        kind=kind, state=Asset.State.USABLE, member__in=members_visible_to(scope)
    )
    rows = rows.filter(Q(expires_on=None) | Q(expires_on__gte=timezone.localdate())).order_by()
    return (
        rows.values(
            record=F("member_id"), row_id=F("pk"), worth=F("amount"), moment=F("updated_at")
        ),
    )


def _view_rows(leaf: Leaf) -> tuple[Records, ...]:
    nothing = Cast(Value(Decimal(0)), AMOUNT)
    rows = _views(leaf)
    return (
        rows.values(record=F("record_id"), row_id=F("pk"), worth=nothing, moment=F("occurred_at")),
    )


COUNTED: Mapping[str, Callable[[Leaf, Scope], Counted]] = {
    "order_count": lambda leaf, scope: _bound(_orders(leaf, scope), "count(*)", leaf),
    "order_sum": lambda leaf, scope: _bound(_orders(leaf, scope), "sum(b.worth)", leaf),
    "last_bought": _last_bought,
    "bought_goods": _goods_named,
    "bought_category": _goods_of_category,
    "bought_channel": lambda leaf, scope: _bought(leaf, scope, Q(channel__in=leaf.value)),
    "bought_unit": lambda leaf, scope: _bought(
        leaf, scope, Q(store_code__in=_store_codes(leaf.value, scope))
    ),
    "points": lambda leaf, scope: _bound(
        _assets(leaf, scope, Asset.Kind.POINTS), "sum(b.worth)", leaf
    ),
    "balance": lambda leaf, scope: _bound(
        _assets(leaf, scope, Asset.Kind.BALANCE), "sum(b.worth)", leaf
    ),
    "coupons": lambda leaf, scope: _bound(
        _assets(leaf, scope, Asset.Kind.COUPON), "count(*)", leaf
    ),
    "views": lambda leaf, _scope: _bound(_view_rows(leaf), "count(*)", leaf),
}
