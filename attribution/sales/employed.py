"""Who was a colleague when: judged by the dates of employment, never by today's state."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from attribution.sales.business import business_day
from contacts.directory.models import Employment, Member
from customers.profile.counting import kinds_said_of


@dataclass(frozen=True)
class Staff:
    """The employments of the colleagues a batch of orders may be about, by phone and by employee."""

    by_phone: Mapping[bytes, Sequence[Employment]]
    by_employee: Mapping[UUID, Sequence[Employment]]

    def employs(self, phone_index: bytes, at: datetime) -> bool:
        """Tell whether this phone was a colleague's then; before the first day and after the last it was not."""
        day = business_day(at)
        return any(each.covers(day) for each in self.by_phone.get(phone_index, ()))

    def has_left(self, member: Member, at: datetime) -> bool:
        """Tell whether a member's account was gone then, or the OA says the employee had left."""
        if member.left_at is not None and member.left_at <= at:
            return True
        day = business_day(at)
        mine = self.by_employee.get(member.employee_id, ()) if member.employee_id else ()
        ended = any(each.ended_on is not None and each.ended_on <= day for each in mine)
        return ended and not any(each.covers(day) for each in mine)


@dataclass(frozen=True)
class LeftOutNames:
    """Whom humans called a colleague or a test, by customer and by member."""

    external_userids: frozenset[str]
    member_ids: frozenset[UUID]

    def names(self, external_userids: Iterable[str], member_ids: Iterable[UUID]) -> bool:
        """Tell whether one of these is among them."""
        return not (
            self.external_userids.isdisjoint(external_userids)
            and self.member_ids.isdisjoint(member_ids)
        )


def left_out_among(member_ids: Iterable[UUID], external_userids: Iterable[str]) -> LeftOutNames:
    """Return who of these was marked by hand or by a list, in one query; employment is `staff_of`'s."""
    rows = kinds_said_of(member_ids, external_userids)
    return LeftOutNames(
        frozenset(row.external_userid for row in rows if row.external_userid),
        frozenset(row.record_id for row in rows),
    )


def staff_of(phone_indexes: Collection[bytes], members: Iterable[Member]) -> Staff:
    """Load the employments behind these phones and members, in one query."""
    employee_ids = {each.employee_id for each in members if each.employee_id}
    by_phone: dict[bytes, list[Employment]] = {}
    by_employee: dict[UUID, list[Employment]] = {}
    rows = Employment.objects.filter(
        Q(employee__in=employee_ids) | Q(employee__phone_index__in=phone_indexes)
    )
    for row in rows.select_related("employee").defer("employee__phone"):
        if row.employee.phone_index:
            by_phone.setdefault(bytes(row.employee.phone_index), []).append(row)
        by_employee.setdefault(row.employee_id, []).append(row)
    return Staff(by_phone, by_employee)
