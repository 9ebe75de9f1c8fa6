"""What the phone pages show, assembled from the apps' selectors; every read starts from the scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from attribution.adds.selectors import adds_visible_to, new_customers
from attribution.live_codes.models import LiveCode
from attribution.live_codes.selectors import live_codes_visible_to
from attribution.sales.selectors import month_figures
from contacts.directory.models import Member
from contacts.feed.selectors import open_items
from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_of, stores_visible_to
from customers.lists.finding import narrow, wanted
from customers.relations.models import FollowRelation
from customers.relations.selectors import contacts_remembered, relations_visible_to
from customers.relations.showing import ShownRelation, shown
from customers.relations.ways import ASSIGNED
from scrm.core.erased import ERASED_PREFIX
from scrm.core.scope import Scope


def today_began() -> datetime:
    """Return the beginning of the business day."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def own_member(scope: Scope) -> Member | None:
    """Return the WeCom account of the person, None for one who logs in by password only."""
    return Member.objects.filter(userid=scope.userid).first() if scope.userid else None


def store_served_by(member: Member | None) -> OrgUnit | None:
    """Return the store a member actively serves."""
    return stores_of([member.pk]).get(member.pk) if member else None


def stores_shown(scope: Scope, member: Member | None) -> list[OrgUnit]:
    """Return the stores whose figures a person sees: of a guide the one she serves, else those of her scope."""
    if not scope.own_only:
        return list(stores_visible_to(scope).order_by("code"))
    served = store_served_by(member)
    return [served] if served else []


@dataclass(frozen=True)
class Numbers:
    """The three figures of the first page."""

    added_today: int
    to_do: int
    month_net: Decimal


def numbers_for(scope: Scope, member: Member | None) -> Numbers:
    """Count adds since midnight and sales of this month less refunds, and the person's own open tasks.

    Adds and sales are a guide's own; a manager has those of the store, as on the pages behind them.
    """
    if scope.own_only and member is None:
        return Numbers(0, 0, Decimal(0))
    added = new_customers(adds_visible_to(scope)).filter(started_at__gte=today_began())
    sellers = None
    if scope.own_only and member is not None:
        added, sellers = added.filter(userid=member.userid), [member.pk]
    sold = month_figures(scope, timezone.localdate(), member_ids=sellers)
    to_do = open_items(member.pk).count() if member else 0
    return Numbers(added.count(), to_do, sold.net)


# --- customers -----------------------------------------------------------------------------------------------


def customers_of(
    scope: Scope, *, text: str = "", added_today: bool = False
) -> QuerySet[FollowRelation]:
    """Return the living relations a scope sees that match; lost customers are left out."""
    relations = (
        relations_visible_to(scope)
        .filter(status=FollowRelation.Status.ACTIVE)
        .exclude(contact__external_userid__startswith=ERASED_PREFIX)
        .select_related("contact", "member")
    )
    if added_today:
        # As in the figure: whom a colleague handed over is not new.
        relations = relations.filter(created_time__gte=today_began()).exclude(add_way=ASSIGNED)
    asked = wanted(text)
    if not asked.text:
        return relations
    found = narrow(scope, contacts_remembered(), asked)
    return relations.filter(contact__in=found.values("pk"))


@dataclass(frozen=True)
class CustomerRow:
    """A customer in the list: one relation, as the reader may see it."""

    contact_id: UUID
    name: str
    avatar: str
    relation: ShownRelation
    is_own: bool


def customer_rows(scope: Scope, relations: Sequence[FollowRelation]) -> list[CustomerRow]:
    """Return the rows of a page of relations, in three queries however many there are."""
    contacts = {relation.contact_id: relation.contact for relation in relations}
    views = {view.contact.pk: view for view in shown(scope, list(contacts.values()))}
    rows = []
    for relation in relations:
        view = views[relation.contact_id]
        mine = next(row for row in view.relations if row.relation.pk == relation.pk)
        own = relation.member.userid == scope.userid
        rows.append(CustomerRow(relation.contact_id, view.name, view.contact.avatar, mine, own))
    return rows


# --- live codes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OwnCode:
    """A live code that names the person, and what it brought to her."""

    code: LiveCode
    today: int
    total: int
    others: int


def own_codes(scope: Scope, member: Member | None) -> list[OwnCode]:
    """Return the codes that name this member and can be scanned, those with few others first, in three queries.

    Codes of entries are the mall's: whoever scans one in the store would be counted there.
    """
    if member is None:
        return []
    named = live_codes_visible_to(scope).filter(choices__member=member, entry_store=None)
    codes = list(named.exclude(link="").prefetch_related("choices").order_by("-id"))
    adds = adds_visible_to(scope).filter(userid=member.userid, live_code__in=codes).order_by()
    counted = adds.values("live_code_id").annotate(
        total=Count("pk"), today=Count("pk", filter=Q(started_at__gte=today_began()))
    )
    brought = {row["live_code_id"]: (row["today"], row["total"]) for row in counted}
    found = [
        OwnCode(code, *brought.get(code.pk, (0, 0)), others=len(code.choices.all()) - 1)
        for code in codes
    ]
    return sorted(found, key=lambda own: own.others)
