"""A corp tag or group changed: read that id again."""

from typing import Any

from django.utils import timezone

from customers.tags.services import subtree_observed, tags_observed
from scrm.core.gateway import wecom
from scrm.inbox.handling import Event, Handler
from scrm.wecom.errors import WeComError
from scrm.wecom.types import CorpTags

GROUP = "tag_group"
# What WeCom may answer for what was deleted, instead of nothing.
UNKNOWN_TAG = 40068


def read_tags(event: Event) -> CorpTags:
    """Read the tag or group of the event, or all tags when it names none (doc 92117, callbacks.md §6)."""
    api = wecom().corp_tag
    changed_id = event.fields.get("Id") or ""
    if not changed_id or event.change_type == "shuffle":
        return api.list()
    started = timezone.now()
    try:
        if event.fields.get("TagType") == GROUP:
            return api.list(group_ids=[changed_id])
        return api.list(tag_ids=[changed_id])
    except WeComError as error:
        if error.errcode != UNKNOWN_TAG:
            raise
        return CorpTags((), started)


def apply_tags(event: Event, fetched: Any) -> None:
    """Store what was read."""
    read: CorpTags = fetched
    changed_id = event.fields.get("Id") or ""
    if not changed_id or event.change_type == "shuffle":
        tags_observed(read)
    else:
        subtree_observed(read, asked_id=changed_id)


TAG_CHANGED = Handler(name="tags.changed", fetch=read_tags, apply=apply_tags)
