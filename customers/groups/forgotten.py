"""The door of groups: WeCom goes on listing somebody who was forgotten, and we keep their place without a name.

Who comes into a group after the erasure came back by themself and is kept as anybody (ADR-0016).
"""

import secrets
from collections import Counter
from datetime import datetime

from customers.groups.models import CustomerGroup, GroupMember
from scrm.core.erased import ERASED_PREFIX, EXTERNAL_USERID, UNIONID, Name, erased
from scrm.wecom.group_types import CUSTOMER, GroupDetail, GroupMemberRow


def taken_out(listed: dict[str, GroupMemberRow], detail: GroupDetail) -> dict[str, datetime]:
    """Take the customers who were forgotten out of a read; return since when each is in the group. One query."""
    customers = {name: row for name, row in listed.items() if row.type == CUSTOMER}
    found = erased(each for row in customers.values() for each in _names(row))
    if not found:
        return {}
    gone = {}
    for name, row in customers.items():
        joined = row.join_time or detail.created_at or detail.observed_at
        if found.before(joined, *_names(row)):
            gone[listed.pop(name).userid] = joined
    return gone


def _names(row: GroupMemberRow) -> tuple[Name, Name]:
    return (EXTERNAL_USERID, row.userid), (UNIONID, row.unionid or "")


def nameless_kept(
    group: CustomerGroup, gone: dict[str, datetime], detail: GroupDetail
) -> list[int]:
    """Keep one stay without a name for each of them; return those that are in the group still (ids).

    They are known again by when they came: nothing else of them is kept. One that has its name still, because a
    read and an erasure met, loses it here.
    """
    if not gone:
        return []
    here = GroupMember.objects.filter(group=group, left_at=None)
    places = Counter(gone.values())
    kept = []
    for stay in here.filter(userid__startswith=ERASED_PREFIX):
        if places[stay.join_time] > 0:
            places[stay.join_time] -= 1
            kept.append(stay.pk)
    for stay in here.filter(userid__in=gone):
        if places[stay.join_time] > 0:
            places[stay.join_time] -= 1
            kept.append(stay.pk)
        _name_taken(stay)
    made = GroupMember.objects.bulk_create(
        GroupMember(group=group, userid=_nobody(), kind=GroupMember.Kind.CUSTOMER, join_time=joined)
        for joined, count in sorted(places.items())
        for _each in range(count)
        if joined <= detail.observed_at
    )
    return [*kept, *(stay.pk for stay in made)]


def _nobody() -> str:
    return ERASED_PREFIX + secrets.token_hex(10)


def _name_taken(stay: GroupMember) -> None:
    GroupMember.objects.filter(pk=stay.pk).update(
        userid=_nobody(), unionid="", name="", contact=None, state=""
    )
