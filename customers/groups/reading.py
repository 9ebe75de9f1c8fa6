"""What one read of a group, or one event about it, does to our rows; the order in which they come does not matter."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from contacts.directory.selectors import members_by_userids
from customers.groups import forgotten
from customers.groups.models import CustomerGroup, GroupMember
from customers.relations.models import ExternalContact, RecordChange
from customers.relations.noting import record_changed
from scrm.wecom.group_types import CUSTOMER, GroupDetail, GroupMemberRow

# WeCom tells of a leaving before its lists show it: so long a read that still lists somebody proves nothing.
SHOWN_LATE = timedelta(seconds=60)
REFRESHED = (
    "kind", "unionid", "name", "member", "contact", "join_scene", "invitor_userid", "state",
    "left_at", "left_by_event", "quit_scene",
)  # fmt: skip


def group_lock(chat_id: str) -> CustomerGroup:
    """Let one transaction at a time write what we know of this group; its row, made where it is new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [chat_id])
    return CustomerGroup.objects.get_or_create(chat_id=chat_id)[0]


@transaction.atomic
def group_observed(detail: GroupDetail, *, status: int | None = None) -> CustomerGroup:
    """Store a complete read of a group (doc 92122); one that began before the stored one changes nothing.

    Who is not listed has left, unless they came after the read began.
    """
    group = group_lock(detail.chat_id)
    if group.observed_at is not None and detail.observed_at <= group.observed_at:
        return group
    if group.dismissed_at is not None and detail.observed_at < group.dismissed_at + SHOWN_LATE:
        return group
    _members_stored(group, detail)
    owner = members_by_userids([detail.owner]).get(detail.owner.lower())
    group.name, group.notice, group.owner_userid = detail.name, detail.notice, detail.owner
    group.owner, group.admin_userids = owner, [*detail.admins]
    group.created_time = detail.created_at or group.created_time
    group.member_version = detail.member_version
    group.dismissed_at = None
    if status is not None:
        group.status = status
    if group.reread_at is not None and group.reread_at <= detail.observed_at:
        group.reread_at = None
    group.observed_at, group.problem = detail.observed_at, ""
    _recount(group)
    group.save()
    return group


@transaction.atomic
def group_gone(chat_id: str, gone_at: datetime, *, told: bool = False) -> None:
    """Store that a group was dismissed: nobody is in it any more.

    What WeCom told by an event is final, for no group comes back; of a failed read a newer good one wins.
    """
    group = group_lock(chat_id)
    newest = group.observed_at
    if newest is not None and newest > gone_at and not told:
        return
    group.dismissed_at = group.dismissed_at or gone_at
    group.observed_at = gone_at if newest is None else max(newest, gone_at)
    group.problem, group.reread_at = "", None
    _end([*GroupMember.objects.filter(group=group, left_at=None)], gone_at)
    _recount(group)
    group.save()


@transaction.atomic
def leaving_told(chat_id: str, userids: Iterable[str], *, at: datetime, way: int | None) -> None:
    """Store who WeCom says left, when and how; of a stay that a read ended already it tells the moment and the way."""
    group = group_lock(chat_id)
    for userid in userids:
        stays = GroupMember.objects.filter(group=group, userid__iexact=userid, join_time__lte=at)
        ended = stays.filter(Q(left_at=None) | Q(left_by_event=False, left_at__gte=at)).order_by(
            "-join_time"
        )
        stay = ended.first()
        if stay is not None:
            stay.left_at, stay.left_by_event = at, True
            stay.quit_scene = way if way in GroupMember.Quit.values else None
            stay.save(update_fields=["left_at", "left_by_event", "quit_scene"])
    _recount(group)
    group.save(update_fields=["members_count", "customers_count"])


@transaction.atomic
def reread_at(chat_id: str, moment: datetime) -> None:
    """Ask for another read of a group, not before `moment`."""
    group = group_lock(chat_id)
    if group.reread_at is None or group.reread_at > moment:
        group.reread_at = moment
        group.save(update_fields=["reread_at"])


def _members_stored(group: CustomerGroup, detail: GroupDetail) -> None:
    listed = {row.userid.lower(): row for row in detail.members if row.userid}
    nameless = forgotten.nameless_kept(group, forgotten.taken_out(listed, detail), detail)
    stays = {
        (stay.userid.lower(), stay.join_time): stay
        for stay in GroupMember.objects.filter(
            group=group, userid__in=[r.userid for r in listed.values()]
        )
    }
    here = {
        stay.userid.lower(): stay
        for stay in GroupMember.objects.filter(group=group, left_at=None).exclude(pk__in=nameless)
    }
    _absent_ended(here, listed, detail.observed_at)
    contacts = _contacts(listed.values(), detail.observed_at)
    members = members_by_userids(row.userid for row in listed.values() if row.type != CUSTOMER)
    made: list[GroupMember] = []
    changed: list[GroupMember] = []
    for name, row in listed.items():
        joined = row.join_time or detail.created_at or detail.observed_at
        stay = stays.get((name, joined))
        if stay is not None and _left_for_sure(stay, detail.observed_at):
            continue
        open_one = here.get(name)
        if stay is None and open_one is not None and joined < open_one.join_time:
            continue
        if open_one is not None and open_one.join_time != joined:
            _end([open_one], joined)
        target = stay or GroupMember(group=group, userid=row.userid, join_time=joined)
        _describe(target, row)
        target.contact = contacts.get(row.userid)
        target.member = members.get(name)
        (changed if stay is not None else made).append(target)
    GroupMember.objects.bulk_update(changed, REFRESHED, batch_size=500)
    GroupMember.objects.bulk_create(made, batch_size=500)


def _describe(stay: GroupMember, row: GroupMemberRow) -> None:
    stay.kind = GroupMember.Kind.CUSTOMER if row.type == CUSTOMER else GroupMember.Kind.STAFF
    stay.unionid = row.unionid or stay.unionid
    stay.name = row.name[:128] or stay.name
    known = row.join_scene in GroupMember.Scene.values
    stay.join_scene = row.join_scene if known else GroupMember.Scene.UNKNOWN
    stay.invitor_userid, stay.state = row.invitor_userid, row.state[:64]
    stay.left_at, stay.left_by_event, stay.quit_scene = None, False, None


def _left_for_sure(stay: GroupMember, observed_at: datetime) -> bool:
    """Whether a read that still lists this stay is older than what an event told, or only just newer."""
    return (
        stay.left_at is not None and stay.left_by_event and observed_at < stay.left_at + SHOWN_LATE
    )


def _absent_ended(
    here: dict[str, GroupMember], listed: dict[str, GroupMemberRow], observed_at: datetime
) -> None:
    gone = [
        stay for name, stay in here.items() if name not in listed and stay.join_time <= observed_at
    ]
    _end(gone, observed_at)


def _end(stays: list[GroupMember], at: datetime) -> None:
    for stay in stays:
        stay.left_at = max(at, stay.join_time)
    GroupMember.objects.bulk_update(stays, ["left_at"], batch_size=500)


def _contacts(rows: Iterable[GroupMemberRow], observed_at: datetime) -> dict[str, ExternalContact]:
    """Return the customers we know among those listed; a unionid the group tells and we lacked is kept for OneID."""
    unionids = {row.userid: row.unionid or "" for row in rows if row.type == CUSTOMER}
    found = {
        contact.external_userid: contact
        for contact in ExternalContact.objects.filter(external_userid__in=unionids).only(
            "id", "external_userid", "unionid"
        )
    }
    new = [contact for key, contact in found.items() if unionids[key] and not contact.unionid]
    for contact in new:
        unionid = unionids[contact.external_userid]
        ExternalContact.objects.filter(pk=contact.pk, unionid="").update(unionid=unionid)
    record_changed(RecordChange.Kind.CONTACT, [contact.pk for contact in new])
    return found


def _recount(group: CustomerGroup) -> None:
    kinds = list(
        GroupMember.objects.filter(group=group, left_at=None).values_list("kind", flat=True)
    )
    group.members_count = len(kinds)
    group.customers_count = kinds.count(GroupMember.Kind.CUSTOMER)
