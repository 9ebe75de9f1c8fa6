"""Reads of CRM members; every list starts from what the scope may see."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, Q, QuerySet

from contacts.org.selectors import stores_visible_to
from customers.crm.fact_models import ServiceReceived
from customers.crm.models import CrmMember, Order, Refund
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to
from scrm.accounts.models import PartnerKey
from scrm.core.crypto import blind_indexes
from scrm.core.phone_lookups import LAST_FOUR, number_in
from scrm.core.scope import Scope


def members_visible_to(scope: Scope) -> QuerySet[CrmMember]:
    """Return the members a scope may see: all, those of its stores, or those among one's own customers."""
    if scope.everything:
        return CrmMember.objects.all()
    if scope.own_only:
        own = contacts_visible_to(scope)
        by_union = Q(unionid__in=own.exclude(unionid="").values("unionid"))
        return CrmMember.objects.filter(
            by_union | Q(external_userid__in=own.values("external_userid"))
        )
    return CrmMember.objects.filter(store_code__in=stores_visible_to(scope).values("code"))


def members_search(members: QuerySet[CrmMember], text: str) -> QuerySet[CrmMember]:
    """Narrow members to a member number, a full phone or its last four digits; names are encrypted and not searched."""
    text = text.strip()
    if not text:
        return members
    # Cards are printed in capitals and typed in small letters.
    wanted, number = Q(member_no__in={text, text.upper(), text.lower()}), number_in(text)
    if len(number) == LAST_FOUR:
        wanted |= Q(phone_last4__in=blind_indexes("phone_last4", number))
    elif number:
        wanted |= Q(phone_index__in=blind_indexes("phone", number))
    return members.filter(wanted)


def members_of_partner(key: PartnerKey) -> QuerySet[CrmMember]:
    """Return the members a partner's key may read: all of them while it holds `members.read`, else none."""
    return CrmMember.objects.all() if "members.read" in key.scopes else CrmMember.objects.none()


def orders_visible_to(scope: Scope) -> QuerySet[Order]:
    """Return the orders a scope may see: all, those of its stores and of its members, or one's customers'."""
    if scope.everything:
        return Order.objects.all()
    members = members_visible_to(scope).values("pk")
    if scope.own_only:
        own = contacts_visible_to(scope)
        by_union = Q(unionid__in=own.exclude(unionid="").values("unionid"))
        by_contact = Q(external_userid__in=own.values("external_userid"))
        return Order.objects.filter(Q(member__in=members) | by_union | by_contact)
    stores = stores_visible_to(scope).values("code")
    return Order.objects.filter(Q(store_code__in=stores) | Q(member__in=members))


def orders_search(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Narrow orders to an order number or a member number."""
    text = text.strip()
    return orders.filter(Q(order_no=text) | Q(member_no=text)) if text else orders


def orders_of_records(
    member_ids: Iterable[UUID], contacts: Iterable[ExternalContact]
) -> QuerySet[Order]:
    """Return the orders of these identity records, newest first.

    The member an order names decides; only orders without a member number go by unionid or external_userid.
    """
    people = list(contacts)
    by_union = Q(unionid__in=[one.unionid for one in people if one.unionid])
    by_contact = Q(external_userid__in=[one.external_userid for one in people])
    mine = Q(member_id__in=list(member_ids)) | (Q(member_no="") & (by_union | by_contact))
    return Order.objects.filter(mine).order_by("-paid_at", "-id")


def refunds_of(order: Order) -> QuerySet[Refund]:
    """Return the refunds of an order, oldest first."""
    return Refund.objects.filter(order_no=order.order_no).order_by("refunded_at", "id")


def services_visible_to(scope: Scope) -> QuerySet[ServiceReceived]:
    """Return the services a scope may see: all, those of its stores and members, or one's customers'."""
    if scope.everything:
        return ServiceReceived.objects.all()
    members = members_visible_to(scope).values("pk")
    if scope.own_only:
        own = contacts_visible_to(scope)
        by_union = Q(unionid__in=own.exclude(unionid="").values("unionid"))
        return ServiceReceived.objects.filter(Q(member__in=members) | by_union)
    stores = stores_visible_to(scope).values("code")
    return ServiceReceived.objects.filter(Q(store_code__in=stores) | Q(member__in=members))


def services_search(services: QuerySet[ServiceReceived], text: str) -> QuerySet[ServiceReceived]:
    """Narrow services to a service number or a member number."""
    text = text.strip()
    return services.filter(Q(service_no=text) | Q(member_no=text)) if text else services


def services_of_records(
    member_ids: Iterable[UUID], contacts: Iterable[ExternalContact]
) -> QuerySet[ServiceReceived]:
    """Return the services of these identity records, newest first; the member a service names decides."""
    unions = [one.unionid for one in contacts if one.unionid]
    mine = Q(member_id__in=list(member_ids)) | Q(member_no="", unionid__in=unions)
    return ServiceReceived.objects.filter(mine).order_by("-served_at", "-id")


def orders_of_partner(key: PartnerKey) -> QuerySet[Order]:
    """Return the orders a partner's key may read: all of them while it holds `orders.read`, else none."""
    return Order.objects.all() if "orders.read" in key.scopes else Order.objects.none()


def orders_over_refunded(order_numbers: Iterable[str]) -> set[str]:
    """Return those of these orders of which more was given back than was paid."""
    orders = Order.objects.filter(order_no__in=set(order_numbers), refunded__gt=F("amount"))
    return set(orders.values_list("order_no", flat=True))
