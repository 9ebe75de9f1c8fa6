"""WeCom's events about groups: note what only the event carries, then read the group again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from customers.groups import reading
from customers.groups.models import CustomerGroup
from scrm.core.gateway import wecom
from scrm.inbox.handling import Event, Handler
from scrm.wecom.api.group_chat import GONE_CODES
from scrm.wecom.errors import WeComPermanent
from scrm.wecom.group_types import GroupDetail

# A read that began so long after an event shows what it told of; WeCom's lists follow its events.
SETTLED = timedelta(seconds=2)


@dataclass(frozen=True)
class GroupRead:
    """What WeCom says of a group now: nothing new (`known`), its detail, or that it is no more."""

    detail: GroupDetail | None
    observed_at: datetime
    known: bool = False


def read_group(event: Event) -> GroupRead | None:
    """Read the group of an event (doc 92122), unless a later read shows it already. Raises WeComError."""
    if event.change_type == "dismiss":
        return None
    chat_id, observed_at = event.fields["ChatId"], timezone.now()
    known = CustomerGroup.objects.filter(
        chat_id=chat_id, observed_at__gt=event.occurred_at + SETTLED
    )
    if known.exists():
        return GroupRead(None, observed_at, known=True)
    try:
        detail = wecom().group_chat.get(chat_id)
    except WeComPermanent as error:
        if error.errcode in GONE_CODES:
            return GroupRead(None, observed_at)
        raise
    return GroupRead(detail, detail.observed_at)


def apply_change(event: Event, fetched: Any) -> None:
    """Store who left and how, then the read; ask for another where the read came too soon to be sure."""
    chat_id = event.fields["ChatId"]
    if event.change_type == "dismiss":
        reading.group_gone(chat_id, event.occurred_at, told=True)
        return
    read: GroupRead = fetched
    if event.fields.get("UpdateDetail") == "del_member":
        reading.leaving_told(chat_id, _told(event), at=event.occurred_at, way=_way(event))
    if read.known:
        return
    if read.detail is None:
        reading.group_gone(chat_id, read.observed_at)
        return
    reading.group_observed(read.detail)
    if read.observed_at <= event.occurred_at + SETTLED:
        reading.reread_at(chat_id, event.occurred_at + SETTLED + timedelta(seconds=1))


def _told(event: Event) -> list[str]:
    """Return whom the event names; one name comes as text, several as a list."""
    listed = event.fields.get("MemChangeList")
    found = listed.get("Item") if isinstance(listed, dict) else listed
    if isinstance(found, str):
        return [found]
    return [one for one in found or [] if isinstance(one, str)]


def _way(event: Event) -> int | None:
    raw = str(event.fields.get("QuitScene", ""))
    return int(raw) if raw.isdecimal() else None


GROUP_CHANGED = Handler(name="groups.changed", fetch=read_group, apply=apply_change)
