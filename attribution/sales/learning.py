"""Lets orders be decided again when more is known of their buyers than when they were decided.

OneID says which names lead to other records, the OA on which days somebody was employed. Both are taken in
the transaction that notes the orders, so none is lost, and the credits are those of deciding all afresh.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from django.db.models import Q

from attribution.sales.business import day_began
from attribution.sales.models import Credit
from attribution.touches.identities import Named, identities_of
from contacts.directory.models import Employment
from contacts.directory.services import employments_take
from customers.crm.models import CrmMember, Order
from customers.crm.orders import orders_reconsider
from customers.oneid.models import IdentityChange
from customers.oneid.services import identities_take

Kind = IdentityChange.Kind
NAMES = 5000
EMPLOYMENTS = 500


def orders_learn() -> bool:
    """Note the orders that what was learned since may change; tells whether anything was."""
    names = identities_take(NAMES)
    employments = employments_take(EMPLOYMENTS)
    ids = _of_names(names) if names else set()
    if employments:
        ids |= _of_colleagues(employments) | _of_guides(employments)
    orders_reconsider(sorted(ids))
    return bool(names or employments)


def _of_names(changes: Iterable[IdentityChange]) -> set[UUID]:
    """Return the orders that say one of these names."""
    names: dict[str, set[str]] = {kind: set() for kind in IdentityChange.Kind.values}
    for change in changes:
        names[change.kind].add(change.value)
    return _orders_of(names[Kind.UNIONID], names[Kind.EXTERNAL_USERID], names[Kind.MEMBER])


def _orders_of(
    unionids: Iterable[str], external_userids: Iterable[str], member_ids: Iterable[UUID | str]
) -> set[UUID]:
    theirs = (
        Q(unionid__in=set(unionids))
        | Q(external_userid__in=set(external_userids))
        | Q(member__in=set(member_ids))
    )
    return set(Order.objects.filter(theirs).values_list("pk", flat=True))


def _of_colleagues(employments: Sequence[Employment]) -> set[UUID]:
    """Return what those bought who have a colleague's phone."""
    phones = {bytes(row.employee.phone_index) for row in employments if row.employee.phone_index}
    members = CrmMember.objects.filter(phone_index__in=phones).values_list("pk", flat=True)
    people = identities_of({pk: Named(crm_member_id=pk) for pk in members}).values()
    return _orders_of(
        (name for person in people for name in person.unionids),
        (name for person in people for name in person.external_userids),
        (pk for person in people for pk in person.crm_member_ids),
    )


def _of_guides(employments: Sequence[Employment]) -> set[UUID]:
    """Return what guides were given from the day they left on, and what was refused because they had."""
    ended: dict[int, date] = {}
    members: set[int] = set()
    for row in employments:
        member = getattr(row.employee, "member", None)
        if member is not None:
            members.add(member.pk)
            if row.ended_on is not None:
                ended[member.pk] = row.ended_on
    again = Q(reason=Credit.Reason.LEFT, evidence__member_id__in=sorted(members))
    for member_id, day in ended.items():
        again |= Q(member=member_id, paid_at__gte=day_began(day))
    if not members:
        return set()
    return set(Credit.objects.filter(again).values_list("order_id", flat=True))
