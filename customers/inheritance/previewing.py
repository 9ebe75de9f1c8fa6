"""What a hand-over would do, counted by successor, before anybody confirms it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_of
from customers.inheritance.models import HandoverGroup, HandoverItem, HandoverPlan
from customers.inheritance.room import room_of
from customers.inheritance.selectors import customers_of, friends_of, with_customers

PLANNED = HandoverItem.State.PLANNED


@dataclass(frozen=True)
class PreviewRow:
    """What one successor would get: customers now, planned, how many of them are friends already, groups."""

    member: Member
    store: OrgUnit | None
    now: int
    planned: int
    friends: int
    groups: int
    room: int | None

    @property
    def after(self) -> int:
        """Return how many customers the successor has if everybody goes over."""
        return self.now + self.planned - self.friends

    @property
    def left(self) -> int | None:
        """Return how many more fit then; None without a limit."""
        return None if self.room is None else self.room - (self.planned - self.friends)


@dataclass(frozen=True)
class Preview:
    """A plan in counts: its rows, whom it leaves behind, and who came after it was made."""

    rows: Sequence[PreviewRow]
    unplaced: int
    groups_unplaced: int
    came_since: int

    @property
    def customers(self) -> int:
        """Return how many customers are asked."""
        return sum(row.planned for row in self.rows)

    @property
    def groups(self) -> int:
        """Return how many groups get another owner."""
        return sum(row.groups for row in self.rows)


def preview_of(plan: HandoverPlan) -> Preview:
    """Count what a plan that waits for its confirmation would do, in a constant number of queries."""
    pairs = list(
        plan.items.filter(state=PLANNED).values_list("contact_id", "successor_id").order_by()
    )
    planned: dict[int, int] = {}
    for _contact_id, member_id in pairs:
        planned[member_id] = planned.get(member_id, 0) + 1
    counted = plan.groups.order_by().values_list("successor_id").annotate(count=Count("pk"))
    groups = dict(counted.filter(state=HandoverGroup.State.PLANNED))
    ids = {*planned, *groups}
    known = friends_of((contact_id for contact_id, _member_id in pairs), ids)
    room = room_of(ids)
    stores = stores_of(ids)
    members = with_customers(Member.objects.filter(pk__in=ids))
    rows = [
        PreviewRow(
            member=member,
            store=stores.get(member.pk),
            now=member.customers,
            planned=planned.get(member.pk, 0),
            friends=sum(
                member_id == member.pk and member.pk in known.get(contact_id, ())
                for contact_id, member_id in pairs
            ),
            groups=groups.get(member.pk, 0),
            room=room.get(member.pk),
        )
        for member in members
    ]
    rows.sort(key=lambda row: (-row.planned, -row.groups, row.member.pk))
    lost = plan.items.aggregate(count=Count("pk", filter=Q(state=HandoverItem.State.UNPLACED)))
    unowned = plan.groups.filter(state=HandoverGroup.State.UNPLACED).count()
    return Preview(rows, lost["count"], unowned, _came_since(plan))


def _came_since(plan: HandoverPlan) -> int:
    """Count a leaver's customers that are not in the plan; of a guide who moved others stay on purpose."""
    if plan.cause != HandoverPlan.Cause.LEAVE:
        return 0
    return len(
        {*customers_of(plan.leaver)}.difference(plan.items.values_list("contact_id", flat=True))
    )
