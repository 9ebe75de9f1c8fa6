"""Puts tags on a relation in WeCom and takes them off; doing it twice has the effect of doing it once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.relations.services import tags_written
from customers.segments.running import marks_settled
from customers.tags.marking import MARK_KIND
from scrm.core.gateway import wecom
from scrm.core.outbox.sending import Sender


def send_mark(payload: dict[str, Any]) -> dict[str, Any]:
    """Mark the relation (doc 92118); raises WeComError. Two writes to one pair at once could lose one of them."""
    with _alone(f"mark_tag:{payload['userid'].lower()}:{payload['external_userid']}"):
        wecom().external_contact.mark_tag(
            payload["userid"],
            payload["external_userid"],
            add_tag=payload["add"],
            remove_tag=payload["remove"],
        )
    return {"at": timezone.now().isoformat()}


@contextmanager
def _alone(name: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 8))", [name])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 8))", [name])


def settle_mark(payload: dict[str, Any], result: dict[str, Any]) -> None:
    """Mirror the tags: WeCom raises no event for our own writes. A rule's marks learn of it."""
    at = datetime.fromisoformat(result["at"]) if "at" in result else timezone.now()
    tags_written(
        payload["userid"], payload["external_userid"], payload["add"], payload["remove"], at
    )
    marks_settled(payload["key"])


MARK_SENDER = Sender(
    kind=MARK_KIND,
    send=send_mark,
    settle=settle_mark,
    repeatable=True,
    label=_("Change tags of a customer"),
)
