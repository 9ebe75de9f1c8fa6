"""The memberships of the customers on a page, as the reader may see them, in three queries."""

from collections.abc import Sequence
from uuid import UUID

from customers.crm.models import CrmMember
from customers.crm.selectors import members_visible_to
from customers.oneid.models import PersonLink
from customers.relations.models import RecordChange
from customers.timeline.selectors import sees_members
from scrm.core.scope import Scope


def memberships_of(scope: Scope, contact_ids: Sequence[UUID]) -> dict[UUID, list[CrmMember]]:
    """Return the CRM members of each customer's person; a branch sees those of its own stores."""
    if not sees_members(scope) or not contact_ids:
        return {}
    mine = PersonLink.objects.filter(record_id__in=contact_ids)
    persons = dict(mine.values_list("record_id", "person_id"))
    others = PersonLink.objects.filter(
        person_id__in=set(persons.values()), record_kind=RecordChange.Kind.MEMBER
    ).values_list("record_id", "person_id")
    by_member = dict(others)
    members = CrmMember.objects.filter(pk__in=by_member)
    if not (scope.everything or scope.own_only):
        members = members.filter(pk__in=members_visible_to(scope).values("pk"))
    found: dict[UUID, list[CrmMember]] = {}
    for member in members.only("pk", "member_no", "level", "store_code").order_by("member_no"):
        found.setdefault(by_member[member.pk], []).append(member)
    return {contact_id: found[person] for contact_id, person in persons.items() if person in found}
