"""Reads of tags. Their names are no personal data: whoever may open the page sees all of them."""

from collections.abc import Iterable

from django.db.models import Count, Prefetch, Q, QuerySet

from customers.tags.models import LocalTag, Tag, TagGroup


def tags_all() -> QuerySet[Tag]:
    """Return the living tags with their groups, in WeCom's order."""
    living = Tag.objects.filter(deleted_at=None, group__deleted_at=None).select_related("group")
    return living.order_by("-group__order", "group_id", "-order", "id")


def groups_with_tags() -> QuerySet[TagGroup]:
    """Return the living groups with their living tags under `living_tags`, in two queries."""
    living = Tag.objects.filter(deleted_at=None).order_by("-order", "id")
    groups = TagGroup.objects.filter(deleted_at=None).order_by("-order", "id")
    return groups.prefetch_related(Prefetch("tags", queryset=living, to_attr="living_tags"))


def tags_by_id(tag_ids: Iterable[str]) -> dict[str, Tag]:
    """Return tags by tag id, deleted ones too, so that old relations still read well."""
    return {tag.tag_id: tag for tag in Tag.objects.filter(tag_id__in=set(tag_ids))}


def local_tags() -> QuerySet[LocalTag]:
    """Return the living local tags, each with `carried`, the number of records that carry it."""
    living = LocalTag.objects.filter(deleted_at=None).order_by("order", "name")
    return living.annotate(carried=Count("marks", filter=Q(marks__removed_at=None)))


def deleted_among(tag_ids: Iterable[str]) -> set[str]:
    """Return those of these tags that are deleted in WeCom, alone or with their group."""
    gone = Q(deleted_at__isnull=False) | Q(group__deleted_at__isnull=False)
    found = Tag.objects.filter(gone, tag_id__in=list(tag_ids))
    return set(found.values_list("tag_id", flat=True))
