"""Writes a live code's tags and remark to WeCom; doing it twice has the effect of doing it once."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from attribution.adds.remarks import remark_in_mirror, remark_wanted
from attribution.adds.services import REMARK_KIND, TAG_KIND, remark_settled, tags_settled
from scrm.core.gateway import wecom
from scrm.core.outbox.sending import Sender


def send_tags(payload: dict[str, Any]) -> dict[str, Any]:
    """Mark the relation with the tags (doc 92118); raises WeComError."""
    wecom().external_contact.mark_tag(
        payload["userid"], payload["external_userid"], add_tag=payload["add"]
    )
    return {"at": timezone.now().isoformat()}


def settle_tags(payload: dict[str, Any], result: dict[str, Any]) -> None:
    """Mirror the tags: WeCom raises no event for our own writes."""
    tags_settled(payload["userid"], payload["external_userid"], payload["add"], _moment(result))


def send_remark(payload: dict[str, Any]) -> dict[str, Any]:
    """Add the suffix to the guide's remark (doc 92694); raises WeComError."""
    who = payload["userid"], payload["external_userid"]
    remark = remark_wanted(*who, payload["suffix"])
    if remark is None:
        return {"unchanged": True}
    wecom().external_contact.remark(*who, remark=remark)
    return {"at": timezone.now().isoformat()}


def settle_remark(payload: dict[str, Any], result: dict[str, Any]) -> None:
    """Mirror the remark; it is derived again, because a result holds no personal data."""
    who = payload["userid"], payload["external_userid"]
    remark = None if result.get("unchanged") else remark_in_mirror(*who, payload["suffix"])
    if remark is not None:
        remark_settled(*who, remark, _moment(result))


def _moment(result: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(result["at"]) if "at" in result else timezone.now()


TAG_SENDER = Sender(
    kind=TAG_KIND,
    send=send_tags,
    settle=settle_tags,
    repeatable=True,
    label=_("Tag the customer"),
)
REMARK_SENDER = Sender(
    kind=REMARK_KIND,
    send=send_remark,
    settle=settle_remark,
    repeatable=True,
    label=_("Mark the source in the remark"),
)
