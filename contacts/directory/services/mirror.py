"""What WeCom told us goes into the mirror; an older observation never overwrites a newer one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.grams import name_grams
from contacts.directory.models import Department, Member
from contacts.directory.selectors import CLOSED_STATES, member_by_userid, members_by_userids
from contacts.directory.services.places import places_refresh
from scrm.accounts.oidc.services import ties_end
from scrm.accounts.services import access_end, account_rename
from scrm.core.copy import UpsertCounts, upsert_by_copy
from scrm.core.exceptions import Conflict
from scrm.wecom import types as wecom_types

LOSS_ALWAYS_BELIEVED = 10
LOSS_SHARE = 0.05

DEPARTMENT_COLUMNS = (
    "department_id",
    "name",
    "parent_department_id",
    "order",
    "oa_kind",
    "store_code",
    "unit_path",
    "org_path",
    "observed_at",
)
MEMBER_COLUMNS = (
    "userid",
    "name",
    "name_grams",
    "status",
    "department_ids",
    "main_department_id",
    "position",
    "can_follow",
    "store_path",
    "org_path",
    "observed_at",
    "created_at",
)


class MirrorShrunk(Conflict):
    """WeCom listed far fewer rows than before; nothing was marked as gone."""

    default_code = "mirror_shrunk"


def loss_is_believable(lost: int, before: int) -> bool:
    """Return whether so many rows may really be gone (reliability.md F20)."""
    return lost <= max(LOSS_ALWAYS_BELIEVED, before * LOSS_SHARE) and lost < max(before, 1)


def departments_observed(seen: wecom_types.Departments) -> UpsertCounts:
    """Take over the whole department tree as one observation.

    Raises MirrorShrunk when too many known departments are missing; then nothing is written.
    """
    living = Department.objects.filter(deleted_at=None)
    known = dict(living.values_list("department_id", "name"))
    lost = known.keys() - {department.department_id for department in seen.departments}
    if known and lost and not loss_is_believable(len(lost), len(known)):
        raise MirrorShrunk(
            _(
                "WeCom listed %(listed)d of %(known)d known departments; nothing was changed. Check the app's visible range, then refresh again."
            )
            % {"listed": len(seen.departments), "known": len(known)}
        )
    rows = [
        (
            d.department_id,
            d.name or known.get(d.department_id, ""),
            d.parent_id,
            d.order,
            "",
            "",
            "",
            "",
            seen.observed_at,
        )
        for d in seen.departments
    ]
    update = ("name", "parent_department_id", "order")
    with transaction.atomic():
        counts = upsert_by_copy(
            Department,
            DEPARTMENT_COLUMNS,
            rows,
            conflict=("department_id",),
            update=(*update, "observed_at"),
            compare=update,
            newer="observed_at",
        )
        Department.objects.filter(
            department_id__in=[row[0] for row in rows], deleted_at__lt=seen.observed_at
        ).update(deleted_at=None)
        unseen = Q(observed_at=None) | Q(observed_at__lt=seen.observed_at)
        living.filter(unseen, department_id__in=lost).update(
            deleted_at=timezone.now(), oa_code=None, unit_path="", org_path=""
        )
    return counts


def member_ids_observed(
    departments: Mapping[str, Sequence[int]], observed_at: datetime
) -> UpsertCounts:
    """Take over the complete list of accounts (userid → departments) as one observation.

    New accounts appear without a name until they are read; missing ones are marked as left, and keep
    their rows. Raises MirrorShrunk when too many are missing; then nothing is written.
    """
    known = {m.userid.lower(): m for m in Member.objects.exclude(status=Member.Status.LEFT)}
    listed = {userid.lower() for userid in departments}
    lost = [
        member
        for folded, member in known.items()
        if folded not in listed and older(member, observed_at)
    ]
    if lost and not loss_is_believable(len(lost), len(known)):
        raise MirrorShrunk(
            _(
                "WeCom listed %(listed)d of %(known)d known members; nobody was marked as left. Check the address-book secret, then refresh again."
            )
            % {"listed": len(listed), "known": len(known)}
        )
    spelling = members_by_userids(departments)
    now = timezone.now()
    rows: list[tuple[Any, ...]] = [
        (
            spelling[userid.lower()].userid if userid.lower() in spelling else userid,
            "",
            [],
            int(Member.Status.NOT_ACTIVATED),
            sorted(set(ids)),
            None,
            "",
            False,
            "",
            "",
            observed_at,
            now,
        )
        for userid, ids in departments.items()
    ]
    with transaction.atomic():
        counts = upsert_by_copy(
            Member,
            MEMBER_COLUMNS,
            rows,
            conflict=("userid",),
            update=("department_ids", "observed_at"),
            compare=("department_ids",),
            newer="observed_at",
            whole=False,  # a list of ids must not outdate a read of names and states
        )
        back = [
            m.pk
            for m in spelling.values()
            if m.status == Member.Status.LEFT and older(m, observed_at)
        ]
        Member.objects.filter(pk__in=back).update(
            status=Member.Status.NOT_ACTIVATED, left_at=None, observed_at=observed_at
        )
        for member in lost:
            _mark_left(member, observed_at)
    return counts


def older(member: Member, observed_at: datetime) -> bool:
    """Return whether what we know of a member is older than an observation."""
    return member.observed_at is None or member.observed_at < observed_at


def members_observed(members: Iterable[wecom_types.Member]) -> UpsertCounts:
    """Take over details of accounts; fields WeCom hides (None) keep what we have.

    Whoever is seen disabled or left loses sessions, API keys and allowed files in the same transaction.
    """
    seen = list(members)
    known = members_by_userids(member.userid for member in seen)
    now = timezone.now()
    rows = [_member_row(member, known.get(member.userid.lower()), now) for member in seen]
    update = ("name", "name_grams", "status", "department_ids", "main_department_id", "position")
    with transaction.atomic():
        counts = upsert_by_copy(
            Member,
            MEMBER_COLUMNS,
            rows,
            conflict=("userid",),
            update=(*update, "observed_at"),
            compare=update,
            newer="observed_at",
        )
        served = [member.pk for member in known.values() if member.is_serving]
        closed = Member.objects.filter(pk__in=served, status__in=CLOSED_STATES)
        for member in closed.exclude(user=None).select_related("user"):
            end_sessions(member)
    return counts


def _member_row(seen: wecom_types.Member, known: Member | None, now: datetime) -> tuple[Any, ...]:
    name = seen.name if seen.name is not None else (known.name if known else "")
    position = seen.position if seen.position is not None else (known.position if known else "")
    status = seen.status or (known.status if known else int(Member.Status.NOT_ACTIVATED))
    ids = sorted(set(seen.department_ids)) or (list(known.department_ids) if known else [])
    main = seen.main_department_id or (ids[0] if ids else None)
    return (
        known.userid if known else seen.userid,
        name[:64],
        name_grams(name[:64]),
        status,
        ids,
        main,
        position[:128],
        known.can_follow if known else False,
        "",
        "",
        seen.observed_at,
        now,
    )


def member_observed(seen: wecom_types.Member) -> None:
    """Take over one account and find its place again."""
    members_observed([seen])
    member = member_by_userid(seen.userid)
    if member is not None:
        places_refresh(member.pk)


def member_left(userid: str, *, observed_at: datetime) -> None:
    """Mark an account as left; the row stays, so that its customers keep a name to be handed over from."""
    member = member_by_userid(userid)
    if member is not None and member.status != Member.Status.LEFT and older(member, observed_at):
        _mark_left(member, observed_at)


def _mark_left(member: Member, observed_at: datetime) -> None:
    Member.objects.filter(pk=member.pk).update(
        status=Member.Status.LEFT, left_at=timezone.now(), can_follow=False, observed_at=observed_at
    )
    end_sessions(member)
    if member.user is not None:
        ties_end([member.user], reason="member left")


@transaction.atomic
def member_renamed(userid: str, new_userid: str) -> None:
    """Follow a change of userid, which WeCom allows once; nothing where the new one exists already."""
    member = member_by_userid(userid)
    taken = member_by_userid(new_userid)
    if member is not None and (taken is None or taken.pk == member.pk):
        Member.objects.filter(pk=member.pk).update(userid=new_userid)
        if member.user is not None:
            account_rename(member.user, new_userid)


def end_sessions(member: Member) -> None:
    """End the sessions, API keys and files-to-be of a member who may not work any more."""
    if member.user is not None:
        access_end(member.user, reason="member disabled or left")


def follow_users_observed(userids: Iterable[str]) -> int:
    """Take over who has customer contact switched on; returns how many members changed.

    Raises MirrorShrunk where WeCom lists nobody at all while many had it; then nothing is written.
    """
    folded = [userid.lower() for userid in userids]
    known = Member.objects.filter(can_follow=True).count()
    if not folded and known > LOSS_ALWAYS_BELIEVED:
        raise MirrorShrunk(
            _(
                "WeCom listed nobody with customer contact, where %(known)d members had it; nothing was changed. Check the app's visible range, then refresh again."
            )
            % {"known": known}
        )
    with connection.cursor() as cursor:
        # Locked in one order: two events at a time would wait for each other.
        cursor.execute(
            "with changed as (select id from contacts_member"
            " where can_follow is distinct from (lower(userid) = any(%s)) and status <> 5 order by id for update)"
            " update contacts_member as held set can_follow = (lower(held.userid) = any(%s))"
            " from changed where held.id = changed.id",
            [folded, folded],
        )
        return int(cursor.rowcount)
