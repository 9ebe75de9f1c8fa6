"""Writes of the feed."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.feed.models import FeedItem
from contacts.feed.words import TITLES
from scrm.core.exceptions import ValidationFailed

KEPT = timedelta(days=90)


@transaction.atomic
def put(
    *,
    member_id: int,
    kind: str,
    key: str,
    data: Mapping[str, Any],
    url: str,
    due_at: datetime | None = None,
    title_code: str = "",
) -> FeedItem:
    """Give a member something to do; the same `key` again changes the words, never makes a second item.

    `title_code` names the wording (default: `kind`), `url` is a path on this site. An item that is done stays done.
    Raises ValidationFailed for an unknown wording or an address elsewhere.
    """
    code = title_code or kind
    if code not in TITLES:
        raise ValidationFailed(_("There are no words for feed items of %(code)s.") % {"code": code})
    if url and (not url.startswith("/") or url.startswith("//")):
        raise ValidationFailed(_("A feed item leads to a page of this site only."))
    fresh = FeedItem(
        member_id=member_id, kind=kind, key=key, title_code=code, data=dict(data), url=url, due_at=due_at
    )  # fmt: skip
    FeedItem.objects.bulk_create([fresh], ignore_conflicts=True)
    item = FeedItem.objects.select_for_update().get(key=key)
    if item.pk != fresh.pk:
        item.title_code, item.data, item.url, item.due_at = code, dict(data), url, due_at
        item.save(update_fields=["title_code", "data", "url", "due_at"])
    return item


def done(key: str) -> bool:
    """Mark an item as done, whoever noticed; return False when there is none or it is done already."""
    changed = FeedItem.objects.filter(key=key, done_at=None).update(done_at=timezone.now())
    return bool(changed)


def pass_on(keys: Iterable[str], *, giver_id: int, member_id: int) -> int:
    """Give what one member still has to do to another one, each on its day; return how many items went over."""
    waiting = FeedItem.objects.filter(key__in=list(keys), member_id=giver_id, done_at=None)
    return waiting.update(member_id=member_id)


def kind_done(*, member_id: int, kind: str) -> int:
    """Mark all that a member has to do of one kind as done; return how many that were."""
    waiting = FeedItem.objects.filter(member_id=member_id, kind=kind, done_at=None)
    return waiting.update(done_at=timezone.now())


def item_done(*, member_id: int, item_id: UUID) -> bool:
    """Mark a member's own item as done; return False when she has none such."""
    mine = FeedItem.objects.filter(pk=item_id, member_id=member_id)
    mine.filter(done_at=None).update(done_at=timezone.now())
    return mine.exists()


def purge() -> int:
    """Delete what was done more than 90 days ago; return how many."""
    deleted, _by_model = FeedItem.objects.filter(done_at__lt=timezone.now() - KEPT).delete()
    return deleted
