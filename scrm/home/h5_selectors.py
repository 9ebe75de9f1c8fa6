"""What the phone pages show, assembled from the apps' selectors; every read starts from the scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from attribution.adds.selectors import adds_visible_to
from attribution.live_codes.models import LiveCode
from attribution.live_codes.selectors import live_codes_visible_to
from contacts.directory.grams import search_grams
from contacts.directory.models import Member
from contacts.feed.selectors import open_items
from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_of
from customers.crm.selectors import members_search
from customers.crm.selectors import members_visible_to as crm_members_visible_to
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.selectors import contacts_by_phone, relations_visible_to
from customers.relations.showing import ShownRelation, shown
from scrm.core.scope import Scope

PHONE_DIGITS = 7
TEXT_MOST = 60


def today_began() -> datetime:
    """Return the beginning of the business day."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def own_member(scope: Scope) -> Member | None:
    """Return the WeCom account of the person, None for one who logs in by password only."""
    return Member.objects.filter(userid=scope.userid).first() if scope.userid else None


def store_served_by(member: Member | None) -> OrgUnit | None:
    """Return the store a member actively serves."""
    return stores_of([member.pk]).get(member.pk) if member else None


@dataclass(frozen=True)
class Numbers:
    """The three figures of the first page."""

    added_today: int
    to_do: int
    customers: int


def numbers_for(scope: Scope, member: Member | None) -> Numbers:
    """Count the person's own adds since midnight, open tasks and customers, each once."""
    if member is None:
        return Numbers(0, 0, 0)
    own = FollowRelation.objects.filter(member=member, status=FollowRelation.Status.ACTIVE)
    added = adds_visible_to(scope).filter(userid=member.userid, started_at__gte=today_began())
    return Numbers(added.count(), open_items(member.pk).count(), own.count())


# --- customers -----------------------------------------------------------------------------------------------


def customers_of(
    scope: Scope, *, text: str = "", added_today: bool = False
) -> QuerySet[FollowRelation]:
    """Return the living relations a scope sees that match; lost customers are left out."""
    relations = (
        relations_visible_to(scope)
        .filter(status=FollowRelation.Status.ACTIVE)
        .select_related("contact", "member")
    )
    if added_today:
        relations = relations.filter(created_time__gte=today_began())
    text = text.strip()[:TEXT_MOST]
    return relations.filter(_matches(scope, text)) if text else relations


def _matches(scope: Scope, text: str) -> Q:
    """A part of the nickname, a full phone (verified, remarked, or of the CRM), or a member number."""
    crm = members_search(crm_members_visible_to(scope), text)
    found = Q(
        contact__external_userid__in=crm.exclude(external_userid="").values("external_userid")
    )
    found |= Q(contact__unionid__in=crm.exclude(unionid="").values("unionid"))
    if sum(char.isdigit() for char in text) >= PHONE_DIGITS:
        phones = contacts_by_phone(scope, ExternalContact.objects.all(), text)
        return found | Q(contact__in=phones.values("pk"))
    return found | Q(contact__name_grams__contains=search_grams(text))


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
    """Return the codes that name this member and can be scanned, her own ones first, in three queries."""
    if member is None:
        return []
    named = live_codes_visible_to(scope).filter(choices__member=member).exclude(link="")
    codes = list(named.prefetch_related("choices").order_by("-id"))
    adds = adds_visible_to(scope).filter(userid=member.userid, live_code__in=codes).order_by()
    counted = adds.values("live_code_id").annotate(
        total=Count("pk"), today=Count("pk", filter=Q(started_at__gte=today_began()))
    )
    brought = {row["live_code_id"]: (row["today"], row["total"]) for row in counted}
    found = [
        OwnCode(code, *brought.get(code.pk, (0, 0)), others=len(code.choices.all()) - 1)
        for code in codes
    ]
    return sorted(found, key=lambda own: own.others > 0)
