"""Changes of groups and tags from the console: WeCom first, then our mirror, for an API change raises no callback."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.tags.models import LocalTag, Tag, TagGroup
from customers.tags.services import name_checked, tags_lock
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.gateway import wecom

Item = Tag | TagGroup


def item_rename(item: Item, name: str, *, actor: Any) -> None:
    """Give a tag or a group another name; raises ValidationFailed, Conflict, WeComError."""
    name = name_checked(name)
    before = item.name
    if name == before:
        return
    if _siblings(item).filter(name=name).exists():
        raise Conflict(_("“%(name)s” is there already.") % {"name": name}, code="tag_name_taken")
    wecom().corp_tag.edit(_id(item), name=name)
    with transaction.atomic():
        tags_lock()
        type(item).objects.filter(pk=item.pk).update(name=name, observed_at=timezone.now())
        audit.record(
            actor=actor,
            action="tags.rename",
            target=_target(item),
            before={"name": before},
            after={"name": name},
        )


def item_move(item: Item, *, up: bool, actor: Any) -> bool:
    """Move a tag in its group, or a group, one place up or down; return False at the end. Raises WeComError.

    WeCom orders by number, bigger first, and many share one: only numbers that must change are written.
    """
    row: list[Item] = list(_siblings(item, with_self=True).order_by("-order", "pk"))
    place = next(at for at, each in enumerate(row) if each.pk == item.pk)
    other = place + (-1 if up else 1)
    if not 0 <= other < len(row):
        return False
    row[place], row[other] = row[other], row[place]
    changed = _renumbered(row)
    api = wecom().corp_tag
    for each in changed:
        api.edit(_id(each), order=each.order)
    with transaction.atomic():
        tags_lock()
        for each in changed:
            type(each).objects.filter(pk=each.pk).update(
                order=each.order, observed_at=timezone.now()
            )
        audit.record(
            actor=actor,
            action="tags.reorder",
            target=_target(item),
            after={"name": item.name, "position": other + 1},
        )
    return True


def _renumbered(row: Sequence[Item]) -> list[Item]:
    """Give descending numbers from the end on, changing none that fits already."""
    changed: list[Item] = []
    least = -1
    for each in reversed(row):
        if each.order <= least:
            each.order = least + 1
            changed.append(each)
        least = each.order
    return changed


def item_delete(item: Item, *, actor: Any) -> None:
    """Delete a tag or a group with its tags, in WeCom and for all customers; raises WeComError.

    A group goes with its last tag. Rules that use a deleted tag are switched off when they run next.
    """
    now = timezone.now()
    if isinstance(item, Tag):
        wecom().corp_tag.delete(tag_ids=[item.tag_id])
    else:
        wecom().corp_tag.delete(group_ids=[item.group_id])
    with transaction.atomic():
        tags_lock()
        gone = Tag.objects.filter(deleted_at=None)
        gone = gone.filter(pk=item.pk) if isinstance(item, Tag) else gone.filter(group=item)
        names = list(gone.values_list("name", flat=True))
        gone.update(deleted_at=now, observed_at=now)
        group = item.group if isinstance(item, Tag) else item
        if not group.tags.filter(deleted_at=None).exists():
            TagGroup.objects.filter(pk=group.pk).update(deleted_at=now, observed_at=now)
        audit.record(
            actor=actor,
            action="tags.delete",
            target=_target(item),
            before={"name": item.name, "tags": names},
        )


def _siblings(item: Item, *, with_self: bool = False) -> Any:
    found: QuerySet[Any]
    if isinstance(item, Tag):
        found = Tag.objects.filter(group_id=item.group_id, deleted_at=None)
    else:
        found = TagGroup.objects.filter(deleted_at=None)
    return found if with_self else found.exclude(pk=item.pk)


def _id(item: Item) -> str:
    return item.tag_id if isinstance(item, Tag) else item.group_id


def _target(item: Item) -> str:
    return f"tag:{item.tag_id}" if isinstance(item, Tag) else f"tag_group:{item.group_id}"


# --- our own -------------------------------------------------------------------------------------------------------


@transaction.atomic
def local_create(names: Iterable[str], *, actor: Any) -> list[LocalTag]:
    """Make local tags; names that are there already are kept. Raises ValidationFailed."""
    wanted = list(dict.fromkeys(name_checked(name) for name in names))
    if not wanted:
        raise ValidationFailed(_("Give at least one name."), code="tag_names_count")
    known = set(
        LocalTag.objects.filter(name__in=wanted, deleted_at=None).values_list("name", flat=True)
    )
    made = LocalTag.objects.bulk_create(LocalTag(name=name) for name in wanted if name not in known)
    if made:
        audit.record(
            actor=actor,
            action="tags.local_create",
            target="local_tag:*",
            after={"names": [tag.name for tag in made]},
        )
    return made


@transaction.atomic
def local_rename(tag: LocalTag, name: str, *, actor: Any) -> None:
    """Give a local tag another name; raises ValidationFailed, Conflict."""
    name, before = name_checked(name), tag.name
    if LocalTag.objects.filter(name=name, deleted_at=None).exclude(pk=tag.pk).exists():
        raise Conflict(_("“%(name)s” is there already.") % {"name": name}, code="tag_name_taken")
    LocalTag.objects.filter(pk=tag.pk).update(name=name)
    audit.record(
        actor=actor,
        action="tags.rename",
        target=f"local_tag:{tag.pk}",
        before={"name": before},
        after={"name": name},
    )


@transaction.atomic
def local_delete(tag: LocalTag, *, actor: Any) -> None:
    """Delete a local tag from all customers."""
    LocalTag.objects.filter(pk=tag.pk).update(deleted_at=timezone.now())
    tag.marks.all().delete()
    audit.record(
        actor=actor, action="tags.delete", target=f"local_tag:{tag.pk}", before={"name": tag.name}
    )
