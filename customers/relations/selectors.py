"""Reads of customers and follow relations; every list starts from what the scope may see."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import (
    Count,
    Exists,
    F,
    Func,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
)
from django.db.models.functions import Concat, Left

from contacts.directory.models import Member
from contacts.directory.selectors import path_filter
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.reading_models import ListedPage
from customers.relations.states import DELETIONS
from scrm.core.copy import array_text
from scrm.core.crypto import blind_indexes
from scrm.core.erased import ERASED_PREFIX
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone
from scrm.core.scope import Scope

HIDDEN = "***"
Row = TypeVar("Row", bound=Model)


def relations_visible_to(scope: Scope) -> QuerySet[FollowRelation]:
    """Return the follow relations a scope may see: all, those of its branches and stores, or one's own."""
    if scope.everything:
        return FollowRelation.objects.all()
    if scope.own_only:
        own = FollowRelation.objects.filter(
            member__userid=scope.userid, status=FollowRelation.Status.ACTIVE
        )
        return own if scope.userid else own.none()
    return FollowRelation.objects.filter(path_filter("member__org_path", scope.org_paths))


def contacts_visible_to(scope: Scope) -> QuerySet[ExternalContact]:
    """Return the customers with at least one follow relation that the scope may see; nobody who was forgotten."""
    contacts = contacts_remembered()
    if scope.everything:
        return contacts
    seen = relations_visible_to(scope).filter(contact=OuterRef("pk"))
    return contacts.filter(Exists(seen))


def contacts_remembered() -> QuerySet[ExternalContact]:
    """Return the customers who were not forgotten: of those a row without a name stays, for figures alone."""
    return ExternalContact.objects.exclude(external_userid__startswith=ERASED_PREFIX)


def relations_of(scope: Scope, contact_ids: Iterable[UUID]) -> dict[UUID, list[FollowRelation]]:
    """Return the visible relations by customer, oldest first, with their members and what is known of the chat."""
    rows = (
        relations_visible_to(scope)
        .filter(contact_id__in=list(contact_ids))
        .select_related("member", "opened_chat")
    )
    found: dict[UUID, list[FollowRelation]] = {}
    for relation in rows.order_by("created_time", "id"):
        found.setdefault(relation.contact_id, []).append(relation)
    return found


def deletions_of(external_userids: Iterable[str]) -> dict[tuple[str, str], dict[str, datetime]]:
    """Return by (external_userid, lower-cased userid) the newest deletion of each kind."""
    rows = rows_by_arrays(
        "SELECT external_userid, userid, kind, max(occurred_at) FROM customers_relationevent "
        "WHERE external_userid = ANY(%s) AND kind = ANY(%s) GROUP BY external_userid, userid, kind",
        [sorted(external_userids), list(DELETIONS)],
    )
    found: dict[tuple[str, str], dict[str, datetime]] = {}
    for external_userid, userid, kind, newest in rows:
        found.setdefault((external_userid, userid.lower()), {})[kind] = newest
    return found


def rows_by_arrays(sql: str, arrays: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Read by arrays, each the one literal of an ANY: a thousand of an IN would be parsed and planned one by one.

    An empty array finds nothing and costs no query; a sorted one saves PostgreSQL its own sort.
    """
    if not all(arrays):
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, [array_text(each) for each in arrays])
        return list(cursor.fetchall())


def listed_since(relation_ids: Iterable[UUID], observed_at: datetime) -> dict[UUID, datetime]:
    """Return when pages newer than a read listed these relations as we hold them; nothing while no sync runs."""
    wanted = list(relation_ids)
    if not wanted:
        return {}
    pages = ListedPage.objects.filter(observed_at__gt=observed_at, relation_ids__overlap=wanted)
    found: dict[UUID, datetime] = {}
    for listed_at, listed in pages.order_by("observed_at").values_list(
        "observed_at", "relation_ids"
    ):
        found.update(dict.fromkeys(set(wanted).intersection(listed), listed_at))
    return found


def contacts_by_phone(
    scope: Scope, contacts: QuerySet[ExternalContact], raw: str
) -> QuerySet[ExternalContact]:
    """Narrow customers to a full phone, verified or in a remark the scope sees; no phone finds nobody."""
    try:
        indexes = blind_indexes("phone", normalise_phone(raw))
    except ValidationFailed:
        return contacts.none()
    remarked = relations_visible_to(scope).filter(
        contact=OuterRef("pk"), remark_phone_indexes__overlap=indexes
    )
    return contacts.filter(Q(phone_index__in=indexes) | Exists(remarked))


def relation_counts(scope: Scope, without: QuerySet[Any] | None = None) -> dict[str, int]:
    """Return how many relations the scope sees, and how many distinct customers, by status.

    A customer handed over to a colleague is not lost. without: ids of customers who do not count.
    """
    relations = relations_visible_to(scope)
    counted = relations if without is None else relations.exclude(contact_id__in=without)
    counts = counted.aggregate(
        active=Count("pk", filter=Q(status=FollowRelation.Status.ACTIVE)),
        lost=Count(
            "pk",
            filter=Q(status=FollowRelation.Status.LOST)
            & ~Q(lost_by=FollowRelation.LostBy.TRANSFER),
        ),
        customers=Count("contact", filter=Q(status=FollowRelation.Status.ACTIVE), distinct=True),
    )
    return {"active": counts["active"], "lost": counts["lost"], "customers": counts["customers"]}


def tag_counts(scope: Scope) -> dict[str, int]:
    """Return the number of live visible relations by tag id, in one query."""
    live = relations_visible_to(scope).filter(status=FollowRelation.Status.ACTIVE)
    rows = (
        live.order_by()
        .values(tag_id=Func(F("tag_ids"), function="unnest"))
        .annotate(count=Count("pk"))
    )
    return {row["tag_id"]: row["count"] for row in rows}


def with_people(rows: QuerySet[Row], scope: Scope) -> QuerySet[Any]:
    """Add whom a row's `userid` and `external_userid` name: `member_name`, `customer_name`, `contact_id`.

    `contact_id` is there to link to the customer's page, so only for those who may open it; the
    customer's name is masked in SQL where the scope says so. Costs no query of its own, and nothing
    for the rows a page does not show.
    """
    contacts = ExternalContact.objects.filter(external_userid=OuterRef("external_userid"))
    name = Concat(Left("name", 1), Value(HIDDEN)) if scope.masked("name") else F("name")
    return rows.annotate(
        member_name=Subquery(Member.objects.filter(userid=OuterRef("userid")).values("name")[:1]),
        customer_name=Subquery(contacts.annotate(shown_name=name).values("shown_name")[:1]),
        contact_id=Subquery(contacts.values("pk")[:1])
        if scope.allows("relations.view")
        else Value(None, output_field=UUIDField()),
    )
