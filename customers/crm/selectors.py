"""Reads of CRM members; every list starts from what the scope may see."""

from contextlib import suppress

from django.db.models import Q, QuerySet

from contacts.org.selectors import stores_visible_to
from customers.crm.models import CrmMember, MemberImport
from customers.relations.selectors import contacts_visible_to
from scrm.accounts.models import PartnerKey
from scrm.core.crypto import blind_index
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone
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
    """Narrow members to a member number or a full phone; names are encrypted and not searched."""
    text = text.strip()
    if not text:
        return members
    wanted = Q(member_no=text)
    with suppress(ValidationFailed):  # not a phone: then it can only be a member number
        wanted |= Q(phone_index=blind_index("phone", normalise_phone(text)))
    return members.filter(wanted)


def members_of_partner(key: PartnerKey) -> QuerySet[CrmMember]:
    """Return the members a partner's key may read: all of them while it holds `members.read`, else none."""
    return CrmMember.objects.all() if "members.read" in key.scopes else CrmMember.objects.none()


def imports_visible_to(scope: Scope) -> QuerySet[MemberImport]:
    """Return the member files a scope may see: all of HQ's, else those its own user sent in."""
    if scope.everything:
        return MemberImport.objects.all()
    return MemberImport.objects.filter(created_by_id=scope.user_id)
