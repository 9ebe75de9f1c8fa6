"""Groups: the full read by owners, figures of WeCom, tags, which template is noted. The templates: `welcoming.py`."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Collate, Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.directory.models import Member
from contacts.directory.selectors import members_by_userids
from customers.groups import reading
from customers.groups.models import CustomerGroup, GroupDay, GroupTag, GroupWelcome
from scrm.core import gateway
from scrm.core.audit import services as audit
from scrm.core.copy import upsert_by_copy
from scrm.core.exceptions import ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.wecom.api.group_chat import GONE_CODES, OWNERS, UNKNOWN_OWNER_CODES
from scrm.wecom.errors import WeComError, WeComPermanent, WeComPermission
from scrm.wecom.group_types import GroupFigures

KIND = "groups_sync"
# Tags of one group, and groups read again at once.
MOST_TAGS = 20
REREAD_AT_ONCE = 200
TRY_AGAIN = timedelta(minutes=10)
FIGURES = (
    "new_chat_cnt", "chat_total", "chat_has_msg", "new_member_cnt", "member_total", "member_has_msg", "msg_total",
)  # fmt: skip


def sync_start(*, actor: Any | None) -> JobRun:
    """Start the full read of all groups; raises Conflict while one runs."""
    with transaction.atomic():
        job = jobs.start(
            kind=KIND,
            task="customers.groups_sync",
            actor=actor,
            title=gettext_noop("Read the customer groups"),
        )
        audit.record(actor=actor, action="groups.sync", target=f"job:{job.pk}")
    return job


def owners_after(userid: str, count: int = OWNERS) -> list[str]:
    """Return the next chain of possible owners: whoever serves customers, and owners we know of."""
    found: set[str] = set()
    for rows, column in _owners():
        name = Collate(column, "C")
        rows = rows.annotate(owner_name=name).filter(owner_name__gt=userid).order_by("owner_name")
        found.update(rows.values_list("owner_name", flat=True).distinct()[:count])
    return sorted(found)[:count]


def owners_count() -> int:
    """Return how many owners a full read asks for."""
    serving, known = (rows.values_list(column) for rows, column in _owners())
    return int(serving.union(known).count())


def _owners() -> tuple[tuple[QuerySet[Any], str], tuple[QuerySet[Any], str]]:
    serving = Member.objects.filter(can_follow=True).exclude(status=Member.Status.LEFT)
    known = CustomerGroup.objects.filter(dismissed_at=None).exclude(owner_userid="")
    return (serving, "userid"), (known, "owner_userid")


def group_refresh(chat_id: str, *, status: int | None = None, lane: str = "sync") -> bool:
    """Read one group now; False when it is no more. Raises WeComError."""
    observed_at = timezone.now()
    try:
        detail = wecom(lane=lane).group_chat.get(chat_id)
    except WeComPermanent as error:
        if error.errcode not in GONE_CODES:
            raise
        reading.group_gone(chat_id, observed_at)
        return False
    reading.group_observed(detail, status=status)
    return True


def group_failed(chat_id: str, error: WeComError) -> str:
    """Keep in words why a group could not be read, and try again later; the words."""
    words = gateway.words(error)
    with transaction.atomic():
        group = reading.group_lock(chat_id)
        group.problem, group.reread_at = words[:300], timezone.now() + TRY_AGAIN
        group.save(update_fields=["problem", "reread_at"])
    return words


def unlisted_refresh(owners: Iterable[str], listed: set[str], since: datetime) -> int:
    """Read the groups of these owners that a complete walk did not list: dismissed, or another's; how many."""
    names = [name.lower() for name in owners]
    theirs = CustomerGroup.objects.annotate(owner_name=Lower("owner_userid")).filter(
        owner_name__in=names, dismissed_at=None, observed_at__lt=since
    )
    chats = theirs.order_by("pk").values_list("chat_id", flat=True)
    missing = [chat_id for chat_id in chats if chat_id not in listed]
    for chat_id in missing:
        group_refresh(chat_id)
    return len(missing)


def rereads_due() -> int:
    """Read again the groups whose time has come; how many. A failure waits for the next time."""
    due = CustomerGroup.objects.filter(reread_at__lte=timezone.now(), dismissed_at=None)
    chats = list(due.order_by("reread_at").values_list("chat_id", flat=True)[:REREAD_AT_ONCE])
    for chat_id in chats:
        try:
            group_refresh(chat_id)
        except (WeComPermanent, WeComPermission) as error:
            group_failed(chat_id, error)
    return len(chats)


# --- WeCom's figures -----------------------------------------------------------------------------------------


def figures_read(day: date, owners: list[str]) -> int:
    """Store WeCom's figures of a day for at most 100 owners (doc 92133); how many rows. Raises WeComError."""
    midnight = timezone.make_aware(datetime.combine(day, time()))
    try:
        rows = wecom(lane="sync").group_chat.statistic(owners, midnight)
    except WeComPermanent as error:
        if error.errcode not in UNKNOWN_OWNER_CODES or len(owners) == 1:
            if error.errcode in UNKNOWN_OWNER_CODES:
                return 0
            raise
        half = len(owners) // 2
        return figures_read(day, owners[:half]) + figures_read(day, owners[half:])
    return figures_store(day, rows)


def figures_store(day: date, rows: Iterable[GroupFigures]) -> int:
    """Write the figures of owners who have or had groups; WeCom corrects yesterday, so the newest read stands."""
    kept = [row for row in rows if row.chat_total or row.new_chat_cnt]
    members = members_by_userids(row.owner for row in kept)
    values = [
        (
            day,
            row.owner,
            members[row.owner.lower()].pk if row.owner.lower() in members else None,
            *(getattr(row, name) for name in FIGURES),
            row.observed_at,
        )
        for row in kept
    ]
    columns = ("day", "owner_userid", "owner_id", *FIGURES, "observed_at")
    if values:
        upsert_by_copy(
            GroupDay, columns, values, conflict=("day", "owner_userid"), update=columns[2:]
        )
    return len(values)


# --- our own words on groups ---------------------------------------------------------------------------------


@transaction.atomic
def tags_set(group: CustomerGroup, names: Iterable[str], *, actor: Any) -> None:
    """Give a group exactly these tags of ours; ValidationFailed for one that is too long or too many."""
    wanted = sorted({name.strip() for name in names if name.strip()})
    if len(wanted) > MOST_TAGS:
        raise ValidationFailed(_("A group has at most %(most)d tags.") % {"most": MOST_TAGS})
    if any(len(name) > 30 for name in wanted):
        raise ValidationFailed(_("A tag has at most 30 characters."))
    before = sorted(group.tags.values_list("name", flat=True))
    if before == wanted:
        return
    GroupTag.objects.bulk_create([GroupTag(name=name) for name in wanted], ignore_conflicts=True)
    group.tags.set(GroupTag.objects.filter(name__in=wanted))
    GroupTag.objects.filter(groups=None).delete()
    audit.record(
        actor=actor, action="groups.tag", target=f"group:{group.pk}",
        before={"tags": before}, after={"tags": wanted},
    )  # fmt: skip


@transaction.atomic
def welcome_note(group: CustomerGroup, welcome: GroupWelcome | None, *, actor: Any) -> None:
    """Note which template a group's owner put on it in WeCom; nothing is changed there."""
    before = group.welcome.title if group.welcome else ""
    CustomerGroup.objects.filter(pk=group.pk).update(welcome=welcome)
    audit.record(
        actor=actor, action="groups.welcome_note", target=f"group:{group.pk}",
        before={"title": before}, after={"title": welcome.title if welcome else ""},
    )  # fmt: skip
