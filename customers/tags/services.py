"""Writes of corp tags: WeCom first, then our mirror, for an API change raises no callback."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.tags.models import Tag, TagGroup, TagWish
from customers.tags.selectors import tags_all, tags_by_id
from scrm.core.audit import services as audit
from scrm.core.exceptions import ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.ids import uuid7
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.wecom.types import CorpTag, CorpTagGroup, CorpTags

NAME_LIMIT = 30
TAGS_A_CALL = 100
# Of a corp, as WeCom counts them (doc 92117).
MOST_GROUPS = 3000
MOST_TAGS = 10_000
WISHES = 2000
# (external_userid, userid)
Pair = tuple[str, str]


@dataclass(frozen=True)
class TagCounts:
    """What a read of the tags did to the mirror."""

    groups: int
    tags: int
    removed: int


def tags_sync() -> TagCounts:
    """Read all corp tags (doc 92117) and make the mirror equal; vanished ones are marked. Raises WeComError."""
    return tags_observed(wecom(lane="sync").corp_tag.list())


def tags_observed(read: CorpTags) -> TagCounts:
    """Store a complete read; whatever it does not list and was not seen later is deleted."""
    with transaction.atomic():
        tags_lock()
        living = [group for group in read.groups if not group.deleted]
        tags = [tag for group in living for tag in _groups_store([group], read.observed_at)]
        gone = TagGroup.objects.filter(deleted_at=None, observed_at__lt=read.observed_at)
        gone = gone.exclude(group_id__in=[group.group_id for group in living])
        removed = _tags_remove(
            ~Q(tag_id__in=tags) & Q(observed_at__lt=read.observed_at), read.observed_at
        )
        gone.update(deleted_at=read.observed_at, observed_at=read.observed_at)
    return TagCounts(groups=len(living), tags=len(tags), removed=removed)


def subtree_observed(read: CorpTags, *, asked_id: str) -> None:
    """Store a read of one tag or group, by its id; what is gone from it is deleted."""
    with transaction.atomic():
        tags_lock()
        group_ids = {group.group_id for group in read.groups if not group.deleted}
        living = [group for group in read.groups if not group.deleted]
        tags = _groups_store(living, read.observed_at)
        older = Q(observed_at__lt=read.observed_at)
        if asked_id in group_ids:
            _tags_remove(
                Q(group__group_id=asked_id) & ~Q(tag_id__in=tags) & older, read.observed_at
            )
        elif asked_id not in tags:
            _tags_remove(
                (Q(tag_id=asked_id) | Q(group__group_id=asked_id)) & older, read.observed_at
            )
            TagGroup.objects.filter(older, group_id=asked_id, deleted_at=None).update(
                deleted_at=read.observed_at, observed_at=read.observed_at
            )


def tag_create(group_name: str, names: Sequence[str], actor: Any) -> list[Tag]:
    """Create tags in a group that is made or reused by name; return them as mirrored.

    Names are at most 30 characters; one that the group has already is not made twice. Raises
    ValidationFailed, WeComError.
    """
    group_name = name_checked(group_name)
    wanted = list(dict.fromkeys(name_checked(name) for name in names))
    if not 0 < len(wanted) <= TAGS_A_CALL:
        raise ValidationFailed(
            _("Give 1 to %(limit)d tag names.") % {"limit": TAGS_A_CALL}, code="tag_names_count"
        )
    room_check(group_name, wanted)
    group = wecom().corp_tag.add(wanted, group_name=group_name)
    with transaction.atomic():
        tags_lock()
        _groups_store([group], timezone.now())
        audit.record(
            actor=actor,
            action="tags.create",
            target=f"tag_group:{group.group_id}",
            after={"group": group_name, "names": wanted},
        )
    made = Tag.objects.filter(group__group_id=group.group_id, name__in=wanted, deleted_at=None)
    return list(made.select_related("group").order_by("-order", "id"))


@transaction.atomic
def tags_mark(
    pairs: Iterable[Pair],
    add: Sequence[str],
    remove: Sequence[str],
    actor: Any,
    *,
    reason: str = "",
) -> JobRun:
    """Start tagging relations in WeCom as a job: each pair is (external_userid, userid), once.

    add and remove are tag ids of living corp tags. The job tells at its end how many WeCom took, and keeps a
    file of those it refused. Raises ValidationFailed: no tag, a tag that is gone, a tag to add and to
    remove, nobody to tag.
    """
    names = tags_check(add, remove)
    job = jobs.start(
        kind="tags.mark",
        key=str(uuid7()),
        task="customers.tags_mark",
        actor=actor,
        params={"add": list(add), "remove": list(remove)},
        title=gettext_noop("Tag customers in WeCom"),
    )
    wishes = (
        TagWish(job=job, external_userid=external_userid, userid=userid)
        for external_userid, userid in pairs
    )
    count = 0
    while batch := list(islice(wishes, WISHES)):
        TagWish.objects.bulk_create(batch)
        count += len(batch)
    if not count:
        raise ValidationFailed(_("Nobody to tag is left."), code="nobody_to_tag")
    JobRun.objects.filter(pk=job.pk).update(total=count)
    job.total = count
    audit.record(
        actor=actor,
        action="tags.mark",
        target=f"job:{job.pk}",
        after={
            "added_tags": [names[tag_id] for tag_id in add],
            "removed_tags": [names[tag_id] for tag_id in remove],
            "count": count,
        },
        reason=reason,
    )
    return job


def tags_check(add: Sequence[str], remove: Sequence[str]) -> dict[str, str]:
    """Return the names of tags by id; raises ValidationFailed when they cannot be put or taken off so."""
    if not add and not remove:
        raise ValidationFailed(_("Choose at least one tag."), code="no_tag")
    if both := set(add) & set(remove):
        raise ValidationFailed(
            _("A tag cannot be put and taken off at once: %(names)s")
            % {"names": _(", ").join(sorted(_names(both).values()))},
            code="tag_twice",
        )
    wanted = {*add, *remove}
    living = {tag.tag_id: tag.name for tag in tags_all().filter(tag_id__in=wanted)}
    if gone := wanted - living.keys():
        names = _names(gone)
        raise ValidationFailed(
            _("These tags are deleted in WeCom: %(names)s. Choose others.")
            % {"names": _(", ").join(sorted(names.get(each, each) for each in gone))},
            code="tag_deleted",
        )
    return living


def _names(tag_ids: Iterable[str]) -> dict[str, str]:
    return {tag_id: tag.name for tag_id, tag in tags_by_id(tag_ids).items()}


def room_check(group_name: str, names: Sequence[str]) -> None:
    """Raise ValidationFailed, in words, before WeCom refuses what is too much."""
    tags = tags_all()
    group = TagGroup.objects.filter(name=group_name, deleted_at=None).first()
    if group is None and TagGroup.objects.filter(deleted_at=None).count() >= MOST_GROUPS:
        raise ValidationFailed(
            _("WeCom keeps at most %(most)d tag groups. Delete one first.") % {"most": MOST_GROUPS},
            code="tag_groups_full",
        )
    known = set(tags.filter(group=group).values_list("name", flat=True)) if group else set()
    new, there = len(set(names) - known), tags.count()
    if there + new > MOST_TAGS:
        raise ValidationFailed(
            _("WeCom keeps at most %(most)d tags; there are %(there)d. Delete some first.")
            % {"most": MOST_TAGS, "there": there},
            code="tags_full",
        )


def sync_start(*, actor: Any) -> JobRun:
    """Start reading all tags as a job; raises Conflict when that is under way already."""
    return jobs.start(
        kind="tags.sync",
        task="customers.tags_sync",
        actor=actor,
        title=gettext_noop("Sync tags from WeCom"),
    )


def name_checked(name: str) -> str:
    """Return a name in its plain form; raises ValidationFailed for one WeCom would refuse."""
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_LIMIT:
        raise ValidationFailed(
            _("A name has 1 to %(limit)d characters: %(name)s")
            % {"limit": NAME_LIMIT, "name": name},
            code="tag_name_length",
        )
    return name


def tags_lock() -> None:
    """Let one transaction at a time write the mirror of tags."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('customers.tags', 7))")


def _groups_store(groups: Iterable[CorpTagGroup], observed_at: datetime) -> list[str]:
    """Store living groups and their living tags; return the ids of those tags. A corp has few groups."""
    kept: list[str] = []
    for group in groups:
        row = TagGroup.objects.filter(group_id=group.group_id).first() or TagGroup(
            group_id=group.group_id
        )
        if row.pk is None or row.observed_at <= observed_at:
            row.name, row.order = group.name[:64], group.order
            row.deleted_at, row.observed_at = None, observed_at
            row.save()
        kept += _tags_store(row, [tag for tag in group.tags if not tag.deleted], observed_at)
    return kept


def _tags_store(group: TagGroup, tags: Sequence[CorpTag], observed_at: datetime) -> list[str]:
    known = {tag.tag_id: tag for tag in Tag.objects.filter(tag_id__in=[tag.tag_id for tag in tags])}
    rows: list[Tag] = []
    for tag in tags:
        row = known.get(tag.tag_id) or Tag(tag_id=tag.tag_id)
        if row.pk is not None and row.observed_at > observed_at:
            continue
        row.group, row.name, row.order = group, tag.name[:64], tag.order
        row.deleted_at, row.observed_at = None, observed_at
        rows.append(row)
    Tag.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["tag_id"],
        update_fields=["group", "name", "order", "deleted_at", "observed_at"],
    )
    return [tag.tag_id for tag in tags]


def _tags_remove(which: Q, observed_at: datetime) -> int:
    return Tag.objects.filter(which, deleted_at=None).update(
        deleted_at=observed_at, observed_at=observed_at
    )
