"""Reads of the feed: always of one member, whom the caller has found in its scope."""

from django.db.models import F, QuerySet

from contacts.feed.models import FeedItem


def open_items(member_id: int) -> QuerySet[FeedItem]:
    """Return what waits for a member: what is due first, then the newest."""
    waiting = FeedItem.objects.filter(member_id=member_id, done_at=None)
    return waiting.order_by(F("due_at").asc(nulls_last=True), "-id")


def done_items(member_id: int) -> QuerySet[FeedItem]:
    """Return what a member has done, the latest first."""
    return FeedItem.objects.filter(member_id=member_id, done_at__isnull=False).order_by(
        "-done_at", "-id"
    )
